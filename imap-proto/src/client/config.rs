use core::time::Duration;

/// How a client behaves.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// Whether passwords may be sent without TLS.
    pub plain_text_auth: bool,
    /// Whether the initial response of a SASL exchange is sent apart, even if the server offers
    /// SASL-IR.
    pub no_initial_response: bool,
    /// Whether a response that leaves the grammar ends the session
    /// ([`Close::Protocol`](mailwire::Close), and
    /// [`Client::refused`](super::Client::refused) says where). Otherwise it is read as far as it can
    /// be, and [`Client::deviations`](super::Client::deviations) tells.
    pub strict: bool,
    /// Bounds on what a server can make the session hold.
    pub limits: Limits,
    /// How long a session waits.
    pub timeouts: Timeouts,
}

/// Bounds on what a server can make a session hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a response, its literals included, those streamed aside. Lines of SEARCH can be
    /// long.
    pub response: usize,
    /// Sections of a message up to so many octets stand in their response; larger ones are
    /// streamed.
    pub inline: u64,
    /// Output waiting before more commands are taken from the queue.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { response: 8 << 20, inline: 64 << 10, output: 64 << 10 }
    }
}

/// How long a session waits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the server to say something while a command is unanswered.
    pub response: Duration,
    /// Before IDLE is given anew. RFC 2177 §3: at least every 29 minutes; longer times are cut to that.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { response: Duration::from_secs(300), idle: Duration::from_secs(28 * 60) }
    }
}
