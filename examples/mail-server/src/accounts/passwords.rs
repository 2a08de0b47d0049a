//! Password hashes: argon2id as PHC strings, computed off the async threads, a few at a time.

use super::{recent::Recent, scram};
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use mailwire::sasl::{Keys, saslprep};
use std::{borrow::Cow, sync::Arc, thread};
use tokio::{sync::Semaphore, task};
use zeroize::Zeroizing;

/// Hashing did not happen; nothing is known about the password.
#[derive(Debug, thiserror::Error)]
#[error("cannot hash a password: {0}")]
pub(crate) struct HashError(pub(super) String);

/// Makes and checks password hashes.
///
/// The parameters are those OWASP recommends for argon2id: 19 MiB, 2 passes, 1 lane. A check takes
/// some 15 ms of one core, so as many run at once as there are cores and the others wait: a flood
/// of log-ins costs neither the memory of thousands of checks nor the async threads.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    slots: Arc<Semaphore>,
    recent: Arc<Recent>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { slots: Arc::new(Semaphore::new(cores)), recent: Arc::new(Recent::new()) }
    }

    /// A new hash, with a random salt.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, HashError> {
        let password = prepared(password);
        self.run(move || {
            let hash = argon2().hash_password(&password).map_err(|e| HashError(e.to_string()))?;
            Ok(hash.to_string())
        })
        .await?
    }

    /// The keys of a password for SCRAM.
    pub(crate) async fn scram_keys(&self, password: &str) -> Result<Option<Keys>, HashError> {
        let password = Zeroizing::new(password.to_owned());
        self.run(move || scram::keys(&password)).await?
    }

    /// Whether this is the password of that hash. Without a hash (no such account) it takes as
    /// long, so that the time taken does not tell which accounts exist.
    pub(crate) async fn verify(
        &self,
        hash: Option<&str>,
        password: &str,
    ) -> Result<bool, HashError> {
        let Some(hash) = hash else {
            self.check(NOBODY, password).await?;
            return Ok(false);
        };
        let seen = self.recent.print(hash, password);
        if self.recent.contains(&seen) {
            return Ok(true);
        }
        let right = self.check(hash, password).await?;
        if right {
            self.recent.insert(seen);
        }
        Ok(right)
    }

    async fn check(&self, hash: &str, password: &str) -> Result<bool, HashError> {
        let password = prepared(password);
        let hash = hash.to_owned();
        self.run(move || argon2().verify_password(&password, hash.as_str()).is_ok()).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let slot = self.slots.clone().acquire_owned().await.map_err(failed)?;
        task::spawn_blocking(move || {
            // Held by the work and not by who waits for it: who goes away does not free the memory.
            let _slot = slot;
            work()
        })
        .await
        .map_err(failed)
    }
}

/// So that a password is right however a keyboard composed it, as with SCRAM (RFC 4616 §2). One that
/// SASLprep has no form for counts as it is.
fn prepared(password: &str) -> Zeroizing<Vec<u8>> {
    let octets = saslprep(password).map_or_else(|| password.into(), Cow::into_owned).into_bytes();
    Zeroizing::new(octets)
}

fn failed(error: impl ToString) -> HashError {
    HashError(error.to_string())
}

/// The crate's defaults are the recommended ones; a test keeps it that way.
fn argon2() -> Argon2<'static> {
    Argon2::default()
}

/// Random octets in the form of a hash with the parameters above: the hash of no password known.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$oZ4mF5h8Tq0c1bP7yW3xKg$uN2J7r9cV4eG1sLk0dQm8aYtRz5wXo3iHp6fBjUvEMA";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let passwords = Passwords::new();
        let hash = passwords.hash("pässword").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for _ in 0..2 {
            assert!(passwords.verify(Some(&hash), "pässword").await.expect("checked"));
            assert!(passwords.verify(Some(&hash), "pa\u{308}ssword").await.expect("checked"));
            assert!(!passwords.verify(Some(&hash), "password").await.expect("checked"));
        }
        assert_ne!(hash, passwords.hash("pässword").await.expect("hashed"), "salted");
    }

    #[tokio::test]
    async fn nobody_has_no_password_and_a_hash_like_everybodys() {
        let passwords = Passwords::new();
        assert!(!passwords.verify(None, "").await.expect("checked"));
        let parsed = argon2::PasswordHash::new(NOBODY).expect("a PHC string");
        let real = passwords.hash("x").await.expect("hashed");
        let real = argon2::PasswordHash::new(&real).expect("a PHC string");
        assert_eq!((parsed.algorithm, parsed.version), (real.algorithm, real.version));
        assert_eq!(parsed.params, real.params);
        assert_eq!(parsed.hash.map(|h| h.len()), real.hash.map(|h| h.len()));
    }

    #[tokio::test]
    async fn a_damaged_hash_lets_nobody_in() {
        let passwords = Passwords::new();
        for hash in ["", "secret", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"] {
            assert!(!passwords.verify(Some(hash), "secret").await.expect("checked"), "{hash}");
        }
    }
}
