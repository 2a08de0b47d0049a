//! Replies (RFC 5321 §4.2), read with tolerance.

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
