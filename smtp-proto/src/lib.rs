#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod client;
#[cfg(feature = "codec")]
pub mod codec;
mod command;
pub mod delivery;
pub mod header;
pub mod parse;
pub mod server;
pub mod trace;
pub mod types;

pub use command::{Attributes, Command, CommandError, Mail, Rcpt, Verb};
pub use parse::Leniency;
pub use types::{
    AddressError, Body, DateTime, DeliverBy, DeliverMode, Domain, EnhancedCode, Extensions,
    ForwardPath, Hold, MailParams, Mailbox, Notify, OfferedLimits, Orcpt, ParamError, RcptParams,
    Reply, Ret, ReversePath, Rrvs, RrvsAction, Xtext,
};
