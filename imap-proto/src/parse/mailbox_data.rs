//! What is said of mailboxes: LIST, STATUS, NAMESPACE, quota, rights, metadata.

use alloc::{borrow::Cow, string::String, vec::Vec};

use nom::{
    Parser,
    bytes::complete::tag,
    combinator::{map_opt, opt, recognize},
    error::ErrorKind,
    multi::many0,
    sequence::{delimited, preceded, terminated},
};

use super::{DeviationKind, Res, basic::*, fail, fetch_data, notes::Notes};
use crate::{
    response::{ListItem, Namespace, Namespaces, Raw, Response},
    types::{Atom, Attribute, Delimiter, Mailbox, OneOrMore, StatusData, StatusItem},
};

/// A mailbox name; one that is no modified UTF-7 is taken as it stands.
fn name<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Mailbox<'a>> {
    let (rest, ()) = notes.sp()(input)?;
    let (rest, octets) = match astring(rest) {
        Ok(read) if rest.first() != Some(&b'"') || ends_well(read.0) => read,
        _ if rest.first() == Some(&b'"') => super::envelope::raw_quoted(rest, notes)?,
        other => other?,
    };
    let read = match octets {
        Cow::Borrowed(octets) => {
            Mailbox::from_wire_in(octets, notes.names()).map_err(|_| Cow::Borrowed(octets))
        }
        Cow::Owned(octets) => {
            match Mailbox::from_wire_in(&octets, notes.names()).map(Mailbox::into_owned) {
                Ok(name) => Ok(name),
                Err(_) => Err(Cow::Owned(octets)),
            }
        }
    };
    let octets = match read {
        Ok(name) => return Ok((rest, name)),
        Err(octets) => octets,
    };
    notes.note(DeviationKind::BadMailbox, input)?;
    match Mailbox::new(String::from_utf8_lossy(&octets).into_owned()) {
        Ok(name) => Ok((rest, name)),
        Err(_) => fail(input, ErrorKind::Verify),
    }
}

/// What may follow a string.
fn ends_well(rest: &[u8]) -> bool {
    matches!(rest.first(), Some(b' ' | b')' | b'\r') | None)
}

/// `DQUOTE QUOTED-CHAR DQUOTE / nil`
fn delimiter<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Option<Delimiter>> {
    let (at, ()) = notes.sp()(input)?;
    let (rest, text) = match at {
        [b'"', b'\\', b'"', rest @ ..] if rest.starts_with(b" ") => {
            notes.note(DeviationKind::RawQuote, at)?;
            return Ok((rest, Delimiter::new('\\')));
        }
        [one @ (b'!' | b'#'..=b'~'), rest @ ..] if rest.starts_with(b" ") => {
            notes.note(DeviationKind::UnquotedString, at)?;
            return Ok((rest, Delimiter::new(char::from(*one))));
        }
        _ => nstring(at)?,
    };
    let Some(text) = text else { return Ok((rest, None)) };
    let first = text.first().and_then(|c| Delimiter::new(char::from(*c)));
    match text.len() {
        1 if first.is_some() => {}
        1.. if first.is_none() => notes.note(DeviationKind::RawOctets, input)?,
        _ => notes.note(DeviationKind::StringForNil, input)?,
    }
    Ok((rest, first))
}

/// `mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
/// [SP mbox-list-extended]` (RFC 9051 §9)
pub(super) fn list_item<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, ListItem<'a>> {
    let attributes = |i| fetch_data::words(i, notes, attribute);
    let (rest, attributes) = preceded(notes.sp(), attributes).parse(input)?;
    let (rest, delimiter) = delimiter(rest, notes)?;
    let (mut rest, mailbox) = name(rest, notes)?;
    let mut item = ListItem::new(attributes, delimiter, mailbox);
    if let Some(after) = rest.strip_prefix(b" (") {
        rest = notes.gap(after)?;
        while !rest.starts_with(b")") {
            rest = extended(rest, &mut item, notes)?;
            rest = rest.strip_prefix(b" ").filter(|rest| !rest.starts_with(b")")).unwrap_or(rest);
            rest = notes.gap(rest)?;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    Ok((rest, item))
}

/// `"\" atom`
fn attribute(input: &[u8]) -> Res<'_, Attribute<'_>> {
    let spelling = ascii(recognize((tag("\\"), atom)));
    map_opt(spelling, Attribute::new).parse(input)
}

/// `mbox-list-extended-item = mbox-list-extended-item-tag SP tagged-ext-val`
fn extended<'a>(
    input: &'a [u8],
    item: &mut ListItem<'a>,
    notes: &Notes,
) -> Result<&'a [u8], nom::Err<nom::error::Error<&'a [u8]>>> {
    let (value, tag) = terminated(astring, notes.sp()).parse(input)?;
    if tag.eq_ignore_ascii_case(b"CHILDINFO") {
        let (rest, options) = notes.list(astring)(value)?;
        if options.is_empty() {
            // RFC 5258 §6 `childinfo-extended-item`
            notes.note(DeviationKind::MissingField, value)?;
        }
        item.child_info = options;
        return Ok(rest);
    }
    if tag.eq_ignore_ascii_case(b"OLDNAME")
        && let Some(b'(') = value.first()
    {
        // `name` takes the blank before it: here that is the parenthesis.
        let (rest, old) =
            delimited(nom::bytes::complete::tag("("), mailbox(notes.names()), opt(sp))
                .parse(value)?;
        let (rest, _) = nom::bytes::complete::tag(")")(notes.gap(rest)?)?;
        item.old_name = Some(old);
        return Ok(rest);
    }
    let (rest, raw) = recognize(fetch_data::any_value).parse(value)?;
    item.other.push((tag, Raw::new(raw)));
    Ok(rest)
}

/// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`. The grammar lets the list be empty, and no
/// command asks for nothing.
pub(super) fn status<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, mailbox) = name(input, notes)?;
    let rest = match rest {
        [b' ', rest @ ..] => notes.gap(rest)?,
        _ => {
            notes.note(DeviationKind::MissingSpace, rest)?;
            rest
        }
    };
    let (rest, _) = tag("(")(rest)?;
    let mut rest = notes.gap(rest)?;
    let mut data = StatusData::default();
    if rest.starts_with(b")") {
        notes.note(DeviationKind::EmptyStatus, rest)?;
    }
    loop {
        let at = rest;
        rest = rest.strip_prefix(b" ").filter(|_| rest.first() == Some(&b' ')).unwrap_or(rest);
        if rest.first() == Some(&b' ') || (at.len() > rest.len() && rest.starts_with(b")")) {
            notes.note(DeviationKind::ExtraSpace, at)?;
            rest = notes.gap(rest)?;
        }
        if let [b')', after @ ..] = rest {
            return Ok((after, Response::MailboxStatus(mailbox, data)));
        }
        let (value, word) = terminated(atom, notes.sp()).parse(rest)?;
        rest = status_value(value, word, &mut data, notes)?;
    }
}

fn status_value<'a>(
    value: &'a [u8],
    word: &str,
    data: &mut StatusData,
    notes: &Notes,
) -> Result<&'a [u8], nom::Err<nom::error::Error<&'a [u8]>>> {
    match StatusItem::new(word) {
        None => {
            let (rest, raw) = recognize(fetch_data::any_value).parse(value)?;
            data.other.push((Atom::checked(word).into_owned(), Raw::new(raw).into_owned()));
            Ok(rest)
        }
        Some(StatusItem::MailboxId) => {
            let (rest, id) = delimited(tag("("), atom, tag(")")).parse(value)?;
            data.mailbox_id = Some(Atom::checked(id).into_owned());
            Ok(rest)
        }
        Some(StatusItem::AppendLimit) if nil(value).is_ok() => {
            data.append_limit = Some(None);
            Ok(nil(value)?.0)
        }
        // Not known rather than none.
        Some(_) if nil(value).is_ok() => {
            notes.note(DeviationKind::NilForString, value)?;
            Ok(nil(value)?.0)
        }
        Some(item) => {
            let (rest, n) = fetch_data::size(value, notes)?;
            let octets = matches!(
                item,
                StatusItem::Size
                    | StatusItem::HighestModSeq
                    | StatusItem::AppendLimit
                    | StatusItem::DeletedStorage
            );
            if data.value(item).is_some() {
                notes.note(DeviationKind::ExtraField, value)?;
            }
            if n == 0 && matches!(item, StatusItem::UidNext | StatusItem::UidValidity) {
                notes.note(DeviationKind::ZeroNumber, value)?;
            }
            if !octets && n > u64::from(u32::MAX) {
                notes.note(DeviationKind::BadNumber, value)?;
            }
            data.set(item, n); // zero for a UID is not known rather than none
            Ok(rest)
        }
    }
}

/// `"NAMESPACE" SP namespace SP namespace SP namespace` (RFC 2342 §6)
pub(super) fn namespaces<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let list = |input| -> Res<'a, Vec<Namespace<'a>>> {
        let (rest, ()) = notes.sp()(input)?;
        if let Ok((rest, ())) = nil(rest) {
            return Ok((rest, Vec::new()));
        }
        let (mut rest, _) = tag("(")(rest)?;
        let mut all = Vec::new();
        loop {
            rest = notes.gap(rest)?;
            match rest {
                [b')', after @ ..] if !all.is_empty() => return Ok((after, all)),
                _ => {
                    let (after, one) = namespace(rest, notes)?;
                    all.push(one);
                    rest = after;
                }
            }
        }
    };
    let (rest, (personal, other, shared)) = (list, list, list).parse(input)?;
    Ok((rest, Response::Namespace(Namespaces { personal, other, shared })))
}

/// `"(" string SP (DQUOTE QUOTED-CHAR DQUOTE / nil) *(SP string SP "(" string *(SP string) ")") ")"`
fn namespace<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Namespace<'a>> {
    let (rest, prefix) = preceded(tag("("), mailbox(notes.names())).parse(input)?;
    let (rest, delimiter) = delimiter(rest, notes)?;
    let values = |i| map_opt(notes.list(string), OneOrMore::new).parse(i);
    let extension = |i| (preceded(notes.sp(), string), preceded(notes.sp(), values)).parse(i);
    let (rest, extensions) = terminated(many0(extension), tag(")")).parse(rest)?;
    Ok((rest, Namespace { prefix, delimiter, extensions }))
}

/// `"QUOTA" SP quota-root-name SP quota-list` (RFC 9208 §7)
pub(super) fn quota<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let resource = |i| {
        (
            terminated(atom.map(Atom::checked), notes.sp()),
            terminated(|i| fetch_data::size(i, notes), notes.sp()),
            |i| fetch_data::size(i, notes),
        )
            .parse(i)
    };
    (preceded(notes.sp(), astring), preceded(notes.sp(), notes.list(resource)))
        .map(|(root, resources)| Response::Quota { root, resources })
        .parse(input)
}

/// `"QUOTAROOT" SP mailbox *(SP quota-root-name)`
pub(super) fn quota_root<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, mailbox) = name(input, notes)?;
    many0(preceded(notes.sp(), astring))
        .map(|roots| Response::QuotaRoot(mailbox.clone(), roots))
        .parse(rest)
}

/// `"ACL" SP mailbox *(SP identifier SP rights)` (RFC 4314 §7)
pub(super) fn acl<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, mailbox) = name(input, notes)?;
    many0((preceded(notes.sp(), astring), preceded(notes.sp(), astring)))
        .map(|entries| Response::Acl(mailbox.clone(), entries))
        .parse(rest)
}

/// `"LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)`
pub(super) fn list_rights<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, mailbox) = name(input, notes)?;
    let (rest, identifier) = preceded(notes.sp(), astring).parse(rest)?;
    let (rest, required) = preceded(notes.sp(), astring).parse(rest)?;
    let (rest, groups) = many0(preceded(notes.sp(), astring)).parse(rest)?;
    Ok((rest, Response::ListRights { mailbox, identifier, required, groups }))
}

/// `"MYRIGHTS" SP mailbox SP rights`
pub(super) fn my_rights<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, mailbox) = name(input, notes)?;
    let (rest, rights) = preceded(notes.sp(), astring).parse(rest)?;
    Ok((rest, Response::MyRights(mailbox, rights)))
}

/// `"METADATA" SP mailbox SP (entry-values / entry-list)` (RFC 5464 §5)
pub(super) fn metadata<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, mailbox) = name(input, notes)?;
    if rest.trim_ascii_start().starts_with(b"(") {
        let pair = |i| (terminated(astring, notes.sp()), fetch_data::nstring8).parse(i);
        let values = preceded(notes.sp(), notes.list(pair));
        let (rest, values) = map_opt(values, OneOrMore::new).parse(rest)?;
        return Ok((rest, Response::Metadata(mailbox, values)));
    }
    let names = many0(preceded(notes.sp(), astring));
    let (rest, names) = map_opt(names, OneOrMore::new).parse(rest)?;
    Ok((rest, Response::MetadataChanged(mailbox, names)))
}
