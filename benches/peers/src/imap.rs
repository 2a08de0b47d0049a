//! IMAP.

mod literal;
mod ours;
pub mod peers;

use benches::{input, work};

use crate::measure::Row;

pub fn rows(rows: &mut Vec<Row>) {
    commands(rows);
    fetch(rows);
    lists(rows);
    literal::rows(rows);
}

/// The kinds of [`input::IMAP_COMMANDS`], the two that imap-codec refuses (LIST and SEARCH with
/// RETURN) in the form it takes.
fn both_take() -> Vec<&'static [u8]> {
    let mut frames = input::IMAP_COMMANDS.to_vec();
    frames[7] = b"a008 LIST \"\" \"Lists/*\"\r\n";
    frames[14] = b"a015 UID SEARCH OR (FROM \"smith\" SINCE 1-Feb-1994) NOT SEEN\r\n";
    frames
}

fn commands(rows: &mut Vec<Row>) {
    let frames = both_take();
    let ours = || work::imap_commands(&frames);
    let name = "commands, 18 kinds";
    let reach = Some(0.35);
    rows.push(Row::of(name, "imap-codec", reach, 6, ours, || peers::commands(&frames)));
    let tokens: usize = frames.iter().map(|frame| peers::tokens(frame)).sum();
    rows.push(Row::of(
        name,
        "a bare tokeniser",
        Some(4.0),
        tokens,
        || {
            assert_eq!(work::imap_commands(&frames), 6);
            tokens
        },
        || frames.iter().map(|frame| peers::tokens(frame)).sum(),
    ));
    let wire = format!("a UID COPY {} Trash\r\n", input::sequence_set(10_000));
    rows.push(Row::of(
        "sequence set of 10,000, in a command",
        "imap-codec",
        Some(0.25),
        10_000,
        || ours::copied(wire.as_bytes()),
        || peers::copied(wire.as_bytes()),
    ));
}

fn fetch(rows: &mut Vec<Row>) {
    let wire = ours::fetch(1000);
    let ours = || work::imap_fetch_responses(&wire);
    let name = "1,000 FETCH, parsed";
    rows.push(Row::of(name, "imap-proto", Some(0.35), 1000, ours, || peers::fetch_proto(&wire)));
    rows.push(Row::of(name, "imap-codec", None, 1000, ours, || peers::fetch_codec(&wire)));

    let theirs = peers::responses(&wire);
    let mut server = work::Fetch::of(1000);
    let octets = server.rows();
    server.sent();
    rows.push(Row::of(
        "1,000 FETCH, written by the server machine",
        "imap-codec",
        Some(0.15),
        1000,
        || {
            let written = server.rows();
            server.sent();
            // Of the first row only, what ends the row before it is written too.
            assert!(written.abs_diff(octets) <= 3);
            1000
        },
        || peers::written(&theirs, wire.len()),
    ));
    let values = ours::responses(&wire);
    rows.push(Row::of(
        "1,000 FETCH, values printed",
        "imap-codec",
        None,
        1000,
        || ours::written(&values, wire.len()),
        || peers::written(&theirs, wire.len()),
    ));
}

fn lists(rows: &mut Vec<Row>) {
    let wire = ours::list(10_000);
    let name = "10,000 LIST, parsed";
    let ours = || ours::lists(&wire);
    rows.push(Row::of(name, "imap-proto", Some(0.3), 10_000, ours, || peers::list_proto(&wire)));
    rows.push(Row::of(name, "imap-codec", None, 10_000, ours, || peers::list_codec(&wire)));

    let (wire, numbers) = ours::search(1 << 20);
    let name = "SEARCH of 1 MiB, parsed";
    let ours = || ours::found(&wire);
    rows.push(Row::of(name, "imap-proto", Some(0.4), numbers, ours, || peers::found_proto(&wire)));
    rows.push(Row::of(name, "imap-codec", None, numbers, ours, || peers::found_codec(&wire)));

    // No other crate here reads ESEARCH: the peer reads the same set in a command.
    let set = input::sequence_set(155_000);
    let wire = format!("* ESEARCH (TAG \"a\") UID ALL {set}\r\n");
    let command = format!("a UID COPY {set} Trash\r\n");
    rows.push(Row::of(
        "ESEARCH of 1 MiB, parsed",
        "imap-codec (a command with the set)",
        Some(0.4),
        155_000,
        || ours::e_found(wire.as_bytes()),
        || peers::copied(command.as_bytes()),
    ));
}
