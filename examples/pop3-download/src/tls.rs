//! What certificates are trusted.

use anyhow::{Context, bail};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// Trusts the roots in this file, or else those of the system.
pub(crate) fn config(ca: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let certificates: Vec<_> = match ca {
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            read.with_context(|| format!("cannot read {}", path.display()))?
        }
        None => rustls_native_certs::load_native_certs().certs,
    };
    // Bundles of systems hold a few odd ones.
    let (usable, _) = roots.add_parsable_certificates(certificates);
    if usable == 0 {
        let place = ca.map_or("the system's roots".into(), |path| path.display().to_string());
        bail!("there is no usable certificate in {place}; give --ca FILE");
    }
    Ok(Arc::new(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    ))
}
