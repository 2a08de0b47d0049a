//! Commands (RFC 3501 §9 `command`).

use alloc::vec::Vec;

use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag as lit, take_while1},
    combinator::{map_opt, opt, recognize, value},
    error::ErrorKind,
    multi::many1,
    sequence::{delimited, preceded, terminated},
};

use mailwire::sasl::{Response, decode_response};

use super::{
    Res, append, basic::*, extension, fail, fetch, list, literals, notify, offset_of, search,
};
use crate::{
    command::{Command, SecretText, Tagged},
    types::{Atom, Mailbox, Names, OneOrMore, SequenceSet, SpecialUse, Tag, string::is_tag_char},
};

/// Why a command was not understood, and the tag its answer must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at octet {offset}")]
#[non_exhaustive]
pub struct CommandError<'a> {
    /// The tag, if one could be read.
    pub tag: Option<&'a str>,
    /// What is wrong.
    pub kind: CommandErrorKind,
    /// Where, in octets from the start of the frame.
    pub offset: usize,
}

/// What is wrong with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandErrorKind {
    /// There is no tag.
    #[error("missing or invalid tag")]
    Tag,
    /// No such command.
    #[error("unknown command")]
    Unknown,
    /// The command exists, its arguments do not fit.
    #[error("invalid arguments")]
    Arguments,
}

/// Reads one command: a whole frame, literals and the final CRLF included.
///
/// ```
/// use imap_proto::{command::Command, parse};
///
/// let read = parse::command(b"a1 noop\r\n").unwrap();
/// assert_eq!(read.tag, "a1");
/// assert_eq!(read.command, Command::Noop);
/// assert_eq!(parse::command(b"a2 frob\r\n").unwrap_err().tag, Some("a2"));
/// ```
pub fn command(frame: &[u8]) -> Result<Tagged<'_>, CommandError<'_>> {
    command_in(frame, Names::default())
}

/// The same, with mailbox names in this encoding.
///
/// ```
/// use imap_proto::{command::Command, parse, types::Names};
///
/// let line = b"a1 DELETE R&D\r\n";
/// assert!(parse::command(line).is_err());
/// let Command::Delete(name) = parse::command_in(line, Names::Utf8).unwrap().command else { panic!() };
/// assert_eq!(name.as_str(), "R&D");
/// ```
pub fn command_in(frame: &[u8], names: Names) -> Result<Tagged<'_>, CommandError<'_>> {
    let (rest, tag) = tag(frame).map_err(|_| CommandError {
        tag: None,
        kind: CommandErrorKind::Tag,
        offset: 0,
    })?;
    let error = |kind, offset| CommandError { tag: Some(tag), kind, offset };
    if let Some(offset) = literals::misplaced(frame, true) {
        return Err(error(CommandErrorKind::Arguments, offset));
    }
    let at = frame.len().saturating_sub(rest.len());
    let (rest, name) = verb(rest).map_err(|_| error(CommandErrorKind::Unknown, at))?;
    match arguments(name, rest, names) {
        None => Err(error(CommandErrorKind::Unknown, at)),
        Some(Err(e)) => Err(error(CommandErrorKind::Arguments, offset_of(frame, e))),
        Some(Ok((rest, command))) => match end(rest) {
            Ok(_) => Ok(Tagged { tag: Tag::checked(tag), command }),
            Err(e) => Err(error(CommandErrorKind::Arguments, offset_of(frame, e))),
        },
    }
}

/// `tag = 1*<any ASTRING-CHAR except "+">`, and the space after it.
pub(crate) fn tag(input: &[u8]) -> Res<'_, &str> {
    let (rest, tag) = ascii(take_while1(is_tag_char)).parse(input)?;
    match rest {
        [b' ', rest @ ..] if tag.len() <= Tag::LONGEST => Ok((rest, tag)),
        // A line that is a tag alone still tells its tag.
        _ => fail(input, ErrorKind::Space),
    }
}

/// The command's name; `UID` and the word after it are one name.
fn verb(input: &[u8]) -> Res<'_, &str> {
    let (rest, name) = atom(input)?;
    if name.eq_ignore_ascii_case("UID") {
        let (rest, second) = preceded(sp, atom).parse(rest)?;
        let len = name.len().saturating_add(1).saturating_add(second.len());
        let both = input.get(..len).and_then(|both| core::str::from_utf8(both).ok());
        return Ok((rest, both.unwrap_or(name)));
    }
    Ok((rest, name))
}

/// `None`: no such command.
fn arguments<'a>(name: &str, rest: &'a [u8], names: Names) -> Option<Res<'a, Command<'a>>> {
    let mut upper = [0u8; 16];
    let upper = upper.get_mut(..name.len())?;
    upper.copy_from_slice(name.as_bytes());
    upper.make_ascii_uppercase();
    let name = &*upper;
    let plain = |command| Some(Ok((rest, command)));
    let uid = name.starts_with(b"UID ");
    match name.strip_prefix(b"UID ").unwrap_or(name) {
        b"FETCH" => return Some(fetch_command(rest, uid)),
        b"STORE" => return Some(store_command(rest, uid)),
        b"SEARCH" => {
            let query = search::search.map(|query| Command::Search { uid, query }).parse(rest);
            return Some(query);
        }
        b"ESEARCH" => return Some(search::e_search(rest, uid, names)),
        b"SORT" => return Some(search::sort(rest, uid)),
        b"THREAD" => return Some(search::thread(rest, uid)),
        b"COPY" => {
            let copy = |(set, mailbox)| Command::Copy { uid, set, mailbox };
            return Some(set_and_mailbox(names).map(copy).parse(rest));
        }
        b"MOVE" => {
            let to = |(set, mailbox)| Command::Move { uid, set, mailbox };
            return Some(set_and_mailbox(names).map(to).parse(rest));
        }
        b"REPLACE" => {
            return Some(append::replace(rest, uid, names).map(into(Command::Replace)));
        }
        b"EXPUNGE" if uid => {
            let set = preceded(sp, sequence_set).map(|set| Command::Expunge(Some(set)));
            return Some({ set }.parse(rest));
        }
        _ => {}
    }
    Some(match name {
        b"CAPABILITY" => return plain(Command::Capability),
        b"NOOP" => return plain(Command::Noop),
        b"LOGOUT" => return plain(Command::Logout),
        b"STARTTLS" => return plain(Command::StartTls),
        b"NAMESPACE" => return plain(Command::Namespace),
        b"CHECK" => return plain(Command::Check),
        b"CLOSE" => return plain(Command::Close),
        b"UNSELECT" => return plain(Command::Unselect),
        b"EXPUNGE" => return plain(Command::Expunge(None)),
        b"IDLE" => return plain(Command::Idle),
        b"ID" => id(rest),
        b"AUTHENTICATE" => authenticate(rest),
        b"LOGIN" => login(rest),
        b"ENABLE" => map_opt(many1(preceded(sp, atom.map(Atom::checked))), OneOrMore::new)
            .map(Command::Enable)
            .parse(rest),
        b"SELECT" => select(rest, false, names),
        b"EXAMINE" => select(rest, true, names),
        b"CREATE" => create(rest, names),
        b"DELETE" => preceded(sp, mailbox(names)).map(Command::Delete).parse(rest),
        b"RENAME" => (preceded(sp, mailbox(names)), preceded(sp, mailbox(names)))
            .map(|(from, to)| Command::Rename(from, to))
            .parse(rest),
        b"SUBSCRIBE" => preceded(sp, mailbox(names)).map(Command::Subscribe).parse(rest),
        b"UNSUBSCRIBE" => preceded(sp, mailbox(names)).map(Command::Unsubscribe).parse(rest),
        b"LIST" => list::list(rest, names).map(into(Command::List)),
        b"XLIST" => list::basic(rest, names)
            .map(into(|(reference, pattern)| Command::XList { reference, pattern })),
        b"LSUB" => list::basic(rest, names)
            .map(into(|(reference, pattern)| Command::Lsub { reference, pattern })),
        b"STATUS" => (preceded(sp, mailbox(names)), preceded(sp, list::status_items))
            .map(|(mailbox, items)| Command::Status(mailbox, items))
            .parse(rest),
        b"NOTIFY" => notify::notify(rest, names),
        b"APPEND" => append::append(rest, names).map(into(Command::Append)),
        _ => return extension::arguments(name, rest, names),
    })
}

/// `id = "ID" SP ("(" [string SP nstring *(SP string SP nstring)] ")" / nil)` (RFC 2971 §4)
fn id(input: &[u8]) -> Res<'_, Command<'_>> {
    // A field's name is a string; unquoted ones are seen in the wild.
    let value_of = |i| alt((value(None, nil), astring.map(Some))).parse(i);
    let pair = |i| (terminated(astring, sp), value_of).parse(i);
    preceded(sp, alt((value(Vec::new(), nil), paren_list(pair)))).map(Command::Id).parse(input)
}

/// `authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")]` (RFC 4959 §7)
fn authenticate(input: &[u8]) -> Res<'_, Command<'_>> {
    let base64 = take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    let (rest, mechanism) = preceded(sp, atom.map(Atom::checked)).parse(input)?;
    let (after, initial) = opt(preceded(sp, base64)).parse(rest)?;
    let initial = match initial.map(decode_response) {
        None => None,
        Some(Response::Data(message)) => Some(SecretText::new(message)),
        Some(_) => return fail(rest, ErrorKind::Verify),
    };
    Ok((after, Command::Authenticate { mechanism, initial }))
}

/// `login = "LOGIN" SP userid SP password`
fn login(input: &[u8]) -> Res<'_, Command<'_>> {
    let (rest, (user, password)) = (preceded(sp, astring), preceded(sp, astring)).parse(input)?;
    Ok((rest, Command::Login { user, password: SecretText::new(password) }))
}

/// `select = "SELECT" SP mailbox [SP "(" select-param *(SP select-param) ")"]` (RFC 4466 §2.1)
fn select(input: &[u8], read_only: bool, names: Names) -> Res<'_, Command<'_>> {
    let (rest, mailbox) = preceded(sp, mailbox(names)).parse(input)?;
    let mut param = alt((word("CONDSTORE").map(|()| None), extension::qresync.map(Some)));
    let params = opt(preceded(sp, paren_list1(|input| param.parse(input))));
    let (after, params) = { params }.parse(rest)?;
    let params = params.map(OneOrMore::into_vec).unwrap_or_default();
    if params.iter().flatten().count() > 1 {
        return fail(rest, ErrorKind::Many0);
    }
    let rest = after;
    let condstore = params.iter().any(Option::is_none);
    let qresync = params.into_iter().flatten().next();
    Ok((rest, Command::Select { mailbox, read_only, condstore, qresync }))
}

/// `create = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]`
/// (RFC 6154 §6)
fn create(input: &[u8], names: Names) -> Res<'_, Command<'_>> {
    let use_attr = |input| {
        let spelling = ascii(recognize(preceded(lit("\\"), atom)));
        map_opt(spelling, SpecialUse::new).parse(input)
    };
    let uses = delimited((lit(" ("), word("USE"), sp), paren_list(use_attr), lit(")"));
    let (rest, (mailbox, uses)) = (preceded(sp, mailbox(names)), opt(uses)).parse(input)?;
    Ok((rest, Command::Create { mailbox, uses: uses.unwrap_or_default() }))
}

fn set_and_mailbox<'a>(
    names: Names,
) -> impl Parser<&'a [u8], Output = (SequenceSet, Mailbox<'a>), Error = nom::error::Error<&'a [u8]>>
{
    (preceded(sp, sequence_set), preceded(sp, mailbox(names)))
}

fn into<'a, T>(
    make: impl Fn(T) -> Command<'a>,
) -> impl Fn((&'a [u8], T)) -> (&'a [u8], Command<'a>) {
    move |(rest, value)| (rest, make(value))
}

/// `fetch = "FETCH" SP sequence-set SP (…) [fetch-modifiers]`
fn fetch_command(input: &[u8], uid: bool) -> Res<'_, Command<'_>> {
    let (rest, (set, items, modifiers)) =
        (preceded(sp, sequence_set), preceded(sp, fetch::fetch_items), opt(fetch::modifiers))
            .parse(input)?;
    let modifiers = modifiers.unwrap_or_default();
    Ok((rest, Command::Fetch { uid, set, items, modifiers }))
}

/// `store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags`
fn store_command(input: &[u8], uid: bool) -> Res<'_, Command<'_>> {
    let (rest, (set, unchanged_since, action)) = (
        preceded(sp, sequence_set),
        opt(fetch::unchanged_since),
        preceded(sp, fetch::store_action),
    )
        .parse(input)?;
    if unchanged_since.is_none()
        && let Ok((rest, (silent, labels))) = fetch::store_labels(rest)
    {
        return Ok((rest, Command::StoreLabels { uid, set, action, silent, labels }));
    }
    let (rest, (silent, flags)) = fetch::store_flags(rest)?;
    Ok((rest, Command::Store { uid, set, action, silent, flags, unchanged_since }))
}

/// The tag at the start of what may be no command at all.
pub(crate) fn tag_of(frame: &[u8]) -> Option<&str> {
    let head = frame.get(..frame.len().min(Tag::LONGEST.saturating_add(1)))?;
    let end = head.iter().position(|b| !is_tag_char(*b))?;
    let tag = core::str::from_utf8(head.get(..end)?).ok()?;
    (!tag.is_empty()).then_some(tag)
}
