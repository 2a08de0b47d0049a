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

use nom::IResult;

type Res<'a, T> = IResult<&'a str, T>;

/// Decimal digits at the start: the number, and how many they are. A number too large to hold becomes
/// the largest, which names no message.
#[inline]
fn digits(input: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    let mut len = 0;
    for octet in input.iter().take_while(|octet| octet.is_ascii_digit()) {
        number = number.saturating_mul(10).saturating_add(u64::from(octet & 0xF));
        len += 1;
    }
    (len > 0).then_some((number, len))
}

fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
