use alloc::vec::Vec;
use core::fmt::Write;

use mailwire::{SendBuf, frame::DataEncoder};

use super::{Config, Envelope, Stage, core::Announced};
use crate::{Extensions, Mail, Rcpt, Reply};

/// One message on its way, from MAIL to the reply to the final dot.
///
/// Commands are numbered: 0 is MAIL, 1..=n are the recipients, n + 1 is DATA. Two counters say how
/// many were sent and how many were answered.
#[derive(Debug)]
pub(super) struct Transaction {
    envelope: Envelope,
    pub(super) encoder: DataEncoder,
    sent: usize,
    answered: usize,
    /// What decided each recipient, once something has.
    outcomes: Vec<Option<Outcome>>,
    /// How many outcomes, from the first on, have been reported.
    reported: usize,
    mail_refused: bool,
    phase: Phase,
}

#[derive(Debug)]
struct Outcome {
    stage: Stage,
    reply: Reply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// MAIL, RCPT and DATA are sent and answered.
    Envelope,
    /// The user is to be told to send the message.
    BodyAsked,
    /// The user sends it.
    Body,
    /// The final dot is sent.
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
    pub(super) fn new(envelope: Envelope, encoder: DataEncoder) -> Self {
        let mut outcomes = Vec::new();
        outcomes.resize_with(envelope.to.len(), || None);
        Self {
            envelope,
            encoder,
            sent: 0,
            answered: 0,
            outcomes,
            reported: 0,
            mail_refused: false,
            phase: Phase::Envelope,
        }
    }

    fn data_number(&self) -> usize {
        self.envelope.to.len() + 1
    }

    /// Sends what may be sent ahead of the replies that are due.
    pub(super) fn write(&mut self, offered: &Extensions, config: &Config, out: &mut SendBuf) {
        let window = if offered.pipelining { config.limits.pipeline.max(1) } else { 1 };
        while self.phase == Phase::Envelope
            && self.sent <= self.data_number()
            && self.sent - self.answered < window
            && out.len() <= config.limits.output
        {
            if self.outcomes.iter().all(Option::is_some) {
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
            None => {
                let mut mail = Mail::new(self.envelope.from.clone());
                mail.params.size = self.envelope.size.filter(|_| offered.size.is_some());
                mail.params.body = offered.eight_bit_mime.then_some(self.envelope.body);
                mail.params.body = mail.params.body.filter(|&body| body != crate::Body::SevenBit);
                write!(out, "{mail}\r\n")
            }
            Some(index) => match self.envelope.to.get(index) {
                Some(to) => write!(out, "{}\r\n", Rcpt::new(to.clone())),
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
                    Some(index) if index < self.envelope.to.len() => self.rcpt(index, reply),
                    Some(_) => self.data(&reply),
                }
            }
            Phase::Sent => {
                self.decide(Stage::Message, &reply);
                self.phase = Phase::Over;
            }
            Phase::LoneDot | Phase::Reset => self.phase = Phase::Over,
            Phase::BodyAsked | Phase::Body | Phase::LoneDotDue | Phase::ResetDue | Phase::Over => {}
        }
    }

    fn mail(&mut self, reply: &Reply) {
        if !reply.is_positive() {
            self.mail_refused = true;
            self.decide(Stage::Mail, reply);
        }
    }

    fn rcpt(&mut self, index: usize, reply: Reply) {
        if reply.is_positive() {
            return;
        }
        if let Some(outcome @ None) = self.outcomes.get_mut(index) {
            *outcome = Some(Outcome { stage: Stage::Recipient, reply });
        }
    }

    fn data(&mut self, reply: &Reply) {
        // RFC 5321 §4.2.1: of a code that is not known the first digit counts.
        if !reply.is_intermediate() {
            self.decide(Stage::Data, reply);
            self.abandon();
        } else if self.outcomes.iter().any(Option::is_none) {
            self.phase = Phase::BodyAsked;
        } else {
            self.phase = Phase::LoneDotDue;
        }
    }

    /// This reply decides all recipients that nothing has decided yet.
    fn decide(&mut self, stage: Stage, reply: &Reply) {
        for outcome in self.outcomes.iter_mut().filter(|outcome| outcome.is_none()) {
            *outcome = Some(Outcome { stage, reply: reply.clone() });
        }
    }

    /// The server hung up with these words.
    pub(super) fn break_off(&mut self, reply: Reply) {
        let stage = self.due();
        self.decide(stage, &reply);
        self.phase = Phase::Over;
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
        self.outcomes.get(index)?.as_ref().map(|outcome| &outcome.reply)
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over && self.reported == self.outcomes.len()
    }

    pub(super) fn wants_body(&self) -> bool {
        self.phase == Phase::Body
    }

    pub(super) fn body_sent(&mut self) {
        self.phase = Phase::Sent;
    }

    /// Whose reply is due.
    pub(super) fn due(&self) -> Stage {
        match self.phase {
            Phase::Envelope => match self.answered {
                0 => Stage::Mail,
                n if n < self.data_number() => Stage::Recipient,
                _ => Stage::Data,
            },
            Phase::BodyAsked | Phase::Body | Phase::Sent => Stage::Message,
            Phase::LoneDotDue | Phase::LoneDot | Phase::ResetDue | Phase::Reset | Phase::Over => {
                Stage::Reset
            }
        }
    }
}
