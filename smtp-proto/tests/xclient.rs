//! XCLIENT and XFORWARD, as Postfix has them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::test::Log;
use smtp_proto::{Attributes, Command};
use support::{Config, events, hello_of, offered, relay, relay_of, relay_with, submission_config};

const NO: &str = "S: 550 5.7.0 Not for you\n";

fn config() -> Config {
    relay_with(|offer| {
        offer.xclient = Some("NAME ADDR PORT PROTO HELO LOGIN".to_owned());
        offer.xforward = Some("NAME ADDR PROTO HELO SOURCE".to_owned());
    })
}

fn trusted(session: &str) -> Log {
    relay_of(&config(), session)
}

// Server

#[test]
fn the_attributes_are_offered() {
    let hello = hello_of(&config());
    assert!(hello.contains("250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN\n"));
    assert!(hello.contains("250 XFORWARD NAME ADDR PROTO HELO SOURCE\n"));
    assert!(!hello_of(&support::relay_config()).contains("XCLIENT"));
}

#[test]
fn xclient_starts_the_session_over() {
    let log = trusted(
        "C: XCLIENT NAME=spike.porcupine.org ADDR=168.100.189.2 LOGIN=a+2Bb\nS: 220 mx.example.org ESMTP again\n\
         C: MAIL FROM:<>\nS: 503 5.5.1 Say EHLO or HELO first\nC: HELO spike\nS: 250 mx.example.org\n\
         C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n",
    );
    assert_eq!(
        events(&log)[0],
        "XCLIENT NAME=\"spike.porcupine.org\" ADDR=\"168.100.189.2\" LOGIN=\"a+b\""
    );
}

#[test]
fn a_log_in_does_not_outlive_it() {
    let mut config = submission_config();
    config.implicit_tls = true;
    config.offer.xclient = Some("NAME".to_owned());
    relay_of(
        &config,
        "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n\
         C: XCLIENT NAME=x\nS: 220 mx.example.org ESMTP again\nC: HELO x\nS: 250 mx.example.org\n\
         C: MAIL FROM:<>\nS: 530 5.7.0 Authentication required\n",
    );
}

#[test]
fn what_the_host_refuses_changes_nothing() {
    trusted("C: XCLIENT NAME=liar\nS: 550 5.7.0 Not so\nC: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n");
}

#[test]
fn in_the_middle_of_a_message_xclient_gets_503_and_xforward_is_taken() {
    let log = trusted(
        "C: MAIL FROM:<>\nC: XCLIENT NAME=x\nC: XFORWARD NAME=x ADDR=[UNAVAILABLE]\nC: RCPT TO:<bob@example.org>\n\
         S: 250 2.1.0 Sender ok\nS: 503 5.5.1 Not in the middle of a message\nS: 250 2.0.0 Noted\nS: 250 2.1.5 Recipient ok\n",
    );
    assert_eq!(events(&log)[2], "XFORWARD of 2");
}

#[test]
fn whoever_is_not_trusted_gets_550() {
    relay(&format!(
        "C: XCLIENT NAME=x\n{NO}C: XFORWARD NAME=x\n{NO}C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n"
    ));
}

#[test]
fn what_is_no_list_of_attributes_gets_501() {
    for text in
        ["", " ", " NAME", " =x", " NAME=x y", " NAME=a=b", " NAME=a+b", " NA-ME=x", " NAME=ü"]
    {
        trusted(&format!("C: XCLIENT{text}\nS: 501 5.5.4 Syntax error in arguments\n"));
        trusted(&format!("C: XFORWARD{text}\nS: 501 5.5.4 Syntax error in arguments\n"));
    }
}

// Client

#[test]
fn after_xclient_the_client_says_ehlo_anew_and_what_was_offered_before_is_forgotten() {
    let log = offered(
        &["XCLIENT NAME ADDR", "DSN"],
        "A: say XCLIENT NAME=spike ADDR=168.100.189.2\nC: XCLIENT NAME=spike ADDR=168.100.189.2\nS: 220 again\n\
         C: EHLO client.example\nS: 250-mx\nS: 250 SIZE 7\n\
         A: letter MAIL FROM:<> RET=HDRS SIZE=6; RCPT TO:<x@y.example>\nC: MAIL FROM:<> SIZE=6\n",
    );
    assert_eq!(events(&log), ["Ready XCLIENT NAME ADDR, DSN", "Ready SIZE 7"]);
}

#[test]
fn a_refused_xclient_is_reported_and_changes_nothing() {
    let log = offered(
        &["XCLIENT NAME"],
        "A: say XCLIENT NAME=x\nC: XCLIENT NAME=x\nS: 550 no\nA: say NOOP\nC: NOOP\nS: 250 Ok\n\
         A: send <> x@y.example\nC: MAIL FROM:<>\n",
    );
    assert_eq!(events(&log)[1..], ["Answered 550 no", "Answered 250 Ok"]);
}

#[test]
fn xforward_is_answered() {
    let log = offered(
        &["XFORWARD NAME"],
        "A: say XFORWARD NAME=x\nC: XFORWARD NAME=x\nS: 250 Ok\nA: say XFORWARD NAME=y\nC: XFORWARD NAME=y\nS: 501 bad\n",
    );
    assert_eq!(events(&log)[1..], ["Answered 250 Ok", "Answered 501 bad"]);
}

// Values

#[test]
fn attributes_are_read_and_written() {
    let attributes = Attributes::new("NAME=[UNAVAILABLE] addr=IPV6:::1  LOGIN=a+3Db").unwrap();
    let all: Vec<_> =
        attributes.iter().map(|(name, value)| (name, value.decode().into_owned())).collect();
    let expected = [("NAME", "[UNAVAILABLE]"), ("addr", "IPV6:::1"), ("LOGIN", "a=b")];
    assert_eq!(all, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(attributes.value("Addr").unwrap().as_str(), "IPV6:::1");
    assert_eq!(attributes.value("PORT"), None);
    let printed = Command::Xclient(attributes).to_string();
    assert_eq!(printed, "XCLIENT NAME=[UNAVAILABLE] addr=IPV6:::1  LOGIN=a+3Db");
    assert!(
        Attributes::new("NAME=")
            .is_some_and(|a| a.value("NAME").is_some_and(|v| v.as_str().is_empty()))
    );
    for bad in ["", " ", "NAME", "NAME=a\rb", "NAME=a b", "A=b\nC=d"] {
        assert_eq!(Attributes::new(bad), None, "{bad:?}");
    }
}
