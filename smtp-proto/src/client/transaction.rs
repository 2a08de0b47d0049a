use alloc::{sync::Arc, vec::Vec};
use core::fmt::Write;

use mailwire::{SendBuf, frame::DataEncoder};

use super::{Config, Envelope, Protocol, Stage, core::Announced};
use crate::{Extensions, Reply};

/// One message on its way, from MAIL to the reply to the message.
///
/// Commands are numbered: 0 is MAIL, 1..=n are the recipients, n + 1 is DATA, if it is sent by DATA.
/// Two counters say how many were sent and how many were answered.
#[derive(Debug)]
pub(super) struct Transaction {
    envelope: Envelope,
    protocol: Protocol,
    /// How the octets of the message are sent.
    pub(super) way: Way,
    sent: usize,
    answered: usize,
    /// What decided each recipient, once something has.
    outcomes: Vec<Option<Outcome>>,
    /// How many of them nothing has decided yet. To count them at each reply would make the cost
    /// of a transaction grow with the square of its recipients.
    undecided: usize,
    /// Those before this one are decided (LMTP).
    next_undecided: usize,
    /// How many outcomes, from the first on, have been reported.
    reported: usize,
    mail_refused: bool,
    phase: Phase,
}

/// How the octets of a message are sent.
#[derive(Debug)]
pub(super) enum Way {
    /// DATA, dot-stuffed.
    Data(DataEncoder),
    /// BDAT, in chunks (RFC 3030).
    Bdat(Chunks),
}

/// A message that is sent in chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    /// `None`: binary, sent as it is.
    pub(super) encoder: Option<DataEncoder>,
    /// Octets of the next chunk.
    pub(super) next: SendBuf,
    /// Chunks sent whose reply is not the last one, and not in.
    due: usize,
    /// One of them was refused.
    refused: bool,
    /// Replies to the last chunk that are not in.
    last_due: usize,
    /// A reply to one of them is in.
    answered: bool,
    /// The last piece is fetched from a URL.
    pub(super) burl: bool,
}

impl Chunks {
    pub(super) fn new(encoder: Option<DataEncoder>) -> Self {
        let next = SendBuf::new();
        Self { encoder, next, due: 0, refused: false, last_due: 1, answered: false, burl: false }
    }

    /// Sends what has gathered as one chunk.
    pub(super) fn send(&mut self, last: bool, out: &mut SendBuf) {
        let mark = if last { " LAST" } else { "" };
        // Writing to a SendBuf cannot fail.
        let _ = write!(out, "BDAT {}{mark}\r\n", self.next.len());
        out.append(&mut self.next);
        self.due += usize::from(!last);
    }
}

/// A reply that decides many recipients is kept once.
#[derive(Debug)]
struct Outcome {
    stage: Stage,
    reply: Arc<Reply>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// MAIL, RCPT and DATA are sent and answered.
    Envelope,
    /// The user is to be told to send the message.
    BodyAsked,
    /// The user sends it.
    Body,
    /// The end of the message is sent.
    Sent,
    /// DATA was accepted though no recipient was: a lone dot ends it (RFC 2920 §3.1).
    LoneDotDue,
    /// It is sent.
    LoneDot,
    /// The transaction was given up in the middle: RSET clears what the server holds of it.
    ResetDue,
    /// It is sent.
    Reset,
    /// All is said.
    Over,
}

impl Transaction {
    pub(super) fn new(envelope: Envelope, protocol: Protocol, way: Way) -> Self {
        let mut outcomes = Vec::new();
        outcomes.resize_with(envelope.rcpts.len(), || None);
        Self {
            undecided: outcomes.len(),
            next_undecided: 0,
            envelope,
            protocol,
            way,
            sent: 0,
            answered: 0,
            outcomes,
            reported: 0,
            mail_refused: false,
            phase: Phase::Envelope,
        }
    }

    fn recipients(&self) -> usize {
        self.envelope.rcpts.len()
    }

    /// The number of commands before the message.
    fn commands(&self) -> usize {
        1 + self.recipients() + usize::from(matches!(self.way, Way::Data(_)))
    }

    /// Sends what may be sent ahead of the replies that are due.
    pub(super) fn write(&mut self, offered: &Extensions, config: &Config, out: &mut SendBuf) {
        let window = if offered.pipelining { config.limits.pipeline.max(1) } else { 1 };
        while self.phase == Phase::Envelope
            && self.sent < self.commands()
            && self.sent - self.answered < window
            && out.len() <= config.limits.output
        {
            if self.undecided == 0 {
                self.give_up();
                break;
            }
            self.write_one(offered, out);
            self.sent += 1;
        }
        match self.phase {
            Phase::LoneDotDue => {
                out.put(b".\r\n");
                self.phase = Phase::LoneDot;
            }
            Phase::ResetDue => {
                out.put(b"RSET\r\n");
                self.phase = Phase::Reset;
            }
            _ => {}
        }
    }

    fn write_one(&self, offered: &Extensions, out: &mut SendBuf) {
        // Writing to a SendBuf cannot fail.
        let _ = match self.sent.checked_sub(1) {
            None => write!(out, "{}\r\n", self.envelope.mail_for(offered)),
            Some(index) => match self.envelope.rcpt_for(index, offered) {
                Some(rcpt) => write!(out, "{rcpt}\r\n"),
                None => out.write_str("DATA\r\n"),
            },
        };
    }

    /// All recipients are refused, and DATA was not sent.
    fn give_up(&mut self) {
        if self.answered == self.sent {
            self.abandon();
        }
    }

    /// No message follows. Where MAIL was accepted, the server still holds a transaction, and would
    /// refuse the next MAIL for it.
    fn abandon(&mut self) {
        self.phase = if self.mail_refused { Phase::Over } else { Phase::ResetDue };
    }

    pub(super) fn reply(&mut self, reply: Reply) {
        match self.phase {
            Phase::Envelope => {
                let number = self.answered;
                self.answered += 1;
                match number.checked_sub(1) {
                    None => self.mail(&reply),
                    Some(index) if index < self.recipients() => self.rcpt(index, reply),
                    Some(_) => self.data(&reply),
                }
                // With BDAT nothing is asked before the message.
                if self.phase == Phase::Envelope && self.answered == self.commands() {
                    match self.undecided {
                        0 => self.abandon(),
                        _ => self.phase = Phase::BodyAsked,
                    }
                }
            }
            Phase::Sent => self.message(reply),
            Phase::LoneDot | Phase::Reset => self.phase = Phase::Over,
            Phase::BodyAsked | Phase::Body | Phase::LoneDotDue | Phase::ResetDue | Phase::Over => {}
        }
    }

    fn mail(&mut self, reply: &Reply) {
        if !reply.is_positive() {
            self.mail_refused = true;
            self.decide(Stage::Mail, reply.clone());
        }
    }

    fn rcpt(&mut self, index: usize, reply: Reply) {
        if reply.is_positive() {
            return;
        }
        self.decide_one(index, Stage::Recipient, reply);
    }

    fn data(&mut self, reply: &Reply) {
        // RFC 5321 §4.2.1: of a code that is not known the first digit counts.
        if !reply.is_intermediate() {
            self.decide(Stage::Data, reply.clone());
            self.abandon();
        } else if self.undecided > 0 {
            self.phase = Phase::BodyAsked;
        } else {
            self.phase = Phase::LoneDotDue;
        }
    }

    /// A reply after the end of the message was sent.
    fn message(&mut self, reply: Reply) {
        if let Way::Bdat(chunks) = &mut self.way {
            chunks.answered = true;
        }
        if let Way::Bdat(chunks) = &mut self.way
            && chunks.due > 0
        {
            chunks.due -= 1;
            if !reply.is_positive() {
                // RFC 3030 §2: the message is void, whatever is said to the chunks after it.
                chunks.refused = true;
                self.decide(Stage::Message, reply);
            }
            return;
        }
        if let Way::Bdat(chunks) = &mut self.way {
            chunks.last_due = chunks.last_due.saturating_sub(1);
        }
        match (&self.way, self.protocol) {
            (Way::Bdat(Chunks { refused: true, last_due: 0, .. }), _) => self.abandon(),
            (Way::Bdat(Chunks { refused: true, .. }), _) => {}
            // RFC 2033 §4.2: one reply for each recipient that was accepted, in their order.
            (_, Protocol::Lmtp) => {
                while let Some(Some(_)) = self.outcomes.get(self.next_undecided) {
                    self.next_undecided += 1;
                }
                self.decide_one(self.next_undecided, Stage::Message, reply);
                if self.undecided == 0 {
                    self.phase = Phase::Over;
                }
            }
            (_, Protocol::Smtp) => {
                self.decide(Stage::Message, reply);
                self.phase = Phase::Over;
            }
        }
    }

    /// This reply decides all recipients that nothing has decided yet.
    fn decide(&mut self, stage: Stage, reply: Reply) {
        if core::mem::take(&mut self.undecided) == 0 {
            return;
        }
        let reply = Arc::new(reply);
        for outcome in self.outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
            *outcome = Some(Outcome { stage, reply: Arc::clone(&reply) });
        }
    }

    /// This reply decides this recipient, if nothing has yet.
    fn decide_one(&mut self, index: usize, stage: Stage, reply: Reply) {
        if let Some(outcome @ None) = self.outcomes.get_mut(index) {
            *outcome = Some(Outcome { stage, reply: Arc::new(reply) });
            self.undecided = self.undecided.saturating_sub(1);
        }
    }

    /// The server hung up with these words.
    pub(super) fn break_off(&mut self, reply: Reply) {
        let stage = self.due();
        self.decide(stage, reply);
        self.phase = Phase::Over;
    }

    /// Whether the reply that is due is that to the first BDAT.
    pub(super) fn awaits_first_bdat(&self) -> bool {
        let first = |chunks: &Chunks| !chunks.answered && (chunks.due > 0 || !chunks.burl);
        self.phase == Phase::Sent && matches!(&self.way, Way::Bdat(chunks) if first(chunks))
    }

    /// What to report next. A recipient is reported in its turn, once it is decided. A session that
    /// closed without a reply leaves recipients undecided; those are the caller's to retry.
    pub(super) fn report(&mut self, closed: bool) -> Option<Announced> {
        if self.phase == Phase::BodyAsked && !closed {
            self.phase = Phase::Body;
            return Some(Announced::Body);
        }
        loop {
            let index = self.reported;
            match self.outcomes.get(index)? {
                Some(outcome) => {
                    self.reported += 1;
                    return Some(Announced::Recipient(index, outcome.stage));
                }
                None if closed => self.reported += 1,
                None => return None,
            }
        }
    }

    pub(super) fn reply_of(&self, index: usize) -> Option<&Reply> {
        self.outcomes.get(index)?.as_ref().map(|outcome| &*outcome.reply)
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over && self.reported == self.outcomes.len()
    }

    pub(super) fn wants_body(&self) -> bool {
        self.phase == Phase::Body
    }

    pub(super) fn body_sent(&mut self) {
        // RFC 2033 §4.3: as many as there are good recipients, even where a chunk was refused.
        if let (Way::Bdat(chunks), Protocol::Lmtp) = (&mut self.way, self.protocol) {
            chunks.last_due = self.undecided;
        }
        self.phase = Phase::Sent;
    }

    /// Whose reply is due.
    pub(super) fn due(&self) -> Stage {
        match self.phase {
            Phase::Envelope => match self.answered {
                0 => Stage::Mail,
                n if n <= self.recipients() => Stage::Recipient,
                _ => Stage::Data,
            },
            Phase::BodyAsked | Phase::Body | Phase::Sent => Stage::Message,
            Phase::LoneDotDue | Phase::LoneDot | Phase::ResetDue | Phase::Reset | Phase::Over => {
                Stage::Reset
            }
        }
    }
}
