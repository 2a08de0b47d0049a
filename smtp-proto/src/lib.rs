#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod client;
mod command;
pub mod delivery;
pub mod header;
pub mod parse;
pub mod server;
pub mod trace;
pub mod types;

pub use command::{Command, CommandError, Mail, Rcpt, Verb};
pub use parse::Leniency;
pub use types::{
    AddressError, Body, Domain, EnhancedCode, Extensions, ForwardPath, MailParams, Mailbox,
    ParamError, RcptParams, Reply, ReversePath,
};
