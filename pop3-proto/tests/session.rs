//! Whole sessions between our client and our server, cut at random; and over a real driver.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, Script, message, open_client, open_server};
use mailwire::{
    Close,
    driver::{Driver, Stop},
    sasl::{Claim, Verdict},
    test::{Cuts, Noted, Pair},
};
use pop3_proto::{
    client::{self, Client, Outcome, Pipelining},
    server::{self, Entry, Server},
};
use proptest::prelude::*;

/// Octets in which all that matters to framing is frequent.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 8] = [b"\r\n", b".", b"\r", b"\n", b"text", b"\r\n.\r\n", b"\0", b"\xff"];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// What a message becomes on the way: every line end is CRLF, and there is one at its end.
fn normal(message: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut octets = message.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if_eq(&b'\n');
                text.extend_from_slice(b"\r\n");
            }
            b'\n' => text.extend_from_slice(b"\r\n"),
            octet => text.push(octet),
        }
    }
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}

proptest! {
    #[test]
    fn a_message_arrives_as_it_was_but_for_its_line_ends(
        one in body(), two in body(), part in 1..40usize, seed: u64, pipelining: bool
    ) {
        let mut config = open_client();
        config.pipelining = if pipelining { Pipelining::Always } else { Pipelining::Never };
        let commands =
            "capa; login mrose secret; stat; list; uidl; retr 1; top 2 99; retr 2; dele 1; quit";
        let mut maildrop = Maildrop::new([one.clone(), two.clone()]);
        maildrop.part = part;
        let pair = Pair::new(Client::new(config), Server::new(open_server()));
        let end = pair.run(Script::new([commands]), maildrop, Cuts::Random(seed | 1));
        prop_assert_eq!(end.client_closed, Some(Close::Done), "{}", end.wire);
        prop_assert_eq!(end.server_closed, Some(Close::Done));
        prop_assert_eq!(end.server.events().last(), Some("update [0]"));
        let mut bodies = [Vec::new(), Vec::new(), Vec::new()];
        let mut at = 0;
        for noted in end.client.entries() {
            match noted {
                Noted::Payload(octets) => bodies[at].extend_from_slice(octets),
                Noted::Event(event) if event.starts_with("Done(Retr")
                    || event.starts_with("Done(Top") => at += 1,
                _ => {}
            }
        }
        prop_assert_eq!(at, 3);
        prop_assert_eq!(&bodies[0], &normal(&one));
        prop_assert_eq!(&bodies[1], &normal(&two));
        prop_assert_eq!(&bodies[2], &normal(&two));
    }
}

#[test]
fn login_by_every_mechanism_brings_both_sides_to_the_maildrop() {
    for login in ["login mrose secret", "auth PLAIN mrose secret", "auth LOGIN mrose secret"] {
        for capa in ["noop", "capa"] {
            let script = Script::new([capa, login, "stat", "quit"]);
            let pair = Pair::new(Client::new(open_client()), Server::new(open_server()));
            let end = pair.run(script, Maildrop::rfc1939(), Cuts::Random(99));
            let stat = "Done(Stat(Stat { messages: 2, octets: 320 }))";
            assert!(end.client.events().any(|event| event == stat), "{}", end.wire);
        }
    }
}

#[test]
fn a_hundred_thousand_octets_pass_in_pieces_of_one() {
    let script = Script::new(["login mrose secret", "retr 1", "quit"]);
    let pair = Pair::new(Client::new(open_client()), Server::new(open_server()));
    let end = pair.run(script, Maildrop::new([message(100_000)]), Cuts::Every(1));
    assert_eq!(end.client.all_payload(), message(100_000));
}

#[tokio::test(flavor = "current_thread")]
async fn a_session_over_the_tokio_driver() {
    let (near, far) = tokio::io::duplex(64);
    let serve = async move {
        let mut session = Driver::new(Server::new(open_server()), far);
        enum Ask {
            Verdict(bool),
            Open,
            Body,
            Update,
        }
        while let Some(event) = session.next().await.unwrap() {
            let ask = match event {
                server::Event::Login { claim: Claim::Password { password, .. } } => {
                    Ask::Verdict(password.expose() == "secret")
                }
                server::Event::Open { .. } => Ask::Open,
                server::Event::Retr { .. } => Ask::Body,
                server::Event::Update { .. } => Ask::Update,
                other => panic!("{other:?}"),
            };
            match ask {
                Ask::Verdict(right) => {
                    let verdict = if right { Verdict::Accept } else { Verdict::Refuse };
                    session.machine.verdict(verdict).unwrap();
                }
                Ask::Open => {
                    let entries = vec![Entry::new(10_000, "1").unwrap()];
                    session.machine.open_maildrop(entries).unwrap();
                }
                Ask::Body => {
                    for part in message(10_000).chunks(100) {
                        session.machine.body(part).unwrap();
                        session.flush().await.unwrap();
                    }
                    session.machine.body_end().unwrap();
                }
                Ask::Update => session.machine.updated().unwrap(),
            }
        }
        assert_eq!(session.stop(), Stop::Closed(Close::Done));
    };
    let fetch = async move {
        let mut session = Driver::new(Client::new(open_client()), near);
        session.machine.login("mrose", "secret").unwrap();
        session.machine.retr(1).unwrap();
        session.machine.dele(1).unwrap();
        session.machine.quit().unwrap();
        let mut text = Vec::new();
        let mut whole = false;
        while let Some(event) = session.next().await.unwrap() {
            match event {
                client::Event::Body(octets) => text.extend_from_slice(octets),
                client::Event::Done(Outcome::Retr { octets, .. }) => whole = octets == 10_000,
                client::Event::Failed { request, failure } => panic!("{request:?} {failure:?}"),
                _ => {}
            }
        }
        assert!(whole);
        assert_eq!(text, message(10_000));
        assert_eq!(session.stop(), Stop::Closed(Close::Done));
    };
    tokio::join!(serve, fetch);
}
