//! Handshakes in memory, between our server and clients that trust little or much.

use super::*;
use crate::config::{Relay, RelayTls, Tls};
use rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector};

fn config(folder: &Path) -> Config {
    Config { data: folder.into(), hostname: "mail.test".into(), ..Config::default() }
}

async fn handshake(tls: &ServerTls, relay: &Relay, name: &str) -> io::Result<()> {
    let (here, there) = tokio::io::duplex(16 * 1024);
    let acceptor = TlsAcceptor::from(tls.config.clone());
    let connector = TlsConnector::from(relay_client(relay).expect("a client"));
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let (accepted, connected) = tokio::join!(acceptor.accept(there), connector.connect(name, here));
    accepted.and(connected.map(drop))
}

fn verified(ca: PathBuf) -> Relay {
    Relay { tls: RelayTls::Verified, ca: Some(ca), ..Relay::default() }
}

#[tokio::test]
async fn a_client_that_trusts_the_ca_accepts_every_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let tls = server(&config(folder.path())).expect("made");
    let relay = verified(tls.ca.clone().expect("generated"));
    for name in ["localhost", "mail.test", "127.0.0.1", "::1"] {
        handshake(&tls, &relay, name).await.expect(name);
    }
    handshake(&tls, &relay, "other.test").await.expect_err("not its name");
}

#[tokio::test]
async fn verified_relay_refuses_another_ca_where_opportunistic_does_not() {
    let (one, two) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let tls = server(&config(one.path())).expect("made");
    let other = server(&config(two.path())).expect("made").ca.expect("generated");
    handshake(&tls, &verified(other), "mail.test").await.expect_err("another CA");
    handshake(&tls, &Relay::default(), "anything.test").await.expect("any certificate will do");
}

#[test]
fn a_configured_certificate_is_used_and_no_ca_is_made() {
    let (made, folder) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    server(&config(made.path())).expect("made");
    let mut config = config(folder.path());
    config.tls = Tls {
        certificate: Some(made.path().join("server.pem")),
        key: Some(made.path().join("server.key")),
    };
    assert_eq!(server(&config).expect("read").ca, None);
    assert!(!folder.path().join("ca.pem").exists());
}

#[test]
fn an_unusable_file_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mail.pem");
    let mut config = config(folder.path());
    config.tls = Tls { certificate: Some(path.clone()), key: Some(path.clone()) };
    let missing = server(&config).expect_err("missing").to_string();
    assert!(missing.starts_with(&format!("cannot read {}", path.display())), "{missing}");
    std::fs::write(&path, "nothing").expect("written");
    let empty = server(&config).expect_err("empty").to_string();
    assert!(empty.ends_with("it holds no certificate in PEM form"), "{empty}");
}
