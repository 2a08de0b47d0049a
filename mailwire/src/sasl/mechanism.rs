use core::fmt;

use super::{ChannelBinding, Hash};

/// A SASL mechanism this suite knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 7677 with channel binding: no password crosses the wire, both sides prove that they know
    /// it, and the proof holds for this TLS connection only.
    ScramSha256Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 5802 with channel binding.
    ScramSha1Plus,
    /// RFC 5802.
    ScramSha1,
    /// RFC 7628: a token of OAuth 2.0.
    OAuthBearer,
    /// The form of the same that Google and Microsoft had first.
    XOAuth2,
    /// RFC 4422 appendix A: TLS has said who the client is.
    External,
    /// RFC 4616: user name and password in one message.
    Plain,
    /// The undocumented but widespread LOGIN: user name and password, asked for one by one.
    Login,
    /// RFC 2195: a keyed MD5 of a challenge. The server has to know the password itself.
    CramMd5,
    /// RFC 4505: nobody in particular.
    Anonymous,
}

impl Mechanism {
    /// All of them, the best first.
    pub const ALL: &'static [Self] = &[
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::ScramSha1Plus,
        Self::ScramSha1,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::External,
        Self::Plain,
        Self::Login,
        Self::CramMd5,
        Self::Anonymous,
    ];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::External => "EXTERNAL",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::Anonymous => "ANONYMOUS",
        }
    }

    /// The mechanism of that name, in any case (RFC 4422 §3.1 has upper case; clients do not).
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether an eavesdropper learns the password or token. Such a mechanism is for TLS only.
    pub const fn is_plain_text(self) -> bool {
        matches!(self, Self::Plain | Self::Login | Self::OAuthBearer | Self::XOAuth2)
    }

    /// Whether a server can offer it at present: on a connection that is `safe`, since who logs in
    /// reads mail there (RFC 8314 §4.1), and a -PLUS mechanism where there is something to bind to.
    pub const fn is_offerable(self, safe: bool, binding: &ChannelBinding) -> bool {
        safe && !(self.is_plus() && binding.is_none())
    }

    /// Whether it needs a [`ChannelBinding`].
    pub const fn is_plus(self) -> bool {
        matches!(self, Self::ScramSha256Plus | Self::ScramSha1Plus)
    }

    /// The hash of a SCRAM mechanism.
    pub const fn scram(self) -> Option<Hash> {
        match self {
            Self::ScramSha256Plus | Self::ScramSha256 => Some(Hash::Sha256),
            Self::ScramSha1Plus | Self::ScramSha1 => Some(Hash::Sha1),
            _ => None,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
