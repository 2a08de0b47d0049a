//! Who has an account here, and with which password.

mod directory;
mod judge;
mod passwords;
mod recent;
mod scram;
mod users;
mod well_known;

pub(crate) use self::{
    directory::{Directory, DirectoryError},
    judge::mechanisms,
    passwords::{HashError, Passwords},
    scram::LoginSecret,
    users::{AccountError, Users},
    well_known::{Refusal, WellKnown, prepare},
};

#[cfg(test)]
mod tests;
