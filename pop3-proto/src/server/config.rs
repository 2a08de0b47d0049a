use alloc::{string::String, vec::Vec};
use core::time::Duration;

use mailwire::{frame::OutEol, sasl::Mechanism};

use super::Language;

/// What a server offers and allows.
///
/// ```
/// use pop3_proto::server::Config;
///
/// let mut config = Config::default();
/// config.starttls = true; // port 110, and the host can do TLS
/// assert!(config.user_pass);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the server calls itself in its greeting and farewell, as in RFC 1939 §5's
    /// "dewey POP3 server". Default: `POP3 server`.
    pub name: String,
    /// Whether STLS is offered on connections without TLS (RFC 2595 §4). Default: `false`.
    pub starttls: bool,
    /// Whether clients may log in, by whatever mechanism, on a connection without TLS. Off by
    /// default, and best left so: who listens reads the mail, and most passwords (RFC 8314 §4.1).
    pub plain_text_auth: bool,
    /// Whether USER and PASS are offered. Default: `true`.
    pub user_pass: bool,
    /// SASL mechanisms offered. Default: PLAIN and LOGIN.
    pub mechanisms: Vec<Mechanism>,
    /// What to do with bare CR and LF in bodies. Default: [`OutEol::Normalise`]. Under
    /// [`OutEol::Refuse`] such a body ends the connection, as it can no longer be taken back.
    pub bare_eol: OutEol,
    /// The parameter of the IMPLEMENTATION capability, which is announced if this is set
    /// (RFC 2449 §6.9).
    pub implementation: Option<String>,
    /// The EXPIRE capability, announced if set (RFC 2449 §6.7).
    pub expire: Option<Expire>,
    /// The LOGIN-DELAY capability, announced if set (RFC 2449 §6.5). Whoever sets it enforces it,
    /// by refusing the maildrop with [`Code::LoginDelay`](crate::Code::LoginDelay).
    pub login_delay: Option<LoginDelay>,
    /// Whether the UTF8 capability is offered (RFC 6856 §2). Default: `true`. Without UTF-8 mode a
    /// client gets no message of which [`Entry::needs_utf8`](super::Entry::needs_utf8) was said.
    pub utf8: bool,
    /// Whether names and passwords of USER, PASS and APOP may be UTF-8 (RFC 6856 §2.2). They are
    /// prepared by SASLprep, which needs the feature `std`. Default: `false`.
    pub utf8_user: bool,
    /// The languages offered by LANG (RFC 6856 §3): without any there is no LANG. The first is the
    /// one a session begins with, and the one for `*`; what of it is not ASCII is said as `?` until
    /// the client has asked for LANG or UTF8. Default: English and German.
    pub languages: Vec<Language>,
    /// Bounds on what a peer can make this side hold.
    pub limits: Limits,
    /// How long a peer may take.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: String::from("POP3 server"),
            starttls: false,
            plain_text_auth: false,
            user_pass: true,
            mechanisms: [Mechanism::Plain, Mechanism::Login].into(),
            bare_eol: OutEol::default(),
            implementation: None,
            expire: None,
            login_delay: None,
            utf8: true,
            utf8_user: false,
            languages: [Language::english(), Language::german()].into(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// The EXPIRE capability (RFC 2449 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expire {
    /// Days a message is kept at least; `None` for NEVER, which is to say for ever.
    pub days: Option<u32>,
    /// Whether it differs from user to user. Said before log-in only.
    pub per_user: bool,
}

impl Expire {
    /// Messages are kept `days` days at least; `None` for ever.
    pub const fn new(days: Option<u32>) -> Self {
        Self { days, per_user: false }
    }
}

/// The LOGIN-DELAY capability (RFC 2449 §6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginDelay {
    /// Seconds between two log-ins.
    pub seconds: u32,
    /// Whether it differs from user to user. Said before log-in only.
    pub per_user: bool,
}

impl LoginDelay {
    /// So many seconds between two log-ins.
    pub const fn new(seconds: u32) -> Self {
        Self { seconds, per_user: false }
    }
}

/// Bounds on what a client can make a server hold or do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a command line, its end included. Default: 1,024; RFC 2449 §4 demands 255, and
    /// AUTH with an initial response is longer for some mechanisms.
    pub line: usize,
    /// Octets of a line within a SASL exchange. Default: 12,288 (RFC 5034 §4).
    pub sasl_line: usize,
    /// Bad commands a session may have; with the next the connection ends. Default: 20.
    pub bad_commands: u32,
    /// Wrong passwords a session may have; with the last the connection ends. Default: 5.
    pub wrong_passwords: u32,
    /// Octets of output above which the machine asks for a flush before it goes on. Default:
    /// 65,536.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 1_024,
            sasl_line: 12_288,
            bad_commands: 20,
            wrong_passwords: 5,
            output: 65_536,
        }
    }
}

/// How long a client may take, and is made to wait.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// Between two commands. Default: 10 minutes, the least that RFC 1939 §3 allows. When it has
    /// passed the connection ends without a word and without a deletion.
    pub idle: Duration,
    /// From the first octet of a line to its end. Does not start anew with each octet. Default: 1
    /// minute.
    pub command: Duration,
    /// Before the answer to a wrong password; doubled with each further one, up to eight times as
    /// long. Default: 1 second.
    pub wrong_password: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(600),
            command: Duration::from_secs(60),
            wrong_password: Duration::from_secs(1),
        }
    }
}
