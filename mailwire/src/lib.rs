//! What SMTP, IMAP and POP3 share: mail in motion, without input or output.
//!
//! - [`Machine`], [`Step`], [`Instant`]: a session as a value. Octets in, events out; answers in,
//!   octets out; time is an argument. `smtp-proto`, `imap-proto` and `pop3-proto` have a server and
//!   a client machine each, and whoever knows one can drive all six.
//! - [`RecvBuf`], [`SendBuf`]: bounded octets in, linked octets out.
//! - [`frame`]: lines, and dot-stuffed message data, in linear time under any chunking.
//! - [`proxy`]: the PROXY protocol, ahead of the greeting.
//! - [`sasl`]: authentication, the same types for every protocol and both roles.
//! - [`driver`] (features `std` and `tokio`): about a hundred lines between a machine and a socket.
//! - [`mod@test`] (feature `test`): the laws every machine is held to, transcripts as tests, and a
//!   client–server pair in virtual time.
//!
//! `no_std` with `alloc`, no `unsafe`.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
pub mod driver;
pub mod frame;
mod instant;
mod machine;
pub mod proxy;
mod recv;
pub mod sasl;
mod send;
#[cfg(feature = "test")]
pub mod test;

pub use instant::Instant;
pub use machine::{Close, Machine, Misuse, Step};
pub use recv::RecvBuf;
pub use send::SendBuf;
