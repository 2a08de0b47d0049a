//! Who may send what to whom. Never an open relay.

use crate::kit::{Smtp, World, inbox, run};

/// All of these would leave this server, one way or another, if somebody took them for more than they are.
const ELSEWHERE: [&str; 27] = [
    "bob@b.test",
    "bob@B.TEST",
    "bob@elsewhere.example",
    "bob@sub.a.test",
    "bob@a.test.elsewhere.example",
    "bob@localhost",
    // The host's own name is no domain of its.
    "bob@mx.a.test",
    // Source routes (RFC 5321 appendix C).
    "@a.test:bob@b.test",
    "@a.test,@b.test:bob@elsewhere.example",
    "@[127.0.0.1]:bob@b.test",
    ":bob@b.test",
    // The percent hack, bang paths, both in quotes, and addresses in quotes.
    "bob%b.test@a.test",
    "bob%b.test%elsewhere.example@a.test",
    "\"bob%b.test\"@a.test",
    "b.test!bob@a.test",
    "elsewhere.example!b.test!bob@a.test",
    "\"b.test!bob\"@a.test",
    "\"bob@b.test\"@a.test",
    "\"@a.test:bob@b.test\"@a.test",
    "\"bob@b.test\"@b.test",
    // Two domains.
    "bob@b.test@a.test",
    "bob@a.test@b.test",
    "bob@b.test,alice@a.test",
    "bob(@a.test)@b.test",
    // Address literals.
    "bob@[127.0.0.1]",
    "bob@[IPv6:::1]",
    "bob@127.0.0.1",
];

#[test]
fn without_a_login_nothing_is_relayed() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let senders = ["x@elsewhere.example", "alice@a.test", "", "postmaster@a.test"];
    // A session takes so many errors and no more.
    for (some, tls) in ELSEWHERE.chunks(9).flat_map(|some| [(some, false), (some, true)]) {
        for from in senders {
            let mut smtp = Smtp::with(&a, "smtp");
            if tls {
                smtp = smtp.start_tls(&a);
            }
            assert!(smtp.say(&format!("MAIL FROM:<{from}>")).starts_with("250"));
            for to in some {
                let reply = smtp.say(&format!("RCPT TO:<{to}>"));
                assert!(reply.starts_with('5'), "from {from} to {to}: {reply}");
            }
            assert!(smtp.say("DATA").starts_with("5"), "there is nobody to send it to");
            assert!(smtp.say("RSET").starts_with("250"));
        }
    }
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn where_one_user_takes_all_that_nobody_has_nothing_leaves_either() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let data = a.data.to_str().unwrap();
    let done = run(&["alias", "set", "@a.test", "carol@a.test", "--data", data]);
    assert!(done.status.success());
    let mut taken = 0;
    for to in ELSEWHERE {
        let mut smtp = Smtp::with(&a, "smtp");
        assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
        if smtp.say(&format!("RCPT TO:<{to}>")).starts_with("250") {
            assert!(to.ends_with("@a.test"), "{to}");
            assert!(smtp.message("Subject: x\r\n\r\nx\r\n").starts_with("250"));
            taken += 1;
        }
    }
    assert_eq!((taken, inbox(&a, "carol@a.test").len()), (8, 8), "they are names here");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn a_message_that_goes_round_is_stopped() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let trace = |hops| "Received: from x by y; Tue, 24 Nov 2026 20:00:00 +0000\r\n".repeat(hops);
    for (hops, expected) in [(30, "250 "), (101, "554 5.4.6 ")] {
        let mut smtp = Smtp::with(&a, "smtp");
        assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
        assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
        let reply = smtp.message(&format!("{}Subject: x\r\n\r\nx\r\n", trace(hops)));
        assert!(reply.starts_with(expected), "{hops}: {reply}");
    }
    assert_eq!(inbox(&a, "bob@a.test").len(), 1);
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
