use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::{self, Write};

/// Text of printable ASCII, everything else in it as `+` and two hexadecimal digits (RFC 3461 §4).
///
/// ```
/// use smtp_proto::Xtext;
///
/// let text = Xtext::encode("a+b=c d");
/// assert_eq!(text.to_string(), "a+2Bb+3Dc+20d");
/// assert_eq!(text.decode(), "a+b=c d");
/// assert!(Xtext::new("a+b").is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xtext<'a>(Cow<'a, str>);

impl<'a> Xtext<'a> {
    /// Text that is encoded already; `None` if it is not.
    pub fn new(text: &'a str) -> Option<Self> {
        let is_hex = |octet: &u8| matches!(octet, b'0'..=b'9' | b'A'..=b'F');
        let is_plain = |octet: u8| (b'!'..=b'~').contains(&octet) && octet != b'=';
        let octets = text.as_bytes();
        let escapes = |(at, &octet): (usize, &u8)| {
            octet != b'+' || octets.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(is_hex))
        };
        let fits = octets.iter().all(|&octet| is_plain(octet));
        (fits && octets.iter().enumerate().all(escapes)).then_some(Self(Cow::Borrowed(text)))
    }

    /// As [`new`](Self::new), with text beyond ASCII let through (RFC 6533 §3, `utf-8` addresses).
    pub(crate) fn new_utf8(text: &'a str) -> Option<Self> {
        if text.is_ascii() {
            return Self::new(text);
        }
        let fits = text.chars().all(|c| !c.is_control() && !matches!(c, ' ' | '+' | '='));
        fits.then_some(Self(Cow::Borrowed(text)))
    }

    /// Encodes text.
    pub fn encode(text: &str) -> Xtext<'static> {
        let mut encoded = String::with_capacity(text.len());
        for &octet in text.as_bytes() {
            if (b'!'..=b'~').contains(&octet) && !matches!(octet, b'+' | b'=') {
                encoded.push(char::from(octet));
            } else {
                let _ = write!(encoded, "+{octet:02X}"); // writing to a String cannot fail
            }
        }
        Xtext(Cow::Owned(encoded))
    }

    /// The text itself; octets that are not UTF-8 become U+FFFD.
    pub fn decode(&self) -> Cow<'_, str> {
        if !self.0.contains('+') {
            return Cow::Borrowed(&self.0);
        }
        let mut octets = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            rest = after;
            let hex = after.get(..2).and_then(|hex| core::str::from_utf8(hex).ok());
            match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(octet) if first == b'+' => {
                    octets.push(octet);
                    rest = after.get(2..).unwrap_or_default();
                }
                _ => octets.push(first),
            }
        }
        Cow::Owned(String::from_utf8_lossy(&octets).into_owned())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Xtext<'static> {
        Xtext(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for Xtext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
