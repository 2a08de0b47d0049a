//! The certificate in use, which can be changed under running listeners.

use super::acme;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

#[derive(Debug)]
pub(super) struct Shown(RwLock<Certificates>);

#[derive(Debug)]
struct Certificates {
    usual: Arc<CertifiedKey>,
    /// What proves a name to an authority.
    challenges: HashMap<String, Arc<CertifiedKey>>,
}

impl Shown {
    pub(super) fn new(certificate: CertifiedKey) -> Self {
        let usual = Arc::new(certificate);
        Self(RwLock::new(Certificates { usual, challenges: HashMap::new() }))
    }

    pub(super) fn replace(&self, certificate: CertifiedKey) {
        self.write().usual = Arc::new(certificate);
    }

    pub(super) fn challenge(&self, name: &str, certificate: CertifiedKey) {
        self.write().challenges.insert(name.to_ascii_lowercase(), Arc::new(certificate));
    }

    pub(super) fn forget_challenges(&self) {
        self.write().challenges.clear();
    }

    fn read(&self) -> RwLockReadGuard<'_, Certificates> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Certificates> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // RFC 8737 §3: the one who looks offers this protocol and no other.
        let is_authority = hello.alpn().is_some_and(|mut alpn| alpn.any(|name| name == acme::ALPN));
        let shown = self.read();
        match is_authority {
            true => shown.challenges.get(&hello.server_name()?.to_ascii_lowercase()).cloned(),
            false => Some(shown.usual.clone()),
        }
    }
}
