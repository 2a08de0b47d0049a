//! Client and server, connected: what arrives is what was sent.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::collections::VecDeque;

use core::time::Duration;

use bytes::Bytes;
use mailwire::{
    Close, Machine,
    frame::BareEol,
    sasl::{ChannelBinding, Mechanism, client::Credentials},
    test::{Cuts, Host, Log, Noted, Pair, PairEnd},
};
use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::{
    Body,
    client::{Client, Event, Protocol},
};
use support::{
    ClientConfig, Config, Mx, Sender, client, client_config, envelope, lmtp_config, offering,
    relay_config, server, submission_config,
};

#[derive(Clone, Debug)]
struct Letter {
    from: &'static str,
    to: Vec<&'static str>,
    body: Vec<u8>,
    piece: usize,
}

/// Secures the session and logs in where that is wanted, sends all letters, and leaves.
#[derive(Clone, Debug, Default)]
struct Writer {
    starttls: bool,
    password: Option<&'static str>,
    is_token: bool,
    binding: ChannelBinding,
    letters: VecDeque<Letter>,
    body: Option<(Vec<u8>, usize)>,
    quit: bool,
    binary: bool,
}

impl Writer {
    fn credentials(&self, secret: &str) -> Credentials {
        let mut credentials = match self.is_token {
            true => Credentials::token("alice", secret),
            false => Credentials::password("alice", secret),
        };
        credentials.nonce = vec![5; 18];
        credentials.binding = self.binding.clone();
        credentials
    }
}

impl Host<Client> for Writer {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            Event::Recipient { index, reply, .. } => log.event(format!("{index} {}", reply.code())),
            Event::Refused { stage, reply } => log.event(format!("{stage:?} {}", reply.code())),
            Event::Done => log.event("Done"),
            Event::Authenticated => log.event("Authenticated"),
            Event::Ready(_) | Event::Body => {}
            other => panic!("{other:?}"),
        }
    }

    fn turn(&mut self, client: &mut Client) -> bool {
        // At rest or in the middle of a message: only one of the two takes the call.
        if let Some((body, piece)) = &self.body
            && client.body(b"").is_ok()
        {
            for part in body.chunks(*piece) {
                client.body(part).unwrap();
            }
            client.body_end().unwrap();
            self.body = None;
        } else if core::mem::take(&mut self.starttls) {
            client.starttls().unwrap();
        } else if let Some(password) = self.password.take() {
            client.auth(self.credentials(password)).unwrap();
        } else if let Some(letter) = self.letters.pop_front() {
            let mut envelope = envelope(letter.from, &letter.to);
            let binary = self.binary;
            envelope.mail.params.body =
                Some(if binary { Body::BinaryMime } else { Body::EightBitMime });
            client.send(envelope).unwrap();
            self.body = Some((letter.body, letter.piece));
        } else if !core::mem::replace(&mut self.quit, true) {
            client.quit().unwrap();
        } else {
            return false;
        }
        true
    }
}

/// The body as a receiver has it: CRLF throughout, the last line ended.
fn normalised(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = body.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            octet => out.push(octet),
        }
    }
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The messages a server's host took: what was handed out before each `Message`.
fn arrived(log: &Log) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut body = Vec::new();
    for noted in log.entries() {
        match noted {
            Noted::Payload(octets) => body.extend_from_slice(octets),
            Noted::Event(event) if event.starts_with("Message") => {
                messages.push(core::mem::take(&mut body));
            }
            Noted::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
    messages
}

/// What the host of [`support`] says to each recipient, and whether there is a message.
fn expected(letters: &[Letter], may_relay: bool) -> (Vec<String>, Vec<Vec<u8>>) {
    let (mut results, mut bodies) = (Vec::new(), Vec::new());
    for letter in letters {
        let code = |to: &str| match to {
            _ if letter.from.starts_with("blocked") => 550,
            "alice@example.org" | "bob@example.org" | "postmaster" => 250,
            "full@example.org" => 452,
            "x@elsewhere.example" if may_relay => 250,
            _ => 550,
        };
        results.extend(letter.to.iter().enumerate().map(|(i, to)| format!("{i} {}", code(to))));
        results.push("Done".to_owned());
        if letter.to.iter().any(|to| code(to) == 250) {
            bodies.push(normalised(&letter.body));
        }
    }
    (results, bodies)
}

fn run(config: &Config, writer: &Writer, pipeline: usize, cuts: Cuts) -> PairEnd {
    let mut client_config = client_config();
    client_config.limits.pipeline = pipeline;
    run_with(config, &client_config, writer, cuts)
}

fn run_with(config: &Config, client_config: &ClientConfig, writer: &Writer, cuts: Cuts) -> PairEnd {
    Pair::new(client(client_config), server(config)).run(writer.clone(), Mx::of(config), cuts)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(vec![
            &b"."[..], b"..", b"\r\n", b"\r\n.\r\n", b"\n.\n", b"\r", b"\n", b"\r.\r", b"QUIT\r\n", b"\xff\xfe", b"text",
        ]).prop_map(<[u8]>::to_vec),
        1 => vec(1u8..=255, 0..50),
        1 => (1000usize..5000).prop_map(|n| vec![b'x'; n]),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn letter() -> impl Strategy<Value = Letter> {
    let to = select(vec![
        "alice@example.org",
        "bob@example.org",
        "postmaster",
        "nobody@example.org",
        "full@example.org",
        "x@elsewhere.example",
    ]);
    let from = select(vec!["", "a@b.example", "\"a b\"@b.example", "blocked@b.example"]);
    (from, vec(to, 1..6), body(), 1usize..3000).prop_map(|(from, to, body, piece)| Letter {
        from,
        to,
        body,
        piece,
    })
}

fn cuts() -> impl Strategy<Value = Cuts> {
    prop_oneof![
        Just(Cuts::Whole),
        (1usize..50).prop_map(Cuts::Every),
        any::<u64>().prop_map(|seed| Cuts::Random(seed | 1)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn all_that_was_sent_arrives_and_each_recipient_has_its_result(
        letters in vec(letter(), 0..5), pipeline in select(vec![1usize, 2, 100]), cuts in cuts()
    ) {
        let mut config = relay_config();
        config.limits.message = 1_000_000;
        config.limits.recipients = 100;
        let (results, bodies) = expected(&letters, false);
        let writer = Writer { letters: letters.into(), ..Writer::default() };
        let end = run(&config, &writer, pipeline, cuts);
        prop_assert_eq!(end.client.events().collect::<Vec<_>>(), results, "{}", end.wire);
        prop_assert_eq!(arrived(&end.server), bodies);
        prop_assert_eq!((end.client_closed, end.server_closed), (Some(Close::Done), Some(Close::Done)));
    }

    #[test]
    fn so_it_does_by_bdat_and_by_lmtp(
        letters in vec(letter(), 0..5), cuts in cuts(), lmtp: bool, offered: bool, wanted: bool,
        chunk in select(vec![1usize, 7, 64, 1000, 100_000]), pipeline in select(vec![1usize, 2, 100])
    ) {
        let mut config = if lmtp { lmtp_config() } else { relay_config() };
        config.offer.chunking = offered;
        config.limits.message = 1_000_000;
        config.limits.recipients = 100;
        let mut client_config = client_config();
        client_config.chunking = wanted;
        client_config.limits.chunk = chunk;
        client_config.limits.pipeline = pipeline;
        if lmtp {
            client_config.protocol = Protocol::Lmtp;
        }
        let (results, bodies) = expected(&letters, false);
        let writer = Writer { letters: letters.into(), ..Writer::default() };
        let end = run_with(&config, &client_config, &writer, cuts);
        let said: String = end.wire.lines().filter_map(|line| line.strip_prefix("C: ")).collect();
        prop_assert_eq!(said.contains("BDAT"), offered && wanted && !bodies.is_empty());
        prop_assert_eq!(end.client.events().collect::<Vec<_>>(), results, "{}", end.wire);
        prop_assert_eq!(arrived(&end.server), bodies);
        prop_assert_eq!((end.client_closed, end.server_closed), (Some(Close::Done), Some(Close::Done)));
    }

    #[test]
    fn a_binary_message_arrives_octet_by_octet(
        body in vec(any::<u8>(), 0..3000), piece in 1usize..500, chunk in select(vec![1usize, 10, 1000]), cuts in cuts()
    ) {
        let mut config = offering(relay_config());
        config.limits.message = 3000;
        let mut client_config = client_config();
        client_config.limits.chunk = chunk;
        let letter = Letter { from: "", to: vec!["bob@example.org"], body: body.clone(), piece };
        let writer = Writer { letters: [letter].into(), binary: true, ..Writer::default() };
        let end = run_with(&config, &client_config, &writer, cuts);
        prop_assert_eq!(end.client.events().collect::<Vec<_>>(), ["0 250", "Done"]);
        prop_assert_eq!(arrived(&end.server), [body]);
    }

    #[test]
    fn so_it_does_with_starttls_and_auth(
        letters in vec(letter(), 0..4), login in any::<bool>(), cuts in cuts(), right in any::<bool>()
    ) {
        let mut config = submission_config();
        config.limits.message = 1_000_000;
        config.limits.recipients = 100;
        config.auth_delay = Duration::ZERO;
        config.bare_eol = BareEol::Keep;
        if login {
            config.auth.remove(0);
        }
        let (mut results, mut bodies) = expected(&letters, true);
        if right {
            results.insert(0, "Authenticated".to_owned());
        } else {
            results = vec!["Auth 535".to_owned()];
            bodies = Vec::new();
            for letter in &letters {
                results.extend((0..letter.to.len()).map(|i| format!("{i} 530")));
                results.push("Done".to_owned());
            }
        }
        let password = Some(if right { "secret" } else { "wrong" });
        let writer = Writer { starttls: true, password, letters: letters.into(), ..Writer::default() };
        let end = run(&config, &writer, 100, cuts);
        prop_assert_eq!(end.upgrades, 1);
        prop_assert_eq!(end.client.events().collect::<Vec<_>>(), results, "{}", end.wire);
        prop_assert_eq!(arrived(&end.server), bodies);
        prop_assert_eq!((end.client_closed, end.server_closed), (Some(Close::Done), Some(Close::Done)));
    }
}

/// LMTP gives each recipient its own result, and the session goes on.
#[test]
fn under_lmtp_a_full_mailbox_is_one_recipients_matter() {
    for chunking in [false, true] {
        let mut client_config = client_config();
        client_config.protocol = Protocol::Lmtp;
        client_config.chunking = chunking;
        client_config.limits.chunk = 3;
        let to =
            vec!["carol@example.org", "nobody@example.org", "bob@example.org", "carol@example.org"];
        let letter = Letter { from: "a@b.example", to, body: b"Hello\r\n".to_vec(), piece: 2 };
        let mut large = letter.clone();
        large.body = vec![b'x'; 1500];
        let mut config = lmtp_config();
        config.limits.recipients = 4;
        let letters = [letter.clone(), large, letter].into();
        let end = run_with(
            &config,
            &client_config,
            &Writer { letters, ..Writer::default() },
            Cuts::Every(5),
        );
        let once = ["0 452", "1 550", "2 250", "3 452", "Done"];
        let refused = ["0 552", "1 550", "2 552", "3 552", "Done"];
        assert_eq!(
            end.client.events().collect::<Vec<_>>(),
            [once, refused, once].concat(),
            "{}",
            end.wire
        );
        assert_eq!(end.server_closed, Some(Close::Done));
    }
}

/// Parameters, as the server's host hears them.
#[test]
fn parameters_arrive_as_they_were_sent() {
    let mail = "MAIL FROM:<a@b.example> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B1 REQUIRETLS MT-PRIORITY=4 BY=3600;NT";
    let rcpts = [
        "RCPT TO:<bob@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@Example.ORG RRVS=2014-04-03T23:01:00Z;C",
        "RCPT TO:<alice@example.org> NOTIFY=NEVER",
        "RCPT TO:<Postmaster>",
    ];
    let mut config = offering(relay_config());
    config.implicit_tls = true;
    let mut client_config = client_config();
    client_config.implicit_tls = true;
    let letter = format!("letter {mail}; {}", rcpts.join("; "));
    for cuts in [Cuts::Whole, Cuts::Every(1), Cuts::Random(77)] {
        let sender = Sender::new(&[&letter, "quit"]);
        let pair = Pair::new(client(&client_config), server(&config));
        let end = pair.run(sender, Mx::of(&config), cuts);
        let heard: Vec<_> = end.server.events().collect();
        assert_eq!(heard, [&[mail][..], &rcpts, &["DATA", "Message of 7"]].concat());
        // A server that offers nothing is sent nothing it could not read.
        let mut plain = relay_config();
        plain.offer.chunking = false;
        let letter = letter.replace(" SMTPUTF8", "").replace(" REQUIRETLS", "");
        let pair = Pair::new(client(&support::client_config()), server(&plain));
        let end = pair.run(Sender::new(&[&letter, "quit"]), Mx::of(&plain), Cuts::Every(3));
        let bare = [
            "MAIL FROM:<a@b.example> SIZE=9 BODY=8BITMIME",
            "RCPT TO:<bob@example.org>",
            "RCPT TO:<alice@example.org>",
            "RCPT TO:<Postmaster>",
        ];
        assert_eq!(
            end.server.events().collect::<Vec<_>>(),
            [&bare[..], &["DATA", "Message of 7"]].concat()
        );
    }
}

#[test]
fn every_mechanism_lets_in_who_has_the_secret_and_nobody_else() {
    for &mechanism in Mechanism::ALL {
        if matches!(mechanism, Mechanism::External | Mechanism::Anonymous) {
            continue; // they have no secret
        }
        for (secret, result) in [("secret", "Authenticated"), ("wrong", "Auth 535")] {
            let mut config = submission_config();
            config.auth = vec![mechanism];
            config.implicit_tls = true;
            config.auth_delay = Duration::ZERO;
            let mut binding = ChannelBinding::default();
            binding.exporter = Some(Bytes::from_static(b"this connection"));
            let mut machine = server(&config);
            machine.set_channel_binding(binding.clone());
            let mut client_config = client_config();
            client_config.implicit_tls = true;
            let writer = Writer {
                password: Some(secret),
                is_token: matches!(mechanism, Mechanism::OAuthBearer | Mechanism::XOAuth2),
                binding,
                ..Writer::default()
            };
            let end = Pair::new(client(&client_config), machine).run(
                writer,
                Mx::default(),
                Cuts::Every(7),
            );
            let events: Vec<_> = end.client.events().collect();
            assert_eq!(events, [result], "{mechanism}\n{}", end.wire);
            assert_eq!(end.server_closed, Some(Close::Done), "{mechanism}");
        }
    }
}

#[test]
fn a_message_too_large_is_refused_and_the_next_one_taken() {
    let letter = |body: &[u8]| Letter {
        from: "a@b.example",
        to: vec!["alice@example.org", "bob@example.org"],
        body: body.to_vec(),
        piece: 100,
    };
    let letters = [letter(&[b'x'; 2000]), letter(b"small\r\n")];
    let writer = Writer { letters: letters.into(), ..Writer::default() };
    let end = run(&relay_config(), &writer, 100, Cuts::Every(11));
    let events: Vec<_> = end.client.events().collect();
    assert_eq!(events, ["0 552", "1 552", "Done", "0 250", "1 250", "Done"]);
    assert!(end.server.all_payload().ends_with(b"small\r\n"));
}

#[test]
fn a_server_that_shuts_down_lets_the_client_know() {
    let mut machine = server(&relay_config());
    machine.shutdown();
    let writer = Writer {
        letters: [Letter { from: "", to: vec!["bob@example.org"], body: vec![], piece: 1 }].into(),
        ..Writer::default()
    };
    let end = Pair::new(client(&client_config()), machine).run(writer, Mx::default(), Cuts::Whole);
    assert_eq!(end.server_closed, Some(Close::Shutdown));
    assert_eq!(end.client_closed, Some(Close::Eof));
    assert_eq!(end.client.events().collect::<Vec<_>>(), ["Greeting 421"]);
}
