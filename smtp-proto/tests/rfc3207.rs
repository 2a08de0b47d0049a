//! RFC 3207: STARTTLS, and what must not leak through it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{
    Close, Instant, Machine, Step,
    test::{Cuts, Log, run},
};
use smtp_proto::client::Event;
use support::{
    Mx, client, client_config, events, serve, serve_file, server, submission_config, talk,
    talk_file,
};

/// What a submission session begins with before TLS.
const OPEN: &str = "S: 220 mx.example.org ESMTP ready\nC: EHLO client.example\nS: 250-mx.example.org\n\
    S: 250-PIPELINING\nS: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-ENHANCEDSTATUSCODES\nS: 250 STARTTLS\n";

const READY: &str = "C: STARTTLS\nS: 220 2.0.0 Ready to start TLS\nupgrade\n";

fn open(session: &str) -> Log {
    serve(&submission_config(), &format!("{OPEN}{session}"))
}

// Server

#[test]
fn a_session_with_starttls_and_auth() {
    let log = serve_file(&submission_config(), "rfc3207-server.txt");
    assert_eq!(log.all_payload(), b"Hello\r\n");
}

#[test]
fn starttls_takes_no_parameters() {
    open("C: STARTTLS now\nS: 501 5.5.4 Syntax error in arguments\n");
    open("C: starttls \nS: 220 2.0.0 Ready to start TLS\nupgrade\n");
}

#[test]
fn starttls_is_refused_where_it_is_not_offered_or_tls_is_active() {
    support::relay("C: STARTTLS\nS: 502 5.5.1 STARTTLS is not offered\n");
    support::submit("C: STARTTLS\nS: 503 5.5.1 TLS is already active\n");
    open(&format!("{READY}C: STARTTLS\nS: 503 5.5.1 TLS is already active\n"));
}

#[test]
fn all_that_was_said_before_tls_is_forgotten() {
    let mut config = submission_config();
    config.plain_text_auth = true;
    let open = OPEN.replace("S: 250 STARTTLS", "S: 250-STARTTLS\nS: 250 AUTH PLAIN LOGIN");
    let log = serve(
        &config,
        &format!(
            "{open}C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n\
         C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n{READY}\
         C: RCPT TO:<alice@example.org>\nS: 503 5.5.1 Say EHLO or HELO first\n\
         C: EHLO client.example\n{}\
         C: MAIL FROM:<a@b.example>\nS: 530 5.7.0 Authentication required\n",
            support::SUBMISSION.split_once("client.example\n").unwrap().1
        ),
    );
    assert!(events(&log).contains(&"Reset Command"), "{log:?}");
}

#[test]
fn mail_before_tls_is_told_to_start_it() {
    open("C: MAIL FROM:<a@b.example>\nS: 530 5.7.0 Say STARTTLS first\n");
}

#[test]
fn nothing_behind_starttls_in_plain_text_is_answered_or_even_read() {
    let injected = b"NOOP\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<alice@example.org>\r\n";
    let input = [b"EHLO c\r\nSTARTTLS\r\n", &injected[..]].concat();
    for cuts in [Cuts::Whole, Cuts::Every(1), Cuts::Every(7), Cuts::Every(20)] {
        let mut server = server(&submission_config());
        let outcome = run(&mut server, &mut Mx::default(), &input, cuts);
        assert_eq!(outcome.upgrade.as_deref(), Some(&injected[..]), "it belongs to TLS");
        assert!(outcome.output.ends_with(b"220 2.0.0 Ready to start TLS\r\n"));
        assert_eq!(outcome.log.entries().len(), 0);
        // Over the new transport the session begins anew.
        server.recv().push(b"NOOP\r\n");
        assert_eq!(server.poll(Instant::default()), Step::NeedInput);
        assert_eq!(server.transmit().take_all(), "250 2.0.0 Ok\r\n");
        assert!(server.is_tls() && !server.is_extended());
    }
}

#[test]
fn the_upgrade_waits_until_the_220_has_left() {
    let mut server = server(&submission_config());
    let now = Instant::default();
    server.recv().push(b"STARTTLS\r\nNOOP\r\n");
    assert_eq!(server.poll(now), Step::NeedFlush);
    assert_eq!(server.recv().room(), 0);
    assert!(server.upgrade().is_empty(), "not yet due");
    server.transmit().take_all();
    assert_eq!(server.poll(now), Step::Upgrade);
    assert_eq!(server.recv().room(), 0);
    assert_eq!(server.upgrade(), "NOOP\r\n");
    assert_eq!(server.poll(now), Step::NeedInput);
    assert!(server.transmit().is_empty() && server.recv().room() > 0);
}

#[test]
fn a_session_with_tls_from_the_start_offers_no_starttls() {
    support::submit("");
}

// Client

#[test]
fn the_example_of_section_5() {
    let log = talk_file(&client_config(), "rfc3207-5.txt");
    assert_eq!(events(&log), ["Ready 8BITMIME, STARTTLS, DSN", "Ready 8BITMIME, DSN"]);
}

const OFFERED: &str =
    "S: 220 hi\nC: EHLO client.example\nS: 250-mx\nS: 250 STARTTLS\nA: starttls\nC: STARTTLS\n";

#[test]
fn a_refused_starttls_is_reported_and_the_session_can_go_on() {
    for refusal in ["454 4.7.0 not now", "502 what", "550 no", "250 sure"] {
        let log = talk(&format!("{OFFERED}S: {refusal}\nA: quit\nC: QUIT\n"));
        assert_eq!(events(&log)[1..], [format!("Refused StartTls {refusal}")]);
    }
}

#[test]
fn octets_behind_the_220_close_the_session() {
    for early in [&b"250 Ok\r\n"[..], b"2", b"\r\n", b"\x16\x03\x03"] {
        let mut client = client(&client_config());
        let now = Instant::default();
        client.recv().push(b"220 hi\r\n250-mx\r\n250 STARTTLS\r\n");
        assert_eq!(client.poll(now), Step::Event);
        client.event();
        client.starttls().unwrap();
        client.recv().push(&[b"220 go\r\n", early].concat());
        assert_eq!(client.poll(now), Step::Closed, "{}", early.escape_ascii());
        assert_eq!(client.closed(), Some(Close::Injection));
    }
}

#[test]
fn octets_between_the_220_and_the_handshake_are_not_even_taken_in() {
    let mut client = client(&client_config());
    let now = Instant::default();
    client.recv().push(b"220 hi\r\n250-mx\r\n250 STARTTLS\r\n");
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.starttls().unwrap();
    client.transmit().take_all();
    client.recv().push(b"220 go\r\n");
    assert_eq!(client.poll(now), Step::Upgrade);
    assert_eq!(client.recv().push(b"250 injected\r\n"), 0);
    assert!(client.upgrade().is_empty());
    assert_eq!(client.poll(now), Step::NeedInput);
    assert_eq!(client.transmit().take_all(), "EHLO client.example\r\n");
    assert!(client.is_tls() && !client.extensions().starttls);
    client.recv().push(b"250-mx\r\n250 STARTTLS\r\n");
    assert_eq!(client.poll(now), Step::Event);
    assert!(matches!(client.event(), Event::Ready(_)));
    assert!(client.starttls().is_err(), "TLS is active, whatever the server offers");
}

#[test]
fn a_client_does_not_ask_for_what_is_not_offered() {
    let mut client = client(&client_config());
    client.recv().push(b"220 hi\r\n250 mx\r\n");
    let _ = client.poll(Instant::default());
    client.event();
    assert!(client.starttls().is_err());
}
