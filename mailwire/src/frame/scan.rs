//! Runs of message data that need no judgement, found many octets at a time.
//!
//! Nearly all message data are lines that end in CRLF and begin without a dot. One search finds the
//! next CRLF before a dot, one pass without branches finds out whether all octets up to there are
//! in order. Only what is left over is looked at line by line.

use memchr::memmem;

/// Octets judged together. Fewer are left to the careful loop.
const CHUNK: usize = 64;

/// How far a search for CRLF-dot goes at first; it doubles up to the second number, so that a
/// defect costs no search through the whole buffer, and the pass after it finds the octets in cache.
const WINDOWS: (usize, usize) = (1024, 16 * 1024);

/// How far the careful loop goes alone after a defect: where one is, more are near.
pub(super) const CAREFUL: usize = 4 * CHUNK;

/// Where the octets from `from` on need a closer look: at a CRLF before a dot (if `dots` matter), at
/// a CRLF or CR that ends `octets`, or somewhat before a bare CR, bare LF or NUL.
///
/// The octet before `from` must not be a CR.
pub(super) fn in_order(octets: &[u8], from: usize, dots: bool) -> usize {
    let (mut from, mut window) = (from, WINDOWS.0);
    loop {
        let rest = octets.get(from..).unwrap_or_default();
        if rest.len() < CHUNK {
            return from;
        }
        let dot = if dots {
            crlf_dot(rest.get(..window.saturating_add(2)).unwrap_or(rest))
        } else {
            None
        };
        // With the line end before the dot: the octets of `run` are judged, that dot is not.
        let run = dot.map_or(window, |at| at + 2).min(rest.len());
        let run = rest.get(..run).unwrap_or_default();
        let clean = clean(run);
        if clean < run.len() {
            return from + whole_lines(run.get(..clean).unwrap_or_default());
        }
        match dot {
            Some(at) => return from + at,
            None if run.len() == rest.len() => return from + open_end(run),
            None => from += whole_lines(run),
        }
        window = window.saturating_mul(2).min(WINDOWS.1);
    }
}

/// Where CRLF and a dot stand.
fn crlf_dot(octets: &[u8]) -> Option<usize> {
    #[cfg(feature = "std")]
    {
        static FINDER: std::sync::OnceLock<memmem::Finder<'static>> = std::sync::OnceLock::new();
        FINDER.get_or_init(|| memmem::Finder::new(b"\r\n.")).find(octets)
    }
    #[cfg(not(feature = "std"))]
    memmem::find(octets, b"\r\n.")
}

/// Length without a CR at the end, whose LF has not been looked at.
fn whole_lines(octets: &[u8]) -> usize {
    octets.len() - usize::from(octets.last() == Some(&b'\r'))
}

/// Length without a CRLF or CR at the end.
fn open_end(octets: &[u8]) -> usize {
    match octets {
        [before @ .., b'\r', b'\n'] | [before @ .., b'\r'] => before.len(),
        _ => octets.len(),
    }
}

/// How many octets, in steps of a chunk, hold no NUL and no LF or CR without the other. A CR at the
/// end is not judged.
fn clean(octets: &[u8]) -> usize {
    // Each chunk is judged together with the octet before it; before the first is none.
    let Some((&first, after)) = octets.split_first() else { return 0 };
    if first == b'\n' || first == 0 {
        return 0;
    }
    let mut at = 0;
    while let (Some(before), Some(chunk)) = (chunk_at(octets, at), chunk_at(after, at)) {
        if defect(before, chunk) {
            return at;
        }
        at += CHUNK;
    }
    if at + 1 >= octets.len() {
        return octets.len();
    }
    // The rest, as part of the last whole chunk.
    let last = after.len().saturating_sub(CHUNK);
    match (chunk_at(octets, last), chunk_at(after, last)) {
        (Some(before), Some(chunk)) if !defect(before, chunk) => octets.len(),
        _ => at,
    }
}

fn chunk_at(octets: &[u8], at: usize) -> Option<&[u8; CHUNK]> {
    octets.get(at..)?.first_chunk()
}

/// Whether an octet of `chunk` is NUL, or LF where the one before is not CR, or not LF where it is.
#[inline]
fn defect(before: &[u8; CHUNK], chunk: &[u8; CHUNK]) -> bool {
    let mut odd = 0u8;
    for (&before, &octet) in before.iter().zip(chunk) {
        odd |= u8::from(octet == 0) | (u8::from(octet == b'\n') ^ u8::from(before == b'\r'));
    }
    odd != 0
}
