//! Identifiers as OBJECTID has them (RFC 8474): a letter, so that no two kinds are alike, and the store's number.

use imap_proto::types::Atom;
use mailstore::{MailboxId, MessageId, ThreadId};

pub(super) fn mailbox(id: MailboxId) -> Option<Atom<'static>> {
    Atom::new(format!("F{id}"))
}

/// Copies share their content and so have one identifier.
pub(super) fn email(id: MessageId) -> String {
    format!("M{id}")
}

pub(super) fn thread(id: ThreadId) -> String {
    format!("T{id}")
}
