use mailwire::{
    Instant, RecvBuf,
    frame::{DataDecoder, Piece},
};

use super::{
    Reset,
    core::{Announced, Asked, Core, DataState, State},
    replies,
};

impl Core {
    pub(super) fn begin_data(&mut self) {
        let decoder = DataDecoder::new(self.config.bare_eol);
        self.state = State::Data(DataState { decoder, size: 0, void: None });
    }

    /// Takes the next piece of the message. Returns whether more input is needed.
    pub(super) fn data(&mut self, recv: &mut RecvBuf, now: Instant) -> bool {
        self.begin_unit(now);
        let State::Data(data) = &mut self.state else { return false };
        loop {
            let piece = data.decoder.next(recv.unread());
            if data.void.is_none() && data.decoder.refused() {
                data.void = Some(Reset::Malformed);
            }
            let (len, payload) = match piece {
                Piece::Payload(n) => (n, n),
                Piece::Crlf(n) => (n, 2),
                Piece::Skip(n) => (n, 0),
                Piece::Partial => return true,
                Piece::End(n) => {
                    recv.consume(n);
                    break;
                }
            };
            let room = self.config.limits.message.saturating_sub(data.size);
            data.size = data.size.saturating_add(payload as u64);
            if payload == 0 || data.void.is_some() {
                // Of a refused message nothing is a command: it is read to its end.
                recv.consume(len);
                continue;
            }
            if payload as u64 > room {
                data.void = Some(Reset::TooLarge);
            }
            // What fits of a message too large is handed out, so that the events do not depend on
            // how it was cut.
            let lent = usize::try_from(room).map_or(payload, |room| room.min(payload));
            match piece {
                Piece::Payload(_) if lent > 0 => self.announced = Announced::Chunk { lent, len },
                Piece::Crlf(_) if lent == payload => self.announced = Announced::Crlf(len),
                _ => {
                    recv.consume(len);
                    continue;
                }
            }
            return false;
        }
        let (size, void) = (data.size, data.void);
        let defects = data.decoder.defects();
        self.end_unit();
        match void {
            None => {
                self.announced = Announced::Message(size);
                self.state = State::Answer(Asked::Message);
            }
            Some(why) => {
                let reply = match why {
                    Reset::TooLarge => replies::message_too_large(),
                    _ if defects.bare_eol() => replies::bare_eol(),
                    _ => replies::nul(),
                };
                self.say(&reply);
                self.state = State::Command;
                self.transaction = None;
                self.announced = Announced::Reset(why);
            }
        }
        false
    }
}
