//! RFC 3030: CHUNKING and BINARYMIME.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{
    Close, Instant, Machine, Step,
    frame::{BareEol, OutEol},
    test::{Cuts, Log, Noted, run},
};
use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::{
    Body,
    client::{BodyError, CannotSend, Event},
};
use support::{
    Config, Mx, client, client_config, envelope, events, offer, offered, relay, relay_config,
    relay_of, relay_with, serve, server, speak,
};

/// A message that may begin.
const BEGUN: &str = "\
C: MAIL FROM:<a@b.example>
C: RCPT TO:<alice@example.org>
S: 250 2.1.0 Sender ok
S: 250 2.1.5 Recipient ok
";

fn under(bare_eol: BareEol) -> Config {
    let mut config = relay_config();
    config.bare_eol = bare_eol;
    config
}

// Server

#[test]
fn section_4_1_simple_chunking() {
    let log = relay(&format!(
        "{BEGUN}C: BDAT 86 LAST\nC: To: Susan@random.com\nC: From: Sam@random.com\n\
         C: Subject: This is a bodyless test message\nS: 250 2.0.0 Stored\n\
         C: QUIT\nS: 221 2.0.0 Bye\nclosed\n"
    ));
    assert!(events(&log).contains(&"Message of 86"));
}

#[test]
fn section_4_2_pipelining_binarymime() {
    let mut config = relay_with(|offer| offer.binary_mime = true);
    config.limits.message = 200_000;
    let (first, second) = ("x".repeat(100_000), "y".repeat(324));
    let log = relay_of(
        &config,
        &format!(
            "C: MAIL FROM:<ned@ymir.example> BODY=BINARYMIME\nC: RCPT TO:<alice@example.org>\n\
             C: RCPT TO:<bob@example.org>\nS: 250 2.1.0 Sender ok\nS: 250 2.1.5 Recipient ok\n\
             S: 250 2.1.5 Recipient ok\nC: BDAT 100000\nC| {first}BDAT 324\\r\\n{second}\n\
             C: BDAT 0 LAST\nS: 250 2.0.0 100000 octets so far\nS: 250 2.0.0 100324 octets so far\n\
             S: 250 2.0.0 Stored\nC: QUIT\nS: 221 2.0.0 Bye\nclosed\n"
        ),
    );
    assert!(events(&log).contains(&"Message of 100324"));
}

/// Twelve octets that would end the session if they were commands; NOOP follows.
fn refused(config: &Config, before: &str, replies: &str) {
    for last in ["", " LAST", " last", " LAST "] {
        relay_of(
            config,
            &format!(
                "{before}C| BDAT 12{last}\\r\\nQUIT\\r\\nRSET\\r\\nNOOP\\r\\n\n{replies}S: 250 2.0.0 Ok\n"
            ),
        );
    }
}

#[test]
fn a_refused_bdat_consumes_its_octets_wherever_the_session_stands() {
    let config = relay_config();
    refused(&relay_with(|o| o.chunking = false), BEGUN, "S: 502 5.5.1 CHUNKING is not offered\n");
    refused(&config, "", "S: 503 5.5.1 Say MAIL first\n");
    let mail = "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n";
    refused(&config, mail, "S: 503 5.5.1 Say RCPT first\n");
    let nobody = format!("{mail}C: RCPT TO:<nobody@example.org>\nS: 550 5.1.1 No such user\n");
    refused(&config, &nobody, "S: 554 5.5.1 No valid recipients\n");
    let blocked = "C: MAIL FROM:<blocked@b.example>\nS: 550 5.7.1 Not you\n";
    refused(&config, blocked, "S: 503 5.5.1 Say MAIL first\n");
    refused(&config, &BEGUN.replace("<a@", "<nodata@"), "S: 451 4.3.0 Not now\n");
    let mut small = relay_config();
    small.limits.message = 11;
    let too_large = "S: 552 5.3.4 Message is larger than the limit offered as SIZE\n";
    refused(&small, BEGUN, too_large);
    let void = format!("{BEGUN}C| BDAT 12\\r\\n123456789012\n{too_large}");
    refused(&small, &void, "S: 503 5.5.1 Say MAIL first\n");
    refused(
        &config,
        &format!("{BEGUN}C| BDAT 1 LAST\\r\\nx\nS: 250 2.0.0 Stored\n"),
        "S: 503 5.5.1 Say MAIL first\n",
    );
}

#[test]
fn before_ehlo_and_in_a_session_turned_away_it_does_so_too() {
    serve(
        &relay_config(),
        "S: 220 mx.example.org ESMTP ready\nC| BDAT 6 LAST\\r\\nQUIT\\r\\nNOOP\\r\\n\n\
         S: 503 5.5.1 Say MAIL first\nS: 250 2.0.0 Ok\n",
    );
    serve(
        &relay_config(),
        "H: shutdown\nS: 220 mx.example.org ESMTP ready\nS: 421 4.3.2 Service shutting down, come back later\nclosed\n",
    );
}

#[test]
fn a_message_comes_in_chunks_of_any_size_and_dots_in_it_mean_nothing() {
    let log = relay(&format!(
        "{BEGUN}C| BDAT 3\\r\\n.\\r\\nBDAT 0\\r\\nBDAT 5\\r\\n\\r\\n.\\r\\nBDAT 4 LAST\\r\\n..x\\nNOOP\\r\\n\n\
         S: 250 2.0.0 3 octets so far\nS: 250 2.0.0 3 octets so far\nS: 250 2.0.0 8 octets so far\n\
         S: 550 5.6.11 Message holds a bare CR or LF\nS: 250 2.0.0 Ok\n"
    ));
    assert!(events(&log).contains(&"Reset Malformed"));
    let log = relay(&format!(
        "{BEGUN}C| BDAT 3\\r\\n.\\r\\nBDAT 0\\r\\nBDAT 5\\r\\n\\r\\n.\\r\\nBDAT 5 LAST\\r\\n..x\\r\\nNOOP\\r\\n\n\
         S: 250 2.0.0 3 octets so far\nS: 250 2.0.0 3 octets so far\nS: 250 2.0.0 8 octets so far\n\
         S: 250 2.0.0 Stored\nS: 250 2.0.0 Ok\n"
    ));
    assert_eq!(log.all_payload(), b".\r\n\r\n.\r\n..x\r\n");
}

#[test]
fn bdat_0_last_ends_a_message_also_an_empty_one() {
    let log = relay(&format!("{BEGUN}C: BDAT 0 LAST\nS: 250 2.0.0 Stored\n"));
    assert!(events(&log).contains(&"Message of 0"));
    let log = relay(&format!(
        "{BEGUN}C| BDAT 4\\r\\nHi\\r\\n\nS: 250 2.0.0 4 octets so far\nC: BDAT 0 LAST\nS: 250 2.0.0 Stored\n"
    ));
    assert_eq!(log.all_payload(), b"Hi\r\n");
}

#[test]
fn a_message_of_just_the_limit_is_taken_and_one_octet_more_is_not() {
    let x = "x".repeat(500);
    let half = format!("{BEGUN}C| BDAT 500\\r\\n{x}\nS: 250 2.0.0 500 octets so far\n");
    relay(&format!("{half}C| BDAT 500 LAST\\r\\n{x}\nS: 250 2.0.0 Stored\n"));
    let log = relay(&format!(
        "{half}C| BDAT 501 LAST\\r\\n{x}y\nS: 552 5.3.4 Message is larger than the limit offered as SIZE\n"
    ));
    assert_eq!(log.all_payload().len(), 1000, "what fits is handed out");
    assert!(events(&log).contains(&"Reset TooLarge"));
}

#[test]
fn data_rcpt_and_mail_between_chunks_get_503_and_the_message_goes_on() {
    let go_on = "S: 503 5.5.1 BDAT has begun: go on with it\n";
    for (command, reply) in [
        ("DATA", go_on),
        ("RCPT TO:<bob@example.org>", go_on),
        ("MAIL FROM:<>", "S: 503 5.5.1 Sender already given\n"),
        ("NOOP", "S: 250 2.0.0 Ok\n"),
        ("VRFY alice", "S: 252 2.5.0 Send some mail, I'll try my best\n"),
    ] {
        let log = relay(&format!(
            "{BEGUN}C| BDAT 3\\r\\nabc\nS: 250 2.0.0 3 octets so far\nC: {command}\n{reply}\
             C| BDAT 3 LAST\\r\\ndef\nS: 250 2.0.0 Stored\n"
        ));
        assert_eq!(log.all_payload(), b"abcdef", "{command}");
    }
}

#[test]
fn rset_and_ehlo_between_chunks_forget_them() {
    for (command, reply) in [("RSET", "S: 250 2.0.0 Ok\n"), ("HELO c", "S: 250 mx.example.org\n")] {
        let log = relay(&format!(
            "{BEGUN}C| BDAT 3\\r\\nabc\nS: 250 2.0.0 3 octets so far\nC: {command}\n{reply}\
             C| BDAT 3 LAST\\r\\ndef\nS: 503 5.5.1 Say MAIL first\n\
             {BEGUN}C| BDAT 3 LAST\\r\\nghi\nS: 250 2.0.0 Stored\n"
        ));
        assert_eq!(events(&log)[3], "Reset Command", "{command}");
        assert!(events(&log).contains(&"Message of 3"), "{command}");
    }
}

#[test]
fn data_and_bdat_may_be_used_in_one_session() {
    let log = relay(&format!(
        "{BEGUN}C| BDAT 3 LAST\\r\\nabc\nS: 250 2.0.0 Stored\n{BEGUN}C: DATA\n\
         S: 354 End data with <CR><LF>.<CR><LF>\nC: def\nC: .\nS: 250 2.0.0 Stored\n\
         {BEGUN}C| BDAT 3 LAST\\r\\nghi\nS: 250 2.0.0 Stored\n"
    ));
    assert_eq!(log.all_payload(), b"abcdef\r\nghi");
}

#[test]
fn a_size_that_cannot_be_read_closes_the_session_since_what_follows_cannot_be_told_apart() {
    for size in [
        "",
        " ",
        " x",
        " -1",
        " +1",
        " 0x10",
        " 1.0",
        " 1e3",
        " 18446744073709551616",
        " 99999999999999999999",
        " 000000000000000000001",
        " LAST",
        " 5 FIRST",
        " 5 LAST x",
        " 5  LAST",
        " 5LAST",
    ] {
        let log = relay(&format!(
            "{BEGUN}C| BDAT{size}\\r\\nQUIT\\r\\n\nS: 501 5.5.4 Syntax error in arguments\nclosed\n"
        ));
        assert_eq!(events(&log)[2..], ["Rejected 501", "Reset Closed"], "{size}");
    }
}

#[test]
fn a_bdat_that_is_no_line_of_a_command_closes_the_session_too() {
    for line in ["BDAT 6\\n", "bdat\\t6\\r\\n", "BDAT 6\\x00\\r\\n", "BDAT 6\\rLAST\\r\\n"] {
        let log = relay(&format!(
            "{BEGUN}C| {line}QUIT\\r\\n\nS: 500 5.5.2 {}\nclosed\n",
            match line {
                "BDAT 6\\n" => "Lines end in CRLF",
                _ => "Control characters or octets that are not UTF-8 in a command",
            }
        ));
        assert_eq!(events(&log)[2..], ["Rejected 500", "Reset Closed"], "{line}");
    }
}

#[test]
fn a_bdat_line_that_is_too_long_closes_the_session_too() {
    for n in [2100, 70_000] {
        let log = relay(&format!(
            "{BEGUN}C| bdat 6{}LAST\\r\\nQUIT\\r\\n\nS: 500 5.5.6 Line too long\nclosed\n",
            " ".repeat(n)
        ));
        assert_eq!(events(&log)[2..], ["Rejected 500", "Reset Closed"]);
        let other = format!(
            "C| NOOP{}\\r\\nNOOP\\r\\n\nS: 500 5.5.6 Line too long\nS: 250 2.0.0 Ok\n",
            " ".repeat(n)
        );
        relay(&other);
    }
}

#[test]
fn a_huge_size_is_read_and_dropped_and_costs_nothing() {
    let log = relay(&format!(
        "{BEGUN}C| BDAT 18446744073709551615 LAST\\r\\n{}\neof\nclosed\n",
        "QUIT\\r\\n".repeat(1000)
    ));
    assert_eq!(log.all_payload().len(), 1000);
    assert_eq!(*events(&log).last().unwrap(), "Reset Closed");
}

#[test]
fn many_chunks_behind_a_refused_one_are_not_held_against_the_client() {
    let ahead = "BDAT 6\\r\\nQUIT\\r\\n".repeat(50);
    let no_mail = "S: 503 5.5.1 Say MAIL first\n".repeat(51);
    for (before, first) in [
        (BEGUN.replace("<a@", "<nodata@"), "S: 451 4.3.0 Not now\n"),
        (format!("{BEGUN}C| BDAT 1\\r\\n\\n\nS: 550 5.6.11 Message holds a bare CR or LF\n"), ""),
    ] {
        let first_chunk = if first.is_empty() { "" } else { "BDAT 6\\r\\nQUIT\\r\\n" };
        relay(&format!(
            "{before}C| {first_chunk}{ahead}BDAT 6 LAST\\r\\nQUIT\\r\\n\n{first}{no_mail}\
             C: RSET\nS: 250 2.0.0 Ok\n"
        ));
    }
    // After RSET nothing is ahead of anything.
    relay(&format!(
        "{BEGUN}C| BDAT 1\\r\\n\\n\nS: 550 5.6.11 Message holds a bare CR or LF\nC: RSET\nS: 250 2.0.0 Ok\n\
         C| {ahead}\n{}S: 421 4.7.0 Too many errors\nclosed\n",
        "S: 503 5.5.1 Say MAIL first\n".repeat(20)
    ));
    // Whoever never had a message to send is another matter.
    let log = relay(&format!(
        "C| {ahead}\n{}S: 421 4.7.0 Too many errors\nclosed\n",
        "S: 503 5.5.1 Say MAIL first\n".repeat(20)
    ));
    assert_eq!(events(&log).len(), 20);
}

/// A message in two chunks.
fn two_chunks(bare_eol: BareEol, first: &[u8], second: &[u8], reply: &str) -> Vec<u8> {
    let log = relay_of(
        &under(bare_eol),
        &format!(
            "{BEGUN}C| BDAT {}\\r\\n{}BDAT {} LAST\\r\\n{}\n{reply}",
            first.len(),
            first.escape_ascii(),
            second.len(),
            second.escape_ascii()
        ),
    );
    log.all_payload()
}

#[test]
fn a_cr_at_the_border_of_chunks_is_judged_by_what_follows() {
    let so_far = |n: usize| format!("S: 250 2.0.0 {n} octets so far\nS: 250 2.0.0 Stored\n");
    for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
        let first = if policy == BareEol::Keep { 5 } else { 4 };
        let whole = two_chunks(policy, b"abcd\r", b"\nef\r\n", &so_far(first));
        assert_eq!(whole, b"abcd\r\nef\r\n", "{policy:?}");
    }
    let bare = "S: 250 2.0.0 4 octets so far\nS: 550 5.6.11 Message holds a bare CR or LF\n";
    assert_eq!(two_chunks(BareEol::Refuse, b"abcd\r", b"ef\r\n", bare), b"abcd");
    assert_eq!(two_chunks(BareEol::Refuse, b"abcd\r", b"", bare), b"abcd");
    assert_eq!(two_chunks(BareEol::Keep, b"abcd\r", b"ef", &so_far(5)), b"abcd\ref");
    assert_eq!(two_chunks(BareEol::Keep, b"abcd\r", b"", &so_far(5)), b"abcd\r");
    assert_eq!(two_chunks(BareEol::Normalise, b"abcd\r", b"ef\r\n", &so_far(4)), b"abcd\r\nef\r\n");
    assert_eq!(two_chunks(BareEol::Normalise, b"abcd\r", b"", &so_far(4)), b"abcd\r\n");
    assert_eq!(two_chunks(BareEol::Normalise, b"abcd\r", b"\r", &so_far(4)), b"abcd\r\n\r\n");
}

#[test]
fn a_bare_lf_is_refused_kept_or_normalised() {
    let malformed = "S: 250 2.0.0 1 octets so far\nS: 550 5.6.11 Message holds a bare CR or LF\n";
    let stored = "S: 250 2.0.0 1 octets so far\nS: 250 2.0.0 Stored\n";
    assert_eq!(two_chunks(BareEol::Refuse, b"a", b"b\nc", malformed), b"ab");
    assert_eq!(two_chunks(BareEol::Keep, b"a", b"b\nc", stored), b"ab\nc");
    assert_eq!(two_chunks(BareEol::Normalise, b"a", b"b\nc", stored), b"ab\r\nc");
    let nul = "S: 250 2.0.0 1 octets so far\nS: 550 5.6.0 Message holds a NUL octet\n";
    assert_eq!(two_chunks(BareEol::Refuse, b"a", b"b\0c", nul), b"ab");
}

#[test]
fn a_malformed_chunk_voids_the_message_at_once_and_is_read_to_its_end() {
    let log = relay(&format!(
        "{BEGUN}C| BDAT 9\\r\\na\\nQUIT\\r\\nxNOOP\\r\\n\nS: 550 5.6.11 Message holds a bare CR or LF\nS: 250 2.0.0 Ok\n"
    ));
    assert_eq!(events(&log)[3..], ["Reset Malformed"]);
}

#[test]
fn a_binary_message_keeps_every_octet_whatever_the_policy() {
    let all: Vec<u8> = (0..=255u8).chain(*b"\r\r\n\n\0.\r\n.\r\nQUIT\r\n\r").collect();
    for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
        for at in [0, 1, 10, 11, 13, 14, 255, all.len()] {
            let mut config = relay_with(|offer| offer.binary_mime = true);
            config.bare_eol = policy;
            let (first, second) = all.split_at(at);
            let log = relay_of(
                &config,
                &format!(
                    "{}C| BDAT {at}\\r\\n{}\nS: 250 2.0.0 {at} octets so far\n\
                     C| BDAT {} LAST\\r\\n{}\nS: 250 2.0.0 Stored\n",
                    BEGUN.replace("b.example>", "b.example> BODY=BINARYMIME"),
                    first.escape_ascii(),
                    second.len(),
                    second.escape_ascii()
                ),
            );
            assert_eq!(log.all_payload(), all, "{policy:?} {at}");
        }
    }
}

#[test]
fn a_binary_message_by_data_gets_503_and_bdat_may_follow() {
    let config = relay_with(|offer| offer.binary_mime = true);
    let log = relay_of(
        &config,
        &format!(
            "{}C: DATA\nS: 503 5.5.1 BINARYMIME needs BDAT\nC| BDAT 1 LAST\\r\\n\\x00\nS: 250 2.0.0 Stored\n",
            BEGUN.replace("b.example>", "b.example> BODY=BINARYMIME")
        ),
    );
    assert_eq!(log.all_payload(), b"\0");
}

#[test]
fn binarymime_is_unknown_where_it_is_not_offered_and_needs_chunking() {
    let unknown =
        "C: MAIL FROM:<> BODY=BINARYMIME\nS: 555 5.5.4 Parameter not recognised or not offered\n";
    relay(unknown);
    let config = relay_with(|offer| (offer.binary_mime, offer.chunking) = (true, false));
    relay_of(&config, unknown);
    assert!(!support::hello_of(&config).contains("BINARYMIME"));
}

#[test]
fn an_end_of_input_within_a_chunk_or_between_chunks_voids_the_message() {
    for chunk in ["BDAT 9\\r\\nabc", "BDAT 3\\r\\nabc", "BDAT 9 LAST\\r\\nabc\\r"] {
        let reply = if chunk.starts_with("BDAT 3") { "S: 250 2.0.0 3 octets so far\n" } else { "" };
        let log = relay(&format!("{BEGUN}C| {chunk}\n{reply}eof\nclosed\n"));
        assert_eq!(*events(&log).last().unwrap(), "Reset Closed", "{chunk}");
    }
}

#[test]
fn a_message_that_trickles_in_chunks_has_an_hour_in_all() {
    let mut session = BEGUN.to_owned();
    for n in 1..=12 {
        session += &format!("C| BDAT 1\\r\\nx\nS: 250 2.0.0 {n} octets so far\nwait 290s\n");
    }
    let late = "C| BDAT 2\\r\\nx\nwait 290s\nS: 421 4.4.2 Timed out waiting for you\nclosed\n";
    let log = relay(&format!("{session}{late}"));
    assert_eq!(*events(&log).last().unwrap(), "Reset Closed");
    // Another message has its own.
    relay(&format!("{session}C: RSET\nS: 250 2.0.0 Ok\n{session}"));
}

#[test]
fn within_a_chunk_an_idle_client_is_let_go_after_five_minutes() {
    for chunk in ["BDAT 9\\r\\nx", "BDAT 9\\r\\n"] {
        relay(&format!(
            "{BEGUN}C| {chunk}\nwait 299s\nwait 1s\nS: 421 4.4.2 Timed out waiting for you\nclosed\n"
        ));
        relay(&format!(
            "C| {chunk}\nwait 299s\nwait 1s\nS: 421 4.4.2 Timed out waiting for you\nclosed\n"
        ));
    }
}

// Nothing of a chunk is ever a command.

#[derive(Clone, Debug)]
enum Op {
    Mail(&'static str),
    Rcpt(&'static str),
    Chunk(Vec<u8>, bool),
    Rset,
    Noop,
}

fn op() -> impl Strategy<Value = Op> {
    let octets = prop_oneof![
        4 => vec(select(vec![
            &b"QUIT\r\n"[..], b"RSET\r\n", b"NOOP\r\n", b"BDAT 9\r\n", b"\r\n.\r\n", b".", b"\r", b"\n", b"\0",
            b"MAIL FROM:<x@y>\r\n",
        ]), 0..5).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<u8>(), 0..300),
        1 => (900usize..1100).prop_map(|n| vec![b'x'; n]),
    ];
    prop_oneof![
        2 => select(vec!["a", "blocked", "nodata"]).prop_map(Op::Mail),
        3 => select(vec!["alice", "bob", "nobody"]).prop_map(Op::Rcpt),
        4 => (octets, any::<bool>()).prop_map(|(octets, last)| Op::Chunk(octets, last)),
        1 => select(vec![Op::Rset, Op::Noop]),
    ]
}

/// The session, as the RFCs have it.
#[derive(Default)]
struct Model {
    mail: Option<&'static str>,
    recipients: usize,
    refused: usize,
    body: Option<Vec<u8>>,
    stored: Vec<Vec<u8>>,
}

impl Model {
    fn code(&mut self, op: &Op) -> u16 {
        match op {
            Op::Noop => 250,
            Op::Rset => {
                self.forget();
                250
            }
            Op::Mail(_) if self.mail.is_some() => 503,
            Op::Mail("blocked") => 550,
            Op::Mail(name) => {
                self.mail = Some(name);
                250
            }
            Op::Rcpt(_) if self.mail.is_none() || self.body.is_some() => 503,
            Op::Rcpt(_) if self.recipients == 3 => 452,
            Op::Rcpt("nobody") => {
                self.refused += 1;
                550
            }
            Op::Rcpt(_) => {
                self.recipients += 1;
                250
            }
            Op::Chunk(..) if self.mail.is_none() => 503,
            Op::Chunk(..) if self.recipients == 0 && self.refused > 0 => 554,
            Op::Chunk(..) if self.recipients == 0 => 503,
            Op::Chunk(..) if self.mail == Some("nodata") => {
                self.forget();
                451
            }
            Op::Chunk(octets, last) => {
                let body = self.body.get_or_insert_default();
                body.extend_from_slice(octets);
                if body.len() > 1000 {
                    self.forget();
                    return 552;
                }
                if *last {
                    let body = self.body.take().unwrap();
                    self.forget();
                    self.stored.push(body);
                }
                250
            }
        }
    }

    fn forget(&mut self) {
        *self = Self { stored: core::mem::take(&mut self.stored), ..Self::default() };
    }
}

/// The messages of which the host was told that they are whole.
fn stored(log: &Log) -> Vec<Vec<u8>> {
    let (mut stored, mut body) = (Vec::new(), Vec::new());
    for noted in log.entries() {
        match noted {
            Noted::Payload(octets) => body.extend_from_slice(octets),
            Noted::Event(event) if event.starts_with("Message") => {
                stored.push(core::mem::take(&mut body));
            }
            Noted::Event(event) if event.starts_with("Reset") => body.clear(),
            _ => {}
        }
    }
    stored
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_of_a_chunk_is_ever_a_command(ops in vec(op(), 0..30), seed: u64) {
        let mut config = under(BareEol::Keep);
        config.limits.bad_commands = u32::MAX;
        let mut wire = b"HELO c\r\n".to_vec();
        let mut model = Model::default();
        let mut codes = vec![220, 250];
        for op in &ops {
            codes.push(model.code(op));
            match op {
                Op::Mail(name) => wire.extend(format!("MAIL FROM:<{name}@b.example>\r\n").bytes()),
                Op::Rcpt(name) => wire.extend(format!("RCPT TO:<{name}@example.org>\r\n").bytes()),
                Op::Chunk(octets, last) => {
                    let mark = if *last { " LAST" } else { "" };
                    wire.extend(format!("BDAT {}{mark}\r\n", octets.len()).bytes());
                    wire.extend(octets);
                }
                Op::Rset => wire.extend(b"RSET\r\n"),
                Op::Noop => wire.extend(b"NOOP\r\n"),
            }
        }
        for cuts in [Cuts::Whole, Cuts::Every(1), Cuts::Random(seed | 1)] {
            let outcome = run(&mut server(&config), &mut Mx::default(), &wire, cuts);
            let output = String::from_utf8(outcome.output).unwrap();
            let said: Vec<u16> = output.lines().map(|line| line[..3].parse().unwrap()).collect();
            prop_assert_eq!(&said, &codes, "{}", output);
            prop_assert_eq!(&stored(&outcome.log), &model.stored);
        }
    }
}

// Client

const BOTH: [&str; 2] = ["PIPELINING", "CHUNKING"];
const SENT: &str = "A: send a@b.example x@y.example,z@y.example\nC: MAIL FROM:<a@b.example>\n\
                    C: RCPT TO:<x@y.example>\nC: RCPT TO:<z@y.example>\n";

#[test]
fn a_message_goes_out_in_one_chunk_without_dot_stuffing() {
    let log = offered(
        &BOTH,
        "A: send <> x@y.example body=.a\\r\\n.\\r\\n..\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\n\
         S: 250 Ok\nS: 250 Ok\nC| BDAT 11 LAST\\r\\n.a\\r\\n.\\r\\n..\\r\\n\nS: 250 Taken\n\
         A: quit\nC: QUIT\n",
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 250 Taken", "Done"]);
}

#[test]
fn an_empty_message_is_bdat_0_last() {
    offered(
        &BOTH,
        "A: send <> x@y.example body=\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\n\
         S: 250 Ok\nS: 250 Ok\nC: BDAT 0 LAST\nS: 250 Taken\nA: quit\nC: QUIT\n",
    );
}

#[test]
fn without_pipelining_or_where_the_user_does_not_want_it_data_is_used() {
    let data = "A: send <> x@y.example\nC: MAIL FROM:<>\nS: 250 Ok\nC: RCPT TO:<x@y.example>\n\
                S: 250 Ok\nC: DATA\nS: 354 Go\nC: Hello\nC: .\nS: 250 Taken\n";
    offered(&["CHUNKING"], data);
    let mut config = client_config();
    config.chunking = false;
    let log = speak(
        &config,
        &format!(
            "{}{SENT}C: DATA\nS: 250 Ok\nS: 250 Ok\nS: 250 Ok\nS: 354 Go\nC: Hello\nC: .\nS: 250 Taken\n",
            offer(&BOTH)
        ),
    );
    assert_eq!(*events(&log).last().unwrap(), "Done");
}

/// A client that sends chunks of five octets.
fn chunks(session: &str) -> Log {
    let mut config = client_config();
    config.limits.chunk = 5;
    speak(&config, &format!("{}{SENT}S: 250 Ok\nS: 250 Ok\nS: 250 Ok\n{session}", offer(&BOTH)))
}

const CHUNKS: &str = "C| BDAT 5\\r\\nHelloBDAT 2 LAST\\r\\n\\r\\n\n";

#[test]
fn chunks_are_sent_ahead_of_their_replies() {
    let log = chunks(&format!("{CHUNKS}S: 250 5 octets\nS: 250 Taken\nA: quit\nC: QUIT\n"));
    assert_eq!(events(&log)[1..], ["Body", "0 Message 250 Taken", "1 Message 250 Taken", "Done"]);
}

#[test]
fn a_refused_chunk_decides_all_and_the_transaction_is_reset() {
    for after in ["503 what", "250 fine"] {
        let log = chunks(&format!(
            "{CHUNKS}S: 552 too much\nS: {after}\nC: RSET\nS: 250 Ok\nA: quit\nC: QUIT\n"
        ));
        let results = ["Body", "0 Message 552 too much", "1 Message 552 too much", "Done"];
        assert_eq!(events(&log)[1..], results, "{after}");
    }
}

#[test]
fn a_refused_last_chunk_decides_all() {
    let log = chunks(&format!("{CHUNKS}S: 250 Ok\nS: 451 disk full\nA: quit\nC: QUIT\n"));
    assert_eq!(
        events(&log)[1..],
        ["Body", "0 Message 451 disk full", "1 Message 451 disk full", "Done"]
    );
}

#[test]
fn a_421_to_a_chunk_decides_all_and_closes() {
    let log = chunks(&format!("{CHUNKS}S: 421 bye\nclosed\n"));
    assert_eq!(events(&log)[1..], ["Body", "0 Message 421 bye", "1 Message 421 bye", "Done"]);
}

#[test]
fn where_no_recipient_is_accepted_no_chunk_is_sent() {
    let log = offered(
        &BOTH,
        &format!(
            "{SENT}S: 250 Ok\nS: 550 no\nS: 450 later\nC: RSET\nS: 250 Ok\nA: quit\nC: QUIT\n"
        ),
    );
    assert_eq!(events(&log)[1..], ["0 Recipient 550 no", "1 Recipient 450 later", "Done"]);
    let log = offered(&BOTH, &format!("{SENT}S: 550 no\nS: 503 no\nS: 503 no\nA: quit\nC: QUIT\n"));
    assert_eq!(events(&log)[1..], ["0 Mail 550 no", "1 Mail 550 no", "Done"]);
}

#[test]
fn a_binary_message_goes_out_as_it_is() {
    let body = b"\0\r\r\n\n.\r\n.\xff\r";
    let mut client = client(&client_config());
    client.recv().push(b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING\r\n");
    let now = Instant::default();
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    let mut letter = envelope("", &["x@y.example"]);
    letter.mail.params.body = Some(Body::BinaryMime);
    client.send(letter).unwrap();
    assert_eq!(client.poll(now), Step::NeedInput);
    let said = client.transmit().take_all();
    assert!(said.ends_with(b"MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<x@y.example>\r\n"));
    client.recv().push(b"250 Ok\r\n250 Ok\r\n");
    assert_eq!(client.poll(now), Step::Event);
    assert!(matches!(client.event(), Event::Body));
    client.body(&body[..3]).unwrap();
    client.body_bytes(&bytes::Bytes::from_static(&body[3..])).unwrap();
    client.body_end().unwrap();
    assert_eq!(client.transmit().take_all(), [b"BDAT 11 LAST\r\n", &body[..]].concat());
}

#[test]
fn where_bare_line_ends_are_refused_the_last_chunk_is_never_sent() {
    let mut config = client_config();
    config.bare_eol = OutEol::Refuse;
    config.limits.chunk = 4;
    let mut client = client(&config);
    client
        .recv()
        .push(b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n250 Ok\r\n250 Ok\r\n");
    let now = Instant::default();
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.send(envelope("", &["x@y.example"])).unwrap();
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.body(b"first").unwrap();
    assert!(client.transmit().take_all().ends_with(b"BDAT 5\r\nfirst"));
    assert!(matches!(client.body(b"sec\nond"), Err(BodyError::BareEol(_))));
    assert!(client.transmit().is_empty());
    assert_eq!((client.poll(now), client.closed()), (Step::Closed, Some(Close::Shutdown)));
}

#[test]
fn a_binary_message_is_not_sent_where_it_cannot_be() {
    let letter = "A: refuses Binary MAIL FROM:<> BODY=BINARYMIME; RCPT TO:<x@y.example>\n";
    offered(&["PIPELINING", "8BITMIME", "CHUNKING"], letter);
    offered(&["PIPELINING", "8BITMIME", "BINARYMIME"], letter);
    offered(&["CHUNKING", "BINARYMIME"], letter);
    let mut config = client_config();
    config.chunking = false;
    speak(&config, &format!("{}{letter}", offer(&["PIPELINING", "CHUNKING", "BINARYMIME"])));
    assert!(CannotSend::Binary.to_string().contains("BINARYMIME"));
}
