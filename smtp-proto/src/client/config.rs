use alloc::string::String;
use core::time::Duration;

use mailwire::frame::OutEol;

/// What a client is and how it behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name it says in EHLO: a fully qualified domain name or an address literal (RFC 5321
    /// §4.1.4). Control characters and spaces in it are printed as `?`.
    pub hostname: String,
    /// What is spoken.
    pub protocol: Protocol,
    /// Whether a message is sent by BDAT where that is offered (RFC 3030), and PIPELINING with it:
    /// one round trip less, and no dot-stuffing.
    pub chunking: bool,
    /// Whether passwords may be sent without TLS. Off by default, and best left so.
    pub plain_text_auth: bool,
    /// What to do with a bare CR or LF in a message.
    pub bare_eol: OutEol,
    /// Bounds for what a server can make the client hold.
    pub limits: Limits,
    /// How long the client waits.
    pub timeouts: Timeouts,
}

impl Config {
    /// A client of this name.
    pub fn new(hostname: impl Into<String>) -> Self {
        Self {
            hostname: hostname.into(),
            protocol: Protocol::Smtp,
            chunking: true,
            plain_text_auth: false,
            bare_eol: OutEol::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// RFC 5321.
    #[default]
    Smtp,
    /// LMTP (RFC 2033): LHLO in place of EHLO, and one reply to the message for each recipient.
    Lmtp,
}

/// Bounds for what a server can make a client hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A line of a reply. RFC 5321 §4.5.3.1.5 has 512; servers write more.
    pub line: usize,
    /// A whole reply, in octets of text. The reply to each recipient that is refused is held until
    /// the transaction is over.
    pub reply: usize,
    /// Commands sent ahead of their replies. RFC 2920 §3.1 has the client mind the window of the
    /// transport: a hundred short replies fit in any.
    pub pipeline: usize,
    /// Octets of a chunk of BDAT; so many are gathered before they are sent. The replies to all but
    /// the last chunk are read after that, so the transport must be able to hold them: forty
    /// octets each.
    pub chunk: usize,
    /// Octets of output waiting before they must be sent.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 4096, reply: 64 * 1024, pipeline: 100, chunk: 256 * 1024, output: 64 * 1024 }
    }
}

/// How long a client waits for each reply (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The greeting, and any command not named below: §4.5.3.2.1.
    pub command: Duration,
    /// MAIL and RCPT: §4.5.3.2.2 and §4.5.3.2.3.
    pub envelope: Duration,
    /// DATA: §4.5.3.2.4.
    pub data: Duration,
    /// The final dot: §4.5.3.2.6.
    pub message: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self { command: minutes(5), envelope: minutes(5), data: minutes(2), message: minutes(10) }
    }
}
