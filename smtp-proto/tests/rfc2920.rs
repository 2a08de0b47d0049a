//! RFC 2920: PIPELINING.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::test::Log;
use support::{client_config, events, relay, relay_config, serve_file, speak, talk, talk_file};

#[test]
fn section_4_without_pipelining() {
    let log = talk_file(&client_config(), "rfc2920-plain.txt");
    assert_eq!(
        events(&log)[2..],
        [
            "0 Message 250 message sent",
            "1 Message 250 message sent",
            "2 Message 250 message sent",
            "Done"
        ]
    );
}

#[test]
fn section_4_with_pipelining() {
    let log = talk_file(&client_config(), "rfc2920-pipelined.txt");
    assert_eq!(
        events(&log)[2..],
        [
            "0 Message 250 message sent",
            "1 Message 250 message sent",
            "2 Message 250 message sent",
            "Done"
        ]
    );
}

#[test]
fn section_4_all_recipients_rejected() {
    let log = talk_file(&client_config(), "rfc2920-rejected.txt");
    let expected = [
        "0 Recipient 550 remote mail to <nsb@thumper.bellore.com> not allowed",
        "1 Recipient 550 remote mail to <galvin@tis.com> not allowed",
        "Done",
    ];
    assert_eq!(events(&log)[1..], expected);
}

#[test]
fn section_4_all_recipients_rejected_and_data_accepted_gets_a_lone_dot() {
    let log = talk_file(&client_config(), "rfc2920-lone-dot.txt");
    assert!(!events(&log).contains(&"Body"), "the message is not asked for: {log:?}");
    assert_eq!(events(&log).len(), 4);
}

// Server

#[test]
fn pipelined_commands_are_answered_in_order() {
    let log = serve_file(&relay_config(), "rfc2920-server.txt");
    assert_eq!(log.all_payload(), b"Hello\r\nAgain\r\n");
}

#[test]
fn commands_behind_the_final_dot_belong_to_the_next_message() {
    let one = "C: MAIL FROM:<>\nC: RCPT TO:<alice@example.org>\nC: DATA\n";
    let ok = "S: 250 2.1.0 Sender ok\nS: 250 2.1.5 Recipient ok\nS: 354 End data with <CR><LF>.<CR><LF>\n";
    let log = relay(&format!(
        "{one}{ok}C: one\nC: .\n{one}S: 250 2.0.0 Stored\n{ok}C: two\nC: .\nC: QUIT\nS: 250 2.0.0 Stored\nS: 221 2.0.0 Bye\nclosed\n"
    ));
    assert_eq!(log.all_payload(), b"one\r\ntwo\r\n");
}

#[test]
fn a_message_pipelined_behind_a_refused_data_is_read_as_commands() {
    // The client broke §3.1: DATA ends a group. Nothing of this is a message.
    relay(
        "C: MAIL FROM:<>\nC: RCPT TO:<nobody@example.org>\nC: DATA\nC: Subject: x\nC: .\n\
           S: 250 2.1.0 Sender ok\nS: 550 5.1.1 No such user\nS: 554 5.5.1 No valid recipients\n\
           S: 500 5.5.1 Command not recognised\nS: 500 5.5.1 Command not recognised\n",
    );
}

// Client

const HELLO: &str = "S: 220 hi\nC: EHLO client.example\nS: 250-mx\nS: 250 PIPELINING\n";

fn batch(replies: &str) -> Log {
    talk(&format!(
        "{HELLO}A: send a@b.example x@y.example,z@y.example\nC: MAIL FROM:<a@b.example>\n\
         C: RCPT TO:<x@y.example>\nC: RCPT TO:<z@y.example>\nC: DATA\n{replies}"
    ))
}

#[test]
fn envelope_and_data_go_out_together_and_replies_may_come_together() {
    let log = batch(
        "S: 250 Ok\nS: 250-two\nS: 250 lines\nS: 250 Ok\nS: 354 Go\nC: Hello\nC: .\nS: 250 Taken\n",
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 250 Taken", "1 Message 250 Taken", "Done"]);
}

#[test]
fn mixed_refusals_give_one_result_each() {
    let log =
        batch("S: 250 Ok\nS: 450 later\nS: 250 Ok\nS: 354 Go\nC: Hello\nC: .\nS: 250 Taken\n");
    assert_eq!(events(&log)[1..], ["0 Recipient 450 later", "Body", "1 Message 250 Taken", "Done"]);
}

#[test]
fn a_refused_mail_decides_all_and_its_followers_do_not() {
    let log = batch(
        "S: 550 5.7.1 not you\nS: 503 what\nS: 503 what\nS: 503 what\n\
                     A: send <> x@y.example\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\nC: DATA\n",
    );
    assert_eq!(events(&log)[1..], ["0 Mail 550 5.7.1 not you", "1 Mail 550 5.7.1 not you", "Done"]);
}

#[test]
fn a_refused_mail_with_data_accepted_gets_a_lone_dot() {
    let log = batch(
        "S: 550 not you\nS: 250 Ok\nS: 250 Ok\nS: 354 Go\nC: .\nS: 554 no\nA: quit\nC: QUIT\n",
    );
    assert_eq!(events(&log)[1..], ["0 Mail 550 not you", "1 Mail 550 not you", "Done"]);
}

#[test]
fn a_refused_data_decides_those_that_were_accepted() {
    let log = batch(
        "S: 250 Ok\nS: 250 Ok\nS: 550 no\nS: 452 full\nC: RSET\nS: 250 Ok\nA: quit\nC: QUIT\n",
    );
    assert_eq!(events(&log)[1..], ["0 Data 452 full", "1 Recipient 550 no", "Done"]);
}

#[test]
fn no_more_than_the_window_is_sent_ahead() {
    let mut config = client_config();
    config.limits.pipeline = 2;
    let log = speak(
        &config,
        &format!(
            "{HELLO}A: send <> x@y.example,z@y.example\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\n\
         S: 250 Ok\nC: RCPT TO:<z@y.example>\nS: 250 Ok\nC: DATA\nS: 550 no\nS: 354 Go\nC: Hello\nC: .\n"
        ),
    );
    assert_eq!(
        events(&log)[1..],
        ["Body"],
        "the refusal is reported in its turn, after the message"
    );
}

#[test]
fn with_a_small_window_a_refused_mail_ends_the_batch() {
    let mut config = client_config();
    config.limits.pipeline = 2;
    let log = speak(
        &config,
        &format!(
            "{HELLO}A: send <> x@y.example,z@y.example\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\n\
         S: 550 no\nS: 503 what\nA: quit\nC: QUIT\n"
        ),
    );
    assert_eq!(events(&log)[1..], ["0 Mail 550 no", "1 Mail 550 no", "Done"]);
}

#[test]
fn an_end_within_a_batch_leaves_undecided_what_got_no_reply() {
    let log = batch("S: 250 Ok\nS: 550 no\nS| 25\neof\nclosed\n");
    assert_eq!(events(&log)[1..], ["0 Recipient 550 no"]);
}
