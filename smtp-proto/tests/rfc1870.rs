//! RFC 1870: SIZE.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{Instant, Machine, test::Log};
use smtp_proto::client::CannotSend;
use support::{client, client_config, envelope, events, relay, serve, talk, talk_file};

const TOO_LARGE: &str = "S: 552 5.3.4 Message is larger than the limit offered as SIZE\n";
const GO: &str = "S: 354 End data with <CR><LF>.<CR><LF>\n";

/// Sends a message (with escapes) to a server that takes 1,000 octets.
fn message(octets: &str, rest: &str) -> Log {
    relay(&format!(
        "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\nC: RCPT TO:<alice@example.org>\n\
         S: 250 2.1.5 Recipient ok\nC: DATA\n{GO}C| {octets}\n{rest}"
    ))
}

#[test]
fn the_example_of_section_8_gives_each_recipient_its_own_result() {
    let log = talk_file(&client_config(), "rfc1870-8.txt");
    assert_eq!(
        events(&log)[1..],
        [
            "Body",
            "0 Message 250 Some recipients OK",
            "1 Recipient 552 Channel size limit exceeded: ned@YMIR.CLAREMONT.EDU",
            "2 Recipient 452 Insufficient channel storage: ned@hmcvax.CLAREMONT.EDU",
            "Done"
        ]
    );
}

// Server

#[test]
fn a_declared_size_up_to_the_limit_is_taken_and_a_larger_one_refused_at_mail() {
    let log = relay(&format!(
        "C: MAIL FROM:<a@b.example> SIZE=1001\n{TOO_LARGE}\
         C: MAIL FROM:<a@b.example> SIZE=1000\nS: 250 2.1.0 Sender ok\n"
    ));
    assert_eq!(events(&log), ["Rejected 552", "MAIL FROM:<a@b.example> SIZE=1000"]);
}

#[test]
fn sizes_of_up_to_20_digits_are_numbers_however_large() {
    for size in ["0", "00000000000000000500", "500"] {
        relay(&format!("C: MAIL FROM:<> size={size}\nS: 250 2.1.0 Sender ok\n"));
    }
    for size in ["18446744073709551615", "18446744073709551616", "99999999999999999999"] {
        relay(&format!("C: MAIL FROM:<> SIZE={size}\n{TOO_LARGE}"));
    }
    for size in
        ["", "=", "=-1", "=+1", "=1e3", "=0x10", "=1.5", "=000000000000000000500", "=1 SIZE=1"]
    {
        relay(&format!("C: MAIL FROM:<> SIZE{size}\nS: 501 5.5.4 Bad parameter\n"));
    }
}

#[test]
fn a_message_of_just_the_limit_is_taken() {
    let log = message(&format!(r"{}\r\n.\r\n", "x".repeat(998)), "S: 250 2.0.0 Stored\n");
    assert_eq!(log.all_payload().len(), 1000);
}

#[test]
fn a_message_too_large_is_read_to_its_end_and_the_session_goes_on() {
    for over in [1, 2, 500, 100_000] {
        let text = "x".repeat(998 + over);
        let log = message(
            &format!(r"{text}\r\nQUIT\r\n.\r\nNOOP\r\n"),
            &format!("{TOO_LARGE}S: 250 2.0.0 Ok\nC: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n"),
        );
        assert_eq!(log.all_payload().len(), 1000, "what fits is handed out, and no more");
        assert_eq!(events(&log)[3..], ["Reset TooLarge", "MAIL FROM:<>"]);
    }
}

#[test]
fn stuffed_dots_and_the_last_line_do_not_count() {
    let line = r"..23456\r\n"; // 8 octets without the stuffing
    message(&format!(r"{}.\r\n", line.repeat(125)), "S: 250 2.0.0 Stored\n");
    message(&format!(r"{}x\r\n.\r\n", line.repeat(125)), TOO_LARGE);
}

#[test]
fn a_message_may_be_larger_than_declared() {
    let log = relay(&format!(
        "C: MAIL FROM:<> SIZE=1\nS: 250 2.1.0 Sender ok\nC: RCPT TO:<alice@example.org>\n\
         S: 250 2.1.5 Recipient ok\nC: DATA\n{GO}C: much larger\nC: .\nS: 250 2.0.0 Stored\n"
    ));
    assert!(events(&log).contains(&"Message of 13"));
}

#[test]
fn the_limit_is_offered() {
    let mut config = support::relay_config();
    config.limits.message = 123_456_789;
    serve(
        &config,
        "S: 220 mx.example.org ESMTP ready\nC: EHLO c\nS: 250-mx.example.org\nS: 250-PIPELINING\n\
         S: 250-SIZE 123456789\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 ENHANCEDSTATUSCODES\n",
    );
}

// Client

fn offered(size: &str) -> String {
    format!("S: 220 hi\nC: EHLO client.example\nS: 250-mx\nS: 250 {size}\n")
}

#[test]
fn the_size_is_declared_where_size_is_offered_and_only_there() {
    talk(&format!("{}A: send <> x@y.example size=7\nC: MAIL FROM:<> SIZE=7\n", offered("SIZE 7")));
    talk(&format!("{}A: send <> x@y.example size=7\nC: MAIL FROM:<> SIZE=7\n", offered("SIZE")));
    talk(&format!("{}A: send <> x@y.example size=7\nC: MAIL FROM:<>\n", offered("HELP")));
    talk(&format!("{}A: send <> x@y.example\nC: MAIL FROM:<>\n", offered("SIZE 7")));
}

#[test]
fn a_message_larger_than_offered_is_not_sent() {
    let session = offered("SIZE 1000") + "A: cannot <> x@y.example size=1001\n";
    talk(&(session + "A: send <> x@y.example size=1000\nC: MAIL FROM:<> SIZE=1000\n"));
    for no_limit in ["SIZE", "SIZE 0", "SIZE lots", "SIZE 99999999999999999999999"] {
        let session =
            offered(no_limit) + "A: send <> x@y.example size=99999\nC: MAIL FROM:<> SIZE=99999\n";
        talk(&session);
    }
    let mut client = client(&client_config());
    client.recv().push(b"220 hi\r\n250-mx\r\n250 SIZE 10\r\n");
    let _ = client.poll(Instant::default());
    client.event();
    let mut large = envelope("", &["x@y.example"]);
    large.mail.params.size = Some(11);
    assert_eq!(client.send(large), Err(CannotSend::Size(10)));
}
