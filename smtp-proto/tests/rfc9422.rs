//! RFC 9422: LIMITS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_proto::{Extensions, Reply};
use support::{events, hello_of, offered, relay_of, relay_with};

// Server

#[test]
fn what_is_limited_is_told() {
    let mut config = relay_with(|offer| offer.limits = true);
    assert!(hello_of(&config).contains("250 LIMITS RCPTMAX=3\n"));
    config.limits.mails = Some(2);
    assert!(hello_of(&config).contains("250 LIMITS RCPTMAX=3 MAILMAX=2\n"));
}

#[test]
fn a_message_more_than_the_limit_gets_452_and_the_session_goes_on() {
    let mut config = relay_with(|offer| offer.limits = true);
    config.limits.mails = Some(2);
    let mail = "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\nC: RSET\nS: 250 2.0.0 Ok\n";
    let log = relay_of(
        &config,
        &format!(
            "{mail}C: MAIL FROM:<blocked@b.example>\nS: 550 5.7.1 Not you\n{mail}\
             C: MAIL FROM:<>\nS: 452 4.5.3 Too many messages in one session\nC: NOOP\nS: 250 2.0.0 Ok\n"
        ),
    );
    assert_eq!(*events(&log).last().unwrap(), "Rejected 452");
}

#[test]
fn a_recipient_more_than_the_limit_gets_452() {
    let rcpt = "C: RCPT TO:<bob@example.org>\nS: 250 2.1.5 Recipient ok\n".repeat(3);
    relay_of(
        &relay_with(|offer| offer.limits = true),
        &format!(
            "C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\n{rcpt}C: RCPT TO:<bob@example.org>\nS: 452 4.5.3 Too many recipients\n"
        ),
    );
}

// Client

#[test]
fn more_recipients_than_the_server_takes_are_not_sent_to_it() {
    let letter = "MAIL FROM:<>; RCPT TO:<a@y.example>; RCPT TO:<b@y.example>";
    offered(&["LIMITS RCPTMAX=1"], &format!("A: refuses Recipients(1) {letter}\n"));
    for enough in [
        "LIMITS RCPTMAX=2",
        "LIMITS",
        "LIMITS RCPTMAX=0",
        "LIMITS RCPTMAX=x",
        "LIMITS FOO=1 RCPTMAX",
        "HELP",
    ] {
        offered(&[enough], &format!("A: letter {letter}\nC: MAIL FROM:<>\n"));
    }
}

#[test]
fn more_messages_than_the_server_takes_are_not_sent_to_it() {
    let one = "A: letter MAIL FROM:<>; RCPT TO:<a@y.example>\nC: MAIL FROM:<>\nS: 550 no\n";
    let refused = "A: refuses Mails(2) MAIL FROM:<>; RCPT TO:<a@y.example>\nA: quit\nC: QUIT\n";
    offered(&["LIMITS MAILMAX=2 RCPTMAX=5"], &format!("{one}{one}{refused}"));
    offered(&["HELP"], &one.repeat(5));
}

#[test]
fn recipients_at_more_domains_than_the_server_takes_in_a_session_are_not_sent_to_it() {
    let letter = |to: &[&str]| {
        let to: Vec<_> = to.iter().map(|to| format!("; RCPT TO:<{to}>")).collect();
        format!("MAIL FROM:<>{}", to.concat())
    };
    let one = |to: &[&str]| format!("A: letter {}\nC: MAIL FROM:<>\nS: 550 no\n", letter(to));
    let no = |to: &[&str]| format!("A: refuses Domains(2) {}\n", letter(to));
    offered(
        &["LIMITS RCPTDOMAINMAX=2"],
        &[
            no(&["a@x.example", "a@y.example", "a@z.example"]),
            one(&["a@x.example", "b@X.Example", "Postmaster"]),
            no(&["a@y.example", "a@z.example"]),
            one(&["a@y.example", "a@x.example"]),
            no(&["a@z.example"]),
            one(&["b@y.example"]),
        ]
        .concat(),
    );
}

#[test]
fn what_is_offered_is_read() {
    for (line, mails, recipients, domains) in [
        ("LIMITS MAILMAX=1 RCPTMAX=2 RCPTDOMAINMAX=3", Some(1), Some(2), Some(3)),
        ("limits rcptdomainmax=3 mailmax=1", Some(1), None, Some(3)),
        ("LIMITS MAILMAX=4294967296 RCPTMAX=-1 RCPTDOMAINMAX=", None, None, None),
        ("LIMITS MAILMAX=5 OTHER=7", Some(5), None, None),
    ] {
        let offered = Extensions::from_reply(&Reply::new(250, format!("mx\n{line}")));
        let limits = offered.limits;
        assert_eq!(
            (limits.mails, limits.recipients, limits.recipient_domains),
            (mails, recipients, domains)
        );
    }
}
