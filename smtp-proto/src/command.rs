use core::fmt;

use crate::types::{ForwardPath, MailParams, RcptParams, ReversePath, Xtext};

/// A command (RFC 5321 §4.1.1 and extensions), as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// The client says who it is and wants to hear of extensions.
    Ehlo(&'a str),
    /// The client says who it is.
    Helo(&'a str),
    /// The client of LMTP says who it is (RFC 2033 §4.1).
    Lhlo(&'a str),
    /// A message begins.
    Mail(Mail<'a>),
    /// It goes to this recipient, too.
    Rcpt(Rcpt<'a>),
    /// Here it comes.
    Data,
    /// Here come so many octets of it (RFC 3030 §2).
    Bdat {
        /// How many octets follow the line.
        size: u64,
        /// Whether they are the last.
        last: bool,
    },
    /// It is to be fetched from there (RFC 4468).
    Burl {
        /// Where from.
        url: &'a str,
        /// Whether it is the last piece.
        last: bool,
    },
    /// Forget the message.
    Rset,
    /// Nothing.
    Noop,
    /// Is there such a user?
    Vrfy(&'a str),
    /// Who is on this list?
    Expn(&'a str),
    /// Help.
    Help(&'a str),
    /// Send what waits for this domain (RFC 1985).
    Etrn(&'a str),
    /// On whose behalf a trusted peer speaks: what follows takes the place of what is known of the
    /// connection (Postfix's XCLIENT).
    Xclient(Attributes<'a>),
    /// The same, for logs only (Postfix's XFORWARD).
    Xforward(Attributes<'a>),
    /// Goodbye.
    Quit,
    /// RFC 3207.
    StartTls,
    /// RFC 4954.
    Auth {
        /// The mechanism, as it was written.
        mechanism: &'a str,
        /// The initial response, in base64 (or `=`).
        initial: Option<&'a str>,
    },
}

/// `MAIL FROM:` (RFC 5321 §4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail<'a> {
    /// Where bounces go.
    pub from: ReversePath<'a>,
    /// Its parameters.
    pub params: MailParams<'a>,
}

/// `RCPT TO:` (RFC 5321 §4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rcpt<'a> {
    /// The recipient.
    pub to: ForwardPath<'a>,
    /// Its parameters.
    pub params: RcptParams<'a>,
}

impl<'a> Mail<'a> {
    /// A MAIL command without parameters.
    pub fn new(from: ReversePath<'a>) -> Self {
        Self { from, params: MailParams::default() }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Mail<'static> {
        Mail { from: self.from.into_owned(), params: self.params.into_owned() }
    }
}

impl<'a> Rcpt<'a> {
    /// A RCPT command without parameters.
    pub fn new(to: ForwardPath<'a>) -> Self {
        Self { to, params: RcptParams::default() }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Rcpt<'static> {
        Rcpt { to: self.to.into_owned(), params: self.params.into_owned() }
    }
}

/// `NAME=value` pairs of XCLIENT and XFORWARD, the values in xtext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// `None` for anything but such pairs with a space between, at least one.
    pub fn new(text: &'a str) -> Option<Self> {
        let attributes = Self(text);
        let all = text.split(' ').filter(|word| !word.is_empty()).count();
        (all > 0 && attributes.iter().count() == all).then_some(attributes)
    }

    /// Names, as they were written, and values. `[UNAVAILABLE]` and `[TEMPUNAVAIL]` stand for what
    /// is not known.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Xtext<'a>)> {
        self.0.split(' ').filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            let is_name = !name.is_empty() && name.bytes().all(|o| o.is_ascii_alphanumeric());
            Some((name, Xtext::new(value)?)).filter(|_| is_name)
        })
    }

    /// The value of an attribute, by its name in any case.
    pub fn value(self, name: &str) -> Option<Xtext<'a>> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What a command is, before its arguments are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verb {
    /// `EHLO`
    Ehlo,
    /// `HELO`
    Helo,
    /// `MAIL`
    Mail,
    /// `RCPT`
    Rcpt,
    /// `DATA`
    Data,
    /// `RSET`
    Rset,
    /// `NOOP`
    Noop,
    /// `VRFY`
    Vrfy,
    /// `EXPN`
    Expn,
    /// `HELP`
    Help,
    /// `QUIT`
    Quit,
    /// `STARTTLS`
    StartTls,
    /// `AUTH`
    Auth,
    /// `LHLO`
    Lhlo,
    /// `BDAT`
    Bdat,
    /// `BURL`
    Burl,
    /// `ETRN`
    Etrn,
    /// `XCLIENT`
    Xclient,
    /// `XFORWARD`
    Xforward,
}

/// Why a line is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// No such command (500).
    #[error("command not recognised")]
    UnknownVerb,
    /// A control character, a bare CR or LF, or octets that are not UTF-8 (500).
    #[error("octets that have no place in a command")]
    BadOctets,
    /// The arguments are not those of the command (501).
    #[error("syntax error in arguments")]
    Arguments,
    /// The address is none (501, 553).
    #[error(transparent)]
    Address(#[from] crate::types::AddressError),
    /// A parameter is wrong (501, 555).
    #[error(transparent)]
    Param(#[from] crate::types::ParamError),
}

/// As it goes over the wire, without the line end. Control characters in the text of a command, and
/// spaces in what is one word (the name of EHLO, a URL), are printed as `?`.
impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ehlo(name) => write!(f, "EHLO {}", Word(name)),
            Self::Helo(name) => write!(f, "HELO {}", Word(name)),
            Self::Mail(mail) => mail.fmt(f),
            Self::Rcpt(rcpt) => rcpt.fmt(f),
            Self::Lhlo(name) => write!(f, "LHLO {}", Word(name)),
            Self::Data => f.write_str("DATA"),
            Self::Bdat { size, last } => {
                write!(f, "BDAT {size}{}", if *last { " LAST" } else { "" })
            }
            Self::Burl { url, last } => {
                write!(f, "BURL {}{}", Word(url), if *last { " LAST" } else { "" })
            }
            Self::Etrn(node) => write!(f, "ETRN {}", Word(node)),
            Self::Xclient(Attributes(text)) => write!(f, "XCLIENT {}", Clean(text)),
            Self::Xforward(Attributes(text)) => write!(f, "XFORWARD {}", Clean(text)),
            Self::Rset => f.write_str("RSET"),
            Self::Noop => f.write_str("NOOP"),
            Self::Vrfy(text) => write!(f, "VRFY {}", Clean(text)),
            Self::Expn(text) => write!(f, "EXPN {}", Clean(text)),
            Self::Help("") => f.write_str("HELP"),
            Self::Help(text) => write!(f, "HELP {}", Clean(text)),
            Self::Quit => f.write_str("QUIT"),
            Self::StartTls => f.write_str("STARTTLS"),
            Self::Auth { mechanism, initial: None } => write!(f, "AUTH {}", Word(mechanism)),
            Self::Auth { mechanism, initial: Some(initial) } => {
                write!(f, "AUTH {} {}", Word(mechanism), Word(initial))
            }
        }
    }
}

impl fmt::Display for Mail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MAIL FROM:{}{}", self.from, self.params)
    }
}

impl fmt::Display for Rcpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RCPT TO:{}{}", self.to, self.params)
    }
}

/// Text that cannot end a line early.
struct Clean<'a>(&'a str);

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_without(f, self.0, char::is_control)
    }
}

/// Text that stays one word.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_without(f, self.0, |c| c.is_control() || c.is_whitespace())
    }
}

fn write_without(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    unfit: impl Fn(char) -> bool,
) -> fmt::Result {
    text.chars().try_for_each(|c| fmt::Write::write_char(f, if unfit(c) { '?' } else { c }))
}
