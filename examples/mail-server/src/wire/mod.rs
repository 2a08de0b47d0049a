//! The connection itself: plain, then perhaps TLS, perhaps watched.

mod trace;

pub(crate) use trace::{Line, Side, Sink, Trace};

use crate::listen::Record;
use bytes::Bytes;
use mailwire::{driver::Prefixed, sasl::ChannelBinding};
use rustls::{ClientConfig, ProtocolVersion, ServerConfig, pki_types::ServerName};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// The label of RFC 9266 §2.
const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

/// A TCP connection that can turn to TLS in place.
#[derive(Debug)]
pub(crate) struct Wire {
    layer: Layer,
    trace: Option<Box<Trace>>,
    record: Option<Arc<Record>>,
}

#[derive(Debug)]
enum Layer {
    Plain(TcpStream),
    Tls(Box<TlsStream<Prefixed<TcpStream>>>),
    /// A handshake failed, or is under way.
    Closed,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self { layer: Layer::Plain(tcp), trace: None, record: None }
    }

    /// Show all that passes from now on, decrypted.
    pub(crate) fn watch(&mut self, trace: Trace) {
        self.trace = Some(Box::new(trace));
    }

    /// Count what passes from now on.
    pub(crate) fn record(&mut self, record: Arc<Record>) {
        self.record = Some(record);
    }

    /// What SCRAM's -PLUS forms bind to: `tls-exporter` (RFC 9266), which is sure under TLS 1.3 only.
    pub(crate) fn channel_binding(&self) -> ChannelBinding {
        let mut binding = ChannelBinding::default();
        if let Layer::Tls(tls) = &self.layer
            && let TlsStream::Server(server) = &**tls
            && let (_, session) = server.get_ref()
            && session.protocol_version() == Some(ProtocolVersion::TLSv1_3)
            && let Ok(key) = session.export_keying_material([0; 32], EXPORTER, Some(&[]))
        {
            binding.exporter = Some(Bytes::copy_from_slice(&key));
        }
        binding
    }

    #[cfg(test)]
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.layer, Layer::Tls(_))
    }

    /// Speak TLS from here on, as the server. `early` is what the client sent ahead: it belongs to
    /// TLS, so that commands injected before the handshake can only break it. After an error the
    /// connection is closed.
    pub(crate) async fn accept_tls(
        &mut self,
        config: Arc<ServerConfig>,
        early: Bytes,
    ) -> io::Result<()> {
        let below = self.take_plain(early)?;
        // Boxed: the handshake's state is large and short-lived.
        let stream = Box::pin(TlsAcceptor::from(config).accept(below)).await?;
        self.secured(stream.get_ref().1.protocol_version());
        self.layer = Layer::Tls(Box::new(TlsStream::Server(stream)));
        Ok(())
    }

    /// Speak TLS from here on, as the client. After an error the connection is closed.
    pub(crate) async fn connect_tls(
        &mut self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<()> {
        let below = self.take_plain(Bytes::new())?;
        let stream = Box::pin(TlsConnector::from(config).connect(name, below)).await?;
        self.secured(stream.get_ref().1.protocol_version());
        self.layer = Layer::Tls(Box::new(TlsStream::Client(stream)));
        Ok(())
    }

    fn secured(&mut self, version: Option<ProtocolVersion>) {
        let version = match version {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        };
        if let Some(trace) = &mut self.trace {
            trace.secured(version);
        }
        if let Some(record) = &self.record {
            record.secured(version);
        }
    }

    fn take_plain(&mut self, early: Bytes) -> io::Result<Prefixed<TcpStream>> {
        match std::mem::replace(&mut self.layer, Layer::Closed) {
            Layer::Plain(tcp) => Ok(Prefixed::new(early, tcp)),
            other => {
                self.layer = other;
                Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the connection is not a plain one",
                ))
            }
        }
    }
}

impl Wire {
    /// Has what came in acknowledged at once. A client that sends a literal and the rest of its
    /// command in two writes would wait for it, for the 40 ms by which it is otherwise put off.
    #[cfg(target_os = "linux")]
    fn acknowledge(&self) {
        let tcp = match &self.layer {
            Layer::Plain(tcp) => tcp,
            Layer::Tls(tls) => tls.get_ref().0.inner(),
            Layer::Closed => return,
        };
        // The setting does not stay; without it everything works, only slower.
        let _ = tcp.set_quickack(true);
    }

    #[cfg(not(target_os = "linux"))]
    fn acknowledge(&self) {}
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(match &mut this.layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Layer::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
            Layer::Closed => Poll::Ready(Ok(())),
        })?;
        this.acknowledge();
        if let Some(record) = &this.record {
            record.read(buf.filled().len() - before);
        }
        if let Some(trace) = &mut this.trace {
            trace.received(buf.filled().get(before..).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Layer::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            Layer::Closed => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        })?;
        if let Some(record) = &this.record {
            record.written(written);
        }
        if let Some(trace) = &mut this.trace {
            let mut left = written;
            for buf in bufs {
                let part = buf.get(..left.min(buf.len())).unwrap_or_default();
                trace.sent(part);
                left -= part.len();
            }
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Layer::Plain(tcp) => tcp.is_write_vectored(),
            Layer::Tls(tls) => tls.is_write_vectored(),
            Layer::Closed => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Layer::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Layer::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().layer {
            Layer::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Layer::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Layer::Closed => Poll::Ready(Ok(())),
        }
    }
}

#[cfg(test)]
mod tests;
