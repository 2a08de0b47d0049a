//! Drivers: the only place where anything waits, reads a clock or touches a socket.
//!
//! - [`Driver`] (feature `tokio`): over any `AsyncRead + AsyncWrite`.
//! - [`blocking::Driver`] (feature `std`): over a socket and a thread of its own.

pub mod blocking;
mod error;
#[cfg(feature = "tokio")]
mod prefixed;
#[cfg(feature = "tokio")]
mod tokio;

#[cfg(feature = "tokio")]
pub use self::{prefixed::Prefixed, tokio::Driver};
pub use error::Stop;

use crate::Instant;

/// The present time, counted from the first call in this process.
pub fn now() -> Instant {
    use std::{sync::OnceLock, time};
    static EPOCH: OnceLock<time::Instant> = OnceLock::new();
    let passed = EPOCH.get_or_init(time::Instant::now).elapsed();
    Instant::default() + passed
}
