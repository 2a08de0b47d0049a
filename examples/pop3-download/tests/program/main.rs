//! The real program against the real server, over TLS, and killed at random moments.
#![allow(clippy::std_instead_of_core, reason = "tests that always have std")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod advice;
mod fetching;
mod interrupted;
mod kit;
