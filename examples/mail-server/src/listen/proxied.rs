//! The header by which a proxy says whose connection it brings (HAProxy's PROXY protocol, 1 and 2).

use mailwire::proxy::{Header, Parsed};
use std::{io, net::SocketAddr, time::Duration};
use tokio::{io::AsyncReadExt, net::TcpStream, time};

/// A proxy sends its header first of all, at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the header, which must be there, and not an octet more. The client's address; that of the
/// connection itself where the proxy speaks for itself or does not know.
pub(super) async fn client(tcp: &mut TcpStream, peer: SocketAddr) -> io::Result<SocketAddr> {
    time::timeout(PATIENCE, read(tcp, peer)).await.map_err(io::Error::from)?
}

async fn read(tcp: &mut TcpStream, peer: SocketAddr) -> io::Result<SocketAddr> {
    let mut header = Vec::new();
    loop {
        // Octet by octet: what comes after it is the session's. A header is short.
        header.push(tcp.read_u8().await?);
        match Header::parse(&header) {
            Parsed::Complete { header, .. } => {
                return Ok(header.source().map_or(peer, |source| {
                    SocketAddr::new(source.ip().to_canonical(), source.port())
                }));
            }
            Parsed::Partial => {}
            Parsed::Invalid(why) => return Err(io::Error::new(io::ErrorKind::InvalidData, why)),
        }
    }
}
