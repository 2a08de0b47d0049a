//! Every example of the RFCs, in both directions: `rfcNNNN.txt`, one file per RFC.
//!
//! ```text
//! ## §6.4.4                    the clause the examples below are from
//! # a comment: what the RFC printed, where that is no IMAP
//! C: a1 NOOP                   the client's line and its CRLF
//! S| + \r\n                    octets with escapes, and no line end but those written
//! C- DONE                      a line that is no command: of a SASL exchange, or the end of IDLE
//! => a1 NOOP                   how the frame above is printed, if not as it stands
//! ! utf8                       mark for the frame below: see `Mark`
//! ```
//!
//! A frame goes on over the lines of its side while literals say so; lines of the other side may
//! stand between. `UPDATE=1` writes the `=>` lines anew: look at what it wrote.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod file;
mod table;

use file::{Example, File, Mark, Side};
use imap_proto::{
    command::{Append, AppendMessage, Command, Literals, MessageLiteral, PrintOptions, Tagged},
    frame::{Frame, Framer},
    parse::{self, AppendEvent, AppendReader, CommandErrorKind},
    response::{FetchData, Response},
    types::{Code, Tag},
};
use mailwire::RecvBuf;

/// Runs a check over every example of every file and says all that failed.
fn each(check: impl Fn(&Example) -> Result<(), String>) {
    let mut failures = Vec::new();
    for file in File::all() {
        for example in &file.examples {
            if let Err(why) = check(example) {
                failures.push(format!("{}:{} {}: {why}", file.name, example.line, example.clause));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn options(non_sync: bool) -> PrintOptions {
    PrintOptions::new(if non_sync { Literals::Plus } else { Literals::Sync })
}

fn shown(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

fn same(what: &str, got: &[u8], expected: &[u8]) -> Result<(), String> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}:\n    got      {}\n    expected {}", shown(got), shown(expected)))
}

/// What the example is printed as, once it was read.
fn printed(example: &Example) -> Result<Vec<u8>, String> {
    let octets = &example.octets;
    match example.side {
        Side::Client => {
            let read = parse::command(octets).map_err(|e| format!("{e}: {}", shown(octets)))?;
            let non_sync = octets.windows(4).any(|w| w == b"+}\r\n");
            let options = match example.mark {
                Mark::Utf8 => options(non_sync).utf8(),
                _ => options(non_sync),
            };
            let printed = read.print(options);
            let again = parse::command(&printed.octets)
                .map_err(|e| format!("{e}, printed: {}", shown(&printed.octets)))?;
            if again != read {
                return Err(format!("read again it is {again:?}, not {read:?}"));
            }
            Ok(printed.octets.clone())
        }
        Side::Server => {
            let response = if example.mark == Mark::Tolerant {
                if parse::response(octets).is_ok() {
                    return Err(format!("read without tolerance: {}", shown(octets)));
                }
                let read = parse::tolerant_response(octets)
                    .map_err(|e| format!("{e}: {}", shown(octets)))?;
                if read.deviations.is_empty() {
                    return Err("no deviation told".into());
                }
                read.response
            } else {
                let read =
                    parse::response(octets).map_err(|e| format!("{e}: {}", shown(octets)))?;
                let tolerated = parse::tolerant_response(octets).map_err(|e| e.to_string())?;
                if tolerated.response != read || !tolerated.deviations.is_empty() {
                    return Err(format!("the tolerant parser reads {tolerated:?}"));
                }
                read
            };
            understood(&response)?;
            let printed = response.print();
            let again = parse::response(&printed)
                .map_err(|e| format!("{e}, printed: {}", shown(&printed)))?;
            // What a deviation left out, a text, is made up by the printer.
            let same = match example.mark {
                Mark::Tolerant => again.print() == printed,
                _ => again == response,
            };
            if !same {
                return Err(format!("read again it is {again:?}, not {response:?}"));
            }
            Ok(printed)
        }
    }
}

/// Whether a response is known down to its codes and items.
fn understood(response: &Response<'_>) -> Result<(), String> {
    let unknown = match response {
        Response::Unknown(_) => true,
        Response::Fetch(_, items) => items.iter().any(|i| matches!(i, FetchData::Unknown(_))),
        Response::Continue(text)
        | Response::Tagged { text, .. }
        | Response::Status { text, .. } => matches!(text.code, Some(Code::Other(..))),
        _ => false,
    };
    if unknown { Err(format!("not understood: {response:?}")) } else { Ok(()) }
}

#[test]
fn examples_are_read_and_printed() {
    if std::env::var_os("UPDATE").is_some() {
        for file in File::all() {
            file.rewrite(|example| match example.mark {
                Mark::None | Mark::Utf8 | Mark::Tolerant => printed(example).ok(),
                _ => None,
            });
        }
    }
    each(|example| match example.mark {
        Mark::None | Mark::Utf8 | Mark::Tolerant => {
            let expected = example.canonical.as_ref().unwrap_or(&example.octets);
            same("printed", &printed(example)?, expected)
        }
        _ => Ok(()),
    });
}

#[test]
fn examples_of_what_is_not_spoken_are_kept_or_refused() {
    each(|example| match (example.mark, example.side) {
        (Mark::Unknown, Side::Server) => {
            let read = parse::response(&example.octets).map_err(|e| e.to_string())?;
            if understood(&read).is_ok() {
                return Err(format!("understood: {read:?}"));
            }
            same("printed", &read.print(), &example.octets)
        }
        (Mark::Unknown, Side::Client) => refused(example, CommandErrorKind::Unknown),
        (Mark::Bad, _) => refused(example, CommandErrorKind::Arguments),
        _ => Ok(()),
    });
}

fn refused(example: &Example, kind: CommandErrorKind) -> Result<(), String> {
    let tag = example.octets.split(|o| *o == b' ').next().unwrap_or_default();
    match parse::command(&example.octets) {
        Ok(read) => Err(format!("read: {read:?}")),
        Err(e) if e.kind == kind && e.tag.map(str::as_bytes) == Some(tag) => Ok(()),
        Err(e) => Err(format!("refused for another reason: {e:?}")),
    }
}

#[test]
fn heads_of_appends_are_read_and_printed() {
    each(|example| {
        if example.mark != Mark::Head {
            return Ok(());
        }
        // The head of the frame: up to its first literal's octets.
        let end = example.octets.windows(3).position(|w| w == b"}\r\n").map_or(0, |at| at + 3);
        let head = &example.octets[..end];
        let (_, start, events) =
            AppendReader::start(head).ok_or_else(|| format!("not read: {}", shown(head)))?;
        let [AppendEvent::Message { flags, date }, AppendEvent::Literal { size, sync, .. }] =
            events.as_slice()
        else {
            return Err(format!("not one literal: {events:?}"));
        };
        let mut message = AppendMessage::new(MessageLiteral::to_come(*size));
        (message.flags, message.date) = (flags.clone(), *date);
        let append = Command::Append(Append::message(start.mailbox.clone(), message));
        let printed = Tagged::new(Tag::new(start.tag).unwrap(), append).print(options(!sync));
        let at = printed.gaps.first().ok_or("no place for the message")?.at;
        let (_, again, events_again) =
            AppendReader::start(&printed.octets[..at]).ok_or("not read again")?;
        if (&again, &events_again) != (&start, &events) {
            return Err(format!("read again it is {events_again:?}, not {events:?}"));
        }
        Ok(())
    });
}

#[test]
fn framers_find_the_frames_however_they_are_cut() {
    for file in File::all() {
        for side in [Side::Client, Side::Server] {
            let frames: Vec<&Example> = file.examples.iter().filter(|e| e.side == side).collect();
            for cut in [usize::MAX, 1, 2, 7, 0] {
                cut_and_find(&file.name, side, &frames, cut);
            }
        }
    }
}

/// `cut`: octets at a time; 0 for pieces of random length.
fn cut_and_find(name: &str, side: Side, frames: &[&Example], cut: usize) {
    let stream: Vec<u8> = frames.iter().flat_map(|e| e.octets.iter().copied()).collect();
    let mut buf = RecvBuf::new(1 << 20);
    let mut framer = match side {
        Side::Client => Framer::commands(1 << 20),
        Side::Server => Framer::responses(1 << 20),
    };
    let mut random = 0x9E37_79B9_u32;
    let mut fed = 0usize;
    for (i, example) in frames.iter().enumerate() {
        framer.set_text(example.mark == Mark::Text);
        loop {
            match framer.find(&mut buf) {
                Frame::Partial => {
                    random ^= random << 13;
                    random ^= random >> 17;
                    random ^= random << 5;
                    let piece = if cut == 0 { random as usize % 40 + 1 } else { cut };
                    let end = fed.saturating_add(piece).min(stream.len());
                    assert!(end > fed, "{name}:{} is never found", example.line);
                    assert_eq!(buf.push(&stream[fed..end]), end - fed);
                    fed = end;
                }
                // The last literal of a refused command is not sent.
                Frame::Literal { len, .. } if len == example.octets.len() => {
                    assert!(example.is_refused(), "{name}:{} ends early", example.line);
                    assert_eq!(&buf.unread()[..len], &example.octets);
                    buf.consume(len);
                    framer.stream();
                    break;
                }
                Frame::Literal { .. } => framer.gather(),
                Frame::Complete { len } => {
                    let found = shown(&buf.unread()[..len]);
                    assert_eq!(found, shown(&example.octets), "{name}:{}", example.line);
                    buf.consume(len);
                    framer.next();
                    break;
                }
                other => panic!("{name}:{}: {other:?}", frames[i].line),
            }
        }
    }
    assert_eq!((buf.len(), fed), (0, stream.len()), "{name}");
}
