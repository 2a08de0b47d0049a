//! The client's side of an exchange.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{ChannelBinding, Mechanism, Secret, cram_md5, oauth, scram};

/// Who to log in as.
///
/// ```
/// use mailwire::sasl::{Mechanism, client::Credentials};
///
/// let offered = [Mechanism::Plain, Mechanism::ScramSha256];
/// let mut credentials = Credentials::password("tim", "tanstaaftanstaaf");
/// assert_eq!(credentials.choose(offered, true), Some(Mechanism::Plain));
/// credentials.nonce = vec![7; 18]; // random octets, in real life
/// assert_eq!(credentials.choose(offered, true), Some(Mechanism::ScramSha256));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Credentials {
    /// Whom to act as; empty for the user themself.
    pub authzid: String,
    /// The user name.
    pub username: String,
    /// What proves it.
    pub proof: Proof,
    /// Random octets that were never used before, at least 16: SCRAM needs them, and these crates
    /// have no source of their own. Without them SCRAM is not chosen.
    pub nonce: Vec<u8>,
    /// The TLS connection, for the -PLUS mechanisms.
    pub binding: ChannelBinding,
}

/// What proves who somebody is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// A token of OAuth 2.0.
    Token(Secret),
    /// The client's certificate.
    External,
    /// Nothing: ANONYMOUS. The user name is the trace.
    Anonymous,
}

impl Default for Proof {
    fn default() -> Self {
        Self::Password(Secret::default())
    }
}

impl Credentials {
    /// A user name and a password.
    pub fn password(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        let proof = Proof::Password(password.into());
        Self { username: username.into(), proof, ..Self::default() }
    }

    /// A user name and a token of OAuth 2.0.
    pub fn token(username: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self { username: username.into(), proof: Proof::Token(token.into()), ..Self::default() }
    }

    /// The password, if they are of that kind.
    pub const fn secret(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Password(password) => Some(password),
            _ => None,
        }
    }

    /// The best mechanism among `offered` that these credentials serve. Plain-text mechanisms are
    /// left out unless `tls`.
    pub fn choose(
        &self,
        offered: impl IntoIterator<Item = Mechanism>,
        tls: bool,
    ) -> Option<Mechanism> {
        let rank = |m: &Mechanism| Mechanism::ALL.iter().position(|known| known == m);
        let serves = |m: &Mechanism| match (m, &self.proof) {
            (Mechanism::OAuthBearer | Mechanism::XOAuth2, Proof::Token(_)) => tls,
            (Mechanism::External, Proof::External) => true,
            (Mechanism::Anonymous, Proof::Anonymous) => true,
            (Mechanism::Plain | Mechanism::Login, Proof::Password(_)) => tls,
            (Mechanism::CramMd5, Proof::Password(_)) => true,
            (m, Proof::Password(_)) if m.scram().is_some() => {
                !self.nonce.is_empty() && (!m.is_plus() || !self.binding.is_none())
            }
            _ => false,
        };
        offered.into_iter().filter(serves).min_by_key(rank)
    }
}

/// One authentication exchange.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    credentials: Credentials,
    /// Messages sent so far.
    sent: u8,
    /// Boxed: it is several times the size of the rest, and seldom there.
    scram: Option<Box<scram::Client>>,
}

/// The server asked for something the mechanism does not foresee, or could not prove that it knows
/// the password: cancel with `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's challenge does not fit the mechanism")]
#[non_exhaustive]
pub struct UnexpectedChallenge;

impl Exchange {
    /// An exchange at its start. `offered` are the mechanisms the server offered;
    /// [`Mechanism::ALL`] where that is not known.
    pub fn new(mechanism: Mechanism, credentials: Credentials, offered: &[Mechanism]) -> Self {
        let scram = mechanism.scram().map(|hash| {
            let plus = |m: &Mechanism| m.is_plus() && m.scram() == Some(hash);
            Box::new(scram::Client::new(
                hash,
                mechanism.is_plus(),
                &credentials.binding,
                offered.iter().any(plus),
                (&credentials.authzid, &credentials.username),
                &credentials.nonce,
            ))
        });
        Self { mechanism, credentials, sent: 0, scram }
    }

    /// The mechanism in use.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response (not yet base64), for mechanisms where the client speaks first.
    pub fn initial(&mut self) -> Option<Vec<u8>> {
        match self.mechanism {
            Mechanism::Login | Mechanism::CramMd5 => None,
            _ => {
                self.sent = 1;
                self.first()
            }
        }
    }

    /// The answer (not yet base64) to a challenge (decoded).
    ///
    /// # Errors
    ///
    /// [`UnexpectedChallenge`] when the mechanism has nothing more to say.
    pub fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, UnexpectedChallenge> {
        self.sent = self.sent.saturating_add(1);
        let Credentials { username, proof, .. } = &self.credentials;
        // LOGIN's prompts are human text that servers word as they like: only their order counts.
        let answer = match (self.mechanism, self.sent, proof) {
            (Mechanism::Login, 1, _) => Some(username.clone().into_bytes()),
            (Mechanism::Login, 2, Proof::Password(password)) => Some(password.expose().into()),
            (Mechanism::CramMd5, 1, Proof::Password(password)) => {
                Some(cram_md5::answer(username, password, challenge).into_bytes())
            }
            // RFC 7628 §3.2.3: the error is taken note of, and the failure follows.
            (Mechanism::OAuthBearer, 2, _) => self.first().map(|_| alloc::vec![1]),
            (Mechanism::XOAuth2, 2, _) => self.first().map(|_| Vec::new()),
            (Mechanism::Login | Mechanism::CramMd5, ..) => None,
            (_, 1, _) => self.first(),
            (_, _, Proof::Password(password)) => self.scram.as_mut().and_then(|scram| {
                if scram.has_answered() {
                    scram.verify(challenge).map(|()| Vec::new())
                } else {
                    scram.last(challenge, password)
                }
            }),
            _ => None,
        };
        answer.ok_or(UnexpectedChallenge)
    }

    /// Whether the server's word that all is well can be believed: with SCRAM it has to have proved
    /// that it knows the password, too (RFC 5802 §5).
    pub fn is_trusted(&self) -> bool {
        self.scram.as_ref().is_none_or(|scram| scram.is_verified())
    }

    fn first(&self) -> Option<Vec<u8>> {
        let Credentials { authzid, username, proof, .. } = &self.credentials;
        match (self.mechanism, proof) {
            (Mechanism::Plain, Proof::Password(password)) => Some(
                [authzid.as_bytes(), username.as_bytes(), password.expose().as_bytes()].join(&0),
            ),
            (Mechanism::OAuthBearer, Proof::Token(token)) => oauth::print_bearer(username, token),
            (Mechanism::XOAuth2, Proof::Token(token)) => oauth::print_xoauth2(username, token),
            (Mechanism::External, _) => Some(authzid.clone().into_bytes()),
            (Mechanism::Anonymous, _) => Some(username.clone().into_bytes()),
            _ => self.scram.as_ref().map(|scram| scram.first()),
        }
    }
}
