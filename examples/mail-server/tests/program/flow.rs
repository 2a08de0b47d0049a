//! From one user to another: submitted, relayed, stored, read.

use crate::kit::{Smtp, World, inbox, submit, wait_for};

const MESSAGE: &str = "\
From: Alice <alice@a.test>\r
To: Bob <bob@b.test>\r
Bcc: Carol <carol@b.test>,\r
 dave@b.test\r
Subject: hello\r
\r
Hello Bob,\r
..\r
..hidden\r
Alice\r
";

fn header(message: &str) -> &str {
    message.split_once("\r\n\r\n").unwrap().0
}

fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").unwrap().1
}

/// The fields with this name, unfolded.
fn fields(message: &str, name: &str) -> Vec<String> {
    let unfolded = header(message).replace("\r\n\t", " ").replace("\r\n ", " ");
    let named = |line: &str| {
        let (field, value) = line.split_once(": ")?;
        field.eq_ignore_ascii_case(name).then(|| value.to_owned())
    };
    unfolded.lines().filter_map(named).collect()
}

#[test]
fn a_message_goes_from_a_user_of_one_server_to_users_of_another() {
    let world = World::new([]);
    let (a, b) = world.two_servers();
    submit(&a, "alice@a.test", &["bob@b.test", "carol@b.test"], MESSAGE);
    let bobs = wait_for(&b, "bob@b.test", 1);
    assert_eq!(bobs.len(), 1);
    let message = &bobs[0];
    assert_eq!(body(message), "Hello Bob,\r\n.\r\n.hidden\r\nAlice\r\n");
    assert_eq!(fields(message, "Return-Path"), ["<alice@a.test>"]);
    assert!(message.starts_with("Return-Path: "), "RFC 5321 §4.4: it stands on top");

    // Under TLS all the way, and logged in where that is asked for (RFC 3848).
    let received = fields(message, "Received");
    assert_eq!(received.len(), 2, "{received:?}");
    assert!(received[0].contains("from mx.a.test") && received[0].contains("by mx.b.test"));
    assert!(received[0].contains(" with ESMTPS "), "{}", received[0]);
    assert!(received[1].contains("by mx.a.test with ESMTPSA "), "{}", received[1]);

    // RFC 6409 §8.2 and §8.3: what was missing is there, once.
    assert_eq!(fields(message, "Date").len(), 1);
    let ids = fields(message, "Message-ID");
    assert!(ids.len() == 1 && ids[0].ends_with("@mx.a.test>"), "{ids:?}");

    // The copies are the same but for nothing at all: the message is stored once.
    assert_eq!(wait_for(&b, "carol@b.test", 1), bobs);
}

#[test]
fn blind_copies_are_in_no_copy_at_home_or_abroad() {
    let world = World::new([]);
    let (a, b) = world.two_servers();
    let to = ["bob@a.test", "carol@a.test", "bob@b.test", "carol@b.test"];
    submit(&a, "alice@a.test", &to, MESSAGE);
    let copies = [
        wait_for(&a, "bob@a.test", 1),
        wait_for(&a, "carol@a.test", 1),
        wait_for(&b, "bob@b.test", 1),
        wait_for(&b, "carol@b.test", 1),
    ];
    for copy in copies.iter().flatten() {
        let header = header(copy).to_ascii_lowercase();
        assert!(!header.contains("bcc") && !header.contains("dave"), "{header}");
        assert!(!header.contains("carol"), "{header}");
        assert!(header.contains("subject: hello"), "{header}");
    }
    assert_eq!(copies.iter().flatten().count(), 4);
}

#[test]
fn what_is_there_already_is_left_as_it_is() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let message = "Message-ID: <mine@laptop.test>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\
                   From: alice@a.test\r\n\r\nHello\r\n";
    submit(&a, "alice@a.test", &["bob@a.test"], message);
    let found = wait_for(&a, "bob@a.test", 1);
    assert_eq!(fields(&found[0], "Message-ID"), ["<mine@laptop.test>"]);
    assert_eq!(fields(&found[0], "Date"), ["Mon, 1 Jan 2024 00:00:00 +0000"]);
    assert!(found[0].ends_with(message));
}

#[test]
fn two_recipients_that_are_one_user_are_one_copy() {
    let world = World::new([]);
    let (a, b) = world.two_servers();
    let to = ["bob@b.test", "BOB@B.TEST", "\"bob\"@b.test", "bob@a.test", "Bob@a.test"];
    submit(&a, "alice@a.test", &to, MESSAGE);
    assert_eq!(wait_for(&b, "bob@b.test", 1).len(), 1);
    assert_eq!(inbox(&a, "bob@a.test").len(), 1);
    // One after the other they would be two: the same message again is another delivery.
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    assert_eq!(wait_for(&b, "bob@b.test", 2).len(), 2);
}

#[test]
fn a_message_that_was_not_finished_was_never_there() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    for line in ["MAIL FROM:<alice@a.test>", "RCPT TO:<bob@a.test>", "RCPT TO:<bob@b.test>"] {
        assert!(smtp.say(line).starts_with("250"));
    }
    assert!(smtp.say("DATA").starts_with("354"));
    drop(smtp);
    submit(&a, "alice@a.test", &["bob@a.test"], MESSAGE);
    let found = wait_for(&a, "bob@a.test", 1);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("Hello Bob"));
    let (status, log) = a.terminate();
    assert_eq!(status, Some(0), "{log}");
    assert!(world.queue("a.test").is_empty());
}
