//! The message that travels, as alice's mail program hands it over.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Octets of the attachment.
const ATTACHED: usize = 24 * 1024;
/// Characters of a line of base64 (RFC 2045 §6.8).
const LINE: usize = 76;

/// Who gets it: in To, in Cc, and in Bcc.
pub(super) const RECIPIENTS: [&str; 3] = ["bob@b.test", "carol@b.test", "dave@b.test"];

/// No Message-ID and no Date: adding them is left to the submission server. Lines that begin with
/// dots are what a careless server damages.
const START: &str = "\
From: Alice <alice@a.test>\r
To: Bob <bob@b.test>\r
Cc: Carol <carol@b.test>\r
Bcc: Dave <dave@b.test>\r
Subject: The plans you asked for\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=\"=_plans\"\r
\r
--=_plans\r
Content-Type: text/plain; charset=us-ascii\r
\r
Hello Bob,\r
\r
here they are. The next lines are there to be damaged on the way:\r
.\r
..\r
.hidden\r
\r
Alice\r
--=_plans\r
Content-Type: application/octet-stream\r
Content-Disposition: attachment; filename=plans.bin\r
Content-Transfer-Encoding: base64\r
\r
";

const END: &str = "--=_plans--\r\n";

pub(super) struct Letter {
    /// The whole message.
    pub(super) message: Vec<u8>,
    /// The attachment's content.
    pub(super) attachment: Vec<u8>,
}

impl Letter {
    pub(super) fn write() -> Self {
        let attachment = noise(ATTACHED);
        let encoded = STANDARD.encode(&attachment);
        let mut message = START.as_bytes().to_vec();
        for line in encoded.as_bytes().chunks(LINE) {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(END.as_bytes());
        Self { message, attachment }
    }
}

/// Octets of every value, the same each time (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next).flatten().take(length).collect()
}

/// Header and body of a message; the empty line between them is in neither.
pub(super) fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let at = message.windows(4).position(|window| window == b"\r\n\r\n");
    let (header, rest) = message.split_at(at.map_or(message.len(), |at| at + 2));
    (header, rest.get(2..).unwrap_or_default())
}

/// The content of a base64 body part, whatever its lines; `None` if it is not base64.
pub(super) fn decode(part: &[u8]) -> Option<Vec<u8>> {
    let characters: Vec<u8> =
        part.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    STANDARD.decode(characters).ok()
}

/// The fields with this name: their values, unfolded.
pub(super) fn fields(message: &[u8], name: &str) -> Vec<String> {
    let (header, _) = split(message);
    let unfolded = String::from_utf8_lossy(header).replace("\r\n ", " ").replace("\r\n\t", " ");
    let named = |line: &str| {
        let (field, value) = line.split_once(':')?;
        field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    unfolded.lines().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_has_what_is_easily_damaged() {
        let letter = Letter::write();
        assert!((0..=u8::MAX).all(|octet| letter.attachment.contains(&octet)));
        assert!(letter.message.windows(5).any(|window| window == b"\r\n.\r\n"));
        let end = format!("\r\n{END}");
        let encoded = letter.message.strip_suffix(end.as_bytes()).expect("the end");
        let encoded = encoded.strip_prefix(START.as_bytes()).expect("the start");
        assert_eq!(decode(encoded), Some(letter.attachment));
    }

    #[test]
    fn fields_are_found_unfolded() {
        let message = b"Received: one\r\n two\r\nTo: a\r\nreceived: three\r\n\r\nReceived: not\r\n";
        assert_eq!(fields(message, "Received"), ["one two", "three"]);
        assert_eq!(split(b"A: b\r\n\r\nbody"), (&b"A: b\r\n"[..], &b"body"[..]));
    }
}
