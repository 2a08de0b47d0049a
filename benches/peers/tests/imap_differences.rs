//! Our IMAP grammar beside those of imap-codec and imap-proto.
//!
//! Two things must hold for what more than one of them accepts. What ours reads and prints means to
//! the other what the original meant to it; and what the other reads and prints means to ours what the
//! original meant. Where one accepts and another refuses, or the meanings differ, the input stands in
//! `tests/differences.txt`, which must list exactly what is found.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

use imap_proto::{parse, response::Response};
use peer_imap_codec::{CommandCodec, ResponseCodec, decode::Decoder, encode::Encoder};
use peer_imap_proto::Response as ProtoResponse;

const FILES: [&str; 1] = ["tests/imap_inputs.txt"];
const RFCS: &str = "../../imap-proto/tests/rfc";

/// Lines of the transcripts of RFCs and of our own file: `C: ` or `S: ` and the line, without
/// literals. What is not a line of IMAP (a server's answer to AUTHENTICATE) is compared as well: all
/// refuse it.
fn inputs() -> BTreeSet<(char, String)> {
    let transcripts =
        fs::read_dir(RFCS).expect("transcripts").map(|entry| entry.expect("a file").path());
    let transcripts = transcripts.filter(|path| path.extension().is_some_and(|e| e == "txt"));
    let files = transcripts.chain(FILES.iter().map(Into::into));
    let mut inputs = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("UTF-8");
        for line in text.lines().filter(|line| !line.ends_with('}')) {
            for (who, mark) in [('C', "C: "), ('S', "S: ")] {
                if let Some(line) = line.strip_prefix(mark) {
                    inputs.insert((who, line.to_owned()));
                }
            }
        }
    }
    inputs.extend(generated());
    inputs
}

/// Every fetch item, search key, status item and flag alone and in pairs, and numbers at their limits.
fn generated() -> Vec<(char, String)> {
    let mut made = Vec::new();
    let keys = [
        "ALL",
        "ANSWERED",
        "BCC a",
        "BEFORE 1-Feb-1994",
        "BODY \"x y\"",
        "CC a",
        "DELETED",
        "DRAFT",
        "FLAGGED",
        "FROM a",
        "HEADER Subject \"\"",
        "KEYWORD k",
        "LARGER 10",
        "NEW",
        "NOT SEEN",
        "OLD",
        "ON 28-Feb-2000",
        "OR SEEN NEW",
        "RECENT",
        "SEEN",
        "SENTBEFORE 1-Jan-2001",
        "SENTON 9-Mar-1999",
        "SENTSINCE 1-Jan-2001",
        "SINCE 1-Jan-2001",
        "SMALLER 0",
        "SUBJECT a",
        "TEXT a",
        "TO a",
        "UID 1:*",
        "UNANSWERED",
        "UNDELETED",
        "UNDRAFT",
        "UNFLAGGED",
        "UNKEYWORD k",
        "UNSEEN",
        "1,3:5,*",
        "(SEEN NEW)",
    ];
    for (i, key) in keys.iter().enumerate() {
        made.push(('C', format!("a SEARCH {key}")));
        made.push((
            'C',
            format!("a UID SEARCH CHARSET UTF-8 {key} {}", keys[(i * 7 + 3) % keys.len()]),
        ));
    }
    let items = [
        "ENVELOPE",
        "FLAGS",
        "INTERNALDATE",
        "RFC822.SIZE",
        "UID",
        "BODY",
        "BODYSTRUCTURE",
        "RFC822",
        "RFC822.HEADER",
        "RFC822.TEXT",
        "BODY[]",
        "BODY.PEEK[HEADER]",
        "BODY[1.2.MIME]",
        "BODY[TEXT]<0.10>",
        "BODY.PEEK[1.HEADER.FIELDS (To From)]",
        "BODY[HEADER.FIELDS.NOT (A)]",
        "BINARY[1]",
        "BINARY.SIZE[1.2]",
    ];
    for (i, item) in items.iter().enumerate() {
        made.push(('C', format!("a FETCH 2:4 {item}")));
        made.push((
            'C',
            format!("a UID FETCH *:9,1 (UID {item} {})", items[(i * 5 + 2) % items.len()]),
        ));
    }
    for number in ["0", "1", "007", "4294967295", "4294967296", "18446744073709551616"] {
        for name in ["EXISTS", "RECENT", "EXPUNGE", "FETCH (UID 1)"] {
            made.push(('S', format!("* {number} {name}")));
        }
        made.push(('S', format!("* 1 FETCH (UID {number})")));
        made.push(('S', format!("* 1 FETCH (RFC822.SIZE {number})")));
        made.push(('S', format!("* SEARCH {number} 2")));
        made.push(('S', format!("* STATUS box (MESSAGES {number} UIDNEXT 5)")));
        made.push(('C', format!("a FETCH {number} FLAGS")));
        made.push(('C', format!("a SEARCH LARGER {number}")));
    }
    let flags = [
        "\\Seen",
        "\\Answered",
        "\\Deleted",
        "\\Draft",
        "\\Flagged",
        "\\Recent",
        "$Forwarded",
        "k",
        "\\X",
        "\\*",
    ];
    for flag in flags {
        made.push(('S', format!("* FLAGS ({flag} \\Seen)")));
        made.push(('S', format!("* OK [PERMANENTFLAGS ({flag})] text")));
        made.push(('S', format!("* 3 FETCH (FLAGS ({flag}))")));
        made.push(('C', format!("a STORE 1 +FLAGS ({flag})")));
        made.push(('C', format!("a UID STORE 1:2 -FLAGS.SILENT {flag}")));
    }
    for name in [
        "INBOX",
        "inbox",
        "a",
        "\"a b\"",
        "\"a\\\"b\\\\c\"",
        "\"\"",
        "&-",
        "Entw&APw-rfe",
        "a%",
        "a*",
        "a]",
    ] {
        for verb in [
            "SELECT",
            "EXAMINE",
            "CREATE",
            "DELETE",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "UID COPY 1",
            "MOVE 1:2",
        ] {
            made.push(('C', format!("a {verb} {name}")));
        }
        made.push(('C', format!("a RENAME {name} x")));
        made.push(('C', format!("a LIST \"\" {name}")));
        made.push(('C', format!("a STATUS {name} (MESSAGES UNSEEN)")));
        made.push(('S', format!("* LIST (\\Noselect) \"/\" {name}")));
        made.push(('S', format!("* LSUB () NIL {name}")));
    }
    made
}

/// How three parsers take an input: `+` accepted, `-` refused, and what differs in meaning.
fn verdict(who: char, line: &str) -> String {
    let frame = format!("{line}\r\n").into_bytes();
    if who == 'C' { command(&frame) } else { response(&frame) }
}

fn mark(accepted: bool) -> char {
    if accepted { '+' } else { '-' }
}

/// What imap-codec makes of a command, printed by it: one meaning, whatever the spelling was.
fn codec_command(frame: &[u8]) -> Option<Vec<u8>> {
    match CommandCodec::new().decode(frame) {
        Ok(([], command)) => Some(CommandCodec::new().encode(&command).dump()),
        _ => None,
    }
}

fn codec_response(frame: &[u8]) -> Option<Vec<u8>> {
    match ResponseCodec::new().decode(frame) {
        Ok(([], response)) => Some(ResponseCodec::new().encode(&response).dump()),
        _ => None,
    }
}

fn proto_response(frame: &[u8]) -> Option<String> {
    match ProtoResponse::parse(frame) {
        // Its map has no order of its own.
        Ok(([], ProtoResponse::Id(Some(fields)))) => {
            Some(format!("{:?}", fields.into_iter().collect::<BTreeMap<_, _>>()))
        }
        Ok(([], response)) => Some(format!("{response:?}")),
        _ => None,
    }
}

fn command(frame: &[u8]) -> String {
    let ours = parse::command(frame).ok();
    let codec = codec_command(frame);
    let mut found = format!("ours{} codec{}", mark(ours.is_some()), mark(codec.is_some()));
    if let (Some(ours), Some(codec)) = (ours, codec) {
        let through = codec_command(
            &ours
                .print(imap_proto::command::PrintOptions::new(imap_proto::command::Literals::Plus))
                .octets,
        );
        if through.and_then(|octets| Some(parse::command(&octets).ok()? == ours)) != Some(true) {
            found.push_str(" ours-to-codec");
        }
        if parse::command(&codec).ok() != Some(ours) {
            found.push_str(" codec-to-ours");
        }
    }
    found
}

fn response(frame: &[u8]) -> String {
    let ours = parse::response(frame).ok().filter(|read| !matches!(read, Response::Unknown(_)));
    let (codec, proto) = (codec_response(frame), proto_response(frame));
    let [o, c, p] = [ours.is_some(), codec.is_some(), proto.is_some()].map(mark);
    let mut found = format!("ours{o} codec{c} proto{p}");
    let Some(ours) = ours else { return found };
    let printed = ours.print();
    if proto.is_some() && proto_response(&printed) != proto {
        found.push_str(" ours-to-proto");
    }
    if let Some(codec) = codec {
        let through = codec_response(&printed);
        if through.and_then(|octets| Some(parse::response(&octets).ok()? == ours)) != Some(true) {
            found.push_str(" ours-to-codec");
        }
        if parse::response(&codec).ok() != Some(ours) {
            found.push_str(" codec-to-ours");
        }
    }
    found
}

/// Whether all agree: all accept, in one meaning, or all refuse.
fn agreed(verdict: &str) -> bool {
    let mut words = verdict.split(' ');
    let first = words.clone().next().expect("a word").ends_with('+');
    words.all(|word| word.ends_with(if first { '+' } else { '-' }))
}

#[test]
fn what_differs_is_listed_and_judged() {
    let inputs = inputs();
    assert!(inputs.len() >= 300, "{} inputs", inputs.len());
    let mut found = BTreeSet::new();
    for (who, line) in &inputs {
        let verdict = verdict(*who, line);
        if !agreed(&verdict) {
            found.insert(format!("{verdict} | {who}: {line}"));
        }
    }
    let text = fs::read_to_string("tests/differences.txt").expect("the list");
    let listed: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(Into::into)
        .collect();
    let mut report = String::new();
    for line in found.difference(&listed) {
        writeln!(report, "not listed: {line}").expect("a String takes all");
    }
    for line in listed.difference(&found) {
        writeln!(report, "listed, not found: {line}").expect("a String takes all");
    }
    assert!(report.is_empty(), "of {} inputs\n{report}", inputs.len());
}
