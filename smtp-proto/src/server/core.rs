use alloc::{string::String, sync::Arc};

use bytes::Bytes;
use mailwire::{
    Close, Instant, Misuse, RecvBuf, SendBuf, Step,
    frame::{Line, LineFramer, speaks_other, strip_eol},
    sasl::{ChannelBinding, server::Exchange},
};

use super::{Config, Reset, Role, bdat::Chunk, data::Reception, replies};
use crate::{Body, CommandError, Reply, Verb, parse};

/// Everything of a session but its receive buffer, so that events can borrow from both.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Arc<Config>,
    pub(super) state: State,
    pub(super) announced: Announced,
    /// Octets at the start of the receive buffer that the last event lent.
    pub(super) spent: usize,
    pub(super) out: SendBuf,
    pub(super) closed: Option<Close>,
    pub(super) eof: bool,
    pub(super) tls: bool,
    pub(super) binding: ChannelBinding,
    pub(super) hello: Option<Hello>,
    pub(super) user: Option<String>,
    pub(super) transaction: Option<Transaction>,
    /// The message that begins if the host accepts MAIL.
    pub(super) pending: Transaction,
    /// The user if the host accepts XCLIENT.
    pub(super) pending_user: Option<String>,
    /// The last MAIL was refused, and nothing has begun since.
    pub(super) mail_refused: bool,
    /// A message to so many recipients was void before its last chunk, and nothing has begun since.
    pub(super) chunks_void: Option<usize>,
    /// The first BDAT of a message, about which the host is asked: size, and whether it is the
    /// last, too.
    pub(super) chunk_asked: Option<(u64, bool)>,
    lines: LineFramer,
    /// The line that comes in begins with BDAT.
    is_bdat: bool,
    bad_commands: u32,
    mails: u32,
    pub(super) auth_failures: u32,
    shutting_down: bool,
    greeting: Greeting,
    /// The reply that took the place of the greeting.
    turned_away: Option<Reply>,
    /// Whether the first octets of this transport have been looked at.
    recognised: bool,
    pub(super) clock: Clock,
}

#[derive(Debug)]
pub(super) enum State {
    /// Between commands.
    Command,
    /// The host has to answer.
    Answer(Asked),
    /// In the middle of AUTH: the client's next line is its response.
    AuthResponse(Exchange),
    /// The host has to judge a claim.
    AuthClaim(Exchange),
    /// The answer to a wrong password is held back until then.
    AuthHeld(Option<Instant>),
    /// The message comes in by DATA.
    Data(Reception),
    /// A chunk of it comes in by BDAT.
    Chunk(Chunk),
    /// STARTTLS was accepted.
    Upgrade,
}

/// How far the greeting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// Held back; whether the client has spoken meanwhile was not told yet.
    Held(Option<Instant>),
    /// The same, told.
    HeldAfterTalk(Option<Instant>),
    Said,
}

/// What the host was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Mail,
    Rcpt,
    Data,
    Message,
    Burl {
        last: bool,
    },
    Xclient,
    /// Anything that changes nothing: VRFY, EXPN, ETRN, XFORWARD.
    Plain,
}

/// What `event` will report.
#[derive(Debug, Default)]
pub(super) enum Announced {
    #[default]
    Nothing,
    /// A command whose arguments are not looked at yet: verb, and length of the line.
    Line(Verb, usize),
    /// Payload: the first `lent` of the next `len` octets.
    Chunk {
        lent: usize,
        len: usize,
    },
    Crlf(usize),
    Auth,
    Message(u64),
    Reset(Reset),
    Rejected(Reply),
    EarlyTalk,
}

#[derive(Debug)]
pub(super) struct Hello {
    pub(super) name: String,
    pub(super) extended: bool,
}

#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) recipients: usize,
    pub(super) refused: usize,
    /// Recipients whose answer to the message was given (LMTP).
    pub(super) answered: usize,
    /// SMTPUTF8 was declared.
    pub(super) smtp_utf8: bool,
    pub(super) body: Body,
    /// What has come by BDAT.
    pub(super) reception: Option<Reception>,
}

/// The two clocks: since the last octet, and since the first octet of what is being received.
#[derive(Debug)]
pub(super) struct Clock {
    seen: u64,
    last_octet: Instant,
    unit_began: Option<Instant>,
    /// The client was held back until now: its time starts at the next look.
    restart: bool,
}

impl Core {
    pub(super) fn new(config: Arc<Config>, tls: bool) -> Self {
        Self {
            lines: LineFramer::new(config.limits.line),
            is_bdat: false,
            tls,
            binding: ChannelBinding::default(),
            config,
            state: State::Command,
            announced: Announced::Nothing,
            spent: 0,
            out: SendBuf::new(),
            closed: None,
            eof: false,
            hello: None,
            user: None,
            transaction: None,
            mail_refused: false,
            chunks_void: None,
            pending: Transaction::default(),
            pending_user: None,
            chunk_asked: None,
            bad_commands: 0,
            mails: 0,
            auth_failures: 0,
            shutting_down: false,
            greeting: Greeting::Held(None),
            turned_away: None,
            recognised: false,
            clock: Clock::default(),
        }
    }

    pub(super) fn poll(&mut self, recv: &mut RecvBuf, now: Instant) -> Step {
        if !matches!(self.announced, Announced::Nothing) {
            return Step::Event;
        }
        recv.consume(core::mem::take(&mut self.spent));
        self.clock.look(recv, now);
        loop {
            if self.closed.is_some() {
                return self.finish(recv);
            }
            if self.out.len() > self.config.limits.output {
                return Step::NeedFlush;
            }
            let stuck = match &mut self.state {
                _ if self.greeting != Greeting::Said => self.greet(recv, now),
                State::Answer(_) | State::AuthClaim(_) => return Step::YourTurn,
                State::Upgrade if self.out.is_empty() => return Step::Upgrade,
                State::Upgrade => return Step::NeedFlush,
                State::AuthHeld(_) => self.held(recv, now),
                State::Data(_) => self.data(recv, now),
                State::Chunk(_) => self.chunk(recv, now),
                State::Command | State::AuthResponse(_) => self.line(recv, now),
            };
            if !matches!(self.announced, Announced::Nothing) {
                return Step::Event;
            }
            if stuck {
                if self.eof {
                    self.close(Close::Eof);
                } else if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.say(&replies::timed_out());
                    self.close(Close::Timeout);
                } else {
                    return Step::NeedInput;
                }
            }
        }
    }

    /// The session is closed: a message underway is void first.
    fn finish(&mut self, recv: &mut RecvBuf) -> Step {
        let held = recv.len();
        recv.consume(held);
        recv.close();
        if self.transaction.take().is_some() {
            self.announced = Announced::Reset(Reset::Closed);
            return Step::Event;
        }
        Step::Closed
    }

    /// Greets, now or once it is time. Returns whether to wait.
    fn greet(&mut self, recv: &RecvBuf, now: Instant) -> bool {
        let (Greeting::Held(until) | Greeting::HeldAfterTalk(until)) = self.greeting else {
            return false;
        };
        let until = until.unwrap_or(now + self.config.greeting_delay);
        let waits = !self.config.greeting_delay.is_zero();
        if waits && matches!(self.greeting, Greeting::Held(_)) && !recv.is_empty() {
            self.greeting = Greeting::HeldAfterTalk(Some(until));
            self.announced = Announced::EarlyTalk;
            return false;
        }
        // RFC 5321 §3.8: 421 may take the place of the greeting.
        if self.shutting_down {
            self.turned_away = Some(replies::shutting_down());
        }
        // A client that fills the buffer before it is greeted is greeted at once.
        if now < until && recv.room() > 0 && self.turned_away.is_none() {
            if matches!(self.greeting, Greeting::Held(_)) {
                self.greeting = Greeting::Held(Some(until));
            }
            return true;
        }
        self.greeting = Greeting::Said;
        self.clock.last_octet = now; // the client's time begins
        let protocol = if self.config.role == Role::Lmtp { "LMTP" } else { "ESMTP" };
        let text = alloc::format!("{} {protocol} ready", self.config.hostname);
        let greeting = self.turned_away.clone().unwrap_or_else(|| Reply::new(220, text));
        self.say(&greeting);
        if greeting.code() == 421 {
            self.close(Close::Shutdown);
        }
        false
    }

    pub(super) fn turn_away(&mut self, reply: Reply) -> Result<(), Misuse> {
        if self.greeting == Greeting::Said || reply.code() < 400 {
            return Err(Misuse::new("turn_away: a negative reply, before the greeting"));
        }
        self.turned_away = Some(reply);
        Ok(())
    }

    /// Takes one line, if there is one. Returns whether more input is needed.
    fn line(&mut self, recv: &mut RecvBuf, now: Instant) -> bool {
        if self.shutting_down && self.transaction.is_none() {
            self.say(&replies::shutting_down());
            self.close(Close::Shutdown);
            return false;
        }
        if !self.recognised {
            match speaks_other(recv.unread()) {
                Some(true) => {
                    self.close(Close::WrongProtocol);
                    return false;
                }
                Some(false) => self.recognised = true,
                None => {
                    self.clock.begin_unit(!recv.is_empty(), now);
                    return true;
                }
            }
        }
        let authenticating = matches!(self.state, State::AuthResponse(_));
        let limits = &self.config.limits;
        self.lines.set_limit(if authenticating { limits.auth_line } else { limits.line });
        if !self.lines.is_skipping() {
            self.is_bdat = !authenticating && is_bdat(recv.unread());
        }
        let (len, crlf) = match self.lines.find(recv) {
            Line::Partial => {
                self.clock.begin_unit(!recv.is_empty() || self.lines.is_skipping(), now);
                return true;
            }
            Line::TooLong => {
                self.clock.end_unit();
                if authenticating {
                    self.state = State::Command;
                    self.reject(replies::auth_line_too_long());
                } else {
                    self.reject(replies::line_too_long());
                    self.unread_bdat();
                }
                return false;
            }
            Line::Complete { len, crlf } => (len, crlf),
        };
        self.clock.end_unit();
        let line = strip_eol(recv.unread().get(..len).unwrap_or_default());
        if !crlf {
            self.spent = len;
            self.state = State::Command;
            self.reject(replies::bare_line_end());
            self.unread_bdat();
        } else if authenticating {
            self.spent = len;
            self.auth_response(line);
        } else {
            match parse::verb(line) {
                Ok((verb, rest)) => self.dispatch(verb, rest, len),
                Err(error) => {
                    self.spent = len;
                    self.reject(replies::to_error(error));
                    if error == CommandError::BadOctets {
                        self.unread_bdat();
                    }
                }
            }
        }
        // A lent line is consumed after its event, any other now.
        if matches!(self.announced, Announced::Nothing) {
            recv.consume(core::mem::take(&mut self.spent));
        }
        if matches!(self.state, State::Upgrade) {
            recv.close();
        }
        false
    }

    /// The line was refused for its form. If it was BDAT, octets follow that are no commands, and
    /// nobody knows how many.
    fn unread_bdat(&mut self) {
        if self.is_bdat {
            self.close(Close::Protocol);
        }
    }

    /// Answers or announces a command.
    fn dispatch(&mut self, verb: Verb, rest: &[u8], len: usize) {
        self.spent = len;
        let bare = rest.trim_ascii().is_empty();
        match verb {
            Verb::Bdat => self.bdat(rest, len),
            Verb::Quit if bare => {
                self.say(&replies::bye());
                self.close(Close::Done);
            }
            _ if self.turned_away.is_some() => self.reject(replies::turned_away()),
            Verb::Mail
            | Verb::Rcpt
            | Verb::Vrfy
            | Verb::Expn
            | Verb::Burl
            | Verb::Etrn
            | Verb::Xclient
            | Verb::Xforward => {
                self.spent = 0;
                self.announced = Announced::Line(verb, len);
            }
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => self.hello(verb, rest),
            Verb::Noop => self.say(&replies::ok()),
            Verb::Help => self.say(&replies::help()),
            Verb::Auth => self.auth(rest),
            Verb::Data | Verb::Rset | Verb::StartTls if !bare => {
                self.reject(replies::to_error(CommandError::Arguments));
            }
            Verb::Data => {
                self.spent = 0;
                self.announced = Announced::Line(verb, len);
            }
            Verb::Rset => self.rset(),
            Verb::StartTls => self.starttls(),
            Verb::Quit => self.reject(replies::to_error(CommandError::Arguments)),
        }
    }

    /// Refuses a command. Ends the session if there were too many of the wrong form or in the
    /// wrong place: RFC 5321 §4.2.1 has x0z for these. A message too large or a recipient too many
    /// is no reason.
    pub(super) fn reject(&mut self, reply: Reply) {
        self.say(&reply);
        let bad = reply.code() % 100 < 10;
        self.announced = Announced::Rejected(reply);
        self.bad_commands = self.bad_commands.saturating_add(u32::from(bad));
        if self.bad_commands >= self.config.limits.bad_commands {
            self.say(&replies::too_many_errors());
            self.close(Close::TooManyErrors);
        }
    }

    pub(super) fn say(&mut self, reply: &Reply) {
        reply.write(&mut self.out);
    }

    pub(super) fn close(&mut self, why: Close) {
        self.closed.get_or_insert(why);
    }

    pub(super) fn reply(&mut self, reply: Reply) -> Result<(), Misuse> {
        let State::Answer(asked) = self.state else {
            return Err(Misuse::new("reply: no event waits for a reply"));
        };
        if !matches!(self.announced, Announced::Nothing) {
            return Err(Misuse::new("reply: take the event first"));
        }
        if reply.is_intermediate() != (asked == Asked::Data && reply.code() < 400) {
            return Err(Misuse::new("reply: 354 answers DATA, 2xx everything else"));
        }
        self.host_moved();
        self.state = State::Command;
        let code = reply.code();
        let accepted = code < 400;
        // The answer to BDAT comes after its octets.
        match (asked, self.chunk_asked.take()) {
            (Asked::Data, Some((size, last))) if code != 421 => {
                self.bdat_answered(size, last, reply);
            }
            _ => {
                self.say(&reply);
                self.answered(asked, accepted);
            }
        }
        if code == 421 {
            if asked == Asked::Message {
                // The host has had its say on the message: what it stored stays stored.
                self.transaction = None;
            }
            self.close(Close::Shutdown);
        }
        Ok(())
    }

    /// What follows from the host's answer.
    fn answered(&mut self, asked: Asked, accepted: bool) {
        match asked {
            Asked::Mail => {
                self.mail_refused = !accepted;
                if accepted {
                    self.chunks_void = None;
                    self.mails = self.mails.saturating_add(1);
                    self.transaction = Some(core::mem::take(&mut self.pending));
                }
            }
            Asked::Rcpt => {
                if let Some(transaction) = &mut self.transaction {
                    let count = if accepted {
                        &mut transaction.recipients
                    } else {
                        &mut transaction.refused
                    };
                    *count += 1;
                }
            }
            Asked::Data if accepted => self.begin_data(),
            Asked::Message => self.message_answered(),
            Asked::Burl { last } => self.burl_answered(last, accepted),
            Asked::Xclient if accepted => {
                // It is as if the client had just connected.
                self.hello = None;
                self.user = self.pending_user.take();
                self.transaction = None;
                self.mail_refused = false;
                self.chunks_void = None;
            }
            Asked::Data | Asked::Xclient | Asked::Plain => {}
        }
    }

    /// RFC 2033 §4.2: under LMTP each recipient gets an answer.
    fn message_answered(&mut self) {
        if let Some(transaction) = &mut self.transaction {
            transaction.answered += 1;
            if self.config.role == Role::Lmtp && transaction.answered < transaction.recipients {
                self.state = State::Answer(Asked::Message);
                return;
            }
        }
        self.transaction = None;
    }

    pub(super) const fn mails(&self) -> u32 {
        self.mails
    }

    pub(super) fn shutdown(&mut self) {
        self.shutting_down = true;
    }

    pub(super) fn upgrade(&mut self, recv: &mut RecvBuf) -> Bytes {
        let due = matches!(self.state, State::Upgrade)
            && matches!(self.announced, Announced::Nothing)
            && self.out.is_empty();
        if !due {
            return Bytes::new();
        }
        recv.consume(core::mem::take(&mut self.spent));
        let held = recv.len();
        let early = recv.take(held);
        recv.open();
        // RFC 3207 §4.2: nothing that was said before counts.
        self.state = State::Command;
        self.tls = true;
        self.binding = ChannelBinding::default();
        self.hello = None;
        self.user = None;
        self.recognised = true;
        self.clock.restart = true;
        early
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let Clock { last_octet, unit_began, .. } = self.clock;
        let timeouts = &self.config.timeouts;
        if self.closed.is_some() {
            return None;
        }
        if let Greeting::Held(until) | Greeting::HeldAfterTalk(until) = self.greeting {
            return until;
        }
        let unit = match &self.state {
            State::Answer(_) | State::AuthClaim(_) => return None,
            State::AuthHeld(until) => return *until,
            State::Data(_) | State::Chunk(_) => timeouts.message,
            _ => timeouts.command,
        };
        let idle = last_octet + timeouts.idle;
        Some(unit_began.map_or(idle, |began| idle.min(began + unit)))
    }

    /// The host moved: the client's time begins now.
    pub(super) const fn host_moved(&mut self) {
        self.clock.restart = true;
    }

    pub(super) const fn begin_unit(&mut self, now: Instant) {
        self.clock.begin_unit(true, now);
    }

    pub(super) const fn end_unit(&mut self) {
        self.clock.end_unit();
    }

    pub(super) fn client_name(&self) -> Option<&str> {
        self.hello.as_ref().map(|hello| hello.name.as_str())
    }

    pub(super) const fn is_extended(&self) -> bool {
        matches!(&self.hello, Some(hello) if hello.extended)
    }

    pub(super) const fn is_tls(&self) -> bool {
        self.tls
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

fn is_bdat(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"BDAT"))
}

/// At rest: it starts with the first poll.
impl Default for Clock {
    fn default() -> Self {
        Self { seen: 0, last_octet: Instant::default(), unit_began: None, restart: true }
    }
}

impl Clock {
    fn look(&mut self, recv: &RecvBuf, now: Instant) {
        if core::mem::take(&mut self.restart) || recv.total() != self.seen {
            self.seen = recv.total();
            self.last_octet = now;
        }
    }

    pub(super) const fn begin_unit(&mut self, begun: bool, now: Instant) {
        if !begun {
            self.unit_began = None;
        } else if self.unit_began.is_none() {
            self.unit_began = Some(now);
        }
    }

    const fn end_unit(&mut self) {
        self.unit_began = None;
    }
}
