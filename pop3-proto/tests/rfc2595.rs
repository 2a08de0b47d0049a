//! RFC 2595 §4: STLS, and what cannot get past it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, Script, client_says, open_client, open_server, server_says, stls_server};
use mailwire::{
    Close, Instant, Machine, Step,
    test::{Cuts, Pair, run},
};
use pop3_proto::{
    client::{self, Client},
    server::Server,
};

#[test]
fn passwords_are_refused_and_not_offered_before_stls() {
    server_says("rfc2595_stls", &stls_server(), &Maildrop::rfc1939());
}

/// A server that took `input` in one packet and now stands before the handshake.
fn before_the_handshake(input: &[u8]) -> Server {
    let mut config = stls_server();
    config.plain_text_auth = true;
    let mut server = Server::new(config);
    server.recv().push(input);
    while server.poll(Instant::default()) == Step::NeedFlush {
        server.transmit().take_all();
    }
    assert_eq!(server.poll(Instant::default()), Step::Upgrade);
    server
}

#[test]
fn what_comes_with_stls_is_handed_to_the_handshake_unread() {
    let mut server = before_the_handshake(b"STLS\r\nNOOP\r\n");
    assert_eq!(&server.upgrade()[..], b"NOOP\r\n");
    assert!(server.upgrade().is_empty());
    assert!(server.is_tls());
    assert_eq!(server.poll(Instant::default()), Step::NeedInput);
    assert!(server.transmit().is_empty());
}

#[test]
fn a_name_said_in_the_clear_is_forgotten() {
    let mut server = before_the_handshake(b"USER mrose\r\nSTLS\r\nPASS secret\r\n");
    let _early = server.upgrade();
    let end = run(&mut server, &mut Maildrop::rfc1939(), b"PASS secret\r\n", Cuts::Whole);
    assert_eq!(end.output, b"-ERR PASS comes right after USER\r\n");
}

#[test]
fn a_client_forgets_what_the_server_said_in_the_clear() {
    let log = client_says("rfc2595_client", &client::Config::default());
    assert!(log.events().any(|event| event == "Done(StartTls)"));
}

#[test]
fn a_client_that_is_refused_tls_sends_no_password() {
    let log = client_says("rfc2595_refused_client", &client::Config::default());
    let not_sent: Vec<_> = log.events().filter(|event| event.contains("NotSent")).collect();
    assert_eq!(not_sent.len(), 2, "{log:?}");
}

#[test]
fn plain_text_after_the_answer_is_fatal_to_a_client() {
    let mut client = Client::new(client::Config::default());
    client.stls().unwrap();
    let input = b"+OK hi\r\n+OK begin\r\n+OK injected\r\n";
    let end = run(&mut client, &mut Script::default(), input, Cuts::Whole);
    assert_eq!(end.closed, Some(Close::Injection));
    assert!(end.log.events().all(|event| event != "Done(StartTls)"));
}

#[test]
fn plain_text_in_a_later_packet_belongs_to_the_handshake() {
    let mut client = Client::new(client::Config::default());
    client.stls().unwrap();
    let input = b"+OK hi\r\n+OK begin\r\n+OK injected\r\n";
    let end = run(&mut client, &mut Script::default(), input, Cuts::Every(1));
    assert_eq!(end.closed, None);
    assert_eq!(end.upgrade.as_deref(), Some(&b"+OK injected\r\n"[..]));
}

#[test]
fn tls_and_http_on_the_plain_port_end_the_session_at_once() {
    for input in [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
        for cuts in [Cuts::Whole, Cuts::Every(1)] {
            let mut server = Server::new(open_server());
            let end = run(&mut server, &mut Maildrop::rfc1939(), input, cuts);
            assert_eq!(end.closed, Some(Close::WrongProtocol));
            assert_eq!(end.output, b"+OK dewey POP3 server ready\r\n");
        }
    }
}

#[test]
fn a_client_and_a_server_go_through_stls_together() {
    let config = client::Config::default();
    let script = Script::new(["capa; stls; capa; login mrose secret; stat; quit"]);
    let pair = Pair::new(Client::new(config), Server::new(stls_server()));
    let end = pair.run(script, Maildrop::rfc1939(), Cuts::Random(7));
    assert_eq!(end.upgrades, 1, "{}", end.wire);
    assert_eq!((end.client_closed, end.server_closed), (Some(Close::Done), Some(Close::Done)));
    assert!(end.client.events().any(|e| e == "Done(Stat(Stat { messages: 2, octets: 320 }))"));
}

#[test]
fn a_client_under_tls_does_not_ask_for_it_again() {
    client_says("rfc2595_active_client", &open_client());
    let mut client = Client::over_tls(open_client());
    assert!(client.stls().is_err());
}
