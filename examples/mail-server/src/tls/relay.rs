//! TLS towards the next hop.

use super::{TlsError, certificates, provider};
use crate::config::{Relay, RelayTls};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{path::PathBuf, sync::Arc};

/// How to speak TLS with the next hop.
///
/// **Opportunistic** (the default) accepts any certificate whatever: expired, self-signed, of
/// another name. That is RFC 7435 opportunistic security, and what mail servers do between each
/// other: without DANE or MTA-STS a next hop's name comes from unauthenticated DNS, so checking it
/// would prove little, and refusing would mean sending the mail in the clear or not at all. It
/// hides mail from those who only listen, not from those who can answer in the next hop's place.
///
/// **Verified** accepts only certificates that lead to one of the configured roots and vouch for
/// the next hop's name; the relay must then not fall back to plain text either.
pub(crate) fn relay_client(relay: &Relay) -> Result<Arc<ClientConfig>, TlsError> {
    let clients = RelayClients::new(relay)?;
    Ok(match relay.tls {
        RelayTls::Verified | RelayTls::Implicit => clients.verified,
        RelayTls::Off | RelayTls::Opportunistic | RelayTls::Required => clients.any,
    })
}

/// As which client to speak TLS with a server.
#[derive(Clone, Debug)]
pub(crate) struct RelayClients {
    /// Any certificate will do.
    pub(crate) any: Arc<ClientConfig>,
    /// One that leads to a root and is for the name.
    pub(crate) verified: Arc<ClientConfig>,
}

impl RelayClients {
    pub(crate) fn new(relay: &Relay) -> Result<Self, TlsError> {
        let builder = || {
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()
        };
        let any = builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider())))
            .with_no_client_auth();
        let verified =
            builder()?.with_root_certificates(roots(relay.ca.as_ref())?).with_no_client_auth();
        Ok(Self { any: Arc::new(any), verified: Arc::new(verified) })
    }
}

/// The configured roots, or those of the system; those that cannot be used are skipped, as system
/// bundles hold a few odd ones.
fn roots(ca: Option<&PathBuf>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let (usable, _) = roots.add_parsable_certificates(certificates(path)?);
    if usable == 0 {
        let why = "none of its certificates can be a root".into();
        return Err(TlsError::Unusable { path: path.clone(), why });
    }
    Ok(roots)
}

/// Accepts every certificate, and still demands that the peer holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
