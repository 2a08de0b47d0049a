//! The connection: TCP, then perhaps TLS over it.

use bytes::Bytes;
use mailwire::{driver::blocking::Transport, sasl::ChannelBinding};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned, pki_types::ServerName};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

/// The label of RFC 9266 §2.
const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

/// For each read of the TLS handshake, which has no machine to say how long it may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Goes through the handshake.
    pub(crate) fn secure(
        mut tcp: TcpStream,
        config: Arc<ClientConfig>,
        host: &str,
    ) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        tcp.set_read_timeout(Some(HANDSHAKE))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(tls, tcp))))
    }

    /// What SCRAM's -PLUS forms bind to: `tls-exporter` (RFC 9266), which is sure under TLS 1.3
    /// only.
    pub(crate) fn channel_binding(&self) -> ChannelBinding {
        let mut binding = ChannelBinding::default();
        if let Self::Tls(tls) = self
            && tls.conn.protocol_version() == Some(ProtocolVersion::TLSv1_3)
            && let Ok(key) = tls.conn.export_keying_material([0; 32], EXPORTER, Some(&[]))
        {
            binding.exporter = Some(Bytes::copy_from_slice(&key));
        }
        binding
    }
}

impl Read for Stream {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(octets),
            // An end without close_notify is an end: the machine knows whether it came too early.
            Self::Tls(tls) => match tls.read(octets) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(octets),
            Self::Tls(tls) => tls.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

impl Transport for Stream {
    fn set_read_limit(&mut self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.set_read_timeout(limit),
            Self::Tls(tls) => tls.sock.set_read_timeout(limit),
        }
    }
}
