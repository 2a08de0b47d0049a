//! Parsers over complete lines: octets to values.
//!
//! Every parser here is given one whole line without its line end (the framer sees to that), so
//! none can ask for more input. What is read is borrowed.

mod command;
mod response;

pub use command::command;
pub(crate) use command::is_range;
pub(crate) use response::is_message_id;
pub use response::{
    ResponseError, continuation, language, response, scan, stat, timestamp, unique_id,
};

use nom::{IResult, Parser, character::complete::digit1, combinator::map};

type Res<'a, T> = IResult<&'a str, T>;

/// Decimal digits. A number too large to hold becomes the largest, which names no message.
fn digits(input: &str) -> Res<'_, u64> {
    map(digit1, |text: &str| text.parse().unwrap_or(u64::MAX)).parse(input)
}

fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
