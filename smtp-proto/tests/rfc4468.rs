//! RFC 4468: BURL.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::test::Log;
use smtp_proto::server::Role;
use support::{
    Config, client, client_config, events, hello_of, offered, relay, relay_of, relay_with,
    submission_config,
};

const LOGIN: &str = "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n";
const BEGUN: &str = "\
C: MAIL FROM:<a@b.example>
C: RCPT TO:<alice@example.org>
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
";
const URL: &str = "imap://harry@gryffindor.example.com/outbox;uidvalidity=1078863300/;uid=25;urlauth=submit+harry:internal:91354a473744909de610943775f92038";
const NO: &str = "S: 502 5.5.1 BURL is not offered\n";

fn config() -> Config {
    let mut config = submission_config();
    config.implicit_tls = true;
    config.offer.burl = Some("imap".to_owned());
    config
}

fn burl(session: &str) -> Log {
    relay_of(&config(), &format!("{LOGIN}{session}"))
}

// Server

#[test]
fn a_message_may_come_from_a_url_alone() {
    let log = burl(&format!(
        "{BEGUN}C: BURL {URL} LAST\nS: 250 2.5.0 Fetched\nC: NOOP\nS: 250 2.0.0 Ok\n"
    ));
    assert_eq!(*events(&log).last().unwrap(), format!("BURL {URL} LAST"));
}

#[test]
fn pieces_from_urls_and_chunks_mix() {
    let log = burl(&format!(
        "{BEGUN}C| BDAT 2\\r\\nabBURL imap:x\\r\\nBDAT 1\\r\\ncBURL imap:y LAST\\r\\n\n\
         S: 250 2.0.0 2 octets so far\nS: 250 2.5.0 Fetched\nS: 250 2.0.0 3 octets so far\nS: 250 2.5.0 Fetched\n\
         {BEGUN}C: BURL imap:z\nS: 250 2.5.0 Fetched\nC: BDAT 0 LAST\nS: 250 2.0.0 Stored\n"
    ));
    assert_eq!(
        events(&log)[3..7],
        ["DATA", "BURL imap:x", "BURL imap:y LAST", "MAIL FROM:<a@b.example>"]
    );
}

#[test]
fn a_piece_that_cannot_be_had_voids_the_message() {
    burl(&format!(
        "{BEGUN}C| BURL imap:gone\\r\\nBDAT 6 LAST\\r\\nQUIT\\r\\n\nS: 554 5.6.6 No such thing there\n\
         S: 503 5.5.1 Say MAIL first\n{BEGUN}C: BURL imap:x LAST\nS: 250 2.5.0 Fetched\n"
    ));
}

#[test]
fn it_needs_a_log_in_chunking_and_the_offer() {
    // §3.2: it is offered to those who have logged in.
    assert!(!hello_of(&config()).contains("BURL"));
    let log = burl(
        "C: EHLO again\nS: 250-mx.example.org\nS: 250-PIPELINING\nS: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-ENHANCEDSTATUSCODES\nS: 250 BURL imap\n",
    );
    assert_eq!(events(&log).len(), 1);
    relay_of(
        &relay_with(|offer| offer.burl = Some(String::new())),
        &format!("{BEGUN}C: BURL {URL} LAST\n{NO}"),
    );
    relay(&format!("{BEGUN}C: BURL {URL} LAST\n{NO}"));
    let mut on_a_relay = config();
    on_a_relay.role = Role::Relay;
    relay_of(&on_a_relay, &format!("{LOGIN}{BEGUN}C: BURL {URL} LAST\n{NO}"));
    let mut no_chunks = config();
    no_chunks.offer.chunking = false;
    relay_of(&no_chunks, &format!("{LOGIN}{BEGUN}C: BURL {URL} LAST\n{NO}"));
}

#[test]
fn out_of_place_it_gets_503_and_a_bad_form_501() {
    burl("C: BURL imap:x LAST\nS: 503 5.5.1 Say MAIL first\n");
    burl(
        "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\nC: BURL imap:x LAST\nS: 503 5.5.1 Say RCPT first\n",
    );
    for arguments in
        ["", " ", " LAST", " nowhere", " imap:x FIRST", " imap:x LAST x", " imap:x  LAST"]
    {
        burl(&format!("{BEGUN}C: BURL{arguments}\nS: 501 5.5.4 Syntax error in arguments\n"));
    }
}

// Client

const HELLO: [&str; 3] = ["PIPELINING", "CHUNKING", "BURL imap"];
const SENT: &str = "C: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\nS: 250 Ok\nS: 250 Ok\n";

#[test]
fn the_client_has_the_server_fetch_the_rest() {
    let log = offered(
        &HELLO,
        &format!(
            "A: letter MAIL FROM:<>; RCPT TO:<x@y.example>; imap:x\n{SENT}C| BDAT 7\\r\\nHello\\r\\n\nC: BURL imap:x LAST\nS: 250 7 octets\nS: 250 Taken\nA: quit\nC: QUIT\n"
        ),
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 250 Taken", "Done"]);
    let log = offered(
        &HELLO,
        &format!(
            "A: letter MAIL FROM:<>; RCPT TO:<x@y.example>; imap:x\n{SENT}C| BDAT 7\\r\\nHello\\r\\n\nC: BURL imap:x LAST\nS: 250 7 octets\nS: 554 5.6.6 gone\nA: quit\nC: QUIT\n"
        ),
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 554 5.6.6 gone", "Done"]);
}

#[test]
fn a_url_without_the_offer_or_a_message_is_misuse() {
    use mailwire::{Instant, Machine, Step};
    let mut client = client(&client_config());
    assert!(client.burl("imap:x").is_err(), "before the greeting");
    client
        .recv()
        .push(b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n250 Ok\r\n250 Ok\r\n");
    let now = Instant::default();
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.send(support::envelope("", &["x@y.example"])).unwrap();
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    assert!(client.burl("imap:x").is_err(), "not offered");
    let before = client.transmit().take_all();
    assert!(!before.ends_with(b"LAST\r\n"));
    client.body_end().unwrap();
    assert_eq!(client.transmit().take_all(), &b"BDAT 0 LAST\r\n"[..]);
}
