//! APPEND: announced before its octets are accepted, then streamed (RFC 3501 §6.3.11).

use core::mem;

use mailwire::{Misuse, RecvBuf, Step};

use super::{
    Server,
    core::Core,
    event::{Event, Incoming},
    work::{Begin, Phase, Reply, Status, Work},
};
use crate::frame::Frame;

impl Core {
    /// An APPEND up to its message literal has come.
    pub(super) fn append_head(
        &mut self,
        append: Incoming,
        sync: bool,
        recv: &mut RecvBuf,
        len: usize,
    ) {
        if self.user.is_none() {
            return self.refuse(recv, Status::Bad, "Log in first");
        }
        if append.size > self.config.append_limit {
            return self.refuse(recv, Status::No, "[TOOBIG] Message too large");
        }
        let (size, non_sync) = (append.size, !sync);
        recv.consume(len);
        self.framer.stream();
        self.restart_clock();
        self.begin(Begin::new(Event::Append(append), Work::AppendOffer { size, non_sync }));
    }

    /// The next octets of the message, as many as there are.
    pub(super) fn append_octets(
        &mut self,
        left: u64,
        recv: &mut RecvBuf,
        now: mailwire::Instant,
    ) -> Option<Step> {
        if left == 0 {
            self.phase = Phase::AppendEnd;
            return None;
        }
        let ready = usize::try_from(left).unwrap_or(usize::MAX).min(recv.len());
        if ready == 0 {
            return self.wait(Phase::Append(left), recv, now);
        }
        self.restart_clock();
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

    /// The line of the command goes on after the literal, and has to end there.
    pub(super) fn append_end(
        &mut self,
        recv: &mut RecvBuf,
        now: mailwire::Instant,
    ) -> Option<Step> {
        match self.framer.find(recv) {
            Frame::Partial => self.wait(Phase::AppendEnd, recv, now),
            Frame::Complete { len: 2 } => {
                recv.consume(2);
                self.framer.next();
                self.restart_clock();
                self.event = Event::Appended;
                self.phase = Phase::Announce;
                None
            }
            _ => {
                // MULTIAPPEND (RFC 3502) is not offered; anything else is an error.
                self.refuse(recv, Status::Bad, "One message at a time");
                let reply = mem::replace(&mut self.phase, Phase::Announce);
                self.event = Event::AppendAborted;
                self.after_abort = Some(reply);
                None
            }
        }
    }

    /// Refuses the message; octets that come all the same are passed over.
    pub(super) fn refuse_append(&mut self, text: &str) {
        let reply = Reply { status: Status::No, text: alloc::string::String::from(text) };
        let work = mem::replace(&mut self.work, Work::Plain);
        match (work, mem::replace(&mut self.phase, Phase::Command)) {
            // The client waits, and will not send what it was not asked for.
            (Work::AppendOffer { non_sync: false, .. }, _) => self.tagged(reply.status, text),
            (Work::AppendOffer { size, .. }, _) => {
                self.framer.discard(size);
                self.phase = Phase::Skip(reply);
            }
            (_, Phase::Append(left)) => {
                self.framer.discard(left);
                self.phase = Phase::Skip(reply);
            }
            // The message had come in full.
            _ => self.tagged(reply.status, text),
        }
        self.restart_clock();
    }
}

impl Server {
    /// Lets the message of [`Event::Append`] come, as [`Event::Chunk`]s and an
    /// [`Event::Appended`].
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no APPEND waits.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        let (Work::AppendOffer { size, non_sync }, Phase::Answer) =
            (&self.core.work, &self.core.phase)
        else {
            return Err(Misuse::new("accept answers Event::Append"));
        };
        if !non_sync {
            self.core.send.put(b"+ OK\r\n");
        }
        self.core.phase = Phase::Append(*size);
        self.core.work = Work::Appending;
        self.core.restart_clock();
        Ok(())
    }

    /// The message of [`Event::Appended`] is stored under this UID (RFC 4315 §3, APPENDUID).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no APPEND waits.
    pub fn appended(&mut self, uid_validity: u32, uid: u32) -> Result<(), Misuse> {
        let (Work::Appending, Phase::Answer) = (&self.core.work, &self.core.phase) else {
            return Err(Misuse::new("appended answers Event::Appended"));
        };
        let text = alloc::format!("[APPENDUID {uid_validity} {uid}] APPEND completed");
        self.core.complete(Status::Ok, &text);
        Ok(())
    }
}
