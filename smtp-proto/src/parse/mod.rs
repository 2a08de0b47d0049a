//! Parsers over complete frames. None of them sees a partial line, and none allocates.

pub(crate) mod command;
mod octets;
mod params;
pub(crate) mod path;
pub(crate) mod reply;

pub use command::{Leniency, command, verb};
pub(crate) use command::{auth, bdat, client_name};
pub use reply::{WireReply, reply};

/// What all parsers here return.
pub(crate) type Parsed<'a, T> = nom::IResult<&'a [u8], T>;
