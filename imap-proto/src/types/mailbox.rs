use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

/// A mailbox name: Unicode text here, modified UTF-7 on the wire (RFC 3501 §5.1.3).
///
/// `INBOX` in any case is one name and becomes `INBOX`. Control characters are refused: they have no
/// place in a name (RFC 9051 §5.1, Net-Unicode) and could break a line when printed.
///
/// ```
/// use imap_proto::types::Mailbox;
///
/// let name = Mailbox::new("Entwürfe").unwrap();
/// assert_eq!(name.to_wire(), "Entw&APw-rfe");
/// assert_eq!(Mailbox::from_wire(b"Entw&APw-rfe").unwrap(), name);
/// assert_eq!(Mailbox::new("inBox").unwrap().as_str(), "INBOX");
/// assert!(Mailbox::new("a\r\nb").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mailbox<'a>(Cow<'a, str>);

/// How mailbox names are encoded on the wire: what an `&` means depends on it, so a name alone does not tell.
///
/// ```
/// use imap_proto::types::{Mailbox, Names};
///
/// assert!(Mailbox::from_wire(b"R&D").is_err());
/// assert_eq!(Mailbox::from_wire_in(b"R&D", Names::Utf8).unwrap().as_str(), "R&D");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Names {
    /// Modified UTF-7 (RFC 3501 §5.1.3): what a session begins with. Raw UTF-8 is read as well.
    #[default]
    ModifiedUtf7,
    /// UTF-8, in which `&` is a character like others: after `ENABLE IMAP4rev2` or `ENABLE UTF8=ACCEPT`
    /// (RFC 9051 §5.1, RFC 6855 §3).
    Utf8,
}

/// A name that is no mailbox name: control characters, or broken modified UTF-7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid mailbox name")]
#[non_exhaustive]
pub struct InvalidMailbox;

impl<'a> Mailbox<'a> {
    /// The inbox.
    pub const INBOX: Mailbox<'static> = Mailbox(Cow::Borrowed("INBOX"));

    /// The empty name, by which METADATA knows the server itself (RFC 5464 §4.2).
    pub(crate) const SERVER: Mailbox<'static> = Mailbox(Cow::Borrowed(""));

    /// A name from Unicode text.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Result<Self, InvalidMailbox> {
        let name = name.into();
        if name.chars().any(char::is_control) {
            return Err(InvalidMailbox);
        }
        if name.eq_ignore_ascii_case("INBOX") {
            return Ok(Self(Cow::Borrowed("INBOX")));
        }
        Ok(Self(name))
    }

    /// A name as the wire has it, in modified UTF-7. Raw UTF-8 is accepted as well.
    pub fn from_wire(wire: &'a [u8]) -> Result<Self, InvalidMailbox> {
        Self::from_wire_in(wire, Names::ModifiedUtf7)
    }

    /// A name as the wire has it, in this encoding.
    pub fn from_wire_in(wire: &'a [u8], names: Names) -> Result<Self, InvalidMailbox> {
        let text = core::str::from_utf8(wire).map_err(|_| InvalidMailbox)?;
        match names {
            Names::ModifiedUtf7 if text.contains('&') => Self::new(decode(text)?),
            _ => Self::new(text),
        }
    }

    /// The name as Unicode text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the inbox.
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// The name in modified UTF-7.
    pub fn to_wire(&self) -> Cow<'_, str> {
        encode(&self.0)
    }

    /// The same name, owned.
    pub fn into_owned(self) -> Mailbox<'static> {
        Mailbox(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Debug for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AsRef<str> for Mailbox<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The alphabet of modified BASE64: `,` instead of `/`, no padding (RFC 3501 §5.1.3).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Unicode to modified UTF-7.
pub(crate) fn encode(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(8));
    let mut run: Vec<u16> = Vec::new();
    for c in text.chars() {
        if (' '..='~').contains(&c) {
            encode_run(&mut run, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            run.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    encode_run(&mut run, &mut out);
    Cow::Owned(out)
}

fn encode_run(run: &mut Vec<u16>, out: &mut String) {
    if run.is_empty() {
        return;
    }
    let letter = |n: u32| char::from(ALPHABET.get(n as usize & 63).copied().unwrap_or(b'A'));
    out.push('&');
    let (mut bits, mut held) = (0u32, 0u32);
    for unit in run.drain(..) {
        bits = (bits << 16) | u32::from(unit);
        held += 16;
        while held >= 6 {
            held -= 6;
            out.push(letter(bits >> held));
        }
        bits &= 0x3f;
    }
    if held > 0 {
        out.push(letter(bits << (6 - held)));
    }
    out.push('-');
}

/// Modified UTF-7 to Unicode.
pub(crate) fn decode(wire: &str) -> Result<String, InvalidMailbox> {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    let mut after_run = false;
    while let Some((plain, shifted)) = rest.split_once('&') {
        out.push_str(plain);
        let (run, after) = shifted.split_once('-').ok_or(InvalidMailbox)?;
        if run.is_empty() {
            out.push('&');
            after_run = false;
        } else {
            // RFC 3501 §5.1.3: no superfluous shifts, and no printable US-ASCII in a run: a name has one spelling.
            let begin = out.len();
            decode_run(run, &mut out)?;
            let needless =
                out.get(begin..).is_some_and(|run| run.contains(|c| (' '..='~').contains(&c)));
            if needless || (after_run && plain.is_empty()) {
                return Err(InvalidMailbox);
            }
            after_run = true;
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn decode_run(run: &str, out: &mut String) -> Result<(), InvalidMailbox> {
    let mut units: Vec<u16> = Vec::with_capacity(run.len());
    let (mut bits, mut held) = (0u32, 0u32);
    for letter in run.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b',' => 63,
            _ => return Err(InvalidMailbox),
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push(u16::try_from((bits >> held) & 0xffff).unwrap_or_default());
            bits &= (1 << held) - 1;
        }
    }
    // What is left over is padding: fewer than six bits, all zero.
    if held >= 6 || bits != 0 {
        return Err(InvalidMailbox);
    }
    for c in char::decode_utf16(units) {
        out.push(c.map_err(|_| InvalidMailbox)?);
    }
    Ok(())
}
