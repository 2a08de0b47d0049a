#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod capability;
pub mod client;
mod command;
pub mod parse;
pub mod plan;
pub mod print;
mod response;
pub mod server;
mod top;

pub use capability::Capabilities;
pub use command::{Command, CommandError};
pub use response::{Code, Response, Scan, Stat, Status, UniqueId};
