//! Who others are, and who we are: SPF, DKIM, DMARC and ARC of mail that comes in, DKIM of mail that
//! goes out. The cryptography and the records are `mail-auth`'s.

mod check;
mod keys;
mod sign;

pub(crate) use self::{
    check::{Checks, Sender, Verdict, author_addresses},
    keys::{DkimKeys, KeyError, State},
    sign::signatures,
};
