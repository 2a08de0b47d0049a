use alloc::borrow::Cow;

/// SASLprep (RFC 4013) of a password, so that it is the same however it was typed. `None` for one
/// that holds what it must not: control characters, private use, unassigned code points.
///
/// Without the feature `std` only ASCII can be prepared: the tables need it.
pub(super) fn saslprep(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|octet| (0x20..0x7F).contains(&octet)) {
        return Some(Cow::Borrowed(text));
    }
    #[cfg(feature = "std")]
    return stringprep::saslprep(text).ok();
    #[cfg(not(feature = "std"))]
    None
}
