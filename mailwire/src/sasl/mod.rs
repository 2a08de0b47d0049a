//! SASL (RFC 4422) for all protocols and both roles.
//!
//! A machine runs the exchange: base64, the empty response `=`, the cancelling `*`, sizes, order.
//! The host sees one [`Claim`] and gives one [`Verdict`]:
//!
//! ```
//! use mailwire::sasl::{Claim, Mechanism, Progress, Verdict, server::Exchange};
//!
//! let mut exchange = Exchange::new(Mechanism::Plain);
//! assert_eq!(exchange.receive(Some(b"\0tim\0tanstaaftanstaaf")), Progress::Decide);
//! let Some(Claim::Password { username, password, .. }) = exchange.claim() else { panic!() };
//! let right = username == "tim" && password.expose() == "tanstaaftanstaaf";
//! assert_eq!(exchange.verdict(if right { Verdict::Accept } else { Verdict::Refuse }),
//!     Progress::Success);
//! ```

mod apop;
mod binding;
mod claim;
mod cram_md5;
mod mechanism;
mod oauth;
mod prep;
mod scram;
mod secret;
mod wire;

pub mod client;
pub mod server;

pub use apop::apop_digest;
pub use binding::ChannelBinding;
pub use claim::{Claim, Digest, Failure, Verdict};
pub use mechanism::Mechanism;
pub use prep::saslprep;
pub use scram::{Hash, Keys, KeysError};
pub use secret::Secret;
pub use server::Progress;
pub use wire::{Response, decode_response, encode};
