use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::time::Duration;

use super::{Cuts, Host, Log};
use crate::{Instant, Machine, Step};

/// A session written down, line by line, and run as a test against a server, a client, or both.
///
/// ```text
/// # a comment
/// S: 220 mx.example.org ESMTP
/// C: EHLO client.example.org          a line and its CRLF, as it is
/// C| DATA\r\n\x00.\r\n                octets with escapes, and no line end but those written
/// A: quit                             for the host of the client: do this
/// H: deliver                          for the host of the server: do this
/// upgrade                             the transport is replaced here
/// compress                            the transport is compressed from here on
/// wait 300s                           time passes
/// eof                                 the peer of the machine under test closes
/// closed                              the machine under test has closed
/// ```
///
/// A machine under test gets the other side's lines up to the next of its own, in one piece, octet
/// by octet, and in random cuts, and has to answer with exactly its own.
#[derive(Clone, Debug)]
pub struct Transcript {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
enum Line {
    Note(String),
    Client(Vec<u8>),
    Server(Vec<u8>),
    ClientAction(String),
    ServerAction(String),
    Upgrade,
    Compress,
    Wait(Duration),
    Eof,
    Closed,
}

/// A transcript that cannot be read, or a session that went another way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TranscriptError(String);

/// Which side of the transcript is under test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Errors
    ///
    /// Says which line cannot be read.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let lines = text.lines().enumerate().map(|(i, line)| {
            parse_line(line)
                .ok_or_else(|| TranscriptError(format!("line {} not understood: {line:?}", i + 1)))
        });
        Ok(Self { lines: lines.collect::<Result<_, _>>()? })
    }

    /// Runs it against a server, under all chunkings.
    ///
    /// # Errors
    ///
    /// Says where the session went another way.
    pub fn run_server<M: Machine, H: Host<M>>(
        &self,
        make: impl Fn() -> (M, H),
    ) -> Result<Log, TranscriptError> {
        self.run_all(Side::Server, make)
    }

    /// Runs it against a client, under all chunkings. `A:` lines say what the client is to do.
    ///
    /// # Errors
    ///
    /// Says where the session went another way.
    pub fn run_client<M: Machine, H: Host<M>>(
        &self,
        make: impl Fn() -> (M, H),
    ) -> Result<Log, TranscriptError> {
        self.run_all(Side::Client, make)
    }

    /// Runs it and, instead of failing, writes down what the server really says, where the
    /// transcript has `S` lines.
    pub fn rewrite_server<M: Machine, H: Host<M>>(&self, make: impl Fn() -> (M, H)) -> String {
        let (mut machine, mut host) = make();
        let mut run = Run::new(Side::Server, &mut machine, &mut host, Cuts::Whole);
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Note(_) => {}
                Line::Client(octets) => run.pending.extend_from_slice(octets),
                Line::Server(_) => {
                    run.write_answers(&mut text);
                    continue;
                }
                _ => {
                    run.write_answers(&mut text);
                    let _ = run.step(line);
                }
            }
            text.push_str(&print_line(line));
        }
        run.write_answers(&mut text);
        text
    }

    fn run_all<M: Machine, H: Host<M>>(
        &self,
        side: Side,
        make: impl Fn() -> (M, H),
    ) -> Result<Log, TranscriptError> {
        let mut first: Option<Log> = None;
        for cuts in CUTS {
            let (mut machine, mut host) = make();
            let mut run = Run::new(side, &mut machine, &mut host, cuts);
            for (i, line) in self.lines.iter().enumerate() {
                run.step(line).map_err(|e| {
                    TranscriptError(format!(
                        "line {} ({}), {cuts:?}: {e}",
                        i + 1,
                        print_line(line).trim_end()
                    ))
                })?;
            }
            run.settle();
            let left = run.take_output();
            if !left.is_empty() {
                return Err(TranscriptError(format!(
                    "{cuts:?}: more than the transcript has: {:?}",
                    String::from_utf8_lossy(&left)
                )));
            }
            let log = run.log;
            match &first {
                None => first = Some(log),
                Some(first) if *first != log => {
                    return Err(TranscriptError(format!("{cuts:?} gave other events: {log:?}")));
                }
                Some(_) => {}
            }
        }
        Ok(first.unwrap_or_default())
    }
}

/// The ways in which what is said to a machine is cut.
const CUTS: [Cuts; 6] = [
    Cuts::Whole,
    Cuts::Every(1),
    Cuts::Every(2),
    Cuts::Every(7),
    Cuts::Random(0x9E37),
    Cuts::Random(0xC0FFEE),
];

/// One run of a transcript.
struct Run<'a, M, H> {
    side: Side,
    machine: &'a mut M,
    host: &'a mut H,
    cuts: Cuts,
    now: Instant,
    pending: Vec<u8>,
    output: Vec<u8>,
    log: Log,
}

impl<'a, M: Machine, H: Host<M>> Run<'a, M, H> {
    fn new(side: Side, machine: &'a mut M, host: &'a mut H, cuts: Cuts) -> Self {
        Self {
            side,
            machine,
            host,
            cuts,
            now: Instant::default(),
            pending: Vec::new(),
            output: Vec::new(),
            log: Log::default(),
        }
    }

    fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.output)
    }

    /// Appends what the machine says to a transcript.
    fn write_answers(&mut self, text: &mut String) {
        self.settle();
        for answer in self.take_output().split_inclusive(|&octet| octet == b'\n') {
            text.push_str(&print_line(&Line::Server(answer.to_vec())));
        }
    }

    fn step(&mut self, line: &Line) -> Result<(), String> {
        match (line, self.side) {
            (Line::Note(_), _) => Ok(()),
            (Line::Client(octets), Side::Server) | (Line::Server(octets), Side::Client) => {
                self.pending.extend_from_slice(octets);
                Ok(())
            }
            (Line::Client(octets), Side::Client) | (Line::Server(octets), Side::Server) => {
                self.settle();
                self.expect(octets)
            }
            (Line::ClientAction(action), Side::Client)
            | (Line::ServerAction(action), Side::Server) => {
                self.settle();
                self.host.action(self.machine, action);
                self.settle();
                Ok(())
            }
            (Line::ClientAction(_), Side::Server) | (Line::ServerAction(_), Side::Client) => Ok(()),
            (Line::Upgrade | Line::Compress, _) => match (line, self.settled()) {
                (Line::Upgrade, Step::Upgrade) | (Line::Compress, Step::Compress) => {
                    self.machine.upgrade();
                    Ok(())
                }
                (_, step) => Err(format!("the machine stands at {step:?}")),
            },
            (Line::Wait(time), _) => {
                self.settle();
                self.now = self.now + *time;
                self.settle();
                Ok(())
            }
            (Line::Eof, _) => {
                self.settle();
                self.machine.recv_eof();
                self.settle();
                Ok(())
            }
            (Line::Closed, _) => match self.settled() {
                Step::Closed => Ok(()),
                step => Err(format!("the machine stands at {step:?}")),
            },
        }
    }

    /// Compares the next octets of the output.
    fn expect(&mut self, octets: &[u8]) -> Result<(), String> {
        if self.output.starts_with(octets) {
            self.output.drain(..octets.len());
            return Ok(());
        }
        Err(format!(
            "expected {:?}, got {:?}",
            String::from_utf8_lossy(octets),
            String::from_utf8_lossy(&self.output)
        ))
    }

    /// Feeds what is pending and lets the machine move until it is stuck.
    fn settle(&mut self) {
        let _stuck = self.settled();
    }

    /// The same; says where the machine stands.
    fn settled(&mut self) -> Step {
        loop {
            let step = self.machine.poll(self.now);
            self.output.extend_from_slice(&self.machine.transmit().take_all());
            match step {
                Step::Event => self.host.event(self.machine, &mut self.log),
                Step::NeedFlush => {}
                Step::YourTurn if self.host.turn(self.machine) => {}
                Step::NeedInput if !self.pending.is_empty() => {
                    let n = self.cuts.next().min(self.pending.len());
                    let n = self.machine.recv().push(self.pending.get(..n).unwrap_or_default());
                    assert!(n > 0, "law 2: NeedInput with a full buffer");
                    self.pending.drain(..n);
                }
                step => return step,
            }
        }
    }
}

fn parse_line(line: &str) -> Option<Line> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Some(Line::Note(line.to_owned()));
    }
    let crlf = |text: &str| [text.as_bytes(), b"\r\n"].concat();
    let (tag, text) = line.split_at_checked(2).unwrap_or((line, ""));
    let text = text.strip_prefix(' ').unwrap_or(text);
    Some(match tag {
        "C:" => Line::Client(crlf(text)),
        "S:" => Line::Server(crlf(text)),
        "C|" => Line::Client(unescape(text)?),
        "S|" => Line::Server(unescape(text)?),
        "A:" => Line::ClientAction(text.to_owned()),
        "H:" => Line::ServerAction(text.to_owned()),
        _ => match line.split_once(' ').unwrap_or((line, "")) {
            ("upgrade", "") => Line::Upgrade,
            ("compress", "") => Line::Compress,
            ("eof", "") => Line::Eof,
            ("closed", "") => Line::Closed,
            ("wait", time) => {
                Line::Wait(Duration::from_secs(time.strip_suffix('s')?.parse().ok()?))
            }
            _ => return None,
        },
    })
}

fn print_line(line: &Line) -> String {
    let octets = |who: char, octets: &[u8]| match octets.strip_suffix(b"\r\n") {
        Some(b"") => format!("{who}:\n"),
        // A space at the end counts, and nobody would see it: such a line is written as octets.
        Some(line) if !line.ends_with(b" ") && line.iter().all(|&o| (0x20..0x7F).contains(&o)) => {
            format!("{who}: {}\n", String::from_utf8_lossy(line))
        }
        _ => format!("{who}| {}\n", octets.escape_ascii()),
    };
    match line {
        Line::Note(note) => format!("{note}\n"),
        Line::Client(o) => octets('C', o),
        Line::Server(o) => octets('S', o),
        Line::ClientAction(action) => format!("A: {action}\n"),
        Line::ServerAction(action) => format!("H: {action}\n"),
        Line::Upgrade => "upgrade\n".to_owned(),
        Line::Compress => "compress\n".to_owned(),
        Line::Wait(time) => format!("wait {}s\n", time.as_secs()),
        Line::Eof => "eof\n".to_owned(),
        Line::Closed => "closed\n".to_owned(),
    }
}

/// The escapes of `[u8]::escape_ascii`, back.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        octets.push(match chars.next()? {
            'r' => b'\r',
            'n' => b'\n',
            't' => b'\t',
            '0' => 0,
            '\\' => b'\\',
            '\'' => b'\'',
            '"' => b'"',
            'x' => {
                let (high, low) = (chars.next()?.to_digit(16)?, chars.next()?.to_digit(16)?);
                u8::try_from(high * 16 + low).ok()?
            }
            _ => return None,
        });
    }
    Some(octets)
}
