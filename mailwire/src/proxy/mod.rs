//! The PROXY protocol, versions 1 and 2: who is behind the proxy, said before the first octet of
//! the session.
//!
//! A load balancer in front of a mail server hides the client's address, and with it most of what a
//! mail server decides by. HAProxy's [PROXY protocol] puts it back: a short header, ahead of the
//! greeting and of TLS, that names both ends of the connection as the proxy saw them. "§" in this
//! module is a section of that document.
//!
//! - [`Header::parse`] reads either version, [`Header::to_v1`] and [`Header::to_v2`] write one.
//! - [`driver::proxy`](crate::driver::proxy) (features `std` and `tokio`) takes the header from a
//!   connection; what follows it is left for the machine.
//!
//! # Only from proxies you trust
//!
//! The header proves nothing: whoever can open the connection can write into it any address at all.
//! So the host decides, by its own configuration, **before it reads**: a listener is behind a proxy
//! or it is not, and if it is, connections from any other address than the proxy's are closed, by
//! the address that the operating system gives. Nothing here looks at an ordinary session to see
//! whether it may begin with a header (§5 forbids it): a client could then choose its own address,
//! and with it pass every block list, rate limit and relay permission.
//!
//! # An SMTP session behind a proxy
//!
//! ```
//! # #[cfg(feature = "tokio")]
//! # async fn serve<M: mailwire::Machine>(
//! #     socket: tokio::net::TcpStream, peer: std::net::SocketAddr,
//! #     trusted: &[std::net::IpAddr], new_server: impl Fn(std::net::SocketAddr) -> M,
//! # ) -> std::io::Result<()> {
//! use std::{io, time::Duration};
//! use mailwire::driver::{Driver, proxy};
//!
//! if !trusted.contains(&peer.ip()) {
//!     return Err(io::ErrorKind::PermissionDenied.into()); // not our proxy: not a word to it
//! }
//! let header = tokio::time::timeout(Duration::from_secs(5), proxy::accept(socket));
//! let (header, socket) = header.await.map_err(|_| io::ErrorKind::TimedOut)??;
//! // LOCAL and UNKNOWN name no client: then it is the proxy itself, looking whether we are well.
//! let client = header.source().unwrap_or(peer);
//! let mut session = Driver::new(new_server(client), socket); // greets now
//! while let Some(event) = session.next().await? {
//!     // as in any other session
//! #     let _ = event;
//! }
//! # Ok(()) }
//! ```
//!
//! [PROXY protocol]: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt

mod crc32c;
mod header;
pub mod tlv;
mod v1;
mod v2;

pub use header::{Addresses, Command, Header, Invalid, Parsed, Transport};

/// The longest header of version 1, its CRLF included (§2.1).
pub const MAX_V1: usize = 107;

/// The longest header of version 2 that is taken, in octets.
///
/// The format allows 65,551. Nothing but client certificates would need that; a header that claims
/// more than this is [`Invalid::TooLong`], before any of the rest is held.
pub const MAX_V2: usize = 16 + 4096;
