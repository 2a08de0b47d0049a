//! APOP (RFC 1939 §7), and the way to log in that a client chooses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use bytes::Bytes;
use common::{Maildrop, Script, client_says, open_client, open_server};
use mailwire::{
    Instant, Machine,
    sasl::{ChannelBinding, Mechanism},
    test::{Cuts, Log, Pair, Transcript},
};
use pop3_proto::{client::Client, client::Config as ClientConfig, server::Server};

const TIMESTAMP: &str = "<1896.697170952@dbc.mtview.ca.us>";

fn apop_server() -> Server {
    let mut server = Server::new(open_server());
    server.offer_apop(TIMESTAMP).unwrap();
    server
}

#[track_caller]
fn apop_says(name: &str) -> Log {
    let path = format!("{}/tests/transcripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let transcript = Transcript::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let make = || (apop_server(), Maildrop::rfc1939());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, transcript.rewrite_server(make)).unwrap();
        return Log::default();
    }
    transcript.run_server(make).unwrap()
}

#[test]
fn a_server_greets_with_the_timestamp_and_asks_for_the_digest() {
    assert_eq!(apop_says("rfc1939_apop").events().next(), Some("digest mrose"));
}

#[test]
fn a_wrong_or_malformed_digest_is_refused() {
    assert_eq!(apop_says("apop_wrong").events().next(), Some("digest mrose"));
}

#[test]
fn a_timestamp_is_a_message_id_and_comes_before_the_greeting_leaves() {
    for bad in ["", "1@x", "<1>", "<1@x> <2@y>", "<@x>", "<a b@x>"] {
        assert!(Server::new(open_server()).offer_apop(bad).is_err(), "{bad}");
    }
    let mut server = Server::new(open_server());
    server.transmit().take_all();
    assert!(server.offer_apop(TIMESTAMP).is_err());
}

#[test]
fn a_client_answers_with_the_digest_where_there_is_a_usable_timestamp() {
    let log = client_says("rfc1939_apop_client", &open_client());
    assert_eq!(log.events().last(), Some("Done(LoggedIn)"));
    let log = client_says("apop_no_timestamp_client", &ClientConfig::default());
    assert_eq!(log.events().filter(|event| event.contains("NotSent")).count(), 2, "{log:?}");
}

#[test]
fn a_client_chooses_among_what_is_offered() {
    let log = client_says("best_client", &open_client());
    let not_sent = log.events().find(|event| event.contains("NotSent")).unwrap();
    assert!(not_sent.contains("no way to log in"), "{not_sent}");
    let log = client_says("best_old_client", &open_client());
    assert_eq!(log.events().last(), Some("Done(LoggedIn)"));
}

#[test]
fn a_client_leaves_a_server_that_cannot_prove_who_it_is() {
    let log = client_says("scram_impostor_client", &open_client());
    assert!(log.events().last().unwrap().contains("did not prove"), "{log:?}");
}

#[test]
fn a_client_and_a_server_go_through_each_mechanism_together() {
    let binding = || {
        let mut binding = ChannelBinding::default();
        binding.exporter = Some(Bytes::from_static(&[1; 32]));
        binding
    };
    let token = "token mrose vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg";
    for (mechanism, login, asked) in [
        (Mechanism::ScramSha256, "best mrose secret", "keys mrose"),
        (Mechanism::ScramSha1, "best mrose secret", "keys mrose"),
        (Mechanism::OAuthBearer, token, "token mrose vF9d"),
        (Mechanism::XOAuth2, token, "token mrose vF9d"),
        (Mechanism::Plain, "best mrose secret", "login |mrose|secret"),
    ] {
        let mut config = open_server();
        config.mechanisms = vec![mechanism];
        let mut server = Server::new(config);
        server.set_channel_binding(binding());
        let script = Script::new(["capa", login, "stat", "quit"]);
        let pair = Pair::new(Client::new(open_client()), server);
        let end = pair.run(script, Maildrop::rfc1939(), Cuts::Random(5));
        assert!(end.client.events().any(|event| event == "Done(LoggedIn)"), "{}", end.wire);
        assert!(end.server.events().next().unwrap().starts_with(asked), "{}", end.wire);
    }
}

#[test]
fn time_does_not_matter_to_a_greeting() {
    let mut server = apop_server();
    let _ = server.poll(Instant::default());
    assert!(server.transmit().take_all().ends_with(b" <1896.697170952@dbc.mtview.ca.us>\r\n"));
}

#[test]
fn top_is_asked_for_by_retr_where_there_is_no_top() {
    let log = client_says("top_by_retr_client", &open_client());
    assert_eq!(log.all_payload(), b"a: b\r\n\r\n.one\r\nc: d\r\n\r\n");
    let top = "Done(Top { message: 1, octets: 14 })";
    assert!(log.events().any(|event| event == top), "{log:?}");
    assert!(log.events().last().unwrap().contains("Top { message: 9, lines: 1 }"), "{log:?}");
}
