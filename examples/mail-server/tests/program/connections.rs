//! How the relay uses its connections: few, again, and with nothing lost or doubled when one breaks.

use crate::kit::{Hop, Server, Session, World, usual};

/// The server of a.test with so many messages for bob in its queue, all due when it starts.
fn with_queue(world: &World, hop: &Hop, messages: usize) -> Server {
    world.start("a.test", &[]).terminate();
    for number in 0..messages {
        let message = format!("From: alice@a.test\r\nSubject: number {number}\r\n\r\nHello\r\n");
        world.enqueue("a.test", "", &[("bob@b.test", "")], &message);
    }
    world.start("a.test", &["--relay-port", hop.port()])
}

fn count(session: &Session, start: &str) -> usize {
    session.commands.iter().filter(|command| command.starts_with(start)).count()
}

fn has(session: &Session, number: usize) -> bool {
    session.message.contains(&format!("Subject: number {number}\r\n"))
}

#[test]
fn messages_that_are_due_together_share_a_connection() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let a = with_queue(&world, &hop, 4);
    let session = hop.session();
    assert_eq!(count(&session, "EHLO"), 1);
    assert_eq!((count(&session, "MAIL"), count(&session, "RSET")), (4, 0), "{session:?}");
    assert!((0..4).all(|number| has(&session, number)), "{session:?}");
    assert_eq!(session.commands.last().map(String::as_str), Some("QUIT"));
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn a_connection_that_a_server_has_closed_meanwhile_is_replaced() {
    let world = World::new([]);
    let hop = Hop::start(|connection, command| match command {
        // It takes one message in its first connection.
        "." if connection == 0 => Some("250 ok\r\n421 4.3.2 enough"),
        command => usual(command),
    });
    let a = with_queue(&world, &hop, 2);
    let (first, second) = (hop.session(), hop.session());
    assert!(has(&first, 0) && !has(&first, 1), "{first:?}");
    assert!(has(&second, 1) && !has(&second, 0), "{second:?}");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn a_server_that_has_had_enough_of_a_connection_gets_the_rest_over_another() {
    let world = World::new([]);
    for refusal in ["421 4.7.0 too many messages", "451 4.7.1 too many messages"] {
        let hop = Hop::start(move |connection, command| {
            static TAKEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
            use std::sync::atomic::Ordering::Relaxed;
            match command {
                "" => TAKEN.store(0, Relaxed),
                "." => _ = TAKEN.fetch_add(1, Relaxed),
                _ => {}
            }
            match command {
                command if command.starts_with("MAIL") && TAKEN.load(Relaxed) == 2 => {
                    assert_eq!(connection, 0, "two are left");
                    Some(refusal)
                }
                command => usual(command),
            }
        });
        let a = with_queue(&world, &hop, 4);
        let (first, second) = (hop.session(), hop.session());
        for number in 0..4 {
            assert_eq!((has(&first, number), has(&second, number)), (number < 2, number >= 2));
        }
        a.terminate();
        assert!(world.queue("a.test").is_empty(), "{refusal}");
    }
}

#[test]
fn what_breaks_off_before_the_end_of_a_message_is_sent_again_at_once() {
    let world = World::new([]);
    let hop = Hop::start(|connection, command| match command {
        // Only the second message is affected; the first is not sent twice for it.
        "DATA" if connection == 0 => {
            static SEEN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
            let seen = SEEN.swap(true, std::sync::atomic::Ordering::Relaxed);
            if seen { None } else { usual(command) }
        }
        command => usual(command),
    });
    let a = with_queue(&world, &hop, 2);
    let (first, second) = (hop.session(), hop.session());
    assert!(has(&first, 0) && !has(&first, 1), "{first:?}");
    assert!(!has(&second, 0) && has(&second, 1), "{second:?}");
    a.wait_for_log(&["delivered", "bob@b.test"]);
    let (_, log) = a.terminate();
    assert!(!log.contains("deferred"), "{log}");
}

#[test]
fn what_breaks_off_after_the_end_of_a_message_waits_and_is_counted() {
    let world = World::new([]);
    let hop = Hop::start(|connection, command| match command {
        "." if connection == 0 => None,
        command => usual(command),
    });
    let a = with_queue(&world, &hop, 1);
    let (first, second) = (hop.session(), hop.session());
    assert!(has(&first, 0) && has(&second, 0));
    a.wait_for_log(&["which may arrive twice"]);
    a.wait_for_log(&["delivered", "bob@b.test"]);
}

#[test]
fn a_server_is_not_given_more_messages_in_a_session_than_it_says() {
    // RFC 9422 §4.1
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250 LIMITS MAILMAX=2"),
        command => usual(command),
    });
    let a = with_queue(&world, &hop, 4);
    let (first, second) = (hop.session(), hop.session());
    assert_eq!((count(&first, "MAIL"), count(&second, "MAIL")), (2, 2), "{first:?} {second:?}");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}
