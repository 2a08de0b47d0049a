//! The generated CA and server certificate: made once, kept in the data folder, made anew when they
//! no longer fit.

use super::{Identity, Names, TlsError, certificates, files, provider};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::{
    CertificateError, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Clients add the CA by hand: not often, then.
const CA_LIFE: Duration = DAY.saturating_mul(3652);
/// Some clients refuse certificates that live longer than 398 days.
const CERTIFICATE_LIFE: Duration = DAY.saturating_mul(397);
/// What has less than this left is made anew at the next start.
const RENEW_BEFORE: Duration = DAY.saturating_mul(30);

/// What `keep` found or made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) identity: Identity,
    /// Path of the CA's certificate.
    pub(super) ca: PathBuf,
}

/// The certificate kept in `folder` for these names; made, with its CA, if there is none that still
/// fits.
pub(super) fn keep(folder: &Path, names: &Names) -> Result<Made, TlsError> {
    let paths = Paths::within(folder);
    let ca = match Ca::load(&paths) {
        Some(ca) => ca,
        None => Ca::make(&paths)?,
    };
    let identity = match load_identity(&paths, &ca, names) {
        Some(identity) => identity,
        None => make_identity(&paths, &ca, names)?,
    };
    Ok(Made { identity, ca: paths.ca })
}

struct Paths {
    ca: PathBuf,
    ca_key: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Paths {
    fn within(folder: &Path) -> Self {
        Self {
            ca: folder.join("ca.pem"),
            ca_key: folder.join("ca.key"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        }
    }
}

struct Ca {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Ca {
    /// `None` if it is absent, damaged or near its end.
    fn load(paths: &Paths) -> Option<Self> {
        let certificate = certificates(&paths.ca).ok()?.into_iter().next()?;
        let key = KeyPair::from_pem(&fs::read_to_string(&paths.ca_key).ok()?).ok()?;
        let ca = Self { certificate, key };
        ca.is_good().then_some(ca)
    }

    fn make(paths: &Paths) -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = ca_params().self_signed(&key)?;
        // The key first: a certificate whose key is missing is useless, and found so at the next
        // start.
        files::write(&paths.ca_key, key.serialize_pem().as_bytes(), files::Access::Owner)?;
        files::write(&paths.ca, certificate.pem().as_bytes(), files::Access::Everybody)?;
        Ok(Self { certificate: certificate.der().clone(), key })
    }

    /// The key belongs to the certificate, and there is time left.
    fn is_good(&self) -> bool {
        let Ok(parsed) = ParsedCertificate::try_from(&self.certificate) else { return false };
        let key = parsed.subject_public_key_info();
        key.as_ref().ends_with(self.key.public_key_raw()) && !self.is_ending(&parsed)
    }

    /// A CA is no server certificate, so verifying it as one always fails; its dates are looked at
    /// first.
    fn is_ending(&self, parsed: &ParsedCertificate<'_>) -> bool {
        matches!(
            verify_against(&self.certificate, parsed),
            Err(rustls::Error::InvalidCertificate(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            ))
        )
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "mail-server generated CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    set_dates(&mut params, CA_LIFE);
    params
}

/// `None` if it is absent, damaged, near its end, of another CA, or does not vouch for one of the
/// names.
fn load_identity(paths: &Paths, ca: &Ca, names: &Names) -> Option<Identity> {
    let identity = Identity::read(&paths.certificate, &paths.key).ok()?;
    let parsed = ParsedCertificate::try_from(identity.chain.first()?).ok()?;
    verify_against(&ca.certificate, &parsed).ok()?;
    let hosts = names.hosts.iter().filter_map(|host| ServerName::try_from(host.as_str()).ok());
    let addresses = names.addresses.iter().map(|address| ServerName::from(*address));
    for name in hosts.chain(addresses) {
        verify_server_name(&parsed, &name).ok()?;
    }
    let signing = provider().key_provider.load_private_key(identity.key.clone_key()).ok()?;
    (signing.public_key()? == parsed.subject_public_key_info()).then_some(identity)
}

fn make_identity(paths: &Paths, ca: &Ca, names: &Names) -> Result<Identity, TlsError> {
    let mut params = CertificateParams::new(names.hosts.clone())?;
    params.subject_alt_names.extend(names.addresses.iter().copied().map(SanType::IpAddress));
    // RFC 9525 §2: the name is in subjectAltName; the subject is for people.
    params.distinguished_name.push(DnType::CommonName, "mail-server");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_dates(&mut params, CERTIFICATE_LIFE);
    let key = KeyPair::generate()?;
    let issuer = Issuer::new(ca_params(), &ca.key);
    let certificate = params.signed_by(&key, &issuer)?;
    files::write(&paths.key, key.serialize_pem().as_bytes(), files::Access::Owner)?;
    files::write(&paths.certificate, certificate.pem().as_bytes(), files::Access::Everybody)?;
    Identity::read(&paths.certificate, &paths.key)
}

/// A day back, for clients whose clock is slow.
fn set_dates(params: &mut CertificateParams, life: Duration) {
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + life).into();
}

/// Whether this is a server certificate of that CA, and will be for a while.
pub(super) fn verify_against(
    ca: &CertificateDer<'_>,
    certificate: &ParsedCertificate<'_>,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone().into_owned())?;
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let then = UnixTime::since_unix_epoch(since_epoch + RENEW_BEFORE);
    let algorithms = provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(certificate, &roots, &[], then, algorithms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: &str) -> Names {
        Names {
            hosts: vec!["localhost".into(), host.into()],
            addresses: vec![[127, 0, 0, 1].into()],
        }
    }

    fn chain(made: &Made) -> &[CertificateDer<'static>] {
        &made.identity.chain
    }

    #[test]
    fn it_is_made_once_and_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = keep(folder.path(), &names("mail.test")).expect("made");
        let ca = fs::read(&first.ca).expect("written");
        let second = keep(folder.path(), &names("mail.test")).expect("found");
        assert_eq!(chain(&first), chain(&second));
        assert_eq!(ca, fs::read(&second.ca).expect("still there"));
    }

    #[test]
    fn another_host_name_gets_another_certificate_of_the_same_ca() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = keep(folder.path(), &names("mail.test")).expect("made");
        let ca = fs::read(&first.ca).expect("written");
        let second = keep(folder.path(), &names("mx.test")).expect("made");
        assert_ne!(chain(&first), chain(&second));
        assert_eq!(ca, fs::read(&second.ca).expect("still there"));
    }

    #[test]
    fn a_certificate_with_another_key_is_made_anew() {
        let (one, two) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let first = keep(one.path(), &names("mail.test")).expect("made");
        keep(two.path(), &names("mail.test")).expect("made");
        fs::copy(two.path().join("server.key"), one.path().join("server.key")).expect("copied");
        let second = keep(one.path(), &names("mail.test")).expect("made");
        assert_ne!(chain(&first), chain(&second));
    }

    #[test]
    fn a_ca_with_another_key_or_near_its_end_is_made_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::within(folder.path());
        let ca = Ca::make(&paths).expect("made");
        assert!(ca.is_good());
        let other_key = KeyPair::generate().expect("a key");
        assert!(!Ca { certificate: ca.certificate.clone(), key: other_key }.is_good());
        let mut params = ca_params();
        set_dates(&mut params, RENEW_BEFORE - DAY);
        let certificate = params.self_signed(&ca.key).expect("signed").der().clone();
        assert!(!Ca { certificate, key: ca.key }.is_good());
    }

    #[test]
    fn a_certificate_near_its_end_or_of_another_ca_does_not_verify() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths::within(folder.path());
        let ca = Ca::make(&paths).expect("made");
        let mut params = CertificateParams::new(vec!["localhost".into()]).expect("a name");
        set_dates(&mut params, RENEW_BEFORE - DAY);
        let key = KeyPair::generate().expect("a key");
        let ending = params.signed_by(&key, &Issuer::new(ca_params(), &ca.key)).expect("signed");
        let parsed = ParsedCertificate::try_from(ending.der()).expect("a certificate");
        assert!(verify_against(&ca.certificate, &parsed).is_err());

        set_dates(&mut params, CERTIFICATE_LIFE);
        let lasting = params.signed_by(&key, &Issuer::new(ca_params(), &ca.key)).expect("signed");
        let parsed = ParsedCertificate::try_from(lasting.der()).expect("a certificate");
        assert!(verify_against(&ca.certificate, &parsed).is_ok());
        let other = ca_params().self_signed(&KeyPair::generate().expect("a key")).expect("signed");
        assert!(verify_against(other.der(), &parsed).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        keep(folder.path(), &names("mail.test")).expect("made");
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).expect("there").permissions().mode() & 0o777
        };
        assert_eq!((mode("ca.key"), mode("server.key")), (0o600, 0o600));
        assert_eq!(mode("ca.pem") & 0o444, 0o444);
    }
}
