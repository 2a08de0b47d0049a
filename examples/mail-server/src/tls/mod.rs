//! TLS: the certificate this server shows, and what is demanded of the servers that mail is relayed
//! to.

mod acme;
mod files;
mod generate;
mod judge;
mod relay;
mod shown;

pub(crate) use self::{
    acme::AcmeFile,
    files::write_key,
    judge::{judge, key_hash, public_client},
    relay::{RelayClients, relay_client},
};

use self::shown::Shown;
use crate::config::Config;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot {what} {}: {error}", path.display())]
    File { what: &'static str, path: PathBuf, error: io::Error },
    #[error("{} is not usable: {why}", path.display())]
    Unusable { path: PathBuf, why: String },
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    #[error("cannot set TLS up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The server's side of TLS.
#[derive(Clone, Debug)]
pub(crate) struct ServerTls {
    /// TLS 1.2 and 1.3, certificate and key loaded.
    pub(crate) config: Arc<ServerConfig>,
    /// The same for HTTPS, and for authorities that look there.
    pub(crate) web: Arc<ServerConfig>,
    /// The certificate in use.
    shown: Arc<Shown>,
    /// The generated CA, for clients to trust; `None` if the certificate came from the
    /// configuration.
    pub(crate) ca: Option<PathBuf>,
}

/// The configured certificate, or else a generated one that is kept in the data folder.
pub(crate) fn server(config: &Config) -> Result<ServerTls, TlsError> {
    let (identity, ca) = identity(config)?;
    let shown = Arc::new(Shown::new(identity.certified()?));
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(shown.clone());
    let mut web = server.clone();
    web.alpn_protocols = vec![b"http/1.1".to_vec(), acme::ALPN.to_vec()];
    Ok(ServerTls { config: Arc::new(server), web: Arc::new(web), shown, ca })
}

impl ServerTls {
    /// Reads the files again. Handshakes from now on show what is there; sessions go on as they are. On
    /// an error nothing changes.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), TlsError> {
        let (identity, _) = identity(config)?;
        self.shown.replace(identity.certified()?);
        Ok(())
    }
}

fn identity(config: &Config) -> Result<(Identity, Option<PathBuf>), TlsError> {
    Ok(match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => (Identity::read(certificate, key)?, None),
        _ => {
            if config.acme.is_used(&config.tls)
                && let Some(identity) = AcmeFile::of(config).read()
            {
                return Ok((identity, None));
            }
            let made = generate::keep(&config.data, &Names::of(config))?;
            (made.identity, Some(made.ca))
        }
    })
}

/// The same cryptography everywhere: ring.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A certificate with those that lead to its root, and its private key.
#[derive(Debug)]
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Ready for handshakes, if the key is that of the certificate.
    fn certified(self) -> Result<CertifiedKey, TlsError> {
        Ok(CertifiedKey::from_der(self.chain, self.key, &provider())?)
    }

    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates(certificate)?;
        let pem = files::read(key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|error| TlsError::Unusable { path: key.into(), why: error.to_string() })?;
        Ok(Self { chain, key })
    }
}

/// All certificates of a PEM file; at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = |why: String| TlsError::Unusable { path: path.into(), why };
    let found = CertificateDer::pem_slice_iter(&files::read(path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() {
        return Err(unusable("it holds no certificate in PEM form".into()));
    }
    Ok(found)
}

/// What the generated certificate vouches for.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Names {
    hosts: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    fn of(config: &Config) -> Self {
        let mut hosts = vec!["localhost".to_owned()];
        if !hosts.contains(&config.hostname) {
            hosts.push(config.hostname.clone());
        }
        let mut addresses =
            vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        for address in &config.listen {
            if !address.is_unspecified() && !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        Self { hosts, addresses }
    }
}

#[cfg(test)]
mod tests;
