//! `kill -9` at the worst moment: right after the server has said that it has the message.

use crate::kit::{World, inbox, submit, wait_for};

const MESSAGE: &str = "From: alice@a.test\r\nSubject: hello\r\n\r\nHello\r\n";

#[test]
fn what_was_accepted_before_a_crash_arrives_once() {
    let world = World::new([]);
    let (a, b) = world.two_servers();
    let port = b.port("smtp");
    // Nothing can leave yet, so that the crash comes before the delivery and not in the middle of
    // it, where no protocol could tell whether it happened (RFC 1047).
    b.terminate();
    let mut sent = 0;
    let mut a = a;
    for _ in 0..3 {
        submit(&a, "alice@a.test", &["bob@b.test", "carol@a.test"], MESSAGE);
        sent += 1;
        a.kill();
        a = world.start("a.test", &["--relay-port", &port]);
        assert_eq!(inbox(&a, "carol@a.test").len(), sent);
    }
    let b = world.start("b.test", &["--smtp-port", &port]);
    assert_eq!(wait_for(&b, "bob@b.test", sent).len(), sent);

    // So it is with what b.test has accepted, once a.test knows it.
    for envelope in 1..=sent {
        a.wait_for_log(&["delivered", &format!("id={envelope} "), "bob@b.test"]);
    }
    b.kill();
    let (status, log) = a.terminate();
    assert_eq!(status, Some(0), "{log}");
    assert!(world.queue("a.test").is_empty(), "{log}");
    let b = world.start("b.test", &["--smtp-port", &port]);
    assert_eq!(inbox(&b, "bob@b.test").len(), sent);
}
