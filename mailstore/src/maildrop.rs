//! The exclusive lock a maildrop reader holds.

use std::collections::HashSet;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{AccountId, Error, Result};

/// An account's maildrop, held. Dropping it gives it back.
#[derive(Debug)]
#[must_use = "dropping the lock gives the maildrop back"]
pub struct MaildropLock {
    account: AccountId,
    locks: MaildropLocks,
    /// What keeps other processes out.
    _file: Option<File>,
}

impl MaildropLock {
    /// Whose maildrop it is.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    #[cfg(any(feature = "memory", feature = "embedded", feature = "journal"))]
    pub(crate) fn beside(mut self, file: Option<File>) -> MaildropLock {
        self._file = file;
        self
    }
}

impl Drop for MaildropLock {
    fn drop(&mut self) {
        self.locks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.account);
    }
}

/// The maildrops held in this process, for backends.
#[derive(Clone, Debug, Default)]
pub struct MaildropLocks(Arc<Mutex<HashSet<AccountId>>>);

impl MaildropLocks {
    /// Takes one.
    ///
    /// # Errors
    /// [`Locked`](Error::Locked) while it is held.
    pub fn lock(&self, account: AccountId) -> Result<MaildropLock> {
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account) {
            return Err(Error::locked("the maildrop", "another session reads it, try again later"));
        }
        Ok(MaildropLock { account, locks: self.clone(), _file: None })
    }
}
