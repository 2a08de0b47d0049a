//! Message flags: five system flags as bits, and keywords.

use core::fmt;
use std::sync::Arc;

/// The flags of one message. Cloning is cheap. Keywords compare without regard to ASCII case and
/// keep the spelling they came in; within one mailbox the first spelling stays.
///
/// ```
/// use mailstore::Flags;
///
/// let flags = Flags::SEEN.union(&Flags::keyword("$Forwarded"));
/// assert!(flags.contains(&Flags::SEEN) && !flags.contains(&Flags::DELETED));
/// assert!(flags.contains(&Flags::keyword("$forwarded")));
/// ```
#[derive(Clone, Default)]
pub struct Flags {
    system: u8,
    /// Sorted by lower-cased name, no two alike; `None` when empty.
    keywords: Option<Arc<[Box<str>]>>,
}

impl Flags {
    /// No flag at all.
    pub const NONE: Flags = Flags::system(0);
    /// The message has been read.
    pub const SEEN: Flags = Flags::system(1);
    /// The message has been answered.
    pub const ANSWERED: Flags = Flags::system(2);
    /// The message is marked for special attention.
    pub const FLAGGED: Flags = Flags::system(4);
    /// The message is to be removed by the next expunge.
    pub const DELETED: Flags = Flags::system(8);
    /// The message is a draft.
    pub const DRAFT: Flags = Flags::system(16);

    const ALL: u8 = 31;

    const fn system(bits: u8) -> Flags {
        Flags { system: bits, keywords: None }
    }

    /// One keyword. An empty name gives [`Flags::NONE`].
    #[must_use]
    pub fn keyword(name: &str) -> Flags {
        Flags::NONE.with_keywords([name])
    }

    /// These flags and these keywords; empty names are left out.
    #[must_use]
    pub fn with_keywords<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Flags {
        let mut all: Vec<Box<str>> = self.keywords().map(Box::from).collect();
        all.extend(names.into_iter().filter(|name| !name.is_empty()).map(Box::from));
        Flags { system: self.system, keywords: sorted(all) }
    }

    /// True when there is no flag and no keyword.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.system == 0 && self.keywords.is_none()
    }

    /// True when every flag and keyword of `other` is here too.
    #[must_use]
    pub fn contains(&self, other: &Flags) -> bool {
        self.system & other.system == other.system
            && other.keywords().all(|name| self.has_keyword(name))
    }

    /// True when the keyword is set, whatever its spelling.
    #[must_use]
    pub fn has_keyword(&self, name: &str) -> bool {
        self.keywords().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// The keywords, sorted.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.keywords.iter().flat_map(|names| names.iter()).map(|name| &**name)
    }

    /// These and those.
    #[must_use]
    pub fn union(&self, other: &Flags) -> Flags {
        let system = self.system | other.system;
        match (&self.keywords, &other.keywords) {
            (own, None) => Flags { system, keywords: own.clone() },
            (None, theirs) => Flags { system, keywords: theirs.clone() },
            (Some(own), Some(theirs)) => {
                let all = own.iter().chain(theirs.iter()).cloned().collect();
                Flags { system, keywords: sorted(all) }
            }
        }
    }

    /// These without those.
    #[must_use]
    pub fn difference(&self, other: &Flags) -> Flags {
        let system = self.system & !other.system;
        if other.keywords.is_none() || self.keywords.is_none() {
            return Flags { system, keywords: self.keywords.clone() };
        }
        let left = self.keywords().filter(|name| !other.has_keyword(name)).map(Box::from).collect();
        Flags { system, keywords: sorted(left) }
    }

    /// The system flags as bits: 1 seen, 2 answered, 4 flagged, 8 deleted, 16 draft.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        self.system
    }

    /// The system flags with these bits; others are ignored.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Flags {
        Flags::system(bits & Flags::ALL)
    }

    /// The keywords alone.
    pub(crate) fn keyword_set(&self) -> Flags {
        Flags { system: 0, keywords: self.keywords.clone() }
    }

    /// The same flags, keywords spelled as `known` spells them.
    pub(crate) fn spelled_like(&self, known: impl Fn(&str) -> Option<Box<str>>) -> Flags {
        if self.keywords.is_none() {
            return self.clone();
        }
        let names = self.keywords().map(|name| known(name).unwrap_or_else(|| name.into()));
        Flags { system: self.system, keywords: sorted(names.collect()) }
    }
}

/// Sorted without regard to case, the first spelling of each kept.
fn sorted(mut names: Vec<Box<str>>) -> Option<Arc<[Box<str>]>> {
    names.sort_by_cached_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|next, kept| next.eq_ignore_ascii_case(kept));
    (!names.is_empty()).then(|| names.into())
}

impl PartialEq for Flags {
    fn eq(&self, other: &Self) -> bool {
        self.system == other.system
            && self.keywords().count() == other.keywords().count()
            && self.keywords().zip(other.keywords()).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }
}

impl Eq for Flags {}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["seen", "answered", "flagged", "deleted", "draft"];
        let system = names.iter().enumerate().filter(|(bit, _)| self.system & (1 << bit) != 0);
        f.debug_set().entries(system.map(|(_, name)| *name)).entries(self.keywords()).finish()
    }
}

/// What to do with a message's flags.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagChange {
    /// Set these, leave the others.
    Add(Flags),
    /// Clear these, leave the others.
    Remove(Flags),
    /// Set exactly these.
    Replace(Flags),
}

impl FlagChange {
    /// What becomes of `old`.
    #[must_use]
    pub fn apply(&self, old: &Flags) -> Flags {
        match self {
            FlagChange::Add(flags) => old.union(flags),
            FlagChange::Remove(flags) => old.difference(flags),
            FlagChange::Replace(flags) => flags.clone(),
        }
    }
}
