use alloc::{borrow::Cow, string::String};

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag_no_case, take_while1},
    character::complete::{char, space0},
    combinator::{opt, value},
    sequence::{delimited, pair, preceded},
};

use super::{Res, digits, to_u32};
use crate::{Code, Response, Scan, Stat, Status, UniqueId};

/// A line that is no response: neither `+OK` nor `-ERR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither +OK nor -ERR")]
#[non_exhaustive]
pub struct ResponseError;

/// Reads the first line of a response, without its line end.
///
/// ```text
/// single-line  =  status [SP text] CRLF             ; RFC 2449 §3
/// text         =  *schar / resp-code *CHAR
/// ```
///
/// Tolerated, because real servers do it: a status in lower case, no text, more than one space,
/// octets that are not UTF-8 (replaced).
///
/// # Errors
///
/// [`ResponseError`] when the line does not begin with a status.
///
/// ```
/// use pop3_proto::{Code, parse};
///
/// let response = parse::response(b"-ERR [in-use/backup] try later").unwrap();
/// assert_eq!(response.code, Some(Code::InUse));
/// assert_eq!(response.text, "try later");
/// ```
pub fn response(line: &[u8]) -> Result<Response<'_>, ResponseError> {
    match String::from_utf8_lossy(line) {
        Cow::Borrowed(line) => {
            let (text, (status, code)) = head(line).map_err(|_| ResponseError)?;
            Ok(Response::new(status, code, text))
        }
        // Status and code are ASCII even where the text is in an unknown character set.
        Cow::Owned(lossy) => {
            let (text, (status, _)) = head(&lossy).map_err(|_| ResponseError)?;
            let end =
                line.iter().position(|octet| *octet == b']').map_or(0, |at| at.saturating_add(1));
            let start = line.get(..end).and_then(|start| core::str::from_utf8(start).ok());
            let code = start.and_then(|start| head(start).ok()?.1.1);
            Ok(Response::new(status, code, String::from(text)))
        }
    }
}

fn head(line: &str) -> Res<'_, (Status, Option<Code<'_>>)> {
    let status =
        alt((value(Status::Ok, tag_no_case("+OK")), value(Status::Err, tag_no_case("-ERR"))));
    let code = delimited(char('['), take_while1(|c| c != ']'), (char(']'), space0));
    pair(status, preceded(space0, opt(code.map(Code::new)))).parse(line)
}

/// Reads a line of a SASL exchange, `+ ` and base64 (RFC 5034 §4). Returns the base64.
pub fn continuation(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"+")?;
    match rest.strip_prefix(b" ") {
        Some(base64) => Some(base64.trim_ascii()),
        None => rest.is_empty().then_some(rest),
    }
}

/// Reads a drop listing, `messages SP octets` (RFC 1939 §5). What follows is ignored.
#[inline]
pub fn stat(text: &str) -> Option<Stat> {
    let (messages, octets) = numbers(text)?;
    Some(Stat::new(messages, octets))
}

/// Reads a scan listing, `message SP octets` (RFC 1939 §5). What follows is ignored.
#[inline]
pub fn scan(text: &str) -> Option<Scan> {
    let (message, octets) = numbers(text)?;
    (message > 0).then(|| Scan::new(to_u32(message), octets))
}

/// Reads a unique-id listing, `message SP unique-id` (RFC 1939 §7).
#[inline]
pub fn unique_id(text: &str) -> Option<UniqueId<'_>> {
    let text = blanks(text);
    let (message, len) = digits(text.as_bytes()).filter(|(message, _)| *message > 0)?;
    let (_, rest) = text.split_at_checked(len)?;
    let uidl = blanks(rest);
    let separated = uidl.len() < rest.len();
    let uidl = uidl.trim_ascii_end();
    (separated && !uidl.is_empty()).then(|| UniqueId::new(to_u32(message), uidl))
}

/// Two numbers, spaces or tabs before each.
#[inline]
fn numbers(text: &str) -> Option<(u64, u64)> {
    let text = blanks(text);
    let (first, len) = digits(text.as_bytes())?;
    let (_, rest) = text.split_at_checked(len)?;
    let second = blanks(rest);
    let (number, _) = digits(second.as_bytes()).filter(|_| second.len() < rest.len())?;
    Some((first, number))
}

/// What follows spaces and tabs.
#[inline]
fn blanks(text: &str) -> &str {
    let len = text.bytes().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    text.split_at_checked(len).unwrap_or_default().1
}

/// Reads a line of the answer to LANG, `tag [SP description]` (RFC 6856 §3.2).
pub fn language(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_matches(' ');
    let (tag, description) = text.split_once(' ').unwrap_or((text, ""));
    (!tag.is_empty()).then(|| (tag, description.trim_start_matches(' ')))
}

/// Finds the timestamp for APOP in a greeting (RFC 1939 §7), if there is a usable one: a message-id
/// as RFC 822 has it. Whoever stands between could put anything else there to learn the password
/// from digests of his making (RFC 2449 §3 says "MUST conform").
pub fn timestamp(greeting: &[u8]) -> Option<&str> {
    memchr::memchr_iter(b'<', greeting).find_map(|start| {
        let rest = greeting.get(start..)?;
        let end = memchr::memchr(b'>', rest)?;
        let timestamp = core::str::from_utf8(rest.get(..=end)?).ok()?;
        is_message_id(timestamp).then_some(timestamp)
    })
}

/// Whether it is `<dot-atom@dot-atom>` or `<dot-atom@[literal]>`.
pub(crate) fn is_message_id(text: &str) -> bool {
    let atom =
        |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&octet);
    let dot_atom = |text: &str| !text.is_empty() && text.bytes().all(atom);
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    inner.and_then(|inner| inner.split_once('@')).is_some_and(|(left, right)| {
        let literal = right.strip_prefix('[').and_then(|right| right.strip_suffix(']'));
        let literal = literal
            .map(|text| !text.is_empty() && text.bytes().all(|octet| atom(octet) || octet == b':'));
        dot_atom(left) && literal.unwrap_or_else(|| dot_atom(right))
    })
}
