use alloc::{string::String, vec::Vec};
use core::time::Duration;

use mailwire::{frame::BareEol, sasl::Mechanism};

use crate::Leniency;

/// What a server is and offers.
///
/// What is really offered follows from this and the state of the session: STARTTLS only before
/// TLS, AUTH only where a password would not be sent in the clear.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name in the greeting and in the reply to EHLO: a fully qualified domain name (RFC 5321
    /// §4.1.1.1), or an address literal.
    pub hostname: String,
    /// What the port is for.
    pub role: Role,
    /// Whether STARTTLS is offered on connections without TLS (RFC 3207).
    pub starttls: bool,
    /// The mechanisms of AUTH (RFC 4954); none: no AUTH.
    pub auth: Vec<Mechanism>,
    /// Whether clients may log in, by whatever mechanism, on a connection without TLS. Off by
    /// default, and best left so: who listens reads the mail, and most passwords (RFC 8314 §4.1).
    pub plain_text_auth: bool,
    /// Extensions that are offered.
    pub offer: Offer,
    /// What to do with a bare CR or LF in a message. Not looked at in a message that is declared
    /// BINARYMIME.
    pub bare_eol: BareEol,
    /// Departures from the grammar to put up with.
    pub leniency: Leniency,
    /// How long the greeting is held back. Whoever speaks before it is told as
    /// [`Event::EarlyTalk`](super::Event::EarlyTalk): mail servers wait, spam programs do not.
    pub greeting_delay: Duration,
    /// How long the answer to a wrong password is held back.
    pub auth_delay: Duration,
    /// Bounds for what a client can make the server hold.
    pub limits: Limits,
    /// How long the server waits.
    pub timeouts: Timeouts,
}

/// What a port is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Port 25: other servers bring mail for this one's users.
    #[default]
    Relay,
    /// Ports 587 and 465: this server's users hand in mail (RFC 6409). MAIL needs AUTH first.
    Submission,
    /// LMTP (RFC 2033): a mail queue hands messages to what stores them. Each recipient gets an
    /// answer of its own to the message. Never on port 25.
    Lmtp,
}

/// Extensions that are offered. All but CHUNKING need a host that honours them, and are off.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Offer {
    /// CHUNKING: BDAT (RFC 3030 §2). On by default.
    pub chunking: bool,
    /// BINARYMIME (RFC 3030 §3); needs CHUNKING.
    pub binary_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtp_utf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// REQUIRETLS (RFC 8689); under TLS only.
    pub require_tls: bool,
    /// MT-PRIORITY (RFC 6710) with this profile; the empty one has no name.
    pub mt_priority: Option<String>,
    /// FUTURERELEASE (RFC 4865): the longest interval in seconds, and the latest date. On
    /// submission only.
    pub future_release: Option<(u32, String)>,
    /// DELIVERBY (RFC 2852): the shortest time in seconds; 0 for none.
    pub deliver_by: Option<u32>,
    /// RRVS (RFC 7293).
    pub rrvs: bool,
    /// BURL (RFC 4468): what URLs, `imap` for instance. On submission only, after AUTH.
    pub burl: Option<String>,
    /// ETRN (RFC 1985).
    pub etrn: bool,
    /// LIMITS (RFC 9422): those in [`Limits`] are told.
    pub limits: bool,
    /// XCLIENT with these attributes, a space between. For trusted peers only: with it a client
    /// says from where and for whom it speaks, and is believed.
    pub xclient: Option<String>,
    /// XFORWARD with these attributes. For trusted peers only.
    pub xforward: Option<String>,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            chunking: true,
            binary_mime: false,
            smtp_utf8: false,
            dsn: false,
            require_tls: false,
            mt_priority: None,
            future_release: None,
            deliver_by: None,
            rrvs: false,
            burl: None,
            etrn: false,
            limits: false,
            xclient: None,
            xforward: None,
        }
    }
}

impl Config {
    /// A server of this name, with PIPELINING, SIZE, 8BITMIME, ENHANCEDSTATUSCODES and CHUNKING.
    pub fn new(hostname: impl Into<String>, role: Role) -> Self {
        Self {
            hostname: hostname.into(),
            role,
            starttls: false,
            auth: Vec::new(),
            plain_text_auth: false,
            offer: Offer::default(),
            bare_eol: BareEol::default(),
            leniency: Leniency::default(),
            greeting_delay: Duration::ZERO,
            auth_delay: Duration::from_secs(1),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// Bounds for what a client can make a server hold or do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A command line with its line end, in octets. RFC 5321 §4.5.3.1.4 asks for 512, and
    /// extensions for more (SIZE 26, AUTH= 500, DSN and others some 700).
    pub line: usize,
    /// A line of an AUTH exchange: RFC 4954 §4 asks for 12,288.
    pub auth_line: usize,
    /// A message, in octets; offered as SIZE. RFC 5321 §4.5.3.1.7 asks for 65,536.
    pub message: u64,
    /// Recipients of a message: RFC 5321 §4.5.3.1.8 asks for 100.
    pub recipients: usize,
    /// Messages of a session; `None`: any number.
    pub mails: Option<u32>,
    /// Commands that were refused for their form or place, until the session is ended.
    pub bad_commands: u32,
    /// Wrong passwords until the session is ended.
    pub auth_failures: u32,
    /// Octets read at once, and held at most; at least 1,024.
    pub input: usize,
    /// Octets of output waiting before they must be sent.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 2048,
            auth_line: 12_288,
            message: 50 * 1024 * 1024,
            recipients: 1000,
            mails: None,
            bad_commands: 20,
            auth_failures: 5,
            input: 64 * 1024,
            output: 64 * 1024,
        }
    }
}

/// How long a server waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the next octet: RFC 5321 §4.5.3.2.7 asks for five minutes.
    pub idle: Duration,
    /// For a command to be whole, from its first octet.
    pub command: Duration,
    /// For a message to be whole, from DATA on.
    pub message: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(5 * 60),
            command: Duration::from_secs(5 * 60),
            message: Duration::from_secs(60 * 60),
        }
    }
}
