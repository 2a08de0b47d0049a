//! SMTP from other servers and from users: who may send what to whom, and where it goes.

mod intake;
mod policy;
mod session;

pub(crate) use self::{
    intake::{EIGHT_BIT, forward_path},
    policy::address,
    session::session,
};
