//! RFC 6710: MT-PRIORITY.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use support::{events, hello_of, offered, relay, relay_of, relay_with};

// Server

#[test]
fn priorities_from_minus_9_to_9_are_taken() {
    let config = relay_with(|offer| offer.mt_priority = Some("MIXER".to_owned()));
    assert!(hello_of(&config).contains("250 MT-PRIORITY MIXER\n"));
    for priority in -9..=9 {
        let log = relay_of(
            &config,
            &format!("C: MAIL FROM:<> mt-priority={priority}\nS: 250 2.1.0 Sender ok\n"),
        );
        assert_eq!(events(&log), [format!("MAIL FROM:<> MT-PRIORITY={priority}")]);
    }
}

#[test]
fn other_values_get_501() {
    let config = relay_with(|offer| offer.mt_priority = Some(String::new()));
    assert!(hello_of(&config).contains("250 MT-PRIORITY\n"), "the nameless profile");
    for value in
        ["", "=", "=-10", "=10", "=+1", "=-0", "=00", "=01", "=1.5", "=x", "=1 MT-PRIORITY=1"]
    {
        relay_of(
            &config,
            &format!("C: MAIL FROM:<> MT-PRIORITY{value}\nS: 501 5.5.4 Bad parameter\n"),
        );
    }
}

#[test]
fn where_it_is_not_offered_it_is_not_known() {
    relay("C: MAIL FROM:<> MT-PRIORITY=3\nS: 555 5.5.4 Parameter not recognised or not offered\n");
}

// Client

#[test]
fn the_client_says_it_where_it_is_offered_and_sends_without_it_elsewhere() {
    let letter = "A: letter MAIL FROM:<> MT-PRIORITY=-3; RCPT TO:<x@y.example>\n";
    offered(&["MT-PRIORITY MIXER"], &format!("{letter}C: MAIL FROM:<> MT-PRIORITY=-3\n"));
    offered(&["MT-PRIORITY"], &format!("{letter}C: MAIL FROM:<> MT-PRIORITY=-3\n"));
    offered(&["HELP"], &format!("{letter}C: MAIL FROM:<>\n"));
}
