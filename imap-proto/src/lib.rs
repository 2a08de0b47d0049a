#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod client;
pub mod command;
pub mod frame;
#[cfg(feature = "mime")]
pub mod mime;
pub mod parse;
mod print;
pub mod response;
#[cfg(feature = "mime")]
pub mod search;
pub mod server;
#[cfg(feature = "mime")]
pub mod sort;
pub mod types;
pub mod url;
