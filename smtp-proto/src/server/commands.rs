use alloc::borrow::ToOwned;

use super::{
    Event, Reset, Role,
    core::{Announced, Asked, Core, Hello, State, Transaction},
    replies,
};
use crate::{Body, Command, Mail, Mailbox, Rcpt, Reply, Verb, parse};

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
                self.chunk_asked = None;
                self.announced = Announced::Nothing;
                Event::Rejected(reply)
            }
        }
    }

    fn judge<'a>(&mut self, verb: Verb, line: &'a [u8]) -> Result<(Asked, Event<'a>), Reply> {
        let line = mailwire::frame::strip_eol(line);
        // RFC 5321 §4.1.4: VRFY and EXPN need no EHLO.
        if matches!(verb, Verb::Mail | Verb::Rcpt) && self.hello.is_none() {
            return Err(self.hello_first());
        }
        match verb {
            Verb::Data => return self.judge_data().map(|()| (Asked::Data, Event::Data)),
            // It was judged before it was announced.
            Verb::Bdat => return Ok((Asked::Data, Event::Data)),
            _ => {}
        }
        let command = parse::command(line, self.config.leniency).map_err(replies::to_error)?;
        match command {
            Command::Mail(mail) => {
                self.judge_mail(&mail)?;
                self.pending = Transaction {
                    smtp_utf8: mail.params.smtp_utf8,
                    body: mail.params.body.unwrap_or_default(),
                    ..Transaction::default()
                };
                Ok((Asked::Mail, Event::Mail(mail)))
            }
            Command::Rcpt(rcpt) => {
                self.judge_rcpt(&rcpt).map(|()| (Asked::Rcpt, Event::Rcpt(rcpt)))
            }
            Command::Vrfy(text) => Ok((Asked::Plain, self.verify(text, false))),
            Command::Expn(text) => Ok((Asked::Plain, self.verify(text, true))),
            Command::Burl { url, last } => self.judge_burl(url, last),
            Command::Etrn(node) if self.config.offer.etrn => {
                Ok((Asked::Plain, Event::Etrn { node }))
            }
            Command::Etrn(_) => Err(replies::no_etrn()),
            Command::Xclient(_) if self.transaction.is_some() => Err(replies::mail_underway()),
            Command::Xclient(attributes) => {
                let Some(offered) = &self.config.offer.xclient else {
                    return Err(replies::no_xclient());
                };
                let known = offered.split(' ').any(|name| name.eq_ignore_ascii_case("LOGIN"));
                let login = attributes.value("LOGIN").filter(|_| known);
                // `[UNAVAILABLE]` and `[TEMPUNAVAIL]` are no names.
                let login = login.filter(|name| !name.as_str().starts_with('['));
                let login = login.map(|name| name.decode().into_owned());
                self.pending_user = login.filter(|name| !name.is_empty());
                Ok((Asked::Xclient, Event::Xclient(attributes)))
            }
            Command::Xforward(attributes) if self.config.offer.xforward.is_some() => {
                Ok((Asked::Plain, Event::Xforward(attributes)))
            }
            Command::Xforward(_) => Err(replies::no_xclient()),
            _ => Err(replies::unknown_command()),
        }
    }

    /// RFC 6531 §3.7.4.2: where SMTPUTF8 is offered it may follow what is asked for.
    fn verify<'a>(&self, text: &'a str, expand: bool) -> Event<'a> {
        match text.rsplit_once(' ') {
            Some((text, last))
                if self.config.offer.smtp_utf8 && last.eq_ignore_ascii_case("SMTPUTF8") =>
            {
                Event::Verify { text: text.trim_end(), expand, smtp_utf8: true }
            }
            _ => Event::Verify { text, expand, smtp_utf8: false },
        }
    }

    pub(super) fn hello_first(&self) -> Reply {
        match self.config.role {
            Role::Lmtp => replies::lhlo_first(),
            Role::Relay | Role::Submission => replies::hello_first(),
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
        if self.config.limits.mails.is_some_and(|most| self.mails() >= most) {
            return Err(replies::too_many_mails());
        }
        self.judge_mail_params(&mail.params)?;
        let ascii = mail.from.mailbox().is_none_or(Mailbox::is_ascii);
        if ascii || mail.params.smtp_utf8 { Ok(()) } else { Err(replies::utf8_address()) }
    }

    fn judge_rcpt(&self, rcpt: &Rcpt<'_>) -> Result<(), Reply> {
        let Some(transaction) = &self.transaction else { return Err(replies::no_mail()) };
        if transaction.reception.is_some() {
            return Err(replies::data_after_bdat());
        }
        if transaction.recipients >= self.config.limits.recipients {
            return Err(replies::too_many_recipients());
        }
        self.judge_rcpt_params(&rcpt.params)?;
        // RFC 6533 §3: an original recipient beyond ASCII is written in xtext without SMTPUTF8.
        let orcpt = rcpt.params.orcpt.as_ref();
        let ascii = rcpt.to.mailbox().is_none_or(Mailbox::is_ascii)
            && orcpt.is_none_or(|orcpt| orcpt.address().as_str().is_ascii());
        if ascii || transaction.smtp_utf8 { Ok(()) } else { Err(replies::utf8_address()) }
    }

    fn judge_data(&self) -> Result<(), Reply> {
        self.judge_recipients()?;
        match &self.transaction {
            Some(transaction) if transaction.reception.is_some() => Err(replies::data_after_bdat()),
            Some(transaction) if transaction.body == Body::BinaryMime => {
                Err(replies::binary_by_data())
            }
            _ => Ok(()),
        }
    }

    /// Whether there is anybody to send a message to.
    pub(super) fn judge_recipients(&self) -> Result<(), Reply> {
        match &self.transaction {
            None => Err(replies::no_mail()),
            Some(transaction) if transaction.recipients > 0 => Ok(()),
            // RFC 2033 §4.2 has 503 there.
            Some(transaction) if transaction.refused > 0 && self.config.role != Role::Lmtp => {
                Err(replies::no_valid_recipients())
            }
            Some(_) => Err(replies::no_recipients()),
        }
    }

    /// EHLO and HELO: also the end of a message underway (RFC 5321 §4.1.4).
    pub(super) fn hello(&mut self, verb: Verb, rest: &[u8]) {
        // RFC 2033 §4.1: LHLO takes the place of both.
        match (self.config.role, verb) {
            (Role::Lmtp, Verb::Lhlo) => {}
            (Role::Lmtp, _) => return self.reject(replies::use_lhlo()),
            (_, Verb::Lhlo) => return self.reject(replies::use_ehlo()),
            _ => {}
        }
        let extended = verb != Verb::Helo;
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

    pub(super) fn rset(&mut self) {
        self.say(&replies::ok());
        self.void();
    }

    /// Forgets the message underway.
    fn void(&mut self) {
        self.mail_refused = false;
        self.chunks_void = None;
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
