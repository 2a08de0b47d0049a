//! RFC 3461: DSN.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_proto::{Orcpt, Xtext, client::CannotSend};
use support::{events, offered, relay, relay_of, relay_with};

const UNKNOWN: &str = "S: 555 5.5.4 Parameter not recognised or not offered\n";
const BAD: &str = "S: 501 5.5.4 Bad parameter\n";
const MAIL: &str = "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n";

fn dsn(session: &str) -> mailwire::test::Log {
    relay_of(&relay_with(|offer| offer.dsn = true), session)
}

// Server

#[test]
fn the_envelope_of_section_10_1_arrives_as_it_was_sent() {
    let log = dsn(
        "C: MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159\nS: 250 2.1.0 Sender ok\n\
         C: RCPT TO:<bob@example.org> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.ORG\nS: 250 2.1.5 Recipient ok\n\
         C: RCPT TO:<carol@example.org> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU\nS: 250 2.1.5 Recipient ok\n\
         C: RCPT TO:<alice@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU\nS: 250 2.1.5 Recipient ok\n",
    );
    assert_eq!(
        events(&log),
        [
            "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159",
            "RCPT TO:<bob@example.org> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.ORG",
            "RCPT TO:<carol@example.org> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU",
            "RCPT TO:<alice@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU",
        ]
    );
}

#[test]
fn values_come_in_any_case_and_any_order() {
    let log = dsn(&format!(
        "{MAIL}C: RCPT TO:<bob@example.org> orcpt=RFC822;b notify=delay,Success\nS: 250 2.1.5 Recipient ok\n\
         C: RSET\nS: 250 2.0.0 Ok\nC: MAIL FROM:<> envid=x ret=full\nS: 250 2.1.0 Sender ok\n"
    ));
    assert_eq!(events(&log)[1], "RCPT TO:<bob@example.org> NOTIFY=SUCCESS,DELAY ORCPT=RFC822;b");
    assert_eq!(events(&log)[3], "MAIL FROM:<> RET=FULL ENVID=x");
}

#[test]
fn where_dsn_is_not_offered_its_parameters_get_555() {
    for param in ["RET=HDRS", "ENVID=x", "RET=FULL ENVID=x"] {
        relay(&format!("C: MAIL FROM:<> {param}\n{UNKNOWN}"));
    }
    for param in ["NOTIFY=NEVER", "ORCPT=rfc822;x@y"] {
        relay(&format!("{MAIL}C: RCPT TO:<bob@example.org> {param}\n{UNKNOWN}"));
    }
}

#[test]
fn wrong_values_get_501() {
    for param in [
        "RET",
        "RET=",
        "RET=ALL",
        "RET=HDRS RET=HDRS",
        "ENVID",
        "ENVID=",
        "ENVID=a=b",
        "ENVID=a+b",
        "ENVID=a+2",
        "ENVID=a+2g",
        "ENVID=a+2b",
        "ENVID=x ENVID=x",
    ] {
        dsn(&format!("C: MAIL FROM:<> {param}\n{BAD}"));
    }
    for param in [
        "NOTIFY",
        "NOTIFY=",
        "NOTIFY=ALWAYS",
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=SUCCESS,NEVER",
        "NOTIFY=SUCCESS,",
        "NOTIFY=,SUCCESS",
        "NOTIFY=DELAY NOTIFY=DELAY",
        "ORCPT",
        "ORCPT=",
        "ORCPT=x",
        "ORCPT=;x",
        "ORCPT=rfc822;",
        "ORCPT=rfc822;a+b",
        "ORCPT=rfc822;a=b",
        "ORCPT=rf_c;x",
        "ORCPT=rfc822;x ORCPT=rfc822;x",
    ] {
        dsn(&format!("{MAIL}C: RCPT TO:<bob@example.org> {param}\n{BAD}"));
    }
}

#[test]
fn each_parameter_belongs_to_its_command() {
    dsn(&format!(
        "C: MAIL FROM:<> NOTIFY=NEVER\n{UNKNOWN}C: MAIL FROM:<> ORCPT=rfc822;x\n{UNKNOWN}"
    ));
    dsn(&format!(
        "{MAIL}C: RCPT TO:<bob@example.org> RET=HDRS\n{UNKNOWN}C: RCPT TO:<bob@example.org> ENVID=x\n{UNKNOWN}"
    ));
}

#[test]
fn an_envid_of_100_and_an_orcpt_of_500_octets_are_taken_and_longer_ones_are_not() {
    // §4.4 and §4.2.
    dsn(&format!("C: MAIL FROM:<> ENVID={}\nS: 250 2.1.0 Sender ok\n", "x".repeat(100)));
    dsn(&format!("C: MAIL FROM:<> ENVID={}\n{BAD}", "x".repeat(101)));
    let rcpt = format!("{MAIL}C: RCPT TO:<bob@example.org> ORCPT=rfc822;");
    dsn(&format!("{rcpt}{}\nS: 250 2.1.5 Recipient ok\n", "x".repeat(500)));
    dsn(&format!("{rcpt}{}\n{BAD}", "x".repeat(501)));
}

#[test]
fn control_characters_in_xtext_get_501_since_they_would_go_into_the_header_of_a_report() {
    // §4.2 and §4.4: printable characters, before they are encoded.
    for xtext in ["x+0D+0ABcc:+20y", "+0A", "+00", "+1B[m", "+7F", "+C2+85"] {
        dsn(&format!("C: MAIL FROM:<> ENVID={xtext}\n{BAD}"));
        dsn(&format!("{MAIL}C: RCPT TO:<bob@example.org> ORCPT=rfc822;{xtext}\n{BAD}"));
    }
    dsn("C: MAIL FROM:<> ENVID=a+20b+09c\nS: 250 2.1.0 Sender ok\n");
    let rcpt =
        "C: RCPT TO:<bob@example.org> ORCPT=rfc822;+22a+20b+22@c\nS: 250 2.1.5 Recipient ok\n";
    dsn(&format!("{MAIL}{rcpt}"));
    let mut config = support::submission_config();
    config.implicit_tls = true;
    relay_of(
        &config,
        &format!(
            "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n\
             C: MAIL FROM:<> AUTH=a+0D+0Ab\n{BAD}C: MAIL FROM:<> AUTH=e+3Dmc2@example.com\nS: 250 2.1.0 Sender ok\n"
        ),
    );
}

#[test]
fn an_original_recipient_beyond_ascii_needs_smtputf8_or_xtext() {
    // RFC 6533 §3.
    let config = relay_with(|offer| (offer.dsn, offer.smtp_utf8) = (true, true));
    let rcpt = "C| RCPT TO:<bob@example.org> ORCPT=utf-8;j\\xc3\\xbcrgen@example.org\\r\\n\n";
    relay_of(
        &config,
        &format!(
            "C: MAIL FROM:<> SMTPUTF8\nS: 250 2.1.0 Sender ok\n{rcpt}S: 250 2.1.5 Recipient ok\n"
        ),
    );
    relay_of(
        &config,
        &format!("{MAIL}{rcpt}S: 553 5.6.7 SMTPUTF8 is not offered: the address must be ASCII\n"),
    );
    let ascii = "C: RCPT TO:<bob@example.org> ORCPT=utf-8;j\\x{fc}rgen@example.org\nS: 250 2.1.5 Recipient ok\n";
    relay_of(&config, &format!("{MAIL}{ascii}"));
}

// Client

#[test]
fn the_parameters_are_sent_where_dsn_is_offered() {
    offered(
        &["DSN"],
        "A: letter MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ+2B1; RCPT TO:<x@y.example> NOTIFY=NEVER ORCPT=rfc822;x@y.example; RCPT TO:<z@y.example>\n\
         C: MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ+2B1\nS: 250 Ok\n\
         C: RCPT TO:<x@y.example> NOTIFY=NEVER ORCPT=rfc822;x@y.example\nS: 250 Ok\n\
         C: RCPT TO:<z@y.example>\nS: 250 Ok\nC: DATA\n",
    );
}

#[test]
fn elsewhere_they_are_left_out() {
    offered(
        &["PIPELINING"],
        "A: letter MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ; RCPT TO:<x@y.example> NOTIFY=NEVER ORCPT=rfc822;x@y.example\n\
         C: MAIL FROM:<a@b.example>\nC: RCPT TO:<x@y.example>\nC: DATA\n",
    );
}

#[test]
fn an_original_recipient_beyond_ascii_is_not_sent_without_smtputf8() {
    let letter = "MAIL FROM:<>; RCPT TO:<x@y.example> ORCPT=utf-8;ü@y.example\n";
    offered(&["DSN"], &format!("A: refuses Utf8Address {letter}"));
    offered(
        &["DSN", "SMTPUTF8"],
        &format!(
            "A: letter {letter}C: MAIL FROM:<> SMTPUTF8\nS: 250 Ok\n\
             C| RCPT TO:<x@y.example> ORCPT=utf-8;\\xc3\\xbc@y.example\\r\\n\n"
        ),
    );
    offered(
        &["HELP"],
        &format!("A: letter {letter}C: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@y.example>\n"),
    );
    assert!(CannotSend::Utf8Address.to_string().contains("SMTPUTF8"));
}

// xtext

#[test]
fn xtext_is_read_and_written() {
    let table = [
        ("", ""),
        ("plain", "plain"),
        ("a+b", "a+2Bb"),
        ("a=b", "a+3Db"),
        ("a b", "a+20b"),
        ("\t\r\n\0", "+09+0D+0A+00"),
        ("\u{7F}", "+7F"),
        ("ü", "+C3+BC"),
        ("!~<>;", "!~<>;"),
        ("++", "+2B+2B"),
    ];
    for (text, xtext) in table {
        assert_eq!(Xtext::encode(text).as_str(), xtext);
        assert_eq!(Xtext::new(xtext).unwrap().decode(), text);
        assert_eq!(Xtext::new(xtext).unwrap(), Xtext::encode(text));
    }
    assert_eq!(Xtext::new("+41+2B").unwrap().decode(), "A+", "more may be encoded than need be");
    assert_eq!(Xtext::new("+FF").unwrap().decode(), "\u{FFFD}");
    for bad in
        ["+", "a+", "+4", "+4g", "+4a", "+zz", "a=b", "a b", "a\tb", "ü", "+41+", "\u{7F}", "++41"]
    {
        assert_eq!(Xtext::new(bad), None, "{bad:?}");
    }
}

#[test]
fn an_original_recipient_is_read_and_written() {
    for (text, kind, address) in [
        ("rfc822;Bob@Big-Bucks.com", "rfc822", "Bob@Big-Bucks.com"),
        ("rfc822;a+2Bb@c", "rfc822", "a+b@c"),
        ("x-local-addr;+2F", "x-local-addr", "/"),
        ("utf-8;ü@x", "utf-8", "ü@x"),
        ("UTF-8;ascii", "UTF-8", "ascii"),
        ("rfc822;a;b", "rfc822", "a;b"),
    ] {
        let orcpt = Orcpt::new(text).unwrap();
        assert_eq!((orcpt.addr_type(), &*orcpt.address().decode()), (kind, address));
        assert_eq!(orcpt.to_string(), text);
    }
    for bad in [
        "",
        ";",
        "rfc822;",
        ";x",
        "rfc822",
        "rfc822;ü",
        "rfc 822;x",
        "utf-8;a b",
        "utf-8;ü=",
        "utf-8;ü+",
    ] {
        assert_eq!(Orcpt::new(bad), None, "{bad:?}");
    }
    assert_eq!(Orcpt::rfc822("a b+c@d").to_string(), "rfc822;a+20b+2Bc@d");
}
