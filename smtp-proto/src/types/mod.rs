//! Values of the protocol. None of them can hold what must not be printed.

mod address;
mod enhanced;
mod extensions;
mod params;
mod reply;

pub use address::{AddressError, Domain, ForwardPath, Mailbox, ReversePath};
pub use enhanced::EnhancedCode;
pub use extensions::Extensions;
pub use params::{Body, MailParams, ParamError, RcptParams};
pub use reply::Reply;
