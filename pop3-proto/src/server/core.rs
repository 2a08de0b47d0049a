use alloc::{
    string::{String, ToString},
    sync::Arc,
};

use core::fmt::Display;

use bytes::Bytes;
use mailwire::{
    Close, Instant, Misuse, RecvBuf, SendBuf, Step,
    frame::{DataEncoder, Line, LineFramer, speaks_other, strip_eol},
    sasl::ChannelBinding,
};

use super::{Config, Event, Expire, Language, LoginDelay, login::Login, maildrop::Maildrop};
use crate::{
    Code, CommandError, Scan, Status, UniqueId, parse,
    print::{self, Charset, line},
    top::Top,
};

/// Longest timestamp, so that the greeting fits in its 512 octets (RFC 2449 §3).
const TIMESTAMP: usize = 250;

/// Everything of a session but the octets not yet read.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Arc<Config>,
    pub(super) tls: bool,
    pub(super) binding: ChannelBinding,
    pub(super) out: SendBuf,
    pub(super) state: State,
    /// An event that was announced and not yet taken.
    pub(super) pending: Option<Pending>,
    /// The name that USER gave, for the PASS that must follow at once.
    pub(super) user: Option<String>,
    /// The claim under judgement.
    pub(super) login: Option<Login>,
    /// The maildrop; there is one in the TRANSACTION state, and none before.
    pub(super) maildrop: Option<Maildrop>,
    /// UTF-8 mode (RFC 6856 §2.1).
    pub(super) utf8: bool,
    /// The place of the language in the configuration, and whether the client has chosen it.
    pub(super) language: usize,
    pub(super) language_chosen: bool,
    /// The timestamp in the greeting, if APOP is offered.
    pub(super) timestamp: Option<String>,
    /// What holds for this user.
    pub(super) own_expire: Option<Expire>,
    pub(super) own_login_delay: Option<LoginDelay>,
    pub(super) wrong_passwords: u32,
    pub(super) closed: Option<Close>,
    pub(super) eof: bool,
    pub(super) shutdown: bool,
    bad_commands: u32,
    lines: LineFramer,
    /// Whether nothing came over this transport yet.
    fresh: bool,
    wait: Wait,
    /// Octets of the greeting.
    greeting: usize,
    tls_started: bool,
}

/// What the session is about to do.
#[derive(Debug)]
pub(super) enum State {
    /// Read a command.
    Command,
    /// Read a line of a SASL exchange.
    Response,
    /// Wait for the host's word on a claim.
    Verdict,
    /// Wait for the maildrop.
    Open,
    /// Wait for octets of a message.
    Body(Body),
    /// Write a listing, from this index on.
    Listing(Listing, usize),
    /// Wait for the host to remove messages.
    Update,
    /// Hold the answer to a wrong password back until then.
    Hold(Option<Instant>),
    /// Wait until all is sent, then for the new transport.
    Upgrade,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) index: usize,
    pub(super) top: Option<Top>,
    pub(super) encoder: DataEncoder,
    pub(super) started: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Listing {
    Sizes,
    UniqueIds,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Pending {
    Login,
    Open,
    Retr(usize),
    Top(usize, u64),
    Update,
    Rejected(CommandError),
}

/// Since when the session waits for the client.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    since: Option<Instant>,
    line_since: Option<Instant>,
}

impl Core {
    pub(super) fn new(config: Arc<Config>, tls: bool) -> Self {
        let mut core = Self {
            lines: LineFramer::new(config.limits.line),
            config,
            tls,
            binding: ChannelBinding::default(),
            out: SendBuf::new(),
            state: State::Command,
            pending: None,
            user: None,
            login: None,
            maildrop: None,
            utf8: false,
            language: 0,
            language_chosen: false,
            timestamp: None,
            own_expire: None,
            own_login_delay: None,
            bad_commands: 0,
            wrong_passwords: 0,
            closed: None,
            eof: false,
            shutdown: false,
            fresh: true,
            wait: Wait::default(),
            greeting: 0,
            tls_started: false,
        };
        core.greet("");
        core
    }

    /// RFC 1939 §4: any positive response, with the timestamp for APOP (§7).
    fn greet(&mut self, timestamp: &str) {
        let text = [self.config.name.as_str(), " ready", timestamp].concat();
        line(&mut self.out, Status::Ok, None, &text, Charset::Ascii);
        self.greeting = self.out.len();
    }

    pub(super) fn offer_apop(&mut self, timestamp: String) -> Result<(), Misuse> {
        let untouched = self.fresh && !self.tls_started && self.out.len() == self.greeting;
        if !untouched || self.closed.is_some() {
            return Err(Misuse::new("offer_apop: the greeting has left"));
        }
        if !parse::is_message_id(&timestamp) || timestamp.len() > TIMESTAMP {
            return Err(Misuse::new("offer_apop: a timestamp is a short message-id"));
        }
        self.out = SendBuf::new();
        self.greet(&[" ", timestamp.as_str()].concat());
        self.timestamp = Some(timestamp);
        Ok(())
    }

    pub(super) fn poll(&mut self, recv: &mut RecvBuf, now: Instant) -> Step {
        loop {
            if self.closed.is_some() {
                recv.close();
                return Step::Closed;
            }
            if self.pending.is_some() {
                return Step::Event;
            }
            if self.out.len() >= self.config.limits.output.max(1) {
                return Step::NeedFlush;
            }
            match self.state {
                State::Command | State::Response | State::Hold(_) if self.shutdown => {
                    self.err(Some(Code::SysTemp), "server is shutting down, try again later", &[]);
                    self.close(Close::Shutdown);
                }
                State::Command | State::Response => {
                    if let Some(step) = self.read(recv, now) {
                        return step;
                    }
                }
                State::Listing(kind, index) => self.list(kind, index),
                State::Hold(until) => {
                    if let Some(step) = self.hold(recv, until, now) {
                        return step;
                    }
                }
                State::Verdict | State::Open | State::Body(_) | State::Update => {
                    return Step::YourTurn;
                }
                State::Upgrade => {
                    recv.close();
                    let sent = self.out.is_empty();
                    return if sent { Step::Upgrade } else { Step::NeedFlush };
                }
            }
        }
    }

    pub(super) fn event(&mut self) -> Event<'_> {
        let entry = |index| self.maildrop.as_ref().and_then(|maildrop| maildrop.get(index));
        match self.pending.take() {
            None => Event::None,
            Some(Pending::Login) => self
                .login
                .as_ref()
                .and_then(Login::claim)
                .map_or(Event::None, |claim| Event::Login { claim }),
            Some(Pending::Open) => Event::Open {
                username: self.login.as_ref().map(Login::username).unwrap_or_default(),
            },
            Some(Pending::Retr(index)) => {
                entry(index).map_or(Event::None, |entry| Event::Retr { index, entry })
            }
            Some(Pending::Top(index, lines)) => {
                entry(index).map_or(Event::None, |entry| Event::Top { index, entry, lines })
            }
            Some(Pending::Update) => self
                .maildrop
                .as_ref()
                .map_or(Event::None, |maildrop| Event::Update { deleted: maildrop.deleted() }),
            Some(Pending::Rejected(why)) => Event::Rejected(why),
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            _ if self.closed.is_some() => None,
            State::Command | State::Response => {
                let timeouts = &self.config.timeouts;
                let idle = self.wait.since.map(|at| at + timeouts.idle);
                let line = self.wait.line_since.map(|at| at + timeouts.command);
                idle.into_iter().chain(line).min()
            }
            State::Hold(until) => until,
            _ => None,
        }
    }

    /// What came early is handed out unread, and all that was said before is forgotten: nothing
    /// that was sent in the clear counts under TLS (RFC 2595 §4).
    pub(super) fn upgrade(&mut self, recv: &mut RecvBuf) -> Bytes {
        if !matches!(self.state, State::Upgrade) || !self.out.is_empty() || self.closed.is_some() {
            return Bytes::new();
        }
        let early = recv.take(recv.len());
        recv.open();
        self.tls = true;
        self.tls_started = true;
        self.binding = ChannelBinding::default();
        self.user = None;
        self.login = None;
        // What was said in the clear counts for nothing (RFC 2595 §4).
        (self.language, self.language_chosen) = (0, false);
        self.state = State::Command;
        self.fresh = true;
        self.wait = Wait::default();
        early
    }

    /// Reads one line, if there is one.
    fn read(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        if self.fresh {
            match speaks_other(recv.unread()) {
                Some(true) => {
                    self.close(Close::WrongProtocol);
                    return None;
                }
                Some(false) => self.fresh = false,
                None => return self.need_input(recv, now),
            }
        }
        let in_exchange = matches!(self.state, State::Response);
        let limits = &self.config.limits;
        self.lines.set_limit(if in_exchange { limits.sasl_line } else { limits.line });
        match self.lines.find(recv) {
            Line::Partial => return self.need_input(recv, now),
            Line::TooLong if in_exchange => self.sasl_too_long(),
            Line::TooLong => self.reject(CommandError::TooLong),
            Line::Complete { len, .. } => {
                let taken = recv.take(len);
                let line = strip_eol(&taken);
                if in_exchange {
                    self.sasl_response(line);
                } else {
                    match parse::command(line) {
                        Ok(command) => self.command(&command),
                        Err(why) => self.reject(why),
                    }
                }
            }
        }
        self.wait = Wait::default();
        None
    }

    fn need_input(&mut self, recv: &RecvBuf, now: Instant) -> Option<Step> {
        if self.eof {
            // RFC 1939 §6: without QUIT nothing is removed.
            self.close(Close::Eof);
            return None;
        }
        self.wait.since.get_or_insert(now);
        if !recv.is_empty() || self.lines.is_skipping() {
            self.wait.line_since.get_or_insert(now);
        }
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            // RFC 1939 §3: without sending any response, and without the UPDATE state.
            self.close(Close::Timeout);
            return None;
        }
        Some(Step::NeedInput)
    }

    /// Writes lines of a listing, until it ends or enough waits to be sent.
    fn list(&mut self, kind: Listing, mut index: usize) {
        while self.out.len() < self.config.limits.output.max(1) {
            let maildrop = self.maildrop.as_ref();
            let Some((at, entry)) = maildrop.and_then(|maildrop| maildrop.next_live(index)) else {
                self.out.put(b".\r\n");
                self.state = State::Command;
                return;
            };
            index = at + 1;
            let message = u32::try_from(index).unwrap_or(u32::MAX);
            match kind {
                Listing::Sizes => print::scan(Scan::new(message, entry.octets()), &mut self.out),
                Listing::UniqueIds => {
                    print::unique_id(UniqueId::new(message, entry.uidl()), &mut self.out);
                }
            }
        }
        self.state = State::Listing(kind, index);
    }

    /// Answers a line that is no valid command here, and counts it.
    pub(super) fn reject(&mut self, why: CommandError) {
        self.bad_commands = self.bad_commands.saturating_add(1);
        self.pending = Some(Pending::Rejected(why));
        if self.bad_commands > self.config.limits.bad_commands {
            self.err(None, "too many bad commands", &[]);
            return self.close(Close::TooManyErrors);
        }
        match why {
            CommandError::Syntax(form) => self.err(None, "syntax: {}", &[&form]),
            // RFC 3206 §5: a log-in in violation of policy.
            CommandError::Insecure(text) => self.err(Some(Code::Auth), text, &[]),
            why => self.err(None, &why.to_string(), &[]),
        }
    }

    pub(super) fn ok(&mut self, text: &str, with: &[&dyn Display]) {
        self.say(Status::Ok, None, text, with);
    }

    pub(super) fn err(&mut self, code: Option<Code<'_>>, text: &str, with: &[&dyn Display]) {
        self.say(Status::Err, code, text, with);
    }

    /// Says an English text in the client's language.
    fn say(&mut self, status: Status, code: Option<Code<'_>>, text: &str, with: &[&dyn Display]) {
        // RFC 6856 §2.1 and §3.2: until the client has asked for it, text is ASCII.
        let utf8 = self.utf8 || self.language_chosen;
        let charset = if utf8 { Charset::Utf8 } else { Charset::Ascii };
        let english;
        let language = match self.config.languages.get(self.language) {
            Some(language) => language,
            None => {
                english = Language::english();
                &english
            }
        };
        line(&mut self.out, status, code, &language.say(text, with), charset);
    }

    pub(super) fn close(&mut self, why: Close) {
        self.closed.get_or_insert(why);
    }
}
