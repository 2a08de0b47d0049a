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

use nom::{
    Err, IResult,
    error::{Error, ErrorKind},
};

type Res<'a, T> = IResult<&'a str, T>;

/// Decimal digits. A number too large to hold becomes the largest, which names no message.
fn digits(input: &str) -> Res<'_, u64> {
    let mut number = 0_u64;
    let mut len = 0;
    for octet in input.bytes().take_while(u8::is_ascii_digit) {
        number = number.saturating_mul(10).saturating_add(u64::from(octet & 0xF));
        len += 1;
    }
    match input.split_at_checked(len) {
        Some((_, rest)) if len > 0 => Ok((rest, number)),
        _ => Err(Err::Error(Error::new(input, ErrorKind::Digit))),
    }
}

fn to_u32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
