//! The `Date:` field (RFC 5322 §3.3, with the obsolete forms of §4.3).

use crate::types::{Date, month_number};

/// The day of a `Date:` field, in the zone it was written in; `None` if there is none to be found.
///
/// Only day, month and year are read, because SENTBEFORE, SENTON and SENTSINCE disregard the rest.
pub(super) fn sent_date(value: &[u8]) -> Option<Date> {
    let mut words = value
        .split(|b| matches!(b, b' ' | b'\t' | b',' | b'-'))
        .filter(|word| !word.is_empty())
        .skip_while(|word| !word.iter().all(u8::is_ascii_digit));
    let day = digits(words.next()?)?;
    let month = month_number(words.next()?.get(..3)?)?;
    let year = words.next()?;
    let year = match (digits(year)?, year.len()) {
        // RFC 5322 §4.3: two digits 00 to 49 are 2000 to 2049, others add 1900.
        (y @ 0..50, 2) => y.saturating_add(2000),
        (y, 2 | 3) => y.saturating_add(1900),
        (y, _) => y,
    };
    Date::new(year, month, u8::try_from(day).ok()?)
}

fn digits(word: &[u8]) -> Option<u16> {
    core::str::from_utf8(word).ok()?.parse().ok()
}
