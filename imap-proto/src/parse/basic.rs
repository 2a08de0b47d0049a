//! Strings, numbers, sets, dates, flags: RFC 3501 §9 from the bottom up.

use alloc::{borrow::Cow, vec::Vec};
use core::num::NonZeroU32;

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take, take_while, take_while1},
    combinator::{map_opt, opt, value, verify},
    error::ErrorKind,
    sequence::{delimited, preceded, terminated},
};

use super::{Res, fail};
use crate::types::{
    Date, DateTime, Flag, Mailbox, ModSeq, Names, NonEmpty, OneOrMore, SequenceSet, UidList,
    UidSet,
    string::{is_astring_char, is_atom_char},
};

/// `SP`
pub(super) fn sp(input: &[u8]) -> Res<'_, ()> {
    value((), tag(" ")).parse(input)
}

/// One octet.
pub(super) fn octet<'a>(which: u8) -> impl FnMut(&'a [u8]) -> Res<'a, ()> {
    move |input| match input {
        [first, rest @ ..] if *first == which => Ok((rest, ())),
        _ => fail(input, ErrorKind::Char),
    }
}

/// `SP` and what comes after it.
pub(super) fn sp_then<'a, T>(
    mut item: impl FnMut(&'a [u8]) -> Res<'a, T>,
) -> impl FnMut(&'a [u8]) -> Res<'a, T> {
    move |input| match input {
        [b' ', rest @ ..] => item(rest),
        _ => fail(input, ErrorKind::Space),
    }
}

/// `CRLF`, and nothing after it.
pub(super) fn end(input: &[u8]) -> Res<'_, ()> {
    if input == b"\r\n" { Ok((&[], ())) } else { fail(input, ErrorKind::CrLf) }
}

/// A keyword in any case.
pub(super) fn word<'a>(text: &'static str) -> impl FnMut(&'a [u8]) -> Res<'a, ()> {
    move |input| value((), tag_no_case(text)).parse(input)
}

/// `atom = 1*ATOM-CHAR`
pub(super) fn atom(input: &[u8]) -> Res<'_, &str> {
    ascii(take_while1(is_atom_char)).parse(input)
}

/// Octets that a class of ASCII characters let through, as text.
pub(super) fn ascii<'a>(
    inner: impl Parser<&'a [u8], Output = &'a [u8], Error = nom::error::Error<&'a [u8]>>,
) -> impl Parser<&'a [u8], Output = &'a str, Error = nom::error::Error<&'a [u8]>> {
    map_opt(inner, |octets: &[u8]| core::str::from_utf8(octets).ok())
}

/// `number = 1*DIGIT ; (0 <= n < 4,294,967,296)`
pub(super) fn number(input: &[u8]) -> Res<'_, u32> {
    let (rest, n) = number64(input)?;
    match u32::try_from(n) {
        Ok(n) => Ok((rest, n)),
        Err(_) => fail(input, ErrorKind::TooLarge),
    }
}

/// `nz-number = digit-nz *DIGIT`
pub(super) fn nz_number(input: &[u8]) -> Res<'_, u32> {
    match number(input) {
        Ok((_, 0)) => fail(input, ErrorKind::Verify),
        read => read,
    }
}

/// `number64 = 1*DIGIT ; (0 <= n <= 9,223,372,036,854,775,807)` (RFC 9051 §9)
pub(super) fn number64(input: &[u8]) -> Res<'_, u64> {
    match unsigned64(input) {
        Ok((_, n)) if n > i64::MAX.unsigned_abs() => fail(input, ErrorKind::TooLarge),
        read => read,
    }
}

/// Digits of at most 64 bits: Gmail's numbers have no sign.
pub(super) fn unsigned64(input: &[u8]) -> Res<'_, u64> {
    let len = input.iter().take_while(|b| b.is_ascii_digit()).count();
    let Some((digits, rest)) = input.split_at_checked(len).filter(|_| len > 0) else {
        return fail(input, ErrorKind::Digit);
    };
    let digit = |b: &u8| u64::from(b.wrapping_sub(b'0'));
    // 19 digits always fit.
    if len < 20 {
        return Ok((
            rest,
            digits.iter().fold(0, |n: u64, b| n.wrapping_mul(10).wrapping_add(digit(b))),
        ));
    }
    let wide = digits
        .iter()
        .try_fold(0u64, |n, b| n.checked_mul(10).and_then(|n| n.checked_add(digit(b))));
    match wide {
        Some(n) => Ok((rest, n)),
        None => fail(digits, ErrorKind::Digit),
    }
}

/// `nz-number`, as what it is.
pub(super) fn nz(input: &[u8]) -> Res<'_, NonZeroU32> {
    map_opt(number, NonZeroU32::new).parse(input)
}

/// `mod-sequence-value = 1*DIGIT ; (1 <= n <= 9,223,372,036,854,775,807)` (RFC 7162 §7)
pub(super) fn mod_seq(input: &[u8]) -> Res<'_, ModSeq> {
    map_opt(unsigned64, ModSeq::new).parse(input)
}

/// The octet count of a literal: `{n}` or `{n+}` (RFC 7888). The line ends after it. Gives the size
/// and whether the literal is non-synchronizing.
pub(super) fn literal_head(input: &[u8]) -> Res<'_, (u64, bool)> {
    let (rest, size) = preceded(tag("{"), number64).parse(input)?;
    let (rest, plus) = opt(tag("+")).parse(rest)?;
    let (rest, _) = tag("}\r\n")(rest)?;
    Ok((rest, (size, plus.is_some())))
}

/// `literal = "{" number "}" CRLF *CHAR8`
pub(super) fn literal(input: &[u8]) -> Res<'_, &[u8]> {
    let (rest, (size, _)) = literal_head(input)?;
    match usize::try_from(size) {
        Ok(size) => take(size)(rest),
        Err(_) => fail(input, ErrorKind::TooLarge),
    }
}

/// `literal / literal8`; `literal8 = "~{" number64 ["+"] "}" CRLF *OCTET` (RFC 4466 §6)
pub(super) fn any_literal(input: &[u8]) -> Res<'_, &[u8]> {
    literal(input.strip_prefix(b"~").unwrap_or(input))
}

/// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`; 8-bit characters are let through for UTF-8.
pub(super) fn quoted(input: &[u8]) -> Res<'_, Cow<'_, [u8]>> {
    let (rest, _) = tag("\"")(input)?;
    let plain = |b: u8| !matches!(b, b'"' | b'\\' | b'\r' | b'\n' | 0);
    let (mut rest, first) = take_while(plain)(rest)?;
    let mut text = Cow::Borrowed(first);
    loop {
        match rest {
            [b'"', after @ ..] => return Ok((after, text)),
            [b'\\', c @ (b'"' | b'\\'), after @ ..] => {
                text.to_mut().push(*c);
                let (after, more) = take_while(plain)(after)?;
                text.to_mut().extend_from_slice(more);
                rest = after;
            }
            _ => return fail(rest, ErrorKind::Char),
        }
    }
}

/// `string = quoted / literal`
pub(super) fn string(input: &[u8]) -> Res<'_, Cow<'_, [u8]>> {
    match input.first() {
        Some(b'"') => quoted(input),
        _ => literal.map(Cow::Borrowed).parse(input),
    }
}

/// `astring = 1*ASTRING-CHAR / string`
pub(super) fn astring(input: &[u8]) -> Res<'_, Cow<'_, [u8]>> {
    match input.first() {
        Some(b'"' | b'{') => string(input),
        _ => take_while1(is_astring_char).map(Cow::Borrowed).parse(input),
    }
}

/// An `astring` of UTF-8.
pub(super) fn astring_text(input: &[u8]) -> Res<'_, Cow<'_, str>> {
    map_opt(astring, to_text).parse(input)
}

pub(super) fn to_text(octets: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match octets {
        Cow::Borrowed(octets) => core::str::from_utf8(octets).ok().map(Cow::Borrowed),
        Cow::Owned(octets) => alloc::string::String::from_utf8(octets).ok().map(Cow::Owned),
    }
}

/// `nil = "NIL"`
pub(super) fn nil(input: &[u8]) -> Res<'_, ()> {
    word("NIL")(input)
}

/// `nstring = string / nil`
pub(super) fn nstring(input: &[u8]) -> Res<'_, Option<Cow<'_, [u8]>>> {
    alt((string.map(Some), value(None, nil))).parse(input)
}

/// `mailbox = "INBOX" / astring`
pub(super) fn mailbox<'a>(names: Names) -> impl Fn(&'a [u8]) -> Res<'a, Mailbox<'a>> + Copy {
    move |input| map_opt(astring, |octets| to_mailbox(octets, names)).parse(input)
}

pub(super) fn to_mailbox(octets: Cow<'_, [u8]>, names: Names) -> Option<Mailbox<'_>> {
    match octets {
        Cow::Borrowed(octets) => Mailbox::from_wire_in(octets, names).ok(),
        Cow::Owned(octets) => Some(Mailbox::from_wire_in(&octets, names).ok()?.into_owned()),
    }
}

/// `sequence-set = (seq-number / seq-range) ["," sequence-set]`
pub(super) fn sequence_set(input: &[u8]) -> Res<'_, SequenceSet> {
    // RFC 5182 §4: `sequence-set =/ seq-last-command`, which is `$` alone.
    if let [b'$', rest @ ..] = input {
        return Ok((rest, SequenceSet::saved()));
    }
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut star: Option<u32> = None;
    let mut rest = input;
    loop {
        let (after, first) = seq_number(rest)?;
        let (after, last) = match after {
            [b':', after @ ..] => seq_number(after)?,
            _ => (after, first),
        };
        match (first, last) {
            (Some(a), Some(b)) => ranges.push((a, b)),
            (Some(n), None) | (None, Some(n)) => star = Some(star.map_or(n, |s| s.min(n))),
            (None, None) => star = star.or(Some(u32::MAX)),
        }
        match after {
            [b',', more @ ..] => rest = more,
            _ => return Ok((after, SequenceSet::from_parts(ranges, star))),
        }
    }
}

/// `seq-number = nz-number / "*"`; `*` is `None`.
pub(super) fn seq_number(input: &[u8]) -> Res<'_, Option<u32>> {
    match input {
        [b'*', rest @ ..] => Ok((rest, None)),
        _ => nz_number.map(Some).parse(input),
    }
}

/// A set of UIDs without `*`, in a response, in the order it is in.
pub(super) fn uid_list(input: &[u8]) -> Res<'_, NonEmpty<UidList>> {
    map_opt(uid_numbers, NonEmpty::list).parse(input)
}

fn uid_numbers(input: &[u8]) -> Res<'_, UidList> {
    let mut list = UidList::new();
    let mut rest = input;
    loop {
        let (after, first) = nz_number(rest)?;
        let (after, last) = match after {
            [b':', after @ ..] => nz_number(after)?,
            _ => (after, first),
        };
        list.push_range(first, last);
        match after {
            [b',', more @ ..] => rest = more,
            _ => return Ok((after, list)),
        }
    }
}

/// A set of UIDs without `*`, in a response.
pub(super) fn uid_set(input: &[u8]) -> Res<'_, NonEmpty<UidSet>> {
    map_opt(sequence_set, |set| NonEmpty::new(set.into_plain()?)).parse(input)
}

/// `date = date-text / DQUOTE date-text DQUOTE`
pub(super) fn date(input: &[u8]) -> Res<'_, Date> {
    alt((delimited(tag("\""), date_text, tag("\"")), date_text)).parse(input)
}

/// `date-text = date-day "-" date-month "-" date-year`
fn date_text(input: &[u8]) -> Res<'_, Date> {
    map_opt(
        (
            terminated(number, tag("-")),
            terminated(map_opt(take(3usize), crate::types::month_number), tag("-")),
            verify(take(4usize), |year: &[u8]| year.iter().all(u8::is_ascii_digit))
                .and_then(number),
        ),
        |(day, month, year)| Date::new(u16::try_from(year).ok()?, month, u8::try_from(day).ok()?),
    )
    .parse(input)
}

/// `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE`
pub(super) fn date_time(input: &[u8]) -> Res<'_, DateTime> {
    delimited(tag("\""), date_time_unquoted, tag("\"")).parse(input)
}

pub(super) fn date_time_unquoted(input: &[u8]) -> Res<'_, DateTime> {
    let (rest, _) = opt(tag(" ")).parse(input)?;
    let two = |input| -> Res<'_, u8> {
        map_opt(
            verify(take(2usize), |d: &[u8]| d.iter().all(u8::is_ascii_digit)).and_then(number),
            |n| u8::try_from(n).ok(),
        )
        .parse(input)
    };
    let (rest, date) = terminated(date_text, tag(" ")).parse(rest)?;
    let (rest, time) =
        (terminated(two, tag(":")), terminated(two, tag(":")), terminated(two, tag(" ")))
            .parse(rest)?;
    let (rest, minus) = alt((value(false, tag("+")), value(true, tag("-")))).parse(rest)?;
    let (rest, (h, m)) = (two, two).parse(rest)?;
    let zone = i16::from(h) * 60 + i16::from(m);
    match DateTime::from_civil(date, time, if minus { -zone } else { zone }) {
        Some(date) => Ok((rest, date)),
        None => fail(input, ErrorKind::Verify),
    }
}

/// `flag = "\Answered" / … / flag-keyword / flag-extension`
pub(super) fn flag(input: &[u8]) -> Res<'_, Flag<'_>> {
    let after = input.strip_prefix(b"\\").unwrap_or(input);
    let len = after.iter().take_while(|b| is_atom_char(**b)).count();
    let len = len.saturating_add(input.len().saturating_sub(after.len()));
    map_opt(ascii(take(len)), Flag::new).parse(input)
}

/// `flag-list = "(" [flag *(SP flag)] ")"`
pub(super) fn flag_list(input: &[u8]) -> Res<'_, Vec<Flag<'_>>> {
    paren_list(flag)(input)
}

/// `"(" [item *(SP item)] ")"`
pub(super) fn paren_list<'a, T>(
    mut item: impl FnMut(&'a [u8]) -> Res<'a, T>,
) -> impl FnMut(&'a [u8]) -> Res<'a, Vec<T>> {
    move |input| {
        let (mut rest, _) = tag("(")(input)?;
        let mut items = Vec::new();
        loop {
            match rest {
                [b')', after @ ..] => return Ok((after, items)),
                [b' ', after @ ..] if !items.is_empty() => rest = after,
                _ if items.is_empty() => {}
                _ => return fail(rest, ErrorKind::SeparatedList),
            }
            let (after, one) = item(rest)?;
            items.push(one);
            rest = after;
        }
    }
}

/// `"(" item *(SP item) ")"`
pub(super) fn paren_list1<'a, T>(
    mut item: impl FnMut(&'a [u8]) -> Res<'a, T>,
) -> impl FnMut(&'a [u8]) -> Res<'a, OneOrMore<T>> {
    move |input| {
        let (rest, items) = paren_list(&mut item)(input)?;
        match OneOrMore::new(items) {
            Some(items) => Ok((rest, items)),
            None => fail(input, ErrorKind::Many1),
        }
    }
}
