use alloc::{format, string::String, vec::Vec};
use core::fmt;

use zeroize::Zeroize;

use super::Hash;
use crate::sasl::{Secret, saslprep, wire};

/// What a server keeps of a password for SCRAM (RFC 5802 §3): enough to check a proof, and not
/// enough to log in elsewhere. Prints as `***`; [`to_text`](Self::to_text) is for storage.
///
/// ```
/// use mailwire::sasl::{Hash, Keys};
///
/// let keys = Keys::derive(Hash::Sha256, &"pencil".into(), b"sixteen octets..", 4096)?;
/// let stored = keys.to_text(); // SCRAM-SHA-256$4096:…$…:…
/// assert_eq!(Keys::from_text(&stored)?, keys);
/// # Ok::<(), mailwire::sasl::KeysError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// Why there are no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The password holds characters that RFC 4013 forbids.
    #[error("the password holds a character that passwords cannot have")]
    Password,
    /// No salt, or less than 4,096 iterations (RFC 7677 §4).
    #[error("SCRAM needs a salt and at least 4096 iterations")]
    Parameters,
    /// The text is not one that [`Keys::to_text`] wrote.
    #[error("not SCRAM keys")]
    Text,
}

/// RFC 5802 §5.1 and RFC 7677 §4.
pub(super) const LEAST_ITERATIONS: u32 = 4096;

impl Keys {
    /// The keys of a password. The salt should be 16 random octets of its own. Takes as long as the
    /// iterations make it take: milliseconds.
    ///
    /// # Errors
    ///
    /// [`KeysError`] for a password or parameters that will not do.
    pub fn derive(
        hash: Hash,
        password: &Secret,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, KeysError> {
        if salt.is_empty() || iterations < LEAST_ITERATIONS {
            return Err(KeysError::Parameters);
        }
        let password = saslprep(password.expose()).ok_or(KeysError::Password)?;
        let mut salted = hash.salted(password.as_bytes(), salt, iterations);
        let mut client_key = hash.hmac(&salted, b"Client Key");
        let keys = Self {
            hash,
            salt: salt.to_vec(),
            iterations,
            stored_key: hash.digest(&client_key),
            server_key: hash.hmac(&salted, b"Server Key"),
        };
        salted.zeroize();
        client_key.zeroize();
        Ok(keys)
    }

    /// Keys for a user that does not exist, so that an attacker learns nothing from the exchange: the
    /// salt is the same at each try, and no password fits. `secret` is a random value that the
    /// server keeps.
    pub fn fake(hash: Hash, username: &str, iterations: u32, secret: &[u8]) -> Self {
        let mut salt = hash.hmac(secret, format!("salt {username}").as_bytes());
        salt.truncate(16);
        Self {
            hash,
            salt,
            iterations,
            stored_key: hash.hmac(secret, format!("stored {username}").as_bytes()),
            server_key: hash.hmac(secret, format!("server {username}").as_bytes()),
        }
    }

    /// The hash they are for.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) const fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn stored_key(&self) -> &[u8] {
        &self.stored_key
    }

    pub(super) fn server_key(&self) -> &[u8] {
        &self.server_key
    }

    /// For storage: `scheme$iterations:salt$stored-key:server-key` (RFC 5803 §3). A secret.
    pub fn to_text(&self) -> String {
        format!(
            "{}${}:{}${}:{}",
            self.hash.name(),
            self.iterations,
            wire::encode(&self.salt),
            wire::encode(&self.stored_key),
            wire::encode(&self.server_key)
        )
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    ///
    /// [`KeysError::Text`] for anything else.
    pub fn from_text(text: &str) -> Result<Self, KeysError> {
        Self::read(text).ok_or(KeysError::Text)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('$');
        let name = parts.next()?;
        let hash = [Hash::Sha1, Hash::Sha256].into_iter().find(|hash| hash.name() == name)?;
        let (iterations, salt) = parts.next()?.split_once(':')?;
        let (stored_key, server_key) = parts.next()?.split_once(':')?;
        let keys = Self {
            hash,
            salt: wire::decode(salt.as_bytes())?,
            iterations: iterations.parse().ok()?,
            stored_key: wire::decode(stored_key.as_bytes())?,
            server_key: wire::decode(server_key.as_bytes())?,
        };
        let fits = keys.stored_key.len() == hash.output_len()
            && keys.server_key.len() == hash.output_len();
        (fits && parts.next().is_none() && !keys.salt.is_empty()).then_some(keys)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({}, ***)", self.hash.name())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stored_key.zeroize();
        self.server_key.zeroize();
    }
}
