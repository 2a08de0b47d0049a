//! What FETCH asks for.

use alloc::vec::Vec;

use nom::{
    Parser,
    branch::alt,
    bytes::complete::tag,
    combinator::{map_opt, opt},
    error::ErrorKind,
    sequence::{delimited, preceded},
};

use super::{Res, basic::*, fail, search::partial_range};
use crate::{
    command::FetchModifiers,
    types::{
        BodySection, FetchItem, FetchItems, OneOrMore, Part, Partial, Section, SectionName,
        SectionSpelling, SectionText, StoreAction,
    },
};

/// `"ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"`
pub(super) fn fetch_items(input: &[u8]) -> Res<'_, FetchItems<'_>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Size};
    if input.first() == Some(&b'(') {
        return paren_list1(fetch_item).map(FetchItems::new).parse(input);
    }
    let (rest, name) = item_name(input)?;
    let items = match () {
        () if name.eq_ignore_ascii_case(b"FAST") => OneOrMore::of([Flags, InternalDate, Size]),
        () if name.eq_ignore_ascii_case(b"ALL") => {
            OneOrMore::of([Flags, InternalDate, Size, Envelope])
        }
        () if name.eq_ignore_ascii_case(b"FULL") => {
            OneOrMore::of([Flags, InternalDate, Size, Envelope, Body])
        }
        () => return fetch_item.map(|item| FetchItems::new(OneOrMore::one(item))).parse(input),
    };
    Ok((rest, FetchItems::new(items)))
}

/// Letters, digits and dots: the name in front of `[`.
pub(super) fn item_name(input: &[u8]) -> Res<'_, &[u8]> {
    nom::bytes::complete::take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'.')(input)
}

/// `fetch-att`
pub(super) fn fetch_item(input: &[u8]) -> Res<'_, FetchItem<'_>> {
    const PLAIN: [(&str, FetchItem<'static>); 14] = [
        ("FLAGS", FetchItem::Flags),
        ("UID", FetchItem::Uid),
        ("INTERNALDATE", FetchItem::InternalDate),
        ("RFC822.SIZE", FetchItem::Size),
        ("ENVELOPE", FetchItem::Envelope),
        ("BODYSTRUCTURE", FetchItem::BodyStructure),
        ("BODY", FetchItem::Body),
        ("MODSEQ", FetchItem::ModSeq),
        ("SAVEDATE", FetchItem::SaveDate),
        ("EMAILID", FetchItem::EmailId),
        ("THREADID", FetchItem::ThreadId),
        ("X-GM-MSGID", FetchItem::GmailMessageId),
        ("X-GM-THRID", FetchItem::GmailThreadId),
        ("X-GM-LABELS", FetchItem::GmailLabels),
    ];
    let (rest, name) = nom::bytes::complete::take_while1(|b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')
    })(input)?;
    let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
    let peek = is("BODY.PEEK");
    if peek || (is("BODY") && rest.first() == Some(&b'[')) {
        let (rest, section) = section(rest)?;
        let (rest, partial) = opt(partial).parse(rest)?;
        let item = BodySection { name: SectionName::new(section), partial, peek };
        return Ok((rest, FetchItem::Section(item)));
    }
    if is("BINARY.SIZE") {
        return part.map(FetchItem::BinarySize).parse(rest);
    }
    let peek = is("BINARY.PEEK");
    if peek || is("BINARY") {
        let item = |(part, partial)| FetchItem::Binary { part, partial, peek };
        return (part, opt(partial)).map(item).parse(rest);
    }
    if is("PREVIEW") {
        let (rest, lazy) = opt((sp, tag("("), word("LAZY"), tag(")"))).parse(rest)?;
        return Ok((rest, FetchItem::Preview { lazy: lazy.is_some() }));
    }
    let spelled = |spelling| FetchItem::Section(BodySection::spelled(spelling));
    let item = match () {
        () if is("RFC822") => spelled(SectionSpelling::Rfc822),
        () if is("RFC822.HEADER") => spelled(SectionSpelling::Rfc822Header),
        () if is("RFC822.TEXT") => spelled(SectionSpelling::Rfc822Text),
        () => match PLAIN.iter().find(|(known, _)| is(known)) {
            Some((_, item)) => item.clone(),
            None => return fail(input, ErrorKind::Tag),
        },
    };
    Ok((rest, item))
}

/// `section-binary = "[" [section-part] "]"` (RFC 3516 §7)
pub(super) fn part(input: &[u8]) -> Res<'_, Part> {
    let part = nom::multi::separated_list0(tag("."), nz_number).map(Part::checked);
    delimited(tag("["), part, tag("]")).parse(input)
}

/// `section = "[" [section-spec] "]"`
pub(super) fn section(input: &[u8]) -> Res<'_, Section<'_>> {
    delimited(tag("["), section_spec, tag("]")).parse(input)
}

/// `section-spec = section-msgtext / (section-part ["." section-text])`
fn section_spec(input: &[u8]) -> Res<'_, Section<'_>> {
    let mut part = Vec::new();
    let mut rest = input;
    while rest.first().is_some_and(u8::is_ascii_digit) {
        let (after, number) = nz_number(rest)?;
        part.push(number);
        match after {
            [b'.', more @ ..] => rest = more,
            _ => return Ok((after, Section::checked(Part::checked(part), SectionText::Full))),
        }
    }
    if part.is_empty() && rest.first() == Some(&b']') {
        return Ok((rest, Section::default()));
    }
    let (rest, text) = section_text(rest)?;
    match Section::new(Part::checked(part), text) {
        Some(section) => Ok((rest, section)),
        None => fail(input, ErrorKind::Verify),
    }
}

/// `section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"`, or `MIME`
fn section_text(input: &[u8]) -> Res<'_, SectionText<'_>> {
    let (rest, name) = item_name(input)?;
    let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
    match () {
        () if is("HEADER") => Ok((rest, SectionText::Header)),
        () if is("TEXT") => Ok((rest, SectionText::Text)),
        () if is("MIME") => Ok((rest, SectionText::Mime)),
        () if is("HEADER.FIELDS") => header_list.map(SectionText::HeaderFields).parse(rest),
        () if is("HEADER.FIELDS.NOT") => header_list.map(SectionText::HeaderFieldsNot).parse(rest),
        () => fail(input, ErrorKind::Tag),
    }
}

/// `SP "(" header-fld-name *(SP header-fld-name) ")"`
fn header_list(input: &[u8]) -> Res<'_, OneOrMore<alloc::borrow::Cow<'_, str>>> {
    preceded(tag(" "), paren_list1(astring_text)).parse(input)
}

/// `"<" number "." nz-number ">"`
fn partial(input: &[u8]) -> Res<'_, Partial> {
    let (rest, (offset, _, len)) =
        delimited(tag("<"), (number64, tag("."), number64), tag(">")).parse(input)?;
    match Partial::new(offset, len) {
        Some(partial) => Ok((rest, partial)),
        None => fail(input, ErrorKind::Verify),
    }
}

/// `SP "(" fetch-modifier *(SP fetch-modifier) ")"` (RFC 4466 §2.4, RFC 7162 §7, RFC 9394 §4)
pub(super) fn modifiers(input: &[u8]) -> Res<'_, FetchModifiers> {
    let mut modifiers = FetchModifiers::default();
    let one = |input| {
        let (rest, name) = atom(input)?;
        match () {
            () if name.eq_ignore_ascii_case("CHANGEDSINCE") => {
                let (after, mod_seq) = preceded(sp, number64).parse(rest)?;
                once(modifiers.changed_since.replace(mod_seq).is_none(), rest, after)
            }
            () if name.eq_ignore_ascii_case("VANISHED") => {
                once(!core::mem::replace(&mut modifiers.vanished, true), rest, rest)
            }
            () if name.eq_ignore_ascii_case("PARTIAL") => {
                let (after, range) = map_opt(preceded(sp, atom), partial_range).parse(rest)?;
                once(modifiers.partial.replace(range).is_none(), rest, after)
            }
            () => fail(input, ErrorKind::Tag),
        }
    };
    let (rest, all) = preceded(sp, paren_list(one)).parse(input)?;
    if all.is_empty() { fail(input, ErrorKind::SeparatedList) } else { Ok((rest, modifiers)) }
}

/// What may stand once only.
fn once<'a>(first: bool, at: &'a [u8], after: &'a [u8]) -> Res<'a, ()> {
    if first { Ok((after, ())) } else { fail(at, ErrorKind::Many0) }
}

/// `["+" / "-"]`
pub(super) fn store_action(input: &[u8]) -> Res<'_, StoreAction> {
    Ok(match input {
        [b'+', rest @ ..] => (rest, StoreAction::Add),
        [b'-', rest @ ..] => (rest, StoreAction::Remove),
        _ => (input, StoreAction::Replace),
    })
}

/// `"X-GM-LABELS" [".SILENT"] SP "(" [label *(SP label)] ")"`
pub(super) fn store_labels(input: &[u8]) -> Res<'_, (bool, Vec<alloc::borrow::Cow<'_, [u8]>>)> {
    let silent = delimited(word("X-GM-LABELS"), opt(word(".SILENT")), sp);
    let one = label.map(|one| alloc::vec![one]);
    let (rest, (silent, labels)) = (silent, alt((paren_list(label), one))).parse(input)?;
    Ok((rest, (silent.is_some(), labels)))
}

/// A label of Gmail: a string, an atom or, for those of its own, `\Name`.
pub(super) fn label(input: &[u8]) -> Res<'_, alloc::borrow::Cow<'_, [u8]>> {
    match input.first() {
        Some(b'\\') => {
            nom::bytes::complete::take_while1(|b: u8| b > 0x20 && !matches!(b, b'(' | b')' | b'"'))
                .map(alloc::borrow::Cow::Borrowed)
                .parse(input)
        }
        _ => astring(input),
    }
}

/// `"FLAGS" [".SILENT"] SP`, and the flags with or without parentheses.
pub(super) fn store_flags(input: &[u8]) -> Res<'_, (bool, Vec<crate::types::Flag<'_>>)> {
    let (rest, _) = word("FLAGS")(input)?;
    let (rest, silent) = opt(word(".SILENT")).parse(rest)?;
    let (rest, _) = sp(rest)?;
    let (rest, flags) = alt((flag_list, nom::multi::separated_list1(sp, flag))).parse(rest)?;
    // RFC 3501 §2.3.2: a client cannot alter \Recent.
    if flags.contains(&crate::types::Flag::Recent) {
        return fail(input, ErrorKind::Verify);
    }
    Ok((rest, (silent.is_some(), flags)))
}

/// `SP "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"` (RFC 7162 §7)
pub(super) fn unchanged_since(input: &[u8]) -> Res<'_, u64> {
    delimited((tag(" ("), word("UNCHANGEDSINCE"), sp), number64, tag(")")).parse(input)
}

/// A section as a response has it, with the origin octet of a partial: `BODY[…]<0>`.
pub(super) fn response_section(input: &[u8]) -> Res<'_, (SectionName<'_>, Option<u64>)> {
    let (rest, name) = item_name(input)?;
    let is = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
    let spelled = |spelling| Ok((rest, (SectionName::spelled(spelling), None)));
    match () {
        () if is("BODY") => {
            let (rest, section) = section(rest)?;
            let origin = delimited(tag("<"), number64, tag(">"));
            let (rest, origin) = opt(origin).parse(rest)?;
            Ok((rest, (SectionName::new(section), origin)))
        }
        () if is("RFC822") => spelled(SectionSpelling::Rfc822),
        () if is("RFC822.HEADER") => spelled(SectionSpelling::Rfc822Header),
        () if is("RFC822.TEXT") => spelled(SectionSpelling::Rfc822Text),
        () => map_opt(nom::combinator::success(()), |()| None).parse(input),
    }
}
