//! Test kit for machines: the laws as assertions, transcripts, and a client–server pair.
//!
//! A machine under test needs a [`Host`]: the code that takes its events and answers, as an
//! application would. What the host notes in its [`Log`] is what runs are compared by.

#![allow(clippy::panic, reason = "a test kit fails by panicking")]

mod host;
mod laws;
mod pair;
mod transcript;

pub use host::{Host, Log, Noted};
pub use laws::{Outcome, assert_laws, run};
pub use pair::{Pair, PairEnd};
pub use transcript::{Transcript, TranscriptError};

/// How to cut input into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cuts {
    /// As much at once as the machine takes.
    Whole,
    /// Pieces of this many octets.
    Every(usize),
    /// Pieces of 1 to 97 octets, chosen by a generator with this seed.
    Random(u64),
}

impl Cuts {
    /// The length of the next piece.
    pub(crate) fn next(&mut self) -> usize {
        match self {
            Self::Whole => usize::MAX,
            Self::Every(n) => *n,
            Self::Random(state) => {
                // xorshift64*: good enough to cut with, and the same everywhere.
                *state ^= (*state >> 12).max(1);
                *state ^= *state << 25;
                *state ^= *state >> 27;
                usize::try_from(state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(1) % 97
                    + 1
            }
        }
    }
}
