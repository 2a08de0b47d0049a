//! Two who read one mailbox at the same time.

use crate::kit::{Talk, World};

/// More than the sockets between a server and its client hold, so that a FETCH of all waits.
const MESSAGES: usize = 48;
const SIZE: usize = 512 * 1024;

fn log_in(talk: &mut Talk) {
    talk.line();
    talk.write(b"a LOGIN alice@a.test alice-secret\r\n");
    assert!(talk.line().starts_with("a OK"));
}

/// The lines up to the tagged one, literals aside; and how long those were.
fn answer(talk: &mut Talk) -> (Vec<String>, Vec<usize>) {
    let (mut lines, mut literals) = (Vec::new(), Vec::new());
    loop {
        let line = talk.line();
        if let Some((_, length)) = line.strip_suffix('}').and_then(|line| line.rsplit_once('{')) {
            literals.push(length.parse().unwrap());
            talk.octets(literals[literals.len() - 1]);
        }
        let last = line.starts_with("a ");
        lines.push(line);
        if last {
            return (lines, literals);
        }
    }
}

#[test]
fn a_message_that_another_removes_during_a_fetch_is_never_shown_as_an_empty_one() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut slow = Talk::with(&server, "imaps");
    let mut other = Talk::with(&server, "imaps");
    log_in(&mut slow);
    log_in(&mut other);
    let message = format!("Subject: large\r\n\r\n{}", "octets\r\n".repeat(SIZE / 8));
    for _ in 0..MESSAGES {
        slow.write(format!("a APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()).as_bytes());
        assert!(slow.line().starts_with("a OK"));
    }
    for talk in [&mut slow, &mut other] {
        talk.write(b"a SELECT INBOX\r\n");
        answer(talk);
    }

    // The slow one asks for all and takes nothing; meanwhile the other removes all.
    slow.write(b"a FETCH 1:* (BODY.PEEK[])\r\n");
    assert!(slow.line().starts_with("* 1 FETCH (BODY[] {"));
    slow.octets(message.len());
    assert_eq!(slow.line(), ")");
    for command in ["STORE 1:* +FLAGS.SILENT (\\Deleted)", "EXPUNGE"] {
        other.write(format!("a {command}\r\n").as_bytes());
        assert!(answer(&mut other).0.last().unwrap().starts_with("a OK"));
    }

    // RFC 2180 §4.1.2: what is there is shown whole, the rest is left out, and the answer is NO.
    let (lines, literals) = answer(&mut slow);
    assert!(lines.last().unwrap().starts_with("a NO [EXPUNGEISSUED]"), "{:?}", lines.last());
    assert!(literals.len() < MESSAGES - 1, "nothing was missing");
    assert!(literals.iter().all(|&length| length == message.len()), "{literals:?}");
    // RFC 3501 §7.4.1: no EXPUNGE during FETCH; with the next command they come.
    assert!(!lines.iter().any(|line| line.ends_with("EXPUNGE")), "{lines:?}");
    slow.write(b"a NOOP\r\n");
    assert_eq!(answer(&mut slow).0.len(), MESSAGES + 1);
}
