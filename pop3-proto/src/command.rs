use core::fmt;

/// A command of a client, borrowed from its line.
///
/// [`parse::command`](crate::parse::command) reads one, [`print::command`](crate::print::command)
/// writes one. Prints `***` in place of secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `USER name` (RFC 1939 §7). The name is everything after the space.
    User(&'a str),
    /// `PASS string` (RFC 1939 §7). The password is everything after the one space, spaces
    /// included.
    Pass(&'a str),
    /// `APOP name digest` (RFC 1939 §7). The digest is everything after the last space.
    Apop {
        /// The name.
        name: &'a str,
        /// The digest, in hexadecimal.
        digest: &'a str,
    },
    /// `AUTH mechanism [initial-response]` (RFC 5034 §4). Without a mechanism it asks for the list
    /// of them, as some clients do since before RFC 2449.
    Auth {
        /// The mechanism, as the client spelled it.
        mechanism: Option<&'a str>,
        /// The initial response, still in base64; `=` is the empty one.
        initial: Option<&'a str>,
    },
    /// `CAPA` (RFC 2449 §5).
    Capa,
    /// `STLS` (RFC 2595 §4).
    Stls,
    /// `UTF8` (RFC 6856 §2.1).
    Utf8,
    /// `LANG [range]` (RFC 6856 §3).
    Lang(Option<&'a str>),
    /// `STAT` (RFC 1939 §5).
    Stat,
    /// `LIST [msg]` (RFC 1939 §5).
    List(Option<u32>),
    /// `UIDL [msg]` (RFC 1939 §7).
    Uidl(Option<u32>),
    /// `RETR msg` (RFC 1939 §5).
    Retr(u32),
    /// `TOP msg n` (RFC 1939 §7).
    Top {
        /// The message number.
        message: u32,
        /// Lines of the body wanted.
        lines: u64,
    },
    /// `DELE msg` (RFC 1939 §5).
    Dele(u32),
    /// `NOOP` (RFC 1939 §5).
    Noop,
    /// `RSET` (RFC 1939 §5).
    Rset,
    /// `QUIT` (RFC 1939 §4, §6).
    Quit,
}

impl Command<'_> {
    /// The keyword, in upper case.
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::User(_) => "USER",
            Self::Pass(_) => "PASS",
            Self::Apop { .. } => "APOP",
            Self::Auth { .. } => "AUTH",
            Self::Utf8 => "UTF8",
            Self::Lang(_) => "LANG",
            Self::Capa => "CAPA",
            Self::Stls => "STLS",
            Self::Stat => "STAT",
            Self::List(_) => "LIST",
            Self::Uidl(_) => "UIDL",
            Self::Retr(_) => "RETR",
            Self::Top { .. } => "TOP",
            Self::Dele(_) => "DELE",
            Self::Noop => "NOOP",
            Self::Rset => "RSET",
            Self::Quit => "QUIT",
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())?;
        match self {
            Self::User(name) => write!(f, " {name:?}"),
            Self::Pass(_) => f.write_str(" ***"),
            Self::Apop { name, .. } => write!(f, " {name:?} ***"),
            Self::Lang(Some(range)) => write!(f, " {range}"),
            Self::Auth { mechanism, initial } => {
                write!(f, " {}", mechanism.unwrap_or_default())?;
                if initial.is_some() { f.write_str(" ***") } else { Ok(()) }
            }
            Self::List(Some(n)) | Self::Uidl(Some(n)) | Self::Retr(n) | Self::Dele(n) => {
                write!(f, " {n}")
            }
            Self::Top { message, lines } => write!(f, " {message} {lines}"),
            _ => Ok(()),
        }
    }
}

/// Why a server does not carry out a line. The text is what the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The line is longer than the configured limit. Nothing of it was carried out.
    #[error("line too long")]
    TooLong,
    /// The line holds NUL, a control character or an octet above 126 (RFC 1939 §3); or, where names
    /// and passwords may hold such (RFC 6856 §2.2), what is not UTF-8 or cannot be prepared.
    #[error("a command is printable ASCII")]
    NotPrintable,
    /// Not a command this server knows.
    #[error("unknown command")]
    Unknown,
    /// The wrong number of arguments, or one of the wrong kind; with the right form.
    #[error("syntax: {0}")]
    Syntax(&'static str),
    /// A command for another state of the session (RFC 1939 §3).
    #[error("{0}")]
    State(&'static str),
    /// A log-in that would send a password in the clear.
    #[error("{0}")]
    Insecure(&'static str),
    /// A SASL exchange that went wrong, was given up, or names an unknown mechanism.
    #[error("{0}")]
    Sasl(&'static str),
}
