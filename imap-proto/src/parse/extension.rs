//! Commands of ACL, QUOTA, METADATA, URLAUTH and other extensions with few words.

use alloc::borrow::Cow;

use nom::{
    Parser,
    branch::alt,
    bytes::complete::tag,
    combinator::{map_opt, opt, value},
    error::ErrorKind,
    multi::{many0, many1},
    sequence::{delimited, preceded, terminated},
};

use super::{Res, basic::*, fail};
use crate::{
    command::{
        Command, Depth, EntryName, MetadataOptions, QResync, Rights, RightsAction, SequenceMatch,
    },
    types::{Atom, Mailbox, Names, OneOrMore, Tag},
};

/// The arguments of a command of this name, in upper case; `None`: no such command here.
pub(super) fn arguments<'a>(
    name: &[u8],
    rest: &'a [u8],
    names: Names,
) -> Option<Res<'a, Command<'a>>> {
    Some(match name {
        b"UNAUTHENTICATE" => Ok((rest, Command::Unauthenticate)),
        b"GETJMAPACCESS" => Ok((rest, Command::GetJmapAccess)),
        b"COMPRESS" => preceded(sp, word_of).map(Command::Compress).parse(rest),
        b"LANGUAGE" => many0(preceded(sp, astring_text)).map(Command::Language).parse(rest),
        b"COMPARATOR" => many0(preceded(sp, astring_text)).map(Command::Comparator).parse(rest),
        b"CANCELUPDATE" => {
            let tag = map_opt(map_opt(quoted, to_text), Tag::new);
            map_opt(many1(preceded(sp, tag)), OneOrMore::new).map(Command::CancelUpdate).parse(rest)
        }
        b"GETQUOTA" => preceded(sp, astring).map(Command::GetQuota).parse(rest),
        b"GETQUOTAROOT" => preceded(sp, mailbox(names)).map(Command::GetQuotaRoot).parse(rest),
        b"SETQUOTA" => set_quota(rest),
        b"SETACL" => set_acl(rest, names),
        b"DELETEACL" => mailbox_and_identifier(names)
            .map(|(mailbox, identifier)| Command::DeleteAcl { mailbox, identifier })
            .parse(rest),
        b"GETACL" => preceded(sp, mailbox(names)).map(Command::GetAcl).parse(rest),
        b"LISTRIGHTS" => mailbox_and_identifier(names)
            .map(|(mailbox, identifier)| Command::ListRights { mailbox, identifier })
            .parse(rest),
        b"MYRIGHTS" => preceded(sp, mailbox(names)).map(Command::MyRights).parse(rest),
        b"GETMETADATA" => get_metadata(rest, names),
        b"SETMETADATA" => set_metadata(rest, names),
        b"GENURLAUTH" => {
            let all = many1((preceded(sp, astring), preceded(sp, word_of)));
            map_opt(all, OneOrMore::new).map(Command::GenUrlAuth).parse(rest)
        }
        b"RESETKEY" => reset_key(rest, names),
        b"URLFETCH" => {
            map_opt(many1(preceded(sp, astring)), OneOrMore::new).map(Command::UrlFetch).parse(rest)
        }
        _ => return None,
    })
}

fn word_of(input: &[u8]) -> Res<'_, Atom<'_>> {
    atom.map(Atom::checked).parse(input)
}

type Octets<'a> = Cow<'a, [u8]>;

/// `SP mailbox SP identifier` (RFC 4314 §7)
fn mailbox_and_identifier<'a>(
    names: Names,
) -> impl Parser<&'a [u8], Output = (Mailbox<'a>, Octets<'a>), Error = nom::error::Error<&'a [u8]>>
{
    (preceded(sp, mailbox(names)), preceded(sp, astring))
}

/// `setacl = "SETACL" SP mailbox SP identifier SP mod-rights` (RFC 4314 §7)
fn set_acl(input: &[u8], names: Names) -> Res<'_, Command<'_>> {
    let (rest, (mailbox, identifier)) = mailbox_and_identifier(names).parse(input)?;
    let (rest, text) = preceded(sp, astring_text).parse(rest)?;
    let (action, skip) = match text.bytes().next() {
        Some(b'+') => (RightsAction::Add, 1),
        Some(b'-') => (RightsAction::Remove, 1),
        _ => (RightsAction::Replace, 0),
    };
    let rights = match text {
        Cow::Borrowed(text) => text.get(skip..).and_then(Rights::new),
        Cow::Owned(text) => text.get(skip..).and_then(Rights::new).map(Rights::into_owned),
    };
    match rights {
        Some(rights) => Ok((rest, Command::SetAcl { mailbox, identifier, action, rights })),
        None => fail(input, ErrorKind::Verify),
    }
}

/// `setquota = "SETQUOTA" SP quota-root-name SP setquota-list` (RFC 9208 §7)
fn set_quota(input: &[u8]) -> Res<'_, Command<'_>> {
    let (rest, root) = preceded(sp, astring).parse(input)?;
    let limit = |input| (terminated(word_of, sp), number64).parse(input);
    let (rest, limits) = preceded(sp, paren_list(limit)).parse(rest)?;
    Ok((rest, Command::SetQuota { root, limits }))
}

/// `getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries` (RFC 5464 §5). The examples of RFC 5464
/// §4.2 have the options behind the mailbox; both are read.
fn get_metadata(input: &[u8], names: Names) -> Res<'_, Command<'_>> {
    let (rest, before) = opt(preceded(sp, metadata_options)).parse(input)?;
    let (rest, mailbox) = preceded(sp, mailbox(names)).parse(rest)?;
    let behind = opt(preceded(sp, metadata_options));
    let (rest, behind) = if before.is_none() { { behind }.parse(rest)? } else { (rest, None) };
    let one = |input| entry_name.map(OneOrMore::one).parse(input);
    let (rest, entries) = preceded(sp, alt((paren_list1(entry_name), one))).parse(rest)?;
    let options = before.or(behind).unwrap_or_default();
    Ok((rest, Command::GetMetadata { mailbox, options, entries }))
}

/// `getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"` (RFC 5464 §5)
fn metadata_options(input: &[u8]) -> Res<'_, MetadataOptions> {
    #[derive(Clone)]
    enum One {
        MaxSize(u32),
        Depth(Depth),
    }
    let depth = alt((
        value(Depth::Entry, tag("0")),
        value(Depth::Children, tag("1")),
        value(Depth::Infinity, word("infinity")),
    ));
    let max_size = preceded((word("MAXSIZE"), sp), number).map(One::MaxSize);
    let mut option = alt((max_size, preceded((word("DEPTH"), sp), depth).map(One::Depth)));
    let (rest, all) = paren_list(|input| option.parse(input))(input)?;
    let mut options = MetadataOptions::default();
    for one in &all {
        match one {
            One::MaxSize(octets) => options.max_size = Some(*octets),
            One::Depth(depth) => options.depth = Some(*depth),
        }
    }
    if all.is_empty() { fail(input, ErrorKind::SeparatedList) } else { Ok((rest, options)) }
}

pub(super) fn entry_name(input: &[u8]) -> Res<'_, EntryName<'_>> {
    map_opt(astring_text, EntryName::new).parse(input)
}

/// `setmetadata = "SETMETADATA" SP mailbox SP entry-values`, `entry-value = entry-name SP value`,
/// `value = nstring / literal8` (RFC 5464 §5)
fn set_metadata(input: &[u8], names: Names) -> Res<'_, Command<'_>> {
    let (rest, mailbox) = preceded(sp, mailbox(names)).parse(input)?;
    let text = alt((nstring, any_literal.map(|octets| Some(Cow::Borrowed(octets)))));
    let mut pair = (terminated(entry_name, sp), text);
    let (rest, entries) = preceded(sp, paren_list1(|input| pair.parse(input))).parse(rest)?;
    Ok((rest, Command::SetMetadata { mailbox, entries }))
}

/// `resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]` (RFC 4467)
fn reset_key(input: &[u8], names: Names) -> Res<'_, Command<'_>> {
    let mechanisms = many0(preceded(sp, word_of));
    let (rest, what) = opt((preceded(sp, mailbox(names)), mechanisms)).parse(input)?;
    Ok((rest, Command::ResetKey(what)))
}

/// `"QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"` (RFC 7162 §7)
pub(super) fn qresync(input: &[u8]) -> Res<'_, QResync> {
    let start = (word("QRESYNC"), sp, tag("("));
    let (rest, (uid_validity, mod_seq)) =
        preceded(start, (nz_number, preceded(sp, number64))).parse(input)?;
    let (rest, known_uids) = opt(preceded(sp, uid_set)).parse(rest)?;
    let pair = (terminated(uid_set, sp), uid_set);
    let pair = map_opt(pair, |(numbers, uids)| SequenceMatch::new(numbers, uids));
    let (rest, matches) = opt(delimited(tag(" ("), pair, tag(")"))).parse(rest)?;
    let (rest, _) = tag(")")(rest)?;
    match QResync::new(uid_validity, mod_seq) {
        Some(state) => Ok((rest, QResync { known_uids, matches, ..state })),
        None => fail(input, ErrorKind::Verify),
    }
}
