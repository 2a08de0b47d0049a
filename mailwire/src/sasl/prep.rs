use alloc::borrow::Cow;

/// SASLprep (RFC 4013) of a password, so that it is the same however it was typed. `None` for one
/// that holds what it must not: control characters, private use, unassigned code points.
///
/// SCRAM prepares what it is given by itself. For PLAIN and LOGIN it is for the host to prepare, both
/// the password it stores and the one it compares (RFC 4616 §2).
///
/// Without the feature `std` only ASCII can be prepared: the tables need it.
///
/// ```
/// use mailwire::sasl::saslprep;
///
/// assert_eq!(saslprep("Bo\u{308}ll").as_deref(), Some("B\u{f6}ll"));
/// assert_eq!(saslprep("bell\u{7}"), None);
/// ```
pub fn saslprep(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|octet| (0x20..0x7F).contains(&octet)) {
        return Some(Cow::Borrowed(text));
    }
    #[cfg(feature = "std")]
    return stringprep::saslprep(text).ok();
    #[cfg(not(feature = "std"))]
    None
}
