use alloc::borrow::ToOwned;
use core::mem;

use mailwire::{
    Close, Instant, Misuse, RecvBuf,
    sasl::{self, Failure, Mechanism, Progress, Response, Verdict, server::Exchange},
};

use super::{
    Event,
    core::{Announced, Core, State},
    replies,
};
use crate::{Reply, parse};

impl Core {
    /// AUTH (RFC 4954 §4).
    pub(super) fn auth(&mut self, rest: &[u8]) {
        let (mechanism, initial) = match parse::auth(rest) {
            Ok(words) => words,
            Err(error) => return self.reject(replies::to_error(error)),
        };
        if self.config.auth.is_empty() {
            return self.reject(replies::no_auth());
        }
        if self.user.is_some() {
            return self.reject(replies::already_authenticated());
        }
        if self.hello.is_none() {
            return self.reject(self.hello_first());
        }
        if self.transaction.is_some() {
            return self.reject(replies::mail_underway());
        }
        let known = Mechanism::from_name(mechanism.as_bytes());
        let Some(mechanism) = known.filter(|m| self.config.auth.contains(m)) else {
            return self.reject(replies::no_mechanism());
        };
        if !self.may_auth(mechanism) {
            let reply = match mechanism.is_plus() {
                true => replies::no_mechanism(),
                false => replies::encryption_needed(),
            };
            return self.reject(reply);
        }
        let mut exchange = Exchange::with_binding(mechanism, &self.config.auth, &self.binding);
        let progress = match initial.map(|text| sasl::decode_response(text.as_bytes())) {
            None => exchange.receive(None),
            Some(Response::Data(message)) => exchange.receive(Some(&message)),
            Some(_) => return self.reject(replies::bad_base64()),
        };
        self.progress(exchange, progress);
    }

    /// A line of the exchange, without its line end.
    pub(super) fn auth_response(&mut self, line: &[u8]) {
        let State::AuthResponse(mut exchange) = mem::replace(&mut self.state, State::Command)
        else {
            return;
        };
        let progress = match sasl::decode_response(line) {
            Response::Data(message) => exchange.receive(Some(&message)),
            Response::Cancel => exchange.cancel(),
            _ => return self.reject(replies::bad_base64()),
        };
        self.progress(exchange, progress);
    }

    fn progress(&mut self, exchange: Exchange, progress: Progress) {
        match progress {
            Progress::Challenge(challenge) => {
                let text = sasl::encode(&challenge);
                self.say(&Reply::new(334, text));
                self.state = State::AuthResponse(exchange);
            }
            Progress::Decide => {
                self.announced = Announced::Auth;
                self.state = State::AuthClaim(exchange);
            }
            Progress::Success => {
                self.user = Some(exchange.username().to_owned());
                self.say(&replies::authenticated());
                self.state = State::Command;
            }
            Progress::Failed(Failure::Cancelled) => self.reject(replies::auth_cancelled()),
            Progress::Failed(Failure::Unavailable) => {
                self.say(&replies::auth_unavailable());
                self.state = State::Command;
            }
            Progress::Failed(Failure::Refused) => {
                self.auth_failures = self.auth_failures.saturating_add(1);
                self.state = State::AuthHeld(None);
            }
            _ => self.reject(replies::bad_base64()),
        }
    }

    /// The event for a claim.
    pub(super) fn claim(&mut self) -> Event<'_> {
        match &self.state {
            State::AuthClaim(exchange) => exchange.claim().map_or(Event::Nothing, Event::Auth),
            _ => Event::Nothing,
        }
    }

    pub(super) fn verdict(&mut self, verdict: Verdict) -> Result<(), Misuse> {
        if !matches!(self.announced, Announced::Nothing) {
            return Err(Misuse::new("verdict: take the event first"));
        }
        match mem::replace(&mut self.state, State::Command) {
            State::AuthClaim(mut exchange) => {
                self.host_moved();
                let progress = exchange.verdict(verdict);
                self.progress(exchange, progress);
                Ok(())
            }
            other => {
                self.state = other;
                Err(Misuse::new("verdict: no claim waits for one"))
            }
        }
    }

    /// Holds the answer to a wrong password back. Returns whether to wait.
    pub(super) fn held(&mut self, recv: &RecvBuf, now: Instant) -> bool {
        let State::AuthHeld(until) = &mut self.state else { return false };
        let until = *until.get_or_insert(now + self.config.auth_delay);
        if now < until {
            if recv.room() > 0 {
                return !self.eof || {
                    self.close(Close::Eof);
                    false
                };
            }
            // A client that sends on and on meanwhile gets no further try.
            self.auth_failures = self.config.limits.auth_failures;
        }
        self.state = State::Command;
        self.say(&replies::auth_refused());
        if self.auth_failures >= self.config.limits.auth_failures {
            self.say(&replies::too_many_auth_failures());
            self.close(Close::TooManyErrors);
        }
        false
    }
}
