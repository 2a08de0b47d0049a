use alloc::{borrow::Cow, collections::VecDeque, string::String};
use core::ops::Range;

use bytes::Bytes;
use mailwire::{
    Close, Instant, RecvBuf, SendBuf, Step,
    frame::{DataDecoder, LineFramer, strip_eol},
};

use super::{Config, Event, Failure, Outcome, Request, queue::Job};
use crate::{Capabilities, Scan, Stat, UniqueId, parse, top::Top};

/// Everything of a session but the octets not yet read.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    pub(super) tls: bool,
    pub(super) out: SendBuf,
    /// Commands not yet sent.
    pub(super) waiting: VecDeque<Job>,
    /// Commands sent and not yet answered; the first is the one whose answer comes.
    pub(super) sent: VecDeque<Job>,
    pub(super) stage: Stage,
    pub(super) pending: Option<Pending>,
    /// Octets at the start of the buffer that the last event lent.
    pub(super) lent: usize,
    pub(super) capabilities: Option<Capabilities>,
    /// For APOP, from the greeting.
    pub(super) timestamp: Option<String>,
    /// UTF8 was given: STLS may not follow.
    pub(super) utf8_given: bool,
    pub(super) lines: LineFramer,
    /// QUIT was given: nothing may follow.
    pub(super) quitting: bool,
    /// The session ends once the last event was taken.
    pub(super) closing: Option<Close>,
    pub(super) closed: Option<Close>,
    pub(super) eof: bool,
    wait: Option<Wait>,
}

/// What of the server is read next.
#[derive(Debug)]
pub(super) enum Stage {
    Greeting,
    /// The first line of an answer, or a challenge.
    Line,
    /// The answer to PASS.
    Pass,
    Listing {
        malformed: u64,
    },
    Capabilities(Capabilities),
    Body {
        decoder: DataDecoder,
        octets: u64,
        /// What of it was asked for, when RETR stands in for TOP.
        top: Option<Top>,
    },
    /// Nothing: the transport is to be replaced.
    Upgrade,
}

/// An event that was announced. What it lends stands at the start of the buffer.
#[derive(Debug)]
pub(super) enum Pending {
    Greeting,
    Scan(Scan),
    /// The number, and where the unique id stands.
    UniqueId(u32, Range<usize>),
    Language,
    /// So many of the octets that are lent.
    Body(usize),
    Crlf,
    Done(Done),
    /// `None`: the reason stands in the line.
    Failed(Request, Option<Failure<'static>>),
}

#[derive(Debug)]
pub(super) enum Done {
    Capabilities,
    StartTls,
    LoggedIn,
    Utf8,
    Language,
    Languages { malformed: u64 },
    Stat(Stat),
    List { malformed: u64 },
    Scan(Scan),
    Uidl { malformed: u64 },
    UniqueId(u32, Range<usize>),
    Retr { message: u32, octets: u64 },
    Top { message: u32, octets: u64 },
    Dele(u32),
    Noop,
    Rset,
    Quit,
}

/// For what the server is waited, since when, and what had come by then.
#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Instant,
    total: u64,
}

impl Core {
    pub(super) fn new(config: Config, tls: bool) -> Self {
        Self {
            lines: LineFramer::new(config.limits.line),
            config,
            tls,
            out: SendBuf::new(),
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            stage: Stage::Greeting,
            pending: None,
            lent: 0,
            capabilities: None,
            timestamp: None,
            utf8_given: false,
            quitting: false,
            closing: None,
            closed: None,
            eof: false,
            wait: None,
        }
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
            recv.consume(core::mem::take(&mut self.lent));
            if self.closing.is_some() {
                self.closed = self.closing;
                continue;
            }
            match self.stage {
                Stage::Upgrade => {
                    recv.close();
                    let sent = self.out.is_empty();
                    return if sent { Step::Upgrade } else { Step::NeedFlush };
                }
                Stage::Greeting => {}
                _ => self.send(),
            }
            if self.pending.is_some() {
                continue;
            }
            if self.out.len() >= self.config.limits.output.max(1) {
                return Step::NeedFlush;
            }
            if self.sent.is_empty() && !matches!(self.stage, Stage::Greeting) {
                if !self.eof {
                    self.wait = None;
                    return Step::YourTurn;
                }
                self.closed = Some(Close::Eof);
                continue;
            }
            if self.receive(recv) {
                continue;
            }
            if self.eof {
                self.closed = Some(Close::Eof);
                continue;
            }
            self.wait_for(recv, now);
            if self.deadline().is_some_and(|deadline| deadline <= now) {
                self.closed = Some(Close::Timeout);
                continue;
            }
            return Step::NeedInput;
        }
    }

    /// Notes since when the server is waited for. Data may trickle in, a line may not.
    fn wait_for(&mut self, recv: &RecvBuf, now: Instant) {
        let total = recv.total();
        let trickles = !matches!(self.stage, Stage::Greeting | Stage::Line | Stage::Pass);
        match self.wait {
            Some(wait) if !trickles || wait.total == total => {}
            _ => self.wait = Some(Wait { since: now, total }),
        }
    }

    /// A line was read or a command sent: the wait begins anew.
    pub(super) fn progress(&mut self) {
        self.wait = None;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let since = self.wait.filter(|_| self.closed.is_none())?.since;
        let timeouts = &self.config.timeouts;
        Some(match self.stage {
            Stage::Greeting => since + timeouts.greeting,
            Stage::Line | Stage::Pass => since + timeouts.reply,
            _ => since + timeouts.stall,
        })
    }

    pub(super) fn event<'a>(&'a mut self, recv: &'a RecvBuf) -> Event<'a> {
        let lent = recv.unread().get(..self.lent).unwrap_or_default();
        let Some(pending) = self.pending.take() else { return Event::None };
        let uidl = |at: Range<usize>| {
            lent.get(at).and_then(|uidl| core::str::from_utf8(uidl).ok()).unwrap_or_default()
        };
        match pending {
            Pending::Greeting => {
                let text = parse::response(strip_eol(lent)).map(|response| response.text);
                Event::Greeting {
                    text: text.unwrap_or_default(),
                    timestamp: parse::timestamp(strip_eol(lent)),
                }
            }
            Pending::Scan(scan) => Event::Scan(scan),
            Pending::UniqueId(message, at) => Event::UniqueId(UniqueId::new(message, uidl(at))),
            Pending::Language => match parse::language(text_of(lent)) {
                Some((tag, description)) => Event::Language { tag, description },
                None => Event::None,
            },
            Pending::Body(wanted) => Event::Body(lent.get(..wanted).unwrap_or_default()),
            Pending::Crlf => Event::Body(b"\r\n"),
            Pending::Failed(request, Some(failure)) => Event::Failed { request, failure },
            Pending::Failed(request, None) => {
                let response = parse::response(strip_eol(lent)).ok();
                let (code, text) = response
                    .map_or((None, Cow::Borrowed("")), |response| (response.code, response.text));
                Event::Failed { request, failure: Failure::Refused { code, text } }
            }
            Pending::Done(done) => Event::Done(match done {
                Done::Capabilities => match &self.capabilities {
                    Some(capabilities) => Outcome::Capabilities(capabilities),
                    None => return Event::None,
                },
                Done::StartTls => Outcome::StartTls,
                Done::LoggedIn => Outcome::LoggedIn,
                Done::Utf8 => Outcome::Utf8,
                Done::Language => {
                    let text = text_of(lent).get("+OK".len()..).unwrap_or_default();
                    Outcome::Language { tag: parse::language(text).unwrap_or_default().0 }
                }
                Done::Languages { malformed } => Outcome::Languages { malformed },
                Done::Stat(stat) => Outcome::Stat(stat),
                Done::List { malformed } => Outcome::List { malformed },
                Done::Scan(scan) => Outcome::Scan(scan),
                Done::Uidl { malformed } => Outcome::Uidl { malformed },
                Done::UniqueId(message, at) => Outcome::UniqueId(UniqueId::new(message, uidl(at))),
                Done::Retr { message, octets } => Outcome::Retr { message, octets },
                Done::Top { message, octets } => Outcome::Top { message, octets },
                Done::Dele(message) => Outcome::Dele { message },
                Done::Noop => Outcome::Noop,
                Done::Rset => Outcome::Rset,
                Done::Quit => Outcome::Quit,
            }),
        }
    }

    /// The session goes on under TLS: what the server said in the clear is forgotten (RFC 2595 §4).
    pub(super) fn upgrade(&mut self, recv: &mut RecvBuf) -> Bytes {
        if !matches!(self.stage, Stage::Upgrade) || !self.out.is_empty() || self.closed.is_some() {
            return Bytes::new();
        }
        let early = recv.take(recv.len());
        recv.open();
        self.tls = true;
        self.capabilities = None;
        self.stage = Stage::Line;
        self.wait = None;
        early
    }
}

/// A line as text.
fn text_of(line: &[u8]) -> &str {
    core::str::from_utf8(strip_eol(line)).unwrap_or_default()
}
