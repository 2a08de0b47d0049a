//! Who has an account here, and with which password.

mod passwords;
mod recent;
mod users;
mod well_known;

pub(crate) use self::{
    passwords::{HashError, Passwords},
    users::{AccountError, Users},
    well_known::{Refusal, WellKnown, prepare},
};

#[cfg(test)]
mod tests;
