//! RFC 5321, the client: replies in any shape, one result for each recipient, and time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{Close, Instant, Machine, Step, frame::OutEol, test::Log};
use smtp_proto::{
    client::{BodyError, CannotSend, Event},
    delivery::{Outcome, Verdict},
};
use support::{client, client_config, envelope, events, speak, talk};

/// A server without PIPELINING.
const PLAIN: &str = "\
S: 220 mx.example.org ESMTP
C: EHLO client.example
S: 250-mx.example.org
S: 250 8BITMIME
";

/// Runs what follows EHLO against a server without PIPELINING.
fn plain(session: &str) -> Log {
    talk(&format!("{PLAIN}{session}"))
}

const SEND: &str = "A: send a@b.example x@example.org,y@example.org\nC: MAIL FROM:<a@b.example>\n";

#[test]
fn ehlo_follows_the_greeting_and_the_offer_is_reported() {
    let log = talk(
        "S: 220 mx.example.org\nC: EHLO client.example\nS: 250-mx.example.org hi\nS: 250-SIZE 99\nS: 250 X-Y\n",
    );
    assert_eq!(events(&log), ["Ready SIZE 99, X-Y"]);
}

#[test]
fn a_server_that_does_not_know_ehlo_gets_helo_and_offers_nothing() {
    for refusal in ["500 What", "502 No", "550 Go away", "504 5.5.4 No"] {
        let log = talk(&format!(
            "S: 220 mx.example.org\nC: EHLO client.example\nS: {refusal}\nC: HELO client.example\n\
             S: 250-mx.example.org\nS: 250-PIPELINING\nS: 250 STARTTLS\n\
             A: send <> x@example.org\nC: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@example.org>\n"
        ));
        assert_eq!(events(&log), ["Ready "], "{refusal}");
    }
}

#[test]
fn a_server_that_refuses_both_is_reported_and_can_be_left() {
    let log = talk(
        "S: 220 mx.example.org\nC: EHLO client.example\nS: 550 no\nC: HELO client.example\n\
                    S: 550 5.7.1 not you\nA: quit\nC: QUIT\nS: 221 bye\nclosed\n",
    );
    assert_eq!(events(&log), ["Refused Hello 550 5.7.1 not you"]);
    let log =
        talk("S: 220 mx.example.org\nC: EHLO client.example\nS: 451 later\nA: quit\nC: QUIT\n");
    assert_eq!(events(&log), ["Refused Hello 451 later"]);
}

#[test]
fn a_greeting_of_554_is_reported_and_no_message_can_be_sent() {
    let mut config = client_config();
    config.hostname = "me".to_owned();
    let mut client = client(&config);
    client.recv().push(b"554 no mail here\r\n");
    assert_eq!(client.poll(Instant::default()), Step::Event);
    assert!(matches!(client.event(), Event::Refused { reply, .. } if reply.code() == 554));
    assert_eq!(client.poll(Instant::default()), Step::YourTurn);
    let sent = client.send(envelope("", &["x@example.org"]));
    assert!(matches!(sent, Err(CannotSend::Misuse(_))), "{sent:?}");
    client.quit().unwrap();
    assert_eq!(client.transmit().take_all(), "QUIT\r\n");
}

#[test]
fn the_name_in_ehlo_stays_one_word() {
    let mut config = client_config();
    config.hostname = "a b\r\nQUIT".to_owned();
    speak(&config, "S: 220 hi\nC: EHLO a?b??QUIT\n");
}

#[test]
fn without_pipelining_each_command_waits_for_its_reply() {
    let log = plain(&format!(
        "{SEND}S: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 250 Ok\nC: RCPT TO:<y@example.org>\n\
         S: 251 will forward\nC: DATA\nS: 354 Go\nC: Hello\nC: .\nS: 250 2.0.0 Taken\n"
    ));
    assert_eq!(
        events(&log)[1..],
        ["Body", "0 Message 250 2.0.0 Taken", "1 Message 250 2.0.0 Taken", "Done"]
    );
}

#[test]
fn each_recipient_gets_one_result_whatever_the_mix() {
    let log = plain(&format!(
        "{SEND}S: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 550 5.1.1 nobody\n\
         C: RCPT TO:<y@example.org>\nS: 250 Ok\nC: DATA\nS: 354 Go\nC: Hello\nC: .\nS: 452 4.3.1 full\n"
    ));
    assert_eq!(
        events(&log)[1..],
        ["0 Recipient 550 5.1.1 nobody", "Body", "1 Message 452 4.3.1 full", "Done"]
    );
}

#[test]
fn a_refused_mail_decides_all_recipients_and_another_message_may_follow() {
    let log =
        plain(&format!("{SEND}S: 451 4.7.1 later\n{SEND}S: 250 Ok\nC: RCPT TO:<x@example.org>\n"));
    assert_eq!(events(&log)[1..], ["0 Mail 451 4.7.1 later", "1 Mail 451 4.7.1 later", "Done"]);
}

#[test]
fn after_all_recipients_were_refused_the_transaction_is_reset() {
    let log = plain(&format!(
        "{SEND}S: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 550 no\nC: RCPT TO:<y@example.org>\nS: 450 later\n\
         C: RSET\nS: 250 Ok\n{SEND}"
    ));
    assert_eq!(events(&log)[1..], ["0 Recipient 550 no", "1 Recipient 450 later", "Done"]);
}

#[test]
fn after_a_refused_data_the_transaction_is_reset() {
    let log = plain(&format!(
        "{SEND}S: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 250 Ok\nC: RCPT TO:<y@example.org>\nS: 250 Ok\n\
         C: DATA\nS: 451 4.3.0 not now\nC: RSET\nS: 250 Ok\n{SEND}"
    ));
    assert_eq!(events(&log)[1..], ["0 Data 451 4.3.0 not now", "1 Data 451 4.3.0 not now", "Done"]);
}

#[test]
fn a_data_answered_with_250_is_no_delivery() {
    let log = plain(&format!(
        "{SEND}S: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 250 Ok\nC: RCPT TO:<y@example.org>\nS: 550 no\n\
         C: DATA\nS: 250 sure\nclosed\n"
    ));
    assert_eq!(events(&log)[1..], ["1 Recipient 550 no"], "the first is undecided");
}

#[test]
fn of_a_code_that_is_not_known_the_first_digit_counts() {
    let log = plain(
        "A: send <> x@example.org\nC: MAIL FROM:<>\nS: 299 Ok\nC: RCPT TO:<x@example.org>\nS: 298 Ok\n\
         C: DATA\nS: 399 Go\nC: Hello\nC: .\nS: 297 Taken\n",
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 297 Taken", "Done"]);
}

#[test]
fn an_intermediate_reply_where_none_belongs_is_no_success() {
    let log = plain(
        "A: send <> x@example.org\nC: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 250 Ok\n\
         C: DATA\nS: 354 Go\nC: Hello\nC: .\nS: 354 Go on\n",
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 354 Go on", "Done"]);
    let reply = smtp_proto::Reply::new(354, "Go on");
    assert_eq!(Outcome::from_reply(&reply).verdict, Verdict::Deferred);
}

#[test]
fn several_messages_go_over_one_session() {
    let one = "A: send <> x@example.org\nC: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@example.org>\nS: 250 Ok\n\
               C: DATA\nS: 354 Go\nC: Hello\nC: .\nS: 250 Taken\n";
    let log = plain(&(one.repeat(3) + "A: quit\nC: QUIT\nS: 221 Bye\nclosed\n"));
    assert_eq!(events(&log).iter().filter(|event| **event == "Done").count(), 3);
}

#[test]
fn addresses_are_printed_as_they_were_written() {
    plain(
        "A: send \"a@b\"@[192.0.2.1] \"x.y\"@example.org,postmaster\nC: MAIL FROM:<\"a@b\"@[192.0.2.1]>\nS: 250 Ok\n\
         C: RCPT TO:<\"x.y\"@example.org>\nS: 250 Ok\nC: RCPT TO:<Postmaster>\n",
    );
}

// §4.5.2: the message

fn body(action: &str, wire: &str) {
    plain(&format!(
        "A: send <> x@example.org body={action}\nC: MAIL FROM:<>\nS: 250 Ok\n\
         C: RCPT TO:<x@example.org>\nS: 250 Ok\nC: DATA\nS: 354 Go\nC| {wire}\n"
    ));
}

#[test]
fn dots_at_line_starts_are_stuffed_from_the_first_octet_on() {
    body(r".\r\n..\r\na.b\r\n.x\r\n", r"..\r\n...\r\na.b\r\n..x\r\n.\r\n");
    body(".", r"..\r\n.\r\n");
    body(r"\r\n.\r\nQUIT\r\n", r"\r\n..\r\nQUIT\r\n.\r\n");
}

#[test]
fn an_empty_message_is_a_lone_dot_and_an_unfinished_line_is_finished() {
    body("", r".\r\n");
    body("Hello", r"Hello\r\n.\r\n");
}

#[test]
fn bare_line_ends_go_out_as_crlf() {
    body(r"a\nb\rc\r\r\n\n.\nd", r"a\r\nb\r\nc\r\n\r\n\r\n..\r\nd\r\n.\r\n");
}

#[test]
fn where_bare_line_ends_are_refused_the_message_is_never_completed() {
    for text in [&b"a\nb"[..], b"a\rb", b"\n"] {
        let mut config = client_config();
        config.bare_eol = OutEol::Refuse;
        let mut client = client(&config);
        client.recv().push(b"220 hi\r\n250 hi\r\n");
        assert_eq!(client.poll(Instant::default()), Step::Event);
        client.event();
        client.send(envelope("", &["x@example.org"])).unwrap();
        client.recv().push(b"250 ok\r\n250 ok\r\n354 go\r\n");
        assert_eq!(client.poll(Instant::default()), Step::Event);
        assert!(matches!(client.event(), Event::Body));
        client.transmit().take_all();
        client.body(b"fine\r\n").unwrap();
        assert!(matches!(client.body(text), Err(BodyError::BareEol(found)) if found.offset >= 6));
        assert!(matches!(client.body_end(), Err(BodyError::Misuse(_))));
        assert!(client.transmit().is_empty(), "{}", text.escape_ascii());
        assert_eq!(client.poll(Instant::default()), Step::Closed);
        assert_eq!(client.closed(), Some(Close::Shutdown));
    }
}

// §4.2: replies

fn hello_in(reply: &str) -> Log {
    talk(&format!("S: 220 hi\nC: EHLO client.example\n{reply}"))
}

#[test]
fn replies_may_be_a_code_alone_end_in_lf_or_hold_any_octets() {
    assert_eq!(events(&talk("S| 220\\r\\n\nC: EHLO client.example\nS| 250\\r\\n\n")), ["Ready "]);
    assert_eq!(events(&hello_in("S| 250-hi\\n250 SIZE 5\\n\n")), ["Ready SIZE 5"]);
    assert_eq!(events(&hello_in("S| 250-\\xff\\xfe\\r\\n250 \\xc3\\xa9\\r\\n\n")), ["Ready é"]);
    assert_eq!(events(&hello_in("S: 250-hi\nS: 250-\nS: 250 SIZE 5\n")), ["Ready , SIZE 5"]);
}

#[test]
fn an_empty_first_line_does_not_make_the_second_the_first() {
    assert_eq!(events(&hello_in("S: 250-\nS: 250 PIPELINING\n")), ["Ready PIPELINING"]);
}

#[test]
fn where_the_codes_of_a_reply_differ_the_first_counts() {
    assert_eq!(events(&hello_in("S: 250-hi\nS: 550 SIZE 5\n")), ["Ready SIZE 5"]);
    assert_eq!(
        events(&hello_in("S: 450-hi\nS: 250 SIZE 5\n")),
        ["Refused Hello 450-hi\r\n450 SIZE 5"]
    );
}

#[test]
fn what_is_no_reply_closes_the_session() {
    for line in [
        "hello",
        "",
        "25",
        "25x hi",
        "150 hi",
        "650 hi",
        "250_hi",
        "2500 hi",
        "SSH-2.0-OpenSSH_9",
        "* OK IMAP4rev1 ready",
        "+OK POP3",
    ] {
        let log = talk(&format!("S: {line}\nclosed\n"));
        assert_eq!(log.events().count(), 0, "{line}");
    }
}

#[test]
fn an_over_long_line_closes_the_session() {
    talk(&format!("S: 220 {}\nclosed\n", "x".repeat(5000)));
    talk(&format!("S: 220 {}\nC: EHLO client.example\n", "x".repeat(4090)));
}

#[test]
fn an_endless_reply_closes_the_session() {
    let mut config = client_config();
    config.limits.reply = 1000;
    for line in ["S: 220-\n", "S: 220-x\n", "S: 220-some text to fill the line with\n"] {
        speak(&config, &(line.repeat(1002) + "closed\n"));
    }
}

#[test]
fn a_reply_that_nobody_asked_for_answers_the_next_command() {
    let log = plain(
        "S: 421 4.3.2 idle for too long\nA: send <> x@example.org\nC: MAIL FROM:<>\nclosed\n",
    );
    assert_eq!(events(&log)[1..], ["0 Mail 421 4.3.2 idle for too long", "Done"]);
}

#[test]
fn one_reply_too_many_never_makes_a_delivery() {
    // All replies stand one command late; that to RCPT would be the one to DATA.
    let log = plain(
        "S: 250 Ok\nA: send <> x@example.org\nC: MAIL FROM:<>\nC: RCPT TO:<x@example.org>\n\
         S: 250 Ok\nC: DATA\nS: 250 Ok\nclosed\n",
    );
    assert_eq!(events(&log).len(), 1, "no result: {log:?}");
}

// §3.8: 421 and the end of the connection, everywhere

/// A session cut into steps: what the client is told, and what it says.
const STEPS: [(&str, &str, &str); 8] = [
    ("", "C: EHLO client.example\n", "S: 220 hi\n"),
    ("", "", "S: 250 mx.example.org\n"),
    ("A: send <> x@example.org\n", "C: MAIL FROM:<>\n", ""),
    ("", "C: RCPT TO:<x@example.org>\n", "S: 250 Ok\n"),
    ("", "C: DATA\n", "S: 250 Ok\n"),
    ("", "C: Hello\nC: .\n", "S: 354 Go\n"),
    ("", "", "S: 250 Ok\n"),
    ("A: quit\n", "C: QUIT\n", ""),
];

/// The first `n` steps.
fn steps(n: usize) -> String {
    STEPS[..n].iter().map(|(action, client, server)| format!("{action}{server}{client}")).collect()
}

#[test]
fn a_421_closes_the_session_wherever_it_comes() {
    // After these two the client is at rest, and does not read.
    for n in (0..STEPS.len()).filter(|n| ![2, 7].contains(n)) {
        let log = talk(&format!("{}S: 421 4.3.2 going down\nclosed\n", steps(n)));
        let result = events(&log).iter().find(|event| event.starts_with('0')).copied();
        match n {
            3 => assert_eq!(result, Some("0 Mail 421 4.3.2 going down")),
            4 => assert_eq!(result, Some("0 Recipient 421 4.3.2 going down")),
            5 => assert_eq!(result, Some("0 Data 421 4.3.2 going down")),
            6 => assert_eq!(result, Some("0 Message 421 4.3.2 going down")),
            _ => assert_eq!(result, None, "{log:?}"),
        }
    }
    let log = talk(&format!("{}S: 421 4.3.2 going down\nclosed\n", steps(STEPS.len())));
    assert_eq!(events(&log).last(), Some(&"Done"));
}

#[test]
fn an_end_of_input_closes_the_session_wherever_it_comes() {
    for n in 0..=STEPS.len() {
        for piece in ["", "S| 2\n", "S| 250-half\\r\\n\n"] {
            let log = talk(&format!("{}{piece}eof\nclosed\n", steps(n)));
            let result = events(&log).iter().any(|event| event.starts_with('0'));
            assert_eq!(result, n > 6, "no result without a reply, after step {n}");
        }
    }
}

#[test]
fn the_reason_for_the_end_tells_a_farewell_from_a_lost_connection() {
    let run = |session: &[u8], quit: bool| {
        let mut client = client(&client_config());
        client.recv().push(session);
        let _ = client.poll(Instant::default());
        client.event();
        if quit {
            client.quit().unwrap();
        }
        client.recv_eof();
        assert_eq!(client.poll(Instant::default()), Step::Closed);
        client.closed()
    };
    assert_eq!(run(b"220 hi\r\n250 hi\r\n", true), Some(Close::Done));
    assert_eq!(run(b"220 hi\r\n250 hi\r\n", false), Some(Close::Eof));
    assert_eq!(run(b"220 hi\r\n", false), Some(Close::Eof));
    assert_eq!(run(b"hello\r\n", false), Some(Close::Protocol));
}

// §4.5.3.2: time

#[test]
fn each_reply_has_its_own_time() {
    for (n, seconds) in [(0, 300), (1, 300), (3, 300), (4, 300), (5, 120), (6, 600), (8, 300)] {
        let session = steps(n);
        talk(&format!("{session}wait {}s\nS| 2\nwait 1s\nclosed\n", seconds - 1));
        let alive = if n == 8 { "closed\n" } else { "" };
        talk(&format!(
            "{session}wait {}s\n{}{alive}",
            seconds - 1,
            match n {
                0 => "S: 220 hi\nC: EHLO client.example\n",
                3 => "S: 250 Ok\nC: RCPT TO:<x@example.org>\n",
                4 => "S: 250 Ok\nC: DATA\n",
                5 => "S: 354 Go\nC: Hello\nC: .\n",
                _ => "S: 250 Ok\n",
            }
        ));
    }
}

#[test]
fn a_client_at_rest_has_no_deadline() {
    talk(&format!("{}wait 100000s\nA: quit\nC: QUIT\n", steps(2)));
}

// What is said by the user in the wrong place

#[test]
fn commands_in_the_wrong_place_are_misuse_and_change_nothing() {
    let mut client = client(&client_config());
    let send = client.send(envelope("", &["x@example.org"]));
    assert!(matches!(send, Err(CannotSend::Misuse(_))));
    assert!(client.quit().is_err() && client.starttls().is_err());
    assert!(client.body(b"x").is_err() && client.body_end().is_err());
    assert!(client.transmit().is_empty());
}

#[test]
fn an_envelope_without_recipients_is_refused() {
    let mut client = client(&client_config());
    client.recv().push(b"220 hi\r\n250 hi\r\n");
    let _ = client.poll(Instant::default());
    client.event();
    assert_eq!(client.send(envelope("a@b.example", &[])), Err(CannotSend::NoRecipients));
    assert_eq!(client.send(envelope("", &["é@example.org"])), Err(CannotSend::Utf8Address));
    assert_eq!(
        client.send(envelope("é@b.example", &["x@example.org"])),
        Err(CannotSend::Utf8Address)
    );
    assert_eq!(client.poll(Instant::default()), Step::YourTurn);
}
