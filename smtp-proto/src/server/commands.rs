use alloc::{borrow::ToOwned, format, string::String};
use core::fmt::Write;

use mailwire::sasl::Mechanism;

use super::{
    Event, Reset, Role,
    core::{Announced, Asked, Core, Hello, State},
    replies,
};
use crate::{Command, Mail, Rcpt, Reply, Verb, parse};

impl Core {
    /// The event of a command that a host decides on; refused here if it is wrong or out of place.
    pub(super) fn command<'a>(&mut self, verb: Verb, line: &'a [u8]) -> Event<'a> {
        match self.judge(verb, line) {
            Ok((asked, event)) => {
                self.state = State::Answer(asked);
                event
            }
            Err(reply) => {
                // RFC 2920 §3.1: what a client sends in one go with MAIL it sends without knowing
                // that MAIL will be refused; this is not held against it.
                if self.mail_refused && matches!(verb, Verb::Rcpt | Verb::Data) {
                    self.say(&reply);
                } else {
                    self.reject(reply.clone());
                }
                self.mail_refused |= verb == Verb::Mail && self.transaction.is_none();
                self.announced = Announced::Nothing;
                Event::Rejected(reply)
            }
        }
    }

    fn judge<'a>(&self, verb: Verb, line: &'a [u8]) -> Result<(Asked, Event<'a>), Reply> {
        let line = mailwire::frame::strip_eol(line);
        // RFC 5321 §4.1.4: VRFY and EXPN need no EHLO.
        if matches!(verb, Verb::Mail | Verb::Rcpt) && self.hello.is_none() {
            return Err(replies::hello_first());
        }
        if verb == Verb::Data {
            return self.judge_data().map(|()| (Asked::Data, Event::Data));
        }
        let command = parse::command(line, self.config.leniency).map_err(replies::to_error)?;
        match command {
            Command::Mail(mail) => {
                self.judge_mail(&mail).map(|()| (Asked::Mail, Event::Mail(mail)))
            }
            Command::Rcpt(rcpt) => {
                self.judge_rcpt(&rcpt).map(|()| (Asked::Rcpt, Event::Rcpt(rcpt)))
            }
            Command::Vrfy(text) => Ok((Asked::Verify, Event::Verify { text, expand: false })),
            Command::Expn(text) => Ok((Asked::Verify, Event::Verify { text, expand: true })),
            _ => Err(replies::unknown_command()),
        }
    }

    fn judge_mail(&self, mail: &Mail<'_>) -> Result<(), Reply> {
        if self.config.role == Role::Submission && self.user.is_none() {
            let tls_first = !self.tls && self.config.starttls;
            return Err(if tls_first { replies::starttls_first() } else { replies::auth_first() });
        }
        if self.transaction.is_some() {
            return Err(replies::nested_mail());
        }
        if mail.from.mailbox().is_some_and(|mailbox| !mailbox.is_ascii()) {
            return Err(replies::utf8_address());
        }
        // RFC 1870 §6.1: refused before it is sent.
        if mail.params.size.is_some_and(|size| size > self.config.limits.message) {
            return Err(replies::message_too_large());
        }
        // RFC 4954 §5: the parameter goes with AUTH.
        if mail.params.auth.is_some() && self.config.auth.is_empty() {
            return Err(replies::unknown_parameter());
        }
        Ok(())
    }

    fn judge_rcpt(&self, rcpt: &Rcpt<'_>) -> Result<(), Reply> {
        let Some(transaction) = &self.transaction else { return Err(replies::no_mail()) };
        if transaction.recipients >= self.config.limits.recipients {
            return Err(replies::too_many_recipients());
        }
        if rcpt.to.mailbox().is_some_and(|mailbox| !mailbox.is_ascii()) {
            return Err(replies::utf8_address());
        }
        Ok(())
    }

    fn judge_data(&self) -> Result<(), Reply> {
        match &self.transaction {
            None => Err(replies::no_mail()),
            Some(transaction) if transaction.recipients > 0 => Ok(()),
            Some(transaction) if transaction.refused > 0 => Err(replies::no_valid_recipients()),
            Some(_) => Err(replies::no_recipients()),
        }
    }

    /// EHLO and HELO: also the end of a message underway (RFC 5321 §4.1.4).
    pub(super) fn hello(&mut self, verb: Verb, rest: &[u8]) {
        let extended = verb == Verb::Ehlo;
        let name = match parse::client_name(rest) {
            Ok(name) => name.to_owned(),
            Err(error) => return self.reject(replies::to_error(error)),
        };
        self.hello = Some(Hello { name, extended });
        let reply = if extended {
            Reply::new(250, self.offer())
        } else {
            Reply::new(250, self.config.hostname.clone())
        };
        self.say(&reply);
        self.void();
    }

    /// The lines of the reply to EHLO.
    fn offer(&self) -> String {
        let config = &self.config;
        // Writing to a String cannot fail.
        let mut lines = format!("{}\nPIPELINING\nSIZE {}", config.hostname, config.limits.message);
        lines.push_str("\n8BITMIME\nENHANCEDSTATUSCODES");
        if config.starttls && !self.tls {
            lines.push_str("\nSTARTTLS");
        }
        if self.user.is_none() {
            let mut offered = config.auth.iter().filter(|&&m| self.may_auth(m)).peekable();
            if offered.peek().is_some() {
                lines.push_str("\nAUTH");
                offered.for_each(|mechanism| {
                    let _ = write!(lines, " {mechanism}");
                });
            }
        }
        lines
    }

    pub(super) fn may_auth(&self, mechanism: Mechanism) -> bool {
        mechanism.is_offerable(self.tls || self.config.plain_text_auth, &self.binding)
    }

    pub(super) fn rset(&mut self) {
        self.say(&replies::ok());
        self.void();
    }

    /// Forgets the message underway.
    fn void(&mut self) {
        self.mail_refused = false;
        if self.transaction.take().is_some() {
            self.announced = Announced::Reset(Reset::Command);
        }
    }

    pub(super) fn starttls(&mut self) {
        if self.tls {
            self.reject(replies::already_tls());
        } else if !self.config.starttls {
            self.reject(replies::no_starttls());
        } else {
            self.say(&replies::ready_for_tls());
            self.state = State::Upgrade;
            // RFC 3207 §4.2 has the state forgotten, a message underway with it.
            self.void();
        }
    }
}
