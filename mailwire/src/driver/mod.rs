//! Drivers: the only place where anything waits, reads a clock or touches a socket.
//!
//! - [`Driver`] (feature `tokio`): over any `AsyncRead + AsyncWrite`.
//! - [`blocking::Driver`] (feature `std`): over a socket and a thread of its own.
//! - [`Deflate`] (feature `deflate`): a transport that begins to compress when it is told.
//! - [`proxy`]: takes a PROXY header from a connection, before its session begins.

pub mod blocking;
#[cfg(feature = "deflate")]
mod deflate;
mod error;
mod prefixed;
pub mod proxy;
#[cfg(feature = "tokio")]
mod tokio;

#[cfg(feature = "tokio")]
pub use self::tokio::Driver;
#[cfg(feature = "deflate")]
pub use deflate::Deflate;
pub use error::Stop;
pub use prefixed::Prefixed;

use crate::Instant;

/// The present time, counted from the first call in this process.
pub fn now() -> Instant {
    use std::{sync::OnceLock, time};
    static EPOCH: OnceLock<time::Instant> = OnceLock::new();
    let passed = EPOCH.get_or_init(time::Instant::now).elapsed();
    Instant::default() + passed
}
