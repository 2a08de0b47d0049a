use memchr::memchr2;

/// Cuts a message after its header and a number of lines of its body (RFC 1939 §7, TOP).
#[derive(Clone, Debug)]
pub(crate) struct Top {
    lines: u64,
    at: At,
    in_body: bool,
}

/// Where the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    Text,
    /// After a CR: what follows says whether it was half of a line end or a whole one. Remembers
    /// whether the line was empty.
    Cr {
        empty: bool,
    },
}

impl Top {
    pub(crate) const fn new(lines: u64) -> Self {
        Self { lines, at: At::LineStart, in_body: false }
    }

    /// Whether nothing more of the message is wanted.
    pub(crate) fn is_done(&self) -> bool {
        // A line end that may still lack its LF is not whole.
        self.in_body && self.lines == 0 && self.at == At::LineStart
    }

    /// How many octets at the start of `chunk` belong to what is wanted.
    pub(crate) fn wanted(&mut self, chunk: &[u8]) -> usize {
        let mut pos = 0;
        while !self.is_done() {
            let rest = chunk.get(pos..).unwrap_or_default();
            let Some(&octet) = rest.first() else { break };
            match (self.at, octet) {
                (At::Cr { empty }, b'\n') => {
                    pos += 1;
                    self.line_end(empty);
                }
                // A bare CR is a line end as well: it is sent as CRLF.
                (At::Cr { empty }, _) => self.line_end(empty),
                (at, b'\r') => {
                    pos += 1;
                    self.at = At::Cr { empty: at == At::LineStart };
                }
                (at, b'\n') => {
                    pos += 1;
                    self.line_end(at == At::LineStart);
                }
                _ => {
                    self.at = At::Text;
                    pos += memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                }
            }
        }
        pos
    }

    fn line_end(&mut self, empty: bool) {
        self.at = At::LineStart;
        if self.in_body {
            self.lines = self.lines.saturating_sub(1);
        } else if empty {
            self.in_body = true;
        }
    }
}
