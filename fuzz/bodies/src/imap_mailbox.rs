//! Mailbox names: modified UTF-7 and UTF-8, and the patterns of LIST.

use imap_proto::{
    command::{Command, Literals, PrintOptions, Tagged},
    parse,
    types::{Mailbox, Tag, pattern_matches},
};

/// The octets are a name on the wire, a name in Unicode, a pattern and a name.
pub fn check(octets: &[u8]) {
    if let Ok(name) = Mailbox::from_wire(octets) {
        assert!(!name.as_str().contains(char::is_control));
        holds(&name);
    }
    let Ok(text) = core::str::from_utf8(octets) else { return };
    if let Ok(name) = Mailbox::new(text) {
        assert!(name.is_inbox() || name.as_str() == text);
        holds(&name);
    }
    if let Some((pattern, name)) = text.split_once(' ')
        && text.len() <= 24
    {
        let (p, n): (Vec<_>, Vec<_>) =
            (fold(pattern).chars().collect(), fold(name).chars().collect());
        assert_eq!(pattern_matches(pattern, name, '/'), naive(&p, &n), "{pattern:?} {name:?}");
    }
}

/// A name survives the wire, as modified UTF-7 and as UTF-8, alone and in a command.
fn holds(name: &Mailbox<'_>) {
    let wire = name.to_wire();
    assert!(wire.bytes().all(|octet| (0x20..0x7F).contains(&octet)), "{wire:?}");
    assert_eq!(Mailbox::from_wire(wire.as_bytes()).as_ref(), Ok(name));
    let tagged = Tagged::new(Tag::new("t").unwrap(), Command::Delete(name.clone()));
    for options in [PrintOptions::new(Literals::Plus), PrintOptions::new(Literals::Sync).utf8()] {
        let printed = tagged.print(options).octets;
        let again = parse::command_in(&printed, options.names());
        assert_eq!(again.as_ref(), Ok(&tagged), "{}", printed.escape_ascii());
    }
}

/// INBOX at the start is INBOX in any case.
fn fold(text: &str) -> String {
    let head = text.split('/').next().unwrap_or_default();
    let tail = text.get(head.len()..).unwrap_or_default();
    if head.eq_ignore_ascii_case("INBOX") { format!("INBOX{tail}") } else { text.to_owned() }
}

/// RFC 3501 §6.3.8, by trying everything.
fn naive(pattern: &[char], name: &[char]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        (['*', rest @ ..], _) if naive(rest, name) => true,
        (['*', ..], [_, tail @ ..]) => naive(pattern, tail),
        (['%', rest @ ..], _) if naive(rest, name) => true,
        (['%', ..], [c, tail @ ..]) => *c != '/' && naive(pattern, tail),
        ([p, rest @ ..], [c, tail @ ..]) => p == c && naive(rest, tail),
        _ => false,
    }
}
