//! SMTP from other servers and from users: who may send what to whom, and where it goes.

mod dnsbl;
mod greylist;
mod intake;
mod policy;
mod scrutiny;
mod session;
mod stranger;

pub(crate) use self::{
    greylist::Greylist, intake::forward_path, policy::address, session::session,
};
