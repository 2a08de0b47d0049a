//! APOP (RFC 1939 §7), and the way to log in that a client chooses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, Script, binding, client_says, open_client, open_server};
use mailwire::{
    Instant, Machine,
    sasl::Mechanism,
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

/// The mechanism, what the client is told to do, and what the server's host is asked.
const MECHANISMS: [(Mechanism, &str, &str); 11] = [
    (Mechanism::ScramSha256Plus, "bound mrose secret", "keys mrose"),
    (Mechanism::ScramSha256, "best mrose secret", "keys mrose"),
    (Mechanism::ScramSha1Plus, "bound mrose secret", "keys mrose"),
    (Mechanism::ScramSha1, "best mrose secret", "keys mrose"),
    (Mechanism::OAuthBearer, TOKEN, "token mrose vF9d"),
    (Mechanism::XOAuth2, TOKEN, "token mrose vF9d"),
    (Mechanism::Plain, "best mrose secret", "login |mrose|secret"),
    (Mechanism::Login, "best mrose secret", "login |mrose|secret"),
    (Mechanism::CramMd5, "best mrose tanstaaf", "nonce"),
    (Mechanism::External, "external", "external "),
    (Mechanism::Anonymous, "anonymous sirhc", "anonymous sirhc"),
];
const TOKEN: &str = "token mrose vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg";

/// A server that offers one mechanism, over TLS.
fn server_with(mechanism: Mechanism) -> Server {
    let mut config = open_server();
    config.mechanisms = vec![mechanism];
    config.user_pass = false;
    let mut server = Server::over_tls(config);
    server.set_channel_binding(binding());
    server
}

#[test]
fn a_client_and_a_server_go_through_each_mechanism_together() {
    for (mechanism, login, asked) in MECHANISMS {
        let script = Script::new(["capa", login, "stat", "quit"]);
        let pair = Pair::new(Client::over_tls(open_client()), server_with(mechanism));
        let end = pair.run(script, Maildrop::rfc1939(), Cuts::Random(5));
        assert!(end.client.events().any(|event| event == "Done(LoggedIn)"), "{}", end.wire);
        assert!(end.server.events().next().unwrap().starts_with(asked), "{}", end.wire);
    }
}

/// Each mechanism as a transcript, which is run against both sides.
#[test]
fn each_mechanism_is_a_transcript_for_both_sides() {
    for (mechanism, login, asked) in MECHANISMS {
        let name = mechanism.name().to_lowercase().replace('-', "_");
        let path = format!("{}/tests/transcripts/auth_{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let transcript = Transcript::parse(&text).unwrap();
        let make = || (server_with(mechanism), Maildrop::rfc1939());
        let log = transcript.run_server(make).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(log.events().next().unwrap().starts_with(asked), "{name}: {log:?}");
        let begins = format!("A: {login}\nC: AUTH {}", mechanism.name());
        assert!(text.contains(&begins), "{name}");
        let make = || (Client::over_tls(open_client()), Script::default());
        let log = transcript.run_client(make).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(log.events().any(|event| event == "Done(LoggedIn)"), "{name}: {log:?}");
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
