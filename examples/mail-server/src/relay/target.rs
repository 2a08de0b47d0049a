//! One server, and the terms on which it is spoken to.

use smtp_proto::client::Protocol;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Two that are equal can share a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    /// The server's name, or the address literal in brackets.
    pub(super) host: String,
    pub(super) address: SocketAddr,
    /// The address to come from, if it matters.
    pub(super) source: Option<IpAddr>,
    pub(super) protocol: Protocol,
    pub(super) tls: Security,
    /// The domain itself demands the TLS, by its policy.
    pub(super) by_policy: bool,
    /// The name is the operator's or the domain's own word, not only that of the name servers.
    pub(super) is_sure: bool,
    /// Who to log in as.
    pub(super) login: Option<Login>,
    /// Whether BDAT may be used where it is offered.
    pub(super) chunking: bool,
}

/// What is demanded of the transport.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Security {
    /// No TLS, even if it is offered.
    Off,
    /// TLS if it is offered, any certificate (RFC 7435). Where the handshake fails, without.
    Opportunistic,
    /// TLS, any certificate.
    Required,
    /// TLS, and a certificate that leads to a root and names the server.
    Verified,
    /// The same, from the first octet on (RFC 8314 §3.3).
    Implicit,
}

/// A name, and the file whose first line is the password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password_file: PathBuf,
}
