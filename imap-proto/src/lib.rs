//! imap
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod command;
#[cfg(feature = "mime")]
pub mod mime;
pub mod parse;
mod print;
pub mod types;
