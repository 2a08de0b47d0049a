//! RFC 6531: SMTPUTF8.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use support::{events, offered, relay, relay_of, relay_with};

const NO: &str = "S: 553 5.6.7 SMTPUTF8 is not offered: the address must be ASCII\n";

fn utf8(session: &str) -> mailwire::test::Log {
    relay_of(&relay_with(|offer| offer.smtp_utf8 = true), session)
}

// Server

#[test]
fn addresses_beyond_ascii_are_taken_in_a_message_declared_smtputf8() {
    let log = utf8(
        "C: MAIL FROM:<дима@почта.рф> SMTPUTF8\nS: 250 2.1.0 Sender ok\n\
         C: RCPT TO:<\"jürgen x\"@example.org>\nS: 550 5.1.1 No such user\n\
         C: RCPT TO:<bob@example.org>\nS: 250 2.1.5 Recipient ok\n\
         C: RCPT TO:<用户@例子.广告>\nS: 550 5.7.1 Relaying denied\n",
    );
    assert_eq!(events(&log)[0], "MAIL FROM:<дима@почта.рф> SMTPUTF8");
    assert_eq!(events(&log)[1], "RCPT TO:<\"jürgen x\"@example.org>");
}

#[test]
fn vrfy_and_expn_say_whether_the_client_takes_utf8() {
    let session = "C: VRFY jürgen SMTPUTF8\nS: 252 2.5.0 Send some mail, I'll try my best\n\
                   C: EXPN staff  smtputf8\nS: 252 2.5.0 Send some mail, I'll try my best\n\
                   C: VRFY SMTPUTF8\nS: 252 2.5.0 Send some mail, I'll try my best\n";
    let heard = ["VRFY jürgen, replies in UTF-8", "EXPN staff, replies in UTF-8", "VRFY SMTPUTF8"];
    assert_eq!(events(&utf8(session)), heard);
    // Where it is not offered it is part of what is asked for.
    let plain = "C: VRFY joe SMTPUTF8\nS: 252 2.5.0 Send some mail, I'll try my best\n";
    assert_eq!(events(&relay(plain)), ["VRFY joe SMTPUTF8"]);
}

#[test]
fn without_the_parameter_they_are_refused_with_553() {
    // §3.5: 553 and X.6.7 for such an address in a message that is not declared so.
    utf8(&format!(
        "C: MAIL FROM:<ü@b.example>\n{NO}C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\nC: RCPT TO:<ü@example.org>\n{NO}"
    ));
}

#[test]
fn the_declaration_ends_with_its_message() {
    utf8(&format!(
        "C: MAIL FROM:<ü@b.example> SMTPUTF8\nS: 250 2.1.0 Sender ok\nC: RSET\nS: 250 2.0.0 Ok\n\
         C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\nC: RCPT TO:<ü@example.org>\n{NO}"
    ));
}

#[test]
fn the_parameter_has_no_value_and_stands_once() {
    for param in ["SMTPUTF8=", "SMTPUTF8=1", "SMTPUTF8 SMTPUTF8"] {
        utf8(&format!("C: MAIL FROM:<> {param}\nS: 501 5.5.4 Bad parameter\n"));
    }
    utf8("C: MAIL FROM:<> smtputf8 BODY=8BITMIME\nS: 250 2.1.0 Sender ok\n");
    utf8(
        "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\nC: RCPT TO:<bob@example.org> SMTPUTF8\nS: 555 5.5.4 Parameter not recognised or not offered\n",
    );
}

#[test]
fn where_it_is_not_offered_parameter_and_addresses_are_refused() {
    relay("C: MAIL FROM:<> SMTPUTF8\nS: 555 5.5.4 Parameter not recognised or not offered\n");
    relay(&format!("C: MAIL FROM:<ü@b.example>\n{NO}"));
}

#[test]
fn octets_that_are_not_utf8_are_no_address_even_so() {
    for address in ["\\xff@b.example", "a@\\xc3\\x28", "\\xed\\xa0\\x80@b", "\\xc0\\xaf@b"] {
        let log = relay_of(
            &relay_with(|offer| offer.smtp_utf8 = true),
            &format!("C| MAIL FROM:<{address}> SMTPUTF8\\r\\n\nS: 501 5.1.3 Bad address syntax\n"),
        );
        assert_eq!(events(&log), ["Rejected 501"]);
    }
}

// Client

#[test]
fn the_client_declares_what_needs_it_and_nothing_else() {
    let hello = ["SMTPUTF8", "PIPELINING"];
    offered(
        &hello,
        "A: letter MAIL FROM:<a@b.example>; RCPT TO:<ü@y.example>\nC: MAIL FROM:<a@b.example> SMTPUTF8\nC: RCPT TO:<ü@y.example>\nC: DATA\n",
    );
    offered(
        &hello,
        "A: letter MAIL FROM:<ü@b.example>; RCPT TO:<x@y.example>\nC: MAIL FROM:<ü@b.example> SMTPUTF8\nC: RCPT TO:<x@y.example>\nC: DATA\n",
    );
    offered(
        &hello,
        "A: letter MAIL FROM:<> SMTPUTF8; RCPT TO:<x@y.example>\nC: MAIL FROM:<> SMTPUTF8\nC: RCPT TO:<x@y.example>\nC: DATA\n",
    );
    offered(
        &hello,
        "A: letter MAIL FROM:<>; RCPT TO:<x@y.example>\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\nC: DATA\n",
    );
}

#[test]
fn the_client_refuses_to_send_what_the_server_does_not_take() {
    for letter in [
        "MAIL FROM:<ü@b.example>; RCPT TO:<x@y.example>",
        "MAIL FROM:<>; RCPT TO:<x@y.example>; RCPT TO:<x@ü.example>",
        "MAIL FROM:<> SMTPUTF8; RCPT TO:<x@y.example>",
    ] {
        offered(&["8BITMIME"], &format!("A: refuses Utf8Address {letter}\n"));
    }
}
