//! APPEND, MULTIAPPEND, CATENATE and REPLACE: whole, or line by line around their literals.

use alloc::{borrow::Cow, vec::Vec};

use nom::error::ErrorKind;

use super::{ParseError, Res, basic::*, fail, offset_of};
use crate::{
    command::{
        Append, AppendBody, AppendData, AppendMessage, CatenatePart, MessageLiteral, Replace,
    },
    types::{DateTime, Flag, Mailbox, Names, OneOrMore},
};

/// `append = "APPEND" SP mailbox 1*append-message` (RFC 3502), from the space after the word on,
/// with the octets of its literals.
pub(super) fn append(input: &[u8], names: Names) -> Res<'_, Append<'_>> {
    let (rest, mailbox) = sp_then(mailbox(names))(input)?;
    let (mut rest, first) = message(rest)?;
    let mut messages = OneOrMore::one(first);
    while rest.first() == Some(&b' ') {
        let (after, more) = message(rest)?;
        messages.push(more);
        rest = after;
    }
    Ok((rest, Append::many(mailbox, messages)))
}

/// `replace = "REPLACE" SP seq-number SP mailbox append-message` (RFC 8508 §5)
pub(super) fn replace(input: &[u8], uid: bool, names: Names) -> Res<'_, Replace<'_>> {
    let (rest, number) = sp_then(seq_number)(input)?;
    let (rest, mailbox) = sp_then(mailbox(names))(rest)?;
    let (rest, message) = message(rest)?;
    let number = number.and_then(core::num::NonZeroU32::new);
    Ok((rest, Replace::new(uid, number, mailbox, message)))
}

/// `append-message = [SP flag-list] [SP date-time] SP append-data` (RFC 4466 §6)
fn message(input: &[u8]) -> Res<'_, AppendMessage<'_>> {
    let (rest, (flags, date)) = options(input)?;
    let (rest, body) = match rest {
        [b'{' | b'~', ..] => {
            let (rest, literal) = message_literal(rest)?;
            (rest, AppendBody::Literal(literal))
        }
        [b'U' | b'u', ..] => {
            let (rest, data) = utf8_literal(rest)?;
            (rest, AppendBody::Utf8(data))
        }
        _ => {
            let (rest, ()) = word("CATENATE ")(rest)?;
            let (rest, parts) = paren_list1(cat_part)(rest)?;
            (rest, AppendBody::Catenate(parts))
        }
    };
    Ok((rest, AppendMessage { flags, date, body }))
}

type Options<'a> = (Vec<Flag<'a>>, Option<DateTime>);

/// `[SP flag-list] [SP date-time] SP`
fn options(input: &[u8]) -> Res<'_, Options<'_>> {
    let (mut rest, ()) = sp(input)?;
    let mut flags = Vec::new();
    if rest.first() == Some(&b'(') {
        (rest, flags) = flag_list(rest)?;
        (rest, ()) = sp(rest)?;
    }
    let mut date = None;
    if rest.first() == Some(&b'"') {
        let (after, one) = date_time(rest)?;
        (rest, date) = (sp(after)?.0, Some(one));
    }
    // RFC 3501 §2.3.2: a client cannot set \Recent.
    if flags.contains(&Flag::Recent) {
        return fail(input, ErrorKind::Verify);
    }
    Ok((rest, (flags, date)))
}

/// `literal / literal8`
fn message_literal(input: &[u8]) -> Res<'_, MessageLiteral<'_>> {
    let (rest, octets) = any_literal(input)?;
    let literal = MessageLiteral::octets(octets);
    Ok((rest, if input.first() == Some(&b'~') { literal.binary() } else { literal }))
}

/// `utf8-literal = "UTF8" SP "(" literal8 ")"` (RFC 6855 §4)
fn utf8_literal(input: &[u8]) -> Res<'_, AppendData<'_>> {
    let (rest, ()) = word("UTF8 (")(input)?;
    if rest.first() != Some(&b'~') {
        return fail(rest, ErrorKind::Char);
    }
    let (rest, octets) = any_literal(rest)?;
    let (rest, ()) = octet(b')')(rest)?;
    Ok((rest, AppendData::Octets(Cow::Borrowed(octets))))
}

/// `cat-part = "TEXT" SP literal / "URL" SP astring / utf8-literal` (RFC 4469 §5, RFC 6855 §4). A
/// literal8 is taken as TEXT as well, as servers with BINARY do.
fn cat_part(input: &[u8]) -> Res<'_, CatenatePart<'_>> {
    match input {
        [b'T' | b't', ..] => {
            let (rest, ()) = word("TEXT ")(input)?;
            let (rest, literal) = message_literal(rest)?;
            Ok((rest, CatenatePart::Text(literal)))
        }
        [_, b'T' | b't', ..] => {
            let (rest, data) = utf8_literal(input)?;
            Ok((rest, CatenatePart::Utf8(data)))
        }
        _ => {
            let (rest, ()) = word("URL ")(input)?;
            let (rest, url) = astring(rest)?;
            Ok((rest, CatenatePart::Url(url)))
        }
    }
}

/// What an APPEND or REPLACE begins with: everything before its first message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendHead<'a> {
    /// The command's tag.
    pub tag: &'a str,
    /// Where the messages go.
    pub mailbox: Mailbox<'a>,
    /// REPLACE: what is to be replaced.
    pub replace: Option<Replaced>,
}

/// The message that REPLACE replaces (RFC 8508 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// `UID REPLACE`
    pub uid: bool,
    /// Its number; `None` for `*`.
    pub number: Option<core::num::NonZeroU32>,
}

/// What the lines of an APPEND or REPLACE say, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendEvent<'a> {
    /// A message begins.
    Message {
        /// Flags to set.
        flags: Vec<Flag<'a>>,
        /// The internal date to give.
        date: Option<DateTime>,
    },
    /// The message goes on with what this URL names (RFC 4469).
    Url(Cow<'a, [u8]>),
    /// A literal comes next. The last event of its line.
    Literal {
        /// Octets of it.
        size: u64,
        /// Whether the client waits to be told to go on.
        sync: bool,
        /// Whether it is a literal8.
        binary: bool,
        /// What it holds.
        holds: LiteralHolds,
    },
    /// The command is complete.
    End,
}

/// What a literal of an APPEND holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiteralHolds {
    /// A whole message.
    Message,
    /// A whole message whose header may hold UTF-8 (RFC 6855 §4).
    Utf8,
    /// Octets of a CATENATE's TEXT.
    Text,
    /// The same with UTF-8 (RFC 6855 §4).
    Utf8Text,
    /// The text of a CATENATE's URL, not the message itself.
    Url,
}

/// Reads an APPEND or REPLACE line by line, its literals aside: so a message need not be held.
///
/// ```
/// use imap_proto::parse::{AppendEvent, AppendReader};
///
/// let line = b"a APPEND INBOX {3}\r\n";
/// let (mut reader, head, events) = AppendReader::start(line).unwrap();
/// assert_eq!(head.mailbox.as_str(), "INBOX");
/// assert!(matches!(events[..], [AppendEvent::Message { .. }, AppendEvent::Literal { size: 3, .. }]));
/// // … three octets, and then
/// assert_eq!(reader.next(b"\r\n"), Ok(vec![AppendEvent::End]));
/// ```
#[derive(Clone, Debug)]
pub struct AppendReader {
    place: Place,
    /// RFC 8508: REPLACE has one message.
    one: bool,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// A message may begin, or the command end.
    Message { first: bool },
    /// In the list of CATENATE.
    Catenate { first: bool },
    /// Behind the literal of `UTF8 (`, in CATENATE or not.
    Utf8 { catenate: bool },
    /// The command is complete.
    Over,
}

impl AppendReader {
    /// Reads the first line, up to and with the announcement of the first literal. `None` if `line`
    /// is no APPEND or REPLACE, or announces a literal that is part of the mailbox's name.
    pub fn start(line: &[u8]) -> Option<(Self, AppendHead<'_>, Vec<AppendEvent<'_>>)> {
        Self::start_in(line, Names::default())
    }

    /// The same, with the mailbox's name in this encoding.
    pub fn start_in(
        line: &[u8],
        names: Names,
    ) -> Option<(Self, AppendHead<'_>, Vec<AppendEvent<'_>>)> {
        let (rest, tag) = super::command::tag(line).ok()?;
        let (rest, uid) = match word("UID ")(rest) {
            Ok((rest, ())) => (rest, true),
            Err(_) => (rest, false),
        };
        let (rest, replace) = match word("REPLACE")(rest) {
            Ok((rest, ())) => {
                let (rest, number) = sp_then(seq_number)(rest).ok()?;
                let number = number.and_then(core::num::NonZeroU32::new);
                (rest, Some(Replaced { uid, number }))
            }
            Err(_) if uid => return None,
            Err(_) => (word("APPEND")(rest).ok()?.0, None),
        };
        let (rest, mailbox) = sp_then(mailbox(names))(rest).ok()?;
        let mut reader = Self { place: Place::Message { first: true }, one: replace.is_some() };
        let events = reader.next(rest).ok()?;
        Some((reader, AppendHead { tag, mailbox, replace }, events))
    }

    /// Reads what follows a literal, up to and with the announcement of the next one, or the end of
    /// the command.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for what is neither; the offset is of this line.
    pub fn next<'a>(&mut self, line: &'a [u8]) -> Result<Vec<AppendEvent<'a>>, ParseError> {
        let mut events = Vec::new();
        let mut rest = line;
        while !rest.is_empty() {
            rest = match self.step(rest, &mut events) {
                Ok((rest, ())) => rest,
                Err(error) => return Err(ParseError { offset: offset_of(line, error) }),
            };
        }
        match events.last() {
            Some(AppendEvent::Literal { .. } | AppendEvent::End) => Ok(events),
            _ => Err(ParseError { offset: line.len() }),
        }
    }

    fn step<'a>(&mut self, input: &'a [u8], events: &mut Vec<AppendEvent<'a>>) -> Res<'a, ()> {
        match self.place {
            Place::Over => fail(input, ErrorKind::Eof),
            Place::Message { first: false } if input.starts_with(b"\r\n") => {
                let (rest, ()) = end(input)?;
                self.place = Place::Over;
                events.push(AppendEvent::End);
                Ok((rest, ()))
            }
            Place::Message { first: false } if self.one => fail(input, ErrorKind::Many1),
            Place::Message { .. } => {
                let (rest, (flags, date)) = options(input)?;
                events.push(AppendEvent::Message { flags, date });
                self.place = Place::Message { first: false };
                match rest {
                    [b'{' | b'~', ..] => announced(rest, events, LiteralHolds::Message),
                    [b'U' | b'u', ..] => self.utf8(rest, events, false),
                    _ => {
                        let (rest, ()) = word("CATENATE (")(rest)?;
                        self.place = Place::Catenate { first: true };
                        Ok((rest, ()))
                    }
                }
            }
            Place::Utf8 { catenate } => {
                let (rest, ()) = octet(b')')(input)?;
                self.place = match catenate {
                    true => Place::Catenate { first: false },
                    false => Place::Message { first: false },
                };
                Ok((rest, ()))
            }
            Place::Catenate { first } => {
                if !first && input.first() == Some(&b')') {
                    self.place = Place::Message { first: false };
                    return octet(b')')(input);
                }
                let rest = if first { input } else { sp(input)?.0 };
                self.place = Place::Catenate { first: false };
                match rest {
                    [b'T' | b't', ..] => {
                        let (rest, ()) = word("TEXT ")(rest)?;
                        announced(rest, events, LiteralHolds::Text)
                    }
                    [_, b'T' | b't', ..] => self.utf8(rest, events, true),
                    _ => {
                        let (rest, ()) = word("URL ")(rest)?;
                        if rest.first() == Some(&b'{') {
                            return announced(rest, events, LiteralHolds::Url);
                        }
                        let (rest, url) = astring(rest)?;
                        events.push(AppendEvent::Url(url));
                        Ok((rest, ()))
                    }
                }
            }
        }
    }

    fn utf8<'a>(
        &mut self,
        input: &'a [u8],
        events: &mut Vec<AppendEvent<'a>>,
        catenate: bool,
    ) -> Res<'a, ()> {
        let (rest, ()) = word("UTF8 (")(input)?;
        if rest.first() != Some(&b'~') {
            return fail(rest, ErrorKind::Char);
        }
        self.place = Place::Utf8 { catenate };
        let holds = if catenate { LiteralHolds::Utf8Text } else { LiteralHolds::Utf8 };
        announced(rest, events, holds)
    }
}

/// The announcement of a literal at the end of a line.
fn announced<'a>(
    input: &'a [u8],
    events: &mut Vec<AppendEvent<'a>>,
    holds: LiteralHolds,
) -> Res<'a, ()> {
    let rest = input.strip_prefix(b"~").unwrap_or(input);
    let binary = rest.len() < input.len();
    let (rest, (size, non_sync)) = literal_head(rest)?;
    if !rest.is_empty() {
        return fail(rest, ErrorKind::Eof);
    }
    events.push(AppendEvent::Literal { size, sync: !non_sync, binary, holds });
    Ok((rest, ()))
}
