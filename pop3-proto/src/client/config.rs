use core::time::Duration;

use mailwire::frame::BareEol;

/// How a client behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Whether a password may be sent in the clear. Default: `false`; log-ins without TLS then fail
    /// without a word to the server, also when a server has refused STLS (RFC 8314 §5.2).
    pub plain_text_auth: bool,
    /// Whether commands are sent before the answers to earlier ones have come.
    pub pipelining: Pipelining,
    /// Whether TOP is asked for by RETR where the server has no TOP (RFC 1939 §7 makes it optional):
    /// what is beyond the lines asked for is then fetched and dropped. Default: `true`.
    pub top_by_retr: bool,
    /// What to do with bare CR and LF in messages. Default: [`BareEol::Keep`], a
    /// message is handed out as the server has it.
    pub bare_eol: BareEol,
    /// Bounds on what a server can make this side hold.
    pub limits: Limits,
    /// How long a server may take.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            plain_text_auth: false,
            pipelining: Pipelining::default(),
            top_by_retr: true,
            bare_eol: BareEol::Keep,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// Whether commands are sent before the answers to earlier ones have come (RFC 2449 §6.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pipelining {
    /// Once the answer to CAPA announced it.
    #[default]
    Announced,
    /// Whatever the server says. For servers known to cope.
    Always,
    /// Never.
    Never,
}

/// Bounds on what a server can make a client hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a response line, its end included. Default: 8,192; RFC 2449 §3 has 512, and some
    /// servers do not keep to it.
    pub line: usize,
    /// Octets read ahead. Default: 65,536. Not below `line`.
    pub buffer: usize,
    /// Lines kept of the answer to CAPA. Default: 128.
    pub capabilities: usize,
    /// Commands waiting, sent or not. Default: 4,096.
    pub commands: usize,
    /// Commands sent and not answered. Default: 64.
    pub pipeline: usize,
    /// Octets of output above which the machine asks for a flush before it goes on. Default:
    /// 65,536.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 8_192,
            buffer: 65_536,
            capabilities: 128,
            commands: 4_096,
            pipeline: 64,
            output: 65_536,
        }
    }
}

/// How long a server may take. POP3 has no RFC that says so; these follow RFC 5321 §4.5.3.2.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// To greet. Default: 5 minutes.
    pub greeting: Duration,
    /// From a command (or the answer before) to the whole first line of its answer. Default: 5
    /// minutes.
    pub reply: Duration,
    /// Between two octets of a listing or a message. Default: 3 minutes.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(300),
            reply: Duration::from_secs(300),
            stall: Duration::from_secs(180),
        }
    }
}
