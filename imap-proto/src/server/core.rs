//! The session's motion: from octets to events, by phase.

use alloc::{format, string::String, sync::Arc};
use core::mem;

use mailwire::{Close, Instant, RecvBuf, SendBuf, Step, frame::speaks_other, sasl::ChannelBinding};

use super::{
    append::Appending,
    config::Config,
    event::Event,
    view::View,
    work::{Expunging, Phase, Reply, Status, Work},
};
use crate::{
    command::Command,
    frame::{Frame, Framer},
    parse::{self, CommandErrorKind},
    types::Names,
};

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Arc<Config>,
    pub(super) send: SendBuf,
    pub(super) binding: ChannelBinding,
    pub(super) framer: Framer,
    pub(super) phase: Phase,
    pub(super) event: Event<'static>,
    pub(super) work: Work,
    pub(super) expunging: Expunging,
    pub(super) tag: String,
    pub(super) user: Option<String>,
    pub(super) view: Option<View>,
    /// The client understands mod-sequences (RFC 7162 §3.1).
    pub(super) condstore: bool,
    /// And VANISHED in place of EXPUNGE (RFC 7162 §3.2.3).
    pub(super) qresync: bool,
    /// `ENABLE IMAP4rev2` (RFC 9051 §6.3.1)
    pub(super) rev2: bool,
    /// `ENABLE UTF8=ACCEPT` (RFC 6855 §3)
    pub(super) utf8: bool,
    /// `ENABLE UIDONLY`: no sequence number is said or taken (RFC 9586 §3).
    pub(super) uid_only: bool,
    /// An APPEND or REPLACE that is being received.
    pub(super) append: Option<Appending>,
    pub(super) tls: bool,
    pub(super) upgrading: bool,
    /// COMPRESS was answered; the transport does not yet compress.
    pub(super) compressing: bool,
    pub(super) compressed: bool,
    pub(super) closed: Option<Close>,
    /// Octets of an APPEND's literal to come, those announced included.
    pub(super) append_left: u64,
    /// Octets lent to the host, to be consumed.
    pub(super) lent: usize,
    /// What to go on with once the host knows that an APPEND is off.
    pub(super) after_abort: Option<Phase>,
    pub(super) eof: bool,
    first: bool,
    bad: u32,
    pub(super) auth_failures: u32,
    /// When the present wait began; set by the first poll of it.
    pub(super) since: Option<Instant>,
    /// When IDLE last said something.
    pub(super) said: Option<Instant>,
    /// Whether the first octet of a command has come.
    begun: bool,
}

impl Core {
    pub(super) fn new(config: Arc<Config>, tls: bool) -> Self {
        let framer = Framer::commands(config.limits.line);
        Self {
            config,
            send: SendBuf::new(),
            binding: ChannelBinding::default(),
            framer,
            phase: Phase::Greeting,
            event: Event::Nothing,
            work: Work::Plain,
            expunging: Expunging::Allowed,
            tag: String::new(),
            user: None,
            view: None,
            condstore: false,
            qresync: false,
            rev2: false,
            uid_only: false,
            utf8: false,
            append: None,
            tls,
            upgrading: false,
            compressing: false,
            compressed: false,
            closed: None,
            append_left: 0,
            lent: 0,
            after_abort: None,
            eof: false,
            first: true,
            bad: 0,
            auth_failures: 0,
            since: None,
            said: None,
            begun: false,
        }
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
                return if self.send.is_empty() { Step::Upgrade } else { Step::NeedFlush };
            }
            if self.compressing {
                recv.close();
                return if self.send.is_empty() { Step::Compress } else { Step::NeedFlush };
            }
            if let Some(step) = self.advance(recv, now) {
                return step;
            }
        }
    }

    /// One move; `None` when another may follow at once.
    fn advance(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        match mem::replace(&mut self.phase, Phase::Command) {
            Phase::Greeting => {
                self.greet();
                None
            }
            phase @ (Phase::Announce | Phase::AnnounceChunk(_)) => {
                self.phase = phase;
                Some(Step::Event)
            }
            Phase::Answer => {
                self.phase = Phase::Answer;
                Some(if self.is_full() { Step::NeedFlush } else { Step::YourTurn })
            }
            Phase::Command if self.is_full() => Some(Step::NeedFlush),
            Phase::Command => self.command(recv, now),
            Phase::Append(left) => self.append_octets(left, recv, now),
            Phase::AppendEnd => self.append_end(recv, now),
            Phase::Sasl(exchange) => self.sasl_line(exchange, recv, now),
            Phase::Idle => self.idle(recv, now),
            Phase::Delay => self.delay(recv, now),
            Phase::Skip(reply) => self.skip(reply, recv, now),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.send.len() > self.config.limits.output
    }

    /// Waits for more octets in this phase, or ends the session: nothing will come, or nothing came
    /// in time.
    pub(super) fn wait(&mut self, phase: Phase, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        self.phase = phase;
        if self.eof {
            self.close(Close::Eof);
            return None;
        }
        self.since.get_or_insert(now);
        // The command's clock starts with its first octet, and only then.
        if matches!(self.phase, Phase::Command) && !self.begun && !recv.is_empty() {
            self.since = Some(now);
            self.begun = true;
        }
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            if matches!(self.phase, Phase::Append(_) | Phase::AppendEnd) {
                self.close(Close::Timeout);
            } else {
                self.bye("Timeout", Close::Timeout);
            }
            return None;
        }
        Some(Step::NeedInput)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let (since, times) = (self.since?, &self.config.timeouts);
        let idle = if self.user.is_some() { times.idle } else { times.login };
        Some(match self.phase {
            Phase::Command if self.begun => since + times.command,
            Phase::Command => since + idle,
            Phase::Idle => (since + times.idle).min(self.said.unwrap_or(since) + times.keep_alive),
            Phase::Delay => since + times.auth_delay,
            Phase::Append(_) | Phase::AppendEnd | Phase::Sasl(_) | Phase::Skip(_) => {
                since + times.command
            }
            _ => return None,
        })
    }

    /// A new wait begins.
    pub(super) fn restart_clock(&mut self) {
        self.since = None;
        self.begun = false;
    }

    fn command(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        if self.first && !self.tls {
            match speaks_other(recv.unread()) {
                Some(true) => {
                    self.close(Close::WrongProtocol);
                    return None;
                }
                Some(false) => self.first = false,
                None => {}
            }
        }
        match self.framer.find(recv) {
            Frame::Partial => self.wait(Phase::Command, recv, now),
            Frame::Complete { len } => {
                self.restart_clock();
                self.framer.next();
                let frame = recv.take(len);
                self.whole_command(&frame);
                None
            }
            Frame::Literal { len, size, sync } => {
                self.literal(recv, len, size, sync);
                None
            }
            Frame::TooLong => {
                // Of a line too long only so much was looked at, however it was cut.
                let line = recv.unread().len().min(self.config.limits.line);
                let tag = parse::tag_of(recv.unread().get(..line).unwrap_or_default());
                let tag = tag.unwrap_or("*");
                self.tag = String::from(tag);
                self.refuse(recv, Status::Bad, "[TOOBIG] Command line too long");
                None
            }
            Frame::Skipped => {
                self.framer.next();
                None
            }
        }
    }

    /// How mailbox names go now (RFC 9051 §5.1, RFC 6855 §3).
    pub(super) fn names(&self) -> Names {
        if self.rev2 || self.utf8 { Names::Utf8 } else { Names::ModifiedUtf7 }
    }

    fn whole_command(&mut self, frame: &[u8]) {
        match parse::command_in(frame, self.names()) {
            Ok(read) => {
                self.tag.clear();
                self.tag.push_str(&read.tag);
                match read.command {
                    Command::Append(_) | Command::Replace(_) => self.append_without_literal(frame),
                    command => self.dispatch(command),
                }
            }
            Err(error) => {
                self.tag.clear();
                self.tag.push_str(error.tag.or(parse::tag_of(frame)).unwrap_or("*"));
                match error.kind {
                    CommandErrorKind::Arguments => {
                        self.bad_command(&format!("Invalid arguments at octet {}", error.offset));
                    }
                    CommandErrorKind::Unknown => self.bad_command("Unknown command"),
                    _ => self.bad_command("Missing or invalid tag"),
                }
            }
        }
    }

    /// An APPEND or REPLACE that has come whole: it is all URLs (RFC 4469).
    fn append_without_literal(&mut self, frame: &[u8]) {
        let Some((reader, head, events)) = parse::AppendReader::start_in(frame, self.names())
        else {
            return self.bad_command("Invalid arguments");
        };
        match self.append_head(reader, head, events) {
            Ok(()) => self.append_next(),
            Err(reply) if reply.status == Status::Bad => self.bad_command(&reply.text),
            Err(reply) => self.tagged(reply.status, &reply.text),
        }
    }

    /// A command has announced a literal.
    fn literal(&mut self, recv: &mut RecvBuf, len: usize, size: u64, sync: bool) {
        let head = recv.unread().get(..len).unwrap_or_default();
        if let Some((reader, head, events)) = parse::AppendReader::start_in(head, self.names()) {
            self.tag.clear();
            self.tag.push_str(head.tag);
            if let Err(reply) = self.append_head(reader, head, events) {
                return self.refuse(recv, reply.status, &reply.text);
            }
            recv.consume(len);
            self.framer.stream();
            return self.append_next();
        }
        let limits = &self.config.limits;
        let largest =
            if self.user.is_some() { limits.literal } else { limits.literal_before_login };
        let room = (limits.command as u64).saturating_sub(len as u64);
        if size > largest || size.saturating_add(2) > room {
            self.tag = String::from(parse::tag_of(head).unwrap_or("*"));
            return self.refuse(recv, Status::Bad, "[TOOBIG] Literal too large");
        }
        self.framer.gather();
        if sync {
            self.send.put(b"+ OK\r\n");
        }
    }

    /// Passes over the rest of a command, then says this of it.
    pub(super) fn refuse(&mut self, recv: &mut RecvBuf, status: Status, text: &str) {
        self.framer.skip(recv);
        self.restart_clock();
        self.phase = Phase::Skip(Reply { status, text: String::from(text) });
    }

    fn skip(&mut self, reply: Reply, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        match self.framer.find(recv) {
            Frame::Skipped => {
                self.framer.next();
                self.restart_clock();
                match reply.status {
                    Status::Bad => self.bad_command(&reply.text),
                    status => self.tagged(status, &reply.text),
                }
                None
            }
            _ => self.wait(Phase::Skip(reply), recv, now),
        }
    }

    /// Answers BAD; too many of them in a row end the session.
    pub(super) fn bad_command(&mut self, text: &str) {
        self.tagged(Status::Bad, text);
        self.bad = self.bad.saturating_add(1);
        if self.bad >= self.config.limits.bad_commands {
            self.bye("Too many bad commands", Close::TooManyErrors);
        }
    }

    /// The tagged answer; the next command may come.
    pub(super) fn tagged(&mut self, status: Status, text: &str) {
        if status == Status::Ok {
            self.bad = 0;
        }
        let line = format!("{} {} {text}\r\n", self.tag, status.word());
        self.send.put(line.as_bytes());
        self.work = Work::Plain;
        self.expunging = Expunging::Allowed;
        self.phase = Phase::Command;
        self.restart_clock();
    }

    /// Says good-bye and ends the session.
    pub(super) fn bye(&mut self, text: &str, why: Close) {
        if self.closed.is_none() {
            let text = crate::types::StatusText::new(None, text);
            self.send.put(format!("* BYE {text}\r\n").as_bytes());
            self.close(why);
        }
    }

    pub(super) fn close(&mut self, why: Close) {
        self.closed = self.closed.or(Some(why));
    }

    /// Whether an untagged line cannot be said now: a FETCH response is in the middle of a literal.
    pub(super) fn in_literal(&self) -> bool {
        matches!(&self.work, Work::Fetch { row: Some(_), .. })
    }

    pub(super) fn tls_started(&mut self) {
        self.tls = true;
        self.binding = ChannelBinding::default();
        self.phase = Phase::Command;
        self.framer = Framer::commands(self.config.limits.line);
        self.restart_clock();
    }

    pub(super) fn compression_started(&mut self) {
        self.compressed = true;
        self.framer = Framer::commands(self.config.limits.line);
    }

    pub(super) fn event<'a>(&'a mut self, recv: &'a mut RecvBuf) -> Event<'a> {
        match mem::replace(&mut self.phase, Phase::Answer) {
            Phase::Announce => match (mem::replace(&mut self.event, Event::Nothing), &self.work) {
                // The octets are lent from the work, so that no copy of a secret is made.
                (Event::Nothing, _) => self.claim(),
                (event @ Event::Idle, _) => {
                    self.phase = Phase::Idle;
                    event
                }
                (event @ Event::AppendAborted, _) => {
                    self.phase = self.after_abort.take().unwrap_or(Phase::Command);
                    event
                }
                (event, _) => event,
            },
            Phase::AnnounceChunk(len) => self.chunk(len, recv),
            phase => {
                self.phase = phase;
                Event::Nothing
            }
        }
    }
}
