use alloc::{
    borrow::{Cow, ToOwned},
    string::String,
    vec::Vec,
};

use mailwire::{
    Close, Instant, RecvBuf, Step,
    sasl::{
        Claim, Digest, Failure, Mechanism, Progress, Response, Secret, Verdict, decode_response,
        saslprep, server::Exchange,
    },
};

use super::core::{Core, Pending, State};
use crate::{Code, CommandError, print};

/// A claim under judgement.
#[derive(Debug)]
pub(super) enum Login {
    /// USER and PASS.
    Password { username: String, password: Secret },
    /// APOP, in a session with this timestamp.
    Apop { username: String, timestamp: String, digest: String },
    /// AUTH.
    Sasl(Exchange),
}

impl Login {
    pub(super) fn claim(&self) -> Option<Claim<'_>> {
        match self {
            Self::Password { username, password } => Some(Claim::password(username, password)),
            Self::Apop { username, timestamp, digest } => {
                Some(Claim::Digest(Digest::apop(username, timestamp, digest)))
            }
            Self::Sasl(exchange) => exchange.claim(),
        }
    }

    pub(super) fn username(&self) -> &str {
        match self {
            Self::Password { username, .. } | Self::Apop { username, .. } => username,
            Self::Sasl(exchange) => exchange.username(),
        }
    }
}

impl Core {
    /// Whether a password may come over this connection.
    pub(super) fn may_send_passwords(&self) -> bool {
        self.tls || self.config.plain_text_auth
    }

    /// The mechanisms that are offered as things stand.
    pub(super) fn offered(&self) -> impl Iterator<Item = Mechanism> {
        let in_clear = self.may_send_passwords();
        let mechanisms = self.config.mechanisms.iter().copied();
        mechanisms.filter(move |mechanism| mechanism.is_offerable(in_clear, &self.binding))
    }

    fn insecure(&self) -> CommandError {
        CommandError::Insecure(match self.config.starttls {
            true => "passwords are not taken in the clear: use STLS first",
            false => "passwords are not taken in the clear: connect to the port with TLS",
        })
    }

    pub(super) fn user(&mut self, name: &str) {
        if !self.config.user_pass {
            return self.reject(CommandError::State("USER is not offered, use AUTH"));
        }
        if !self.may_send_passwords() {
            return self.reject(self.insecure());
        }
        // RFC 1939 §13: whether the name is known is not told.
        match self.prepared(name) {
            Ok(name) => self.user = Some(name),
            Err(why) => return self.reject(why),
        }
        self.ok("send PASS", &[]);
    }

    pub(super) fn pass(&mut self, user: Option<String>, password: &str) {
        let Some(username) = user else {
            return self.reject(CommandError::State("PASS comes right after USER"));
        };
        let password = match self.prepared(password) {
            Ok(password) => Secret::new(password),
            Err(why) => return self.reject(why),
        };
        self.login = Some(Login::Password { username, password });
        self.pending = Some(Pending::Login);
        self.state = State::Verdict;
    }

    /// RFC 1939 §7. The password does not cross the wire; the mail would (RFC 8314 §4.1).
    pub(super) fn apop(&mut self, name: &str, digest: &str) {
        let Some(timestamp) = self.timestamp.clone() else {
            return self.reject(CommandError::State("APOP is not offered"));
        };
        if !self.may_send_passwords() {
            return self.reject(self.insecure());
        }
        match self.prepared(name) {
            Ok(username) => {
                self.login = Some(Login::Apop { username, timestamp, digest: digest.to_owned() });
                self.pending = Some(Pending::Login);
                self.state = State::Verdict;
            }
            Err(why) => self.reject(why),
        }
    }

    /// A name or password as it is compared (RFC 6856 §2.2). ASCII stays as it is.
    fn prepared(&self, text: &str) -> Result<String, CommandError> {
        let allowed = text.is_ascii() || self.config.utf8 && self.config.utf8_user;
        let prepared = if allowed { saslprep(text) } else { None };
        prepared.map(Cow::into_owned).ok_or(CommandError::NotPrintable)
    }

    /// A list of mechanisms for `AUTH` alone, which clients older than CAPA and some newer send.
    pub(super) fn list_mechanisms(&mut self) {
        self.ok("mechanisms follow", &[]);
        let names: Vec<_> = self.offered().map(Mechanism::name).collect();
        for name in names {
            print::capability(name, &mut self.out);
        }
        self.out.put(b".\r\n");
    }

    /// RFC 5034 §4.
    pub(super) fn auth(&mut self, mechanism: &str, initial: Option<&str>) {
        let known = Mechanism::from_name(mechanism.as_bytes());
        let Some(mechanism) = known.filter(|known| self.config.mechanisms.contains(known)) else {
            return self.reject(CommandError::Sasl("mechanism not supported"));
        };
        if !self.may_send_passwords() {
            return self.reject(self.insecure());
        }
        if !mechanism.is_offerable(true, &self.binding) {
            return self.reject(CommandError::Sasl("mechanism not supported"));
        }
        let mut exchange =
            Exchange::with_binding(mechanism, &self.config.mechanisms, &self.binding);
        let progress = match initial.map(|initial| decode_response(initial.as_bytes())) {
            None => exchange.receive(None),
            Some(Response::Data(message)) => exchange.receive(Some(&message)),
            Some(_) => Progress::Failed(Failure::Malformed),
        };
        self.login = Some(Login::Sasl(exchange));
        self.advance(progress);
    }

    /// A line of the client in a SASL exchange.
    pub(super) fn sasl_response(&mut self, line: &[u8]) {
        let Some(Login::Sasl(exchange)) = &mut self.login else {
            self.state = State::Command;
            return;
        };
        let progress = match decode_response(line) {
            Response::Data(message) => exchange.receive(Some(&message)),
            Response::Cancel => exchange.cancel(),
            _ => Progress::Failed(Failure::Malformed),
        };
        self.advance(progress);
    }

    pub(super) fn sasl_too_long(&mut self) {
        self.login = None;
        self.state = State::Command;
        self.reject(CommandError::TooLong);
    }

    /// Follows an exchange to its next step.
    fn advance(&mut self, progress: Progress) {
        self.state = State::Command;
        match progress {
            Progress::Challenge(challenge) => {
                print::continuation(&challenge, &mut self.out);
                self.state = State::Response;
            }
            Progress::Decide => {
                self.pending = Some(Pending::Login);
                self.state = State::Verdict;
            }
            Progress::Success => {
                self.pending = Some(Pending::Open);
                self.state = State::Open;
            }
            Progress::Failed(Failure::Refused) => self.state = State::Hold(None),
            Progress::Failed(Failure::Unavailable) => {
                let text = "cannot check that at present, try again later";
                self.err(Some(Code::SysTemp), text, &[]);
            }
            Progress::Failed(Failure::Cancelled) => {
                self.reject(CommandError::Sasl("authentication cancelled"));
            }
            Progress::Failed(_) => {
                self.reject(CommandError::Sasl("not a valid response for this mechanism"));
            }
            // A step of a mechanism that this machine cannot put on the wire.
            _ => self.err(Some(Code::SysPerm), "mechanism not supported", &[]),
        }
        if !matches!(self.state, State::Response | State::Verdict | State::Open) {
            self.login = None;
        }
    }

    /// Goes on after the host's word.
    pub(super) fn judged(&mut self, verdict: Verdict) {
        let progress = match &mut self.login {
            Some(Login::Sasl(exchange)) => exchange.verdict(verdict),
            Some(login @ (Login::Password { .. } | Login::Apop { .. })) => {
                if let Login::Password { password, .. } = login {
                    *password = Secret::default();
                }
                match verdict {
                    Verdict::Accept => Progress::Success,
                    Verdict::Refuse => Progress::Failed(Failure::Refused),
                    _ => Progress::Failed(Failure::Unavailable),
                }
            }
            None => Progress::Failed(Failure::Unavailable),
        };
        self.advance(progress);
    }

    /// Holds the answer to a wrong password back. Nothing is carried out meanwhile.
    pub(super) fn hold(
        &mut self,
        recv: &mut RecvBuf,
        until: Option<Instant>,
        now: Instant,
    ) -> Option<Step> {
        let doubled = self.config.timeouts.wrong_password * (1 << self.wrong_passwords.min(3));
        let until = until.unwrap_or(now + doubled);
        self.state = State::Hold(Some(until));
        if now < until {
            if self.eof {
                self.close(Close::Eof);
                return None;
            }
            if recv.room() > 0 {
                return Some(Step::NeedInput);
            }
            // No client has so much to say before it knows whether it is logged in.
            self.err(None, "too much input before log-in", &[]);
            self.close(Close::TooManyErrors);
            return None;
        }
        self.state = State::Command;
        self.wrong_passwords = self.wrong_passwords.saturating_add(1);
        self.err(Some(Code::Auth), "wrong user name or password", &[]);
        if self.wrong_passwords >= self.config.limits.wrong_passwords {
            self.close(Close::TooManyErrors);
        }
        None
    }
}
