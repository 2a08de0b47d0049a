//! What SCRAM (RFC 5802) needs beside the password hashes.

use super::HashError;
use mailwire::sasl::{Hash, Keys, Secret};
use ring::rand::{SecureRandom, SystemRandom};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// The only hash that keys are kept for: those of another would be one more thing to steal.
pub(super) const HASH: Hash = Hash::Sha256;
/// Above the 4,096 of RFC 7677 §4, and still some milliseconds for a client.
const ITERATIONS: u32 = 20_000;
/// The file in the data folder that holds the secret below.
const FILE: &str = "login-secret";

/// A secret of this server that says which salt a user has who does not exist. It outlives the
/// process, so that such a salt is no less stable than a real one.
#[derive(Clone)]
pub(crate) struct LoginSecret([u8; 32]);

impl LoginSecret {
    /// A new one, for as long as the process lives.
    pub(crate) fn random() -> Self {
        let mut secret = [0; 32];
        // Without randomness the salts of nobodies can be told; no log-in is any easier.
        let _ = SystemRandom::new().fill(&mut secret);
        Self(secret)
    }

    /// The one in this folder; made if there is none.
    pub(crate) fn keep(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Ok(kept) => {
                if let Ok(kept) = kept.try_into() {
                    return Ok(Self(kept));
                }
                // A crash came between: it is made anew.
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let made = Self::random();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        file.write_all(&made.0)?;
        file.sync_all()?;
        Ok(made)
    }

    /// The keys of a user who does not exist: no password fits them.
    pub(super) fn keys_of_nobody(&self, username: &str) -> Keys {
        Keys::fake(HASH, &username.to_ascii_lowercase(), ITERATIONS, &self.0)
    }
}

impl std::fmt::Debug for LoginSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// The keys of a password, with a random salt. Takes some milliseconds. `None` for a password that
/// SCRAM cannot have (RFC 4013): PLAIN and LOGIN take it all the same.
pub(super) fn keys(password: &str) -> Result<Option<Keys>, HashError> {
    let salt = random::<16>()?;
    Ok(Keys::derive(HASH, &Secret::new(password), &salt, ITERATIONS).ok())
}

/// Random octets.
pub(super) fn random<const N: usize>() -> Result<[u8; N], HashError> {
    let mut octets = [0; N];
    SystemRandom::new()
        .fill(&mut octets)
        .map_err(|_| HashError("no random numbers to be had".into()))?;
    Ok(octets)
}
