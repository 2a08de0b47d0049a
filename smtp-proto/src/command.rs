use core::fmt;

use crate::types::{ForwardPath, MailParams, RcptParams, ReversePath};

/// A command (RFC 5321 §4.1.1 and extensions), as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// The client says who it is and wants to hear of extensions.
    Ehlo(&'a str),
    /// The client says who it is.
    Helo(&'a str),
    /// A message begins.
    Mail(Mail<'a>),
    /// It goes to this recipient, too.
    Rcpt(Rcpt<'a>),
    /// Here it comes.
    Data,
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
    pub params: RcptParams,
}

impl<'a> Mail<'a> {
    /// A MAIL command without parameters.
    pub fn new(from: ReversePath<'a>) -> Self {
        Self { from, params: MailParams::default() }
    }
}

impl<'a> Rcpt<'a> {
    /// A RCPT command without parameters.
    pub const fn new(to: ForwardPath<'a>) -> Self {
        Self { to, params: RcptParams {} }
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
/// spaces in the name of EHLO and HELO, are printed as `?`.
impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ehlo(name) => write!(f, "EHLO {}", Word(name)),
            Self::Helo(name) => write!(f, "HELO {}", Word(name)),
            Self::Mail(mail) => mail.fmt(f),
            Self::Rcpt(rcpt) => rcpt.fmt(f),
            Self::Data => f.write_str("DATA"),
            Self::Rset => f.write_str("RSET"),
            Self::Noop => f.write_str("NOOP"),
            Self::Vrfy(text) => write!(f, "VRFY {}", Clean(text)),
            Self::Expn(text) => write!(f, "EXPN {}", Clean(text)),
            Self::Help("") => f.write_str("HELP"),
            Self::Help(text) => write!(f, "HELP {}", Clean(text)),
            Self::Quit => f.write_str("QUIT"),
            Self::StartTls => f.write_str("STARTTLS"),
            Self::Auth { mechanism, initial: None } => write!(f, "AUTH {}", Clean(mechanism)),
            Self::Auth { mechanism, initial: Some(initial) } => {
                write!(f, "AUTH {} {}", Clean(mechanism), Clean(initial))
            }
        }
    }
}

impl fmt::Display for Mail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MAIL FROM:{}", self.from)?;
        if let Some(size) = self.params.size {
            write!(f, " SIZE={size}")?;
        }
        if let Some(body) = self.params.body {
            write!(f, " BODY={body}")?;
        }
        if let Some(auth) = self.params.auth {
            write!(f, " AUTH={}", Clean(auth))?;
        }
        Ok(())
    }
}

impl fmt::Display for Rcpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RCPT TO:{}", self.to)
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
