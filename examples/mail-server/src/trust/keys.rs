//! The keys that mail is signed with, one PEM file each in the folder `dkim` of the data folder:
//! `SELECTOR.STATE.pem`.

use base64::{Engine, engine::general_purpose::STANDARD};
use mail_auth::{
    common::crypto::{DkimKey, Ed25519Key, RsaKey, Sha256},
    dkim::generate::DkimKeyPair,
};
use rsa::{RsaPublicKey, pkcs1::DecodeRsaPublicKey, pkcs8::EncodePublicKey};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};
use time::{OffsetDateTime, macros::format_description};
use zeroize::Zeroizing;

const FOLDER: &str = "dkim";
/// RFC 8301 §3.2: signers should use at least 2,048 bits.
const RSA_BITS: usize = 2048;

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{} is no key for DKIM: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("cannot make a key: {0}")]
    Make(String),
    #[error("no key waits; make a pair with `mail-server dkim add` and publish its records first")]
    NothingWaits,
    #[error("there is no key `{0}`")]
    NoSuchKey(String),
    #[error("the key `{0}` signs; switch to another pair first")]
    Signs(String),
}

/// What a key is for at present.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum State {
    /// It signs.
    Signing,
    /// Its record is to be published; then it is to sign.
    Waiting,
    /// It signed; messages under way are still checked against its record.
    Retired,
}

impl State {
    const ALL: [Self; 3] = [Self::Signing, Self::Waiting, Self::Retired];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Waiting => "waiting",
            Self::Retired => "retired",
        }
    }
}

/// One key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) selector: String,
    pub(crate) state: State,
    /// The TXT record of `SELECTOR._domainkey.DOMAIN` (RFC 6376 §3.6.1).
    pub(crate) record: String,
    pem: Zeroizing<Vec<u8>>,
    path: PathBuf,
}

impl Key {
    fn read(path: PathBuf, selector: &str, state: State) -> Result<Self, KeyError> {
        let failed = |error| KeyError::File { path: path.clone(), error };
        let pem = Zeroizing::new(fs::read(&path).map_err(failed)?);
        let unusable = |why: String| KeyError::Unusable { path: path.clone(), why };
        let record = match parse(&pem).map_err(unusable)? {
            DkimKey::Ed25519(key) => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key()))
            }
            DkimKey::Rsa(key) => {
                // RFC 6376 §3.6.1 means RSAPublicKey; what everybody publishes and reads is the
                // SubjectPublicKeyInfo around it.
                let key = RsaPublicKey::from_pkcs1_der(&key.public_key());
                let key = key.map_err(|error| unusable(error.to_string()))?;
                let key = key.to_public_key_der().map_err(|error| unusable(error.to_string()))?;
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(key.as_bytes()))
            }
        };
        Ok(Self { selector: selector.into(), state, record, pem, path })
    }

    /// Ready to sign with.
    pub(super) fn signer(&self) -> Result<DkimKey, String> {
        parse(&self.pem)
    }
}

fn parse(pem: &[u8]) -> Result<DkimKey, String> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
    if let PrivateKeyDer::Pkcs8(der) = &key
        && let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_pkcs8_der())
    {
        return Ok(DkimKey::Ed25519(key));
    }
    RsaKey::<Sha256>::from_key_der(key).map(DkimKey::Rsa).map_err(|error| error.to_string())
}

/// All keys. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct DkimKeys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    keys: RwLock<Arc<[Key]>>,
}

impl DkimKeys {
    /// Those of this data folder; there may be none.
    pub(crate) fn load(data: &Path) -> Result<Self, KeyError> {
        let folder = data.join(FOLDER);
        let keys = RwLock::new(read_all(&folder)?);
        Ok(Self(Arc::new(Shared { folder, keys })))
    }

    /// Those that sign first, then by selector.
    pub(crate) fn all(&self) -> Arc<[Key]> {
        self.0.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the folder again.
    pub(crate) fn reload(&self) -> Result<(), KeyError> {
        let keys = read_all(&self.0.folder)?;
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Makes a pair, Ed25519 and RSA (RFC 8463 §3: not every verifier knows the first). The first pair
    /// signs at once, as there is nothing to lose; later ones wait for their records.
    pub(crate) fn add(&self) -> Result<Vec<Key>, KeyError> {
        let made = |made: mail_auth::Result<DkimKeyPair>| {
            made.map_err(|error| KeyError::Make(error.to_string()))
        };
        let first = self.all().iter().all(|key| key.state != State::Signing);
        let state = if first { State::Signing } else { State::Waiting };
        let suffix = self.suffix();
        let pairs = [
            ("ed", "PRIVATE KEY", made(DkimKeyPair::generate_ed25519())?),
            ("rsa", "RSA PRIVATE KEY", made(DkimKeyPair::generate_rsa(RSA_BITS))?),
        ];
        let folder = &self.0.folder;
        fs::create_dir_all(folder)
            .map_err(|error| KeyError::File { path: folder.clone(), error })?;
        let mut names = Vec::new();
        for (kind, label, pair) in pairs {
            let selector = format!("{kind}{suffix}");
            let path = folder.join(format!("{selector}.{}.pem", state.name()));
            crate::tls::write_key(&path, pem(label, pair.private_key()).as_bytes())
                .map_err(|error| KeyError::Make(error.to_string()))?;
            names.push(selector);
        }
        self.reload()?;
        Ok(self.all().iter().filter(|key| names.contains(&key.selector)).cloned().collect())
    }

    /// Those that wait sign from now on; those that signed are retired.
    pub(crate) fn switch(&self) -> Result<(), KeyError> {
        let keys = self.all();
        if keys.iter().all(|key| key.state != State::Waiting) {
            return Err(KeyError::NothingWaits);
        }
        // The new ones first: a crash in between leaves both signing.
        for (from, to) in [(State::Waiting, State::Signing), (State::Signing, State::Retired)] {
            for key in keys.iter().filter(|key| key.state == from) {
                let path = self.0.folder.join(format!("{}.{}.pem", key.selector, to.name()));
                fs::rename(&key.path, &path).map_err(|error| KeyError::File { path, error })?;
            }
        }
        self.reload()
    }

    /// Removes a key that does not sign.
    pub(crate) fn remove(&self, selector: &str) -> Result<(), KeyError> {
        let keys = self.all();
        let key = keys.iter().find(|key| key.selector == selector);
        let key = key.ok_or_else(|| KeyError::NoSuchKey(selector.into()))?;
        if key.state == State::Signing {
            return Err(KeyError::Signs(selector.into()));
        }
        let path = key.path.clone();
        fs::remove_file(&path).map_err(|error| KeyError::File { path, error })?;
        self.reload()
    }

    /// Today, and a letter where there were keys today already.
    fn suffix(&self) -> String {
        let today = OffsetDateTime::now_utc().date();
        let today = today.format(format_description!("[year][month][day]")).unwrap_or_default();
        let keys = self.all();
        let is_free = |suffix: &String| keys.iter().all(|key| !key.selector.ends_with(suffix));
        let mut names =
            (0_u32..).map(|n| if n == 0 { today.clone() } else { format!("{today}-{n}") });
        names.find(is_free).unwrap_or_default()
    }
}

fn read_all(folder: &Path) -> Result<Arc<[Key]>, KeyError> {
    let failed = |error| KeyError::File { path: folder.into(), error };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>().map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".pem")) else { continue };
        let Some((selector, state)) = name.rsplit_once('.') else { continue };
        if let Some(state) = State::ALL.into_iter().find(|known| known.name() == state) {
            keys.push(Key::read(entry.path(), selector, state)?);
        }
    }
    keys.sort_by(|a, b| (a.state, &a.selector).cmp(&(b.state, &b.selector)));
    Ok(keys.into())
}

/// RFC 7468 §2.
fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(STANDARD.encode(der));
    let mut pem = Zeroizing::new(format!("-----BEGIN {label}-----\n"));
    for (place, c) in text.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(keys: &DkimKeys) -> Vec<State> {
        keys.all().iter().map(|key| key.state).collect()
    }

    #[test]
    fn a_pair_signs_then_another_takes_its_place() {
        use State::{Retired, Signing, Waiting};
        let folder = tempfile::tempdir().expect("a folder");
        let keys = DkimKeys::load(folder.path()).expect("loaded");
        assert!(matches!(keys.switch(), Err(KeyError::NothingWaits)));
        let first = keys.add().expect("made");
        assert_eq!(states(&keys), [Signing; 2]);
        assert!(first[0].record.starts_with("v=DKIM1; k=ed25519; p="), "{}", first[0].record);
        // An RSA key of 2,048 bits in its SubjectPublicKeyInfo: 294 octets.
        assert!(first[1].record.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"));
        keys.add().expect("made");
        assert_eq!(states(&keys), [Signing, Signing, Waiting, Waiting]);
        keys.switch().expect("switched");
        assert_eq!(states(&keys), [Signing, Signing, Retired, Retired]);
        let old = &first[0].selector;
        keys.remove(old).expect("removed");
        assert!(matches!(keys.remove(old), Err(KeyError::NoSuchKey(_))));
        let signing = keys.all()[0].selector.clone();
        assert!(matches!(keys.remove(&signing), Err(KeyError::Signs(_))));
        let again = DkimKeys::load(folder.path()).expect("loaded");
        assert_eq!(states(&again), [Signing, Signing, Retired]);
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let keys = DkimKeys::load(folder.path()).expect("loaded");
        for key in keys.add().expect("made") {
            let mode = fs::metadata(&key.path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
