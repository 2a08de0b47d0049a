//! The client's side of an exchange.

use alloc::{string::String, vec::Vec};

use super::{Mechanism, Secret};

/// Who to log in as.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// Whom to act as; empty for the user themself.
    pub authzid: String,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

impl Credentials {
    /// A user name and a password.
    pub fn password(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { authzid: String::new(), username: username.into(), password: password.into() }
    }

    /// The best mechanism among `offered` that these credentials serve. Plain-text mechanisms are
    /// left out unless `tls`.
    pub fn choose(
        &self,
        offered: impl IntoIterator<Item = Mechanism>,
        tls: bool,
    ) -> Option<Mechanism> {
        let rank = |m: &Mechanism| Mechanism::ALL.iter().position(|known| known == m);
        offered.into_iter().filter(|m| tls || !m.is_plain_text()).min_by_key(rank)
    }
}

/// One authentication exchange.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    credentials: Credentials,
    sent: u8,
}

/// The server asked for something the mechanism does not foresee: cancel with `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's challenge does not fit the mechanism")]
#[non_exhaustive]
pub struct UnexpectedChallenge;

impl Exchange {
    /// An exchange at its start.
    pub const fn new(mechanism: Mechanism, credentials: Credentials) -> Self {
        Self { mechanism, credentials, sent: 0 }
    }

    /// The mechanism in use.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response (not yet base64), for mechanisms where the client speaks first.
    pub fn initial(&mut self) -> Option<Vec<u8>> {
        match self.mechanism {
            Mechanism::Plain => {
                self.sent = 1;
                Some(self.plain())
            }
            Mechanism::Login => None,
        }
    }

    /// The answer (not yet base64) to a challenge (decoded).
    ///
    /// # Errors
    ///
    /// [`UnexpectedChallenge`] when the mechanism has nothing more to say.
    pub fn respond(&mut self, _challenge: &[u8]) -> Result<Vec<u8>, UnexpectedChallenge> {
        self.sent = self.sent.saturating_add(1);
        // LOGIN's prompts are human text that servers word as they like: only their order counts.
        match (self.mechanism, self.sent) {
            (Mechanism::Plain, 1) => Ok(self.plain()),
            (Mechanism::Login, 1) => Ok(self.credentials.username.clone().into_bytes()),
            (Mechanism::Login, 2) => Ok(self.credentials.password.expose().into()),
            _ => Err(UnexpectedChallenge),
        }
    }

    fn plain(&self) -> Vec<u8> {
        let Credentials { authzid, username, password } = &self.credentials;
        [authzid.as_bytes(), username.as_bytes(), password.expose().as_bytes()].join(&0)
    }
}
