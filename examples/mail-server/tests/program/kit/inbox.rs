//! What a user finds in INBOX, by IMAP.

use super::{process::Server, talk::Talk};

/// All messages, in the order in which they came.
pub(crate) fn inbox(server: &Server, user: &str) -> Vec<String> {
    wait_for(server, user, 0)
}

/// Waits until there are this many messages, or more; then all of them.
pub(crate) fn wait_for(server: &Server, user: &str, messages: usize) -> Vec<String> {
    let mut talk = Talk::with(server, "imaps");
    talk.line();
    let (name, _) = user.split_once('@').unwrap();
    command(&mut talk, &format!("LOGIN {user} {name}-secret"));
    let mut there = command(&mut talk, "SELECT INBOX").iter().find_map(|l| exists(l)).unwrap();
    if there < messages {
        talk.write(b"a IDLE\r\n");
        while there < messages {
            there = exists(&talk.line()).unwrap_or(there);
        }
        talk.write(b"DONE\r\n");
        answer(&mut talk);
    }
    if there == 0 {
        return Vec::new();
    }
    talk.write(b"a FETCH 1:* (BODY.PEEK[])\r\n");
    let mut found = Vec::new();
    loop {
        let line = talk.line();
        if let Some(literal) = line.strip_suffix('}').and_then(|line| line.rsplit_once('{')) {
            found.push(String::from_utf8(talk.octets(literal.1.parse().unwrap())).unwrap());
        } else if line.starts_with("a ") {
            assert!(line.starts_with("a OK"), "{line}");
            return found;
        }
    }
}

fn command(talk: &mut Talk, command: &str) -> Vec<String> {
    talk.write(format!("a {command}\r\n").as_bytes());
    answer(talk)
}

/// The lines up to the tagged one, which must be OK.
fn answer(talk: &mut Talk) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let line = talk.line();
        if line.starts_with("a ") {
            assert!(line.starts_with("a OK"), "{line}");
            return lines;
        }
        lines.push(line);
    }
}

/// The number in `* 3 EXISTS`.
fn exists(line: &str) -> Option<usize> {
    line.strip_prefix("* ")?.strip_suffix(" EXISTS")?.parse().ok()
}
