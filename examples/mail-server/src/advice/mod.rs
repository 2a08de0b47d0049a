//! What an operator has to do outside this program: records for DNS, and whether all is well.

mod check;
mod print;
mod records;

pub(crate) use self::{
    check::{Findings, check},
    print::print,
    records::{Data, Setup},
};
