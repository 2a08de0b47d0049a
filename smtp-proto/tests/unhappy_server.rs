//! What the server does where something goes wrong that no single RFC is about.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{Close, Instant, Machine, Step, test::Log};
use smtp_proto::{Reply, server};
use support::{
    Config, events, lmtp_config, offering, relay_config, relay_of, server, submission_config,
};

// Server: 421

const ENVELOPE: &[u8] =
    b"LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\n";

/// A server of LMTP, asked for the answer to what follows two recipients.
fn asked(rest: &[u8]) -> server::Server {
    let mut machine = server(&lmtp_config());
    machine.recv().push(&[ENVELOPE, rest].concat());
    for reply in [Reply::sender_ok(), Reply::recipient_ok(), Reply::recipient_ok()] {
        assert_eq!(machine.poll(Instant::default()), Step::Event);
        machine.event();
        machine.reply(reply).unwrap();
    }
    assert_eq!(machine.poll(Instant::default()), Step::Event);
    assert!(matches!(machine.event(), server::Event::Data));
    machine
}

fn farewell() -> Reply {
    Reply::new(421, "4.3.2 Going down")
}

#[test]
fn a_421_to_bdat_is_said_before_the_session_ends() {
    let mut machine = asked(b"BDAT 5 LAST\r\nHello");
    machine.reply(farewell()).unwrap();
    assert_eq!(machine.poll(Instant::default()), Step::Event);
    assert!(matches!(machine.event(), server::Event::Reset(server::Reset::Closed)));
    assert_eq!(machine.poll(Instant::default()), Step::Closed);
    assert!(machine.transmit().take_all().ends_with(b"\r\n421 4.3.2 Going down\r\n"));
}

#[test]
fn a_421_to_one_recipient_of_a_message_does_not_take_back_what_was_said_of_another() {
    let mut machine = asked(b"DATA\r\nHello\r\n.\r\n");
    machine.reply(Reply::go_ahead()).unwrap();
    while machine.poll(Instant::default()) == Step::Event {
        if matches!(machine.event(), server::Event::Message { .. }) {
            break;
        }
    }
    machine.reply(Reply::new(250, "2.0.0 Stored")).unwrap();
    machine.reply(farewell()).unwrap();
    assert_eq!(machine.poll(Instant::default()), Step::Closed, "no Reset");
}

#[test]
fn a_session_shut_down_before_its_greeting_is_greeted_with_421() {
    let mut config = relay_config();
    config.greeting_delay = core::time::Duration::from_secs(5);
    let mut machine = server(&config);
    assert_eq!(machine.poll(Instant::default()), Step::NeedInput);
    machine.shutdown();
    assert_eq!(machine.poll(Instant::default()), Step::Closed);
    assert_eq!(machine.closed(), Some(Close::Shutdown));
    assert!(machine.transmit().take_all().starts_with(b"421 4.3.2 "));
}

#[test]
fn turned_away_with_421_the_session_ends() {
    let mut machine = server(&relay_config());
    machine.turn_away(Reply::new(421, "4.7.0 Too many connections")).unwrap();
    assert_eq!(machine.poll(Instant::default()), Step::Closed);
    assert_eq!(machine.closed(), Some(Close::Shutdown));
    assert_eq!(machine.transmit().take_all(), &b"421 4.7.0 Too many connections\r\n"[..]);
}

// Server: BURL

#[test]
fn chunks_behind_a_refused_url_are_not_held_against_the_client() {
    let mut config = submission_config();
    config.implicit_tls = true;
    config.offer.burl = Some("imap".to_owned());
    config.limits.bad_commands = 3;
    let log = relay_of(
        &config,
        &format!(
            "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n\
             C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n\
             C: RCPT TO:<alice@example.org>\nS: 250 2.1.5 Recipient ok\n\
             C| BURL imap:gone\\r\\n{}BDAT 1 LAST\\r\\nx\n\
             S: 554 5.6.6 No such thing there\n{}C: NOOP\nS: 250 2.0.0 Ok\n",
            "BDAT 1\\r\\nx".repeat(9),
            "S: 503 5.5.1 Say MAIL first\n".repeat(10),
        ),
    );
    assert_eq!(events(&log).iter().filter(|event| **event == "Rejected 503").count(), 10);
}

// Server: XCLIENT

/// Submission to a proxy that has done the log-in.
fn behind_proxy(session: &str, attributes: &str) -> Log {
    let mut config: Config = offering(submission_config());
    config.implicit_tls = true;
    config.offer.xclient = Some(attributes.to_owned());
    relay_of(&config, session)
}

const AGAIN: &str = "S: 220 mx.example.org ESMTP again\nC: HELO c\nS: 250 mx.example.org\n";

#[test]
fn whom_xclient_names_has_logged_in_if_the_host_believes_it_and_login_was_offered() {
    let mail = |reply: &str| format!("C: MAIL FROM:<a@b.example>\nS: {reply}\n");
    let (yes, no) = (mail("250 2.1.0 Sender ok"), mail("530 5.7.0 Authentication required"));
    behind_proxy(&format!("C: XCLIENT LOGIN=alice\n{AGAIN}{yes}"), "NAME LOGIN");
    behind_proxy(&format!("C: XCLIENT LOGIN=alice\n{AGAIN}{no}"), "NAME ADDR");
    behind_proxy(&format!("C: XCLIENT LOGIN=[UNAVAILABLE]\n{AGAIN}{no}"), "LOGIN");
    behind_proxy(&format!("C: XCLIENT LOGIN=\n{AGAIN}{no}"), "LOGIN");
    behind_proxy(
        &format!("C: XCLIENT NAME=liar LOGIN=alice\nS: 550 5.7.0 Not so\n{no}"),
        "NAME LOGIN",
    );
}
