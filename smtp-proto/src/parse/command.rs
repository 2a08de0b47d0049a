use super::{octets::upper, params, path};
use crate::{
    command::{Attributes, Command, CommandError, Mail, Rcpt, Verb},
    types::{AddressError, ForwardPath, ReversePath},
};

/// Departures from the grammar that a server may put up with. All are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leniency {
    /// `MAIL FROM: <a@b>`: a space after the colon. Sent by many printers, cameras and scripts;
    /// harmless.
    pub space_after_colon: bool,
    /// `MAIL FROM:a@b`: no angle brackets. Sent by old devices and hand-typed sessions.
    pub no_brackets: bool,
}

/// The verb of a line, and what follows it. The line stands without its line end.
///
/// # Errors
///
/// [`CommandError::UnknownVerb`], and [`CommandError::BadOctets`] where the line holds control
/// characters.
pub fn verb(line: &[u8]) -> Result<(Verb, &[u8]), CommandError> {
    if super::octets::has_controls(line) {
        return Err(CommandError::BadOctets);
    }
    let verb = |word| {
        Some(match upper(word) {
            RCPT => Verb::Rcpt,
            MAIL => Verb::Mail,
            DATA => Verb::Data,
            BDAT => Verb::Bdat,
            EHLO => Verb::Ehlo,
            HELO => Verb::Helo,
            LHLO => Verb::Lhlo,
            RSET => Verb::Rset,
            QUIT => Verb::Quit,
            AUTH => Verb::Auth,
            NOOP => Verb::Noop,
            VRFY => Verb::Vrfy,
            EXPN => Verb::Expn,
            HELP => Verb::Help,
            BURL => Verb::Burl,
            ETRN => Verb::Etrn,
            _ => return None,
        })
    };
    let (verb, rest) = match line {
        [a, b, c, d, rest @ ..] if matches!(rest, [] | [b' ', ..]) => {
            (verb([*a, *b, *c, *d]), rest)
        }
        _ => long_verb(line),
    };
    verb.map(|verb| (verb, rest)).ok_or(CommandError::UnknownVerb)
}

const RCPT: u32 = upper(*b"RCPT");
const MAIL: u32 = upper(*b"MAIL");
const DATA: u32 = upper(*b"DATA");
const BDAT: u32 = upper(*b"BDAT");
const EHLO: u32 = upper(*b"EHLO");
const HELO: u32 = upper(*b"HELO");
const LHLO: u32 = upper(*b"LHLO");
const RSET: u32 = upper(*b"RSET");
const QUIT: u32 = upper(*b"QUIT");
const AUTH: u32 = upper(*b"AUTH");
const NOOP: u32 = upper(*b"NOOP");
const VRFY: u32 = upper(*b"VRFY");
const EXPN: u32 = upper(*b"EXPN");
const HELP: u32 = upper(*b"HELP");
const BURL: u32 = upper(*b"BURL");
const ETRN: u32 = upper(*b"ETRN");

/// The verbs that are not of four letters.
fn long_verb(line: &[u8]) -> (Option<Verb>, &[u8]) {
    const VERBS: [(&[u8], Verb); 3] =
        [(b"STARTTLS", Verb::StartTls), (b"XCLIENT", Verb::Xclient), (b"XFORWARD", Verb::Xforward)];
    let end = line.iter().position(|&octet| octet == b' ').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    let known = VERBS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    (known.map(|&(_, verb)| verb), rest)
}

/// A whole command, without its line end.
///
/// ```
/// use smtp_proto::{Command, Leniency, parse};
///
/// let Ok(Command::Rcpt(rcpt)) = parse::command(b"rcpt to:<bob@example.org>", Leniency::default())
///     else { panic!() };
/// assert_eq!(rcpt.to.to_string(), "<bob@example.org>");
/// ```
///
/// # Errors
///
/// [`CommandError`] says what is wrong.
pub fn command(line: &[u8], leniency: Leniency) -> Result<Command<'_>, CommandError> {
    let (verb, rest) = verb(line)?;
    let bare = |command| {
        if rest.trim_ascii().is_empty() { Ok(command) } else { Err(CommandError::Arguments) }
    };
    match verb {
        Verb::Mail => mail(rest, leniency).map(Command::Mail),
        Verb::Rcpt => rcpt(rest, leniency).map(Command::Rcpt),
        Verb::Ehlo => Ok(Command::Ehlo(client_name(rest)?)),
        Verb::Helo => Ok(Command::Helo(client_name(rest)?)),
        Verb::Lhlo => Ok(Command::Lhlo(client_name(rest)?)),
        Verb::Bdat => bdat(rest).map(|(size, last)| Command::Bdat { size, last }),
        Verb::Burl => burl(rest).map(|(url, last)| Command::Burl { url, last }),
        Verb::Etrn => Ok(Command::Etrn(client_name(rest)?)),
        Verb::Xclient => attributes(rest).map(Command::Xclient),
        Verb::Xforward => attributes(rest).map(Command::Xforward),
        Verb::Vrfy => Ok(Command::Vrfy(argument(rest)?)),
        Verb::Expn => Ok(Command::Expn(argument(rest)?)),
        Verb::Help => Ok(Command::Help(text(rest)?)),
        Verb::Auth => auth(rest).map(|(mechanism, initial)| Command::Auth { mechanism, initial }),
        // RFC 5321 §4.1.1.9: NOOP may have a string, which is ignored.
        Verb::Noop => Ok(Command::Noop),
        Verb::Data => bare(Command::Data),
        Verb::Rset => bare(Command::Rset),
        Verb::Quit => bare(Command::Quit),
        Verb::StartTls => bare(Command::StartTls),
    }
}

/// What follows `MAIL`: `SP "FROM:" Reverse-path [SP Mail-parameters]`.
pub(crate) fn mail(rest: &[u8], leniency: Leniency) -> Result<Mail<'_>, CommandError> {
    let rest = keyword(rest, b"FROM:", leniency)?;
    if let Some(rest) = rest.strip_prefix(b"<>") {
        return Ok(Mail { from: ReversePath::Null, params: params::mail(rest)? });
    }
    let (rest, mailbox) = path(rest, leniency)?;
    let from = ReversePath::Mailbox(mailbox.checked()?);
    Ok(Mail { from, params: params::mail(rest)? })
}

/// What follows `RCPT`: `SP "TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
/// [SP Rcpt-parameters]`.
pub(crate) fn rcpt(rest: &[u8], leniency: Leniency) -> Result<Rcpt<'_>, CommandError> {
    let rest = keyword(rest, b"TO:", leniency)?;
    if let Some(rest) = strip_word(rest, b"<postmaster>") {
        return Ok(Rcpt { to: ForwardPath::Postmaster, params: params::rcpt(rest)? });
    }
    let (rest, mailbox) = path(rest, leniency)?;
    let to = ForwardPath::Mailbox(mailbox.checked()?);
    Ok(Rcpt { to, params: params::rcpt(rest)? })
}

fn keyword<'a>(
    mut rest: &'a [u8],
    word: &'static [u8],
    leniency: Leniency,
) -> Result<&'a [u8], CommandError> {
    while let [b' ', after @ ..] = rest {
        rest = after;
    }
    let rest = strip_word(rest, word).ok_or(CommandError::Arguments)?;
    Ok(if leniency.space_after_colon { rest.trim_ascii_start() } else { rest })
}

/// What follows `word`, which may be in any case.
fn strip_word<'a>(rest: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (first, after) = rest.split_at_checked(word.len())?;
    first.eq_ignore_ascii_case(word).then_some(after)
}

/// `Path = "<" [ A-d-l ] Mailbox ">"`, the source route dropped.
fn path(
    input: &[u8],
    leniency: Leniency,
) -> Result<(&[u8], crate::types::Mailbox<'_>), CommandError> {
    let syntax = CommandError::Address(AddressError::Syntax);
    let (inner, bracket) = match input {
        [b'<', inner @ ..] => (inner, true),
        _ if leniency.no_brackets => (input, false),
        _ => return Err(syntax),
    };
    let inner = match inner.first() {
        Some(b'@') => path::source_route(inner).map_or(inner, |(rest, ())| rest),
        _ => inner,
    };
    let (rest, mailbox) = path::mailbox(inner).map_err(|_| syntax)?;
    let rest = match rest {
        [b'>', rest @ ..] if bracket => rest,
        _ if bracket => return Err(syntax),
        _ => rest,
    };
    // What follows is nothing, or a space and parameters: `<a@b>BODY=…` and `<a@b>>` are refused.
    match rest.first() {
        None | Some(b' ') => Ok((rest, mailbox)),
        Some(_) => Err(syntax),
    }
}

/// RFC 5321 has a domain or an address literal here. Clients send bare addresses, underscores and
/// names of one label, so any word will do: it is the client's claim, and nothing rests on it.
pub(crate) fn client_name(rest: &[u8]) -> Result<&str, CommandError> {
    let name = argument(rest)?;
    if name.len() > 255 || name.contains(' ') { Err(CommandError::Arguments) } else { Ok(name) }
}

fn argument(rest: &[u8]) -> Result<&str, CommandError> {
    let text = text(rest)?;
    if text.is_empty() { Err(CommandError::Arguments) } else { Ok(text) }
}

fn text(rest: &[u8]) -> Result<&str, CommandError> {
    core::str::from_utf8(rest.trim_ascii()).map_err(|_| CommandError::BadOctets)
}

/// `"AUTH" SP mechanism [SP initial-response]` (RFC 4954 §4).
pub(crate) fn auth(rest: &[u8]) -> Result<(&str, Option<&str>), CommandError> {
    let mut words = argument(rest)?.split(' ');
    let mechanism = words.next().unwrap_or_default();
    let initial = words.next();
    if words.next().is_some() {
        return Err(CommandError::Arguments);
    }
    Ok((mechanism, initial))
}

/// ```abnf
/// bdat-cmd   = "BDAT" SP chunk-size [ SP "LAST" ]    ; RFC 3030 §2
/// chunk-size = 1*DIGIT
/// ```
pub(crate) fn bdat(rest: &[u8]) -> Result<(u64, bool), CommandError> {
    let mut words = argument(rest)?.split(' ');
    let size = words.next().unwrap_or_default();
    let last = last_word(words)?;
    let fits = (1..=20).contains(&size.len()) && size.bytes().all(|octet| octet.is_ascii_digit());
    let size = if fits { size.parse().ok() } else { None };
    Ok((size.ok_or(CommandError::Arguments)?, last))
}

/// ```abnf
/// burl-cmd = "BURL" SP absolute-URI [ SP "LAST" ]    ; RFC 4468 §3.4
/// ```
fn burl(rest: &[u8]) -> Result<(&str, bool), CommandError> {
    let mut words = argument(rest)?.split(' ');
    let url = words.next().unwrap_or_default();
    let last = last_word(words)?;
    if url.contains(':') { Ok((url, last)) } else { Err(CommandError::Arguments) }
}

fn last_word<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<bool, CommandError> {
    match (words.next(), words.next()) {
        (None, _) => Ok(false),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Ok(true),
        _ => Err(CommandError::Arguments),
    }
}

fn attributes(rest: &[u8]) -> Result<Attributes<'_>, CommandError> {
    Attributes::new(argument(rest)?).ok_or(CommandError::Arguments)
}
