//! Our part of the rows that `benches` does not have.

use std::fmt::Write;

use benches::work;
use imap_proto::{command::Command, parse, response::Response, types::Delimiter};

/// Each line of `wire`.
pub fn lines(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    std::iter::from_fn(move || {
        let end = memchr::memmem::find(rest, b"\r\n")?;
        let (line, after) = rest.split_at(end + 2);
        rest = after;
        Some(line)
    })
}

pub fn copied(wire: &[u8]) -> u64 {
    match parse::command(wire).expect("a command").command {
        Command::Copy { set, .. } => set.numbers().len(),
        other => panic!("{other:?}"),
    }
}

/// Rows of FETCH as our server writes them.
pub fn fetch(messages: u32) -> Vec<u8> {
    let mut fetch = work::Fetch::of(messages);
    fetch.rows();
    // Of the last row the end is written when the command is answered.
    [&fetch.taken()[..], b")\r\n"].concat()
}

pub fn responses(wire: &[u8]) -> Vec<Response<'_>> {
    lines(wire).map(|line| parse::response(line).expect("a response")).collect()
}

pub fn written(values: &[Response<'_>], octets: usize) -> usize {
    let written: usize = values.iter().map(|value| std::hint::black_box(value.print()).len()).sum();
    assert_eq!(written, octets);
    values.len()
}

/// So many mailboxes.
pub fn list(mailboxes: usize) -> Vec<u8> {
    let mut wire = String::new();
    for i in 0..mailboxes {
        write!(wire, "* LIST (\\HasNoChildren \\Marked) \"/\" \"Lists/list {i:05}\"\r\n")
            .expect("a String takes all");
    }
    wire.into_bytes()
}

pub fn lists(wire: &[u8]) -> usize {
    let two = |line: &[u8]| match parse::response(line) {
        Ok(Response::List(item)) => {
            item.attributes.len() == 2 && item.delimiter == Some(Delimiter::SLASH)
        }
        other => panic!("{other:?}"),
    };
    lines(wire).filter(|line| two(line)).count()
}

/// A SEARCH response of so many octets or a few more, and how many numbers it has.
pub fn search(octets: usize) -> (Vec<u8>, usize) {
    let mut wire = String::from("* SEARCH");
    let mut numbers = 0;
    while wire.len() < octets {
        numbers += 1;
        write!(wire, " {}", 1000 + numbers * 2).expect("a String takes all");
    }
    wire.push_str("\r\n");
    (wire.into_bytes(), numbers)
}

pub fn found(wire: &[u8]) -> usize {
    match parse::response(wire) {
        Ok(Response::Search(found)) => found.numbers().len(),
        other => panic!("{other:?}"),
    }
}

pub fn e_found(wire: &[u8]) -> u64 {
    match parse::response(wire) {
        Ok(Response::ESearch(found)) => found.all.expect("ALL").len(),
        other => panic!("{other:?}"),
    }
}
