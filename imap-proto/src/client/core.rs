//! The session's motion: octets to events.

use alloc::{collections::VecDeque, string::String, vec::Vec};
use core::{mem, time::Duration};

use bytes::Bytes;
use mailwire::{Close, Instant, RecvBuf, SendBuf, Step};

use super::{
    config::Config,
    event::{Announce, Event, Tag, lend},
    queue::{Kind, Queued, Sending},
    section::{Announced, closed, literal_event, names_a_section, section_of},
};
use crate::{
    frame::{Frame, Framer},
    parse,
    response::{Response, Status},
    types::Names,
};

#[derive(Debug)]
pub(super) enum Phase {
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
    /// What the server has said to have enabled.
    pub(super) enabled: Vec<String>,
    /// What ENABLE was given for, granted or not.
    pub(super) asked: Vec<String>,
    pub(super) compressed: bool,
    pub(super) upgrading: bool,
    pub(super) compressing: bool,
    pub(super) closed: Option<Close>,
    pub(super) eof: bool,
    pub(super) next_tag: u32,
    pub(super) greeted: bool,
    framer: Framer,
    pub(super) phase: Phase,
    /// The response so far, where a section of it was streamed.
    gathered: Vec<u8>,
    /// Octets of the streamed section to come.
    left: u64,
    lent: usize,
    /// Since when the server is waited for: from what it or this side said last.
    pub(super) since: Option<Instant>,
    heard: u64,
    pub(super) leaving: bool,
    /// The frame that was announced; lent by the event.
    current: Bytes,
    pub(super) upgrade_after_event: bool,
    pub(super) compress_after_event: bool,
    pub(super) close_after_event: Option<Close>,
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
            enabled: Vec::new(),
            asked: Vec::new(),
            compressed: false,
            upgrading: false,
            compressing: false,
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
            compress_after_event: false,
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
            if self.compressing {
                recv.close();
                return if self.send.is_empty() { Step::Compress } else { Step::NeedFlush };
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
            match self.sending {
                Some(Sending::Idle(idle, _)) => self.renew_idle(idle),
                _ => self.close(Close::Timeout),
            }
            return None;
        }
        let user_moves = match &self.sending {
            Some(Sending::Upload { .. }) => self.send.len() <= self.config.limits.output,
            Some(_) => false,
            None => self.inflight.is_empty() && self.queue.is_empty() && self.greeted,
        };
        if matches!(self.sending, Some(Sending::Upload { .. })) && !user_moves {
            return Some(Step::NeedFlush);
        }
        let streaming = matches!(self.phase, Phase::Streaming);
        Some(if user_moves && !streaming { Step::YourTurn } else { Step::NeedInput })
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.sending {
            // RFC 2177 §3
            Some(Sending::Idle(_, began)) => {
                let longest = self.config.timeouts.idle.min(Duration::from_secs(29 * 60));
                return began.map(|began| began + longest);
            }
            // The host is waited for.
            Some(Sending::Upload { .. }) => return None,
            _ => {}
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

    pub(super) fn compression_started(&mut self) {
        self.compressed = true;
        self.since = None;
    }

    /// How mailbox names are encoded: after ENABLE of UTF8=ACCEPT or IMAP4rev2 (RFC 6855 §3, RFC 9051 §5.1), and where the
    /// server knows nothing else.
    pub(super) fn names(&self) -> Names {
        match self.is_utf8() {
            true => Names::Utf8,
            false => Names::ModifiedUtf7,
        }
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
        let read = match parse::streamed_response(&frame, self.names()) {
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
                        let Some(tag) = self.answered(tag, kind, status, &text) else { return };
                        Announce::Done(tag)
                    }
                    None => Announce::Stray,
                }
            }
            (Response::Capability(words), _) => {
                self.capabilities = words.into_iter().map(String::from).collect();
                Announce::Data
            }
            (Response::Enabled(names), _) => {
                // RFC 5161 §3.2: an answer to ENABLE, and to nothing else.
                if self.inflight.iter().any(|(_, kind)| *kind == Kind::Enable) {
                    self.enabled.extend(names.into_iter().map(String::from));
                }
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

    /// The host is asked for octets.
    pub(super) fn ask_for_octets(&mut self, tag: Tag) {
        self.phase = Phase::Upload(tag);
    }

    pub(super) fn event<'a>(&'a mut self, recv: &'a mut RecvBuf) -> Event<'a> {
        match mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Frame(announce) => {
                self.upgrading = mem::take(&mut self.upgrade_after_event);
                self.compressing = mem::take(&mut self.compress_after_event);
                if let Some(why) = self.close_after_event.take() {
                    self.close(why);
                }
                lend(&self.current, announce, self.names())
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
