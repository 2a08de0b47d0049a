//! Which messages a command means: numbers, `*` and `$` become UIDs, which are all that the host knows.

use alloc::boxed::Box;

use super::view::View;
use crate::{
    command::Command,
    types::{SearchKey, SearchQuery, SequenceSet, UidSet},
};

/// Whether a command names messages by number, or would be answered by numbers (RFC 9586 §3).
pub(super) fn names_numbers(command: &Command<'_>) -> bool {
    match command {
        Command::Fetch { uid, .. }
        | Command::Store { uid, .. }
        | Command::Copy { uid, .. }
        | Command::Move { uid, .. } => !uid,
        Command::Search { uid, query } => !uid || key_numbers(&query.key),
        Command::Sort { uid, key, .. } | Command::Thread { uid, key, .. } => {
            !uid || key_numbers(key)
        }
        _ => false,
    }
}

fn key_numbers(key: &SearchKey<'_>) -> bool {
    key.any(&|key| matches!(key, SearchKey::Sequence(set) if !set.is_saved()))
}

/// The UIDs a command names; `None` if it names a number that does not exist.
pub(super) fn resolve(view: &View, set: &SequenceSet, uid: bool) -> Option<UidSet> {
    // RFC 5182 §2.1: `$` may be empty; then nothing is done, and that is OK.
    if set.is_saved() {
        return Some(view.saved.clone());
    }
    if uid { Some(view.known_uids(set)) } else { view.uids_of_numbers(set) }
}

/// A query without numbers, `*` and `\Recent`: UIDs instead.
pub(super) fn resolve_query(view: &View, query: SearchQuery<'static>) -> SearchQuery<'static> {
    let all = view.all();
    SearchQuery { key: resolve_key(view, &all, query.key), ..query }
}

fn resolve_key(view: &View, all: &UidSet, key: SearchKey<'static>) -> SearchKey<'static> {
    let boxed = |key: Box<SearchKey<'static>>| Box::new(resolve_key(view, all, *key));
    match key {
        SearchKey::Sequence(set) | SearchKey::Uid(set) if set.is_saved() => {
            uid_key(view.saved.intersection(all))
        }
        SearchKey::Sequence(set) => {
            // Numbers that do not exist match nothing.
            let existing = set.resolve(view.count());
            let existing = existing.intersection(&UidSet::range(1, view.count()));
            let uids = SequenceSet::new(existing).and_then(|set| view.uids_of_numbers(&set));
            uid_key(uids.unwrap_or_default())
        }
        SearchKey::Uid(set) => uid_key(set.resolve(view.last_uid()).intersection(all)),
        SearchKey::Recent => uid_key(view.recent.clone()),
        SearchKey::And(keys) => SearchKey::And(keys.map(|key| resolve_key(view, all, key))),
        SearchKey::Or(a, b) => SearchKey::Or(boxed(a), boxed(b)),
        SearchKey::Not(key) => SearchKey::Not(boxed(key)),
        other => other,
    }
}

/// These UIDs; nothing, where there are none.
fn uid_key(uids: UidSet) -> SearchKey<'static> {
    let none = || SearchKey::Not(Box::new(SearchKey::All));
    SequenceSet::new(uids).map_or_else(none, SearchKey::Uid)
}

/// Whether a key means messages of the selected mailbox.
pub(super) fn needs_a_view(key: &SearchKey<'_>) -> bool {
    key.any(&|key| match key {
        SearchKey::Sequence(_) => true,
        SearchKey::Uid(set) => set.is_saved(),
        _ => false,
    })
}

/// Whether mod-sequences decide: then they are told (RFC 7162 §3.1.5).
pub(super) fn asks_mod_seq(key: &SearchKey<'_>) -> bool {
    key.any(&|key| matches!(key, SearchKey::ModSeq(_) | SearchKey::FlagModSeq(..)))
}

pub(super) fn is_known_charset(charset: &str) -> bool {
    ["US-ASCII", "UTF-8"].iter().any(|known| known.eq_ignore_ascii_case(charset))
}
