//! Told to stop: what is underway is finished, the others are told to come again.

use crate::kit::{Smtp, Talk, World, inbox};
use std::net::TcpStream;

#[test]
fn a_message_underway_is_taken_and_the_others_hear_421() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let address = a.address("smtp");
    let mut underway = Smtp::with(&a, "smtp");
    assert!(underway.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    assert!(underway.say("RCPT TO:<bob@a.test>").starts_with("250"));
    assert!(underway.say("DATA").starts_with("354"));
    let mut idle = Talk::with(&a, "smtp");
    assert!(idle.line().starts_with("220"));
    let mut before_data = Smtp::with(&a, "smtp");
    assert!(before_data.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    let mut reading = Talk::with(&a, "imap");
    reading.line();
    a.signal("TERM");
    assert!(idle.line().starts_with("421 4.3.2"));
    assert!(reading.line().starts_with("* BYE"));
    // Whoever has begun a message may go on; who gives it up is told.
    assert!(before_data.say("RSET").starts_with("250"));
    assert!(before_data.reply().starts_with("421 4.3.2"));
    a.wait_for_log(&["stopping"]);
    assert!(TcpStream::connect(address).is_err(), "nobody new is let in");
    assert!(underway.say("Subject: x\r\n\r\nHello\r\n.").starts_with("250 2.0.0"));
    assert!(underway.reply().starts_with("421 4.3.2"));
    let (status, log) = a.end();
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("stopped ending=Graceful"), "{log}");
    let a = world.start("a.test", &[]);
    assert_eq!(inbox(&a, "bob@a.test").len(), 1, "what was acknowledged is there");
}
