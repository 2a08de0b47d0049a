//! Parameters of MAIL and RCPT (RFC 5321 §4.1.2).

use super::octets::{KEYWORD, VALUE, split_run, upper};
use crate::types::{
    Body, DateTime, DeliverBy, DeliverMode, Hold, MailParams, Notify, Orcpt, ParamError,
    RcptParams, Ret, Rrvs, RrvsAction, Xtext,
};

/// ```abnf
/// esmtp-param   = esmtp-keyword ["=" esmtp-value]
/// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// esmtp-value   = 1*(%d33-60 / %d62-126)
/// ```
type Param<'a> = (&'a [u8], Option<&'a [u8]>);

fn param(input: &[u8]) -> Option<(Param<'_>, &[u8])> {
    let (keyword, rest) = split_run(input, KEYWORD);
    if matches!(keyword, [] | [b'-', ..]) {
        return None;
    }
    if let [b'=', after @ ..] = rest {
        let (value, after) = split_run(after, VALUE);
        if !value.is_empty() {
            return Some(((keyword, Some(value)), after));
        }
    }
    Some(((keyword, None), rest))
}

/// Calls `take` for each parameter of `input`, which is empty or begins with the space before the
/// first of them.
fn each<'a>(
    input: &'a [u8],
    mut take: impl FnMut(&'a [u8], Option<&'a [u8]>) -> Result<(), ParamError>,
) -> Result<(), ParamError> {
    let mut rest = input.trim_ascii_end();
    while !rest.is_empty() {
        let spaces = rest.iter().take_while(|&&octet| octet == b' ').count();
        if spaces == 0 {
            return Err(ParamError::Syntax);
        }
        let ((keyword, value), after) =
            param(rest.get(spaces..).unwrap_or_default()).ok_or(ParamError::Syntax)?;
        take(keyword, value)?;
        rest = after;
    }
    Ok(())
}

const SIZE: u32 = upper(*b"SIZE");
const BODY: u32 = upper(*b"BODY");
const AUTH: u32 = upper(*b"AUTH");

pub(crate) fn mail(input: &[u8]) -> Result<MailParams<'_>, ParamError> {
    let mut params = MailParams::default();
    each(input, |keyword, value| {
        let is = |name: &str| keyword.eq_ignore_ascii_case(name.as_bytes());
        if let &[a, b, c, d] = keyword {
            match upper([a, b, c, d]) {
                SIZE => once(&mut params.size, valued(value, size)),
                BODY => once(&mut params.body, valued(value, body)),
                AUTH => once(&mut params.auth, valued(value, xtext)),
                _ => Err(ParamError::Unknown),
            }
        } else if is("SMTPUTF8") {
            flag(&mut params.smtp_utf8, value)
        } else if is("RET") {
            once(&mut params.ret, valued(value, ret))
        } else if is("ENVID") {
            once(&mut params.envid, valued(value, xtext))
        } else if is("REQUIRETLS") {
            flag(&mut params.require_tls, value)
        } else if is("MT-PRIORITY") {
            once(&mut params.priority, valued(value, priority))
        } else if is("HOLDFOR") {
            once(&mut params.hold, valued(value, hold_for))
        } else if is("HOLDUNTIL") {
            once(&mut params.hold, valued(value, |v| date(v).map(Hold::Until)))
        } else if is("BY") {
            once(&mut params.deliver_by, valued(value, deliver_by))
        } else {
            Err(ParamError::Unknown)
        }
    })?;
    Ok(params)
}

pub(crate) fn rcpt(input: &[u8]) -> Result<RcptParams<'_>, ParamError> {
    let mut params = RcptParams::default();
    each(input, |keyword, value| {
        let is = |name: &str| keyword.eq_ignore_ascii_case(name.as_bytes());
        if is("NOTIFY") {
            once(&mut params.notify, valued(value, notify))
        } else if is("ORCPT") {
            once(&mut params.orcpt, valued(value, |v| text(v).and_then(Orcpt::new)))
        } else if is("RRVS") {
            once(&mut params.rrvs, valued(value, rrvs))
        } else {
            Err(ParamError::Unknown)
        }
    })?;
    Ok(params)
}

/// A parameter with a value.
fn valued<'a, T>(
    value: Option<&'a [u8]>,
    read: impl FnOnce(&'a [u8]) -> Option<T>,
) -> Result<T, ParamError> {
    value.and_then(read).ok_or(ParamError::Value)
}

/// A parameter without a value.
fn flag(slot: &mut bool, value: Option<&[u8]>) -> Result<(), ParamError> {
    match (value, *slot) {
        (Some(_), _) => Err(ParamError::Value),
        (None, true) => Err(ParamError::Duplicate),
        (None, false) => {
            *slot = true;
            Ok(())
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: Result<T, ParamError>) -> Result<(), ParamError> {
    if slot.is_some() {
        return Err(ParamError::Duplicate);
    }
    *slot = Some(value?);
    Ok(())
}

/// ```abnf
/// size-value ::= 1*20DIGIT    ; RFC 1870 §5
/// ```
///
/// A number beyond 64 bits is larger than any limit, so it is the largest number.
fn size(value: &[u8]) -> Option<u64> {
    if !(1..=20).contains(&value.len()) {
        return None;
    }
    value.iter().try_fold(0u64, |number, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

fn text(value: &[u8]) -> Option<&str> {
    core::str::from_utf8(value).ok()
}

/// RFC 3461 §4.
fn xtext(value: &[u8]) -> Option<Xtext<'_>> {
    text(value).and_then(Xtext::new)
}

/// ```abnf
/// body-value = "7BIT" / "8BITMIME" / "BINARYMIME"    ; RFC 6152 §3, RFC 3030 §3
/// ```
fn body(value: &[u8]) -> Option<Body> {
    [Body::EightBitMime, Body::SevenBit, Body::BinaryMime]
        .into_iter()
        .find(|body| value.eq_ignore_ascii_case(body.name().as_bytes()))
}

/// ```abnf
/// ret-value = "FULL" / "HDRS"    ; RFC 3461 §4.3
/// ```
fn ret(value: &[u8]) -> Option<Ret> {
    if value.eq_ignore_ascii_case(b"FULL") {
        Some(Ret::Full)
    } else {
        value.eq_ignore_ascii_case(b"HDRS").then_some(Ret::Headers)
    }
}

/// ```abnf
/// notify-esmtp-value   = "NEVER" / 1#notify-list-element    ; RFC 3461 §4.1
/// notify-list-element  = "SUCCESS" / "FAILURE" / "DELAY"
/// ```
fn notify(value: &[u8]) -> Option<Notify> {
    let mut notify = Notify::NEVER;
    if value.eq_ignore_ascii_case(b"NEVER") {
        return Some(notify);
    }
    for word in value.split(|&octet| octet == b',') {
        let wanted = if word.eq_ignore_ascii_case(b"SUCCESS") {
            &mut notify.success
        } else if word.eq_ignore_ascii_case(b"FAILURE") {
            &mut notify.failure
        } else if word.eq_ignore_ascii_case(b"DELAY") {
            &mut notify.delay
        } else {
            return None;
        };
        *wanted = true;
    }
    Some(notify)
}

/// ```abnf
/// priority-value = (["-"] NZDIGIT) / "0"    ; RFC 6710 §3, from -9 to 9
/// ```
fn priority(value: &[u8]) -> Option<i8> {
    match value {
        b"0" => Some(0),
        [digit @ b'1'..=b'9'] => i8::try_from(digit - b'0').ok(),
        [b'-', digit @ b'1'..=b'9'] => i8::try_from(digit - b'0').ok().map(|n| -n),
        _ => None,
    }
}

/// ```abnf
/// future-release-integer = 1*9DIGIT    ; RFC 4865 §4
/// ```
fn hold_for(value: &[u8]) -> Option<Hold<'_>> {
    digits(value, 9).map(Hold::For).filter(|hold| *hold != Hold::For(0))
}

fn digits(value: &[u8], most: usize) -> Option<u32> {
    let fits = (1..=most).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    if fits { text(value)?.parse().ok() } else { None }
}

fn date(value: &[u8]) -> Option<DateTime<'_>> {
    text(value).and_then(DateTime::new)
}

/// ```abnf
/// by-value = ( ["-" / "+"] 1*9DIGIT ) ";" ("R" / "N") ["T"]    ; RFC 2852 §4
/// ```
///
/// With `R` the time must be above zero.
fn deliver_by(value: &[u8]) -> Option<DeliverBy> {
    let (time, mode) = text(value)?.split_once(';')?;
    let (mode, trace) = match mode.to_ascii_uppercase().as_str() {
        "R" => (DeliverMode::Return, false),
        "RT" => (DeliverMode::Return, true),
        "N" => (DeliverMode::Notify, false),
        "NT" => (DeliverMode::Notify, true),
        _ => return None,
    };
    let unsigned = time.strip_prefix(['+', '-']).unwrap_or(time);
    let seconds = i32::try_from(digits(unsigned.as_bytes(), 9)?).ok()?;
    let seconds = if time.starts_with('-') { -seconds } else { seconds };
    let fits = seconds > 0 || mode == DeliverMode::Notify;
    fits.then(|| DeliverBy::new(seconds, mode, trace))
}

/// ```abnf
/// rrvs-param = "RRVS=" date-time [ ";" ( "C" / "R" ) ]    ; RFC 7293 §3.1
/// ```
fn rrvs(value: &[u8]) -> Option<Rrvs<'_>> {
    let text = text(value)?;
    let (since, action) = match text.split_once(';') {
        None => (text, RrvsAction::Reject),
        Some((since, "R" | "r")) => (since, RrvsAction::Reject),
        Some((since, "C" | "c")) => (since, RrvsAction::Continue),
        Some(_) => return None,
    };
    Some(Rrvs { since: DateTime::new(since)?, action })
}
