//! Mail for other domains: from the queue to the servers of their recipients.

mod attempt;
mod bounce;
mod switch;
mod transfer;
mod wishes;
mod worker;

pub(crate) use self::{bounce::report, switch::Switch, worker::run};

use smtp_proto::delivery::Outcome;

/// What an attempt came to for one recipient of an envelope.
#[derive(Debug)]
struct Attempted {
    /// The recipient's place in the envelope.
    recipient: usize,
    outcome: Outcome,
}
