use nom::{
    Parser,
    bytes::complete::{take_while, take_while_m_n, take_while1},
    character::complete::char,
    combinator::{all_consuming, map, opt, verify},
    error::Error,
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
    let octets = Octets::of(line);
    if octets.control || octets.high && core::str::from_utf8(line).is_err() {
        return Err(CommandError::NotPrintable);
    }
    let (keyword, rest) = keyword(line).ok_or(CommandError::Unknown)?;
    // RFC 1939 §3: keywords and arguments consist of printable ASCII characters. RFC 6856 §2.2:
    // names and passwords may be UTF-8.
    if octets.high && !matches!(&keyword, b"USER" | b"PASS" | b"APOP") {
        return Err(CommandError::NotPrintable);
    }
    let args = without_spaces(rest);

    let none = |command, form| if args.is_empty() { Ok(command) } else { Err(Syntax(form)) };
    let one = |make: fn(u32) -> Command<'static>, form| message(args).map(make).ok_or(Syntax(form));
    let maybe = |make: fn(Option<u32>) -> Command<'static>, form| match message(args) {
        None if !args.is_empty() => Err(Syntax(form)),
        number => Ok(make(number)),
    };
    use CommandError::Syntax;
    match &keyword {
        b"TOP " => top(args).ok_or(Syntax("TOP msg n")),
        b"USER" => whole(text, args, "USER name").map(Command::User),
        // RFC 1939 §7: spaces in the argument may be part of the password.
        b"PASS" => whole(text, rest, "PASS string").map(Command::Pass),
        b"APOP" => whole(apop, args, "APOP name digest"),
        b"AUTH" => whole(auth, args, "AUTH mechanism [initial-response]"),
        b"CAPA" => none(Command::Capa, "CAPA"),
        b"STLS" => none(Command::Stls, "STLS"),
        b"UTF8" => none(Command::Utf8, "UTF8"),
        b"LANG" => whole(opt(range), args, "LANG [range]").map(Command::Lang),
        b"STAT" => none(Command::Stat, "STAT"),
        b"LIST" => maybe(Command::List, "LIST [msg]"),
        b"UIDL" => maybe(Command::Uidl, "UIDL [msg]"),
        b"RETR" => one(Command::Retr, "RETR msg"),
        b"DELE" => one(Command::Dele, "DELE msg"),
        b"NOOP" => none(Command::Noop, "NOOP"),
        b"RSET" => none(Command::Rset, "RSET"),
        b"QUIT" => none(Command::Quit, "QUIT"),
        _ => Err(CommandError::Unknown),
    }
}

fn whole<'a, T>(
    parser: impl Parser<&'a str, Output = T, Error = Error<&'a str>>,
    args: &'a [u8],
    form: &'static str,
) -> Result<T, CommandError> {
    let args = core::str::from_utf8(args).map_err(|_| CommandError::NotPrintable)?;
    match all_consuming(parser).parse(args) {
        Ok((_, value)) => Ok(value),
        Err(_) => Err(CommandError::Syntax(form)),
    }
}

/// Spaces at the end of a line are forgiven.
fn without_spaces(mut args: &[u8]) -> &[u8] {
    while let [shorter @ .., b' '] = args {
        args = shorter;
    }
    args
}

/// What is in a line.
struct Octets {
    /// A control character.
    control: bool,
    /// An octet above 127.
    high: bool,
}

impl Octets {
    /// Looks at eight octets at a time: in seven bits, adding 0x60 carries into the eighth from 0x20
    /// on, and adding 1 does so for 0x7F alone.
    fn of(line: &[u8]) -> Self {
        const fn each(octet: u8) -> u64 {
            u64::from_le_bytes([octet; 8])
        }
        let (words, rest) = line.as_chunks();
        let (mut control, mut high) = (0, 0);
        for word in words {
            let word = u64::from_le_bytes(*word);
            let low = word & each(0x7F);
            control |= (!(low + each(0x60)) | (low + each(1))) & !word & each(0x80);
            high |= word & each(0x80);
        }
        Self {
            control: control != 0 || rest.iter().any(u8::is_ascii_control),
            high: high != 0 || !rest.is_ascii(),
        }
    }
}

/// A keyword in upper case, up to a space or the end, and what follows it: `QUITNOW` is not `QUIT`.
/// One of three letters is filled up with a space, which none has.
fn keyword(line: &[u8]) -> Option<([u8; 4], &[u8])> {
    let len = line.iter().take(5).position(|octet| *octet == b' ').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(len)?;
    let mut keyword = [b' '; 4];
    keyword.get_mut(..len)?.copy_from_slice(word);
    keyword.make_ascii_uppercase();
    Some((keyword, rest))
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

/// A message number and nothing else: digits, no sign, no leading zero (they count from 1, RFC 1939
/// §4).
fn message(args: &[u8]) -> Option<u32> {
    let (message, rest) = number(args)?;
    (rest.is_empty() && !args.starts_with(b" 0")).then(|| to_u32(message))
}

fn top(args: &[u8]) -> Option<Command<'static>> {
    let (message, rest) = number(args).filter(|_| !args.starts_with(b" 0"))?;
    let (lines, rest) = number(rest)?;
    rest.is_empty().then(|| Command::Top { message: to_u32(message), lines })
}

/// Digits after one space, and what follows them.
fn number(args: &[u8]) -> Option<(u64, &[u8])> {
    let args = args.strip_prefix(b" ")?;
    let (number, len) = digits(args)?;
    Some((number, args.get(len..)?))
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
