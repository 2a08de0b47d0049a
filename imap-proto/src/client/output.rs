//! What the client says: commands in order, as far as the server lets them go.

use alloc::{format, string::String};

use bytes::Bytes;
use mailwire::{
    Misuse,
    sasl::{Response, client::Exchange, decode_response, encode},
};

use super::{
    Client,
    core::{Core, Kind, Queued, Sending, Then},
    event::Tag,
};

impl Core {
    /// Sends queued commands, up to one that has to wait for the server.
    pub(super) fn send_queued(&mut self) {
        while self.sending.is_none() && self.send.len() <= self.config.limits.output {
            // STARTTLS and what comes after it: all before must be answered.
            let blocked =
                self.queue.front().is_none_or(|next| {
                    matches!(next.then, Then::Upgrade) && !self.inflight.is_empty()
                }) || self.inflight.iter().any(|(_, kind)| matches!(kind, Kind::StartTls));
            if blocked || !self.greeted {
                return;
            }
            let Some(mut queued) = self.queue.pop_front() else { return };
            let kind = core::mem::replace(&mut queued.kind, Kind::Plain);
            self.inflight.push_back((queued.tag, kind));
            self.send_from(queued, 0);
        }
    }

    /// Sends a command from this octet on, up to the next literal that has to be waited for.
    pub(super) fn send_from(&mut self, mut queued: Queued, from: usize) {
        let wait = queued.waits.pop_front();
        let to = wait.unwrap_or(queued.octets.len());
        self.send.put(queued.octets.get(from..to).unwrap_or_default());
        if let Some(at) = wait {
            self.sending = Some(Sending::Literal(queued, at));
            return;
        }
        let tag = queued.tag;
        self.sending = match queued.then {
            Then::Nothing | Then::Upgrade => None,
            Then::Sasl(exchange) => Some(Sending::Sasl(tag, exchange)),
            Then::Idle => Some(Sending::IdleAsked(tag)),
            Then::Upload { size, non_sync: true } => return self.upload(tag, size),
            Then::Upload { size, non_sync: false } => Some(Sending::UploadAsked(tag, size)),
        };
    }

    /// The server's challenge, in base64.
    pub(super) fn challenge(&mut self, tag: Tag, mut exchange: Exchange, text: &str) {
        let text = text.trim();
        let message = match decode_response(text.as_bytes()) {
            Response::Data(message) => Some(message),
            _ => None,
        };
        let answer = message.and_then(|message| exchange.respond(&message).ok());
        match answer {
            Some(answer) => {
                self.send.put(encode(&answer).as_bytes());
                self.send.put(b"\r\n");
                self.sending = Some(Sending::Sasl(tag, exchange));
            }
            None => {
                self.send.put(b"*\r\n");
                self.sending = Some(Sending::Ending(tag));
            }
        }
    }

    pub(super) fn end_idle(&mut self) {
        if let Some(Sending::Idle(tag, _)) = self.sending {
            self.send.put(b"DONE\r\n");
            self.sending = Some(Sending::Ending(tag));
        }
    }

    pub(super) fn new_tag(&mut self) -> Tag {
        let tag = Tag(self.next_tag);
        self.next_tag = self.next_tag.wrapping_add(1);
        tag
    }

    pub(super) fn tag_text(tag: Tag) -> String {
        format!("{tag}")
    }
}

impl Client {
    /// Octets of the message that [`Event::Upload`](super::Event::Upload) asks for: as many as were
    /// announced, in pieces of any size. 1,024 octets and more are sent without a copy.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no upload wants so many.
    pub fn send(&mut self, octets: Bytes) -> Result<(), Misuse> {
        let core = &mut self.core;
        let Some(Sending::Upload(left)) = &mut core.sending else {
            return Err(Misuse::new("no upload is asked for"));
        };
        let Some(rest) = left.checked_sub(octets.len() as u64) else {
            return Err(Misuse::new("more octets than were announced"));
        };
        *left = rest;
        core.send.put_bytes(octets);
        if rest == 0 {
            core.send.put(b"\r\n");
            core.sending = None;
        }
        Ok(())
    }

    /// Octets of the upload that are still to be given; `None` when there is no upload.
    pub fn upload_left(&self) -> Option<u64> {
        match self.core.sending {
            Some(Sending::Upload(left)) => Some(left),
            _ => None,
        }
    }

    /// Ends IDLE. Its answer comes as [`Event::Done`](super::Event::Done).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the server is not idling.
    pub fn done(&mut self) -> Result<(), Misuse> {
        if !matches!(self.core.sending, Some(Sending::Idle(..))) {
            return Err(Misuse::new("done ends IDLE"));
        }
        self.core.end_idle();
        Ok(())
    }
}
