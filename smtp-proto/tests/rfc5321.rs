//! RFC 5321, the server: order, grammar, limits and time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{Instant, Machine, Step};
use smtp_proto::{
    Reply,
    server::{Event, Reset},
};
use support::{events, relay, relay_config, serve, serve_file, server};

/// Runs one command after EHLO and expects this reply.
fn answers(command: &str, reply: &str) {
    relay(&format!("C: {command}\nS: {reply}\n"));
}

/// Runs one command (with escapes, its line end included) after EHLO and expects this reply.
fn answers_octets(command: &str, reply: &str) {
    relay(&format!("C| {command}\nS: {reply}\n"));
}

const BEGUN: &str = "\
C: MAIL FROM:<a@b.example>
S: 250 2.1.0 Sender ok
C: RCPT TO:<alice@example.org>
S: 250 2.1.5 Recipient ok
";

const GO: &str = "S: 354 End data with <CR><LF>.<CR><LF>\n";

/// Sends this message (with escapes) and goes on with `rest`.
fn message(octets: &str, rest: &str) -> mailwire::test::Log {
    relay(&format!("{BEGUN}C: DATA\n{GO}C| {octets}\n{rest}"))
}

#[test]
fn a_typical_transaction_as_in_appendix_d_1() {
    let log = serve_file(&relay_config(), "rfc5321-d1.txt");
    assert_eq!(log.all_payload(), b"Blah blah blah...\r\n...etc. etc. etc.\r\n");
}

#[test]
fn an_aborted_transaction_as_in_appendix_d_2() {
    let log = serve_file(&relay_config(), "rfc5321-d2.txt");
    assert_eq!(events(&log).last(), Some(&"Reset Command"));
}

// §4.1.4: the order of commands

#[test]
fn commands_out_of_order_get_503_and_the_session_goes_on() {
    let config = relay_config();
    serve(
        &config,
        "S: 220 mx.example.org ESMTP ready\nC: MAIL FROM:<a@b.example>\nS: 503 5.5.1 Say EHLO or HELO first\n",
    );
    answers("RCPT TO:<alice@example.org>", "503 5.5.1 Say MAIL first");
    answers("DATA", "503 5.5.1 Say MAIL first");
    relay(
        "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\nC: DATA\nS: 503 5.5.1 Say RCPT first\n\
           C: MAIL FROM:<a@b.example>\nS: 503 5.5.1 Sender already given\n\
           C: RCPT TO:<alice@example.org>\nS: 250 2.1.5 Recipient ok\n",
    );
}

#[test]
fn noop_help_vrfy_expn_rset_and_quit_need_no_hello() {
    serve_file(&relay_config(), "rfc5321-before-hello.txt");
}

#[test]
fn ehlo_ends_a_transaction_like_rset() {
    let log = relay(&format!(
        "{BEGUN}C: EHLO again.example\nS: 250-mx.example.org\nS: 250-PIPELINING\nS: 250-SIZE 1000\n\
         S: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 ENHANCEDSTATUSCODES\nC: DATA\nS: 503 5.5.1 Say MAIL first\n"
    ));
    assert!(events(&log).contains(&"Reset Command"));
}

#[test]
fn an_ehlo_that_is_refused_changes_nothing() {
    relay(&format!(
        "{BEGUN}C: EHLO\nS: 501 5.5.4 Syntax error in arguments\nC: DATA\n{GO}\
                    C: .\nS: 250 2.0.0 Stored\n"
    ));
}

#[test]
fn helo_gets_one_line() {
    serve(
        &relay_config(),
        "S: 220 mx.example.org ESMTP ready\nC: HELO client.example\nS: 250 mx.example.org\n\
         C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n",
    );
}

#[test]
fn rset_forgets_sender_and_recipients() {
    let log = relay(&format!(
        "{BEGUN}C: RSET\nS: 250 2.0.0 Ok\nC: DATA\nS: 503 5.5.1 Say MAIL first\n\
         C: RSET\nS: 250 2.0.0 Ok\nC: MAIL FROM:<c@d.example>\nS: 250 2.1.0 Sender ok\n"
    ));
    let resets = events(&log).iter().filter(|event| event.starts_with("Reset")).count();
    assert_eq!(resets, 1, "the second RSET had nothing to forget: {log:?}");
}

#[test]
fn quit_ends_a_transaction_and_the_session() {
    let log = relay(&format!("{BEGUN}C: QUIT\nS: 221 2.0.0 Bye\nclosed\n"));
    assert_eq!(events(&log).last(), Some(&"Reset Closed"));
}

#[test]
fn what_follows_quit_is_not_answered() {
    relay("C: QUIT\nC: NOOP\nC: MAIL FROM:<a@b.example>\nS: 221 2.0.0 Bye\nclosed\n");
}

// §4.1.1: commands and their arguments

#[test]
fn commands_are_recognised_in_any_case_and_with_spaces_at_the_end() {
    answers("mAiL fRoM:<a@b.example>   ", "250 2.1.0 Sender ok");
    answers("noop", "250 2.0.0 Ok");
    answers_octets(r"RSET \r\n", "250 2.0.0 Ok");
    answers("quit ", "221 2.0.0 Bye");
}

#[test]
fn data_rset_and_quit_take_no_argument() {
    for command in ["DATA x", "RSET x", "QUIT x"] {
        answers(command, "501 5.5.4 Syntax error in arguments");
    }
}

#[test]
fn noop_may_have_an_argument_which_is_ignored() {
    answers("NOOP anything at all", "250 2.0.0 Ok");
}

#[test]
fn help_names_the_commands() {
    let reply = "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT STARTTLS AUTH; see RFC 5321";
    answers("HELP", reply);
    answers("HELP MAIL", reply);
}

#[test]
fn vrfy_and_expn_ask_the_host() {
    let log = relay(
        "C: VRFY alice\nS: 252 2.5.0 Send some mail, I'll try my best\n\
         C: EXPN staff\nS: 252 2.5.0 Send some mail, I'll try my best\n\
         C: VRFY\nS: 501 5.5.4 Syntax error in arguments\n",
    );
    assert_eq!(events(&log), ["VRFY alice", "EXPN staff", "Rejected 501"]);
}

#[test]
fn unknown_commands_get_500() {
    for command in ["WHAT", "", " ", " NOOP", "MAILFROM:<a@b.example>", "DATAX", "XNONSENSE a"] {
        answers(command, "500 5.5.1 Command not recognised");
    }
}

#[test]
fn paths_with_trailing_junk_are_refused() {
    for path in [
        "<a@b.example>BODY=8BITMIME",
        "<a@b.example>>",
        "<a@b.example",
        "a@b.example>",
        "a@b.example",
        " <a@b.example>",
        "<a@b.example><c@d.example>",
        "<a b@c.example>",
        "<a@b@c.example>",
        "<a@-b.example>",
        "<a@b..example>",
        "<.a@b.example>",
        "<a@b.example.>",
        "<@b.example>",
        "<a@>",
        "<a@[300.1.1.1]>",
        "<a@[IPv6:zz]>",
        "<\"a@b.example>",
    ] {
        let log = relay(&format!("C: MAIL FROM:{path}\nS: 501 5.1.3 Bad address syntax\n"));
        assert_eq!(events(&log), ["Rejected 501"], "{path}");
    }
    answers("MAIL FROM:<a@b.example> <c@d.example>", "501 5.5.4 Bad parameter");
    answers("MAIL FROM:<>>", "501 5.5.4 Bad parameter");
    answers("MAIL FROM:", "501 5.1.3 Bad address syntax");
    answers("MAIL <a@b.example>", "501 5.5.4 Syntax error in arguments");
    answers("MAIL", "501 5.5.4 Syntax error in arguments");
}

#[test]
fn a_source_route_is_accepted_and_dropped() {
    let log = relay(
        "C: MAIL FROM:<@one.example,@two.example:a@b.example>\nS: 250 2.1.0 Sender ok\n\
         C: RCPT TO:<@one.example:alice@example.org>\nS: 250 2.1.5 Recipient ok\n",
    );
    assert_eq!(events(&log), ["MAIL FROM:<a@b.example>", "RCPT TO:<alice@example.org>"]);
}

#[test]
fn quoted_local_parts_and_domain_literals_are_kept_as_written() {
    let log = relay(
        "C: MAIL FROM:<\"a@b > c\"@[IPv6:2001:db8::1]>\nS: 250 2.1.0 Sender ok\n\
         C: RCPT TO:<\"two words\"@EXAMPLE.org>\nS: 250 2.1.5 Recipient ok\n\
         C: RCPT TO:<alice@[192.0.2.1]>\nS: 550 5.7.1 Relaying denied\n",
    );
    assert_eq!(
        events(&log)[..3],
        [
            "MAIL FROM:<\"a@b > c\"@[IPv6:2001:db8::1]>",
            "RCPT TO:<\"two words\"@EXAMPLE.org>",
            "RCPT TO:<alice@[192.0.2.1]>"
        ]
    );
}

#[test]
fn the_null_reverse_path_and_postmaster_alone_are_addresses() {
    let log = relay(
        "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n\
         C: RCPT TO:<pOSTmaster>\nS: 250 2.1.5 Recipient ok\n\
         C: RCPT TO:<>\nS: 501 5.1.3 Bad address syntax\n\
         C: RCPT TO:<Postmaster>x\nS: 501 5.5.4 Bad parameter\n",
    );
    assert_eq!(events(&log)[..2], ["MAIL FROM:<>", "RCPT TO:<Postmaster>"]);
    answers("MAIL FROM:<Postmaster>", "501 5.1.3 Bad address syntax");
}

#[test]
fn leniencies_take_what_devices_send_where_they_are_on() {
    let mut config = relay_config();
    config.leniency.space_after_colon = true;
    config.leniency.no_brackets = true;
    let log = serve(
        &config,
        &format!(
            "{}C: MAIL FROM: <a@b.example>\nS: 250 2.1.0 Sender ok\n\
                  C: RCPT TO: alice@example.org\nS: 250 2.1.5 Recipient ok\n\
                  C: RCPT TO:bob@example.org>\nS: 501 5.1.3 Bad address syntax\n",
            support::HELLO
        ),
    );
    assert_eq!(events(&log)[..2], ["MAIL FROM:<a@b.example>", "RCPT TO:<alice@example.org>"]);
}

#[test]
fn each_leniency_takes_just_what_it_names() {
    const BAD: &str = "S: 501 5.1.3 Bad address syntax\n";
    const OK: &str = "S: 250 2.1.0 Sender ok\nC: RSET\nS: 250 2.0.0 Ok\n";
    for (space, brackets) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut config = relay_config();
        config.leniency.space_after_colon = space;
        config.leniency.no_brackets = brackets;
        let takes = |arguments: &str, taken: bool| {
            let reply = if taken { OK } else { BAD };
            serve(&config, &format!("{}C: MAIL FROM:{arguments}\n{reply}", support::HELLO));
        };
        takes("<a@b.example>", true);
        takes(" <a@b.example>", space);
        takes("   <> SIZE=5", space);
        takes("a@b.example", brackets);
        takes("a@b.example SIZE=5", brackets);
        takes(" a@b.example", space && brackets);
        takes("@relay.example:a@b.example", brackets);
        for never in [
            "",
            " ",
            "<a@b.example",
            "a@b.example>",
            "<<a@b.example>>",
            "a@b.example>>",
            "a b@c.example",
            "a@b.example,c@d.example",
            "< a@b.example>",
        ] {
            takes(never, false);
        }
    }
}

#[test]
fn parameters_that_were_not_offered_get_555_and_bad_ones_501() {
    for (parameter, reply) in [
        ("FOO", "555 5.5.4 Parameter not recognised or not offered"),
        ("FOO=bar", "555 5.5.4 Parameter not recognised or not offered"),
        ("SMTPUTF8", "555 5.5.4 Parameter not recognised or not offered"),
        ("RET=HDRS", "555 5.5.4 Parameter not recognised or not offered"),
        ("AUTH=<>", "555 5.5.4 Parameter not recognised or not offered"),
        ("-FOO", "501 5.5.4 Bad parameter"),
        ("=", "501 5.5.4 Bad parameter"),
        ("BODY", "501 5.5.4 Bad parameter"),
        ("BODY=9BIT", "501 5.5.4 Bad parameter"),
        ("BODY=7BIT BODY=7BIT", "501 5.5.4 Bad parameter"),
    ] {
        answers(&format!("MAIL FROM:<a@b.example> {parameter}"), reply);
    }
    relay(
        "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n\
           C: RCPT TO:<alice@example.org> NOTIFY=NEVER\nS: 555 5.5.4 Parameter not recognised or not offered\n",
    );
}

#[test]
fn after_helo_no_parameter_was_offered() {
    let refused = "555 5.5.4 Parameter not recognised or not offered";
    serve(
        &relay_config(),
        &format!(
            "S: 220 mx.example.org ESMTP ready\nC: HELO c\nS: 250 mx.example.org\n\
             C: MAIL FROM:<a@b.example> SIZE=10\nS: {refused}\n\
             C: MAIL FROM:<a@b.example> BODY=8BITMIME\nS: {refused}\n\
             C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n\
             C: RCPT TO:<alice@example.org> NOTIFY=NEVER\nS: {refused}\n"
        ),
    );
}

// §2.4, §4.1.1: octets that have no place in a command

#[test]
fn nul_and_other_control_characters_in_a_command_get_500() {
    let reply = "500 5.5.2 Control characters or octets that are not UTF-8 in a command";
    for command in [
        r"NO\x00OP\r\n",
        r"MAIL FROM:<a\x00@b.example>\r\n",
        r"NOOP\x07\r\n",
        r"NOOP\x7f\r\n",
        r"MAIL\tFROM:<a@b.example>\r\n",
    ] {
        answers_octets(command, reply);
    }
}

#[test]
fn octets_beyond_ascii_are_refused_wherever_they_stand() {
    answers_octets(
        r"EHLO \xff\r\n",
        "500 5.5.2 Control characters or octets that are not UTF-8 in a command",
    );
    answers_octets(r"\xc3\xa9\r\n", "500 5.5.1 Command not recognised");
    answers_octets(r"MAIL FROM:<\xff@b.example>\r\n", "501 5.1.3 Bad address syntax");
    answers_octets(
        r"MAIL FROM:<\xc3\xa9@b.example>\r\n",
        "553 5.6.7 SMTPUTF8 is not offered: the address must be ASCII",
    );
    relay(
        "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n\
           C| RCPT TO:<a@\\xc3\\xa9.example>\\r\\n\nS: 553 5.6.7 SMTPUTF8 is not offered: the address must be ASCII\n",
    );
}

#[test]
fn a_bare_lf_ends_a_line_that_is_refused() {
    relay("C| NOOP\\nNOOP\\r\\n\nS: 500 5.5.2 Lines end in CRLF\nS: 250 2.0.0 Ok\n");
    answers_octets(r"MAIL FROM:<a@b.example>\n", "500 5.5.2 Lines end in CRLF");
}

#[test]
fn a_bare_cr_is_part_of_a_line_that_is_refused() {
    let reply = "500 5.5.2 Control characters or octets that are not UTF-8 in a command";
    answers_octets(r"NOOP\rQUIT\r\n", reply);
    answers_octets(r"NOOP\r\r\n", reply);
    answers_octets(r"MAIL FROM:<a@b.example>\rRCPT TO:<alice@example.org>\r\n", reply);
}

// §4.5.3: sizes

#[test]
fn a_command_line_of_2048_octets_is_taken_and_a_longer_one_is_skipped_whole() {
    answers(&format!("NOOP {}", "x".repeat(2048 - 7)), "250 2.0.0 Ok");
    for over in [1, 2, 500, 100_000] {
        relay(&format!(
            "C: NOOP {}\nS: 500 5.5.6 Line too long\nC: NOOP\nS: 250 2.0.0 Ok\n",
            "x".repeat(2048 - 7 + over)
        ));
    }
}

#[test]
fn a_path_of_256_octets_with_its_brackets_is_taken_and_a_longer_one_refused() {
    let path = |n: usize| format!("{}@b.example", "a".repeat(n - 10));
    answers(&format!("MAIL FROM:<{}>", path(254)), "250 2.1.0 Sender ok");
    answers(&format!("MAIL FROM:<{}>", path(255)), "501 5.1.3 Bad address syntax");
}

#[test]
fn more_recipients_than_the_limit_get_452_and_the_others_get_the_message() {
    let log = relay(&format!(
        "{BEGUN}C: RCPT TO:<bob@example.org>\nS: 250 2.1.5 Recipient ok\n\
         C: RCPT TO:<carol@example.org>\nS: 250 2.1.5 Recipient ok\n{}\
         C: DATA\n{GO}C: .\nS: 250 2.0.0 Stored\n",
        "C: RCPT TO:<alice@example.org>\nS: 452 4.5.3 Too many recipients\n".repeat(50)
    ));
    assert!(events(&log).contains(&"Message of 0"));
}

#[test]
fn commands_that_follow_a_refused_mail_are_not_held_against_the_client() {
    let refused = "C: MAIL FROM:<blocked@b.example>\nS: 550 5.7.1 Not you\n".to_owned()
        + &"C: RCPT TO:<alice@example.org>\nS: 503 5.5.1 Say MAIL first\n".repeat(50)
        + "C: DATA\nS: 503 5.5.1 Say MAIL first\n";
    relay(&(refused.repeat(3) + "C: NOOP\nS: 250 2.0.0 Ok\n"));
}

#[test]
fn too_many_bad_commands_end_the_session_with_421() {
    let log = relay(&format!(
        "{}S: 421 4.7.0 Too many errors\nclosed\n",
        "C: WHAT\nS: 500 5.5.1 Command not recognised\n".repeat(20)
    ));
    assert_eq!(log.events().count(), 20);
}

#[test]
fn what_a_host_refuses_does_not_count_as_a_bad_command() {
    relay(&format!(
        "{BEGUN}{}C: DATA\n{GO}C: .\nS: 250 2.0.0 Stored\n",
        "C: RCPT TO:<eve@evil.example>\nS: 550 5.7.1 Relaying denied\n".repeat(50)
    ));
}

// §3.3, §4.1.1.4: DATA

#[test]
fn data_after_refused_recipients_only_gets_554() {
    relay(
        "C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n\
           C: RCPT TO:<nobody@example.org>\nS: 550 5.1.1 No such user\n\
           C: DATA\nS: 554 5.5.1 No valid recipients\n\
           C: RCPT TO:<alice@example.org>\nS: 250 2.1.5 Recipient ok\n",
    );
}

#[test]
fn a_host_may_refuse_data_and_the_message() {
    relay(
        "C: MAIL FROM:<nodata@b.example>\nS: 250 2.1.0 Sender ok\n\
           C: RCPT TO:<alice@example.org>\nS: 250 2.1.5 Recipient ok\n\
           C: DATA\nS: 451 4.3.0 Not now\nC: NOOP\nS: 250 2.0.0 Ok\n",
    );
    let log = relay(&format!(
        "C: MAIL FROM:<broken@b.example>\nS: 250 2.1.0 Sender ok\n\
           C: RCPT TO:<alice@example.org>\nS: 250 2.1.5 Recipient ok\n\
           C: DATA\n{GO}C: Hi\nC: .\nS: 451 4.3.1 Disk full\n\
           C: MAIL FROM:<a@b.example>\nS: 250 2.1.0 Sender ok\n"
    ));
    assert_eq!(log.all_payload(), b"Hi\r\n");
}

#[test]
fn several_messages_fit_in_a_session() {
    let one = format!("{BEGUN}C: DATA\n{GO}C: Hello\nC: .\nS: 250 2.0.0 Stored\n");
    let log = relay(&one.repeat(3));
    assert_eq!(events(&log).iter().filter(|event| **event == "Message of 7").count(), 3);
}

#[test]
fn an_empty_message_ends_at_once() {
    let log = message(r".\r\n", "S: 250 2.0.0 Stored\nC: NOOP\nS: 250 2.0.0 Ok\n");
    assert!(events(&log).contains(&"Message of 0"));
}

#[test]
fn dot_stuffing_is_taken_out() {
    let log =
        message(r"..first\r\nsecond\r\n..\r\n...third\r\n.x\r\n.\r\n", "S: 250 2.0.0 Stored\n");
    assert_eq!(log.all_payload(), b".first\r\nsecond\r\n.\r\n..third\r\nx\r\n");
    assert!(events(&log).contains(&"Message of 31"));
}

#[test]
fn octets_beyond_ascii_in_a_message_are_kept() {
    let log = message(r"\xff\xfe\xc3\xa9\r\n.\r\n", "S: 250 2.0.0 Stored\n");
    assert_eq!(log.all_payload(), b"\xff\xfe\xc3\xa9\r\n");
}

/// What Postfix, Sendmail and others took for an end of data ("SMTP smuggling", 2023), and more.
const FALSE_ENDS: [&str; 14] = [
    r"\n.\n",
    r"\n.\r\n",
    r"\r\n.\n",
    r"\r.\r",
    r"\r.\r\n",
    r"\r\n.\r",
    r"\r.\n",
    r"\n.\r",
    r"\r\r\n.\n",
    r"\n\n.\n\n",
    r"\r\n\x00.\r\n",
    r"\r\n.\x00\r\n",
    r"\r\n.\r\x00\n",
    r"\x00\r\n.\n",
];

#[test]
fn only_crlf_dot_crlf_ends_the_data_and_bare_line_ends_refuse_the_message() {
    for end in FALSE_ENDS {
        let log = message(
            &format!(r"x{end}MAIL FROM:<evil@b.example>\r\n.\r\n"),
            &format!(
                "S: {}\nC: NOOP\nS: 250 2.0.0 Ok\n",
                match end {
                    r"\r\n\x00.\r\n" | r"\r\n.\x00\r\n" => "550 5.6.0 Message holds a NUL octet",
                    _ => "550 5.6.11 Message holds a bare CR or LF",
                }
            ),
        );
        assert!(events(&log).contains(&"Reset Malformed"), "{end}: {log:?}");
        assert!(!events(&log).contains(&"MAIL FROM:<evil@b.example>"), "{end}");
    }
}

#[test]
fn no_setting_turns_a_bare_line_end_into_an_end_of_data() {
    for bare_eol in [mailwire::frame::BareEol::Keep, mailwire::frame::BareEol::Normalise] {
        for end in FALSE_ENDS {
            let mut config = relay_config();
            config.bare_eol = bare_eol;
            let log = serve(
                &config,
                &format!(
                    "{}{BEGUN}C: DATA\n{GO}C| x{end}MAIL FROM:<evil@b.example>\\r\\n.\\r\\n\nS: 250 2.0.0 Stored\n",
                    support::HELLO
                ),
            );
            assert!(!events(&log).contains(&"MAIL FROM:<evil@b.example>"), "{end}");
            assert!(log.all_payload().ends_with(b"MAIL FROM:<evil@b.example>\r\n"), "{end}");
        }
    }
}

#[test]
fn commands_pipelined_behind_a_refused_message_are_answered() {
    let log = message(
        r"a\nb\r\nQUIT\r\n.\r\nNOOP\r\nMAIL FROM:<c@d.example>\r\n",
        "S: 550 5.6.11 Message holds a bare CR or LF\nS: 250 2.0.0 Ok\nS: 250 2.1.0 Sender ok\n",
    );
    assert!(events(&log).contains(&"Reset Malformed"));
}

#[test]
fn an_end_of_input_within_data_voids_the_message() {
    for octets in [r"", r"Hel", r"Hello\r\n", r"Hello\r\n.", r"Hello\r\n.\r"] {
        let log = message(octets, "eof\nclosed\n");
        assert_eq!(events(&log).last(), Some(&"Reset Closed"), "{octets}");
    }
}

#[test]
fn an_end_of_input_within_a_command_closes_quietly() {
    relay("C| MAIL FR\neof\nclosed\n");
    relay("eof\nclosed\n");
}

// §4.5.3.2: time

const TIMED_OUT: &str = "S: 421 4.4.2 Timed out waiting for you\nclosed\n";

#[test]
fn an_idle_client_is_let_go_after_five_minutes() {
    relay(&format!(
        "wait 299s\nC: NOOP\nS: 250 2.0.0 Ok\nwait 299s\nC: NOOP\nS: 250 2.0.0 Ok\nwait 300s\n{TIMED_OUT}"
    ));
}

#[test]
fn a_command_that_comes_octet_by_octet_has_five_minutes_in_all() {
    relay(&format!("C| M\nwait 100s\nC| A\nwait 100s\nC| I\nwait 100s\n{TIMED_OUT}"));
}

#[test]
fn the_very_first_command_has_no_more_time_than_others() {
    let session = "S: 220 mx.example.org ESMTP ready\nC| P\nwait 200s\nC| O\nwait 100s\n";
    serve(&relay_config(), &format!("{session}{TIMED_OUT}"));
}

#[test]
fn a_message_that_trickles_has_an_hour() {
    let trickle = "C| x\nwait 250s\n".repeat(14);
    let log = relay(&format!("{BEGUN}C: DATA\n{GO}{trickle}C| x\nwait 100s\n{TIMED_OUT}"));
    assert_eq!(log.all_payload(), b"x".repeat(15));
    assert_eq!(events(&log).last(), Some(&"Reset Closed"));
}

#[test]
fn the_time_of_a_command_or_message_ends_with_it() {
    // The next command has begun in the same read.
    let next = "wait 200s\nC| OOP\\r\\n\nS: 250 2.0.0 Ok\n";
    let long = "x".repeat(3000);
    relay(&format!("C| {long}\nwait 200s\nC| \\r\\nN\nS: 500 5.5.6 Line too long\n{next}"));
    relay(&format!("C| NO\nwait 200s\nC| OP\\r\\nN\nS: 250 2.0.0 Ok\n{next}"));
    let trickle = "C| x\nwait 250s\n".repeat(14);
    let end = "C| \\r\\n.\\r\\nN\nS: 250 2.0.0 Stored\n";
    relay(&format!("{BEGUN}C: DATA\n{GO}{trickle}{end}{next}"));
}

#[test]
fn an_idle_client_within_data_is_let_go_after_five_minutes() {
    let log = relay(&format!("{BEGUN}C: DATA\n{GO}C: Hello\nwait 300s\n{TIMED_OUT}"));
    assert_eq!(events(&log).last(), Some(&"Reset Closed"));
}

// §3.8: going down

const GOING: &str = "S: 421 4.3.2 Service shutting down, come back later\nclosed\n";

#[test]
fn a_shutdown_between_messages_takes_effect_at_once() {
    relay(&format!("H: shutdown\n{GOING}"));
    relay(&format!("{BEGUN}C: RSET\nS: 250 2.0.0 Ok\nH: shutdown\n{GOING}"));
}

#[test]
fn a_shutdown_within_a_message_waits_for_its_end() {
    let log = relay(&format!(
        "{BEGUN}H: shutdown\nC: DATA\n{GO}C: Hello\nC: .\nS: 250 2.0.0 Stored\n{GOING}"
    ));
    assert!(events(&log).contains(&"Message of 7"));
    relay(&format!(
        "{BEGUN}C: DATA\n{GO}C: Hello\nH: shutdown\nC: .\nS: 250 2.0.0 Stored\n{GOING}"
    ));
}

// Peers that speak something else

#[test]
fn tls_and_http_on_the_port_close_it_at_once() {
    for octets in [
        r"\x16\x03\x01\x02\x00",
        r"GET / HTTP/1.1\r\nHost: mx\r\n\r\n",
        r"POST /x HTTP/1.1\r\n",
        r"CONNECT a:25 HTTP/1.1\r\n",
    ] {
        let log = serve(
            &relay_config(),
            &format!("S: 220 mx.example.org ESMTP ready\nC| {octets}\nclosed\n"),
        );
        assert_eq!(log.events().count(), 0, "{octets}");
    }
}

#[test]
fn a_body_that_looks_like_http_is_no_reason_to_close() {
    message(r"GET / HTTP/1.1\r\n.\r\n", "S: 250 2.0.0 Stored\n");
}

// What the host may do

#[test]
fn the_time_a_host_takes_is_not_the_clients() {
    let later = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
    let mut server = server(&relay_config());
    server.recv().push(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n");
    for (now, reply) in
        [(0, Reply::sender_ok()), (400, Reply::recipient_ok()), (800, Reply::go_ahead())]
    {
        assert_eq!(server.poll(later(now)), Step::Event);
        server.event();
        assert_eq!(server.poll(later(now + 400)), Step::YourTurn);
        server.reply(reply).unwrap();
    }
    assert_eq!(server.poll(later(1200)), Step::NeedInput);
    server.recv().push(b"Hello\r\n");
    assert_eq!(server.poll(later(1300)), Step::Event);
    assert!(matches!(server.event(), Event::Chunk(b"Hello\r\n")));
    assert_eq!(server.poll(later(1700)), Step::NeedInput, "400 s for one chunk");
    assert_eq!(server.deadline(), Some(later(2000)));
}

#[test]
fn an_answer_before_its_event_was_taken_is_misuse() {
    let mut server = server(&relay_config());
    let now = Instant::default();
    assert!(server.reply(Reply::sender_ok()).is_err());
    server.recv().push(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n.\r\n");
    for reply in [Reply::sender_ok(), Reply::recipient_ok(), Reply::go_ahead()] {
        assert_eq!(server.poll(now), Step::Event);
        assert!(server.reply(reply.clone()).is_err());
        server.event();
        server.reply(reply).unwrap();
    }
    assert_eq!(server.poll(now), Step::Event);
    assert!(server.reply(Reply::new(250, "2.0.0 Ok")).is_err());
    assert!(matches!(server.event(), Event::Message { size: 0 }));
    assert!(server.reply(Reply::go_ahead()).is_err(), "354 answers DATA alone");
    server.reply(Reply::new(250, "2.0.0 Ok")).unwrap();
    assert!(server.reply(Reply::new(250, "2.0.0 Ok")).is_err());
}

#[test]
fn a_reply_of_421_by_the_host_ends_the_session() {
    let mut server = server(&relay_config());
    let now = Instant::default();
    server.recv().push(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nNOOP\r\n");
    assert_eq!(server.poll(now), Step::Event);
    server.event();
    server.reply(Reply::sender_ok()).unwrap();
    assert_eq!(server.poll(now), Step::Event);
    server.event();
    server.reply(Reply::new(421, "4.3.2 Going down")).unwrap();
    assert_eq!(server.poll(now), Step::Event);
    assert!(matches!(server.event(), Event::Reset(Reset::Closed)));
    assert_eq!(server.poll(now), Step::Closed);
    assert!(server.transmit().take_all().ends_with(b"421 4.3.2 Going down\r\n"));
}

#[test]
fn the_words_of_a_reply_cannot_forge_a_line() {
    let reply = Reply::new(550, "5.1.1 no \"x\r\n250 ok\u{0}\u{7f}\u{85}\" here");
    assert_eq!(reply.to_string(), "550-5.1.1 no \"x?\r\n550 5.1.1 250 ok???\" here\r\n");
    assert_eq!(Reply::new(99, "x").code(), 451);
}
