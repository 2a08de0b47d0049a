//! IMAP: the machine's events, answered from the store.

mod append;
mod fetch;
mod flags;
mod ids;
mod list;
mod mailboxes;
mod messages;
mod news;
mod notes;
mod search;
mod selected;
mod session;
mod sort;

pub(crate) use self::{news::News, session::session};

use crate::app::App;
use imap_proto::{server::Server, types::Code};
use mailstore::{Account, Error};
use mailwire::{
    Misuse,
    driver::{Deflate, Driver},
};
use std::{io, sync::Arc};

/// One connection, once its user has logged in or before.
struct Session<S> {
    app: Arc<App<S>>,
    record: Arc<crate::listen::Record>,
    driver: Driver<Server, Deflate<crate::wire::Wire>>,
    account: Option<Account>,
    selected: Option<selected::Selected>,
    append: Option<append::Incoming>,
    /// The client waits for news.
    idle: bool,
}

type Done = Result<(), Failure>;

/// Why a command was not carried out.
#[derive(Debug)]
enum Failure {
    /// The connection is gone, or cannot go on.
    Io(io::Error),
    /// The store says no; the client is told.
    Store(Error),
    /// The client is told this.
    No(Option<Code<'static>>, &'static str),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Self {
        Self::Io(io::Error::other(misuse))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// What to tell the client: a response code of RFC 5530 and a text.
    fn to_no(&self) -> (Option<Code<'static>>, String) {
        match self {
            Self::Io(error) => (Some(Code::Unavailable), error.to_string()),
            Self::No(code, text) => (code.clone(), (*text).to_owned()),
            Self::Store(error) => {
                let code = match error {
                    Error::NotFound { .. } => Code::NonExistent,
                    Error::AlreadyExists { .. } => Code::AlreadyExists,
                    Error::Invalid { .. } => Code::Cannot,
                    Error::Locked { .. } => Code::InUse,
                    Error::OverQuota { .. } => Code::OverQuota,
                    Error::Corrupt { .. } => Code::Corruption,
                    _ => Code::Unavailable,
                };
                (Some(code), error.to_string())
            }
        }
    }
}

/// The target of a command does not exist, and could be made (RFC 3501 §6.3.11).
fn try_create(error: Error) -> Failure {
    match error {
        Error::NotFound { .. } => Failure::No(Some(Code::TryCreate), "No such mailbox"),
        error => Failure::Store(error),
    }
}
