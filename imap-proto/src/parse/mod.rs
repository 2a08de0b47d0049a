//! Parsers over complete frames: octets to values.
//!
//! Every parser here is given a whole command or response, its literals included (the
//! [framer](crate::frame) sees to that), so none can ask for more input. Each octet is read once;
//! what is read is borrowed.

mod append;
mod basic;
mod command;
pub(crate) mod envelope;
mod extension;
mod fetch;
mod fetch_data;
mod found;
mod list;
mod literals;
mod mailbox_data;
mod notes;
mod notify;
mod response;
mod search;
pub(crate) mod skip;
mod text;
mod tolerance;

use nom::IResult;

pub use append::{AppendEvent, AppendHead, AppendReader, LiteralHolds, Replaced};
pub(crate) use command::tag_of;
pub use command::{CommandError, CommandErrorKind, command, command_in};
pub(crate) use response::{BARE_CODES, streamed_response};
pub use response::{ResponseError, response, response_in, tolerant_response, tolerant_response_in};
pub use tolerance::{Deviation, DeviationKind, Tolerated};

/// Why a value could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid syntax at octet {offset}")]
#[non_exhaustive]
pub struct ParseError {
    /// Where, in octets from the start.
    pub offset: usize,
}

type Res<'a, T> = IResult<&'a [u8], T>;

fn fail<'a, T>(input: &'a [u8], kind: nom::error::ErrorKind) -> Res<'a, T> {
    Err(nom::Err::Error(nom::error::Error::new(input, kind)))
}

/// Where in `whole` an error happened.
fn offset_of(whole: &[u8], error: nom::Err<nom::error::Error<&[u8]>>) -> usize {
    match error {
        nom::Err::Incomplete(_) => whole.len(),
        nom::Err::Error(e) | nom::Err::Failure(e) => whole.len().saturating_sub(e.input.len()),
    }
}

fn whole<'a, T>(
    input: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> Res<'a, T>,
) -> Result<T, ParseError> {
    match parser(input) {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err(ParseError { offset: input.len().saturating_sub(rest.len()) }),
        Err(error) => Err(ParseError { offset: offset_of(input, error) }),
    }
}

/// Whether the octets are one value of a response, and nothing else.
pub(crate) fn is_value(octets: &[u8]) -> bool {
    // What looks like the announcement of a literal would be taken for one at the end of a line.
    matches!(fetch_data::any_value(octets), Ok(([], ()))) && !octets.contains(&b'{')
}

/// Whether the octets are one item of FETCH that is not known, and nothing else.
pub(crate) fn is_unknown_item(octets: &[u8]) -> bool {
    use crate::response::{FetchData, Response};
    let frame = [b"* 1 FETCH (", octets, b")\r\n"].concat();
    match response(&frame) {
        Ok(Response::Fetch(_, items)) => {
            matches!(&*items, [FetchData::Unknown(raw)] if raw.as_bytes() == octets)
                && !octets.contains(&b'{')
        }
        _ => false,
    }
}

/// Whether the octets are one response that is not known: a line without a literal.
pub(crate) fn is_unknown_response(octets: &[u8]) -> bool {
    let line = octets.strip_suffix(b"\r\n").unwrap_or(b"\n");
    let plain = !line.iter().any(|b| matches!(b, b'\r' | b'\n' | 0 | b'{'));
    plain && matches!(response(octets), Ok(crate::response::Response::Unknown(_)))
}

/// What stands between the brackets of `BODY[…]`, alone.
pub(crate) fn section_text(input: &[u8]) -> Option<crate::types::Section<'static>> {
    let bracketed = [b"[", input, b"]"].concat();
    whole(&bracketed, fetch::section).ok().map(crate::types::Section::into_owned)
}

/// A sequence set alone, without what stands around it.
pub fn sequence_set(input: &[u8]) -> Result<crate::types::SequenceSet, ParseError> {
    whole(input, basic::sequence_set)
}

/// The criteria of a SEARCH alone, as a filter holds them (RFC 5466 §3.2): one key or several.
pub fn search_criteria(input: &[u8]) -> Result<crate::types::SearchKey<'_>, ParseError> {
    whole(input, search::keys)
}

/// A date and time as INTERNALDATE has it, without quotes.
pub fn date_time(input: &[u8]) -> Result<crate::types::DateTime, ParseError> {
    whole(input, basic::date_time_unquoted)
}
