//! What the client says: commands in order, as far as the server lets them go.

use alloc::{collections::VecDeque, string::ToString};

use bytes::Bytes;
use mailwire::{
    Misuse,
    sasl::{Response, client::Exchange, decode_response, encode},
};

use super::{
    Client,
    core::Core,
    event::Tag,
    queue::{Idle, Kind, Outgoing, Queued, Sending},
};
use crate::{
    command::{Command, Literals, PrintOptions, Tagged},
    types::Tag as TagText,
};

impl Core {
    /// Sends queued commands, up to one that has to wait for the server.
    pub(super) fn send_queued(&mut self) {
        while self.sending.is_none() && self.send.len() <= self.config.limits.output {
            let blocked = self
                .queue
                .front()
                .is_none_or(|next| next.kind.is_alone() && !self.inflight.is_empty())
                || self.inflight.iter().any(|(_, kind)| kind.holds_up());
            if blocked || !self.greeted {
                return;
            }
            let Some(queued) = self.queue.pop_front() else { return };
            self.inflight.push_back((queued.tag, queued.kind));
            let outgoing = self.print(queued);
            self.send_on(outgoing);
        }
    }

    /// The octets of a command, as the session has them now: with the literals that are offered and the encodings that are
    /// enabled.
    fn print(&self, queued: Queued) -> Outgoing {
        let Queued { tag, kind, mut command, exchange } = queued;
        super::charset::fit(&mut command, self.is_utf8());
        let options = PrintOptions::new(self.literals());
        let options = if self.is_utf8() { options.utf8() } else { options };
        let text = tag.to_string();
        let printed = Tagged::new(TagText::checked(&text), command).print(options);
        let mut stops: VecDeque<(usize, Option<u64>)> =
            printed.waits.iter().map(|at| (*at, None)).collect();
        stops.extend(printed.gaps.iter().map(|gap| (gap.at, Some(gap.len))));
        // Where octets come later behind a literal that is waited for, the wait is first.
        stops.make_contiguous().sort_unstable();
        Outgoing { tag, kind, octets: printed.octets.into(), stops, exchange, at: 0 }
    }

    pub(super) fn literals(&self) -> Literals {
        match () {
            () if self.offers("LITERAL+") => Literals::Plus,
            () if self.offers("LITERAL-") => Literals::Minus,
            () => Literals::Sync,
        }
    }

    /// Sends more of a command, up to where it has to stop.
    pub(super) fn send_on(&mut self, mut outgoing: Outgoing) {
        self.since = None;
        loop {
            let stop = outgoing.stops.pop_front();
            let to = stop.map_or(outgoing.octets.len(), |(at, _)| at);
            self.send.put(outgoing.octets.get(outgoing.at..to).unwrap_or_default());
            outgoing.at = to;
            match stop {
                Some((_, None)) => {
                    self.sending = Some(Sending::Literal(outgoing));
                    return;
                }
                // There is nothing to ask for.
                Some((_, Some(0))) => {}
                Some((_, Some(left))) => {
                    self.ask_for_octets(outgoing.tag);
                    self.sending = Some(Sending::Upload { left, answered: false, outgoing });
                    return;
                }
                None => break,
            }
        }
        let tag = outgoing.tag;
        self.sending = match (outgoing.exchange, outgoing.kind) {
            (Some(exchange), _) => Some(Sending::Sasl(tag, exchange)),
            (None, Kind::Idle(shown)) => {
                Some(Sending::IdleAsked(Idle { tag, shown, ending: false }))
            }
            (None, _) => None,
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
        if let Some(Sending::Idle(idle, _)) = self.sending {
            self.send.put(b"DONE\r\n");
            self.since = None;
            self.sending = Some(Sending::Ending(idle.tag));
        }
    }

    /// Ends IDLE before the server loses patience, to begin it again at once.
    pub(super) fn renew_idle(&mut self, idle: Idle) {
        self.send.put(b"DONE\r\n");
        self.since = None;
        self.sending = Some(Sending::Renewing(idle));
    }

    /// The next IDLE, under a tag of its own, before all that waits.
    pub(super) fn idle_again(&mut self, shown: Tag) {
        let (tag, kind) = (self.new_tag(), Kind::Idle(shown));
        self.queue.push_front(Queued { tag, kind, command: Command::Idle, exchange: None });
    }

    pub(super) fn new_tag(&mut self) -> Tag {
        let tag = Tag(self.next_tag);
        self.next_tag = self.next_tag.wrapping_add(1);
        tag
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
        let Some(Sending::Upload { left, .. }) = &mut core.sending else {
            return Err(Misuse::new("no upload is asked for"));
        };
        let Some(rest) = left.checked_sub(octets.len() as u64) else {
            return Err(Misuse::new("more octets than were announced"));
        };
        *left = rest;
        core.send.put_bytes(octets);
        if rest == 0 {
            match core.sending.take() {
                // Refused meanwhile: nothing of it is wanted any more.
                Some(Sending::Upload { answered: true, .. }) => core.send.put(b"\r\n"),
                Some(Sending::Upload { outgoing, .. }) => core.send_on(outgoing),
                other => core.sending = other,
            }
        }
        Ok(())
    }

    /// Octets of the upload that are still to be given; `None` when there is no upload.
    pub fn upload_left(&self) -> Option<u64> {
        match self.core.sending {
            Some(Sending::Upload { left, .. }) => Some(left),
            _ => None,
        }
    }

    /// Ends IDLE. Its answer comes as [`Event::Done`](super::Event::Done).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the server is not idling.
    pub fn done(&mut self) -> Result<(), Misuse> {
        let core = &mut self.core;
        match &mut core.sending {
            Some(Sending::Idle(..)) => core.end_idle(),
            Some(Sending::IdleAsked(idle)) if idle.tag != idle.shown => idle.ending = true,
            Some(Sending::Renewing(idle)) => core.sending = Some(Sending::Ending(idle.tag)),
            _ => return Err(Misuse::new("done ends IDLE")),
        }
        Ok(())
    }

    /// Whether the server idles: until [`done`](Self::done) no command is sent.
    pub fn is_idling(&self) -> bool {
        match &self.core.sending {
            Some(Sending::Idle(..) | Sending::Renewing(_)) => true,
            Some(Sending::IdleAsked(idle)) => idle.tag != idle.shown && !idle.ending,
            _ => false,
        }
    }
}
