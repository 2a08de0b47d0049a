//! RFC 8689: REQUIRETLS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use support::{
    ClientConfig, client_config, events, hello_of, offer, offered, relay_of, relay_with, speak,
};

const UNKNOWN: &str = "S: 555 5.5.4 Parameter not recognised or not offered\n";

fn config(tls: bool) -> support::Config {
    let mut config = relay_with(|offer| offer.require_tls = true);
    config.implicit_tls = tls;
    config
}

// Server

#[test]
fn it_is_offered_under_tls_only() {
    assert!(
        hello_of(&config(true)).contains("250-REQUIRETLS\n")
            || hello_of(&config(true)).contains("250 REQUIRETLS\n")
    );
    assert!(!hello_of(&config(false)).contains("REQUIRETLS"));
}

#[test]
fn under_tls_the_parameter_is_taken_without_tls_it_is_not_known() {
    let log =
        relay_of(&config(true), "C: MAIL FROM:<a@b.example> requiretls\nS: 250 2.1.0 Sender ok\n");
    assert_eq!(events(&log), ["MAIL FROM:<a@b.example> REQUIRETLS"]);
    relay_of(&config(false), &format!("C: MAIL FROM:<> REQUIRETLS\n{UNKNOWN}"));
    let mut off = config(true);
    off.offer.require_tls = false;
    relay_of(&off, &format!("C: MAIL FROM:<> REQUIRETLS\n{UNKNOWN}"));
}

#[test]
fn it_has_no_value_and_stands_once() {
    for param in ["REQUIRETLS=YES", "REQUIRETLS=", "REQUIRETLS REQUIRETLS"] {
        relay_of(&config(true), &format!("C: MAIL FROM:<> {param}\nS: 501 5.5.4 Bad parameter\n"));
    }
}

// Client

const LETTER: &str = "MAIL FROM:<> REQUIRETLS; RCPT TO:<x@y.example>\n";

fn under_tls() -> ClientConfig {
    let mut config = client_config();
    config.implicit_tls = true;
    config
}

#[test]
fn it_is_asked_for_where_it_is_offered_under_tls() {
    speak(
        &under_tls(),
        &format!("{}A: letter {LETTER}C: MAIL FROM:<> REQUIRETLS\n", offer(&["REQUIRETLS"])),
    );
}

#[test]
fn a_message_that_needs_it_is_never_sent_without() {
    // §4.2.1: such a message is not sent, rather than sent in the clear.
    offered(&["REQUIRETLS"], &format!("A: refuses RequireTls {LETTER}"));
    offered(&["HELP"], &format!("A: refuses RequireTls {LETTER}"));
    speak(&under_tls(), &format!("{}A: refuses RequireTls {LETTER}", offer(&["HELP"])));
}

#[test]
fn what_was_offered_before_starttls_does_not_count() {
    speak(
        &client_config(),
        &format!(
            "{}A: starttls\nC: STARTTLS\nS: 220 go\nupgrade\nC: EHLO client.example\nS: 250-mx\nS: 250 HELP\n\
             A: refuses RequireTls {LETTER}",
            offer(&["STARTTLS", "REQUIRETLS"])
        ),
    );
    speak(
        &client_config(),
        &format!(
            "{}A: starttls\nC: STARTTLS\nS: 220 go\nupgrade\nC: EHLO client.example\nS: 250-mx\nS: 250 REQUIRETLS\n\
             A: letter {LETTER}C: MAIL FROM:<> REQUIRETLS\n",
            offer(&["STARTTLS"])
        ),
    );
}
