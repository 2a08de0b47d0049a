use core::time::Duration;
#[cfg(feature = "tokio")]
use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use std::{
    boxed::Box,
    io::{self, Read, Write},
};

use bytes::{Buf, Bytes, BytesMut};
use miniz_oxide::{
    DataFormat, MZError, MZFlush, MZStatus,
    deflate::core::{
        CompressionStrategy, CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output,
        create_comp_flags_from_zip_params,
    },
    inflate::stream::{InflateState, inflate},
};
#[cfg(feature = "tokio")]
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::blocking::Transport;

/// Compressed octets that are read at once, and how many may wait to be written.
const PIECE: usize = 8 * 1024;

/// How hard to try, of 10.
const LEVEL: i32 = 6;

/// A transport that can be told to compress both ways (RFC 4978): it passes octets on as they are
/// until [`start`](Self::start) is called, after [`Step::Compress`](crate::Step::Compress).
///
/// What was written reaches the peer with the next flush, as the drivers do it before they wait.
/// Before compression starts it costs a pointer; then the two windows of DEFLATE and their tables,
/// some hundred kilobytes.
///
/// ```
/// use mailwire::driver::Deflate;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let (a, b) = tokio::io::duplex(4096);
/// let (mut a, mut b) = (Deflate::new(a), Deflate::new(b));
/// a.start(Default::default());
/// b.start(Default::default());
/// a.write_all(&[b'x'; 10_000]).await?;
/// a.flush().await?;
/// let mut octets = [0; 10_000];
/// b.read_exact(&mut octets).await?;
/// assert_eq!(octets, [b'x'; 10_000]);
/// # std::io::Result::Ok(()) })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Deflate<T> {
    io: T,
    codec: Option<Box<Codec>>,
}

impl<T> Deflate<T> {
    /// Puts a transport in, which stays uncompressed for now.
    pub const fn new(io: T) -> Self {
        Self { io, codec: None }
    }

    /// From here on both directions are compressed. `early` was read from the transport already and
    /// belongs to the compressed stream: what [`Machine::upgrade`](crate::Machine::upgrade) gives.
    ///
    /// A second call changes nothing.
    pub fn start(&mut self, early: Bytes) {
        self.codec.get_or_insert_with(|| Box::new(Codec::new(early)));
    }

    /// Whether octets are compressed.
    pub const fn is_started(&self) -> bool {
        self.codec.is_some()
    }

    /// The transport within.
    pub const fn inner(&self) -> &T {
        &self.io
    }

    /// The transport within, to replace TLS for instance. Octets written past the codec would break
    /// a compressed stream.
    pub const fn inner_mut(&mut self) -> &mut T {
        &mut self.io
    }
}

/// Both directions of a compressed stream.
struct Codec {
    inflate: Box<InflateState>,
    deflate: Box<CompressorOxide>,
    /// Compressed octets from the peer.
    input: BytesMut,
    /// Compressed octets for the peer.
    output: BytesMut,
    /// Octets were written that no flush has brought into `output` yet.
    dirty: bool,
    ended: bool,
}

impl core::fmt::Debug for Codec {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Codec").field("dirty", &self.dirty).finish_non_exhaustive()
    }
}

impl Codec {
    fn new(early: Bytes) -> Self {
        // RFC 4978 §3: raw DEFLATE (RFC 1951), without the header of zlib; its windows are 32 KB.
        let strategy = CompressionStrategy::Default as i32;
        let flags = create_comp_flags_from_zip_params(LEVEL, -15, strategy);
        Self {
            inflate: InflateState::new_boxed(DataFormat::Raw),
            deflate: Box::new(CompressorOxide::new(flags)),
            input: BytesMut::from(early),
            output: BytesMut::new(),
            dirty: false,
            ended: false,
        }
    }

    /// Decompresses into `out`, which is not empty; `None` when more input is needed.
    fn read(&mut self, out: &mut [u8]) -> io::Result<Option<usize>> {
        if self.ended {
            return Ok(Some(0));
        }
        let done = inflate(&mut self.inflate, &self.input, out, MZFlush::None);
        self.input.advance(done.bytes_consumed.min(self.input.len()));
        match done.status {
            Ok(MZStatus::StreamEnd) => self.ended = true,
            Ok(_) | Err(MZError::Buf) => {}
            Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "no DEFLATE")),
        }
        let made = done.bytes_written;
        Ok((made > 0 || self.ended).then_some(made))
    }

    /// Compresses `octets`, or brings out all that was compressed so far (a flush). Returns how many
    /// were taken.
    fn write(&mut self, octets: &[u8], flush: TDEFLFlush) -> io::Result<usize> {
        let output = &mut self.output;
        let (status, taken) = compress_to_output(&mut self.deflate, octets, flush, |made| {
            output.extend_from_slice(made);
            true
        });
        match status {
            TDEFLStatus::Okay => Ok(taken),
            _ => Err(io::Error::other("DEFLATE failed")),
        }
    }

    /// Takes a piece of `octets`; returns how much.
    fn take(&mut self, octets: &[u8]) -> io::Result<usize> {
        let piece = octets.get(..PIECE).unwrap_or(octets);
        self.dirty |= !piece.is_empty();
        self.write(piece, TDEFLFlush::None)
    }

    /// What has to be written before a flush is done.
    fn sync(&mut self) -> io::Result<()> {
        if core::mem::take(&mut self.dirty) {
            self.write(&[], TDEFLFlush::Sync)?;
        }
        Ok(())
    }

    fn sent(&mut self, n: usize) -> io::Result<()> {
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.output.advance(n.min(self.output.len()));
        if self.output.is_empty() {
            self.output = BytesMut::new(); // an idle session holds no buffer
        }
        Ok(())
    }
}

#[cfg(feature = "tokio")]
impl<T: AsyncWrite + Unpin> Deflate<T> {
    /// Writes until at most `left` octets wait.
    fn poll_drain(&mut self, cx: &mut Context<'_>, left: usize) -> Poll<io::Result<()>> {
        let Some(codec) = &mut self.codec else { return Poll::Ready(Ok(())) };
        while codec.output.len() > left {
            let n = ready!(Pin::new(&mut self.io).poll_write(cx, &codec.output))?;
            codec.sent(n)?;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "tokio")]
impl<T: AsyncRead + Unpin> AsyncRead for Deflate<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { io, codec } = &mut *self;
        let Some(codec) = codec else { return Pin::new(io).poll_read(cx, buf) };
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if let Some(n) = codec.read(buf.initialize_unfilled())? {
                buf.advance(n);
                return Poll::Ready(Ok(()));
            }
            let mut octets = [0; PIECE];
            let mut piece = ReadBuf::new(&mut octets);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            codec.input.extend_from_slice(piece.filled());
        }
    }
}

#[cfg(feature = "tokio")]
impl<T: AsyncWrite + Unpin> AsyncWrite for Deflate<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(cx, PIECE))?;
        let Self { io, codec } = &mut *self;
        let Some(codec) = codec else { return Pin::new(io).poll_write(cx, buf) };
        Poll::Ready(codec.take(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.codec.is_none() {
            return Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        }
        let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.codec.is_none() && self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(codec) = &mut self.codec {
            codec.sync()?;
        }
        ready!(self.poll_drain(cx, 0))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(codec) = &mut self.codec {
            codec.sync()?;
        }
        ready!(self.poll_drain(cx, 0))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: Read> Read for Deflate<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(codec) = &mut self.codec else { return self.io.read(buf) };
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(n) = codec.read(buf)? {
                return Ok(n);
            }
            let mut octets = [0; PIECE];
            let n = self.io.read(&mut octets)?;
            if n == 0 {
                return Ok(0);
            }
            codec.input.extend_from_slice(octets.get(..n).unwrap_or_default());
        }
    }
}

impl<T: Write> Deflate<T> {
    fn drain(&mut self, left: usize) -> io::Result<()> {
        let Some(codec) = &mut self.codec else { return Ok(()) };
        while codec.output.len() > left {
            let n = self.io.write(&codec.output)?;
            codec.sent(n)?;
        }
        Ok(())
    }
}

impl<T: Write> Write for Deflate<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.drain(PIECE)?;
        match &mut self.codec {
            Some(codec) => codec.take(buf),
            None => self.io.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(codec) = &mut self.codec {
            codec.sync()?;
        }
        self.drain(0)?;
        self.io.flush()
    }
}

impl<T: Transport> Transport for Deflate<T> {
    fn set_read_limit(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.io.set_read_limit(limit)
    }
}
