//! What looks at messages before they are stored.

mod field;
mod rspamd;

pub(crate) use self::{field::field, rspamd::Rspamd};

use std::{error::Error, net::IpAddr, pin::Pin, sync::Arc};

/// Filters, in the order in which they are asked.
pub(crate) type Filters = Vec<Arc<dyn MailFilter>>;

/// A message that has come whole, and who brought it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Letter<'a> {
    /// The client's address.
    pub ip: IpAddr,
    /// What it called itself in EHLO.
    pub client_name: &'a str,
    /// The user who submits the message; `None` for mail from other servers.
    pub user: Option<&'a str>,
    /// The reverse-path; empty for the null one.
    pub from: &'a str,
    /// The recipients that were accepted, of this server and of others.
    pub to: &'a [String],
    /// The id that stands in `Received` and in the log.
    pub id: &'a str,
    /// The message as it came, but for fields that only this server may write. Lines end in CRLF.
    pub message: &'a [u8],
}

/// What becomes of a message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// It goes on to the next filter, and then to its recipients.
    #[default]
    Accept,
    /// The same, but local recipients find it in Junk.
    Quarantine,
    /// It is refused for good: 550 5.7.1 with these words, of which the printable ASCII is sent.
    Reject(String),
    /// The client is to try again later: 451 4.7.1 with these words.
    TempFail(String),
}

/// What a filter found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// What becomes of the message.
    pub action: Action,
    /// Fields to put above the message: name and value. One whose name is none (RFC 5322 §2.2) is left
    /// out; line ends in values become spaces.
    pub headers: Vec<(String, String)>,
}

impl Verdict {
    /// This action, and no field.
    pub fn new(action: Action) -> Self {
        Self { action, headers: Vec::new() }
    }

    /// With one more field.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// Why a filter has no verdict.
pub type FilterError = Box<dyn Error + Send + Sync>;

/// The verdict, once there is one.
pub type Judging<'a> = Pin<Box<dyn Future<Output = Result<Verdict, FilterError>> + Send + 'a>>;

/// Looks at messages before they are stored: a scanner by HTTP or the milter protocol, or rules of one's
/// own. It is asked by all sessions at once.
///
/// It may take its time: the client waits some minutes (RFC 5321 §4.5.3.2.6). Where it fails, the
/// setting `filter.on-failure` says what becomes of the message.
pub trait MailFilter: Send + Sync + 'static {
    /// For the log.
    fn name(&self) -> &str;

    /// Judges a message.
    fn judge<'a>(&'a self, letter: &'a Letter<'a>) -> Judging<'a>;
}
