//! RFC 4865: FUTURERELEASE.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_proto::server::Role;
use support::{Config, events, hello_of, offered, relay_of, relay_with, submission_config};

const LOGIN: &str = "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n";
const OK: &str = "S: 250 2.1.0 Sender ok\n";
const UNKNOWN: &str = "S: 555 5.5.4 Parameter not recognised or not offered\n";

fn config() -> Config {
    let mut config = submission_config();
    config.implicit_tls = true;
    config.offer.future_release = Some((3600, "2030-01-01T00:00:00Z".to_owned()));
    config
}

fn mail(param: &str, reply: &str) -> Vec<String> {
    let log = relay_of(&config(), &format!("{LOGIN}C: MAIL FROM:<> {param}\n{reply}"));
    events(&log)[1..].iter().map(|&event| event.to_owned()).collect()
}

// Server

#[test]
fn the_longest_interval_and_the_latest_date_are_offered_on_submission_only() {
    let line = "FUTURERELEASE 3600 2030-01-01T00:00:00Z\n";
    assert!(hello_of(&config()).contains(line));
    let relay =
        relay_with(|offer| offer.future_release = Some((3600, "2030-01-01T00:00:00Z".to_owned())));
    assert!(!hello_of(&relay).contains("FUTURERELEASE"));
    relay_of(&relay, &format!("C: MAIL FROM:<> HOLDFOR=5\n{UNKNOWN}"));
    let mut off = config();
    off.offer.future_release = None;
    relay_of(&off, &format!("{LOGIN}C: MAIL FROM:<> HOLDFOR=5\n{UNKNOWN}"));
    assert_eq!(off.role, Role::Submission);
}

#[test]
fn an_interval_or_a_date_within_them_is_taken() {
    assert_eq!(mail("HOLDFOR=1", OK), ["MAIL FROM:<> HOLDFOR=1"]);
    assert_eq!(mail("holdfor=3600", OK), ["MAIL FROM:<> HOLDFOR=3600"]);
    for date in ["2029-12-31T23:59:59Z", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00+01:00"] {
        assert_eq!(
            mail(&format!("HOLDUNTIL={date}"), OK),
            [format!("MAIL FROM:<> HOLDUNTIL={date}")]
        );
    }
}

#[test]
fn what_is_beyond_them_gets_501() {
    let long = "S: 501 5.5.4 Cannot be held so long\n";
    for param in [
        "HOLDFOR=3601",
        "HOLDFOR=999999999",
        "HOLDUNTIL=2030-01-01T00:00:01Z",
        "HOLDUNTIL=2030-01-01T00:00:00-00:01",
        "HOLDUNTIL=9999-12-31T23:59:59Z",
    ] {
        assert_eq!(mail(param, long), ["Rejected 501"]);
    }
}

#[test]
fn wrong_values_and_both_at_once_get_501() {
    for param in [
        "HOLDFOR",
        "HOLDFOR=",
        "HOLDFOR=0",
        "HOLDFOR=-1",
        "HOLDFOR=1s",
        "HOLDFOR=1234567890",
        "HOLDUNTIL",
        "HOLDUNTIL=",
        "HOLDUNTIL=tomorrow",
        "HOLDUNTIL=2029-02-29T00:00:00Z",
        "HOLDUNTIL=2029-01-01",
        "HOLDFOR=1 HOLDUNTIL=2029-01-01T00:00:00Z",
        "HOLDFOR=1 HOLDFOR=1",
    ] {
        assert_eq!(mail(param, "S: 501 5.5.4 Bad parameter\n"), ["Rejected 501"], "{param}");
    }
}

// Client

#[test]
fn a_message_to_be_held_is_sent_only_where_that_is_offered() {
    for param in ["HOLDFOR=60", "HOLDUNTIL=2029-01-01T00:00:00Z"] {
        let letter = format!("MAIL FROM:<> {param}; RCPT TO:<x@y.example>\n");
        offered(
            &["FUTURERELEASE 86400 2030-01-01T00:00:00Z"],
            &format!("A: letter {letter}C: MAIL FROM:<> {param}\n"),
        );
        offered(&["HELP"], &format!("A: refuses Hold {letter}"));
    }
}
