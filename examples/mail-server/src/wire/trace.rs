//! Shows who said what on a connection, line by line; secrets hidden, long texts shortened.

use std::{fmt, sync::Arc};

/// Lines of one speaker in a row that are shown before the rest is only counted.
const SHOWN_IN_A_ROW: usize = 7;
/// Characters of a line that are shown.
const SHOWN_OF_A_LINE: usize = 90;
/// Octets of a line that are kept: enough for that many characters, and one more.
const KEPT_OF_A_LINE: usize = 4 * (SHOWN_OF_A_LINE + 1);

/// What one side said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    pub(crate) client: Arc<str>,
    pub(crate) server: Arc<str>,
    /// Who said it.
    pub(crate) by: Side,
    /// Printable, without line end; `…` stands for what was left out.
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// Where the lines go.
pub(crate) type Sink = Arc<dyn Fn(Line) + Send + Sync>;

/// Follows one connection.
pub(crate) struct Trace {
    client: Arc<str>,
    server: Arc<str>,
    us: Side,
    sink: Sink,
    from_client: Partial,
    from_server: Partial,
    /// Who speaks, and how much was said in a row.
    row: Row,
    /// A log-in is under way: what the client says is secret until the server has answered.
    secret: bool,
}

impl Trace {
    /// `us` is the side whose end of the connection is watched.
    pub(crate) fn new(client: &str, server: &str, us: Side, sink: Sink) -> Self {
        Self {
            client: client.into(),
            server: server.into(),
            us,
            sink,
            from_client: Partial::default(),
            from_server: Partial::default(),
            row: Row::default(),
            secret: false,
        }
    }

    /// What our side read.
    pub(super) fn received(&mut self, octets: &[u8]) {
        match self.us {
            Side::Client => self.said(Side::Server, octets),
            Side::Server => self.said(Side::Client, octets),
        }
    }

    /// What our side wrote.
    pub(super) fn sent(&mut self, octets: &[u8]) {
        self.said(self.us, octets);
    }

    /// TLS has started; this is said by nobody in words.
    pub(super) fn secured(&mut self, version: &str) {
        self.end_row();
        self.show(Side::Client, format!("… {version} from here on"));
    }

    fn said(&mut self, by: Side, octets: &[u8]) {
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            let partial = match by {
                Side::Client => &mut self.from_client,
                Side::Server => &mut self.from_server,
            };
            if let Some((text, octets)) = partial.push(piece) {
                self.line(by, text, octets);
            }
        }
    }

    fn line(&mut self, by: Side, text: String, octets: usize) {
        let text = match by {
            Side::Client => self.without_secrets(text),
            Side::Server => {
                let goes_on =
                    text == "+" || ["334", "+ ", "* "].iter().any(|p| text.starts_with(p));
                self.secret &= goes_on;
                text
            }
        };
        if self.row.by != Some(by) {
            self.end_row();
            self.row.by = Some(by);
        }
        if self.row.shown < SHOWN_IN_A_ROW {
            self.row.shown += 1;
            self.show(by, text);
        } else {
            self.row.hidden += 1;
            self.row.octets += octets;
            self.row.last = Some((text, octets));
        }
    }

    /// Hides what follows AUTH and AUTHENTICATE mechanism, LOGIN and PASS, and all until the server
    /// has decided.
    fn without_secrets(&mut self, text: String) -> String {
        if self.secret {
            return "***".into();
        }
        // One who begins with a space, or has two, is refused; the password was said all the same.
        let words: Vec<&str> = text.split_whitespace().take(4).collect();
        let is =
            |word: Option<&&str>, verb: &str| word.is_some_and(|w| w.eq_ignore_ascii_case(verb));
        let kept = match words.first() {
            verb if is(verb, "PASS") => 1,
            verb if is(verb, "AUTH") => 2,
            _ if is(words.get(1), "AUTHENTICATE") => 3,
            _ if is(words.get(1), "LOGIN") => 2,
            _ => return text,
        };
        self.secret = true;
        if words.len() <= kept {
            return text;
        }
        let mut shown = words.get(..kept).unwrap_or_default().join(" ");
        shown.push_str(" ***");
        shown
    }

    /// Says how much was left out, and shows the last line.
    fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        if let (Some(by), Some((last, last_octets))) = (row.by, row.last) {
            if row.hidden > 1 {
                let (lines, octets) = (row.hidden - 1, row.octets - last_octets);
                let s = if lines == 1 { "" } else { "s" };
                self.show(by, format!("… {lines} more line{s}, {octets} octets"));
            }
            self.show(by, last);
        }
    }

    fn show(&self, by: Side, text: String) {
        let (client, server) = (self.client.clone(), self.server.clone());
        (self.sink)(Line { client, server, by, text });
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.end_row();
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({} to {})", self.client, self.server)
    }
}

#[derive(Default)]
struct Row {
    by: Option<Side>,
    shown: usize,
    hidden: usize,
    octets: usize,
    last: Option<(String, usize)>,
}

/// A line that has not ended yet; only as much of it is kept as can be shown.
#[derive(Default)]
struct Partial {
    kept: Vec<u8>,
    octets: usize,
}

impl Partial {
    /// The line and its length, once it has ended.
    fn push(&mut self, piece: &[u8]) -> Option<(String, usize)> {
        let room = KEPT_OF_A_LINE - self.kept.len();
        self.kept.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        self.octets += piece.len();
        if !piece.ends_with(b"\n") {
            return None;
        }
        let line = std::mem::take(self);
        Some((printable(&line.kept), line.octets))
    }
}

fn printable(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let line = text.trim_end_matches(['\r', '\n']);
    let printable = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '·',
        c => c,
    };
    let shown: String = line.chars().take(SHOWN_OF_A_LINE).map(printable).collect();
    if shown.len() < line.len() { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// `C` lines are said by the client, `S` lines by the server; the same comes back.
    fn shown(dialogue: &[(&str, &str)]) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let mut trace = Trace::new(
            "alice",
            "a.test",
            Side::Client,
            Arc::new(move |line: Line| {
                let by = if line.by == Side::Client { "C" } else { "S" };
                sink.lock().expect("whole").push(format!("{by} {}", line.text));
            }),
        );
        for (by, text) in dialogue {
            match *by {
                "C" => trace.sent(text.as_bytes()),
                _ => trace.received(text.as_bytes()),
            }
        }
        drop(trace);
        let lines = lines.lock().expect("whole");
        lines.clone()
    }

    #[test]
    fn lines_are_shown_whole_however_they_arrive() {
        let dialogue = [
            ("S", "220 a.te"),
            ("S", "st\r\n"),
            ("C", "EHLO x\r\nNOOP\r\n"),
            ("S", "250 \t\0\r\n"),
        ];
        assert_eq!(shown(&dialogue), ["S 220 a.test", "C EHLO x", "C NOOP", "S 250  ·"]);
    }

    #[test]
    fn secrets_are_hidden_until_the_server_has_decided() {
        let dialogue = [
            ("C", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
            ("S", "235 2.7.0 welcome\r\n"),
            ("C", "auth login\r\n"),
            ("S", "334 VXNlcm5hbWU6\r\n"),
            ("C", "YWxpY2U=\r\n"),
            ("S", "334 UGFzc3dvcmQ6\r\n"),
            ("C", "c2VjcmV0\r\n"),
            ("S", "535 5.7.8 no\r\n"),
            ("C", "NOOP\r\n"),
            ("C", "a1 login alice \"alice secret\"\r\n"),
            ("S", "a1 OK welcome\r\n"),
            ("C", "a2 AUTHENTICATE PLAIN AGFsaWNl\r\n"),
            ("S", "a2 NO\r\n"),
            ("C", "a3 LOGIN alice {6}\r\n"),
            ("S", "+ go on\r\n"),
            ("C", "secret\r\n"),
            ("S", "a3 OK\r\n"),
            ("C", "USER carol\r\n"),
            ("S", "+OK\r\n"),
            ("C", "PASS carol secret\r\n"),
            ("S", "+OK 1 message\r\n"),
            ("C", "LIST\r\n"),
        ];
        assert_eq!(
            shown(&dialogue),
            [
                "C AUTH PLAIN ***",
                "S 235 2.7.0 welcome",
                "C auth login",
                "S 334 VXNlcm5hbWU6",
                "C ***",
                "S 334 UGFzc3dvcmQ6",
                "C ***",
                "S 535 5.7.8 no",
                "C NOOP",
                "C a1 login ***",
                "S a1 OK welcome",
                "C a2 AUTHENTICATE PLAIN ***",
                "S a2 NO",
                "C a3 LOGIN ***",
                "S + go on",
                "C ***",
                "S a3 OK",
                "C USER carol",
                "S +OK",
                "C PASS ***",
                "S +OK 1 message",
                "C LIST",
            ]
        );
    }

    #[test]
    fn a_long_text_is_shortened_and_its_end_is_shown() {
        let text: String = (1..=20).map(|n| format!("line {n}\r\n")).collect();
        let dialogue = [("C", text.as_str()), ("C", ".\r\n"), ("S", "250 ok\r\n")];
        let shown = shown(&dialogue);
        assert_eq!(shown.len(), 10);
        assert_eq!(shown[6..], ["C line 7", "C … 13 more lines, 115 octets", "C .", "S 250 ok"]);
    }

    #[test]
    fn a_long_line_is_cut() {
        let line = format!("{}\r\n", "ä".repeat(5000));
        let shown = shown(&[("S", &line)]);
        assert_eq!(shown.len(), 1);
        assert!(shown[0].ends_with('…') && shown[0].chars().count() <= SHOWN_OF_A_LINE + 3);
    }
}
