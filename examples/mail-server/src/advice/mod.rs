//! What an operator has to do outside this program: records for DNS, and whether all is well.

mod check;
mod clock;
mod print;
mod records;
mod sts;

pub(crate) use self::{
    check::{Findings, World, check},
    print::print,
    records::{Data, Setup},
};
