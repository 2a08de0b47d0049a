use core::time::Duration;
#[cfg(feature = "tokio")]
use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::io::{self, Read, Write};

use bytes::{Buf, Bytes};
#[cfg(feature = "tokio")]
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::blocking::Transport;

/// A transport that first reads the octets which were read too early from it.
#[derive(Debug)]
pub struct Prefixed<T> {
    early: Bytes,
    io: T,
}

impl<T> Prefixed<T> {
    /// `early` comes before what `io` reads.
    pub const fn new(early: Bytes, io: T) -> Self {
        Self { early, io }
    }

    /// The transport within.
    pub const fn inner(&self) -> &T {
        &self.io
    }
}

#[cfg(feature = "tokio")]
impl<T: AsyncRead + Unpin> AsyncRead for Prefixed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let n = self.early.len().min(buf.remaining());
        let part = self.early.copy_to_bytes(n);
        buf.put_slice(&part);
        Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "tokio")]
impl<T: AsyncWrite + Unpin> AsyncWrite for Prefixed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

impl<T: Read> Read for Prefixed<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.early.is_empty() {
            return self.io.read(buf);
        }
        let n = self.early.len().min(buf.len());
        if let Some(place) = buf.get_mut(..n) {
            self.early.copy_to_slice(place);
        }
        Ok(n)
    }
}

impl<T: Write> Write for Prefixed<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.io.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.io.write_vectored(bufs)
    }
}

impl<T: Transport> Transport for Prefixed<T> {
    fn set_read_limit(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.io.set_read_limit(limit)
    }
}
