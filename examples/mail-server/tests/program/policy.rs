//! Who may send what to whom. Never an open relay.

use crate::kit::{Smtp, World, inbox};

/// All of these would leave this server, one way or another.
const ELSEWHERE: [&str; 12] = [
    "bob@b.test",
    "bob@B.TEST",
    "bob@elsewhere.example",
    "bob@sub.a.test",
    "bob@a.test.elsewhere.example",
    "@a.test:bob@b.test",
    "@a.test,@b.test:bob@elsewhere.example",
    "bob%b.test@a.test",
    "b.test!bob@a.test",
    "\"bob@b.test\"@a.test",
    "bob@[127.0.0.1]",
    "bob@[IPv6:::1]",
];

#[test]
fn without_a_login_nothing_is_relayed() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    for tls in [false, true] {
        let mut smtp = Smtp::with(&a, "smtp");
        if tls {
            smtp = smtp.start_tls(&a);
        }
        for from in ["x@elsewhere.example", "alice@a.test", "", "postmaster@a.test"] {
            assert!(smtp.say(&format!("MAIL FROM:<{from}>")).starts_with("250"));
            for to in ELSEWHERE {
                let reply = smtp.say(&format!("RCPT TO:<{to}>"));
                assert!(reply.starts_with("55"), "from {from} to {to}: {reply}");
            }
            assert!(smtp.say("DATA").starts_with("5"), "there is nobody to send it to");
            assert!(smtp.say("RSET").starts_with("250"));
        }
    }
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn without_a_login_nothing_is_submitted() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let sessions = [
        Smtp::with(&a, "submission"),
        Smtp::with(&a, "submission").start_tls(&a),
        Smtp::with(&a, "submissions"),
    ];
    for mut smtp in sessions {
        for to in ["bob@a.test", "bob@b.test"] {
            // RFC 4954 §6: 530, authentication required.
            assert!(smtp.say("MAIL FROM:<alice@a.test>").starts_with("530"));
            assert!(smtp.say(&format!("RCPT TO:<{to}>")).starts_with('5'));
            assert!(smtp.say("DATA").starts_with('5'));
        }
    }
    assert_eq!(inbox(&a, "bob@a.test").len(), 0);
}

#[test]
fn a_password_is_not_taken_in_the_clear() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = Smtp::with(&a, "submission");
    let offered = smtp.say("EHLO client.test");
    assert!(!offered.contains("PLAIN") && !offered.contains("LOGIN"), "{offered}");
    let reply = smtp.say("AUTH PLAIN AGFsaWNlQGEudGVzdABhbGljZS1zZWNyZXQ=");
    assert!(reply.starts_with('5'), "{reply}");
    // Nor at all where other servers deliver.
    let mut smtp = Smtp::with(&a, "smtp").start_tls(&a);
    let reply = smtp.say("AUTH PLAIN AGFsaWNlQGEudGVzdABhbGljZS1zZWNyZXQ=");
    assert!(reply.starts_with('5'), "{reply}");
}

#[test]
fn a_user_sends_under_their_own_address_only() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    for from in ["bob@a.test", "alice@b.test", "alice@sub.a.test", "postmaster@a.test"] {
        let reply = smtp.say(&format!("MAIL FROM:<{from}>"));
        assert!(reply.starts_with("553 5.7.1"), "{from}: {reply}");
    }
    for from in ["alice@a.test", "ALICE@A.TEST", "\"alice\"@a.test", ""] {
        let reply = smtp.say(&format!("MAIL FROM:<{from}>"));
        assert!(reply.starts_with("250"), "{from}: {reply}");
        assert!(smtp.say("RSET").starts_with("250"));
    }
}

#[test]
fn mail_from_other_servers_is_taken_for_users_and_for_postmaster() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = Smtp::with(&a, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    for to in ["bob@a.test", "BOB@A.TEST", "postmaster@a.test", "Postmaster"] {
        let reply = smtp.say(&format!("RCPT TO:<{to}>"));
        assert!(reply.starts_with("250"), "{to}: {reply}");
    }
    assert!(smtp.say("RCPT TO:<nobody@a.test>").starts_with("550 5.1.1"));
    assert!(smtp.message("Subject: hello\r\n\r\nHello\r\n").starts_with("250"));
    let found = inbox(&a, "bob@a.test");
    assert_eq!(found.len(), 1);
    // What is no submission is not repaired.
    assert!(found[0].ends_with("\r\nSubject: hello\r\n\r\nHello\r\n"), "{}", found[0]);
    assert!(found[0].contains(" with ESMTP "), "{}", found[0]);
}
