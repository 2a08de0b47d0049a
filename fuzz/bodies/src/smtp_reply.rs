//! Replies: read against a plain reading of RFC 5321 §4.2, printed and read again.

use mailwire::{
    Instant, Machine, Step,
    test::{Cuts, Host, Log, run},
};
use smtp_proto::{
    EnhancedCode, Extensions, Reply,
    client::{Client, Config, Event, Stage},
};

use crate::drive::seed;

/// The octets are what a server says first, and the text of a reply.
pub fn check(octets: &[u8]) {
    let read = read(octets);
    assert_eq!(read, by_definition(octets));
    if let Some((_, text)) = &read {
        let reply = Reply::new(250, text.clone());
        let offered = Extensions::from_reply(&reply);
        assert!(offered.lines().len() <= text.lines().count());
    }
    let text = String::from_utf8_lossy(octets);
    for code in [250, 354, 451, 550] {
        printed(&Reply::new(code, text.clone().into_owned()));
    }
    if let (Some(code), rest) = EnhancedCode::split(&text) {
        let again = format!("{code} {rest}");
        assert_eq!(EnhancedCode::split(&again), (Some(code), rest));
    }
}

/// What is printed is one reply, whatever its text holds.
fn printed(reply: &Reply) {
    let wire = reply.to_string();
    let mut lines: Vec<_> = wire.split("\r\n").collect();
    assert_eq!(lines.pop(), Some(""), "the last line has its end");
    let code = reply.code().to_string();
    for (i, line) in lines.iter().enumerate() {
        let mark = if i + 1 == lines.len() { " " } else { "-" };
        assert!(line.starts_with(&code) && line[3..].starts_with(mark), "{line:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    if wire.lines().all(|line| line.len() + 2 <= LINE) && wire.len() <= REPLY {
        let texts: Vec<_> = lines.iter().map(|line| &line[4..]).collect();
        // A 2xx greeting is answered, not reported.
        if !reply.is_positive() {
            assert_eq!(read(wire.as_bytes()), Some((reply.code(), texts.join("\n"))));
        }
    }
}

const LINE: usize = 4096;
const REPLY: usize = 64 * 1024;

/// The first reply, as the client reports it when it is the greeting and not positive.
fn read(wire: &[u8]) -> Option<(u16, String)> {
    struct First(Option<(u16, String)>);

    impl Host<Client> for First {
        fn event(&mut self, client: &mut Client, log: &mut Log) {
            if let Event::Refused { stage: Stage::Greeting, reply } = client.event() {
                log.event(reply.to_string());
                self.0.get_or_insert((reply.code(), reply.text().to_owned()));
            }
        }
    }

    let mut first = First(None);
    let mut client = Client::new(Config::new("client.example"));
    run(&mut client, &mut first, wire, Cuts::Random(seed(wire)));
    assert!(client.poll(Instant::default()) != Step::Event);
    first.0
}

/// The first reply of `wire`, if it is whole, within the limits and not positive.
fn by_definition(wire: &[u8]) -> Option<(u16, String)> {
    let mut code = None;
    let mut texts = Vec::new();
    for line in wire.split_inclusive(|&octet| octet == b'\n') {
        if !line.ends_with(b"\n") || line.len() > LINE {
            return None;
        }
        let line = line.strip_suffix(b"\n")?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let digits = core::str::from_utf8(line.get(..3)?).ok()?;
        if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return None;
        }
        let number: u16 = digits.parse().ok().filter(|n| (200..600).contains(n))?;
        let first = *code.get_or_insert(number);
        let (more, text) = match line.get(3) {
            None => (false, &line[3..]),
            Some(b' ' | b'\t') => (false, &line[4..]),
            Some(b'-') => (true, &line[4..]),
            Some(_) => return None,
        };
        texts.push(String::from_utf8_lossy(text).into_owned());
        let text = texts.join("\n");
        if text.len() > REPLY {
            return None;
        }
        if !more {
            return (first / 100 != 2).then_some((first, text));
        }
    }
    None
}
