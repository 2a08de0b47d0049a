//! What was found: SEARCH, SORT, ESEARCH, THREAD, VANISHED.

use alloc::vec::Vec;

use nom::{
    Parser,
    bytes::complete::tag,
    combinator::{map_opt, opt, recognize, value},
    error::ErrorKind,
    multi::separated_list1,
    sequence::{delimited, separated_pair, terminated},
};

use super::{DeviationKind, Res, basic::*, fail, fetch_data, notes::Notes};
use crate::{
    response::{ESearch, Found, Raw, Response, Thread},
    types::{Atom, Score},
};

/// `*(SP nz-number) [SP search-sort-mod-seq]` (RFC 7162 §7)
pub(super) fn numbers<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Found> {
    let (mut numbers, mut greatest) = (Vec::new(), None);
    let mut rest = input;
    while let [b' ', after @ ..] = rest {
        let after = match after {
            // At the end of the line the gap is noted by who reads that.
            [b' ', ..] if !after.trim_ascii_start().is_empty() => notes.gap(after)?,
            after => after,
        };
        match after.first() {
            Some(b'0'..=b'9') => {
                let (next, n) = number(after)?;
                if n == 0 {
                    notes.note(DeviationKind::ZeroNumber, after)?;
                }
                numbers.push(n);
                rest = next;
            }
            Some(b'(') => {
                if numbers.is_empty() {
                    // RFC 7162 §7: a mod-sequence is that of what was found.
                    notes.note(DeviationKind::ExtraField, after)?;
                }
                let (next, n) =
                    delimited((tag("("), word("MODSEQ"), sp), mod_seq, tag(")")).parse(after)?;
                greatest = Some(n);
                rest = next;
                break;
            }
            _ => break,
        }
    }
    Ok((rest, Found::new(numbers, greatest)))
}

/// `"ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)` (RFC 4466 §3)
pub(super) fn e_search<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let mut result = ESearch::default();
    let mut rest = input;
    let inside = rest.trim_ascii_start().strip_prefix(b"(");
    if let Some(after) = inside.filter(|_| rest.starts_with(b" ")) {
        let _ = notes.sp()(rest)?; // more blanks than one are noted
        rest = after;
        loop {
            let (after, name) = terminated(atom, notes.sp()).parse(rest)?;
            let is = |known: &str| known.eq_ignore_ascii_case(name);
            rest = match () {
                () if is("TAG") => store(astring(after)?, &mut result.tag),
                () if is("MAILBOX") => store(mailbox(notes.names())(after)?, &mut result.mailbox),
                () if is("UIDVALIDITY") => store(nz(after)?, &mut result.uid_validity),
                () => return fail(rest, ErrorKind::Tag),
            };
            match rest {
                [b')', after @ ..] => break rest = after,
                [b' ', after @ ..] => rest = after,
                _ => return fail(rest, ErrorKind::SeparatedList),
            }
        }
    }
    let (after, uid) =
        opt((notes.sp(), word("UID"), nom::combinator::peek(nom::branch::alt((sp, end)))))
            .parse(rest)?;
    rest = after;
    result.uid = uid.is_some();
    while let [b' ', after @ ..] = rest {
        if after.trim_ascii_start().is_empty() {
            break;
        }
        let after = notes.gap(after)?;
        let (value, name) = terminated(atom, notes.sp()).parse(after)?;
        rest = return_data(value, name, &mut result, notes)?;
    }
    Ok((rest, Response::ESearch(result)))
}

/// `search-return-data`
fn return_data<'a>(
    input: &'a [u8],
    name: &'a str,
    result: &mut ESearch<'a>,
    notes: &Notes,
) -> Result<&'a [u8], nom::Err<nom::error::Error<&'a [u8]>>> {
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    let twice = (is("MIN") && result.min.is_some())
        || (is("MAX") && result.max.is_some())
        || (is("ALL") && result.all.is_some())
        || (is("COUNT") && result.count.is_some())
        || (is("MODSEQ") && result.mod_seq.is_some())
        || (is("PARTIAL") && result.partial.is_some())
        || (is("RELEVANCY") && result.relevancy.is_some());
    if twice {
        notes.note(DeviationKind::ExtraField, input)?;
    }
    let pairs = |i| separated_list1(sp, separated_pair(number, sp, uid_list)).parse(i);
    Ok(match () {
        () if is("MIN") => store(nz(input)?, &mut result.min),
        () if is("MAX") => store(nz(input)?, &mut result.max),
        () if is("ALL") => store(uid_list(input)?, &mut result.all),
        () if is("COUNT") => store(number(input)?, &mut result.count),
        () if is("MODSEQ") => store(mod_seq(input)?, &mut result.mod_seq),
        () if is("PARTIAL") => {
            let range = map_opt(atom, super::search::partial_range);
            let set = nom::branch::alt((value(None, nil), uid_list.map(Some)));
            let both = delimited(tag("("), separated_pair(range, sp, set), tag(")"));
            store({ both }.parse(input)?, &mut result.partial)
        }
        () if is("ADDTO") => {
            let (rest, pairs) = delimited(tag("("), pairs, tag(")")).parse(input)?;
            result.add_to.extend(pairs);
            rest
        }
        () if is("REMOVEFROM") => {
            let (rest, pairs) = delimited(tag("("), pairs, tag(")")).parse(input)?;
            result.remove_from.extend(pairs);
            rest
        }
        () if is("RELEVANCY") => store(notes.list(score)(input)?, &mut result.relevancy),
        () => {
            let (rest, raw) = recognize(fetch_data::any_value).parse(input)?;
            result.other.push((Atom::checked(name), Raw::new(raw)));
            rest
        }
    })
}

/// `score = 1*3DIGIT ; (1 <= n <= 100)` (RFC 6203 §7)
fn score(input: &[u8]) -> Res<'_, Score> {
    map_opt(number, |n| Score::new(u8::try_from(n).ok()?)).parse(input)
}

fn store<'a, T>((rest, read): (&'a [u8], T), slot: &mut Option<T>) -> &'a [u8] {
    *slot = Some(read);
    rest
}

/// `"VANISHED" [SP "(EARLIER)"] SP known-uids` (RFC 7162 §7)
pub(super) fn vanished<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let (rest, ()) = notes.sp()(input)?;
    let (rest, earlier) = match (tag("("), word("EARLIER"), tag(")")).parse(rest) {
        Ok((rest, _)) => (notes.sp()(rest)?.0, true),
        Err(_) => (rest, false),
    };
    let (rest, uids) = uid_set(rest)?;
    Ok((rest, Response::Vanished { earlier, uids }))
}

/// Threads branch so deep at most.
const DEPTH: usize = 256;

/// `"THREAD" [SP 1*thread-list]` (RFC 5256 §5). Open lists stand on a stack of their own.
pub(super) fn threads<'a>(input: &'a [u8], notes: &Notes) -> Res<'a, Response<'a>> {
    let mut done = Vec::new();
    let Some(rest) = input.strip_prefix(b" ").filter(|rest| !rest.trim_ascii().is_empty()) else {
        return Ok((input, Response::Thread(done)));
    };
    let mut rest = notes.gap(rest)?;
    let mut open: Vec<Thread> = Vec::new();
    loop {
        match rest {
            [b'(', after @ ..] => {
                let unspaced =
                    open.last().is_some_and(|t| !t.numbers.is_empty() && t.branches.is_empty());
                if open.len() >= DEPTH || unspaced {
                    return fail(rest, ErrorKind::TooLarge);
                }
                open.push(Thread { numbers: Vec::new(), branches: Vec::new() });
                rest = after;
            }
            [b')', after @ ..] => {
                let Some(thread) = open.pop() else { return fail(rest, ErrorKind::Char) };
                let alone = thread.branches.len() == 1;
                if alone || (thread.numbers.is_empty() && thread.branches.is_empty()) {
                    return fail(rest, ErrorKind::Verify);
                }
                open.last_mut().map_or(&mut done, |parent| &mut parent.branches).push(thread);
                rest = after;
            }
            // Blanks before it are told by who reads the end.
            [b' ' | b'\r', ..] if open.is_empty() && !done.is_empty() => {
                return Ok((rest, Response::Thread(done)));
            }
            _ => {
                let Some(thread) = open.last_mut() else { return fail(rest, ErrorKind::Char) };
                if let (false, true, [b' ', b'(', after @ ..]) =
                    (thread.numbers.is_empty(), thread.branches.is_empty(), rest)
                    && open.len() < DEPTH
                {
                    open.push(Thread { numbers: Vec::new(), branches: Vec::new() });
                    rest = after;
                    continue;
                }
                let Some(thread) = open.last_mut() else { return fail(rest, ErrorKind::Char) };
                // Numbers come before branches, with a space between any two members.
                let after = match (thread.numbers.is_empty(), rest) {
                    (true, [b'1'..=b'9', ..]) => rest,
                    (false, [b' ', after @ ..]) => notes.gap(after)?,
                    _ => return fail(rest, ErrorKind::Char),
                };
                if !thread.branches.is_empty() {
                    return fail(rest, ErrorKind::Char);
                }
                let (after, n) = nz_number(after)?;
                thread.numbers.push(n);
                rest = after;
            }
        }
    }
}
