//! The services a mail server offers, and what each expects of a connection.

use crate::config::{Port, Ports};
use std::fmt;

/// One kind of listener, by its registered name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Service {
    Smtp,
    Submission,
    Submissions,
    Imap,
    Imaps,
    Pop3,
    Pop3s,
    Lmtp,
    Https,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    /// Mail from other servers (RFC 5321).
    Smtp,
    /// Mail from users (RFC 6409).
    Submission,
    Imap,
    Pop3,
    /// Mail that another server has accepted for users of this one (RFC 2033).
    Lmtp,
    /// What mail programs and servers want to know (RFC 8461).
    Web,
}

impl Service {
    pub(crate) const ALL: [Self; 9] = [
        Self::Smtp,
        Self::Submission,
        Self::Submissions,
        Self::Imap,
        Self::Imaps,
        Self::Pop3,
        Self::Pop3s,
        Self::Lmtp,
        Self::Https,
    ];

    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::Smtp => Protocol::Smtp,
            Self::Submission | Self::Submissions => Protocol::Submission,
            Self::Imap | Self::Imaps => Protocol::Imap,
            Self::Pop3 | Self::Pop3s => Protocol::Pop3,
            Self::Lmtp => Protocol::Lmtp,
            Self::Https => Protocol::Web,
        }
    }

    /// Whether TLS starts with the first octet (RFC 8314 §3); otherwise by a command.
    pub(crate) const fn implicit_tls(self) -> bool {
        matches!(self, Self::Submissions | Self::Imaps | Self::Pop3s | Self::Https)
    }

    /// Key in the configuration file's `[ports]`, and flag with `-port` after it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Submissions => "submissions",
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Pop3 => "pop3",
            Self::Pop3s => "pop3s",
            Self::Lmtp => "lmtp",
            Self::Https => "https",
        }
    }

    /// The scheme that `curl` and others use.
    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::Smtp | Self::Submission => "smtp",
            Self::Submissions => "smtps",
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Pop3 => "pop3",
            Self::Pop3s => "pop3s",
            Self::Lmtp => "lmtp",
            Self::Https => "https",
        }
    }

    pub(crate) const fn port(self, ports: &Ports) -> Port {
        match self {
            Self::Smtp => ports.smtp,
            Self::Submission => ports.submission,
            Self::Submissions => ports.submissions,
            Self::Imap => ports.imap,
            Self::Imaps => ports.imaps,
            Self::Pop3 => ports.pop3,
            Self::Pop3s => ports.pop3s,
            Self::Lmtp => ports.lmtp,
            Self::Https => ports.https,
        }
    }

    /// The greeting for a client that has failed too often.
    pub(crate) const fn not_now(self) -> &'static [u8] {
        match self {
            _ if self.implicit_tls() => b"",
            // RFC 3463 §3.8: X.7.0, security.
            Self::Smtp | Self::Submission | Self::Lmtp => {
                b"421 4.7.0 too many errors, try again later\r\n"
            }
            Self::Imap => b"* BYE [UNAVAILABLE] too many errors, try again later\r\n",
            _ => b"-ERR [SYS/TEMP] too many errors, try again later\r\n",
        }
    }

    /// The greeting of a server that has no room left. Before a TLS handshake nothing can be said.
    pub(crate) const fn no_room(self) -> &'static [u8] {
        match self {
            _ if self.implicit_tls() => b"",
            // RFC 5321 §3.8: 421 in place of the greeting; RFC 3463 §3.4: 4.3.2, not accepting
            // messages now.
            Self::Smtp | Self::Submission | Self::Lmtp => {
                b"421 4.3.2 too many connections, try again later\r\n"
            }
            // RFC 9051 §7.1.5: a BYE greeting.
            Self::Imap => b"* BYE [UNAVAILABLE] too many connections, try again later\r\n",
            // RFC 3206 §4.
            _ => b"-ERR [SYS/TEMP] too many connections, try again later\r\n",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
