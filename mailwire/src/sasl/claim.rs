use alloc::{boxed::Box, vec::Vec};

use super::{Hash, Keys, Mechanism, Secret, apop, cram_md5};

/// What a client claims to be, for the host to judge.
#[derive(Debug)]
#[non_exhaustive]
pub enum Claim<'a> {
    /// A user name and a password, in the clear. Answer: [`Verdict::Accept`] or a refusal.
    Password {
        /// Whom to act as; empty for the user themself (RFC 4616 §2).
        authzid: &'a str,
        /// Who they are, as the client spelled it.
        username: &'a str,
        /// The password.
        password: &'a Secret,
    },
    /// SCRAM begins: the user's keys are needed. Answer: [`Verdict::Keys`]; for a user who does not
    /// exist with [`Keys::fake`], so that nobody learns who does.
    Keys {
        /// Who they are, as the client spelled it.
        username: &'a str,
        /// Which keys.
        hash: Hash,
    },
    /// SCRAM ends: the user has proved to know the password. Answer: [`Verdict::Accept`], or a
    /// refusal where the account may not be used.
    Proved {
        /// Whom to act as; empty for the user themself.
        authzid: &'a str,
        /// Who they are, as the client spelled it.
        username: &'a str,
    },
    /// A token of OAuth 2.0. Answer: [`Verdict::Accept`] or a refusal.
    Token {
        /// Whom to act as; may be empty for OAUTHBEARER: the token says who they are.
        authzid: &'a str,
        /// The token.
        token: &'a Secret,
        /// By which mechanism.
        mechanism: Mechanism,
    },
    /// EXTERNAL: they are whom TLS says. Answer: [`Verdict::Accept`] or a refusal.
    External {
        /// Whom to act as; empty for whomever the certificate names.
        authzid: &'a str,
    },
    /// ANONYMOUS. Answer: [`Verdict::Accept`] or a refusal.
    Anonymous {
        /// What they call themselves (RFC 4505 §2): an address, or any token. Not to be trusted.
        trace: &'a str,
    },
    /// CRAM-MD5 begins: a challenge is needed that was never used. Answer: [`Verdict::Nonce`].
    Nonce,
    /// CRAM-MD5 ends, or APOP: a digest of what the server said and the password, which the host
    /// has to know. Answer: [`Verdict::Accept`] if [`Digest::matches`], or a refusal.
    Digest(Digest<'a>),
}

/// A digest of a challenge and a password.
#[derive(Clone, Copy, Debug)]
pub struct Digest<'a> {
    pub(super) kind: DigestKind,
    pub(super) username: &'a str,
    pub(super) challenge: &'a [u8],
    pub(super) digest: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum DigestKind {
    CramMd5,
    Apop,
}

impl<'a> Digest<'a> {
    /// What APOP says (RFC 1939 §7), in a session that was greeted with this timestamp.
    ///
    /// ```
    /// use mailwire::sasl::Digest;
    ///
    /// let timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    /// let digest = Digest::apop("mrose", timestamp, "c4c9334bac560ecc979e58001b3e22fb");
    /// assert!(digest.matches(&"tanstaaf".into()));
    /// assert!(!digest.matches(&"tanstaafl".into()));
    /// ```
    pub const fn apop(username: &'a str, timestamp: &'a str, digest: &'a str) -> Self {
        Self { kind: DigestKind::Apop, username, challenge: timestamp.as_bytes(), digest }
    }

    /// Who they are, as the client spelled it.
    pub const fn username(&self) -> &'a str {
        self.username
    }

    /// Whether this is their password.
    pub fn matches(&self, password: &Secret) -> bool {
        match self.kind {
            DigestKind::CramMd5 => cram_md5::matches(password, self.challenge, self.digest),
            DigestKind::Apop => apop::matches(password, self.challenge, self.digest),
        }
    }
}

impl<'a> Claim<'a> {
    /// The claim of a log-in command that has only a name and a password.
    pub const fn password(username: &'a str, password: &'a Secret) -> Self {
        Self::Password { authzid: "", username, password }
    }

    /// Who they claim to be, as the client spelled it; empty where they do not say.
    pub const fn username(&self) -> &'a str {
        match self {
            Self::Password { username, .. }
            | Self::Keys { username, .. }
            | Self::Proved { username, .. } => username,
            Self::Token { authzid, .. } | Self::External { authzid } => authzid,
            Self::Anonymous { trace } => trace,
            Self::Digest(digest) => digest.username,
            Self::Nonce => "",
        }
    }
}

/// What the host says to a [`Claim`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is them.
    Accept,
    /// It is not them, or they may not. The client is not told which.
    Refuse,
    /// It cannot be said at present: a database is down. The client should try again later.
    Unavailable,
    /// Answers [`Claim::Keys`]: the user's keys, and at least 16 random octets that were never used
    /// before.
    Keys(Box<Keys>, Vec<u8>),
    /// Answers [`Claim::Nonce`]: at least 16 random octets that were never used before.
    Nonce(Vec<u8>),
}

/// Why an exchange ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The client gave up (`*`).
    Cancelled,
    /// A message was not base64, or not what the mechanism foresees.
    Malformed,
    /// The host said [`Verdict::Refuse`], or the proof was wrong.
    Refused,
    /// The host said [`Verdict::Unavailable`].
    Unavailable,
}
