//! Values of the protocol. None of them can hold what must not be printed.

mod address;
mod dsn;
mod enhanced;
mod extensions;
mod params;
mod reply;
mod xtext;

pub use address::{AddressError, Domain, ForwardPath, Mailbox, ReversePath};
pub use dsn::{Notify, Orcpt, Ret};
pub use enhanced::EnhancedCode;
pub use extensions::{Extensions, OfferedLimits};
pub use params::{
    Body, DateTime, DeliverBy, DeliverMode, Hold, MailParams, ParamError, RcptParams, Rrvs,
    RrvsAction,
};
pub use reply::Reply;
pub use xtext::Xtext;
