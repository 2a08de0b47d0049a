//! Our client against a server with a memory store, over loopback.

use super::*;
use crate::{
    accounts::Users,
    app::Made,
    config::{Config as Settings, Current, Pop3, Port, Ports},
    listen::{self, Listening},
    metrics::Metrics,
    tls,
};
use mailstore::{Accounts, Flags, Mailboxes, MemoryStore, Messages, NewMessage};
use pop3_proto::client::{self, Client, Outcome};
use std::{net::SocketAddr, sync::RwLock};
use tokio::net::TcpStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const OFF: Ports = Ports {
    smtp: Port::OFF,
    submission: Port::OFF,
    submissions: Port::OFF,
    imap: Port::OFF,
    imaps: Port::OFF,
    pop3: Port::ANY,
    pop3s: Port::OFF,
    lmtp: Port::OFF,
    https: Port::OFF,
    metrics: Port::OFF,
};

struct Fixture {
    store: MemoryStore,
    inbox: MailboxId,
    listening: Listening,
    address: SocketAddr,
    client_tls: Arc<rustls::ClientConfig>,
}

/// A server with one account, `carol@example.test`, and these messages in its INBOX.
async fn start(messages: &[&str]) -> Fixture {
    start_with(Pop3::default(), messages).await
}

async fn start_with(pop3: Pop3, messages: &[&str]) -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Settings { data: folder.path().into(), ports: OFF, pop3, ..Settings::default() };
    let store = MemoryStore::new();
    let directory = crate::accounts::Directory::of(&config.domains);
    let users = Users::new(store.clone(), directory, crate::accounts::LoginSecret::random());
    let account = users.add("carol@example.test", "carol-secret").await.expect("added");
    let inbox = store.mailbox(account.id, "INBOX").await.expect("an INBOX").id;
    for text in messages {
        let mut upload = store.upload();
        upload.write(text.as_bytes()).await.expect("written");
        let staged = upload.finish().await.expect("staged");
        // What IMAP marks as deleted is still there for POP3.
        let message = NewMessage::new(staged).flags(Flags::DELETED);
        store.append(inbox, vec![message]).await.expect("appended");
    }
    let bound = listen::bind(&config).expect("bound");
    let address = bound[0].address;
    let settings = Current::new(config.clone());
    let tls = tls::server(&config).expect("a certificate");
    let listening = Listening {
        tls: tls.config,
        web: tls.web,
        settings: settings.clone(),
        metrics: Arc::new(Metrics::new().expect("metrics")),
        limits: crate::limits::Limits::new(settings.clone()),
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    let client_tls = tls::relay_client(&config.relay).expect("a client");
    let switch = crate::relay::Switch::load(&store).await.expect("loaded");
    let made = RwLock::new(Made::from(&config).expect("made"));
    let keys = crate::trust::DkimKeys::load(folder.path()).expect("none");
    let metrics = listening.metrics.clone();
    let app = App {
        settings,
        store: store.clone(),
        news: Default::default(),
        users,
        made,
        keys,
        switch,
        metrics,
        limits: listening.limits.clone(),
        greylist: crate::smtp::Greylist::new(folder.path()),
        filters: Vec::new(),
        relay_sink: None,
    };
    listening.start(bound, &Arc::new(app));
    Fixture { store, inbox, listening, address, client_tls }
}

/// All that a session reports, one event a line, after STLS.
async fn talk(fixture: &Fixture, commands: impl FnOnce(&mut Client)) -> Vec<String> {
    let tcp = TcpStream::connect(fixture.address).await.expect("connected");
    let mut driver = Driver::new(Client::new(client::Config::default()), Wire::new(tcp));
    driver.machine.stls().expect("STLS");
    commands(&mut driver.machine);
    let mut said = Vec::new();
    loop {
        let Some(event) = driver.next().await.expect("a connection") else {
            if driver.stop() != Stop::Upgrade {
                return said;
            }
            let (mut machine, mut wire) = driver.into_parts();
            assert!(machine.upgrade().is_empty());
            let name = "localhost".try_into().expect("a name");
            wire.connect_tls(fixture.client_tls.clone(), name).await.expect("TLS");
            driver = Driver::new(machine, wire);
            continue;
        };
        match event {
            client::Event::Greeting { .. } | client::Event::Done(Outcome::StartTls) => {}
            client::Event::Body(octets) => said.push(String::from_utf8_lossy(octets).into_owned()),
            event => said.push(format!("{event:?}")),
        }
    }
}

fn log_in(client: &mut Client) {
    client.login("carol@example.test", "carol-secret").expect("given");
}

#[tokio::test]
async fn a_maildrop_is_read_and_what_is_deleted_is_removed_at_quit() {
    let fixture = start(&["Subject: one\r\n\r\n.dot\r\n", "Subject: two\r\n\r\nbody\r\n"]).await;
    let said = talk(&fixture, |client| {
        log_in(client);
        client.stat().expect("given");
        client.uidl().expect("given");
        client.retr(1).expect("given");
        client.top(2, 0).expect("given");
        client.dele(1).expect("given");
        client.quit().expect("given");
    })
    .await;
    let generation = fixture.store.snapshot(fixture.inbox).await.expect("there").uid_validity();
    let text = said.join("\n");
    assert!(text.contains("Stat { messages: 2, octets: 44 }"), "{text}");
    assert!(text.contains(&format!("message: 2, uidl: \"{generation}-2\"")), "{text}");
    assert!(
        text.contains("Subject: one\r\n\r\n\n.dot\r\n") || text.contains("\r\n.dot\r\n"),
        "{text}"
    );
    assert!(text.contains("Subject: two\r\n\r\n\nDone(Top"), "{text}");
    assert!(text.ends_with("Done(Quit)"), "{text}");
    let left: Vec<_> = fixture.store.snapshot(fixture.inbox).await.expect("there").uids().collect();
    assert_eq!(left.iter().map(|uid| uid.value()).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn the_sizes_it_announces_are_those_it_sends() {
    let messages =
        ["a: b\r\n\r\nx\r\n", "a: b\n\n.x\nno end", "a: b\r\n\r\ncr\rlf\n", "a: b\r\n\r\nno end"];
    let sent = [
        "a: b\r\n\r\nx\r\n",
        "a: b\r\n\r\n.x\r\nno end\r\n",
        "a: b\r\n\r\ncr\r\nlf\r\n",
        "a: b\r\n\r\nno end\r\n",
    ];
    for summarized in [false, true] {
        let fixture = start(&[]).await;
        for text in messages {
            let mut upload = fixture.store.upload();
            upload.write(text.as_bytes()).await.expect("written");
            let mut message = NewMessage::new(upload.finish().await.expect("staged"));
            if summarized {
                message = message.facts(imap_proto::mime::summarize(text.as_bytes()));
            }
            fixture.store.append(fixture.inbox, vec![message]).await.expect("appended");
        }
        let said = talk(&fixture, |client| {
            log_in(client);
            client.list().expect("given");
            (1..=4).for_each(|number| client.retr(number).expect("given"));
            client.quit().expect("given");
        })
        .await;
        let text = said.concat();
        for (number, body) in (1..).zip(sent) {
            let scan = format!("Scan {{ message: {number}, octets: {} }}", body.len());
            assert!(text.contains(&scan) && text.contains(body), "{number}: {text}");
        }
    }
}

#[tokio::test]
async fn it_says_what_it_can_do_and_nothing_that_it_does_not_keep() {
    let fixture = start(&[]).await;
    let said = talk(&fixture, |client| {
        client.capa().expect("given");
        log_in(client);
        client.capa().expect("given");
        client.quit().expect("given");
    })
    .await;
    let capabilities: Vec<_> = said.iter().filter(|said| said.contains("Capabilities")).collect();
    assert_eq!(capabilities.len(), 2, "{said:?}");
    for said in capabilities {
        for tag in ["TOP", "UIDL", "PIPELINING", "EXPIRE NEVER", "LANG", "SCRAM-SHA-256"] {
            assert!(said.contains(tag), "{tag} not in {said}");
        }
        assert!(said.contains(concat!("IMPLEMENTATION mail-server ", env!("CARGO_PKG_VERSION"))));
        for tag in ["LOGIN-DELAY", "STLS", "\"UTF8"] {
            assert!(!said.contains(tag), "{tag} in {said}");
        }
    }
}

const GREETING: &str = "Subject: Gr\u{fc}\u{df}e\r\n\r\nbody\r\n";

#[tokio::test]
async fn where_utf8_is_offered_a_header_that_needs_it_waits_for_a_client_that_asks() {
    let ascii = "Subject: one\r\n\r\nGr\u{fc}\u{df}e\r\n";
    let fixture = start_with(Pop3 { utf8: true }, &[GREETING, ascii]).await;
    for asks in [false, true] {
        let said = talk(&fixture, |client| {
            client.capa().expect("given");
            if asks {
                client.utf8().expect("given");
            }
            log_in(client);
            client.retr(1).expect("given");
            client.top(1, 0).expect("given");
            client.retr(2).expect("given");
            client.quit().expect("given");
        })
        .await;
        let refused = said.iter().filter(|said| said.contains("code: Some(Utf8)")).count();
        assert_eq!(refused, if asks { 0 } else { 2 }, "{said:?}");
        let text = said.join("\n");
        assert!(text.contains("\"UTF8 USER\"") && text.contains("Subject: one"), "{text}");
        assert_eq!(text.contains("Gr\u{fc}\u{df}e\r\n\r\nbody"), asks, "{text}");
        while fixture.listening.tasks.len() > 1 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn where_utf8_is_not_offered_a_message_comes_as_it_is() {
    let fixture = start(&[GREETING]).await;
    let said = talk(&fixture, |client| {
        log_in(client);
        client.retr(1).expect("given");
        client.quit().expect("given");
    })
    .await
    .concat();
    assert!(said.contains(GREETING), "{said}");
}

#[tokio::test]
async fn nothing_is_removed_without_quit_and_the_maildrop_is_given_back() {
    let fixture = start(&["Subject: one\r\n\r\n"]).await;
    for _ in 0..2 {
        let said = talk(&fixture, |client| {
            log_in(client);
            client.dele(1).expect("given");
        })
        .await;
        assert_eq!(said.last().map(String::as_str), Some("Done(Dele { message: 1 })"), "{said:?}");
        // The server sees the end of the connection a moment later.
        while fixture.listening.tasks.len() > 1 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(fixture.store.snapshot(fixture.inbox).await.expect("there").len(), 1);
}

#[tokio::test]
async fn a_maildrop_has_one_reader() {
    let fixture = start(&[]).await;
    let account = fixture.store.account("carol@example.test").await.expect("there").id;
    let lock = fixture.store.lock_maildrop(account).await.expect("free");
    let said = talk(&fixture, log_in).await.join("\n");
    assert!(said.contains("InUse"), "{said}");
    drop(lock);
    let said = talk(&fixture, log_in).await.join("\n");
    assert!(said.contains("LoggedIn"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let fixture = start(&[]).await;
    let login = |client: &mut Client| client.login("carol@example.test", "no").expect("given");
    let said = talk(&fixture, login).await.join("\n");
    assert!(said.contains("code: Some(Auth)"), "{said}");
}

#[tokio::test]
async fn when_the_server_stops_the_client_is_told() {
    let fixture = start(&["Subject: one\r\n\r\n"]).await;
    let tcp = TcpStream::connect(fixture.address).await.expect("connected");
    let mut driver = Driver::new(Client::new(client::Config::default()), Wire::new(tcp));
    while driver.next().await.expect("a connection").is_some() {}
    fixture.listening.stopping.cancel();
    driver.machine.noop().expect("given");
    let event = driver.next().await.expect("a connection");
    assert!(format!("{event:?}").contains("shutting down"), "{event:?}");
}
