//! Who else may do what with a mailbox.

use core::future::Future;
use std::collections::BTreeSet;

use crate::{Error, Mailbox, MailboxId, Result};

/// Access control lists: for each mailbox, identifiers and what they may do. Both are opaque: the store
/// keeps them, the host obeys them (RFC 4314 can be built on them). A list goes with its mailbox.
pub trait Sharing {
    /// The list of a mailbox, ordered by identifier.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn grants(&self, mailbox: MailboxId) -> impl Future<Output = Result<Vec<Grant>>> + Send;

    /// Changes what an identifier may do and gives what it may do now. An identifier that may do
    /// nothing is not on the list.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound); [`Invalid`](Error::Invalid) for an empty identifier or one over
    /// 320 octets.
    fn set_grant(
        &self,
        mailbox: MailboxId,
        identifier: &str,
        change: RightsChange,
    ) -> impl Future<Output = Result<Rights>> + Send;

    /// Every mailbox, of any account, whose list has this identifier, ordered by account and name.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn granted(&self, identifier: &str) -> impl Future<Output = Result<Vec<Mailbox>>> + Send;
}

/// A set of rights, each a character the host knows the meaning of.
///
/// ```
/// use mailstore::Rights;
///
/// let rights = Rights::new("slrs");
/// assert_eq!(rights.as_str(), "lrs");
/// assert!(rights.has('r') && !rights.has('a'));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct Rights(String);

impl Rights {
    /// These characters, each once, in order.
    #[must_use]
    pub fn new(rights: &str) -> Rights {
        Rights(rights.chars().collect::<BTreeSet<char>>().into_iter().collect())
    }

    /// The characters, ascending.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, right: char) -> bool {
        self.0.contains(right)
    }

    /// True when there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One line of an access control list.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Grant {
    /// Who.
    pub identifier: String,
    /// What they may do.
    pub rights: Rights,
}

impl Grant {
    /// For backends.
    #[must_use]
    pub fn new(identifier: impl Into<String>, rights: Rights) -> Grant {
        Grant { identifier: identifier.into(), rights }
    }
}

/// What to do with an identifier's rights.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RightsChange {
    /// These too.
    Grant(Rights),
    /// These no longer.
    Revoke(Rights),
    /// Exactly these; none removes the identifier.
    Replace(Rights),
}

impl RightsChange {
    /// What becomes of `old`.
    #[must_use]
    pub fn apply(&self, old: &Rights) -> Rights {
        match self {
            RightsChange::Grant(more) => Rights::new(&format!("{}{}", old.0, more.0)),
            RightsChange::Revoke(less) => {
                Rights(old.0.chars().filter(|right| !less.has(*right)).collect())
            }
            RightsChange::Replace(rights) => rights.clone(),
        }
    }
}

/// Whether an identifier may stand on a list; for backends.
///
/// # Errors
/// [`Invalid`](Error::Invalid).
pub fn check_identifier(identifier: &str) -> Result<()> {
    match identifier.len() {
        1..=320 => Ok(()),
        _ => Err(Error::invalid("an identifier has 1 to 320 octets")),
    }
}
