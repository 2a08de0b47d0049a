//! imap
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod command;
pub mod frame;
#[cfg(feature = "mime")]
pub mod mime;
pub mod parse;
mod print;
#[cfg(feature = "mime")]
pub mod search;
pub mod server;
pub mod types;
