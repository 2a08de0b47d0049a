//! What others will think of the certificate.

use super::{Names, TlsError, identity, provider};
use crate::config::Config;
use ring::digest::{SHA256, digest};
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{ServerName, UnixTime},
    server::ParsedCertificate,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A certificate that ends sooner is to be renewed now.
const AHEAD: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// What is wrong, and what to do about it.
type Fault = (String, &'static str);

/// Whether programs that trust what this system trusts will take the certificate, for two weeks or more.
pub(crate) fn judge(config: &Config) -> Result<(), Fault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    judge_with(config, roots)
}

fn judge_with(config: &Config, roots: RootCertStore) -> Result<(), Fault> {
    let unusable = |error: TlsError| (format!("cannot be used: {error}"), "see to its files");
    let (identity, _) = identity(config).map_err(unusable)?;
    let unknown = (
        "is not one that others trust".to_owned(),
        "get one from an authority, such as Let's Encrypt, and give the whole chain",
    );
    let (leaf, chain) = identity.chain.split_first().ok_or_else(|| unknown.clone())?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let verifier = verifier.build().map_err(|_| unknown.clone())?;
    let names = Names::of(config);
    let name = names.hosts.last().cloned().unwrap_or_default();
    let name = ServerName::try_from(name).map_err(|_| unknown.clone())?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = |time| {
        verifier.verify_server_cert(leaf, chain, &name, &[], UnixTime::since_unix_epoch(time))
    };
    for (time, is_now) in [(now, true), (now + AHEAD, false)] {
        let Err(error) = at(time) else { continue };
        return Err(match error {
            rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => match is_now {
                true => ("has run out".into(), "renew it, then send SIGHUP"),
                false => ("runs out within two weeks".into(), "renew it, then send SIGHUP"),
            },
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            ) => ("is not valid yet".into(), "set this machine's clock"),
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => (
                format!("is not for the name {}", config.hostname),
                "get one for this name, or set `hostname` to one of its names",
            ),
            _ => unknown,
        });
    }
    Ok(())
}

/// A client that trusts what this system trusts.
pub(crate) fn public_client() -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(client))
}

/// SHA-256 of the certificate's public key, in hexadecimal (RFC 6698 §2.1: selector 1, type 1).
pub(crate) fn key_hash(config: &Config) -> Option<String> {
    let (identity, _) = identity(config).ok()?;
    let parsed = ParsedCertificate::try_from(identity.chain.first()?).ok()?;
    let hash = digest(&SHA256, parsed.subject_public_key_info().as_ref());
    Some(hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Tls, tls::certificates};

    #[test]
    fn a_fault_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config {
            data: folder.path().into(),
            hostname: "mail.test".into(),
            ..Config::default()
        };
        identity(&config).expect("made");
        let file = |name: &str| Some(folder.path().join(name));
        config.tls = Tls { certificate: file("server.pem"), key: file("server.key") };
        let roots = || {
            let mut roots = RootCertStore::empty();
            let ca = certificates(&folder.path().join("ca.pem")).expect("made");
            roots.add_parsable_certificates(ca);
            roots
        };
        assert_eq!(judge_with(&config, roots()), Ok(()));
        let words = |result: Result<(), Fault>| result.expect_err("a fault").0;
        config.hostname = "other.test".into();
        assert_eq!(words(judge_with(&config, roots())), "is not for the name other.test");
        config.hostname = "mail.test".into();
        assert_eq!(words(judge(&config)), "is not one that others trust");
        assert_eq!(key_hash(&config).map(|hash| hash.len()), Some(64));
        config.tls.key = file("nothing");
        assert!(words(judge(&config)).starts_with("cannot be used: cannot read"));
        assert_eq!(key_hash(&config), None);
    }
}
