//! What one client or one user may ask for.

use crate::kit::{Server, Smtp, Talk, World, inbox, submit};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{io::Read, net::TcpStream};

/// This machine is a client like any other.
fn start(world: &World, limits: &str) -> Server {
    world.start_with("a.test", &format!("[limits]\nexempt = []\n{limits}"), &[])
}

/// All that the server says to who has just connected, until it closes.
fn turned_away(server: &Server, service: &str) -> String {
    let mut said = String::new();
    TcpStream::connect(server.address(service)).unwrap().read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_client_has_so_many_connections_whatever_the_listener() {
    let world = World::new([]);
    let a = start(&world, "ip-connections = 2");
    let mut smtp = Smtp::with(&a, "smtp");
    let mut imap = Talk::with(&a, "imap");
    imap.line();
    assert_eq!(turned_away(&a, "smtp"), "421 4.3.2 too many connections, try again later\r\n");
    assert!(turned_away(&a, "imap").starts_with("* BYE [UNAVAILABLE] "));
    assert!(turned_away(&a, "pop3").starts_with("-ERR [SYS/TEMP] "));
    assert_eq!(turned_away(&a, "imaps"), "");
    a.wait_for_log(&["connection refused", "limit=\"ip-connections\""]);
    assert!(smtp.say("QUIT").starts_with("221"));
    drop(smtp);
    // Its place is free a moment later.
    let free = || {
        let mut talk = Talk::with(&a, "smtp");
        talk.line().starts_with("220")
    };
    assert!((0..1000).any(|_| free()));
}

#[test]
fn a_client_brings_so_many_messages_in_a_minute() {
    let world = World::new([]);
    let a = start(&world, "ip-messages-per-minute = 3");
    let mut smtp = Smtp::with(&a, "smtp");
    for n in 0..5 {
        let reply = smtp.say("MAIL FROM:<x@elsewhere.example>");
        let expected = if n < 3 { "250 " } else { "450 4.7.1 " };
        assert!(reply.starts_with(expected), "{reply}");
        smtp.say("RSET");
    }
    assert!(Smtp::with(&a, "smtp").say("MAIL FROM:<>").starts_with("450 4.7.1"), "nor elsewhere");
    submit(&a, "alice@a.test", &["bob@a.test"], "Subject: x\r\n\r\nx\r\n");
    assert_eq!(inbox(&a, "bob@a.test").len(), 1, "users have another limit");
}

#[test]
fn a_user_sends_to_so_many_in_an_hour() {
    let world = World::new([]);
    let a = start(&world, "user-recipients-per-hour = 3");
    submit(&a, "alice@a.test", &["bob@a.test", "carol@a.test"], "Subject: x\r\n\r\nx\r\n");
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    assert!(smtp.say("MAIL FROM:<alice@a.test>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<carol@a.test>").starts_with("450 4.7.1"));
    assert!(
        smtp.message("Subject: x\r\n\r\nx\r\n").starts_with("250"),
        "to whom it was still allowed"
    );
    submit(&a, "bob@a.test", &["alice@a.test"], "Subject: x\r\n\r\nx\r\n");
    assert_eq!((inbox(&a, "bob@a.test").len(), inbox(&a, "carol@a.test").len()), (2, 1));
}

#[test]
fn who_guesses_passwords_is_shut_out_whatever_the_mechanism() {
    let world = World::new([]);
    let wrong = STANDARD.encode("\0alice@a.test\0wrong");
    let scram = STANDARD.encode("n,,n=alice@a.test,r=0123456789");
    // With the server's nonce, and a proof of nothing.
    let proof = |challenge: &str| {
        let challenge = STANDARD.decode(challenge.strip_prefix("334 ").unwrap()).unwrap();
        let challenge = String::from_utf8(challenge).unwrap();
        let nonce = challenge.split(',').next().unwrap();
        STANDARD.encode(format!("c=biws,{nonce},p={}", STANDARD.encode([0; 32])))
    };
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let a = start(&world, "ip-failures = 2");
        for _ in 0..3 {
            let mut smtp = Smtp::with(&a, "submission").start_tls(&a);
            let reply = match mechanism {
                "PLAIN" => smtp.say(&format!("AUTH PLAIN {wrong}")),
                _ => {
                    let challenge = smtp.say(&format!("AUTH SCRAM-SHA-256 {scram}"));
                    smtp.say(&proof(&challenge))
                }
            };
            assert!(reply.starts_with("535"), "{reply}");
            smtp.say("QUIT");
        }
        a.wait_for_log(&["shut out for a while"]);
        a.wait_for_log(&["log-in refused", "user=\"alice@a.test\""]);
        assert!(turned_away(&a, "submission").starts_with("421 4.7.0 too many errors"));
        assert!(turned_away(&a, "pop3").starts_with("-ERR [SYS/TEMP] too many errors"));
        a.terminate();
    }
}

#[test]
fn a_session_that_is_open_already_gets_no_further_guesses() {
    let world = World::new([]);
    let a = start(&world, "ip-failures = 1");
    let mut open = Talk::with(&a, "imaps");
    open.line();
    let mut say = |line: &str| {
        open.write(format!("a {line}\r\n").as_bytes());
        open.line()
    };
    assert!(say("LOGIN alice@a.test wrong").starts_with("a NO [AUTHENTICATIONFAILED]"));
    assert!(say("LOGIN alice@a.test wrong").starts_with("a NO [AUTHENTICATIONFAILED]"));
    let right = say("LOGIN alice@a.test alice-secret");
    assert!(right.starts_with("a NO [UNAVAILABLE]"), "{right}");
}

#[test]
fn who_tries_names_is_shut_out() {
    let world = World::new([]);
    let a = start(&world, "ip-failures = 2");
    let mut smtp = Smtp::with(&a, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    for name in ["a", "b", "c"] {
        assert!(smtp.say(&format!("RCPT TO:<{name}@a.test>")).starts_with("550"));
    }
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("421 4.7.0"));
    assert!(turned_away(&a, "smtp").starts_with("421 4.7.0"));
}
