//! What is new, what stays, what goes.

use crate::kit::{Kind, Server, Target, path, program, succeeds};

const ONE: &str = "Subject: one\r\n\r\nFrom the start\r\n.dot\r\n>From x\r\n";
const TWO: &str = "Subject: two\r\n\r\n\r\nFrom\r\n\r\n";
const THREE: &str = "Subject: three\r\n\r\n";

/// Messages without the field that the server adds.
fn bodies(target: &Target) -> Vec<String> {
    let subject = |text: &String| text[text.find("Subject:").unwrap()..].to_owned();
    let mut found: Vec<_> = target.messages().iter().map(subject).collect();
    found.sort();
    found
}

#[test]
fn what_is_fetched_is_deleted_and_what_comes_later_is_new() {
    for kind in Kind::BOTH {
        let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        let target = Target::new(kind, folder.path());
        let ca = server.ca();
        let fetch = || succeeds(program(&server.address("pop3s"), &target, &["--ca", path(&ca)]));
        assert_eq!(fetch(), "0 messages fetched, 0 deleted, 0 left there\n");
        server.deliver([ONE, TWO]);
        assert_eq!(fetch(), "2 messages fetched, 2 deleted, 0 left there\n");
        assert_eq!(bodies(&target), [ONE, TWO]);
        server.deliver([THREE]);
        assert_eq!(fetch(), "1 message fetched, 1 deleted, 0 left there\n");
        assert_eq!(bodies(&target), [ONE, THREE, TWO]);
        assert_eq!(target.leftovers(), 0);
    }
}

#[test]
fn what_is_kept_is_fetched_once_and_deleted_when_its_time_has_come() {
    for kind in Kind::BOTH {
        let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        let target = Target::new(kind, folder.path());
        let ca = server.ca();
        let fetch = |more: &[&str]| {
            let more = [&["--tls", "stls", "--ca", path(&ca)], more].concat();
            succeeds(program(&server.address("pop3"), &target, &more))
        };
        server.deliver([ONE, TWO]);
        let dry = "2 messages would be fetched, 0 would be deleted, 2 left there\n";
        assert_eq!(fetch(&["--keep", "--dry-run"]), dry);
        assert_eq!(fetch(&["--keep"]), "2 messages fetched, 0 deleted, 2 left there\n");
        server.deliver([THREE]);
        let days = ["--delete-after-days", "7"];
        assert_eq!(fetch(&days), "1 message fetched, 0 deleted, 3 left there\n");
        assert_eq!(fetch(&["--keep", "--quiet"]), "");
        let now = ["--delete-after-days", "0"];
        assert_eq!(fetch(&now), "0 messages fetched, 3 deleted, 0 left there\n");
        assert_eq!(bodies(&target), [ONE, THREE, TWO]);
    }
}
