//! Character classes of RFC 3501 §9 and the borrowed octet string.

use alloc::borrow::Cow;

/// `atom-specials`: what an atom must not hold.
pub(crate) fn is_atom_char(b: u8) -> bool {
    b > 0x20 && b < 0x7f && !matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR = ATOM-CHAR / resp-specials`
pub(crate) fn is_astring_char(b: u8) -> bool {
    is_atom_char(b) || b == b']'
}

/// `list-char = ATOM-CHAR / list-wildcards / resp-specials`
pub(crate) fn is_list_char(b: u8) -> bool {
    is_astring_char(b) || matches!(b, b'%' | b'*')
}

/// A tag: ASTRING-CHAR without `+`.
pub(crate) fn is_tag_char(b: u8) -> bool {
    is_astring_char(b) && b != b'+'
}

pub(crate) fn is_atom(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| is_atom_char(*b))
}

/// Whether the octets may stand between quotes: 7-bit, no CR, LF or NUL (`QUOTED-CHAR`).
pub(crate) fn is_quotable(text: &[u8]) -> bool {
    text.iter().all(|b| !matches!(b, 0 | b'\r' | b'\n' | 0x80..))
}

/// Whether the text may stand between quotes where UTF-8 is allowed (RFC 6855 §3, RFC 9051 §9
/// `QUOTED-CHAR`).
pub(crate) fn is_utf8_quotable(text: &str) -> bool {
    !text.bytes().any(|b| matches!(b, 0 | b'\r' | b'\n'))
}

pub(crate) fn own(text: Cow<'_, [u8]>) -> Cow<'static, [u8]> {
    Cow::Owned(text.into_owned())
}

pub(crate) fn own_str(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// Whether the text can stand as it is where an `astring` can.
pub(crate) fn is_astring(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| is_astring_char(*b))
}
