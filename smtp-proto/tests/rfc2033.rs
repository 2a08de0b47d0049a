//! RFC 2033: LMTP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::test::Log;
use smtp_proto::client::Protocol;
use support::{
    client_config, events, lmtp_config, relay, relay_of, serve, serve_file, speak, talk_file,
};

fn lmtp(session: &str) -> Log {
    relay_of(&lmtp_config(), session)
}

const BEGUN: &str = "\
C: MAIL FROM:<a@b.example>
C: RCPT TO:<alice@example.org>
C: RCPT TO:<nobody@example.org>
C: RCPT TO:<carol@example.org>
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
S: 550 5.1.1 No such user
S: 250 2.1.5 Recipient ok
";
const GO: &str = "S: 354 End data with <CR><LF>.<CR><LF>\n";

// Server

#[test]
fn section_4_2_as_the_server_has_it() {
    let log = serve_file(&lmtp_config(), "rfc2033-server.txt");
    assert_eq!(log.all_payload(), b"Blah blah blah...\r\n..etc. etc. etc.\r\n");
}

#[test]
fn lhlo_takes_the_place_of_helo_and_ehlo() {
    let greeting = "S: 220 mx.example.org LMTP ready\n";
    for hello in ["HELO c", "EHLO c", "ehlo"] {
        let reply = "S: 500 5.5.1 This is LMTP: say LHLO\n";
        let mail = "C: MAIL FROM:<>\nS: 503 5.5.1 Say LHLO first\n";
        serve(&lmtp_config(), &format!("{greeting}C: {hello}\n{reply}{mail}"));
    }
    serve(&lmtp_config(), &format!("{greeting}C: LHLO\nS: 501 5.5.4 Syntax error in arguments\n"));
    relay("C: LHLO c\nS: 500 5.5.1 This is SMTP: say EHLO\n");
    lmtp("C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n");
}

#[test]
fn each_recipient_that_was_accepted_gets_an_answer_in_order() {
    let log = lmtp(&format!(
        "{BEGUN}C: DATA\n{GO}C: Hi\nC: .\nS: 250 2.0.0 Stored\nS: 452 4.2.2 Mailbox full\n\
         C: NOOP\nS: 250 2.0.0 Ok\n"
    ));
    assert_eq!(events(&log).last(), Some(&"Message of 4"));
}

#[test]
fn one_address_given_twice_gets_two_answers() {
    lmtp(&format!(
        "C: MAIL FROM:<>\nC: RCPT TO:<bob@example.org>\nC: RCPT TO:<bob@example.org>\nC: DATA\n\
         S: 250 2.1.0 Sender ok\nS: 250 2.1.5 Recipient ok\nS: 250 2.1.5 Recipient ok\n{GO}\
         C: .\nS: 250 2.0.0 Stored\nS: 250 2.0.0 Stored\n"
    ));
}

#[test]
fn without_a_good_recipient_data_gets_503() {
    let mail = "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n";
    let no = "C: DATA\nS: 503 5.5.1 Say RCPT first\n";
    lmtp(&format!("{mail}{no}"));
    lmtp(&format!("{mail}C: RCPT TO:<nobody@example.org>\nS: 550 5.1.1 No such user\n{no}"));
}

#[test]
fn a_message_that_the_machine_refuses_gets_as_many_answers() {
    let large = "x".repeat(1001);
    let too_large = "S: 552 5.3.4 Message is larger than the limit offered as SIZE\n".repeat(2);
    lmtp(&format!("{BEGUN}C: DATA\n{GO}C: {large}\nC: .\n{too_large}C: NOOP\nS: 250 2.0.0 Ok\n"));
    let bare = "S: 550 5.6.11 Message holds a bare CR or LF\n".repeat(2);
    lmtp(&format!("{BEGUN}C: DATA\n{GO}C| a\\nb\\r\\n.\\r\\n\n{bare}"));
}

#[test]
fn the_last_chunk_gets_one_answer_each_and_every_other_one_answer() {
    // §4.3.
    let log = lmtp(&format!(
        "{BEGUN}C| BDAT 2\\r\\nab\nS: 250 2.0.0 2 octets so far\nC| BDAT 1 LAST\\r\\nc\n\
         S: 250 2.0.0 Stored\nS: 452 4.2.2 Mailbox full\nC: NOOP\nS: 250 2.0.0 Ok\n"
    ));
    assert_eq!(log.all_payload(), b"abc");
}

#[test]
fn a_refused_last_chunk_gets_one_answer_each_too() {
    let nodata = BEGUN.replace("<a@", "<nodata@");
    let two = "S: 451 4.3.0 Not now\nS: 451 4.3.0 Not now\n";
    lmtp(&format!("{nodata}C| BDAT 1 LAST\\r\\nx\n{two}C: NOOP\nS: 250 2.0.0 Ok\n"));
    let bare = "S: 550 5.6.11 Message holds a bare CR or LF\n";
    lmtp(&format!("{BEGUN}C| BDAT 1 LAST\\r\\n\\n\n{bare}{bare}C: NOOP\nS: 250 2.0.0 Ok\n"));
    // Refused before: the answers to the last chunk are as many as ever.
    let no_mail = "S: 503 5.5.1 Say MAIL first\n";
    lmtp(&format!(
        "{BEGUN}C| BDAT 1\\r\\n\\nBDAT 1\\r\\nxBDAT 1 LAST\\r\\ny\n{bare}{no_mail}{no_mail}{no_mail}\
         C: NOOP\nS: 250 2.0.0 Ok\n"
    ));
}

#[test]
fn the_last_chunk_gets_no_answer_where_there_is_no_good_recipient() {
    // §4.3: "zero replies".
    let log = lmtp(
        "C: MAIL FROM:<>\nC: RCPT TO:<nobody@example.org>\nS: 250 2.1.0 Sender ok\nS: 550 5.1.1 No such user\n\
         C| BDAT 6 LAST\\r\\nQUIT\\r\\n\nC: NOOP\nS: 250 2.0.0 Ok\n",
    );
    assert_eq!(log.all_payload(), b"");
    lmtp(
        "C: MAIL FROM:<blocked@b.example>\nC: RCPT TO:<bob@example.org>\nC| BDAT 6 LAST\\r\\nQUIT\\r\\n\n\
         S: 550 5.7.1 Not you\nS: 503 5.5.1 Say MAIL first\nC: NOOP\nS: 250 2.0.0 Ok\n",
    );
}

#[test]
fn a_message_can_follow_a_message() {
    let one = format!(
        "C: MAIL FROM:<>\nC: RCPT TO:<bob@example.org>\nC: DATA\nS: 250 2.1.0 Sender ok\n\
         S: 250 2.1.5 Recipient ok\n{GO}C: Hi\nC: .\nS: 250 2.0.0 Stored\n"
    );
    let log = lmtp(&one.repeat(3));
    assert_eq!(log.all_payload(), b"Hi\r\nHi\r\nHi\r\n");
}

// Client

fn client(session: &str) -> Log {
    let mut config = client_config();
    config.protocol = Protocol::Lmtp;
    config.limits.chunk = 5;
    speak(&config, session)
}

const SENT: &str = "A: send a@b.example x@y.example,z@y.example,x@y.example\n\
C: MAIL FROM:<a@b.example>\nC: RCPT TO:<x@y.example>\nC: RCPT TO:<z@y.example>\nC: RCPT TO:<x@y.example>\n";

fn hello(chunking: bool) -> String {
    let chunking = if chunking { "S: 250-CHUNKING\n" } else { "" };
    format!("S: 220 hi\nC: LHLO client.example\nS: 250-mx\n{chunking}S: 250 PIPELINING\n")
}

#[test]
fn section_4_2_as_the_client_has_it() {
    let mut config = client_config();
    config.protocol = Protocol::Lmtp;
    let log = talk_file(&config, "rfc2033-4.2.txt");
    assert_eq!(
        events(&log)[1..],
        [
            "Body",
            "0 Message 250 OK",
            "1 Recipient 550 No such user here",
            "2 Message 452 <green@foo.edu> is temporarily over quota",
            "Done"
        ]
    );
}

#[test]
fn the_client_does_not_fall_back_to_helo() {
    let log = client("S: 220 hi\nC: LHLO client.example\nS: 500 what\nA: quit\nC: QUIT\n");
    assert_eq!(events(&log), ["Refused Hello 500 what"]);
}

#[test]
fn every_mix_of_answers_gives_each_recipient_its_own() {
    let replies = ["250 a", "452 b", "550 c"];
    for i in 0..27 {
        let (x, y, z) = (replies[i % 3], replies[i / 3 % 3], replies[i / 9]);
        for chunking in [false, true] {
            let body = match chunking {
                true => {
                    "S: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nC| BDAT 5\\r\\nHelloBDAT 2 LAST\\r\\n\\r\\n\nS: 250 Ok\n"
                }
                false => {
                    "C: DATA\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 Go\nC: Hello\nC: .\n"
                }
            };
            let log = client(&format!(
                "{}{SENT}{body}S: {x}\nS: {y}\nS: {z}\nA: quit\nC: QUIT\nS: 221 bye\nclosed\n",
                hello(chunking)
            ));
            let (x, y, z) =
                (format!("0 Message {x}"), format!("1 Message {y}"), format!("2 Message {z}"));
            assert_eq!(events(&log)[1..], ["Body", &x, &y, &z, "Done"]);
        }
    }
}

#[test]
fn a_recipient_refused_at_rcpt_gets_no_second_answer() {
    let log = client(&format!(
        "{}{SENT}C: DATA\nS: 250 Ok\nS: 250 Ok\nS: 550 no\nS: 250 Ok\nS: 354 Go\nC: Hello\nC: .\n\
         S: 250 one\nS: 450 three\nA: quit\nC: QUIT\n",
        hello(false)
    ));
    let results =
        ["Body", "0 Message 250 one", "1 Recipient 550 no", "2 Message 450 three", "Done"];
    assert_eq!(events(&log)[1..], results);
}

#[test]
fn after_a_refused_chunk_the_answers_to_the_last_one_are_awaited_all() {
    let log = client(&format!(
        "{}{SENT}S: 250 Ok\nS: 250 Ok\nS: 550 no\nS: 250 Ok\n\
         C| BDAT 5\\r\\nHelloBDAT 2 LAST\\r\\n\\r\\n\nS: 452 full\nS: 503 x\nS: 503 z\n\
         C: RSET\nS: 250 Ok\nA: say VRFY x\nC: VRFY x\nS: 252 maybe\n",
        hello(true)
    ));
    let results =
        ["Body", "0 Message 452 full", "1 Recipient 550 no", "2 Message 452 full", "Done"];
    assert_eq!(events(&log)[1..6], results);
    assert_eq!(events(&log)[6..], ["Answered 252 maybe"], "each reply answers its own command");
}

#[test]
fn an_end_or_a_421_among_the_answers_leaves_no_wrong_result() {
    let sent = format!(
        "{}{SENT}C: DATA\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 Go\nC: Hello\nC: .\nS: 250 one\n",
        hello(false)
    );
    let log = client(&format!("{sent}eof\nclosed\n"));
    assert_eq!(events(&log)[1..], ["Body", "0 Message 250 one"], "the others are undecided");
    let log = client(&format!("{sent}S: 421 bye\nclosed\n"));
    let results = ["Body", "0 Message 250 one", "1 Message 421 bye", "2 Message 421 bye", "Done"];
    assert_eq!(events(&log)[1..], results);
}
