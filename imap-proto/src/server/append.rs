//! APPEND and REPLACE: announced before their octets are accepted, then streamed (RFC 3501 §6.3.11, RFC 3502, RFC 4469,
//! RFC 8508).

use alloc::{collections::VecDeque, string::String, vec::Vec};
use core::mem;

use mailwire::{Instant, Misuse, RecvBuf, Step};

use super::{
    Server,
    core::Core,
    dispatch::UIDS_ONLY,
    event::{Event, Incoming},
    work::{Begin, Phase, Reply, Status, Work},
};
use crate::{
    frame::Frame,
    parse::{AppendEvent, AppendHead, AppendReader, LiteralHolds, Replaced},
    types::{DateTime, Flag, Mailbox, NonEmpty, SequenceSet, UidSet},
};

/// The command that is being received.
#[derive(Debug)]
pub(super) struct Appending {
    reader: AppendReader,
    pieces: VecDeque<Piece>,
    mailbox: Mailbox<'static>,
    /// The message that REPLACE replaces.
    replaces: Option<u32>,
    /// Whether the host has been asked for a message.
    begun: bool,
    /// A URL that comes as a literal.
    url: Option<Vec<u8>>,
}

/// What has been read of the command and not been dealt with.
#[derive(Debug)]
enum Piece {
    Message { flags: Vec<Flag<'static>>, date: Option<DateTime> },
    Url(Vec<u8>),
    Literal { size: u64, sync: bool, binary: bool, holds: LiteralHolds },
    End,
}

impl Piece {
    fn of(event: AppendEvent<'_>) -> Self {
        match event {
            AppendEvent::Message { flags, date } => {
                Self::Message { flags: flags.into_iter().map(Flag::into_owned).collect(), date }
            }
            AppendEvent::Url(url) => Self::Url(url.into_owned()),
            AppendEvent::Literal { size, sync, binary, holds } => {
                Self::Literal { size, sync, binary, holds }
            }
            AppendEvent::End => Self::End,
        }
    }
}

impl Core {
    /// The first line has come, up to a literal or to its end, and is read. What is wrong with it, if something is.
    pub(super) fn append_head(
        &mut self,
        reader: AppendReader,
        head: AppendHead<'_>,
        events: Vec<AppendEvent<'_>>,
    ) -> Result<(), Reply> {
        if self.user.is_none() {
            return Err(Reply::new(Status::Bad, "Log in first"));
        }
        let replaces = head.replace.map(|what| self.replaced(what)).transpose()?;
        let pieces = events.into_iter().map(Piece::of).collect();
        let mailbox = head.mailbox.into_owned();
        let appending = Appending { reader, pieces, mailbox, replaces, begun: false, url: None };
        self.append = Some(appending);
        Ok(())
    }

    /// The UID of the message that REPLACE names (RFC 8508 §3.3).
    fn replaced(&self, what: Replaced) -> Result<u32, Reply> {
        if !self.config.replace {
            return Err(Reply::new(Status::Bad, "REPLACE is not offered"));
        }
        let Some(view) = &self.view else {
            return Err(Reply::new(Status::Bad, "Select a mailbox first"));
        };
        if view.read_only {
            return Err(Reply::new(Status::No, "Mailbox is read-only"));
        }
        if self.uid_only && !what.uid {
            return Err(Reply::new(Status::Bad, UIDS_ONLY));
        }
        match (what.number.map(core::num::NonZeroU32::get), what.uid) {
            (None, _) => Some(view.last_uid()).filter(|uid| *uid > 0),
            (Some(uid), true) => view.seq(uid).map(|_| uid),
            (Some(number), false) => {
                let set = SequenceSet::new(UidSet::range(number, number));
                set.and_then(|set| view.uids_of_numbers(&set)?.first())
            }
        }
        .ok_or_else(|| match what.uid {
            true => Reply::new(Status::No, "[NONEXISTENT] No such message"),
            false => Reply::new(Status::Bad, "No such message number"),
        })
    }

    /// Goes on with what has been read of the command.
    pub(super) fn append_next(&mut self) {
        let config = alloc::sync::Arc::clone(&self.config);
        let utf8 = self.utf8;
        let Some(appending) = &mut self.append else { return };
        match appending.pieces.pop_front() {
            None => self.phase = Phase::AppendEnd,
            Some(Piece::Message { flags, date }) => {
                let (size, binary, is_utf8, catenates) = match appending.pieces.front() {
                    Some(Piece::Literal { size, binary, holds: LiteralHolds::Message, .. }) => {
                        (Some(*size), *binary, false, false)
                    }
                    Some(Piece::Literal { size, holds: LiteralHolds::Utf8, .. }) => {
                        (Some(*size), true, true, false)
                    }
                    _ => (None, false, false, true),
                };
                let refused = match () {
                    () if catenates && !config.catenate => Some("[CANNOT] CATENATE is not offered"),
                    () if appending.begun && !config.multi_append => {
                        Some("[CANNOT] One message at a time")
                    }
                    () if binary && !is_utf8 && !config.binary => {
                        Some("[CANNOT] BINARY is not offered")
                    }
                    // RFC 6855 §4
                    () if is_utf8 && !utf8 => Some("[CANNOT] Enable UTF8=ACCEPT first"),
                    () if size.is_some_and(|size| size > config.append_limit) => {
                        Some("[TOOBIG] Message too large")
                    }
                    () => None,
                };
                if let Some(text) = refused {
                    return self.give_up(Status::No, text);
                }
                let mailbox = appending.mailbox.clone();
                let (first, replaces) =
                    (!mem::replace(&mut appending.begun, true), appending.replaces);
                let incoming =
                    Incoming { mailbox, flags, date, size, first, binary, utf8: is_utf8, replaces };
                self.restart_clock();
                self.begin(Begin::new(Event::Append(incoming), Work::AppendOffer));
            }
            Some(Piece::Url(url)) => {
                self.begin(Begin::new(Event::AppendUrl(url), Work::AppendOffer))
            }
            Some(Piece::Literal { size, sync, holds, .. }) => {
                let is_url = holds == LiteralHolds::Url;
                let is_utf8 = matches!(holds, LiteralHolds::Utf8 | LiteralHolds::Utf8Text);
                if size > if is_url { config.limits.line as u64 } else { config.append_limit } {
                    appending.pieces.push_front(Piece::Literal {
                        size,
                        sync,
                        binary: false,
                        holds,
                    });
                    return self.give_up(Status::No, "[TOOBIG] Literal too large");
                }
                if is_utf8 && !utf8 {
                    appending.pieces.push_front(Piece::Literal {
                        size,
                        sync,
                        binary: false,
                        holds,
                    });
                    return self.give_up(Status::No, "[CANNOT] Enable UTF8=ACCEPT first");
                }
                appending.url = is_url.then(Vec::new);
                if sync {
                    self.send.put(b"+ OK\r\n");
                }
                self.phase = Phase::Append(size);
                self.work = Work::Appending;
                self.restart_clock();
            }
            Some(Piece::End) => {
                self.restart_clock();
                self.begin(Begin::new(Event::Appended, Work::Appending));
            }
        }
    }

    /// The next octets of the message, as many as there are.
    pub(super) fn append_octets(
        &mut self,
        left: u64,
        recv: &mut RecvBuf,
        now: Instant,
    ) -> Option<Step> {
        if left == 0 {
            if let Some(appending) = &mut self.append
                && let Some(url) = appending.url.take()
            {
                appending.pieces.push_front(Piece::Url(url));
                self.append_next();
                return None;
            }
            self.phase = Phase::AppendEnd;
            return None;
        }
        let ready = usize::try_from(left).unwrap_or(usize::MAX).min(recv.len());
        if ready == 0 {
            return self.wait(Phase::Append(left), recv, now);
        }
        self.restart_clock();
        if let Some(Appending { url: Some(url), .. }) = &mut self.append {
            url.extend_from_slice(recv.unread().get(..ready).unwrap_or_default());
            recv.consume(ready);
            self.phase = Phase::Append(left.saturating_sub(ready as u64));
            return None;
        }
        self.append_left = left;
        self.phase = Phase::AnnounceChunk(ready);
        None
    }

    /// Lends the octets; they are consumed by the next move.
    pub(super) fn chunk<'a>(&'a mut self, len: usize, recv: &'a mut RecvBuf) -> Event<'a> {
        self.phase = Phase::Append(self.append_left.saturating_sub(len as u64));
        self.lent = len;
        Event::Chunk(recv.unread().get(..len).unwrap_or_default())
    }

    /// The line of the command goes on after the literal.
    pub(super) fn append_end(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        let found = self.framer.find(recv);
        let len = match found {
            Frame::Partial => return self.wait(Phase::AppendEnd, recv, now),
            Frame::Complete { len } | Frame::Literal { len, .. } => Some(len),
            _ => None,
        };
        let line = len.and_then(|len| recv.unread().get(..len));
        let read = match (&mut self.append, line) {
            (Some(appending), Some(line)) => appending
                .reader
                .next(line)
                .ok()
                .map(|events| events.into_iter().map(Piece::of).collect::<VecDeque<Piece>>()),
            _ => None,
        };
        let (Some(pieces), Some(appending)) = (read, &mut self.append) else {
            self.refuse(recv, Status::Bad, "Invalid arguments after the literal");
            self.aborted();
            return None;
        };
        appending.pieces = pieces;
        recv.consume(len.unwrap_or(0));
        match found {
            Frame::Complete { .. } => self.framer.next(),
            _ => self.framer.stream(),
        }
        self.append_next();
        None
    }

    /// Tells the host that the command is off, and then goes on as was planned.
    fn aborted(&mut self) {
        self.append = None;
        self.after_abort = Some(mem::replace(&mut self.phase, Phase::Announce));
        self.event = Event::AppendAborted;
    }

    /// The machine itself refuses the command.
    fn give_up(&mut self, status: Status, text: &str) {
        let begun = self.append.as_ref().is_some_and(|appending| appending.begun);
        self.refuse_append(Reply::new(status, text));
        if begun {
            self.aborted();
        }
    }

    /// Refuses the command; octets that come all the same are passed over.
    pub(super) fn refuse_append(&mut self, reply: Reply) {
        let pieces = self.append.take().map(|appending| appending.pieces).unwrap_or_default();
        self.work = Work::Plain;
        let left = match (mem::replace(&mut self.phase, Phase::Command), pieces.back()) {
            (Phase::Append(left), _) => Some(left),
            (_, Some(Piece::Literal { size, sync: false, .. })) => Some(*size),
            // The client waits, and will not send what it was not asked for; or the command has come in full.
            _ => None,
        };
        match left {
            Some(left) => {
                self.framer.discard(left);
                self.phase = Phase::Skip(reply);
            }
            None => self.tagged(reply.status, &reply.text),
        }
        self.restart_clock();
    }
}

impl Reply {
    fn new(status: Status, text: &str) -> Self {
        Self { status, text: String::from(text) }
    }
}

impl Server {
    /// Lets the message of [`Event::Append`] come, as [`Event::Chunk`]s and, where CATENATE is offered,
    /// [`Event::AppendUrl`]s; or goes on after such. Another [`Event::Append`] or [`Event::Appended`] ends the message.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no APPEND waits.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        let (Work::AppendOffer, Phase::Answer) = (&self.core.work, &self.core.phase) else {
            return Err(Misuse::new("accept answers Event::Append and Event::AppendUrl"));
        };
        self.core.append_next();
        Ok(())
    }

    /// The messages of [`Event::Appended`] are stored under these UIDs, in order (RFC 4315 §3, APPENDUID). A message that
    /// REPLACE named is gone from the selected mailbox; no [`expunged`](Self::expunged) is needed for it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no APPEND waits, or there are no UIDs.
    pub fn appended(&mut self, uid_validity: u32, uids: UidSet) -> Result<(), Misuse> {
        let (Work::Appending, Phase::Answer) = (&self.core.work, &self.core.phase) else {
            return Err(Misuse::new("appended answers Event::Appended"));
        };
        let Some(uids) = NonEmpty::new(uids) else {
            return Err(Misuse::new("a message that is stored has a UID"));
        };
        let code = alloc::format!("[APPENDUID {uid_validity} {uids}]");
        let replaced = self.core.append.take().and_then(|appending| appending.replaces);
        let Some(uid) = replaced else {
            self.core.complete(Status::Ok, &alloc::format!("{code} APPEND completed"));
            return Ok(());
        };
        // RFC 8508 §4.3: APPENDUID comes before the EXPUNGE, untagged.
        self.core.send.put(alloc::format!("* OK {code} Replacement stored\r\n").as_bytes());
        if let Some(view) = &mut self.core.view {
            view.expunge([uid]);
        }
        self.core.complete(Status::Ok, "REPLACE completed");
        Ok(())
    }
}
