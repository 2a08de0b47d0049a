//! The files of examples.

use std::{fs, path::PathBuf};

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// How an example is to be read; in the file `! name` and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Read and printed.
    None,
    /// The same, with UTF-8 in quoted strings.
    Utf8,
    /// A line that is no command.
    Text,
    /// Only the tolerant parser reads it.
    Tolerant,
    /// A command that is refused as unknown; a response that is kept as it came.
    Unknown,
    /// A command whose arguments are refused.
    Bad,
    /// A command that ends with the announcement of a literal that is not sent.
    Head,
}

/// One frame.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) side: Side,
    /// The number of its first line.
    pub(crate) line: usize,
    pub(crate) clause: String,
    pub(crate) mark: Mark,
    pub(crate) octets: Vec<u8>,
    /// How it is printed, if otherwise.
    pub(crate) canonical: Option<Vec<u8>>,
    /// The number of its last line.
    last: usize,
    /// Octets of a literal that are still to come.
    missing: usize,
}

impl Example {
    /// Whether its last literal is not sent.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.mark, Mark::Head | Mark::Unknown)
    }

    /// Adds a line; whether the frame is whole then. A rule of its own, not the framer's.
    fn add(&mut self, line: &[u8]) -> bool {
        self.octets.extend_from_slice(line);
        if self.missing >= line.len() {
            self.missing -= line.len();
            return false;
        }
        let rest = &line[self.missing..];
        self.missing = 0;
        if self.mark == Mark::Text || (self.side == Side::Server && self.is_text()) {
            return true;
        }
        let size = rest.strip_suffix(b"}\r\n").and_then(|rest| {
            let rest = rest.strip_suffix(b"+").unwrap_or(rest);
            let open = rest.iter().rposition(|o| *o == b'{')?;
            core::str::from_utf8(&rest[open + 1..]).ok()?.parse().ok()
        });
        self.missing = size.unwrap_or(0);
        size.is_none()
    }

    fn is_text(&self) -> bool {
        let mut words = self.octets.split(|o| matches!(o, b' ' | b'\r'));
        words.next() != Some(b"*") || matches!(words.next(), Some(b"OK" | b"NO" | b"BAD" | b"BYE"))
    }
}

/// A file of examples.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) examples: Vec<Example>,
    path: PathBuf,
    text: String,
}

impl File {
    /// All files; each has examples.
    pub(crate) fn all() -> Vec<Self> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rfc");
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|e| e == "txt")).collect();
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    fn read(path: PathBuf) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut examples: Vec<Example> = Vec::new();
        let mut open: Vec<Example> = Vec::new();
        let mut clause = String::new();
        let mut mark = Mark::None;
        for (i, line) in text.lines().enumerate() {
            let at = || format!("{name}:{}: {line:?}", i + 1);
            if let Some(heading) = line.strip_prefix("## ") {
                assert!(open.is_empty(), "{}: a frame is not whole before", at());
                clause = heading.to_owned();
            } else if line.is_empty() || line.starts_with('#') {
            } else if let Some(marks) = line.strip_prefix("! ") {
                let name = marks.split(' ').next().unwrap_or_default();
                mark = mark_of(name).unwrap_or_else(|| panic!("{}: no such mark", at()));
            } else if line.starts_with("=>") || line.starts_with("=|") {
                let last = examples.last_mut().unwrap_or_else(|| panic!("{}: of what?", at()));
                last.canonical.get_or_insert_default().extend(octets(line));
            } else {
                let side = if line.starts_with('C') { Side::Client } else { Side::Server };
                let known = ["C:", "C|", "C-", "S:", "S|"].contains(&line.get(..2).unwrap_or(""));
                assert!(known, "{}: not understood", at());
                let going_on = open.iter().position(|e| e.side == side);
                let mut example = going_on.map(|at| open.remove(at)).unwrap_or_else(|| Example {
                    side,
                    line: i + 1,
                    clause: clause.clone(),
                    mark: if line.starts_with("C-") { Mark::Text } else { mark },
                    octets: Vec::new(),
                    canonical: None,
                    last: i,
                    missing: 0,
                });
                mark = Mark::None;
                example.last = i;
                let whole = example.add(&octets(line));
                let ends = example.is_refused() && !goes_on(&text, i);
                if whole || ends { examples.push(example) } else { open.push(example) }
            }
        }
        assert!(open.is_empty(), "{name}: a frame is not whole: {open:?}");
        assert!(!examples.is_empty(), "{name} has no examples");
        Self { name, examples, path, text }
    }

    /// Writes the `=>` lines anew.
    pub(crate) fn rewrite(&self, printed: impl Fn(&Example) -> Option<Vec<u8>>) {
        let mut lines: Vec<String> = Vec::new();
        for (i, line) in self.text.lines().enumerate() {
            if !line.starts_with("=>") && !line.starts_with("=|") {
                lines.push(line.to_owned());
            }
            let Some(example) = self.examples.iter().find(|e| e.last == i) else { continue };
            let Some(octets) = printed(example).filter(|octets| *octets != example.octets) else {
                continue;
            };
            for line in octets.split_inclusive(|o| *o == b'\n') {
                let text = line.strip_suffix(b"\r\n").and_then(|l| core::str::from_utf8(l).ok());
                lines.push(match text {
                    Some(text) if !text.ends_with(' ') => format!("=> {text}").trim_end().into(),
                    _ => format!("=| {}", line.escape_ascii()),
                });
            }
        }
        fs::write(&self.path, lines.join("\n") + "\n").unwrap();
    }
}

/// Whether the client's frame goes on after line `i`, though its literal may be refused.
fn goes_on(text: &str, i: usize) -> bool {
    let answer = text.lines().nth(i + 1).unwrap_or_default();
    answer.starts_with("S: +") || answer.starts_with("C:")
}

fn mark_of(name: &str) -> Option<Mark> {
    Some(match name {
        "utf8" => Mark::Utf8,
        "tolerant" => Mark::Tolerant,
        "unknown" => Mark::Unknown,
        "bad" => Mark::Bad,
        "head" => Mark::Head,
        _ => return None,
    })
}

/// The octets of a line of the file.
fn octets(line: &str) -> Vec<u8> {
    let text = line.get(3..).unwrap_or_default();
    if line.as_bytes().get(1) == Some(&b'|') {
        return unescape(text.as_bytes());
    }
    format!("{text}\r\n").into_bytes()
}

/// The escapes of `[u8]::escape_ascii`, back.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let (octet, tail) = match (first, tail) {
            (b'\\', [b'r', tail @ ..]) => (b'\r', tail),
            (b'\\', [b'n', tail @ ..]) => (b'\n', tail),
            (b'\\', [b't', tail @ ..]) => (b'\t', tail),
            (b'\\', [b'x', a, b, tail @ ..]) => {
                let digits = [*a, *b];
                let digits = core::str::from_utf8(&digits).unwrap();
                (u8::from_str_radix(digits, 16).unwrap(), tail)
            }
            (b'\\', [escaped, tail @ ..]) => (*escaped, tail),
            (plain, tail) => (*plain, tail),
        };
        octets.push(octet);
        rest = tail;
    }
    octets
}
