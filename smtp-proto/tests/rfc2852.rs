//! RFC 2852: DELIVERBY.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_proto::{Command, DeliverBy, DeliverMode, Leniency, parse};
use support::{Config, events, hello_of, offered, relay, relay_of, relay_with};

fn config(shortest: u32) -> Config {
    relay_with(|offer| offer.deliver_by = Some(shortest))
}

// Server

#[test]
fn the_shortest_time_is_offered() {
    assert!(hello_of(&config(60)).contains("250 DELIVERBY 60\n"));
    assert!(hello_of(&config(0)).contains("250 DELIVERBY\n"));
}

#[test]
fn times_and_modes_are_taken() {
    for (value, printed) in [
        ("120;R", "120;R"),
        ("60;rt", "60;RT"),
        ("+999999999;R", "999999999;R"),
        ("5;N", "5;N"),
        ("0;N", "0;N"),
        ("-30;NT", "-30;NT"),
        ("-999999999;n", "-999999999;N"),
        ("000000061;R", "61;R"),
    ] {
        let log =
            relay_of(&config(60), &format!("C: MAIL FROM:<> BY={value}\nS: 250 2.1.0 Sender ok\n"));
        assert_eq!(events(&log), [format!("MAIL FROM:<> BY={printed}")]);
    }
}

#[test]
fn a_message_to_be_returned_too_soon_is_refused() {
    let log = relay_of(
        &config(60),
        "C: MAIL FROM:<> BY=59;R\nS: 501 5.5.4 Cannot be delivered so soon\n",
    );
    assert_eq!(events(&log), ["Rejected 501"]);
    relay_of(&config(0), "C: MAIL FROM:<> BY=1;R\nS: 250 2.1.0 Sender ok\n");
}

#[test]
fn wrong_values_get_501() {
    for value in [
        "",
        "=",
        "=60",
        "=;R",
        "=60;",
        "=60;X",
        "=60;TR",
        "=60;R;T",
        "=0;R",
        "=-1;R",
        "=1234567890;N",
        "=+-1;N",
        "=--1;N",
        "=+;N",
        "=6 0;N",
        "=60;R BY=60;R",
        "=x;N",
    ] {
        let log = relay_of(
            &config(0),
            &format!("C: MAIL FROM:<> BY{value}\nS: 501 5.5.4 Bad parameter\n"),
        );
        assert_eq!(events(&log), ["Rejected 501"], "{value}");
    }
}

#[test]
fn where_it_is_not_offered_it_is_not_known() {
    relay("C: MAIL FROM:<> BY=60;R\nS: 555 5.5.4 Parameter not recognised or not offered\n");
}

// Client

#[test]
fn a_message_to_be_returned_is_sent_only_where_that_is_done_so_soon() {
    let letter = "MAIL FROM:<> BY=60;R; RCPT TO:<x@y.example>\n";
    for enough in ["DELIVERBY", "DELIVERBY 60", "DELIVERBY 0", "DELIVERBY x"] {
        offered(&[enough], &format!("A: letter {letter}C: MAIL FROM:<> BY=60;R\n"));
    }
    offered(&["DELIVERBY 61"], &format!("A: refuses DeliverBy {letter}"));
    offered(&["HELP"], &format!("A: refuses DeliverBy {letter}"));
}

#[test]
fn where_the_sender_only_wants_to_hear_the_message_goes_out_anyhow() {
    let letter = "A: letter MAIL FROM:<> BY=60;NT; RCPT TO:<x@y.example>\n";
    offered(&["DELIVERBY 90"], &format!("{letter}C: MAIL FROM:<> BY=60;NT\n"));
    offered(&["HELP"], &format!("{letter}C: MAIL FROM:<>\n"));
}

// Values

#[test]
fn a_time_beyond_nine_digits_is_the_largest_that_can_be_written() {
    for (seconds, printed) in [(i32::MAX, "999999999;N"), (i32::MIN, "-999999999;N"), (7, "7;N")] {
        let by = DeliverBy::new(seconds, DeliverMode::Notify, false);
        assert_eq!(by.to_string(), printed);
        let line = format!("MAIL FROM:<> BY={by}");
        let Ok(Command::Mail(mail)) = parse::command(line.as_bytes(), Leniency::default()) else {
            panic!()
        };
        assert_eq!(mail.params.deliver_by, Some(by));
    }
}
