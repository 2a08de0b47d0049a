//! How the relay treats other people's servers.

use crate::kit::{Hop, World, Zone, inbox, submit, usual, wait_for};

const MESSAGE: &str = "From: alice@a.test\r\nSubject: hello\r\n\r\nHello\r\n..dots\r\n";

/// Sends the message to bob at b.test, where `hop` is.
fn send(world: &World, hop: &Hop) -> crate::kit::Server {
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    a
}

#[test]
fn a_server_without_tls_gets_the_message_all_the_same() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let a = send(&world, &hop);
    let session = hop.session();
    let commands: Vec<_> = session.commands.iter().map(String::as_str).collect();
    assert_eq!(
        commands,
        ["EHLO mx.a.test", "MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>", "DATA", ".", "QUIT"]
    );
    assert!(session.message.starts_with("Received: from "), "{}", session.message);
    assert!(!session.message.contains("Return-Path"), "RFC 5321 §4.4: the last server adds it");
    assert!(session.message.ends_with("\r\n\r\nHello\r\n..dots\r\n"), "{}", session.message);
    a.wait_for_log(&["delivered", "bob@b.test"]);
}

#[test]
fn where_bdat_is_offered_and_not_known_the_message_goes_by_data() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250-PIPELINING\r\n250 CHUNKING"),
        "" | "." | "DATA" | "QUIT" => usual(command),
        command if command.starts_with("MAIL ") || command.starts_with("RCPT ") => usual(command),
        // Each line of the message is taken for a command, and answered.
        _ => Some("502 5.5.1 what?"),
    });
    let a = send(&world, &hop);
    let session = hop.session();
    assert!(session.commands[3].starts_with("BDAT "), "{session:?}");
    let session = hop.session();
    let commands: Vec<_> = session.commands.iter().map(String::as_str).collect();
    assert_eq!(commands[3..], ["DATA", ".", "QUIT"]);
    assert!(session.message.ends_with("\r\n\r\nHello\r\n..dots\r\n"), "{}", session.message);
    a.wait_for_log(&["delivered", "bob@b.test"]);
}

#[test]
fn where_tls_is_broken_the_message_goes_without_it() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250 STARTTLS"),
        // What follows is no command, and no handshake comes of it.
        "STARTTLS" => Some("220 go on"),
        command => usual(command),
    });
    let a = send(&world, &hop);
    assert_eq!(hop.session().commands, ["EHLO mx.a.test", "STARTTLS"]);
    let session = hop.session();
    assert!(!session.commands.contains(&"STARTTLS".to_owned()), "{session:?}");
    assert!(session.message.ends_with("Hello\r\n..dots\r\n"));
    a.wait_for_log(&["delivered", "bob@b.test"]);
}

#[test]
fn words_injected_before_the_handshake_end_the_session() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250 STARTTLS"),
        "STARTTLS" => Some("220 go on\r\n250 8BITMIME"),
        command => usual(command),
    });
    let a = send(&world, &hop);
    // Somebody is in between: that is no reason to go on without TLS.
    a.wait_for_log(&["deferred", "octets arrived after STARTTLS"]);
    assert_eq!(hop.session().commands, ["EHLO mx.a.test", "STARTTLS"]);
}

#[test]
fn where_tls_is_demanded_the_message_does_not_go_without_it() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let roots = world.start("b.test", &[]).data.join("ca.pem");
    let settings = format!("tls = 'verified'\nca = '{}'\n", roots.display());
    let a = world.start_with("a.test", &settings, &["--relay-port", hop.port()]);
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    a.wait_for_log(&["deferred", "no TLS"]);
    let session = hop.session();
    assert!(session.commands.iter().all(|c| !c.starts_with("MAIL")), "{session:?}");
}

#[test]
fn a_certificate_of_another_ca_is_none_where_it_is_checked() {
    let world = World::new([]);
    let b = world.start("b.test", &[]);
    // a.test knows its own CA only, which it makes at its first start.
    let roots = world.start("a.test", &[]).data.join("ca.pem");
    let settings = format!("tls = 'verified'\nca = '{}'\n", roots.display());
    let a = world.start_with("a.test", &settings, &["--relay-port", &b.port("smtp")]);
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    a.wait_for_log(&["deferred", "certificate"]);
    assert_eq!(inbox(&b, "bob@b.test").len(), 0);
}

#[test]
fn a_temporary_refusal_is_tried_again() {
    let world = World::new([]);
    let hop = Hop::start(|connection, command| match command {
        "RCPT TO:<bob@b.test>" if connection == 0 => Some("451 4.7.1 greylisted, come back"),
        command => usual(command),
    });
    let a = send(&world, &hop);
    a.wait_for_log(&["deferred", "greylisted"]);
    assert_eq!(hop.session().message, "");
    assert!(hop.session().message.ends_with("Hello\r\n..dots\r\n"));
    a.wait_for_log(&["delivered", "bob@b.test"]);
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn what_a_server_refuses_at_the_end_is_reported() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "." => Some("554 5.7.1 looks like spam"),
        command => usual(command),
    });
    let a = send(&world, &hop);
    let found = wait_for(&a, "alice@a.test", 1);
    assert!(found[0].contains("Status: 5.7.1\r\n"), "{}", found[0]);
    assert!(found[0].contains("Diagnostic-Code: smtp; 554 5.7.1 looks like spam\r\n"));
    assert!(found[0].contains("Remote-MTA: dns; mx.b.test\r\n"));
}

#[test]
fn without_an_answer_to_the_end_of_the_message_it_is_sent_again() {
    let world = World::new([]);
    let hop = Hop::start(|connection, command| match command {
        "." if connection == 0 => None,
        command => usual(command),
    });
    let a = send(&world, &hop);
    let (first, second) = (hop.session(), hop.session());
    // Rather twice than never (RFC 5321 §6.1); the Message-ID shows that it is the same.
    assert_eq!(first.message, second.message);
    a.wait_for_log(&["delivered", "bob@b.test"]);
}

#[test]
fn a_message_that_has_been_everywhere_goes_nowhere() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = crate::kit::Smtp::with(&a, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
    let trail = "Received: from x by y; Mon, 1 Jan 2024 00:00:00 +0000\r\n".repeat(101);
    let reply = smtp.message(&format!("{trail}\r\nHello\r\n"));
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
    assert_eq!(inbox(&a, "bob@a.test").len(), 0);
}

/// All of 127.0.0.0/8 is this machine, on Linux.
#[cfg(target_os = "linux")]
#[test]
fn the_next_server_of_a_domain_is_tried_when_the_first_does_not_answer() {
    let zone = Zone::new("two.test")
        .mx("two.test", 20, "backup.two.test")
        .mx("two.test", 10, "first.two.test")
        .a("first.two.test", [127, 0, 0, 2])
        .a("backup.two.test", [127, 0, 0, 1]);
    let world = World::new([zone]);
    let hop = Hop::start(|_, command| usual(command));
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    submit(&a, "alice@a.test", &["bob@two.test"], MESSAGE);
    assert!(hop.session().message.ends_with("Hello\r\n..dots\r\n"));
    a.wait_for_log(&["delivered", "server=\"backup.two.test\""]);
}

#[test]
fn a_header_beyond_ascii_goes_to_servers_with_smtputf8_only() {
    // RFC 6531 §3.2
    let world = World::new([]);
    let message = MESSAGE.replace("hello", "gr\u{fc}n");
    let hop = Hop::start(|_, command| usual(command));
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    submit(&a, "alice@a.test", &["bob@b.test"], &message);
    let found = wait_for(&a, "alice@a.test", 1);
    assert!(found[0].contains("Status: 5.6.7\r\n"), "{}", found[0]);
    a.terminate();
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250-8BITMIME\r\n250 SMTPUTF8"),
        command => usual(command),
    });
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    submit(&a, "alice@a.test", &["bob@b.test"], &message);
    let session = hop.session();
    assert!(
        session.commands.iter().any(|c| c.starts_with("MAIL") && c.ends_with(" SMTPUTF8")),
        "{session:?}"
    );
    // In the body they need 8BITMIME only.
    submit(&a, "alice@a.test", &["bob@b.test"], &MESSAGE.replace("Hello", "gr\u{fc}n"));
    let session = hop.session();
    assert!(
        session.commands.iter().any(|c| c.starts_with("MAIL") && c.ends_with(" BODY=8BITMIME")),
        "{session:?}"
    );
}
