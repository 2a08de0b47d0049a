//! Header text and bodies as Unicode: what SEARCH looks into (RFC 2047, RFC 2045 §6).

use alloc::{borrow::Cow, string::String, vec::Vec};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::structure::{PartKind, Structure, content_type, encoding};

/// Base64 as mail has it: padding may be missing, the last bits may be anything.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Octets of a charset as Unicode. UTF-8, US-ASCII, ISO-8859-1, ISO-8859-15 and Windows-1252 are
/// known; octets of other charsets are read as UTF-8 with replacement characters.
pub fn to_utf8<'a>(octets: &'a [u8], charset: &str) -> Cow<'a, str> {
    let is = |name: &str| charset.eq_ignore_ascii_case(name);
    let latin = is("iso-8859-1") || is("latin1") || is("iso-8859-15") || is("windows-1252");
    if !latin || octets.is_ascii() {
        return String::from_utf8_lossy(octets);
    }
    let euro = is("iso-8859-15");
    let map = |b: &u8| match b {
        0xa4 if euro => '\u{20ac}',
        0x80..=0x9f => {
            const WINDOWS: [char; 32] = [
                '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}',
                'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›',
                'œ', '\u{9d}', 'ž', 'Ÿ',
            ];
            WINDOWS.get(usize::from(b & 0x1f)).copied().unwrap_or('\u{fffd}')
        }
        b => char::from(*b),
    };
    Cow::Owned(octets.iter().map(map).collect())
}

/// Header text with its encoded words decoded (RFC 2047): unfolded, as Unicode.
///
/// ```
/// use imap_proto::mime::decode_text;
///
/// assert_eq!(decode_text(b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= aus =?iso-8859-1?b?S/Zsbg==?="), "Grüße aus Köln");
/// ```
pub fn decode_text(text: &[u8]) -> String {
    let text = super::header::unfold(text);
    let mut out = String::new();
    let mut rest = text.as_slice();
    let mut after_word = false;
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        let (plain, found) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        match encoded_word(found) {
            Some((word, len)) => {
                // §6.2: blanks between two encoded words are not shown.
                if !(after_word && plain.iter().all(u8::is_ascii_whitespace)) {
                    out.push_str(&String::from_utf8_lossy(plain));
                }
                out.push_str(&word);
                rest = found.get(len..).unwrap_or_default();
                after_word = true;
            }
            None => {
                out.push_str(&String::from_utf8_lossy(plain));
                out.push_str("=?");
                rest = found.get(2..).unwrap_or_default();
                after_word = false;
            }
        }
    }
    out.push_str(&String::from_utf8_lossy(rest));
    out
}

/// `"=?" charset "?" encoding "?" encoded-text "?="`: its text and length.
fn encoded_word(text: &[u8]) -> Option<(String, usize)> {
    const LONGEST: usize = 1024; // RFC 2047 §2 says 75; real mail says more
    let inner = text.strip_prefix(b"=?")?;
    let inner = inner.get(..inner.len().min(LONGEST))?;
    let (charset, rest) = split_once(inner, b'?')?;
    let (method, rest) = split_once(rest, b'?')?;
    let end = memchr::memmem::find(rest, b"?=")?;
    let encoded = rest.get(..end)?;
    let octets = match method {
        b"b" | b"B" => decode_base64(encoded),
        b"q" | b"Q" => {
            let blanks: Vec<u8> =
                encoded.iter().map(|b| if *b == b'_' { b' ' } else { *b }).collect();
            decode_escapes(&blanks)
        }
        _ => return None,
    };
    // RFC 2231 §5: a language may follow the charset.
    let charset = charset.split(|b| *b == b'*').next()?;
    let charset = core::str::from_utf8(charset).ok()?;
    let skipped = charset_len(inner, rest)?;
    let len = skipped.checked_add(end)?.checked_add(4)?;
    Some((to_utf8(&octets, charset).into_owned(), len))
}

fn charset_len(inner: &[u8], rest: &[u8]) -> Option<usize> {
    inner.len().checked_sub(rest.len())
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let found = memchr::memchr(at, text)?;
    Some((text.get(..found)?, text.get(found.checked_add(1)?..)?))
}

fn decode_base64(text: &[u8]) -> Vec<u8> {
    let letter = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let mut clean: Vec<u8> = text.iter().filter(letter).copied().collect();
    if clean.len() % 4 == 1 {
        clean.pop(); // six bits are no octet
    }
    LENIENT.decode(&clean).unwrap_or_default()
}

/// RFC 2045 §6.7. Blanks at the end of a line were added on the way and are no part of the text (rule 3).
fn decode_quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|b| *b == b'\n') {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        let end = line.get(content.len()..).unwrap_or_default();
        let blanks = content.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let content = content.get(..content.len().saturating_sub(blanks)).unwrap_or_default();
        match content.strip_suffix(b"=") {
            Some(content) => out.append(&mut decode_escapes(content)),
            None => {
                out.append(&mut decode_escapes(content));
                out.extend_from_slice(end);
            }
        }
    }
    out
}

/// `"=" 2HEX` as the octet it stands for; another `=` as it stands.
fn decode_escapes(text: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return out,
            [b'=', a, b, after @ ..] => match (hex(*a), hex(*b)) {
                (Some(a), Some(b)) => {
                    out.push((a << 4) | b);
                    after
                }
                _ => {
                    out.push(b'=');
                    rest.get(1..).unwrap_or_default()
                }
            },
            [first, rest @ ..] => {
                out.push(*first);
                rest
            }
        };
    }
}

/// A transfer encoding that is not known (RFC 3516 §4.3: the code UNKNOWN-CTE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown content transfer encoding")]
#[non_exhaustive]
pub struct UnknownEncoding;

/// The body of a part without the transfer encoding that its header names: what BINARY is (RFC 3516 §4.2).
///
/// ```
/// use imap_proto::mime::decode_part;
///
/// let header = b"Content-Transfer-Encoding: base64\r\n\r\n";
/// assert_eq!(decode_part(header, b"AAECAw==\r\n").unwrap().as_ref(), [0, 1, 2, 3]);
/// ```
///
/// # Errors
///
/// [`UnknownEncoding`] for an encoding that RFC 2045 §6 does not know.
pub fn decode_part<'a>(header: &[u8], body: &'a [u8]) -> Result<Cow<'a, [u8]>, UnknownEncoding> {
    let method = encoding(header);
    let is = |name: &str| method.eq_ignore_ascii_case(name.as_bytes());
    match () {
        () if is("base64") => Ok(Cow::Owned(decode_base64(body))),
        () if is("quoted-printable") => Ok(Cow::Owned(decode_quoted_printable(body))),
        () if is("7bit") || is("8bit") || is("binary") => Ok(Cow::Borrowed(body)),
        () => Err(UnknownEncoding),
    }
}

/// The text parts of a message, decoded, one after the other; each is handed to `text` and the walk
/// ends when it returns `true`. Says whether it did.
pub fn decode_body(raw: &[u8], mut text: impl FnMut(&str) -> bool) -> bool {
    let structure = Structure::of(raw);
    structure.parts().iter().enumerate().any(|(index, part)| {
        let slice = |range: &core::ops::Range<usize>| raw.get(range.clone()).unwrap_or_default();
        let header = slice(&part.header);
        // A message inside: its header is body text of the outer one.
        if index > 0 && part.kind != PartKind::Multipart && text(&decode_text_lines(header)) {
            return true;
        }
        if part.kind != PartKind::Leaf {
            return false;
        }
        let content = content_type(header, false);
        // Delivery and disposition reports are text, too (RFC 3464 §2, RFC 3798 §3).
        let readable: [&[u8]; 2] = [b"text", b"message"];
        if !readable.iter().any(|kind| content.kind.eq_ignore_ascii_case(kind)) {
            return false;
        }
        let body = slice(&part.body);
        let octets = decode_part(header, body).unwrap_or(Cow::Borrowed(body));
        let charset = content.param("charset").and_then(|c| core::str::from_utf8(c).ok());
        text(&to_utf8(&octets, charset.unwrap_or("utf-8")))
    })
}

/// The fields of a header, decoded, each on a line.
pub(crate) fn decode_text_lines(header: &[u8]) -> String {
    let mut out = String::new();
    for field in super::header::fields(header) {
        out.push_str(&String::from_utf8_lossy(field.name));
        out.push_str(": ");
        out.push_str(&decode_text(field.value));
        out.push_str("\r\n");
    }
    out
}
