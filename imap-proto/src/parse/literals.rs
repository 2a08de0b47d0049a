//! What literals may be, looked at before anything is read.

use memchr::{memchr, memmem};

/// Where a frame holds what no literal may be: a NUL outside of a literal8 (RFC 3501 §4.3, RFC 3516 §4.4) or, unless `plus`
/// allows it, `{n+}`, which only clients say (RFC 7888 §4). One walk from literal to literal; none for most frames.
pub(super) fn misplaced(frame: &[u8], plus: bool) -> Option<usize> {
    if memchr(0, frame).is_none() && (plus || memmem::find(frame, b"+}\r\n").is_none()) {
        return None;
    }
    let mut at = 0usize;
    loop {
        let rest = frame.get(at..).filter(|rest| !rest.is_empty())?;
        let len = memmem::find(rest, b"\r\n").map_or(rest.len(), |end| end.saturating_add(2));
        let line = rest.get(..len)?;
        if let Some(nul) = memchr(0, line) {
            return Some(at.saturating_add(nul));
        }
        at = at.saturating_add(len);
        // The last line announces nothing, whatever it ends in.
        let Some(literal) = announced(line).filter(|_| at < frame.len()) else { continue };
        if literal.plus && !plus {
            return Some(at.saturating_sub(4));
        }
        let end = usize::try_from(literal.size).map_or(frame.len(), |n| at.saturating_add(n));
        let octets = frame.get(at..end.min(frame.len()))?;
        if let Some(nul) = memchr(0, octets).filter(|_| !literal.eight) {
            return Some(at.saturating_add(nul));
        }
        at = end;
    }
}

struct Literal {
    size: u64,
    plus: bool,
    eight: bool,
}

/// `["~"] "{" number ["+"] "}" CRLF` at the end of a line.
fn announced(line: &[u8]) -> Option<Literal> {
    let head = line.strip_suffix(b"}\r\n")?;
    let (head, plus) = match head.strip_suffix(b"+") {
        Some(head) => (head, true),
        None => (head, false),
    };
    let digits = head.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (before, digits) = head.split_at_checked(head.len().saturating_sub(digits))?;
    let before = before.strip_suffix(b"{")?;
    let size = core::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Literal { size, plus, eight: before.ends_with(b"~") })
}
