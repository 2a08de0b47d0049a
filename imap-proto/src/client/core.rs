//! The session's motion: octets to events.

use alloc::{
    collections::VecDeque,
    string::{String, ToString},
    vec::Vec,
};
use core::{mem, num::NonZeroU32};

use bytes::Bytes;
use mailwire::{Close, Instant, RecvBuf, SendBuf, Step, sasl::client::Exchange};

use super::{
    config::Config,
    event::{Event, Tag},
};
use crate::{
    frame::{Frame, Framer},
    parse,
    response::{FetchData, Response, Status},
    types::{Code, Names, SectionName, StatusText},
};

/// What a command's answer changes.
#[derive(Debug)]
pub(super) enum Kind {
    Plain,
    Login,
    StartTls,
    Logout,
}

/// A command that waits to be sent.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) tag: Tag,
    pub(super) kind: Kind,
    /// Octets, and where to stop for `+`.
    pub(super) octets: Vec<u8>,
    pub(super) waits: VecDeque<usize>,
    pub(super) then: Then,
}

/// What follows the octets of a command.
#[derive(Debug)]
pub(super) enum Then {
    Nothing,
    /// A SASL exchange.
    Sasl(Exchange),
    /// The octets of a message; whether they need no `+`.
    Upload {
        size: u64,
        non_sync: bool,
    },
    Idle,
    /// TLS: nothing may follow.
    Upgrade,
}

/// The command that is being sent, and holds up those behind it.
#[derive(Debug)]
pub(super) enum Sending {
    /// Waits for `+` to go on.
    Literal(Queued, usize),
    Sasl(Tag, Exchange),
    UploadAsked(Tag, u64),
    Upload(u64),
    IdleAsked(Tag),
    Idle(Tag, Option<Instant>),
    /// DONE is said, or the exchange is given up: its answer is waited for.
    Ending(Tag),
}

#[derive(Debug)]
enum Phase {
    Greeting,
    Ready,
    /// A frame waits to be looked at.
    Frame(Announce),
    Literal(Announced),
    Chunk(usize),
    /// Octets of a streamed section to come.
    Streaming,
    Upload(Tag),
    Idling(Tag),
}

/// As what a frame is shown.
#[derive(Clone, Copy, Debug)]
enum Announce {
    Greeting,
    Done(Tag),
    /// An answer to a command that was not given.
    Stray,
    Data,
}

/// A response up to a literal that is streamed, closed so that it can be read.
#[derive(Debug)]
struct Announced {
    frame: Vec<u8>,
    len: u64,
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    pub(super) send: SendBuf,
    pub(super) capabilities: Vec<String>,
    pub(super) queue: VecDeque<Queued>,
    pub(super) inflight: VecDeque<(Tag, Kind)>,
    pub(super) sending: Option<Sending>,
    pub(super) tls: bool,
    pub(super) logged_in: bool,
    pub(super) upgrading: bool,
    pub(super) closed: Option<Close>,
    pub(super) eof: bool,
    pub(super) next_tag: u32,
    pub(super) greeted: bool,
    framer: Framer,
    phase: Phase,
    /// The response so far, where a section of it was streamed.
    gathered: Vec<u8>,
    /// Octets of the streamed section to come.
    left: u64,
    lent: usize,
    since: Option<Instant>,
    heard: u64,
    leaving: bool,
    /// The frame that was announced; lent by the event.
    current: Bytes,
    upgrade_after_event: bool,
    close_after_event: Option<Close>,
    /// What was wrong with the frame announced last.
    pub(super) deviations: Vec<parse::Deviation>,
    /// What a strict session ended for.
    pub(super) refused: Option<parse::Deviation>,
}

impl Core {
    pub(super) fn new(config: Config, tls: bool) -> Self {
        Self {
            send: SendBuf::new(),
            capabilities: Vec::new(),
            queue: VecDeque::new(),
            inflight: VecDeque::new(),
            sending: None,
            tls,
            logged_in: false,
            upgrading: false,
            closed: None,
            eof: false,
            next_tag: 1,
            greeted: false,
            framer: Framer::responses(config.limits.response),
            phase: Phase::Greeting,
            gathered: Vec::new(),
            left: 0,
            lent: 0,
            since: None,
            heard: 0,
            leaving: false,
            current: Bytes::new(),
            upgrade_after_event: false,
            close_after_event: None,
            deviations: Vec::new(),
            refused: None,
            config,
        }
    }

    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|have| have.eq_ignore_ascii_case(capability))
    }

    pub(super) fn poll(&mut self, recv: &mut RecvBuf, now: Instant) -> Step {
        recv.consume(mem::take(&mut self.lent));
        loop {
            if self.closed.is_some() {
                recv.close();
                return Step::Closed;
            }
            if self.upgrading {
                recv.close();
                // Whatever stands here was put in by somebody in the middle (CVE-2011-0411).
                if !recv.is_empty() {
                    self.close(Close::Injection);
                    continue;
                }
                return if self.send.is_empty() { Step::Upgrade } else { Step::NeedFlush };
            }
            match self.phase {
                Phase::Frame(_)
                | Phase::Literal(_)
                | Phase::Chunk(_)
                | Phase::Upload(_)
                | Phase::Idling(_) => return Step::Event,
                Phase::Greeting | Phase::Ready | Phase::Streaming => {}
            }
            if matches!(self.phase, Phase::Ready) {
                self.send_queued();
                if !matches!(self.phase, Phase::Ready) {
                    continue;
                }
                // More may be sent, and is as soon as there is room for it.
                let full = self.send.len() > self.config.limits.output;
                if full && self.sending.is_none() && !self.queue.is_empty() {
                    return Step::NeedFlush;
                }
            }
            if let Some(step) = self.receive(recv, now) {
                return step;
            }
        }
    }

    fn receive(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        if matches!(self.phase, Phase::Streaming) {
            if self.left == 0 {
                self.phase = Phase::Ready;
                return None;
            }
            let ready = usize::try_from(self.left).unwrap_or(usize::MAX).min(recv.len());
            if ready == 0 {
                return self.wait(recv, now);
            }
            self.phase = Phase::Chunk(ready);
            return None;
        }
        match self.framer.find(recv) {
            Frame::Complete { len } => {
                let rest = recv.take(len);
                self.framer.next();
                let frame = if self.gathered.is_empty() {
                    rest
                } else {
                    self.gathered.extend_from_slice(&rest);
                    Bytes::from(mem::take(&mut self.gathered))
                };
                self.frame(frame);
                None
            }
            Frame::Literal { len, size, .. } => {
                self.literal(recv, len, size);
                None
            }
            Frame::Partial => self.wait(recv, now),
            _ => {
                self.close(Close::Protocol);
                None
            }
        }
    }

    fn wait(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        if self.eof {
            let why = if self.leaving { Close::Done } else { Close::Eof };
            self.close(why);
            return None;
        }
        let total = recv.total();
        if self.since.is_none() || total != self.heard {
            self.since = Some(now);
            self.heard = total;
        }
        if let Some(Sending::Idle(_, began)) = &mut self.sending {
            began.get_or_insert(now);
        }
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            if matches!(self.sending, Some(Sending::Idle(..))) {
                self.end_idle();
                return None;
            }
            self.close(Close::Timeout);
            return None;
        }
        let user_moves = match &self.sending {
            Some(Sending::Upload(..)) => self.send.len() <= self.config.limits.output,
            Some(_) => false,
            None => self.inflight.is_empty() && self.queue.is_empty() && self.greeted,
        };
        if matches!(self.sending, Some(Sending::Upload(..))) && !user_moves {
            return Some(Step::NeedFlush);
        }
        let streaming = matches!(self.phase, Phase::Streaming);
        Some(if user_moves && !streaming { Step::YourTurn } else { Step::NeedInput })
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        if let Some(Sending::Idle(_, began)) = &self.sending {
            return began.map(|began| began + self.config.timeouts.idle);
        }
        let waiting = !self.greeted || !self.inflight.is_empty();
        self.since.filter(|_| waiting).map(|since| since + self.config.timeouts.response)
    }

    pub(super) fn close(&mut self, why: Close) {
        self.closed = self.closed.or(Some(why));
    }

    pub(super) fn tls_started(&mut self) {
        self.tls = true;
        self.since = None;
        // RFC 3501 §6.2.1: what was known before TLS is not to be trusted.
        self.capabilities.clear();
    }

    /// A literal: of a message's section it is streamed if it is large, otherwise it is gathered.
    fn literal(&mut self, recv: &mut RecvBuf, len: usize, size: u64) {
        let limits = &self.config.limits;
        if size > limits.inline && self.is_section(recv.unread().get(..len).unwrap_or_default()) {
            let held = self.gathered.len().saturating_add(len);
            if held > limits.response {
                return self.close(Close::Protocol);
            }
            let head = recv.take(len);
            self.framer.stream();
            // Without its CRLF the announcement reads as the number of octets streamed.
            self.gathered.extend_from_slice(head.strip_suffix(b"\r\n").unwrap_or(&head));
            self.left = size;
            let frame = closed(&self.gathered, b"");
            self.phase = Phase::Literal(Announced { frame, len: size });
            return;
        }
        let held = (self.gathered.len() as u64).saturating_add(len as u64);
        if held.saturating_add(size).saturating_add(2) > limits.response as u64 {
            return self.close(Close::Protocol);
        }
        self.framer.gather();
    }

    /// Whether the literal that a response has come to is a section's octets: read up to there, it
    /// has one.
    fn is_section(&self, head: &[u8]) -> bool {
        let head = head.strip_suffix(b"\r\n").unwrap_or(head);
        let may_be = head.ends_with(b"}") && names_a_section(head);
        may_be && section_of(&closed(&self.gathered, head)).is_some()
    }

    /// A whole response. Continuations are dealt with here; the rest becomes an event.
    fn frame(&mut self, frame: Bytes) {
        self.deviations.clear();
        let read = match parse::streamed_response(&frame, Names::default()) {
            Ok(read) => read,
            Err(_) => return self.close(Close::Protocol),
        };
        self.deviations = read.deviations;
        if self.config.strict
            && let Some(first) = self.deviations.first()
        {
            self.refused = Some(*first);
            return self.close(Close::Protocol);
        }
        let read = read.response;
        let announce = match (read, &self.phase) {
            (Response::Status { status, text }, Phase::Greeting) => match status {
                Status::Ok | Status::PreAuth | Status::Bye => {
                    self.greeted = true;
                    self.logged_in = status == Status::PreAuth;
                    self.leaving = status == Status::Bye;
                    self.learn_code(&text);
                    if status == Status::Bye { Announce::Data } else { Announce::Greeting }
                }
                _ => return self.close(Close::Protocol),
            },
            (_, Phase::Greeting) => return self.close(Close::Protocol),
            (Response::Continue(text), _) => return self.continuation(&text.into_owned()),
            (Response::Tagged { tag, status, text }, _) => {
                let known = tag.strip_prefix('A').and_then(|n| n.parse().ok()).map(Tag);
                let at = self.inflight.iter().position(|(have, _)| Some(*have) == known);
                match at.and_then(|at| self.inflight.remove(at)) {
                    Some((tag, kind)) => {
                        self.answered(tag, &kind, status.into(), &text);
                        Announce::Done(tag)
                    }
                    None => Announce::Stray,
                }
            }
            (Response::Capability(words), _) => {
                self.capabilities = words.into_iter().map(String::from).collect();
                Announce::Data
            }
            (Response::Status { status, text }, _) => {
                self.leaving |= status == Status::Bye;
                self.learn_code(&text);
                Announce::Data
            }
            _ => Announce::Data,
        };
        self.current = frame;
        self.phase = Phase::Frame(announce);
    }

    fn learn_code(&mut self, text: &StatusText<'_>) {
        if let Some(Code::Capability(words)) = &text.code {
            self.capabilities = words.iter().map(ToString::to_string).collect();
        }
    }

    /// A command is answered: what was held up by it goes on.
    fn answered(&mut self, tag: Tag, kind: &Kind, status: Status, text: &StatusText<'_>) {
        let sending = match &self.sending {
            Some(Sending::Literal(queued, _)) => Some(queued.tag),
            Some(
                Sending::Sasl(tag, _)
                | Sending::UploadAsked(tag, _)
                | Sending::IdleAsked(tag)
                | Sending::Idle(tag, _)
                | Sending::Ending(tag),
            ) => Some(*tag),
            // The octets were announced and have to be given, whatever the server says.
            Some(Sending::Upload(..)) | None => None,
        };
        if sending == Some(tag) {
            self.sending = None;
        }
        match (kind, status) {
            (Kind::Login, Status::Ok) => {
                self.logged_in = true;
                // RFC 3501 §6.2.2: they may differ after login.
                self.capabilities.clear();
            }
            (Kind::StartTls, Status::Ok) => self.upgrade_after_event = true,
            (Kind::Logout, _) => self.close_after_event = Some(Close::Done),
            _ => {}
        }
        self.learn_code(text);
    }

    /// `+`: the command that is being sent may go on. Nobody waits for it: it is ignored.
    fn continuation(&mut self, text: &StatusText<'_>) {
        match self.sending.take() {
            Some(Sending::Literal(queued, from)) => self.send_from(queued, from),
            Some(Sending::Sasl(tag, exchange)) => self.challenge(tag, exchange, &text.text),
            Some(Sending::UploadAsked(tag, size)) => {
                self.upload(tag, size);
            }
            Some(Sending::IdleAsked(tag)) => {
                self.sending = Some(Sending::Idle(tag, None));
                self.phase = Phase::Idling(tag);
            }
            other => self.sending = other,
        }
    }

    /// The octets of a message may come; of an empty one there are none to ask for.
    pub(super) fn upload(&mut self, tag: Tag, size: u64) {
        if size == 0 {
            self.send.put(b"\r\n");
            self.sending = None;
        } else {
            self.sending = Some(Sending::Upload(size));
            self.phase = Phase::Upload(tag);
        }
    }

    pub(super) fn event<'a>(&'a mut self, recv: &'a mut RecvBuf) -> Event<'a> {
        match mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Frame(announce) => {
                self.upgrading = mem::take(&mut self.upgrade_after_event);
                if let Some(why) = self.close_after_event.take() {
                    self.close(why);
                }
                lend(&self.current, announce)
            }
            Phase::Literal(announced) => {
                self.phase = Phase::Streaming;
                literal_event(&announced)
            }
            Phase::Chunk(len) => {
                self.left = self.left.saturating_sub(len as u64);
                self.lent = len;
                self.phase = Phase::Streaming;
                Event::Chunk(recv.unread().get(..len).unwrap_or_default())
            }
            Phase::Upload(tag) => Event::Upload(tag),
            Phase::Idling(tag) => Event::Idling(tag),
            phase => {
                self.phase = phase;
                Event::Nothing
            }
        }
    }
}

fn lend(frame: &[u8], announce: Announce) -> Event<'_> {
    let read = parse::streamed_response(frame, Names::default()).map(|read| read.response);
    match (read, announce) {
        (Ok(Response::Status { status, text }), Announce::Greeting) => {
            Event::Greeting { pre_auth: status == Status::PreAuth, text }
        }
        (Ok(Response::Tagged { status, text, .. }), Announce::Done(tag)) => {
            Event::Done { tag, status, text }
        }
        (_, Announce::Stray) => {
            Event::Data(Response::Unknown(crate::response::RawLine::checked(frame)))
        }
        (Ok(response), _) => Event::Data(response),
        (Err(_), _) => Event::Nothing,
    }
}

fn literal_event(announced: &Announced) -> Event<'static> {
    let len = announced.len;
    section_of(&announced.frame).map_or(Event::Nothing, |(number, uid, section, origin)| {
        Event::Literal { number, uid, section, origin, len }
    })
}

/// A response up to a literal, closed so that it can be read.
fn closed(gathered: &[u8], head: &[u8]) -> Vec<u8> {
    [gathered, head, b")\r\n"].concat()
}

/// Number and UID, as far as the server has said them, the section and its first octet.
type SectionOf = (Option<NonZeroU32>, Option<NonZeroU32>, SectionName<'static>, Option<u64>);

/// The section whose octets are to be streamed: the last item of the response.
fn section_of(frame: &[u8]) -> Option<SectionOf> {
    let read = parse::streamed_response(frame, Names::default()).ok()?;
    let (number, mut uid, items) = match read.response {
        Response::Fetch(number, items) => (Some(number), None, items),
        Response::Unnumbered(items) => (None, None, items),
        Response::UidFetch(uid, items) => (None, Some(uid), items),
        _ => return None,
    };
    let mut found = None;
    for item in items {
        match item {
            FetchData::Uid(n) => uid = Some(n),
            FetchData::Streamed { section, origin, .. } => {
                found = Some((section.into_owned(), origin));
            }
            _ => {}
        }
    }
    found.map(|(section, origin)| (number, uid, section, origin))
}

/// Whether what stands before the literal may be the name of a section. Cheap.
fn names_a_section(head: &[u8]) -> bool {
    let Some(at) = memchr::memrchr(b'{', head) else { return false };
    let before = head.get(..at).unwrap_or_default();
    let Some(before) = before.strip_suffix(b" ") else { return false };
    let ends = |name: &str| {
        let tail = before.len().checked_sub(name.len()).and_then(|from| before.get(from..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(name.as_bytes()))
    };
    before.ends_with(b"]")
        || (before.ends_with(b">") && before.contains(&b']'))
        || ends("RFC822")
        || ends("RFC822.HEADER")
        || ends("RFC822.TEXT")
}
