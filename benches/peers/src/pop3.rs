//! POP3.

mod ours;
mod peers;

use benches::{input, work};

use crate::measure::Row;

const MESSAGES: usize = 1000;

pub fn rows(rows: &mut Vec<Row>) {
    commands(rows);
    listings(rows);
    retr(rows);
}

fn commands(rows: &mut Vec<Row>) {
    let mut wire = String::new();
    for n in 1..=MESSAGES / 10 {
        wire.push_str(&format!(
            "USER mrose\r\nPASS tanstaaf\r\nSTAT\r\nLIST\r\nUIDL {n}\r\nRETR {n}\r\nTOP {n} 10\r\n\
             DELE {n}\r\nNOOP\r\nCAPA\r\n"
        ));
    }
    let wire = wire.as_bytes();
    let numbers = 4 * (1..=MESSAGES / 10).sum::<usize>();
    rows.push(Row::of(
        "1,000 commands",
        "pop3-codec",
        Some(0.25),
        (MESSAGES, numbers),
        || ours::commands(wire),
        || peers::codec_commands(wire),
    ));
}

fn listings(rows: &mut Vec<Row>) {
    let (mut list, mut uidl) = (String::from("+OK\r\n"), String::from("+OK\r\n"));
    for n in 1..=MESSAGES {
        list.push_str(&format!("{n} {}\r\n", 999 + n));
        uidl.push_str(&format!("{n} whqtswO00WBw418f9t5JxYwZ{n}\r\n"));
    }
    list.push_str(".\r\n");
    uidl.push_str(".\r\n");
    let octets = (1..=MESSAGES).map(|n| 999 + n).sum();
    let letters = (1..=MESSAGES).map(|n| 24 + n.to_string().len()).sum();

    let (name, wire) = ("LIST of 1,000, gathered", list.as_bytes());
    let found = (MESSAGES, octets);
    let ours = || ours::list(wire);
    rows.push(Row::of(name, "pop3-codec", Some(0.55), found, ours, || peers::codec_list(wire)));
    let ours = || ours::list_session(wire);
    let name = "LIST of 1,000 (ours: session)";
    rows.push(Row::of(
        name,
        "pop3-codec",
        None,
        found,
        || ours::list_session(wire),
        || peers::codec_list(wire),
    ));
    let name = "LIST of 1,000 (a session each)";
    rows.push(Row::of(name, "async-pop", None, found, ours, || peers::async_pop_list(wire)));

    let (name, wire) = ("UIDL of 1,000, gathered", uidl.as_bytes());
    let found = (MESSAGES, letters);
    rows.push(Row::of(
        name,
        "pop3-codec (copies)",
        Some(0.4),
        found,
        || ours::uidl(wire),
        || peers::codec_uidl(wire),
    ));
    let name = "UIDL of 1,000, gathered and copied";
    rows.push(Row::of(
        name,
        "pop3-codec",
        None,
        found,
        || ours::uidl_copied(wire),
        || peers::codec_uidl(wire),
    ));
    let ours = || ours::uidl_session(wire);
    let name = "UIDL of 1,000 (ours: session)";
    rows.push(Row::of(
        name,
        "pop3-codec",
        None,
        found,
        || ours::uidl_session(wire),
        || peers::codec_uidl(wire),
    ));
    let name = "UIDL of 1,000 (a session each)";
    rows.push(Row::of(name, "async-pop", None, found, ours, || peers::async_pop_uidl(wire)));
}

fn retr(rows: &mut Vec<Row>) {
    let message = input::message(100 << 10, 10);
    let stuffed = input::stuffed(&message);
    let wire = [b"+OK\r\n", &stuffed[..]].concat();
    assert!(ours::message(&wire) == message, "what we read is the message");
    // async-pop hands out the dots that were stuffed in, and keeps the last line end to itself; that
    // it does just this is checked, too.
    let theirs = &stuffed[..stuffed.len() - b"\r\n.\r\n".len()];
    assert!(peers::async_pop_retr(&wire) == theirs, "what async-pop reads");
    let len = message.len();
    let ours = || work::pop3_read(|client| client.retr(1).expect("a command"), &wire).1;
    let name = "RETR 100 KiB (a session each)";
    rows.push(Row::of(name, "async-pop (leaves the dots in)", Some(0.3), len, ours, || {
        assert_eq!(peers::async_pop_retr(&wire).len(), theirs.len());
        len
    }));
}
