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

/// The moment of a `Date:` field, in seconds since 1970 (RFC 5256 §2.2): an invalid zone is UTC, an invalid time midnight.
pub(super) fn sent_at(value: &[u8]) -> Option<i64> {
    let date = sent_date(value)?;
    let mut words =
        value.split(|b| b.is_ascii_whitespace()).skip_while(|word| !word.contains(&b':'));
    let time = words.next().and_then(time_of_day).unwrap_or(0);
    let zone = words.next().map_or(0, zone_minutes);
    Some(date.days_since_epoch() * 86_400 + time - zone * 60)
}

/// `hour ":" minute [":" second]` in seconds.
fn time_of_day(word: &[u8]) -> Option<i64> {
    let mut parts = word.split(|b| *b == b':').map(digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let valid = hour < 24 && minute < 60 && second < 61;
    valid.then(|| i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second))
}

/// `("+" / "-") 4DIGIT`, or a name of RFC 5322 §4.3. What is neither is UTC.
fn zone_minutes(word: &[u8]) -> i64 {
    let hours = |name: &[u8]| match &*name.to_ascii_uppercase() {
        b"EDT" => -4,
        b"EST" | b"CDT" => -5,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => 0,
    };
    let (sign, rest) = match word {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        name => return hours(name) * 60,
    };
    match digits(rest).filter(|zone| rest.len() == 4 && zone % 100 < 60) {
        Some(zone) => sign * i64::from(zone / 100 * 60 + zone % 100),
        None => 0,
    }
}

fn digits(word: &[u8]) -> Option<u16> {
    core::str::from_utf8(word).ok()?.parse().ok()
}
