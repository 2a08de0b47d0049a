//! Editing a header as it streams by.

use smtp_proto::header::{HeaderFilter, field, header_of};

use crate::drive::seed;

const DATE: &str = "Tue, 14 Nov 2023 22:13:20 +0000";

/// The octets are a message.
pub fn check(message: &[u8]) {
    let cut = usize::try_from(seed(message) % 11).unwrap_or(0) + 1;
    let (out, received) = filter(message, message.len().max(1));
    assert_eq!((&out, received), (&filter(message, 1).0, filter(message, 1).1), "octet by octet");
    assert_eq!((&out, received), (&filter(message, cut).0, filter(message, cut).1), "cut at {cut}");

    // To filter twice changes nothing: the field that was missing is there, once.
    let (again, counted) = filter(&out, cut);
    assert_eq!(again.escape_ascii().to_string(), out.escape_ascii().to_string());
    assert_eq!(received, counted);

    let names = names(&out);
    assert!(!names.iter().any(|name| name.eq_ignore_ascii_case(b"Bcc")), "Bcc is gone");
    assert!(names.iter().any(|name| name.eq_ignore_ascii_case(b"Date")), "Date is there");

    // A filter without rules changes nothing, but for the first line of a mailbox file, the empty
    // line before a body that begins without one, and the end of a header without a body.
    let mut plain = HeaderFilter::new();
    let mut untouched = Vec::new();
    plain.push(message, &mut untouched);
    plain.finish(&mut untouched);
    let kept = untouched.strip_suffix(b"\r\n").unwrap_or(&untouched);
    let same = untouched == message || kept == message;
    let body_begins = (0..=untouched.len()).any(|at| {
        untouched[at..].starts_with(b"\r\n")
            && message.len() + 2 == untouched.len()
            && message[..at] == untouched[..at]
            && message[at..] == untouched[at + 2..]
    });
    assert!(same || body_begins || message.starts_with(b"From "), "{:?}", untouched.escape_ascii());

    let header = header_of(message);
    assert!(message.starts_with(header));
    let _ = field(header, "Subject");
}

fn filter(message: &[u8], cut: usize) -> (Vec<u8>, usize) {
    let mut filter = HeaderFilter::new();
    filter.remove("Bcc");
    filter.require("Date", DATE);
    let mut out = Vec::new();
    for piece in message.chunks(cut) {
        filter.push(piece, &mut out);
    }
    filter.finish(&mut out);
    (out, filter.received())
}

/// Names of the fields up to the first line that is none, by the plainest reading of RFC 5322 §2.2.
fn names(message: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    for line in message.split(|&octet| octet == b'\n') {
        match line {
            [b' ' | b'\t', ..] if !names.is_empty() => continue,
            _ => {}
        }
        let Some(colon) = line.iter().position(|&octet| octet == b':') else { break };
        let name = line[..colon].trim_ascii_end();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            break;
        }
        names.push(name.to_vec());
    }
    names
}
