//! The base subject (RFC 5256 §2.1).

use alloc::string::String;

use crate::mime::decode_text;

/// What is left of a subject without `Re:`, `Fwd:`, `[list]` and the like, and whether it was that of a reply or a forward.
///
/// ```
/// use imap_proto::sort::base_subject;
///
/// assert_eq!(base_subject(b"Re: [rust] Fwd: lunch (fwd)"), ("lunch".into(), true));
/// assert_eq!(base_subject(b"[rust]"), ("[rust]".into(), false));
/// ```
pub fn base_subject(subject: &[u8]) -> (String, bool) {
    let whole = collapsed(&decode_text(subject));
    let mut text = whole.as_str();
    let mut reply = false;
    loop {
        // (2) Trailers, as long as there are some.
        loop {
            text = text.trim_end_matches(' ');
            match strip_end(text, "(fwd)") {
                Some(rest) => (text, reply) = (rest, true),
                None => break,
            }
        }
        // (3) to (5) Leaders, and blobs where something is left behind them.
        loop {
            if let Some(rest) = text.strip_prefix(' ') {
                text = rest;
            } else if let Some(rest) = leader(text) {
                (text, reply) = (rest, true);
            } else if let Some(rest) = blob(text).filter(|rest| !rest.is_empty()) {
                text = rest;
            } else {
                break;
            }
        }
        // (6)
        match strip_start(text, "[fwd:").and_then(|rest| rest.strip_suffix(']')) {
            Some(rest) => (text, reply) = (rest, true),
            None => return (String::from(text), reply),
        }
    }
}

/// (1) Blanks, tabs and folds become one blank.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

/// `subj-blob = "[" *BLOBCHAR "]" *WSP`
fn blob(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(['[', ']'])?;
    Some(inside.get(end..)?.strip_prefix(']')?.trim_start_matches(' '))
}

/// `*subj-blob subj-refwd`, `subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"`
fn leader(text: &str) -> Option<&str> {
    let mut text = text;
    while let Some(rest) = blob(text) {
        text = rest;
    }
    let after = ["re", "fwd", "fw"].iter().find_map(|word| strip_start(text, word))?;
    let after = after.trim_start_matches(' ');
    blob(after).unwrap_or(after).strip_prefix(':')
}

fn strip_start<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

fn strip_end<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    let (rest, tail) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    tail.eq_ignore_ascii_case(end).then_some(rest)
}
