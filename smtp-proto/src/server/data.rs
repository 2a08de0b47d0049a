use mailwire::{
    Instant, RecvBuf,
    frame::{DataDecoder, Piece},
};

use super::{
    Reset, Role,
    core::{Announced, Asked, Core, State},
    replies,
};
use crate::Reply;

/// A message as far as it has come.
#[derive(Debug)]
pub(super) struct Reception {
    pub(super) decoder: DataDecoder,
    pub(super) size: u64,
    /// The message is refused; the rest is read and dropped.
    pub(super) void: Option<Reset>,
    /// When its first chunk came.
    pub(super) began: Option<Instant>,
    finished: bool,
}

/// What the next octets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The first `lent` of the next `len` are payload.
    Payload { lent: usize, len: usize },
    /// They stand for a CRLF.
    Crlf(usize),
    /// They carry nothing.
    Nothing(usize),
    /// They end the message.
    End(usize),
    /// More are needed.
    Partial,
}

impl Reception {
    pub(super) const fn new(decoder: DataDecoder) -> Self {
        Self { decoder, size: 0, void: None, began: None, finished: false }
    }

    /// Takes the next piece of `wire`, of a message of at most `limit` octets.
    pub(super) fn take(&mut self, wire: &[u8], limit: u64) -> Taken {
        let piece = self.decoder.next(wire);
        self.judge(piece, limit)
    }

    /// The last chunk is over: what is owed yet.
    pub(super) fn finish(&mut self, limit: u64) -> Option<Taken> {
        if core::mem::replace(&mut self.finished, true) {
            return None;
        }
        let owed = self.decoder.finish();
        let piece = if owed { Piece::Crlf(0) } else { Piece::Skip(0) };
        Some(self.judge(piece, limit))
    }

    fn judge(&mut self, piece: Piece, limit: u64) -> Taken {
        if self.void.is_none() && self.decoder.refused() {
            self.void = Some(Reset::Malformed);
        }
        let (len, payload) = match piece {
            Piece::Payload(n) => (n, n),
            Piece::Crlf(n) => (n, 2),
            Piece::Skip(n) => (n, 0),
            Piece::Partial => return Taken::Partial,
            Piece::End(n) => return Taken::End(n),
        };
        let room = limit.saturating_sub(self.size);
        self.size = self.size.saturating_add(payload as u64);
        if payload == 0 || self.void.is_some() {
            // Of a refused message nothing is a command: it is read to its end.
            return Taken::Nothing(len);
        }
        if payload as u64 > room {
            self.void = Some(Reset::TooLarge);
        }
        // What fits of a message too large is handed out, so that the events do not depend on how
        // it was cut.
        let lent = usize::try_from(room).map_or(payload, |room| room.min(payload));
        match piece {
            Piece::Payload(_) if lent > 0 => Taken::Payload { lent, len },
            Piece::Crlf(_) if lent == payload => Taken::Crlf(len),
            _ => Taken::Nothing(len),
        }
    }
}

impl Core {
    pub(super) fn begin_data(&mut self) {
        let decoder = DataDecoder::new(self.config.bare_eol);
        self.state = State::Data(Reception::new(decoder));
    }

    /// Takes the next piece of the message. Returns whether more input is needed.
    pub(super) fn data(&mut self, recv: &mut RecvBuf, now: Instant) -> bool {
        self.begin_unit(now);
        let limit = self.config.limits.message;
        let State::Data(reception) = &mut self.state else { return false };
        loop {
            match reception.take(recv.unread(), limit) {
                Taken::Payload { lent, len } => {
                    self.announced = Announced::Chunk { lent, len };
                    return false;
                }
                Taken::Crlf(len) => {
                    self.announced = Announced::Crlf(len);
                    return false;
                }
                Taken::Nothing(len) => recv.consume(len),
                Taken::Partial => return true,
                Taken::End(len) => {
                    recv.consume(len);
                    break;
                }
            }
        }
        self.end_unit();
        if let State::Data(reception) = core::mem::replace(&mut self.state, State::Command) {
            self.message_ended(&reception, true);
        }
        false
    }

    /// The message is whole, or void before its end: the host's turn, or the machine's.
    pub(super) fn message_ended(&mut self, reception: &Reception, whole: bool) {
        let Some(why) = reception.void else {
            self.announced = Announced::Message(reception.size);
            self.state = State::Answer(Asked::Message);
            return;
        };
        let reply = match why {
            Reset::TooLarge => replies::message_too_large(),
            _ if reception.decoder.defects().bare_eol() => replies::bare_eol(),
            _ => replies::nul(),
        };
        self.refuse_message(&reply, why, whole);
    }

    /// The message underway is void. `whole`: no octet of it is to come any more.
    pub(super) fn refuse_message(&mut self, reply: &Reply, why: Reset, whole: bool) {
        let recipients = self.transaction.take().map_or(0, |transaction| transaction.recipients);
        // RFC 2033 §4.2: one reply for each recipient, at the end.
        let each = whole && self.config.role == Role::Lmtp;
        let replies = if each { recipients.max(1) } else { 1 };
        for _ in 0..replies {
            self.say(reply);
        }
        self.chunks_void = (!whole).then_some(recipients);
        self.announced = Announced::Reset(why);
    }
}
