//! Against a web server with TLS and a name server.

use super::*;
use crate::{
    config::{Config, Relay},
    demo::name_server::{NameServer, Zone},
    http::{self, Answer, Site},
    tls::{self, RelayClients},
};
use hyper::body::Incoming;
use mailstore::MemoryStore;
use std::{net::Ipv4Addr, path::Path};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: *.one.test\r\nmax_age: 86400\r\n";

/// Says the same to all.
struct Says(StatusCode, &'static str, Bytes);

impl Site for Says {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        assert_eq!(request.uri().path(), "/.well-known/mta-sts.txt");
        assert_eq!(request.headers()[HOST], "mta-sts.one.test");
        http::text(self.0, self.1, self.2.clone())
    }
}

/// The text that is fetched from a host of this name which says this.
async fn fetched(folder: &Path, name: &str, says: Says) -> Result<String, String> {
    let config = Config { data: folder.into(), hostname: name.into(), ..Config::default() };
    let server = tls::server(&config).expect("made");
    let relay = Relay { ca: server.ca.clone(), ..Relay::default() };
    let client = RelayClients::new(&relay).expect("a client").verified;
    let zone = Zone::new("one.test").a("mta-sts.one.test", Ipv4Addr::LOCALHOST);
    let names = NameServer::start(vec![zone]).await.expect("a name server");
    let dns = Dns::new(Some(names.address())).expect("a resolver");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let serving = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.expect("a client");
        if let Ok(stream) = TlsAcceptor::from(server.config).accept(tcp).await {
            http::serve(stream, Arc::new(says), CancellationToken::new()).await;
        }
    });
    let text = fetch(&dns, client, "one.test", port).await.map_err(|error| error.to_string());
    serving.await.expect("done");
    text
}

#[tokio::test]
async fn a_policy_comes_from_its_host_under_tls_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = "mta-sts.one.test";
    let ok = |kind, text: &'static str| Says(StatusCode::OK, kind, text.into());
    let from = |name, says| fetched(folder.path(), name, says);
    assert_eq!(from(host, ok("text/plain; charset=utf-8", POLICY)).await, Ok(POLICY.into()));
    for (says, why) in [
        (Says(StatusCode::FOUND, "text/plain", POLICY.into()), "302"),
        (Says(StatusCode::NOT_FOUND, "text/plain", POLICY.into()), "404"),
        (ok("text/html", POLICY), "not text/plain"),
        (Says(StatusCode::OK, "text/plain", vec![b'x'; LONGEST + 1].into()), "limit"),
    ] {
        let error = from(host, says).await.expect_err(why);
        assert!(error.contains(why), "{error}");
    }
    let other = tempfile::tempdir().expect("a folder");
    let error = fetched(other.path(), "one.test", ok("text/plain", POLICY)).await;
    assert!(error.expect_err("not its name").contains("certificate"));
}

#[tokio::test]
async fn a_policy_outlives_the_process_and_not_its_age() {
    let store = MemoryStore::new();
    Sts::default().keep(&store, "one.test", "1", POLICY.into()).await;
    Sts::default().keep(&store, "old.test", "1", POLICY.replace("86400", "0")).await;
    let again = Sts::default();
    again.load(&store).await.expect("read");
    let known = lock(&again.known).clone();
    assert_eq!(known.keys().collect::<Vec<_>>(), ["one.test"]);
    let known = &known["one.test"];
    assert!(known.policy(known.fetched + 86_399).is_some_and(|policy| policy.covers("a.one.test")));
    assert_eq!(known.policy(known.fetched + 86_400), None);
    let kept = store.metadata(Scope::Store).await.expect("read");
    assert_eq!(kept.len(), 1, "what is over is forgotten");
}

#[test]
fn after_a_failure_there_is_a_pause() {
    let sts = Sts::default();
    assert!(!sts.has_failed("one.test"));
    lock(&sts.failed).insert("one.test".into(), Instant::now());
    assert!(sts.has_failed("one.test") && !sts.has_failed("two.test"));
}
