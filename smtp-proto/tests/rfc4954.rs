//! RFC 4954: AUTH, with PLAIN (RFC 4616) and LOGIN.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{
    Close, Instant, Machine, Step,
    sasl::{Mechanism, client::Credentials},
    test::Log,
};
use support::{client, client_config, events, serve, server, speak, submission_config, submit};

const RIGHT: &str = "AGFsaWNlAHNlY3JldA==";
const WRONG: &str = "AGFsaWNlAHdyb25n";
const REFUSED: &str = "S: 535 5.7.8 Authentication credentials invalid\n";
const WELCOME: &str = "S: 235 2.7.0 Authentication successful\n";

// Server

#[test]
fn plain_with_an_initial_response() {
    let log = submit(&format!("C: AUTH PLAIN {RIGHT}\n{WELCOME}"));
    assert_eq!(events(&log), ["Auth \"\" \"alice\""]);
}

#[test]
fn plain_without_an_initial_response_gets_an_empty_challenge() {
    submit(&format!("C: AUTH PLAIN\nS| 334 \\r\\n\nC: {RIGHT}\n{WELCOME}"));
}

#[test]
fn login_asks_for_name_and_password() {
    submit(&format!(
        "C: auth login\nS: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n{WELCOME}"
    ));
    submit(&format!("C: AUTH LOGIN YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n{WELCOME}"));
}

#[test]
fn an_authorization_identity_is_handed_to_the_host() {
    let log = submit(&format!("C: AUTH PLAIN Ym9iAGFsaWNlAHNlY3JldA==\n{WELCOME}"));
    assert_eq!(events(&log), ["Auth \"bob\" \"alice\""]);
}

#[test]
fn base64_without_its_padding_is_taken() {
    submit(&format!("C: AUTH PLAIN {}\n{WELCOME}", RIGHT.trim_end_matches('=')));
}

#[test]
fn the_user_is_known_after_success_and_auth_is_no_longer_offered() {
    submit(&format!(
        "C: AUTH PLAIN {RIGHT}\n{WELCOME}C: EHLO client.example\nS: 250-mx.example.org\nS: 250-PIPELINING\n\
         S: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 ENHANCEDSTATUSCODES\n\
         C: MAIL FROM:<alice@example.org> AUTH=<>\nS: 250 2.1.0 Sender ok\n\
         C: RCPT TO:<x@elsewhere.example>\nS: 250 2.1.5 Recipient ok\n"
    ));
    let mut config = submission_config();
    config.implicit_tls = true;
    let mut server = server(&config);
    let now = Instant::default();
    server.recv().push(format!("EHLO c\r\nAUTH PLAIN {RIGHT}\r\n").as_bytes());
    assert_eq!(server.poll(now), Step::Event);
    server.event();
    assert_eq!(server.user(), None);
    server.verdict(mailwire::sasl::Verdict::Accept).unwrap();
    assert_eq!(server.user(), Some("alice"));
}

#[test]
fn a_second_auth_gets_503() {
    submit(&format!(
        "C: AUTH PLAIN {RIGHT}\n{WELCOME}C: AUTH PLAIN {RIGHT}\nS: 503 5.5.1 Already authenticated\n"
    ));
}

#[test]
fn auth_in_the_middle_of_a_message_gets_503() {
    let mut config = submission_config();
    config.implicit_tls = true;
    config.role = smtp_proto::server::Role::Relay;
    serve(
        &config,
        &format!(
            "{}C: MAIL FROM:<>\nS: 250 2.1.0 Sender ok\nC: AUTH PLAIN {RIGHT}\nS: 503 5.5.1 Not in the middle of a message\n",
            support::SUBMISSION
        ),
    );
}

#[test]
fn auth_needs_ehlo() {
    let mut config = submission_config();
    config.implicit_tls = true;
    serve(
        &config,
        &format!(
            "S: 220 mx.example.org ESMTP ready\nC: AUTH PLAIN {RIGHT}\nS: 503 5.5.1 Say EHLO or HELO first\n"
        ),
    );
}

#[test]
fn a_plain_text_mechanism_without_tls_gets_538_and_is_not_offered() {
    let session = "S: 220 mx.example.org ESMTP ready\nC: EHLO c\nS: 250-mx.example.org\nS: 250-PIPELINING\n\
        S: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-ENHANCEDSTATUSCODES\nS: 250 STARTTLS\n";
    for command in ["AUTH PLAIN", "AUTH LOGIN", "AUTH PLAIN AGFsaWNlAHNlY3JldA=="] {
        let log = serve(
            &submission_config(),
            &format!(
                "{session}C: {command}\nS: 538 5.7.11 Encryption required for authentication: say STARTTLS first\n"
            ),
        );
        assert_eq!(events(&log), ["Rejected 538"], "the password is not looked at");
    }
}

#[test]
fn a_mechanism_that_is_not_offered_gets_504() {
    for name in ["FOOBAR", "CRAM-MD5", "plain-", "*"] {
        submit(&format!("C: AUTH {name}\nS: 504 5.5.4 Mechanism not offered\n"));
    }
    let mut config = submission_config();
    config.implicit_tls = true;
    config.auth = vec![Mechanism::Login];
    let hello = support::SUBMISSION.replace("PLAIN LOGIN", "LOGIN");
    serve(&config, &format!("{hello}C: AUTH PLAIN\nS: 504 5.5.4 Mechanism not offered\n"));
    support::relay("C: AUTH PLAIN\nS: 502 5.5.1 AUTH is not offered\n");
}

#[test]
fn auth_without_a_mechanism_or_with_too_many_words_gets_501() {
    for command in ["AUTH", "AUTH ", "AUTH PLAIN a b", "AUTH PLAIN  AAAA"] {
        submit(&format!("C: {command}\nS: 501 5.5.4 Syntax error in arguments\n"));
    }
}

#[test]
fn a_star_cancels_with_501() {
    submit(&format!(
        "C: AUTH PLAIN\nS| 334 \\r\\n\nC: *\nS: 501 5.7.0 Authentication cancelled\n\
         C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: *\nS: 501 5.7.0 Authentication cancelled\n\
         C: AUTH PLAIN {RIGHT}\n{WELCOME}"
    ));
}

#[test]
fn what_is_not_base64_gets_501() {
    let bad = "S: 501 5.5.2 Cannot decode that\n";
    for text in ["?", "AAA*", "A", "=A", "AAAA=AAA"] {
        submit(&format!("C: AUTH PLAIN {text}\n{bad}C: NOOP\nS: 250 2.0.0 Ok\n"));
        submit(&format!(
            "C: AUTH PLAIN\nS| 334 \\r\\n\nC: {text}\n{bad}C: NOOP\nS: 250 2.0.0 Ok\n"
        ));
    }
    submit(&format!("C: AUTH PLAIN\nS| 334 \\r\\n\nC| AA\\x00A\\r\\n\n{bad}"));
}

#[test]
fn an_equals_sign_is_an_empty_response() {
    // Empty is no PLAIN message; what matters is that it is not taken for base64 gone wrong.
    submit("C: AUTH PLAIN =\nS: 501 5.5.2 Cannot decode that\n");
    submit(
        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: =\nwait 1s\n\
            S: 535 5.7.8 Authentication credentials invalid\n",
    );
}

#[test]
fn a_line_of_an_exchange_may_have_12288_octets_and_a_longer_one_ends_it() {
    let line = |n: usize| "A".repeat(n - 2);
    submit(&format!(
        "C: AUTH PLAIN\nS| 334 \\r\\n\nC: {}\nS: 501 5.5.2 Cannot decode that\n",
        line(12_288)
    ));
    for n in [12_289, 12_290, 100_000] {
        submit(&format!(
            "C: AUTH PLAIN\nS| 334 \\r\\n\nC: {}\nS: 500 5.5.6 Authentication exchange line is too long\n\
             C: NOOP\nS: 250 2.0.0 Ok\n",
            line(n)
        ));
    }
}

#[test]
fn a_bare_lf_ends_the_exchange() {
    submit(&format!(
        "C: AUTH PLAIN\nS| 334 \\r\\n\nC| {RIGHT}\\n\nS: 500 5.5.2 Lines end in CRLF\nC: NOOP\nS: 250 2.0.0 Ok\n"
    ));
}

#[test]
fn a_wrong_password_is_answered_a_second_later_and_meanwhile_nothing_is() {
    submit(&format!("C: AUTH PLAIN {WRONG}\n"));
    submit(&format!(
        "C: AUTH PLAIN {WRONG}\nC: NOOP\nC: AUTH PLAIN {RIGHT}\nwait 1s\n{REFUSED}S: 250 2.0.0 Ok\n{WELCOME}"
    ));
}

#[test]
fn an_unknown_user_is_answered_like_a_wrong_password() {
    submit(&format!("C: AUTH PLAIN AGV2ZQBzZWNyZXQ=\nwait 1s\n{REFUSED}"));
}

#[test]
fn the_wait_is_a_deadline() {
    let mut config = submission_config();
    config.implicit_tls = true;
    let mut server = server(&config);
    let now = Instant::from_micros(5_000_000);
    server.recv().push(format!("EHLO c\r\nAUTH PLAIN {WRONG}\r\n").as_bytes());
    assert_eq!(server.poll(now), Step::Event);
    server.event();
    server.verdict(mailwire::sasl::Verdict::Refuse).unwrap();
    assert_eq!(server.poll(now), Step::NeedInput);
    assert_eq!(server.deadline(), Some(Instant::from_micros(6_000_000)));
}

#[test]
fn a_client_that_hangs_up_while_it_waits_is_let_go() {
    submit(&format!("C: AUTH PLAIN {WRONG}\neof\nclosed\n"));
}

#[test]
fn after_five_wrong_passwords_the_session_ends() {
    let wrong = format!("C: AUTH PLAIN {WRONG}\nwait 1s\n{REFUSED}");
    submit(&format!("{}C: AUTH PLAIN {RIGHT}\n{WELCOME}", wrong.repeat(4)));
    submit(&format!("{}S: 421 4.7.0 Too many failed log-ins\nclosed\n", wrong.repeat(5)));
}

#[test]
fn a_client_that_floods_while_it_waits_gets_no_further_try() {
    let flood = "C: NOOP\n".repeat(12_000);
    submit(&format!(
        "C: AUTH PLAIN {WRONG}\n{flood}{REFUSED}S: 421 4.7.0 Too many failed log-ins\nclosed\n"
    ));
}

#[test]
fn a_database_that_is_down_gets_454_at_once() {
    submit(&format!(
        "C: AUTH PLAIN AGFsaWNlAG91dGFnZQ==\nS: 454 4.7.0 Temporary authentication failure\nC: AUTH PLAIN {RIGHT}\n{WELCOME}"
    ));
}

#[test]
fn the_auth_parameter_of_mail_is_xtext_and_goes_with_auth() {
    for (value, reply) in [
        ("<>", "250 2.1.0 Sender ok"),
        ("e+3Dmc2@example.com", "250 2.1.0 Sender ok"),
        ("e+3dmc2@example.com", "501 5.5.4 Bad parameter"),
        ("e+", "501 5.5.4 Bad parameter"),
        ("e+3", "501 5.5.4 Bad parameter"),
        ("+2B+", "501 5.5.4 Bad parameter"),
        ("", "501 5.5.4 Bad parameter"),
        ("e=mc2", "501 5.5.4 Bad parameter"),
    ] {
        submit(&format!(
            "C: AUTH PLAIN {RIGHT}\n{WELCOME}C: MAIL FROM:<e=mc2@example.com> AUTH={value}\nS: {reply}\n"
        ));
    }
}

// Client

/// Runs what follows the offer against a client that may send passwords.
fn offered(auth: &str, session: &str) -> Log {
    let mut config = client_config();
    config.implicit_tls = true;
    speak(
        &config,
        &format!("S: 220 hi\nC: EHLO client.example\nS: 250-mx\nS: 250 {auth}\n{session}"),
    )
}

#[test]
fn the_client_sends_plain_with_an_initial_response() {
    let log = offered(
        "AUTH LOGIN PLAIN",
        &format!("A: auth alice secret\nC: AUTH PLAIN {RIGHT}\nS: 235 hi\n"),
    );
    assert_eq!(events(&log)[1..], ["Authenticated"]);
}

#[test]
fn the_client_answers_a_challenge_to_login_whatever_it_says() {
    for (name, password) in
        [("VXNlcm5hbWU6", "UGFzc3dvcmQ6"), ("", ""), ("Username:", "Password:"), ("=", "?")]
    {
        let log = offered(
            "AUTH LOGIN",
            &format!(
                "A: auth alice secret\nC: AUTH LOGIN\nS: 334 {name}\nC: YWxpY2U=\nS: 334 {password}\nC: c2VjcmV0\nS: 235 hi\n"
            ),
        );
        assert_eq!(events(&log)[1..], ["Authenticated"]);
    }
}

#[test]
fn old_forms_of_the_offer_are_understood() {
    let auth = format!("A: auth alice secret\nC: AUTH PLAIN {RIGHT}\n");
    for lines in
        ["AUTH=LOGIN PLAIN", "auth login plain", "AUTH  LOGIN  PLAIN ", "AUTH GSSAPI PLAIN X-Y"]
    {
        offered(lines, &auth);
    }
}

#[test]
fn a_refusal_is_reported_and_another_try_may_follow() {
    let log = offered(
        "AUTH PLAIN",
        &format!(
            "A: auth alice wrong\nC: AUTH PLAIN {WRONG}\nS: 535 5.7.8 no\nA: auth alice secret\nC: AUTH PLAIN {RIGHT}\nS: 235 yes\n"
        ),
    );
    assert_eq!(events(&log)[1..], ["Refused Auth 535 5.7.8 no", "Authenticated"]);
}

#[test]
fn a_challenge_too_many_is_cancelled_and_a_second_closes_the_session() {
    let session = format!("A: auth alice secret\nC: AUTH PLAIN {RIGHT}\nS: 334 more\nC: *\n");
    let log = offered("AUTH PLAIN", &format!("{session}S: 501 cancelled\nA: quit\nC: QUIT\n"));
    assert_eq!(events(&log)[1..], ["Refused Auth 501 cancelled"]);
    let log = offered("AUTH PLAIN", &format!("{session}S: 334 still more\nclosed\n"));
    assert_eq!(log.events().count(), 1);
}

#[test]
fn a_421_in_the_middle_of_auth_is_reported_and_closes() {
    let log =
        offered("AUTH LOGIN", "A: auth alice secret\nC: AUTH LOGIN\nS: 421 4.7.0 going\nclosed\n");
    assert_eq!(events(&log)[1..], ["Refused Auth 421 4.7.0 going"]);
}

#[test]
fn an_initial_response_too_long_for_a_command_line_waits_for_the_challenge() {
    let password = "p".repeat(400);
    let message = mailwire::sasl::encode(format!("\0alice\0{password}").as_bytes());
    offered(
        "AUTH PLAIN",
        &format!(
            "A: auth alice {password}\nC: AUTH PLAIN\nS| 334 \\r\\n\nC: {message}\nS: 235 hi\n"
        ),
    );
}

#[test]
fn without_tls_no_password_is_sent_unless_the_configuration_says_so() {
    let session = b"220 hi\r\n250-mx\r\n250 AUTH PLAIN LOGIN\r\n";
    let mut config = client_config();
    for allowed in [false, true] {
        config.plain_text_auth = allowed;
        let mut client = client(&config);
        client.recv().push(session);
        let _ = client.poll(Instant::default());
        client.event();
        client.transmit().take_all();
        let chosen = client.auth(Credentials::password("alice", "secret"));
        assert_eq!(chosen.is_ok(), allowed);
        assert_eq!(client.transmit().is_empty(), !allowed);
    }
}

#[test]
fn no_secret_is_printed_by_debug() {
    let mut config = client_config();
    config.implicit_tls = true;
    let mut client = client(&config);
    client.recv().push(b"220 hi\r\n250-mx\r\n250 AUTH LOGIN\r\n");
    let _ = client.poll(Instant::default());
    client.event();
    client.auth(Credentials::password("alice", "squeamish")).unwrap();
    assert!(!format!("{client:?}").contains("squeamish"));
    assert_eq!(client.closed(), None::<Close>);
}

#[test]
fn a_server_without_mechanisms_offers_no_auth() {
    let mut config = submission_config();
    config.implicit_tls = true;
    config.auth.clear();
    let hello = support::SUBMISSION
        .replace("S: 250-ENH", "S: 250 ENH")
        .replace("S: 250 AUTH PLAIN LOGIN\n", "");
    serve(&config, &hello);
}
