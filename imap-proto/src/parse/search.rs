//! SEARCH keys.

use alloc::{borrow::Cow, boxed::Box};

use nom::{
    Parser,
    bytes::complete::take_while1,
    combinator::{map_opt, opt},
    error::ErrorKind,
    sequence::{preceded, terminated},
};

use super::{Res, basic::*, fail, notify};
use crate::{
    command::Command,
    types::{
        Atom, EntryScope, Flag, Names, OneOrMore, PartialRange, SearchKey, SearchQuery,
        SearchReturn, SortCriterion, SortKey, string::is_atom_char,
    },
};

/// `NOT`, `OR` and parentheses may nest so deep; deeper is a syntax error, not a stack overflow.
const DEPTH: u32 = 32;

/// `search = "SEARCH" [search-return-opts] [SP "CHARSET" SP astring] 1*(SP search-key)`, from the
/// space after the word on.
pub(super) fn search(input: &[u8]) -> Res<'_, SearchQuery<'_>> {
    preceded(sp, program).parse(input)
}

/// `esearch = "ESEARCH" [SP "IN" SP "(" filter-mailboxes *(SP filter-mailboxes) ")"] [search-return-opts] SP
/// search-program` (RFC 7377 §4), from the space after the word on. RFC 7377 defines no scope options; none are read.
pub(super) fn e_search(input: &[u8], uid: bool, names: Names) -> Res<'_, Command<'_>> {
    let source = |input| notify::mailbox_filter(input, names);
    let inside = (word("IN"), sp, paren_list1(source), sp).map(|(_, _, all, _)| all);
    let (rest, sources) = preceded(sp, opt(inside)).parse(input)?;
    let sources = sources.map(OneOrMore::into_vec).unwrap_or_default();
    { program }.map(|query| Command::ESearch { uid, sources: sources.clone(), query }).parse(rest)
}

/// `[search-return-opts SP] search-program`
fn program(input: &[u8]) -> Res<'_, SearchQuery<'_>> {
    let (rest, returns) = opt(return_opts).parse(input)?;
    let (rest, charset) = opt((word("CHARSET"), sp, astring_text, sp)).parse(rest)?;
    let (rest, key) = keys(rest)?;
    let charset = charset.map(|(_, _, name, _)| name);
    Ok((rest, SearchQuery { charset, returns, key }))
}

/// `search-key *(SP search-key)`: one key is that key, several must all match.
pub(super) fn keys(input: &[u8]) -> Res<'_, SearchKey<'_>> {
    let (rest, first) = search_key(input, DEPTH)?;
    if rest.first() != Some(&b' ') {
        return Ok((rest, first));
    }
    let mut keys = OneOrMore::one(first);
    let mut rest = rest;
    while let [b' ', after @ ..] = rest {
        let (after, key) = search_key(after, DEPTH)?;
        keys.push(key);
        rest = after;
    }
    Ok((rest, SearchKey::And(keys)))
}

/// What SORT and THREAD end in: `charset 1*(SP search-key)` (RFC 5256 §5 `search-criteria`).
fn charset_and_keys(input: &[u8]) -> Res<'_, (Cow<'_, str>, SearchKey<'_>)> {
    (terminated(astring_text, sp), keys).parse(input)
}

/// `sort = "SORT" SP [search-return-opts SP] sort-criteria SP search-criteria` (RFC 5256 §5, RFC 5267 §5), from the space
/// after the word on.
pub(super) fn sort(input: &[u8], uid: bool) -> Res<'_, Command<'_>> {
    let (rest, returns) = preceded(sp, opt(return_opts)).parse(input)?;
    let (rest, criteria) = terminated(paren_list1(sort_criterion), sp).parse(rest)?;
    let (rest, (charset, key)) = charset_and_keys(rest)?;
    Ok((rest, Command::Sort { uid, returns, criteria, charset, key }))
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
    let (rest, (charset, key)) = charset_and_keys(rest)?;
    Ok((rest, Command::Thread { uid, algorithm: algorithm.1, charset, key }))
}

/// `"RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")" SP` (RFC 4731 §4)
fn return_opts(input: &[u8]) -> Res<'_, SearchReturn<'_>> {
    let (rest, _) = (word("RETURN"), sp).parse(input)?;
    let range = |input| map_opt(preceded(sp, atom), partial_range).parse(input);
    let mut returns = SearchReturn::default();
    let option = |input| -> Res<'_, ()> {
        let (rest, name) = atom(input)?;
        match () {
            () if name.eq_ignore_ascii_case("PARTIAL") => {
                let (after, range) = { range }.parse(rest)?;
                // RFC 9394 §3.1: one, and no ALL with it; the server says so where it acts.
                if returns.partial.replace(range).is_some() {
                    return fail(rest, ErrorKind::Many0);
                }
                return Ok((after, ()));
            }
            () if name.eq_ignore_ascii_case("UPDATE") => {
                let (rest, items) = opt(preceded(sp, notify::update_items)).parse(rest)?;
                returns.update = Some(items.unwrap_or_default());
                return Ok((rest, ()));
            }
            () if name.eq_ignore_ascii_case("MIN") => returns.min = true,
            () if name.eq_ignore_ascii_case("MAX") => returns.max = true,
            () if name.eq_ignore_ascii_case("ALL") => returns.all = true,
            () if name.eq_ignore_ascii_case("COUNT") => returns.count = true,
            () if name.eq_ignore_ascii_case("SAVE") => returns.save = true,
            () if name.eq_ignore_ascii_case("RELEVANCY") => returns.relevancy = true,
            () if name.eq_ignore_ascii_case("CONTEXT") => returns.context = true,
            () => return fail(input, ErrorKind::Tag),
        }
        Ok((rest, ()))
    };
    let (rest, _) = paren_list(option)(rest)?;
    let (rest, _) = sp(rest)?;
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
        Some(b'(') => paren_list1(|i| search_key(i, depth)).map(SearchKey::And).parse(input),
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
    let not = |key| SearchKey::Not(Box::new(key));
    let key = match &*upper {
        b"ALL" => SearchKey::All,
        b"ANSWERED" => SearchKey::Answered,
        b"DELETED" => SearchKey::Deleted,
        b"DRAFT" => SearchKey::Draft,
        b"FLAGGED" => SearchKey::Flagged,
        b"SEEN" => SearchKey::Seen,
        b"UNANSWERED" => not(SearchKey::Answered),
        b"UNDELETED" => not(SearchKey::Deleted),
        b"UNDRAFT" => not(SearchKey::Draft),
        b"UNFLAGGED" => not(SearchKey::Flagged),
        b"UNSEEN" => not(SearchKey::Seen),
        b"RECENT" => SearchKey::Recent,
        b"SAVEDATESUPPORTED" => SearchKey::SaveDateSupported,
        b"OLD" => not(SearchKey::Recent),
        b"NEW" => SearchKey::And(OneOrMore::of([SearchKey::Recent, not(SearchKey::Seen)])),
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
    let keyword = |name| SearchKey::Keyword(Atom::checked(name));
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
        b"KEYWORD" => atom.map(keyword).parse(rest),
        b"UNKEYWORD" => atom.map(|k| SearchKey::Not(Box::new(keyword(k)))).parse(rest),
        b"BEFORE" => date.map(SearchKey::Before).parse(rest),
        b"ON" => date.map(SearchKey::On).parse(rest),
        b"SINCE" => date.map(SearchKey::Since).parse(rest),
        b"SENTBEFORE" => date.map(SearchKey::SentBefore).parse(rest),
        b"SENTON" => date.map(SearchKey::SentOn).parse(rest),
        b"SENTSINCE" => date.map(SearchKey::SentSince).parse(rest),
        b"LARGER" => number64.map(SearchKey::Larger).parse(rest),
        b"SMALLER" => number64.map(SearchKey::Smaller).parse(rest),
        b"OLDER" => nz.map(SearchKey::Older).parse(rest),
        b"YOUNGER" => nz.map(SearchKey::Younger).parse(rest),
        b"MODSEQ" => mod_seq(rest),
        b"UID" => sequence_set.map(SearchKey::Uid).parse(rest),
        b"FILTER" => atom.map(|name| SearchKey::Filter(Atom::checked(name))).parse(rest),
        b"SAVEDBEFORE" => date.map(SearchKey::SavedBefore).parse(rest),
        b"SAVEDON" => date.map(SearchKey::SavedOn).parse(rest),
        b"SAVEDSINCE" => date.map(SearchKey::SavedSince).parse(rest),
        b"EMAILID" => atom.map(|id| SearchKey::EmailId(Atom::checked(id))).parse(rest),
        b"THREADID" => atom.map(|id| SearchKey::ThreadId(Atom::checked(id))).parse(rest),
        b"X-GM-RAW" => astring.map(SearchKey::GmailRaw).parse(rest),
        b"X-GM-MSGID" => unsigned64.map(SearchKey::GmailMessageId).parse(rest),
        b"X-GM-THRID" => unsigned64.map(SearchKey::GmailThreadId).parse(rest),
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

/// `"MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer`, `entry-name = DQUOTE "/flags/" attr-flag DQUOTE`
/// (RFC 7162 §7)
fn mod_seq(input: &[u8]) -> Res<'_, SearchKey<'_>> {
    if input.first() != Some(&b'"') {
        return number64.map(SearchKey::ModSeq).parse(input);
    }
    let name = map_opt(quoted, |name| {
        let text = to_text(name)?;
        let flag = text.strip_prefix("/flags/").and_then(Flag::new)?;
        Some(flag.into_owned())
    });
    let scope = map_opt(atom, |word| {
        let all = [EntryScope::Private, EntryScope::Shared, EntryScope::All];
        all.into_iter().find(|scope| scope.as_str().eq_ignore_ascii_case(word))
    });
    (terminated(name, sp), terminated(scope, sp), number64)
        .map(|(flag, scope, n)| SearchKey::FlagModSeq(flag, scope, n))
        .parse(input)
}
