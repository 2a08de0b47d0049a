//! One server, and the terms on which it is spoken to.

use std::net::{IpAddr, SocketAddr};

/// Two that are equal can share a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    /// The server's name, or the address literal in brackets.
    pub(super) host: String,
    pub(super) address: SocketAddr,
    /// The address to come from, if it matters.
    pub(super) source: Option<IpAddr>,
    pub(super) tls: Security,
    /// Whether BDAT may be used where it is offered.
    pub(super) chunking: bool,
}

/// What is demanded of the transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Security {
    /// No TLS, even if it is offered.
    Off,
    /// TLS if it is offered, any certificate (RFC 7435). Where the handshake fails, without.
    Opportunistic,
    /// TLS, and a certificate that leads to a root and names the server.
    Verified,
}
