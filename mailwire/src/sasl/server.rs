//! The server's side of an exchange.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{Mechanism, Secret};

/// What a client claims to be, for the host to judge.
#[derive(Debug)]
#[non_exhaustive]
pub enum Claim<'a> {
    /// A user name and a password, in the clear.
    Password {
        /// Whom to act as; empty for the user themself (RFC 4616 §2).
        authzid: &'a str,
        /// Who they are, as the client spelled it.
        username: &'a str,
        /// The password.
        password: &'a Secret,
    },
}

/// What the host says to a [`Claim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is them.
    Accept,
    /// It is not them, or they may not. The client is not told which.
    Refuse,
    /// It cannot be said at present: a database is down. The client should try again later.
    Unavailable,
}

/// Why an exchange ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The client gave up (`*`).
    Cancelled,
    /// A message was not base64, or not what the mechanism foresees.
    Malformed,
    /// The host said [`Verdict::Refuse`].
    Refused,
    /// The host said [`Verdict::Unavailable`].
    Unavailable,
}

/// Where an [`Exchange`] stands.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Send this to the client (not yet base64) and wait for its response.
    Challenge(Vec<u8>),
    /// The host has to judge [`Exchange::claim`].
    Decide,
    /// The client is who it claimed to be.
    Success,
    /// It is over.
    Failed(Failure),
}

/// One authentication exchange.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    state: State,
    authzid: String,
    username: String,
    password: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    LoginUser,
    LoginPassword,
    Decide,
    Over,
}

impl Exchange {
    /// An exchange at its start.
    pub fn new(mechanism: Mechanism) -> Self {
        Self {
            mechanism,
            state: State::Start,
            authzid: String::new(),
            username: String::new(),
            password: Secret::default(),
        }
    }

    /// The mechanism in use.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Takes the client's next message, decoded. `None` stands for "no initial response".
    pub fn receive(&mut self, message: Option<&[u8]>) -> Progress {
        match (self.mechanism, self.state, message) {
            (Mechanism::Plain, State::Start, None) => Progress::Challenge(Vec::new()),
            (Mechanism::Plain, State::Start, Some(message)) => self.plain(message),
            (Mechanism::Login, State::Start, None) => {
                self.state = State::LoginUser;
                Progress::Challenge(b"Username:".to_vec())
            }
            (Mechanism::Login, State::Start | State::LoginUser, Some(username)) => {
                let Some(username) = text(username).filter(|name| !name.is_empty()) else {
                    return self.fail(Failure::Malformed);
                };
                username.clone_into(&mut self.username);
                self.state = State::LoginPassword;
                Progress::Challenge(b"Password:".to_vec())
            }
            (Mechanism::Login, State::LoginPassword, Some(password)) => {
                let Some(password) = text(password) else { return self.fail(Failure::Malformed) };
                self.password = Secret::new(password);
                self.state = State::Decide;
                Progress::Decide
            }
            _ => self.fail(Failure::Malformed),
        }
    }

    /// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`.
    fn plain(&mut self, message: &[u8]) -> Progress {
        let mut parts = message.split(|&octet| octet == 0).map(text);
        let (Some(Some(authzid)), Some(Some(username)), Some(Some(password)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return self.fail(Failure::Malformed);
        };
        if username.is_empty() {
            return self.fail(Failure::Malformed);
        }
        authzid.clone_into(&mut self.authzid);
        username.clone_into(&mut self.username);
        self.password = Secret::new(password);
        self.state = State::Decide;
        Progress::Decide
    }

    /// The claim to judge, while the exchange stands at [`Progress::Decide`].
    pub fn claim(&self) -> Option<Claim<'_>> {
        (self.state == State::Decide).then_some(Claim::Password {
            authzid: &self.authzid,
            username: &self.username,
            password: &self.password,
        })
    }

    /// The user name, once the client has said it; also after the verdict.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Takes the host's judgement.
    pub fn verdict(&mut self, verdict: Verdict) -> Progress {
        if self.state != State::Decide {
            return self.fail(Failure::Malformed);
        }
        self.state = State::Over;
        self.password = Secret::default();
        match verdict {
            Verdict::Accept => Progress::Success,
            Verdict::Refuse => Progress::Failed(Failure::Refused),
            Verdict::Unavailable => Progress::Failed(Failure::Unavailable),
        }
    }

    /// The client gave up.
    pub fn cancel(&mut self) -> Progress {
        self.fail(Failure::Cancelled)
    }

    fn fail(&mut self, failure: Failure) -> Progress {
        self.state = State::Over;
        self.password = Secret::default();
        Progress::Failed(failure)
    }
}

/// UTF-8 without NUL, as both mechanisms ask for.
fn text(octets: &[u8]) -> Option<&str> {
    core::str::from_utf8(octets).ok().filter(|text| !text.contains('\0'))
}

/// A claim with a password, as LOGIN (IMAP) and USER/PASS (POP3) make it without SASL.
impl<'a> Claim<'a> {
    /// The claim of a log-in command that has only a name and a password.
    pub const fn password(username: &'a str, password: &'a Secret) -> Self {
        Self::Password { authzid: "", username, password }
    }

    /// Who they claim to be, as the client spelled it.
    pub fn username(&self) -> String {
        match self {
            Self::Password { username, .. } => (*username).to_owned(),
        }
    }
}
