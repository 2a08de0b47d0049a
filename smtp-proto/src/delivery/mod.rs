//! Planning of delivery, without input or output: when to try again, when to give up, and what the
//! sender is told.

mod outcome;
mod report;
mod schedule;

pub use outcome::Outcome;
pub use report::{FailedRecipient, Report};
pub use schedule::{Next, Schedule};

/// Messages with more `Received` fields than this run in circles (RFC 5321 §6.3 has "at least
/// 100").
pub const MAX_RECEIVED: usize = 100;
