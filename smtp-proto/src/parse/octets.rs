//! Kinds of octets, and what is faster done with several of them at once.

/// RFC 5322 §3.2.3 (`atext`), and UTF8-non-ascii (RFC 6531 §3.3).
pub(super) const ATEXT: u8 = 1;
/// Letters, digits and hyphen of a domain, the underscore, which stands in some, and
/// UTF8-non-ascii.
pub(super) const LABEL: u8 = 2;
/// `esmtp-keyword` (RFC 5321 §4.1.2).
pub(super) const KEYWORD: u8 = 4;
/// `esmtp-value` (RFC 5321 §4.1.2), and UTF8-non-ascii.
pub(super) const VALUE: u8 = 8;

/// Which of these an octet is.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut octet = 0u8;
    loop {
        #[allow(clippy::indexing_slicing, reason = "any octet is below 256, and this is constant")]
        {
            kinds[octet as usize] = kinds_of(octet);
        }
        if octet == u8::MAX {
            break kinds;
        }
        octet += 1;
    }
};

const fn kinds_of(octet: u8) -> u8 {
    let atext = matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?')
        || matches!(octet, b'^'..=b'`' | b'{'..=b'~');
    let (word, beyond) = (octet.is_ascii_alphanumeric(), octet >= 0x80);
    let mut kinds = 0;
    if word || beyond || atext {
        kinds |= ATEXT;
    }
    if word || beyond || matches!(octet, b'-' | b'_') {
        kinds |= LABEL;
    }
    if word || octet == b'-' {
        kinds |= KEYWORD;
    }
    if beyond || matches!(octet, 33..=60 | 62..=126) {
        kinds |= VALUE;
    }
    kinds
}

/// Splits after as many octets of this kind as there are.
#[inline]
pub(super) fn split_run(input: &[u8], kind: u8) -> (&[u8], &[u8]) {
    let is = |octet: u8| KINDS.get(usize::from(octet)).is_some_and(|kinds| kinds & kind != 0);
    let end = input.iter().position(|&octet| !is(octet)).unwrap_or(input.len());
    input.split_at_checked(end).unwrap_or((input, &[]))
}

/// Four letters, in upper case, as a number. Nothing but a letter becomes a letter.
pub(super) const fn upper(letters: [u8; 4]) -> u32 {
    u32::from_be_bytes(letters) & 0xDFDF_DFDF
}

/// Whether there is an octet below SP, or DEL.
pub(super) fn has_controls(line: &[u8]) -> bool {
    let (words, rest) = line.as_chunks::<8>();
    let rest = match line.last_chunk::<8>() {
        Some(last) => has_control(*last),
        None => rest.iter().any(u8::is_ascii_control),
    };
    words.iter().fold(rest, |found, word| found | has_control(*word))
}

/// The same of eight octets: the borrow of a subtraction shows in the top bit of an octet.
const fn has_control(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_ne_bytes(word);
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let not_del = word ^ (ONES * 0x7F);
    let del = not_del.wrapping_sub(ONES) & !not_del;
    (below_space | del) & (ONES * 0x80) != 0
}
