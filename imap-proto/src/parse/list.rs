//! LIST and LSUB with the options of RFC 5258, RFC 5819 and RFC 6154.

use alloc::{borrow::Cow, vec::Vec};

use nom::{
    Parser,
    bytes::complete::take_while1,
    combinator::{map_opt, opt, verify},
    error::ErrorKind,
    sequence::preceded,
};

use super::{Res, basic::*, extension, fail};
use crate::command::EntryName;
use crate::types::{
    ListQuery, ListReturn, ListSelect, Names, OneOrMore, StatusItem, string::is_list_char,
};

/// `list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]`, from the
/// space after the word on.
pub(super) fn list(input: &[u8], names: Names) -> Res<'_, ListQuery<'_>> {
    let text = |octets| pattern_text(octets, names);
    let list_mailbox = |input| list_mailbox(input, names);
    let (rest, _) = sp(input)?;
    let (rest, select) = opt(|i| {
        let (rest, select) = select_opts(i)?;
        let (rest, _) = sp(rest)?;
        Ok((rest, select))
    })
    .parse(rest)?;
    let (rest, reference) = map_opt(astring, text).parse(rest)?;
    let (rest, _) = sp(rest)?;
    let many = rest.first() == Some(&b'(');
    let (rest, patterns) = if many {
        paren_list1(list_mailbox)(rest)?
    } else {
        list_mailbox.map(OneOrMore::one).parse(rest)?
    };
    let (rest, returns) = opt(preceded((sp, word("RETURN"), sp), return_opts)).parse(rest)?;
    // `()` selects and returns nothing, but it is the extended form: its one pattern is a list's.
    let extended = select.is_some() || returns.is_some();
    let (select, returns) = (select.unwrap_or_default(), returns.unwrap_or_default());
    let plain = select == ListSelect::default() && returns == ListReturn::default();
    let listed = many || (extended && plain);
    let mut query = ListQuery::with(reference, patterns, listed);
    (query.select, query.returns) = (select, returns);
    Ok((rest, query))
}

/// `lsub = "LSUB" SP mailbox SP list-mailbox`, from the space after the word on: reference and pattern. XLIST has the same.
pub(super) fn basic(input: &[u8], names: Names) -> Res<'_, (Cow<'_, str>, Cow<'_, str>)> {
    let text = |octets| pattern_text(octets, names);
    let pattern = |input| list_mailbox(input, names);
    (preceded(sp, map_opt(astring, text)), preceded(sp, pattern)).parse(input)
}

/// `list-mailbox = 1*list-char / string`
fn list_mailbox(input: &[u8], names: Names) -> Res<'_, Cow<'_, str>> {
    let text = |octets| pattern_text(octets, names);
    match input.first() {
        Some(b'"' | b'{') => map_opt(string, text).parse(input),
        _ => map_opt(take_while1(is_list_char), |p| text(Cow::Borrowed(p))).parse(input),
    }
}

/// A pattern in Unicode. One that is no modified UTF-7 stays as it is: it matches no mailbox by
/// accident, and a client that typed `&` gets an empty list instead of an error.
fn pattern_text(octets: Cow<'_, [u8]>, names: Names) -> Option<Cow<'_, str>> {
    let text = to_text(octets)?;
    if names == Names::ModifiedUtf7
        && text.contains('&')
        && let Ok(decoded) = crate::types::decode_mailbox(&text)
    {
        return Some(Cow::Owned(decoded));
    }
    Some(text)
}

/// `list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")"`
fn select_opts(input: &[u8]) -> Res<'_, ListSelect> {
    let (rest, names) = paren_list(atom)(input)?;
    let (mut select, mut recursive) = (ListSelect::default(), false);
    for name in names {
        match () {
            () if name.eq_ignore_ascii_case("SUBSCRIBED") => select.subscribed = true,
            () if name.eq_ignore_ascii_case("REMOTE") => select.remote = true,
            () if name.eq_ignore_ascii_case("RECURSIVEMATCH") => recursive = true,
            () if name.eq_ignore_ascii_case("SPECIAL-USE") => select.special_use = true,
            () => return fail(input, ErrorKind::Tag),
        }
    }
    // RFC 5258 §3.1: RECURSIVEMATCH needs another option that selects.
    if recursive {
        select = select.with_recursive_match();
        if !select.recursive_match() {
            return fail(input, ErrorKind::Verify);
        }
    }
    Ok((rest, select))
}

/// `list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"`
fn return_opts(input: &[u8]) -> Res<'_, ListReturn> {
    enum Opt {
        Subscribed,
        Children,
        SpecialUse,
        Status(Vec<StatusItem>),
        MyRights,
        Metadata(Vec<EntryName<'static>>),
    }
    let option = |input| -> Res<'_, Opt> {
        let (rest, name) = atom(input)?;
        match () {
            () if name.eq_ignore_ascii_case("SUBSCRIBED") => Ok((rest, Opt::Subscribed)),
            () if name.eq_ignore_ascii_case("CHILDREN") => Ok((rest, Opt::Children)),
            () if name.eq_ignore_ascii_case("SPECIAL-USE") => Ok((rest, Opt::SpecialUse)),
            () if name.eq_ignore_ascii_case("MYRIGHTS") => Ok((rest, Opt::MyRights)),
            () if name.eq_ignore_ascii_case("METADATA") => {
                let entry = |input| extension::entry_name.map(EntryName::into_owned).parse(input);
                let entries = verify(paren_list(entry), |all: &Vec<_>| !all.is_empty());
                preceded(sp, entries).map(Opt::Metadata).parse(rest)
            }
            () if name.eq_ignore_ascii_case("STATUS") => {
                let items = status_items.map(OneOrMore::into_vec);
                preceded(sp, items).map(Opt::Status).parse(rest)
            }
            () => fail(input, ErrorKind::Tag),
        }
    };
    let (rest, options) = paren_list(option)(input)?;
    let mut returns = ListReturn::default();
    for option in options {
        match option {
            Opt::Subscribed => returns.subscribed = true,
            Opt::Children => returns.children = true,
            Opt::SpecialUse => returns.special_use = true,
            Opt::Status(items) => returns.status = items,
            Opt::MyRights => returns.my_rights = true,
            Opt::Metadata(entries) => returns.metadata = entries,
        }
    }
    Ok((rest, returns))
}

/// `"(" status-att *(SP status-att) ")"`
pub(super) fn status_items(input: &[u8]) -> Res<'_, OneOrMore<StatusItem>> {
    paren_list1(map_opt_name)(input)
}

fn map_opt_name(input: &[u8]) -> Res<'_, StatusItem> {
    map_opt(atom, StatusItem::new).parse(input)
}
