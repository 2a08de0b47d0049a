//! IMAP commands: framing against a plain definition, and what commands are made of.

use imap_proto::{
    command::{Command, Literals, PrintOptions},
    frame::{Frame, Framer},
    parse::{self, AppendEvent, AppendReader},
    types::{SequenceSet, UidSet},
};
use mailwire::RecvBuf;

use crate::drive::seed;

/// The octets are commands on the wire, a command, a sequence set, a date.
pub fn check(octets: &[u8]) {
    framing(octets);
    if let Some(end) = frame_end(octets, 0) {
        command(&octets[..end]);
    }
    command(octets);
    let line = octets.split(|&octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or_default();
    sequence_set(line);
    if let Ok(date) = parse::date_time(line) {
        assert_eq!(parse::date_time(date.to_string().as_bytes()), Ok(date));
    }
}

fn command(frame: &[u8]) {
    match parse::command(frame) {
        Ok(tagged) => {
            assert!(!tagged.tag.is_empty() && frame.starts_with(tagged.tag.as_bytes()));
            for literals in [Literals::Sync, Literals::Minus, Literals::Plus] {
                for options in [PrintOptions::new(literals), PrintOptions::new(literals).utf8()] {
                    let printed = tagged.print(options).octets;
                    let again = parse::command_in(&printed, options.names());
                    assert_eq!(again.as_ref(), Ok(&tagged), "{}", printed.escape_ascii());
                }
            }
            assert_eq!(tagged.clone().into_owned(), tagged);
            let shown = format!("{tagged:?}");
            if let Command::Login { password, .. } = &tagged.command {
                let secret = format!("{:?}", String::from_utf8_lossy(password.reveal()));
                assert!(shown.contains("***"), "secrets are hidden");
                assert!(secret.len() < 8 || !shown.ends_with(&secret));
            }
        }
        Err(error) => {
            assert!(error.offset <= frame.len());
            assert!(error.tag.is_none_or(|tag| frame.starts_with(tag.as_bytes())));
        }
    }
    if let Some((mut reader, head, events)) = AppendReader::start(frame) {
        assert!(frame.starts_with(head.tag.as_bytes()));
        let end = events.last();
        assert!(matches!(end, Some(AppendEvent::Literal { .. } | AppendEvent::End)), "{end:?}");
        let _ = reader.next(frame);
    }
}

/// What is parsed prints as a set that parses to the same, and holds what it says.
fn sequence_set(text: &[u8]) {
    let Ok(set) = parse::sequence_set(text) else { return };
    let printed = set.to_string();
    assert_eq!(printed.parse::<SequenceSet>().as_ref(), Ok(&set), "{printed}");
    let text = core::str::from_utf8(text).expect("a set is ASCII");
    for greatest in [0, 1, 7, u32::MAX] {
        let resolved = set.resolve(greatest);
        let star = |word: &str| if word == "*" { greatest } else { word.parse().unwrap_or(0) };
        let ranges = text.split(',').map(|range| {
            let (a, b) = range.split_once(':').unwrap_or((range, range));
            (star(a).min(star(b)), star(a).max(star(b)), range.contains('*'))
        });
        let ranges: Vec<_> = ranges.filter(|range| greatest > 0 || !range.2).collect();
        let holds = |n: u32| n > 0 && ranges.iter().any(|r| (r.0..=r.1).contains(&n));
        let edges = ranges.iter().flat_map(|r| [r.0, r.1]);
        for edge in edges.chain([1, greatest]) {
            for n in [edge.saturating_sub(1), edge, edge.saturating_add(1)] {
                // Of what lies beyond the greatest number in use `10:*` may hold anything.
                let counts = n <= greatest || !text.contains('*');
                assert!(!counts || resolved.contains(n) == holds(n), "{n} of {text} to {greatest}");
            }
        }
        disjoint(&resolved);
        assert_eq!(resolved.intersection(&resolved), resolved);
    }
}

/// Ranges ascend and do not touch.
fn disjoint(set: &UidSet) {
    let mut last = None;
    for (first, end) in set.ranges() {
        assert!(0 < first && first <= end);
        assert!(last.is_none_or(|last: u32| first > last.saturating_add(1)));
        last = Some(end);
    }
}

/// Frames are found where the definition has them, however the octets are cut.
fn framing(wire: &[u8]) {
    const LIMIT: usize = 1 << 20;
    for cut in [usize::MAX, 1, usize::try_from(seed(wire) % 13).unwrap_or(0) + 1] {
        let mut buf = RecvBuf::new(LIMIT);
        let mut framer = Framer::commands(LIMIT);
        let (mut fed, mut at) = (0, 0);
        loop {
            match framer.find(&mut buf) {
                Frame::Partial if fed == wire.len() => break,
                Frame::Partial => {
                    let n = cut.min(wire.len() - fed);
                    assert_eq!(buf.push(&wire[fed..fed + n]), n);
                    fed += n;
                }
                Frame::Literal { len, size, .. } if size < (LIMIT - len) as u64 / 2 => {
                    framer.gather()
                }
                Frame::Literal { .. } => return, // more than would be held
                Frame::Complete { len } => {
                    assert_eq!(Some(at + len), frame_end(wire, at), "cut at {cut}");
                    buf.consume(len);
                    framer.next();
                    at += len;
                }
                other => panic!("{other:?} below the limits"),
            }
        }
        assert_eq!(frame_end(wire, at), None, "no frame is left");
    }
}

/// Where the frame that begins at `at` ends: a line, and as long as it ends in `{n}` or `{n+}`, the
/// literal and another line.
fn frame_end(wire: &[u8], at: usize) -> Option<usize> {
    let mut line = at;
    loop {
        let end = wire.get(line..)?.windows(2).position(|w| w == b"\r\n")? + line + 2;
        let text = &wire[line..end - 2];
        let size = text.strip_suffix(b"}").and_then(|text| {
            let text = text.strip_suffix(b"+").unwrap_or(text);
            let digits = text.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
            let (before, digits) = text.split_at(text.len() - digits);
            let number = core::str::from_utf8(digits).ok()?;
            before.ends_with(b"{").then_some(())?;
            (!number.is_empty()).then(|| number.parse().unwrap_or(usize::MAX))
        });
        match size {
            None => return Some(end),
            Some(size) => line = end.checked_add(size)?,
        }
    }
}
