//! What cannot be delivered now is tried again.

use crate::kit::{World, inbox, submit, wait_for};

const MESSAGE: &str = "From: alice@a.test\r\nSubject: hello\r\n\r\nHello\r\n";

#[test]
fn mail_waits_while_the_next_hop_is_down_and_goes_when_it_is_up() {
    let world = World::new([]);
    let (a, b) = world.two_servers();
    let port = b.port("smtp");
    let (status, log) = b.terminate();
    assert_eq!(status, Some(0), "{log}");
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    a.wait_for_log(&["deferred", "bob@b.test"]);
    let b = world.start("b.test", &["--smtp-port", &port]);
    assert_eq!(wait_for(&b, "bob@b.test", 1).len(), 1);
    a.wait_for_log(&["delivered", "bob@b.test"]);
    assert_eq!(inbox(&a, "alice@a.test").len(), 0, "there is nothing to report");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn mail_stays_queued_while_the_name_servers_do_not_say() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    // Nobody told our name server of this domain: it refuses to answer.
    submit(&a, "alice@a.test", &["bob@elsewhere.example"], MESSAGE);
    a.wait_for_log(&["deferred", "bob@elsewhere.example"]);
    assert_eq!(inbox(&a, "alice@a.test").len(), 0, "it is too early to report anything");
    let (status, log) = a.terminate();
    assert_eq!(status, Some(0), "{log}");
    let queue = world.queue("a.test");
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0].reverse_path, "alice@a.test");
    let waiting: Vec<_> = queue[0].pending().map(|(_, r)| r.address.as_str()).collect();
    assert_eq!(waiting, ["bob@elsewhere.example"]);
}

#[test]
fn recipients_that_can_be_served_do_not_wait_for_those_that_cannot() {
    let world = World::new([]);
    let (a, b) = world.two_servers();
    submit(&a, "alice@a.test", &["x@elsewhere.example", "bob@b.test"], MESSAGE);
    assert_eq!(wait_for(&b, "bob@b.test", 1).len(), 1);
    a.wait_for_log(&["deferred", "x@elsewhere.example"]);
    a.terminate();
    let queue = world.queue("a.test");
    let waiting: Vec<_> = queue[0].pending().map(|(_, r)| r.address.as_str()).collect();
    assert_eq!(waiting, ["x@elsewhere.example"]);
}
