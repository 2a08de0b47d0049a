//! RFC 7293: RRVS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use support::{events, hello_of, offered, relay, relay_of, relay_with};

const MAIL: &str = "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n";

// Server

#[test]
fn a_date_and_what_to_do_are_taken() {
    let config = relay_with(|offer| offer.rrvs = true);
    assert!(hello_of(&config).contains("250 RRVS\n"));
    for (value, printed) in [
        ("2014-04-03T23:01:00Z", "2014-04-03T23:01:00Z"),
        ("2014-04-03T23:01:00Z;R", "2014-04-03T23:01:00Z"),
        ("2014-04-03T23:01:00+02:00;C", "2014-04-03T23:01:00+02:00;C"),
        ("2014-04-03t23:01:00.25z;c", "2014-04-03t23:01:00.25z;C"),
    ] {
        let rcpt =
            format!("C: RCPT TO:<bob@example.org> RRVS={value}\nS: 250 2.1.5 Recipient ok\n");
        let log = relay_of(&config, &format!("{MAIL}{rcpt}"));
        assert_eq!(events(&log)[1], format!("RCPT TO:<bob@example.org> RRVS={printed}"));
    }
}

#[test]
fn wrong_values_get_501_and_the_parameter_is_none_of_mail() {
    let config = relay_with(|offer| offer.rrvs = true);
    for value in [
        "",
        "=",
        "=yesterday",
        "=2014-04-03",
        "=2014-04-03T23:01:00",
        "=2014-04-03T23:01:00Z;X",
        "=2014-04-03T23:01:00Z;",
        "=2014-04-03T23:01:00Z;R;C",
        "=2014-04-31T00:00:00Z",
        "=2014-04-03T23:01:00Z RRVS=2014-04-03T23:01:00Z",
    ] {
        relay_of(
            &config,
            &format!(
                "{MAIL}C: RCPT TO:<bob@example.org> RRVS{value}\nS: 501 5.5.4 Bad parameter\n"
            ),
        );
    }
    relay_of(
        &config,
        "C: MAIL FROM:<> RRVS=2014-04-03T23:01:00Z\nS: 555 5.5.4 Parameter not recognised or not offered\n",
    );
}

#[test]
fn where_it_is_not_offered_it_is_not_known() {
    let log = relay(&format!(
        "{MAIL}C: RCPT TO:<bob@example.org> RRVS=2014-04-03T23:01:00Z\nS: 555 5.5.4 Parameter not recognised or not offered\n"
    ));
    assert_eq!(events(&log)[1], "Rejected 555");
}

// Client

#[test]
fn the_client_asks_where_it_is_offered() {
    offered(
        &["RRVS"],
        "A: letter MAIL FROM:<>; RCPT TO:<x@y.example> RRVS=2014-04-03T23:01:00Z; RCPT TO:<z@y.example>\n\
         C: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@y.example> RRVS=2014-04-03T23:01:00Z\nS: 250 Ok\nC: RCPT TO:<z@y.example>\n",
    );
}

#[test]
fn elsewhere_the_message_is_not_sent_unless_the_sender_said_c() {
    // §5.2.1.
    let rcpt =
        "MAIL FROM:<>; RCPT TO:<x@y.example>; RCPT TO:<z@y.example> RRVS=2014-04-03T23:01:00Z";
    offered(&["HELP"], &format!("A: refuses Rrvs {rcpt}\nA: refuses Rrvs {rcpt};R\n"));
    offered(
        &["HELP"],
        &format!(
            "A: letter {rcpt};C\nC: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@y.example>\nS: 250 Ok\nC: RCPT TO:<z@y.example>\n"
        ),
    );
}
