//! What servers in use say, one file of `tests/tolerance` per server: each response is read as its
//! entry says, with exactly the deviations marked in it, and ends no session.
//!
//! `UPDATE=1 cargo test -p imap-proto --test tolerance` writes the files anew.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{env, fs, path::Path};

use imap_proto::{
    client::{Client, Config, Event},
    parse,
    response::{Response, Status},
};
use mailwire::{
    Machine,
    test::{Cuts, Host, Log, run},
};

/// A response and what it is read as.
struct Entry {
    notes: Vec<String>,
    /// The response, with its marks, line by line.
    sent: Vec<String>,
    kind: String,
    /// The response printed again.
    printed: Vec<String>,
}

impl Entry {
    fn parse(text: &str) -> Self {
        let mut entry = Self { notes: vec![], sent: vec![], kind: String::new(), printed: vec![] };
        for line in text.lines() {
            if line.starts_with('#') {
                entry.notes.push(line.to_owned());
            } else if let Some(sent) = line.strip_prefix("S: ") {
                entry.sent.push(sent.to_owned());
            } else {
                let (kind, printed) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
                kind.clone_into(&mut entry.kind);
                entry.printed.push(printed.to_owned());
            }
        }
        entry
    }

    /// The octets sent, and the deviations marked in them.
    fn octets(&self) -> (Vec<u8>, Vec<(String, usize)>) {
        let (mut octets, mut marks) = (Vec::new(), Vec::new());
        for line in &self.sent {
            for (i, piece) in line.split('‹').enumerate() {
                let text = match piece.split_once('›') {
                    Some((kind, text)) if i > 0 => {
                        marks.push((kind.to_owned(), octets.len()));
                        text
                    }
                    _ => piece,
                };
                unescape(text, &mut octets);
            }
            octets.extend_from_slice(b"\r\n");
        }
        (octets, marks)
    }

    /// What it is read as, to compare and to write.
    fn read(&self) -> Self {
        let (octets, _) = self.octets();
        let read = parse::tolerant_response(&octets)
            .unwrap_or_else(|e| panic!("{e}: {}", octets.escape_ascii()));
        let debug = format!("{:?}", read.response);
        let kind = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().into();
        let printed = read.response.print();
        let printed = if printed == octets { vec!["=".to_owned()] } else { lines(&printed, &[]) };
        let marks: Vec<_> =
            read.deviations.iter().map(|d| (format!("{:?}", d.kind), d.offset)).collect();
        Self { notes: self.notes.clone(), sent: lines(&octets, &marks), kind, printed }
    }

    fn write(&self) -> String {
        let mut text: String = self.notes.iter().map(|line| format!("{line}\n")).collect();
        self.sent.iter().for_each(|line| text += &format!("S: {line}\n"));
        self.printed.iter().for_each(|line| text += &format!("{}: {line}\n", self.kind));
        text
    }
}

/// `\xNN` is an octet; nothing else is special.
fn unescape(text: &str, out: &mut Vec<u8>) {
    let mut pieces = text.split("\\x");
    out.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let (hex, rest) = piece.split_at(2);
        out.push(u8::from_str_radix(hex, 16).unwrap());
        out.extend_from_slice(rest.as_bytes());
    }
}

/// Octets as lines, with marks and escapes.
fn lines(octets: &[u8], marks: &[(String, usize)]) -> Vec<String> {
    let mut text = String::new();
    for at in 0..=octets.len() {
        for (kind, _) in marks.iter().filter(|(_, offset)| *offset == at) {
            text += &format!("‹{kind}›");
        }
        match octets.get(at) {
            Some(b'\r') if octets.get(at + 1) == Some(&b'\n') => {}
            Some(b'\n') if at > 0 && octets.get(at - 1) == Some(&b'\r') => text.push('\n'),
            Some(octet @ b' '..=b'~') => text.push(char::from(*octet)),
            Some(octet) => text += &format!("\\x{octet:02X}"),
            None => {}
        }
    }
    text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned).collect()
}

struct Notes;

impl Host<Client> for Notes {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            Event::Chunk(octets) => log.payload(octets),
            Event::Done { tag, .. } => log.event(format!("done {tag}")),
            _ => {}
        }
    }
}

/// The response among others, however it is cut: the command after it is still answered.
fn goes_on(octets: &[u8]) {
    let response = parse::tolerant_response(octets).unwrap().response;
    if matches!(response, Response::Status { status: Status::Bye | Status::PreAuth, .. }) {
        return; // the end of a session, or another start
    }
    // Tags of ours are not spoken of before they are used.
    let tagged = matches!(response, Response::Tagged { .. });
    let middle = if tagged { [b"stray-", octets].concat() } else { octets.to_vec() };
    let input = [b"* PREAUTH hello\r\n", &*middle, b"A1 OK done\r\n"].concat();
    for cuts in [Cuts::Whole, Cuts::Every(1), Cuts::Random(7), Cuts::Random(11), Cuts::Random(13)] {
        let mut client = Client::over_tls(Config::default());
        client.noop();
        let outcome = run(&mut client, &mut Notes, &input, cuts);
        let log = format!("{:?}", outcome.log);
        assert!(log.contains("done A1"), "{cuts:?} of {}: {log}", octets.escape_ascii());
    }
}

fn check(name: &str) -> (usize, usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tolerance/{name}.txt"));
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("\n\n").unwrap();
    assert!(head.contains("not\n# captured") || head.replace("\n#", "").contains("not captured"));
    let entries: Vec<_> = rest.trim_end().split("\n\n").map(Entry::parse).collect();
    if env::var_os("UPDATE").is_some() {
        let written: Vec<_> = entries.iter().map(|entry| entry.read().write()).collect();
        fs::write(&path, format!("{head}\n\n{}", written.join("\n"))).unwrap();
        return (entries.len(), entries.len());
    }
    let mut legal = 0;
    for entry in &entries {
        assert_eq!(entry.read().write(), entry.write(), "in {name}.txt");
        let (octets, marks) = entry.octets();
        let strict = parse::response(&octets);
        if marks.is_empty() {
            legal += 1;
            let tolerated = parse::tolerant_response(&octets).unwrap();
            assert_eq!(strict.as_ref(), Ok(&tolerated.response), "{}", octets.escape_ascii());
        } else {
            assert!(strict.is_err(), "strict refuses {}", octets.escape_ascii());
        }
        goes_on(&octets);
    }
    (entries.len(), legal)
}

macro_rules! servers {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn the_corpus_is_whole() {
            let counts = [$(check(stringify!($name))),*];
            let all: usize = counts.iter().map(|(all, _)| all).sum();
            let legal: usize = counts.iter().map(|(_, legal)| legal).sum();
            assert!(all >= 350, "{all} responses");
            assert!(legal * 2 >= all, "{legal} of {all} are legal");
        }
    };
}

servers! {
    courier cyrus davmail domino dovecot exchange gmail hmailserver icloud mailru netease
    proton_bridge qq yahoo yandex zoho
}
