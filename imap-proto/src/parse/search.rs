//! SEARCH keys.

use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use nom::{
    Parser,
    bytes::complete::take_while1,
    combinator::{map_opt, opt},
    error::ErrorKind,
    sequence::{preceded, terminated},
};

use super::{Res, basic::*, fail};
use crate::{
    command::Command,
    types::{
        Atom, Flag, OneOrMore, PartialRange, SearchKey, SearchQuery, SearchReturn, SortCriterion,
        SortKey, string::is_atom_char,
    },
};

/// `NOT`, `OR` and parentheses may nest so deep; deeper is a syntax error, not a stack overflow.
const DEPTH: u32 = 32;

/// `search = "SEARCH" [search-return-opts] [SP "CHARSET" SP astring] 1*(SP search-key)`, from the
/// space after the word on.
pub(super) fn search(input: &[u8]) -> Res<'_, SearchQuery<'_>> {
    let (rest, _) = sp(input)?;
    let (rest, returns) = opt(return_opts).parse(rest)?;
    let (rest, charset) = opt((word("CHARSET"), sp, astring_text, sp)).parse(rest)?;
    let (rest, keys) = nom::multi::separated_list1(sp, |i| search_key(i, DEPTH)).parse(rest)?;
    let charset = charset.map(|(_, _, name, _)| name);
    Ok((rest, SearchQuery { charset, returns, key: all_of(keys) }))
}

fn all_of(mut keys: Vec<SearchKey<'_>>) -> SearchKey<'_> {
    match keys.len() {
        1 => keys.pop().unwrap_or(SearchKey::All),
        _ => SearchKey::And(keys),
    }
}

/// What SORT and THREAD end in: `charset 1*(SP search-key)` (RFC 5256 §5 `search-criteria`).
fn charset_and_keys<'a>(
    input: &'a [u8],
    returns: Option<SearchReturn>,
) -> Res<'a, SearchQuery<'a>> {
    let (rest, charset) = terminated(astring_text, sp).parse(input)?;
    let (rest, keys) = nom::multi::separated_list1(sp, |i| search_key(i, DEPTH)).parse(rest)?;
    Ok((rest, SearchQuery { charset: Some(charset), returns, key: all_of(keys) }))
}

/// `sort = "SORT" SP [search-return-opts SP] sort-criteria SP search-criteria` (RFC 5256 §5, RFC 5267 §5), from the space
/// after the word on.
pub(super) fn sort(input: &[u8], uid: bool) -> Res<'_, Command<'_>> {
    let (rest, returns) = preceded(sp, opt(return_opts)).parse(input)?;
    let (rest, criteria) = terminated(paren_list(sort_criterion), sp).parse(rest)?;
    let Some(criteria) = OneOrMore::new(criteria) else {
        return fail(input, ErrorKind::SeparatedList);
    };
    let (rest, query) = charset_and_keys(rest, returns)?;
    Ok((rest, Command::Sort { uid, criteria, query }))
}

/// `sort-criterion = ["REVERSE" SP] sort-key` (RFC 5256 §5)
fn sort_criterion(input: &[u8]) -> Res<'_, SortCriterion> {
    let (rest, reverse) = opt((word("REVERSE"), sp)).parse(input)?;
    let (rest, key) = map_opt(atom, SortKey::new).parse(rest)?;
    Ok((rest, SortCriterion { reverse: reverse.is_some(), key }))
}

/// `thread = "THREAD" SP thread-alg SP search-criteria` (RFC 5256 §5), from the space after the word on.
pub(super) fn thread(input: &[u8], uid: bool) -> Res<'_, Command<'_>> {
    let (rest, algorithm) = (sp, atom.map(Atom::checked), sp).parse(input)?;
    let (rest, query) = charset_and_keys(rest, None)?;
    Ok((rest, Command::Thread { uid, algorithm: algorithm.1, query }))
}

/// `"RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")" SP` (RFC 4731 §4)
fn return_opts(input: &[u8]) -> Res<'_, SearchReturn> {
    let (rest, _) = (word("RETURN"), sp).parse(input)?;
    let range = |input| map_opt(preceded(sp, atom), partial_range).parse(input);
    let option = |input| -> Res<'_, (&str, Option<PartialRange>)> {
        let (rest, name) = atom(input)?;
        if !name.eq_ignore_ascii_case("PARTIAL") {
            return Ok((rest, (name, None)));
        }
        { range }.map(|range| (name, Some(range))).parse(rest)
    };
    let (rest, options) = paren_list(option)(rest)?;
    let (rest, _) = sp(rest)?;
    // RFC 4731 §3.1: no option means ALL.
    let mut returns = SearchReturn { all: options.is_empty(), ..SearchReturn::default() };
    for (name, range) in options {
        match () {
            () if name.eq_ignore_ascii_case("MIN") => returns.min = true,
            () if name.eq_ignore_ascii_case("MAX") => returns.max = true,
            () if name.eq_ignore_ascii_case("ALL") => returns.all = true,
            () if name.eq_ignore_ascii_case("COUNT") => returns.count = true,
            () if name.eq_ignore_ascii_case("SAVE") => returns.save = true,
            () if name.eq_ignore_ascii_case("RELEVANCY") => returns.relevancy = true,
            () if name.eq_ignore_ascii_case("CONTEXT") => returns.context = true,
            () if name.eq_ignore_ascii_case("UPDATE") => returns.update = true,
            () if range.is_some() => returns.partial = range,
            () => return fail(input, ErrorKind::Tag),
        }
    }
    Ok((rest, returns))
}

/// `partial-range` (RFC 9394 §3.1)
pub(super) fn partial_range(text: &str) -> Option<PartialRange> {
    let (first, last) = text.split_once(':')?;
    let place = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok())?
    };
    PartialRange::new(place(first)?, place(last)?)
}

/// `search-key` (RFC 3501 §9)
fn search_key(input: &[u8], depth: u32) -> Res<'_, SearchKey<'_>> {
    let Some(depth) = depth.checked_sub(1) else { return fail(input, ErrorKind::TooLarge) };
    match input.first() {
        Some(b'(') => {
            let (rest, keys) = paren_list(|i| search_key(i, depth))(input)?;
            if keys.is_empty() {
                return fail(input, ErrorKind::SeparatedList);
            }
            // One key in parentheses is that key.
            Ok((rest, all_of(keys)))
        }
        Some(b'0'..=b'9' | b'*' | b'$') => sequence_set.map(SearchKey::Sequence).parse(input),
        _ => named_key(input, depth),
    }
}

fn named_key(input: &[u8], depth: u32) -> Res<'_, SearchKey<'_>> {
    let (rest, name) = take_while1(is_atom_char)(input)?;
    let mut upper = [0u8; 20];
    let Some(upper) = upper.get_mut(..name.len()) else { return fail(input, ErrorKind::Tag) };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    let flag = |flag: Flag<'static>| SearchKey::Flag(Cow::Owned(alloc::format!("{flag}")));
    let not = |key| SearchKey::Not(Box::new(key));
    let key = match &*upper {
        b"ALL" => SearchKey::All,
        b"ANSWERED" => flag(Flag::Answered),
        b"DELETED" => flag(Flag::Deleted),
        b"DRAFT" => flag(Flag::Draft),
        b"FLAGGED" => flag(Flag::Flagged),
        b"SEEN" => flag(Flag::Seen),
        b"UNANSWERED" => not(flag(Flag::Answered)),
        b"UNDELETED" => not(flag(Flag::Deleted)),
        b"UNDRAFT" => not(flag(Flag::Draft)),
        b"UNFLAGGED" => not(flag(Flag::Flagged)),
        b"UNSEEN" => not(flag(Flag::Seen)),
        b"RECENT" => SearchKey::Recent,
        b"SAVEDATESUPPORTED" => SearchKey::SaveDateSupported,
        b"OLD" => not(SearchKey::Recent),
        b"NEW" => SearchKey::And(alloc::vec![SearchKey::Recent, not(flag(Flag::Seen))]),
        _ => return key_with_argument(input, upper, rest, depth),
    };
    Ok((rest, key))
}

fn key_with_argument<'a>(
    input: &'a [u8],
    name: &[u8],
    rest: &'a [u8],
    depth: u32,
) -> Res<'a, SearchKey<'a>> {
    let (rest, _) = sp(rest)?;
    let header =
        |name: &'static str| astring.map(move |text| SearchKey::Header(Cow::Borrowed(name), text));
    let flag = |name| SearchKey::Flag(Cow::Borrowed(name));
    match name {
        b"BCC" => header("Bcc").parse(rest),
        b"CC" => header("Cc").parse(rest),
        b"FROM" => header("From").parse(rest),
        b"SUBJECT" => header("Subject").parse(rest),
        b"TO" => header("To").parse(rest),
        b"HEADER" => (astring_text, sp, astring)
            .map(|(name, _, text)| SearchKey::Header(name, text))
            .parse(rest),
        b"BODY" => astring.map(SearchKey::Body).parse(rest),
        b"TEXT" => astring.map(SearchKey::Text).parse(rest),
        b"KEYWORD" => atom.map(flag).parse(rest),
        b"UNKEYWORD" => atom.map(|k| SearchKey::Not(Box::new(flag(k)))).parse(rest),
        b"BEFORE" => date.map(SearchKey::Before).parse(rest),
        b"ON" => date.map(SearchKey::On).parse(rest),
        b"SINCE" => date.map(SearchKey::Since).parse(rest),
        b"SENTBEFORE" => date.map(SearchKey::SentBefore).parse(rest),
        b"SENTON" => date.map(SearchKey::SentOn).parse(rest),
        b"SENTSINCE" => date.map(SearchKey::SentSince).parse(rest),
        b"LARGER" => number64.map(SearchKey::Larger).parse(rest),
        b"SMALLER" => number64.map(SearchKey::Smaller).parse(rest),
        b"OLDER" => nz_number.map(SearchKey::Older).parse(rest),
        b"YOUNGER" => nz_number.map(SearchKey::Younger).parse(rest),
        b"MODSEQ" => mod_seq(rest),
        b"UID" => sequence_set.map(SearchKey::Uid).parse(rest),
        b"FILTER" => atom.map(|name| SearchKey::Filter(Atom::checked(name))).parse(rest),
        b"SAVEDBEFORE" => date.map(SearchKey::SavedBefore).parse(rest),
        b"SAVEDON" => date.map(SearchKey::SavedOn).parse(rest),
        b"SAVEDSINCE" => date.map(SearchKey::SavedSince).parse(rest),
        b"EMAILID" => atom.map(|id| SearchKey::EmailId(Atom::checked(id))).parse(rest),
        b"THREADID" => atom.map(|id| SearchKey::ThreadId(Atom::checked(id))).parse(rest),
        b"X-GM-RAW" => astring.map(SearchKey::GmailRaw).parse(rest),
        b"X-GM-MSGID" => number64.map(SearchKey::GmailMessageId).parse(rest),
        b"X-GM-THRID" => number64.map(SearchKey::GmailThreadId).parse(rest),
        b"X-GM-LABELS" => astring.map(SearchKey::GmailLabel).parse(rest),
        b"FUZZY" => {
            let (rest, key) = search_key(rest, depth)?;
            Ok((rest, SearchKey::Fuzzy(Box::new(key))))
        }
        b"NOT" => {
            let (rest, key) = search_key(rest, depth)?;
            Ok((rest, SearchKey::Not(Box::new(key))))
        }
        b"OR" => {
            let (rest, a) = search_key(rest, depth)?;
            let (rest, _) = sp(rest)?;
            let (rest, b) = search_key(rest, depth)?;
            Ok((rest, SearchKey::Or(Box::new(a), Box::new(b))))
        }
        _ => fail(input, ErrorKind::Tag),
    }
}

/// `"MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer` (RFC 7162 §7); the entry is
/// read and not used, as RFC 7162 §3.1.5 allows.
fn mod_seq(input: &[u8]) -> Res<'_, SearchKey<'_>> {
    let (rest, _) = opt((quoted, sp, atom, sp)).parse(input)?;
    number64.map(SearchKey::ModSeq).parse(rest)
}
