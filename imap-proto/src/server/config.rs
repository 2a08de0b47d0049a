use alloc::{string::String, vec, vec::Vec};
use core::time::Duration;

use mailwire::sasl::Mechanism;

/// How a server behaves. Shared by its sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Text of the greeting, for people.
    pub greeting: String,
    /// Whether STARTTLS is offered on connections without TLS. Default: `false`.
    pub starttls: bool,
    /// Whether clients may log in, by whatever mechanism, on a connection without TLS. Off by
    /// default, and best left so: who listens reads the mail, and most passwords (RFC 8314 §4.1).
    pub plain_text_auth: bool,
    /// SASL mechanisms, the preferred one first.
    pub mechanisms: Vec<Mechanism>,
    /// What to tell of this server in ID (RFC 2971), field and value.
    pub id: Vec<(String, String)>,
    /// The hierarchy delimiter of mailbox names.
    pub delimiter: char,
    /// The largest message APPEND takes; told as APPENDLIMIT (RFC 7889).
    pub append_limit: u64,
    /// Whether the host keeps mod-sequences and remembers what was expunged: CONDSTORE and QRESYNC are offered (RFC 7162).
    /// Then [`SelectData::highest_mod_seq`](super::SelectData::highest_mod_seq) and the mod-sequence of each change are
    /// given, and the event that opens a mailbox may ask what has changed. Default: `false`.
    pub mod_seqs: bool,
    /// Whether the host keeps save dates: SAVEDATE is offered (RFC 8514). Default: `false`.
    pub save_dates: bool,
    /// Whether the host knows quotas of octets and of messages: QUOTA is offered (RFC 9208). Default: `false`.
    pub quotas: bool,
    /// Whether the host keeps annotations: METADATA is offered (RFC 5464). Default: `false`.
    pub metadata: bool,
    /// Whether the host serves parts without their transfer encoding, and takes messages with NUL: BINARY is offered
    /// (RFC 3516), and with it IMAP4rev2. Default: `false`.
    pub binary: bool,
    /// Whether the host takes messages whose header is UTF-8: UTF8=ACCEPT is offered (RFC 6855). Default: `false`.
    pub utf8: bool,
    /// Whether the host stores several messages at once, all or none: MULTIAPPEND is offered (RFC 3502). Default: `false`.
    pub multi_append: bool,
    /// Whether the host puts messages together from URLs: CATENATE is offered (RFC 4469). Default: `false`.
    pub catenate: bool,
    /// Whether the host replaces messages: REPLACE is offered (RFC 8508). Default: `false`.
    pub replace: bool,
    /// Whether the host gives mailboxes, messages and threads identifiers: OBJECTID is offered (RFC 8474). Default: `false`.
    pub object_ids: bool,
    /// Whether the host shows how messages begin: PREVIEW is offered (RFC 8970). Default: `false`.
    pub previews: bool,
    /// Whether the transport can compress: COMPRESS=DEFLATE is offered (RFC 4978), and `poll` may say
    /// [`Step::Compress`](mailwire::Step::Compress). Default: `false`.
    pub compress: bool,
    /// Whether the host lets go of a user and takes another: UNAUTHENTICATE is offered (RFC 8437). Default: `false`.
    pub unauthenticate: bool,
    /// Whether the host searches several mailboxes at once: MULTISEARCH is offered (RFC 7377). Default: `false`.
    pub multi_search: bool,
    /// Whether the host knows the filters that annotations hold, and puts their conditions in their place
    /// ([`search::expand_filters`](crate::search::expand_filters)): FILTERS is offered (RFC 5466). Default: `false`.
    pub filters: bool,
    /// Bounds on what a client can make the session hold.
    pub limits: Limits,
    /// How long a session waits.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            greeting: String::from("IMAP server ready"),
            starttls: false,
            plain_text_auth: false,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            id: vec![(String::from("name"), String::from("imap-proto"))],
            delimiter: '/',
            append_limit: 50 << 20,
            mod_seqs: false,
            save_dates: false,
            quotas: false,
            metadata: false,
            binary: false,
            utf8: false,
            multi_append: false,
            catenate: false,
            replace: false,
            object_ids: false,
            previews: false,
            compress: false,
            unauthenticate: false,
            multi_search: false,
            filters: false,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// Bounds on what a client can make a session hold.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of one line, CRLF included. RFC 7162 §4 asks for 8,192 at least; sequence sets of
    /// synchronising clients are longer.
    pub line: usize,
    /// Octets of a whole command, its gathered literals included.
    pub command: usize,
    /// Octets of one literal, that of APPEND aside.
    pub literal: u64,
    /// The same before login. No name or password is longer.
    pub literal_before_login: u64,
    /// Bad commands in a row before the session is ended.
    pub bad_commands: u32,
    /// Failed logins before the session is ended.
    pub auth_failures: u32,
    /// Output waiting before the next command is taken up.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 64 << 10,
            command: 192 << 10,
            literal: 64 << 10,
            literal_before_login: 4 << 10,
            bad_commands: 20,
            auth_failures: 10,
            output: 64 << 10,
        }
    }
}

/// How long a session waits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// For a command, before login.
    pub login: Duration,
    /// For a command, and for the end of IDLE. RFC 3501 §5.4: at least 30 minutes.
    pub idle: Duration,
    /// For the rest of a command once its first octet has come; does not start anew with each octet.
    /// Within an APPEND's literal it does.
    pub command: Duration,
    /// Before a failed login is answered.
    pub auth_delay: Duration,
    /// Between two signs of life during IDLE, which keep address translators awake.
    pub keep_alive: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(180),
            idle: Duration::from_secs(30 * 60),
            command: Duration::from_secs(300),
            auth_delay: Duration::from_secs(1),
            keep_alive: Duration::from_secs(120),
        }
    }
}
