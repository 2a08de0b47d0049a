//! Flags, as IMAP spells them and as the store keeps them.

use imap_proto::types::Flag;
use mailstore::Flags;

/// The system flags that the store has.
fn system() -> [(&'static str, Flags); 5] {
    [
        ("\\Answered", Flags::ANSWERED),
        ("\\Flagged", Flags::FLAGGED),
        ("\\Deleted", Flags::DELETED),
        ("\\Seen", Flags::SEEN),
        ("\\Draft", Flags::DRAFT),
    ]
}

/// As IMAP spells them.
pub(super) fn names(flags: &Flags) -> impl Iterator<Item = &str> {
    let system = system().into_iter().filter(|(_, flag)| flags.contains(flag));
    system.map(|(name, _)| name).chain(flags.keywords())
}

/// Whether a message has the flag of this name.
pub(super) fn has(flags: &Flags, name: &str) -> bool {
    let mut system = system().into_iter();
    match system.find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, flag)) => flags.contains(&flag),
        None => flags.has_keyword(name),
    }
}

/// As the store keeps them. `\Recent` is the server's to set, and `\*` is none.
pub(super) fn stored(flags: &[Flag<'_>]) -> Flags {
    let mut stored = Flags::NONE;
    for flag in flags {
        let one = match flag {
            Flag::Answered => Flags::ANSWERED,
            Flag::Flagged => Flags::FLAGGED,
            Flag::Deleted => Flags::DELETED,
            Flag::Seen => Flags::SEEN,
            Flag::Draft => Flags::DRAFT,
            Flag::Keyword(name) => Flags::keyword(name),
            _ => continue,
        };
        stored = stored.union(&one);
    }
    stored
}
