//! RFC 1985: ETRN.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use support::{events, hello_of, offered, relay, relay_of, relay_with};

// Server

#[test]
fn the_host_says_what_becomes_of_it() {
    let config = relay_with(|offer| offer.etrn = true);
    assert!(hello_of(&config).contains("250 ETRN\n"));
    let log = relay_of(
        &config,
        "C: ETRN uu.net\nS: 250 2.0.0 Queuing started\nC: etrn @innosoft.com\nS: 250 2.0.0 Queuing started\n\
         C: ETRN #queue\nS: 250 2.0.0 Queuing started\nC: ETRN nobody.example\nS: 459 4.7.0 Not allowed\n",
    );
    assert_eq!(
        events(&log),
        ["ETRN uu.net", "ETRN @innosoft.com", "ETRN #queue", "ETRN nobody.example"]
    );
}

#[test]
fn without_a_node_or_with_two_it_gets_501() {
    let config = relay_with(|offer| offer.etrn = true);
    for arguments in ["", " ", " a b"] {
        relay_of(&config, &format!("C: ETRN{arguments}\nS: 501 5.5.4 Syntax error in arguments\n"));
    }
}

#[test]
fn where_it_is_not_offered_it_gets_502() {
    assert!(!hello_of(&support::relay_config()).contains("ETRN"));
    let log = relay("C: ETRN uu.net\nS: 502 5.5.1 ETRN is not offered\n");
    assert_eq!(events(&log), ["Rejected 502"]);
}

#[test]
fn it_changes_nothing_in_a_message_underway() {
    let log = relay_of(
        &relay_with(|offer| offer.etrn = true),
        "C: MAIL FROM:<>\nC: ETRN uu.net\nC: RCPT TO:<bob@example.org>\nC: BDAT 0 LAST\nS: 250 2.1.0 Sender ok\n\
         S: 250 2.0.0 Queuing started\nS: 250 2.1.5 Recipient ok\nS: 250 2.0.0 Stored\n",
    );
    assert_eq!(*events(&log).last().unwrap(), "Message of 0");
}

// Client

#[test]
fn the_examples_of_section_6_as_the_client_has_them() {
    let log = offered(
        &["EXPN", "HELP", "ETRN"],
        "A: say ETRN uu.net\nC: ETRN uu.net\nS: 458 Unable to queue messages for node uu.net\n\
         A: say ETRN sigurd.innosoft.com\nC: ETRN sigurd.innosoft.com\nS: 250 OK, queuing for node sigurd.innosoft.com started\n\
         A: say ETRN mysoft.com\nC: ETRN mysoft.com\nS: 253 OK, 14 pending messages for node mysoft.com started\n\
         A: say ETRN foo.bar\nC: ETRN foo.bar\nS: 459 Node foo.bar not allowed: Unable to resolve name.\n\
         A: quit\nC: QUIT\nS: 250 Goodbye\nclosed\n",
    );
    assert_eq!(
        events(&log)[1..],
        [
            "Answered 458 Unable to queue messages for node uu.net",
            "Answered 250 OK, queuing for node sigurd.innosoft.com started",
            "Answered 253 OK, 14 pending messages for node mysoft.com started",
            "Answered 459 Node foo.bar not allowed: Unable to resolve name.",
        ]
    );
}
