use nom::{
    Parser,
    bytes::complete::{take_while, take_while_m_n, take_while1},
    character::complete::char,
    combinator::{all_consuming, map, opt, verify},
    sequence::{pair, preceded, terminated},
};

use super::{Res, digits, to_u32};
use crate::{Command, CommandError};

/// Reads the line of a command, without its line end.
///
/// ```text
/// command  =  keyword *(SP param) CRLF    ; RFC 2449 §3
/// keyword  =  3*4VCHAR
/// param    =  1*VCHAR
/// ```
///
/// Keywords are read in any case, and spaces at the end of a line are forgiven, except after PASS.
///
/// # Errors
///
/// Says what is wrong, in words for the client.
///
/// ```
/// use pop3_proto::{Command, CommandError, parse};
///
/// assert_eq!(parse::command(b"pass two  words "), Ok(Command::Pass("two  words ")));
/// assert_eq!(parse::command(b"TOP 1 0"), Ok(Command::Top { message: 1, lines: 0 }));
/// assert_eq!(parse::command(b"RETR +1"), Err(CommandError::Syntax("RETR msg")));
/// ```
pub fn command(line: &[u8]) -> Result<Command<'_>, CommandError> {
    let control = |octet: &u8| *octet < 0x20 || *octet == 0x7F;
    let line = match core::str::from_utf8(line) {
        Ok(text) if !line.iter().any(control) => text,
        _ => return Err(CommandError::NotPrintable),
    };
    let (rest, keyword) = keyword(line).map_err(|_| CommandError::Unknown)?;
    let is = |name: &str| keyword.eq_ignore_ascii_case(name);
    // RFC 1939 §3: keywords and arguments consist of printable ASCII characters. RFC 6856 §2.2:
    // names and passwords may be UTF-8.
    let utf8 = is("USER") || is("PASS") || is("APOP");
    if !utf8 && !line.is_ascii() {
        return Err(CommandError::NotPrintable);
    }
    let args = rest.trim_end_matches(' ');

    let none = |command, form| if args.is_empty() { Ok(command) } else { Err(Syntax(form)) };
    let one = |make: fn(u32) -> Command<'static>, form| whole(message, args, form).map(make);
    let maybe =
        |make: fn(Option<u32>) -> Command<'static>, form| whole(opt(message), args, form).map(make);
    use CommandError::Syntax;
    match keyword.len() {
        3 if is("TOP") => whole(top, args, "TOP msg n"),
        4 if is("USER") => whole(text, args, "USER name").map(Command::User),
        // RFC 1939 §7: spaces in the argument may be part of the password.
        4 if is("PASS") => whole(text, rest, "PASS string").map(Command::Pass),
        4 if is("APOP") => whole(apop, args, "APOP name digest"),
        4 if is("AUTH") => whole(auth, args, "AUTH mechanism [initial-response]"),
        4 if is("CAPA") => none(Command::Capa, "CAPA"),
        4 if is("STLS") => none(Command::Stls, "STLS"),
        4 if is("UTF8") => none(Command::Utf8, "UTF8"),
        4 if is("LANG") => whole(opt(range), args, "LANG [range]").map(Command::Lang),
        4 if is("STAT") => none(Command::Stat, "STAT"),
        4 if is("LIST") => maybe(Command::List, "LIST [msg]"),
        4 if is("UIDL") => maybe(Command::Uidl, "UIDL [msg]"),
        4 if is("RETR") => one(Command::Retr, "RETR msg"),
        4 if is("DELE") => one(Command::Dele, "DELE msg"),
        4 if is("NOOP") => none(Command::Noop, "NOOP"),
        4 if is("RSET") => none(Command::Rset, "RSET"),
        4 if is("QUIT") => none(Command::Quit, "QUIT"),
        _ => Err(CommandError::Unknown),
    }
}

fn whole<'a, T>(
    parser: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
    args: &'a str,
    form: &'static str,
) -> Result<T, CommandError> {
    match all_consuming(parser).parse(args) {
        Ok((_, value)) => Ok(value),
        Err(_) => Err(CommandError::Syntax(form)),
    }
}

/// A keyword up to a space or the end: `QUITNOW` is not `QUIT`.
fn keyword(input: &str) -> Res<'_, &str> {
    verify(take_while1(|c| c != ' '), |word: &str| word.len() <= 4).parse(input)
}

/// RFC 1939 §7: a name, as USER has it, and 16 octets in hexadecimal.
fn apop(input: &str) -> Res<'_, Command<'_>> {
    let digest = verify(text, |text: &str| {
        let digest = text.rsplit(' ').next().unwrap_or_default();
        let name = text.len().saturating_sub(digest.len() + 1);
        name > 0 && digest.len() == 32 && digest.bytes().all(|octet| octet.is_ascii_hexdigit())
    });
    map(digest, |text| {
        let (name, digest) = text.rsplit_once(' ').unwrap_or_default();
        Command::Apop { name, digest }
    })
    .parse(input)
}

/// A basic language range (RFC 4647 §2.1): `*`, or subtags of up to eight letters and digits.
fn range(input: &str) -> Res<'_, &str> {
    preceded(char(' '), verify(take_while1(|c| c != ' '), is_range)).parse(input)
}

pub(crate) fn is_range(text: &str) -> bool {
    let subtag = |tag: &str| {
        (1..=8).contains(&tag.len()) && tag.bytes().all(|octet| octet.is_ascii_alphanumeric())
    };
    text == "*" || text.split('-').all(subtag)
}

/// All that follows one space.
fn text(input: &str) -> Res<'_, &str> {
    preceded(char(' '), take_while1(|_| true)).parse(input)
}

/// A message number: digits, no sign, no leading zero (they count from 1, RFC 1939 §4).
fn message(input: &str) -> Res<'_, u32> {
    let number = verify(digits, |_| !input.starts_with(" 0"));
    map(preceded(char(' '), number), to_u32).parse(input)
}

fn top(input: &str) -> Res<'_, Command<'static>> {
    let lines = preceded(char(' '), digits);
    map(pair(message, lines), |(message, lines)| Command::Top { message, lines }).parse(input)
}

/// RFC 5034 §4: `AUTH mechanism [initial-response]`; RFC 4422 §3.1: up to 20 characters.
fn auth(input: &str) -> Res<'_, Command<'_>> {
    let word = |c: char| c != ' ';
    let mechanism = preceded(char(' '), take_while_m_n(1, 20, word));
    let initial = preceded(char(' '), take_while1(word));
    let both = pair(mechanism, opt(initial));
    map(opt(terminated(both, take_while(|_| false))), |both| Command::Auth {
        mechanism: both.map(|(mechanism, _)| mechanism),
        initial: both.and_then(|(_, initial)| initial),
    })
    .parse(input)
}
