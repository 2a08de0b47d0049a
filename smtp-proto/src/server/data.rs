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
            let payload = match piece {
                Piece::Payload(n) => n as u64,
                Piece::Crlf(_) => 2,
                _ => 0,
            };
            data.size = data.size.saturating_add(payload);
            if data.void.is_none() && data.size > self.config.limits.message {
                data.void = Some(Reset::TooLarge);
            }
            if data.void.is_none() && data.decoder.refused() {
                data.void = Some(Reset::Malformed);
            }
            match piece {
                Piece::Payload(n) if data.void.is_none() => {
                    self.announced = Announced::Chunk(n);
                    return false;
                }
                Piece::Crlf(n) if data.void.is_none() => {
                    self.announced = Announced::Crlf(n);
                    return false;
                }
                // Of a refused message nothing is a command: it is read to its end.
                Piece::Payload(n) | Piece::Crlf(n) | Piece::Skip(n) => recv.consume(n),
                Piece::Partial => return true,
                Piece::End(n) => {
                    recv.consume(n);
                    break;
                }
            }
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
