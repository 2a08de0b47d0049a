//! The server's side of an exchange.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String, vec::Vec};

use super::{
    ChannelBinding, Claim, Digest, Failure, Mechanism, Secret, Verdict,
    claim::DigestKind,
    oauth,
    scram::{self, Wrong},
    wire,
};

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
    /// The password, token or digest.
    secret: Secret,
    /// The challenge of CRAM-MD5.
    challenge: Vec<u8>,
    /// Boxed: it is several times the size of the rest, and seldom there.
    scram: Option<Box<scram::Server>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    LoginUser,
    LoginPassword,
    /// SCRAM: keys are asked for.
    Keys,
    /// SCRAM: the client's final message is due.
    Proof,
    /// CRAM-MD5: a challenge is asked for.
    Nonce,
    /// CRAM-MD5: the answer to it is due.
    Digest,
    /// A claim is to be judged.
    Decide,
    /// The last message was sent; an empty response is due, then it is a success.
    Accepted,
    /// The error was sent; a response of no meaning is due, then it has failed (RFC 7628 §3.2.3).
    Refused,
    Over,
}

impl Exchange {
    /// An exchange at its start, without channel binding.
    pub fn new(mechanism: Mechanism) -> Self {
        Self::with_binding(mechanism, &[], &ChannelBinding::default())
    }

    /// An exchange at its start, by a server that has these mechanisms, over a TLS connection with
    /// this channel binding.
    pub fn with_binding(
        mechanism: Mechanism,
        mechanisms: &[Mechanism],
        binding: &ChannelBinding,
    ) -> Self {
        let scram = mechanism.scram();
        // A client that sees no -PLUS says so, rightly; only where there is one is that a lie.
        let has_plus = mechanisms.iter().any(|m| m.is_plus() && m.scram() == scram);
        let binding = if has_plus { binding.clone() } else { ChannelBinding::default() };
        Self {
            mechanism,
            state: State::Start,
            authzid: String::new(),
            username: String::new(),
            secret: Secret::default(),
            challenge: Vec::new(),
            scram: scram
                .map(|hash| Box::new(scram::Server::new(hash, mechanism.is_plus(), binding))),
        }
    }

    /// The mechanism in use.
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Takes the client's next message, decoded. `None` stands for "no initial response".
    pub fn receive(&mut self, message: Option<&[u8]>) -> Progress {
        use Mechanism::{Anonymous, CramMd5, External, Login, OAuthBearer, Plain, XOAuth2};
        match (self.state, self.mechanism, message) {
            (State::Start, Login, None) => {
                self.state = State::LoginUser;
                Progress::Challenge(b"Username:".to_vec())
            }
            // RFC 2195: the server speaks first.
            (State::Start, CramMd5, None) => self.decide(State::Nonce),
            // In all others the client does.
            (State::Start, _, None) => Progress::Challenge(Vec::new()),
            (State::Start, Plain, Some(message)) => self.plain(message),
            (State::Start | State::LoginUser, Login, Some(message)) => self.login_user(message),
            (State::LoginPassword, Login, Some(message)) => self.login_password(message),
            (State::Start, OAuthBearer | XOAuth2, Some(message)) => self.token(message),
            (State::Start, External | Anonymous, Some(message)) => match text(message) {
                Some(name) => {
                    name.clone_into(&mut self.username);
                    self.decide(State::Decide)
                }
                None => self.fail(Failure::Malformed),
            },
            (State::Digest, CramMd5, Some(message)) => self.digest(message),
            (State::Start, _, Some(message)) => self.scram_first(message),
            (State::Proof, _, Some(message)) => self.scram_last(message),
            (State::Accepted, _, Some(b"")) => {
                self.state = State::Over;
                Progress::Success
            }
            (State::Refused, ..) => self.fail(Failure::Refused),
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
        self.secret = Secret::new(password);
        self.decide(State::Decide)
    }

    fn login_user(&mut self, message: &[u8]) -> Progress {
        let Some(username) = text(message).filter(|name| !name.is_empty()) else {
            return self.fail(Failure::Malformed);
        };
        username.clone_into(&mut self.username);
        self.state = State::LoginPassword;
        Progress::Challenge(b"Password:".to_vec())
    }

    fn login_password(&mut self, message: &[u8]) -> Progress {
        let Some(password) = text(message) else { return self.fail(Failure::Malformed) };
        self.secret = Secret::new(password);
        self.decide(State::Decide)
    }

    fn token(&mut self, message: &[u8]) -> Progress {
        let read = match self.mechanism {
            Mechanism::XOAuth2 => oauth::xoauth2,
            _ => oauth::bearer,
        };
        let Some(bearer) = text(message).and_then(read) else {
            return self.fail(Failure::Malformed);
        };
        self.username = bearer.authzid;
        self.secret = bearer.token;
        self.decide(State::Decide)
    }

    /// `user SP digest`, of which the user may hold spaces.
    fn digest(&mut self, message: &[u8]) -> Progress {
        let Some((username, digest)) = text(message).and_then(|text| text.rsplit_once(' ')) else {
            return self.fail(Failure::Malformed);
        };
        username.clone_into(&mut self.username);
        self.secret = Secret::new(digest);
        self.decide(State::Decide)
    }

    fn scram_first(&mut self, message: &[u8]) -> Progress {
        let Some(scram) = &mut self.scram else { return self.fail(Failure::Malformed) };
        match scram.first(message) {
            Ok(()) => {
                scram.authzid.clone_into(&mut self.authzid);
                scram.username.clone_into(&mut self.username);
                self.decide(State::Keys)
            }
            Err(_) => self.fail(Failure::Malformed),
        }
    }

    fn scram_last(&mut self, message: &[u8]) -> Progress {
        let Some(scram) = &mut self.scram else { return self.fail(Failure::Malformed) };
        match scram.last(message) {
            Ok(()) => self.decide(State::Decide),
            Err(Wrong::Proof) => self.fail(Failure::Refused),
            Err(Wrong::Message) => self.fail(Failure::Malformed),
        }
    }

    /// The claim to judge, while the exchange stands at [`Progress::Decide`].
    pub fn claim(&self) -> Option<Claim<'_>> {
        let (authzid, username, secret) = (&self.authzid, &self.username, &self.secret);
        let mechanism = self.mechanism;
        match self.state {
            State::Nonce => Some(Claim::Nonce),
            State::Keys => mechanism.scram().map(|hash| Claim::Keys { username, hash }),
            State::Decide => Some(match mechanism {
                Mechanism::Plain | Mechanism::Login => {
                    Claim::Password { authzid, username, password: secret }
                }
                Mechanism::OAuthBearer | Mechanism::XOAuth2 => {
                    Claim::Token { authzid: username, token: secret, mechanism }
                }
                Mechanism::External => Claim::External { authzid: username },
                Mechanism::Anonymous => Claim::Anonymous { trace: username },
                Mechanism::CramMd5 => {
                    let (kind, challenge) = (DigestKind::CramMd5, self.challenge.as_slice());
                    Claim::Digest(Digest { kind, username, challenge, digest: secret.expose() })
                }
                _ => Claim::Proved { authzid, username },
            }),
            _ => None,
        }
    }

    /// The user name, once the client has said it; also after the verdict.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Takes the host's judgement.
    pub fn verdict(&mut self, verdict: Verdict) -> Progress {
        match (self.state, verdict) {
            (State::Keys, Verdict::Keys(keys, nonce)) => {
                let challenge = self.scram.as_mut().map(|scram| scram.challenge(*keys, &nonce));
                match challenge {
                    Some(Ok(challenge)) => self.challenge(State::Proof, challenge),
                    _ => self.fail(Failure::Unavailable),
                }
            }
            (State::Nonce, Verdict::Nonce(nonce)) if !nonce.is_empty() => {
                self.challenge = format!("<{}@sasl>", wire::encode(&nonce)).into_bytes();
                self.challenge(State::Digest, self.challenge.clone())
            }
            (State::Decide, Verdict::Accept) => self.accepted(),
            (State::Decide, Verdict::Refuse)
                if matches!(self.mechanism, Mechanism::OAuthBearer | Mechanism::XOAuth2) =>
            {
                self.challenge(State::Refused, oauth::REFUSED.to_vec())
            }
            (State::Decide | State::Keys | State::Nonce, Verdict::Refuse) => {
                self.fail(Failure::Refused)
            }
            (State::Decide | State::Keys | State::Nonce, _) => self.fail(Failure::Unavailable),
            _ => self.fail(Failure::Malformed),
        }
    }

    fn accepted(&mut self) -> Progress {
        self.secret = Secret::default();
        match &self.scram {
            Some(scram) => {
                let verifier = scram.verifier();
                self.challenge(State::Accepted, verifier)
            }
            None => {
                self.state = State::Over;
                Progress::Success
            }
        }
    }

    /// The client gave up.
    pub fn cancel(&mut self) -> Progress {
        self.fail(Failure::Cancelled)
    }

    fn decide(&mut self, state: State) -> Progress {
        self.state = state;
        Progress::Decide
    }

    fn challenge(&mut self, state: State, challenge: Vec<u8>) -> Progress {
        self.state = state;
        Progress::Challenge(challenge)
    }

    fn fail(&mut self, failure: Failure) -> Progress {
        self.state = State::Over;
        self.secret = Secret::default();
        Progress::Failed(failure)
    }
}

/// UTF-8 without NUL, as all mechanisms ask for.
fn text(octets: &[u8]) -> Option<&str> {
    core::str::from_utf8(octets).ok().filter(|text| !text.contains('\0'))
}
