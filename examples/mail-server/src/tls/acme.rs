//! The certificate that was obtained by ACME: key and chain in one file of the data folder, so that
//! they are never of two certificates. And what is shown to prove a name (RFC 8737).

use super::{Identity, ServerTls, TlsError, files, generate::verify_against, provider};
use crate::config::Config;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::{
    client::verify_server_name,
    pki_types::{PrivateKeyDer, ServerName},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use std::path::PathBuf;

/// RFC 8737 §3.
pub(super) const ALPN: &[u8] = b"acme-tls/1";

/// Where it is.
#[derive(Debug)]
pub(crate) struct AcmeFile(PathBuf);

impl AcmeFile {
    pub(crate) fn of(config: &Config) -> Self {
        Self(config.data.join("acme.pem"))
    }

    /// Whether there is one that can be used.
    pub(crate) fn is_there(&self) -> bool {
        self.read().is_some()
    }

    /// `None` if there is none that can be used.
    pub(super) fn read(&self) -> Option<Identity> {
        let identity = Identity::read(&self.0, &self.0).ok()?;
        CertifiedKey::from_der(identity.chain.clone(), identity.key.clone_key(), &provider())
            .ok()?;
        Some(identity)
    }

    pub(crate) fn write(&self, pem: &str) -> Result<(), TlsError> {
        files::write(&self.0, pem.as_bytes(), files::Access::Owner)
    }

    /// Whether it is for all these names, and will be for a month.
    pub(crate) fn is_good_for(&self, names: &[String]) -> bool {
        let Some(identity) = self.read() else { return false };
        let [leaf, issuer, ..] = identity.chain.as_slice() else { return false };
        let Ok(leaf) = ParsedCertificate::try_from(leaf) else { return false };
        let is_for = |name: &String| {
            ServerName::try_from(name.as_str()).is_ok_and(|n| verify_server_name(&leaf, &n).is_ok())
        };
        names.iter().all(is_for) && verify_against(issuer, &leaf).is_ok()
    }
}

impl ServerTls {
    /// Shows the certificate of RFC 8737 §3 to who asks for this name to see a proof.
    pub(crate) fn show_challenge(&self, name: &str, digest: &[u8]) -> Result<(), TlsError> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|why| TlsError::Unusable { path: PathBuf::new(), why: why.into() })?;
        // Not by `from_der`, which knows no certificate with this extension.
        let key = provider().key_provider.load_private_key(key)?;
        self.shown.challenge(name, CertifiedKey::new(vec![certificate.into()], key));
        Ok(())
    }

    /// Shows none any more.
    pub(crate) fn forget_challenges(&self) {
        self.shown.forget_challenges();
    }
}
