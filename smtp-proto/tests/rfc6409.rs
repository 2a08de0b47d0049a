//! RFC 6409: submission.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use support::{SUBMISSION, events, serve, submission_config, submit};

const AUTH: &str = "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: 235 2.7.0 Authentication successful\n";

#[test]
fn mail_without_auth_gets_530_and_the_session_goes_on() {
    let log = submit(&format!(
        "C: MAIL FROM:<alice@example.org>\nS: 530 5.7.0 Authentication required\n\
         C: RCPT TO:<bob@example.org>\nS: 503 5.5.1 Say MAIL first\n\
         C: DATA\nS: 503 5.5.1 Say MAIL first\n{AUTH}\
         C: MAIL FROM:<alice@example.org>\nS: 250 2.1.0 Sender ok\n"
    ));
    let mails = events(&log).iter().filter(|event| event.starts_with("MAIL")).count();
    assert_eq!(mails, 1, "the host was not asked before: {log:?}");
}

#[test]
fn noop_rset_help_vrfy_and_quit_need_no_auth() {
    submit(
        "C: NOOP\nS: 250 2.0.0 Ok\nC: RSET\nS: 250 2.0.0 Ok\n\
         C: VRFY alice\nS: 252 2.5.0 Send some mail, I'll try my best\nC: QUIT\nS: 221 2.0.0 Bye\nclosed\n",
    );
}

#[test]
fn the_null_sender_needs_auth_too() {
    submit("C: MAIL FROM:<>\nS: 530 5.7.0 Authentication required\n");
}

#[test]
fn a_user_may_submit_to_other_domains_and_stays_logged_in_through_rset_and_ehlo() {
    let one = "C: MAIL FROM:<alice@example.org>\nS: 250 2.1.0 Sender ok\n\
               C: RCPT TO:<x@elsewhere.example>\nS: 250 2.1.5 Recipient ok\n";
    let hello = "C: EHLO again\nS: 250-mx.example.org\nS: 250-PIPELINING\nS: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 ENHANCEDSTATUSCODES\n";
    submit(&format!("{AUTH}{one}C: RSET\nS: 250 2.0.0 Ok\n{one}{hello}{one}"));
}

#[test]
fn a_failed_auth_leaves_mail_refused() {
    submit(
        "C: AUTH PLAIN AGFsaWNlAHdyb25n\nwait 1s\nS: 535 5.7.8 Authentication credentials invalid\n\
            C: MAIL FROM:<alice@example.org>\nS: 530 5.7.0 Authentication required\n",
    );
}

#[test]
fn on_a_plain_port_without_starttls_the_client_is_told_to_log_in() {
    let mut config = submission_config();
    config.starttls = false;
    config.plain_text_auth = true;
    serve(&config, &format!("{SUBMISSION}C: MAIL FROM:<>\nS: 530 5.7.0 Authentication required\n"));
}
