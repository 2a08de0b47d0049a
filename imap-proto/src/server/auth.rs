//! LOGIN, AUTHENTICATE and what a wrong password costs (RFC 3501 §6.2.2, §6.2.3).

use alloc::{format, string::String};

use mailwire::{
    Close, Instant, Misuse, RecvBuf, Step,
    sasl::{
        Claim, Failure, Mechanism, Progress, Response, Secret, Verdict, decode_response, encode,
        server::Exchange,
    },
};

use super::{
    Server,
    core::Core,
    event::Event,
    work::{Begin, Phase, Status, Work},
};
use crate::{command::SecretText, frame::Frame};

impl Core {
    pub(super) fn may_send_passwords(&self) -> bool {
        self.tls || self.config.plain_text_auth
    }

    pub(super) fn login(&mut self, user: &[u8], password: &SecretText<'_>) {
        if !self.may_send_passwords() {
            return self.tagged(Status::No, "[PRIVACYREQUIRED] Use STARTTLS first");
        }
        let (Ok(user), Ok(password)) =
            (core::str::from_utf8(user), core::str::from_utf8(password.reveal()))
        else {
            return self.tagged(Status::No, "[AUTHENTICATIONFAILED] Not UTF-8");
        };
        let work = Work::Login { user: String::from(user), password: Secret::new(password) };
        self.begin(Begin::new(Event::Nothing, work));
    }

    pub(super) fn authenticate(&mut self, mechanism: &str, initial: Option<SecretText<'_>>) {
        let known = Mechanism::from_name(mechanism.as_bytes())
            .filter(|mechanism| self.config.mechanisms.contains(mechanism));
        let Some(mechanism) = known else {
            return self.tagged(Status::No, "[CANNOT] Mechanism not supported");
        };
        if !self.may_send_passwords() {
            return self.tagged(Status::No, "[PRIVACYREQUIRED] Use STARTTLS first");
        }
        if !mechanism.is_offerable(true, &self.binding) {
            return self.tagged(Status::No, "[CANNOT] Mechanism not supported");
        }
        let mut exchange =
            Exchange::with_binding(mechanism, &self.config.mechanisms, &self.binding);
        let progress = exchange.receive(initial.as_ref().map(SecretText::reveal));
        self.progress(exchange, progress);
    }

    fn progress(&mut self, exchange: Exchange, progress: Progress) {
        self.framer.set_text(false);
        match progress {
            Progress::Challenge(message) => {
                self.send.put(format!("+ {}\r\n", encode(&message)).as_bytes());
                self.framer.set_text(true);
                self.restart_clock();
                self.phase = Phase::Sasl(exchange);
            }
            Progress::Decide => self.begin(Begin::new(Event::Nothing, Work::Sasl(exchange))),
            Progress::Success => {
                let user = String::from(exchange.username());
                self.logged_in(user);
            }
            Progress::Failed(Failure::Cancelled) => {
                self.tagged(Status::Bad, "Authentication cancelled");
            }
            Progress::Failed(Failure::Unavailable) => {
                self.tagged(Status::No, "[UNAVAILABLE] Temporary authentication failure");
            }
            Progress::Failed(Failure::Refused) => self.auth_failed(),
            _ => self.bad_command("Invalid response"),
        }
    }

    /// The client's next line of an exchange.
    pub(super) fn sasl_line(
        &mut self,
        mut exchange: Exchange,
        recv: &mut RecvBuf,
        now: Instant,
    ) -> Option<Step> {
        match self.framer.find(recv) {
            Frame::Complete { len } => {
                self.framer.next();
                let line = recv.take(len);
                let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
                let progress = match decode_response(line) {
                    Response::Data(message) => exchange.receive(Some(&message)),
                    Response::Cancel => exchange.cancel(),
                    _ => Progress::Failed(Failure::Malformed),
                };
                self.progress(exchange, progress);
                None
            }
            Frame::Partial => self.wait(Phase::Sasl(exchange), recv, now),
            _ => {
                self.refuse(recv, Status::Bad, "Invalid response");
                None
            }
        }
    }

    /// The claim that waits to be judged.
    pub(super) fn claim(&self) -> Event<'_> {
        match &self.work {
            Work::Login { user, password } => Event::Authenticate(Claim::password(user, password)),
            Work::Sasl(exchange) => exchange.claim().map_or(Event::Nothing, Event::Authenticate),
            _ => Event::Nothing,
        }
    }

    fn logged_in(&mut self, user: String) {
        self.user = Some(user);
        self.auth_failures = 0;
        let text = format!("[CAPABILITY {}] Logged in", self.capabilities());
        self.tagged(Status::Ok, &text);
    }

    /// The answer is held back for a while.
    fn auth_failed(&mut self) {
        self.work = Work::Plain;
        self.restart_clock();
        self.phase = Phase::Delay;
    }

    pub(super) fn delay(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        self.phase = Phase::Delay;
        let since = *self.since.get_or_insert(now);
        let over = now >= since + self.config.timeouts.auth_delay;
        if !over && !self.eof && recv.room() > 0 {
            return Some(Step::NeedInput);
        }
        self.tagged(Status::No, "[AUTHENTICATIONFAILED] Wrong user name or password");
        self.auth_failures = self.auth_failures.saturating_add(1);
        if self.auth_failures >= self.config.limits.auth_failures {
            self.bye("Too many failed logins", Close::TooManyErrors);
        } else if !over && !self.eof {
            // So much was sent without waiting for the answer that there is no room for more.
            self.bye("Too much input", Close::TooManyErrors);
        }
        None
    }
}

impl Server {
    /// Judges the claim of [`Event::Authenticate`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is none.
    pub fn verdict(&mut self, verdict: Verdict) -> Result<(), Misuse> {
        let core = &mut self.core;
        if !matches!(core.phase, Phase::Answer) {
            return Err(Misuse::new("verdict answers Event::Authenticate"));
        }
        match core::mem::replace(&mut core.work, Work::Plain) {
            Work::Sasl(mut exchange) => {
                let progress = exchange.verdict(verdict);
                core.progress(exchange, progress);
            }
            Work::Login { user, .. } => match verdict {
                Verdict::Accept => core.logged_in(user),
                Verdict::Unavailable => {
                    core.tagged(Status::No, "[UNAVAILABLE] Temporary authentication failure");
                }
                _ => core.auth_failed(),
            },
            work => {
                core.work = work;
                return Err(Misuse::new("verdict answers Event::Authenticate"));
            }
        }
        Ok(())
    }
}
