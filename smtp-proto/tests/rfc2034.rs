//! RFC 2034 and RFC 3463: enhanced status codes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::test::{Cuts, run};
use proptest::prelude::*;
use smtp_proto::{EnhancedCode, Reply, delivery::Outcome};
use support::{Mx, client_config, events, relay_config, server, submission_config, talk_file};

#[test]
fn the_example_of_section_6() {
    let log = talk_file(&client_config(), "rfc2034-6.txt");
    assert_eq!(
        events(&log)[1..],
        [
            "Body",
            "0 Message 250 2.6.0 Message accepted",
            "1 Recipient 550 5.1.1 Mailbox \"nosuchuser\" does not exist",
            "2 Recipient 551-5.7.1 Forwarding to remote hosts disabled\r\n551 5.7.1 Select another host to act as your forwarder",
            "Done"
        ]
    );
}

#[test]
fn every_reply_has_a_code_of_its_class_but_those_to_the_greeting_ehlo_and_3xx() {
    let input = "NOOP\r\nHELP\r\nVRFY x\r\nMAIL FROM:<>\r\nEHLO c\r\nHELO c\r\nWHAT\r\nDATA x\r\nRCPT TO:<a@b>\r\n\
        NO\0OP\r\nNOOP\nMAIL FROM:<a>\r\nMAIL FROM:<> FOO\r\nMAIL FROM:<> SIZE=1 SIZE=1\r\nMAIL FROM:<> SIZE=1001\r\n\
        MAIL FROM:<é@x.example>\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\nRCPT TO:<no@example.org>\r\nDATA\r\n\
        RCPT TO:<alice@example.org>\r\nAUTH PLAIN\r\nSTARTTLS x\r\nRSET\r\nAUTH FOO\r\nAUTH PLAIN ?\r\nAUTH PLAIN\r\n*\r\n\
        AUTH PLAIN\r\n?\r\nAUTH PLAIN AGFsaWNlAG91dGFnZQ==\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nAUTH PLAIN\r\n\
        MAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\na\nb\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<x@y.example>\r\n\
        DATA\r\n\0\r\n.\r\nSTARTTLS\r\nQUIT\r\n";
    let mut configs =
        [relay_config(), submission_config(), submission_config(), submission_config()];
    configs[1].implicit_tls = true;
    configs[2].plain_text_auth = true;
    configs[2].starttls = false;
    let mut seen = 0;
    for mut config in configs {
        config.limits.bad_commands = 100;
        let outcome = run(&mut server(&config), &mut Mx::default(), input.as_bytes(), Cuts::Whole);
        let output = String::from_utf8(outcome.output).unwrap();
        let mut hello = true; // the greeting
        for line in output.lines() {
            let (code, text) = (&line[..3], &line[4..]);
            let status = EnhancedCode::split(text).0;
            if hello || text.starts_with("mx.example.org") {
                assert_eq!(status, None, "{line}");
                hello = &line[3..4] == "-";
                continue;
            }
            if code.starts_with('3') {
                assert_eq!(status, None, "{line}");
            } else {
                assert_eq!(status.map(|s| s.class), code[..1].parse().ok(), "{line}");
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} replies were looked at");
}

#[test]
fn a_code_stands_on_every_line_once() {
    for text in ["5.7.1 one\ntwo", "5.7.1 one\n5.7.1 two"] {
        assert_eq!(Reply::new(550, text).to_string(), "550-5.7.1 one\r\n550 5.7.1 two\r\n");
    }
    assert_eq!(Reply::new(550, "one\n5.7.1 two").to_string(), "550-one\r\n550 5.7.1 two\r\n");
}

#[test]
fn a_code_of_another_class_than_the_reply_is_none() {
    assert_eq!(Reply::new(550, "5.1.1 x").enhanced(), Some(EnhancedCode::new(5, 1, 1)));
    assert_eq!(Reply::new(550, "4.1.1 x").enhanced(), None);
    assert_eq!(Reply::new(250, "5.1.1 x").enhanced(), None);
    let status = |text: &'static str| Outcome::from_reply(&Reply::new(550, text)).status;
    assert_eq!(status("5.1.1 x"), EnhancedCode::new(5, 1, 1));
    assert_eq!(status("2.1.1 x"), EnhancedCode::new(5, 0, 0));
}

#[test]
fn what_looks_like_a_code_and_is_none_stays_text() {
    for text in [
        "",
        " ",
        "5",
        "5.1",
        "5.1.",
        "5..1",
        "5.1.1.1 x",
        "3.1.1 x",
        "5.1111.1 x",
        "5.1.x y",
        "5.1.1,x",
        "+5.1.1 x",
        "5.-1.1 x",
    ] {
        assert_eq!(EnhancedCode::split(text), (None, text));
    }
    assert_eq!(EnhancedCode::split("5.999.0"), (Some(EnhancedCode::new(5, 999, 0)), ""));
}

proptest! {
    #[test]
    fn a_code_that_is_printed_can_be_read(
        class in proptest::sample::select(vec![2u8, 4, 5]), subject in 0u16..1000, detail in 0u16..1000
    ) {
        let code = EnhancedCode::new(class, subject, detail);
        let text = format!("{code} text");
        prop_assert_eq!(EnhancedCode::split(&text), (Some(code), "text"));
    }
}
