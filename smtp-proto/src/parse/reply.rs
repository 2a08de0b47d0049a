//! Replies (RFC 5321 §4.2), read with tolerance.

use alloc::string::String;

use mailwire::frame::strip_eol;
use memchr::memchr;

use crate::types::{EnhancedCode, Reply};

/// A reply as it came, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireReply<'a> {
    code: u16,
    /// The text of the first line.
    first: &'a [u8],
    /// The lines after it.
    more: &'a [u8],
}

impl<'a> WireReply<'a> {
    /// The code. Where those of the lines differ, the first counts.
    pub const fn code(self) -> u16 {
        self.code
    }

    /// The enhanced status code its text begins with. One of another class than the code is none.
    pub fn enhanced(self) -> Option<EnhancedCode> {
        let (status, _) = EnhancedCode::first(self.first)?;
        (u16::from(status.class) == self.code / 100).then_some(status)
    }

    /// What its lines say after the code.
    pub fn lines(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.more;
        core::iter::once(self.first).chain(core::iter::from_fn(move || {
            let (line, after) = first_line(rest)?;
            rest = after;
            Some(line.get(4..).unwrap_or_default())
        }))
    }

    /// The same reply, borrowing nothing; octets that are not UTF-8 become U+FFFD.
    pub fn to_reply(self) -> Reply {
        let mut text = String::with_capacity(self.first.len() + self.more.len());
        for (i, line) in self.lines().enumerate() {
            if i > 0 {
                text.push('\n');
            }
            text.push_str(&String::from_utf8_lossy(line));
        }
        Reply::from_wire(self.code, text)
    }
}

/// The reply that `wire` begins with, and what follows it. `None` where that is no reply, or not
/// all of it.
///
/// ```
/// use smtp_proto::parse;
///
/// let (reply, rest) = parse::reply(b"250-mx.example.org\r\n250 DSN\r\n220 go\r\n").unwrap();
/// assert_eq!((reply.code(), rest), (250, &b"220 go\r\n"[..]));
/// assert!(reply.lines().eq([&b"mx.example.org"[..], b"DSN"]));
/// assert_eq!(parse::reply(b"250-mx.example.org\r\n"), None);
/// ```
pub fn reply(wire: &[u8]) -> Option<(WireReply<'_>, &[u8])> {
    let (line, after_first) = first_line(wire)?;
    let first = reply_line(line)?;
    let (mut last, mut rest) = (first.last, after_first);
    while !last {
        let (line, after) = first_line(rest)?;
        (last, rest) = (reply_line(line)?.last, after);
    }
    let more = after_first.get(..after_first.len() - rest.len())?;
    Some((WireReply { code: first.code, first: first.text, more }, rest))
}

/// A line without its line end, and what follows it.
#[inline]
fn first_line(wire: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = wire.split_at_checked(memchr(b'\n', wire)? + 1)?;
    Some((strip_eol(line), rest))
}

/// One line of a reply, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReplyLine<'a> {
    pub(crate) code: u16,
    /// Whether no line of the same reply follows.
    pub(crate) last: bool,
    pub(crate) text: &'a [u8],
}

/// ```abnf
/// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
/// Reply-code = %x32-35 %x30-35 %x30-39
/// ```
///
/// A code alone is a whole reply. The second digit may be any: servers have been seen to use more.
#[inline]
pub(crate) fn reply_line(line: &[u8]) -> Option<ReplyLine<'_>> {
    let (code, rest) = line.split_at_checked(3)?;
    let &[a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] = code else { return None };
    let digit = |octet: u8| u16::from(octet - b'0');
    let code = digit(a) * 100 + digit(b) * 10 + digit(c);
    let (last, text) = match rest {
        [] => (true, rest),
        [b'-', text @ ..] => (false, text),
        [b' ' | b'\t', text @ ..] => (true, text),
        _ => return None,
    };
    Some(ReplyLine { code, last, text })
}
