//! Answers in the wrong place are refused and change nothing; bodies that fail half-way.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use bytes::Bytes;
use common::{open_client, open_server};
use mailwire::{
    Close, Instant, Machine, Step,
    frame::OutEol,
    sasl::{Mechanism, Verdict, client::Credentials},
};
use pop3_proto::{
    Code,
    client::Client,
    server::{Config, Entry, Event, Server},
};

/// Polls until something is asked of the host, and drops what is said meanwhile.
fn step(server: &mut Server) -> Step {
    loop {
        match server.poll(Instant::default()) {
            Step::NeedFlush => drop(server.transmit().take_all()),
            step => return step,
        }
    }
}

fn entries() -> Vec<Entry> {
    vec![Entry::new(4, "1").unwrap(), Entry::new(5, "2").unwrap()]
}

/// A session after log-in.
fn logged_in(config: Config) -> Server {
    let mut server = Server::new(config);
    server.recv().push(b"USER u\r\nPASS p\r\n");
    assert_eq!(step(&mut server), Step::Event);
    let _ = server.event();
    server.verdict(Verdict::Accept).unwrap();
    assert_eq!(step(&mut server), Step::Event);
    let _ = server.event();
    server.open_maildrop(entries()).unwrap();
    assert_eq!(step(&mut server), Step::NeedInput);
    server.transmit().take_all();
    server
}

fn all_refused(server: &mut Server) {
    assert!(server.verdict(Verdict::Accept).is_err());
    assert!(server.open_maildrop(entries()).is_err());
    assert!(server.refuse_maildrop(Code::InUse, "no").is_err());
    assert!(server.body(b"octets").is_err());
    assert!(server.body_bytes(&Bytes::from_static(b"octets")).is_err());
    assert!(server.body_end().is_err());
    assert!(server.fail(Code::SysTemp, "no").is_err());
    assert!(server.updated().is_err());
    assert!(server.update_failed(Code::SysTemp, "no").is_err());
    assert!(!server.body_wanted());
    assert!(server.upgrade().is_empty());
}

#[test]
fn answers_that_nobody_asked_for_are_misuse_and_say_nothing() {
    let mut server = Server::new(open_server());
    server.transmit().take_all();
    all_refused(&mut server);
    assert!(server.transmit().is_empty());

    let mut server = logged_in(open_server());
    all_refused(&mut server);
    assert!(server.transmit().is_empty());

    server.recv().push(b"QUIT\r\n");
    assert_eq!(step(&mut server), Step::Event);
    assert!(matches!(server.event(), Event::Update { .. }));
    assert!(server.open_maildrop(entries()).is_err() && server.body_end().is_err());
    server.updated().unwrap();
    assert_eq!(step(&mut server), Step::Closed);
    server.transmit().take_all();
    all_refused(&mut server);
    assert!(server.transmit().is_empty());
}

#[test]
fn an_answer_before_the_event_was_taken_is_misuse() {
    let mut server = Server::new(open_server());
    server.recv().push(b"USER u\r\nPASS p\r\n");
    assert_eq!(step(&mut server), Step::Event);
    assert!(server.verdict(Verdict::Accept).is_err());
    let _ = server.event();
    assert!(server.open_maildrop(entries()).is_err());
    assert!(server.verdict(Verdict::Accept).is_ok());
    assert!(server.verdict(Verdict::Accept).is_err());
}

#[test]
fn event_without_an_announcement_is_nothing() {
    let mut server = logged_in(open_server());
    assert!(matches!(server.event(), Event::None));
    let mut client = Client::new(open_client());
    assert!(matches!(client.event(), pop3_proto::client::Event::None));
}

#[test]
fn a_message_that_breaks_off_ends_the_connection_without_its_final_dot() {
    let mut server = logged_in(open_server());
    server.recv().push(b"RETR 1\r\nQUIT\r\n");
    assert_eq!(step(&mut server), Step::Event);
    assert!(matches!(server.event(), Event::Retr { index: 0, .. }));
    server.body(b"half").unwrap();
    server.fail(Code::SysTemp, "disk").unwrap();
    assert_eq!(server.poll(Instant::default()), Step::Closed);
    assert_eq!(server.closed(), Some(Close::Shutdown));
    assert_eq!(&server.transmit().take_all()[..], b"+OK 4 octets\r\nhalf");
}

#[test]
fn a_bare_line_end_breaks_off_where_it_is_not_to_be_mended() {
    let mut config = open_server();
    config.bare_eol = OutEol::Refuse;
    let mut server = logged_in(config);
    server.recv().push(b"RETR 1\r\n");
    assert_eq!(step(&mut server), Step::Event);
    let _ = server.event();
    server.body(b"a\r\n").unwrap();
    server.body(b"b\nc").unwrap();
    assert_eq!(server.poll(Instant::default()), Step::Closed);
    assert!(server.transmit().take_all().starts_with(b"+OK 4 octets\r\na\r\n"));
}

#[test]
fn a_message_given_as_shared_octets_is_stuffed_too() {
    let mut server = logged_in(open_server());
    server.recv().push(b"TOP 1 1\r\n");
    assert_eq!(step(&mut server), Step::Event);
    let _ = server.event();
    let long = [b"a: b\r\n\r\n.".as_slice(), &[b'x'; 5000], b"\r\nnot wanted\r\n"].concat();
    server.body_bytes(&Bytes::from(long)).unwrap();
    assert!(!server.body_wanted());
    server.body(b"nor this").unwrap();
    server.body_end().unwrap();
    let out = server.transmit().take_all();
    assert!(out.starts_with(b"+OK\r\na: b\r\n\r\n..xxx") && out.ends_with(b"x\r\n.\r\n"));
    assert_eq!(out.len(), b"+OK\r\na: b\r\n\r\n..\r\n.\r\n".len() + 5000);
}

#[test]
fn output_is_held_back_until_it_was_sent() {
    let mut config = open_server();
    config.limits.output = 100;
    let mut server = Server::new(config);
    server.transmit().take_all();
    server.recv().push(b"USER u\r\nPASS p\r\nLIST\r\nNOOP\r\n");
    assert_eq!(step(&mut server), Step::Event);
    let _ = server.event();
    server.verdict(Verdict::Accept).unwrap();
    assert_eq!(step(&mut server), Step::Event);
    let _ = server.event();
    let entries = (0..10_000).map(|i| Entry::new(i, format!("{i}")).unwrap());
    server.open_maildrop(entries.collect()).unwrap();
    let mut all = Vec::new();
    while server.poll(Instant::default()) == Step::NeedFlush {
        assert!(server.transmit().len() < 200, "a listing is written as it is sent");
        all.extend_from_slice(&server.transmit().take_all());
    }
    all.extend_from_slice(&server.transmit().take_all());
    assert!(all.ends_with(b"\r\n10000 9999\r\n.\r\n+OK\r\n"));
    assert_eq!(all.iter().filter(|octet| **octet == b'\n').count(), 1 + 1 + 1 + 10_000 + 1 + 1);
}

#[test]
fn a_unique_id_is_1_to_70_printable_characters() {
    for bad in ["", "a b", "a\r\n", "ä", &"x".repeat(71)] {
        assert!(Entry::new(1, bad).is_err(), "{bad:?}");
    }
    assert_eq!(Entry::new(1, "x".repeat(70)).unwrap().uidl().len(), 70);
}

#[test]
fn a_client_takes_no_text_that_would_be_another_command() {
    let mut client = Client::new(open_client());
    for (name, password) in [("a\r\nQUIT", "p"), ("", "p"), ("a", ""), ("a", "p\0")] {
        assert!(client.login(name, password).is_err());
    }
    assert!(client.login("a", "p".repeat(249)).is_err());
    assert_eq!(client.unanswered(), 0);
}

#[test]
fn a_client_takes_no_more_commands_than_its_limit_and_none_after_quit() {
    let mut config = open_client();
    config.limits.commands = 2;
    let mut client = Client::new(config);
    client.stat().unwrap();
    client.noop().unwrap();
    assert!(client.noop().is_err());

    let mut client = Client::new(open_client());
    client.quit().unwrap();
    assert!(client.noop().is_err());
    assert!(client.auth_by(Mechanism::Plain, Credentials::password("u", "p")).is_err());
}

#[test]
fn stls_over_tls_is_misuse() {
    assert!(Client::over_tls(open_client()).stls().is_err());
}
