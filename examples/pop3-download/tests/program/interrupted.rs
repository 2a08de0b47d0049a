//! `kill -9` at random moments, again and again: nothing is lost, nothing is there twice.

use crate::kit::{Kind, Server, Target, path, program, text};
use std::{
    collections::BTreeSet,
    process::Stdio,
    thread,
    time::{Duration, Instant, SystemTime},
};

const MESSAGES: usize = 60;
const ROUNDS: usize = 25;

/// Some of a few octets, some of many.
fn letters() -> Vec<String> {
    (0..MESSAGES)
        .map(|n| {
            let lines = if n % 7 == 0 { 1000 } else { n };
            let body = format!("From line {n}\r\n.{n}\r\n").repeat(lines);
            format!("Subject: letter {n}.\r\n\r\n{body}")
        })
        .collect()
}

/// The same numbers for the same seed.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

fn killed_again_and_again(kind: Kind, keep: bool) {
    let server = Server::start();
    let letters = letters();
    server.deliver(letters.iter().map(String::as_str));
    let folder = tempfile::tempdir().unwrap();
    let ca = server.ca();
    let mut more = vec!["--ca", path(&ca)];
    more.extend(keep.then_some("--keep"));
    let fetch = |target: &Target| program(&server.address("pop3s"), target, &more);

    let target = Target::new(kind, folder.path());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut seed = u64::from(now.subsec_nanos()) | 1;
    println!("seed {seed}");
    let mut heights = BTreeSet::new();
    for _ in 0..ROUNDS {
        let mut child = fetch(&target).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // In the middle of the next messages, or at the end; the log-in takes longest and is not
        // worth a kill.
        let enough = target.messages_so_far() + usize::try_from(random(&mut seed) % 4).unwrap();
        while target.messages_so_far() < enough || target.leftovers() == 0 {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            thread::sleep(Duration::from_micros(300));
        }
        thread::sleep(Duration::from_micros(random(&mut seed) % 4000));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        heights.insert(target.messages_so_far());
    }
    // The server may still be at the end of the last of them.
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let output = fetch(&target).output().unwrap();
        if output.status.success() {
            break;
        }
        let error = text(&output.stderr);
        assert!(error.contains("[IN-USE]") && Instant::now() < deadline, "{error}");
        thread::sleep(Duration::from_millis(20));
    }
    let mut subjects: Vec<usize> = Vec::new();
    for message in target.messages() {
        let at = message.find("Subject: letter ").unwrap();
        let number: usize = message[at + 16..].split('.').next().unwrap().parse().unwrap();
        assert!(message.ends_with(letters[number].as_str()), "letter {number} is not whole");
        subjects.push(number);
    }
    subjects.sort();
    assert_eq!(subjects, (0..MESSAGES).collect::<Vec<_>>());
    assert_eq!(target.leftovers(), 0);
    assert!(heights.len() > 3, "it was not killed in the middle: {heights:?}");
    println!("killed with so many messages there: {heights:?}");

    // And once more: what is left is what was to be left, and nothing is new.
    let there = text(&fetch(&target).output().unwrap().stdout);
    let left = if keep { MESSAGES } else { 0 };
    assert_eq!(there, format!("0 messages fetched, 0 deleted, {left} left there\n"));
}

#[test]
fn a_maildir_has_each_message_once() {
    killed_again_and_again(Kind::Maildir, false);
}

#[test]
fn an_mbox_has_each_message_once() {
    killed_again_and_again(Kind::Mbox, false);
}

#[test]
fn a_maildir_has_each_message_once_when_all_stays_on_the_server() {
    killed_again_and_again(Kind::Maildir, true);
}

#[test]
fn an_mbox_has_each_message_once_when_all_stays_on_the_server() {
    killed_again_and_again(Kind::Mbox, true);
}
