//! BDAT and BURL (RFC 3030, RFC 4468). The octets of a chunk are counted: whatever is said to the
//! command, they are read and are never commands.

use alloc::format;

use mailwire::{
    Close, Instant, RecvBuf,
    frame::{BareEol, DataDecoder},
};

use super::{
    Event, Reset, Role,
    core::{Announced, Asked, Core, State},
    data::{Reception, Taken},
    replies,
};
use crate::{Body, Reply, Verb, parse};

/// A chunk that is being received.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Octets that are still to come.
    remaining: u64,
    last: bool,
    /// What the message has come to so far, or why the chunk is refused.
    reception: Result<Reception, Refusal>,
}

#[derive(Debug)]
struct Refusal {
    reply: Reply,
    /// The message is void. Otherwise the command was out of place, and nothing has begun.
    voids: bool,
}

impl Core {
    /// BDAT. Its first chunk is asked for like DATA.
    pub(super) fn bdat(&mut self, rest: &[u8], len: usize) {
        let Ok((size, last)) = parse::bdat(rest) else {
            // How many octets follow is not known, so none of what follows can be a command.
            self.reject(replies::to_error(crate::CommandError::Arguments));
            return self.close(Close::Protocol);
        };
        let refusal = self.judge_bdat().err();
        let begun = self.transaction.as_mut().and_then(|transaction| transaction.reception.take());
        match (refusal, begun) {
            (Some(reply), _) => {
                self.begin_chunk(size, last, Err(Refusal { reply, voids: false }));
            }
            (None, Some(reception)) => self.begin_chunk(size, last, Ok(reception)),
            (None, None) => {
                self.spent = 0;
                self.chunk_asked = Some((size, last));
                self.announced = Announced::Line(Verb::Bdat, len);
            }
        }
    }

    fn judge_bdat(&self) -> Result<(), Reply> {
        if !self.config.offer.chunking {
            return Err(replies::no_bdat());
        }
        self.judge_recipients()
    }

    /// The host has answered the first BDAT.
    pub(super) fn bdat_answered(&mut self, size: u64, last: bool, answer: Reply) {
        let reception = if answer.code() < 400 {
            Ok(self.counted_reception())
        } else {
            Err(Refusal { reply: answer, voids: true })
        };
        self.begin_chunk(size, last, reception);
    }

    fn counted_reception(&self) -> Reception {
        let binary = self.transaction.as_ref().is_some_and(|t| t.body == Body::BinaryMime);
        // RFC 3030 §3: binary data have no lines.
        let policy = if binary { BareEol::Keep } else { self.config.bare_eol };
        Reception::new(DataDecoder::counted(policy))
    }

    fn begin_chunk(&mut self, remaining: u64, last: bool, reception: Result<Reception, Refusal>) {
        self.state = State::Chunk(Chunk { remaining, last, reception });
    }

    /// Takes the next octets of a chunk. Returns whether more input is needed.
    pub(super) fn chunk(&mut self, recv: &mut RecvBuf, now: Instant) -> bool {
        let limit = self.config.limits.message;
        let State::Chunk(chunk) = &mut self.state else { return false };
        // The time of a message is that of all its chunks.
        let began = match &mut chunk.reception {
            Ok(reception) => *reception.began.get_or_insert(now),
            Err(_) => now,
        };
        self.clock.begin_unit(true, began);
        while chunk.remaining > 0 {
            let here = usize::try_from(chunk.remaining).unwrap_or(usize::MAX).min(recv.len());
            let Ok(reception) = &mut chunk.reception else {
                recv.consume(here);
                chunk.remaining -= here as u64;
                if here == 0 {
                    return true;
                }
                continue;
            };
            let wire = recv.unread().get(..here).unwrap_or_default();
            match reception.take(wire, limit) {
                Taken::Payload { lent, len } => {
                    chunk.remaining -= len as u64;
                    self.announced = Announced::Chunk { lent, len };
                    return false;
                }
                Taken::Crlf(len) => {
                    chunk.remaining -= len as u64;
                    self.announced = Announced::Crlf(len);
                    return false;
                }
                Taken::Nothing(len) => {
                    chunk.remaining -= len as u64;
                    recv.consume(len);
                }
                Taken::Partial if here as u64 == chunk.remaining && here > 0 => {
                    // A CR ends the chunk.
                    reception.decoder.chunk_ended();
                    recv.consume(here);
                    chunk.remaining = 0;
                }
                Taken::Partial | Taken::End(_) => return true,
            }
        }
        if let (true, Ok(reception)) = (chunk.last, &mut chunk.reception)
            && let Some(Taken::Crlf(_)) = reception.finish(limit)
        {
            // The CRLF that a bare CR at the very end stands for.
            self.announced = Announced::Crlf(0);
            return false;
        }
        self.end_unit();
        self.chunk_ended();
        false
    }

    fn chunk_ended(&mut self) {
        let State::Chunk(chunk) = core::mem::replace(&mut self.state, State::Command) else {
            return;
        };
        match chunk.reception {
            Err(Refusal { reply, voids: true }) => {
                // Chunks that were sent ahead must not be taken for a new message.
                self.refuse_message(&reply, Reset::Refused, chunk.last);
            }
            Err(Refusal { reply, voids: false }) => self.chunk_out_of_place(chunk.last, reply),
            Ok(reception) if reception.void.is_some() || chunk.last => {
                self.message_ended(&reception, chunk.last);
            }
            Ok(reception) => {
                self.say(&Reply::new(250, format!("2.0.0 {} octets so far", reception.size)));
                if let Some(transaction) = &mut self.transaction {
                    transaction.reception = Some(reception);
                }
            }
        }
    }

    fn chunk_out_of_place(&mut self, last: bool, reply: Reply) {
        let void = self.chunks_void;
        if last {
            self.chunks_void = None;
        }
        // RFC 3030 §4.2 has chunks sent ahead of the replies: that they follow what was refused is
        // not held against the client.
        if void.is_none() && !self.mail_refused {
            let nobody = self.transaction.as_ref().is_some_and(|t| t.recipients == 0);
            if !(nobody && last && self.answers_each()) {
                return self.reject(reply);
            }
        }
        // RFC 2033 §4.3: the last chunk gets as many replies as there were good recipients.
        let each = last && self.answers_each();
        for _ in 0..if each { void.unwrap_or(0) } else { 1 } {
            self.say(&reply);
        }
        self.announced = Announced::Rejected(reply);
    }

    fn answers_each(&self) -> bool {
        self.config.role == Role::Lmtp && self.config.offer.chunking
    }

    pub(super) fn judge_burl<'a>(
        &self,
        url: &'a str,
        last: bool,
    ) -> Result<(Asked, Event<'a>), Reply> {
        if !self.may_burl() {
            return Err(replies::no_burl());
        }
        self.judge_recipients()?;
        Ok((Asked::Burl { last }, Event::Burl { url, last }))
    }

    /// The host has answered BURL: a piece of the message is there, or all of it, or it is void.
    pub(super) fn burl_answered(&mut self, last: bool, accepted: bool) {
        if accepted && !last {
            let begun = self.transaction.as_mut().and_then(|t| t.reception.take());
            let reception = begun.unwrap_or_else(|| self.counted_reception());
            if let Some(transaction) = &mut self.transaction {
                transaction.reception = Some(reception);
            }
        } else {
            let recipients = self.transaction.take().map_or(0, |t| t.recipients);
            // Chunks that were sent ahead are not held against the client.
            self.chunks_void = (!last).then_some(recipients);
        }
    }
}
