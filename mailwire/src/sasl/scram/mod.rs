//! SCRAM (RFC 5802, RFC 7677): a password is proved, not sent.

mod client;
mod hash;
mod keys;
mod message;
mod server;
#[cfg(test)]
mod tests;

pub(super) use self::{
    client::Client,
    server::{Server, Wrong},
};
pub use self::{
    hash::Hash,
    keys::{Keys, KeysError},
};
