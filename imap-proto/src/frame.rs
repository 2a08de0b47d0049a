//! Framing: where a command or response ends, literals included.
//!
//! A frame is a line, or lines joined by literals: `{n}` at the end of a line says that `n` octets
//! and another line follow (RFC 3501 §4.3). The octets of a literal are counted, not looked at.
//! Each octet is looked at once, however the input is cut.
//!
//! In a command, `{n}` at the end of a line always announces a literal. In a response it does so only
//! where a string can stand: a line of text for people that ends in `{12}` is text.

use mailwire::RecvBuf;

/// Octets kept at the end of a skipped line, to see whether a literal follows: enough for
/// `{18446744073709551615+}` and CRLF.
const TAIL: usize = 32;

/// Finds frames at the start of a [`RecvBuf`].
///
/// A frame longer than the buffer's limit, or with a line longer than the framer's, is
/// [too long](Frame::TooLong) and can only be [skipped](Framer::skip).
///
/// ```
/// use imap_proto::frame::{Frame, Framer};
/// use mailwire::RecvBuf;
///
/// let mut buf = RecvBuf::new(1024);
/// let mut framer = Framer::commands(128);
/// buf.push(b"a LOGIN {3}\r\n");
/// assert_eq!(framer.find(&mut buf), Frame::Literal { len: 13, size: 3, sync: true });
/// framer.gather();
/// buf.push(b"tim {4+}\r\npass\r\nb NOOP\r\n");
/// assert_eq!(framer.find(&mut buf), Frame::Literal { len: 23, size: 4, sync: false });
/// framer.gather();
/// assert_eq!(framer.find(&mut buf), Frame::Complete { len: 29 });
/// ```
#[derive(Clone, Debug)]
pub struct Framer {
    limit: usize,
    responses: bool,
    text: bool,
    /// Where the current line begins: after the last literal of the frame.
    line: usize,
    found: Option<Frame>,
    skipping: Option<u64>,
}

/// What a [`Framer`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is nothing else to find")]
pub enum Frame {
    /// No whole frame yet.
    Partial,
    /// The first `len` unread octets are a frame.
    Complete {
        /// Length with the final CRLF.
        len: usize,
    },
    /// The first `len` unread octets end in the announcement of a literal. Say what to do with it:
    /// [`gather`](Framer::gather), [`stream`](Framer::stream) or [`skip`](Framer::skip).
    Literal {
        /// Length up to and with the CRLF after the announcement.
        len: usize,
        /// Octets of the literal.
        size: u64,
        /// Whether the peer waits to be told to go on (RFC 7888).
        sync: bool,
    },
    /// The frame, or a line of it, is too long. What has come of it is still unread;
    /// [`skip`](Framer::skip) it.
    TooLong,
    /// The frame that was to be skipped has come to its end and is consumed.
    Skipped,
}

impl Framer {
    /// A framer for commands, with lines of at most `limit` octets.
    pub const fn commands(limit: usize) -> Self {
        Self { limit, responses: false, text: false, line: 0, found: None, skipping: None }
    }

    /// A framer for responses, with lines of at most `limit` octets.
    pub const fn responses(limit: usize) -> Self {
        Self { limit, responses: true, text: false, line: 0, found: None, skipping: None }
    }

    /// Whether the lines to come are text without literals: of a SASL exchange, or `DONE`.
    pub const fn set_text(&mut self, text: bool) {
        self.text = text;
    }

    /// Sets the limit for the lines to come.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Looks for a frame. Finds the same again until it is told what to do with it.
    pub fn find(&mut self, buf: &mut RecvBuf) -> Frame {
        if let Some(found) = self.found {
            return found;
        }
        if self.skipping.is_some() {
            return self.skip_on(buf);
        }
        let found = match self.line_end(buf) {
            Some(end) if end.saturating_sub(self.line) > self.limit => Frame::TooLong,
            Some(end) => match self.announced(buf, end) {
                Some((size, sync)) => Frame::Literal { len: end, size, sync },
                None => Frame::Complete { len: end },
            },
            None if buf.len().saturating_sub(self.line) >= self.limit => Frame::TooLong,
            None if buf.len() >= buf.limit() => Frame::TooLong,
            None => return Frame::Partial,
        };
        self.found = Some(found);
        found
    }

    /// The end of the current line, CRLF included. A CR or LF alone ends nothing.
    fn line_end(&self, buf: &mut RecvBuf) -> Option<usize> {
        loop {
            let from = buf.scanned().max(self.line);
            let fresh = buf.unread().get(from..)?;
            let Some(at) = memchr::memchr(b'\n', fresh) else {
                let held = buf.len();
                buf.set_scanned(held);
                return None;
            };
            let end = from.saturating_add(at).saturating_add(1);
            buf.set_scanned(end);
            let line = buf.unread().get(self.line..end).unwrap_or_default();
            if line.ends_with(b"\r\n") {
                return Some(end);
            }
        }
    }

    /// The literal that the line up to `end` announces.
    fn announced(&self, buf: &RecvBuf, end: usize) -> Option<(u64, bool)> {
        let frame = buf.unread().get(..end)?;
        if self.text || (self.responses && self.line == 0 && is_text_response(frame)) {
            return None;
        }
        announced(frame.get(self.line..)?)
    }

    /// Takes the literal into the frame: its octets are waited for. Whether there is room is for the
    /// caller to know: `len + size` must stay below the buffer's limit.
    pub fn gather(&mut self) {
        if let Some(Frame::Literal { len, size, .. }) = self.found {
            self.line = len.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
            self.found = None;
        }
    }

    /// The caller consumes the frame up to its literal, or all of it, and the literal by itself: the
    /// next frame begins there.
    pub fn stream(&mut self) {
        self.found = None;
        self.line = 0;
    }

    /// Skips the rest of the frame: its literals, if the peer sends them unasked, and its lines. A
    /// synchronizing literal ends it, for the peer will not send what it was not asked for. All is
    /// consumed as it comes, in bounded memory; [`Frame::Skipped`] says when it is over.
    pub fn skip(&mut self, buf: &mut RecvBuf) {
        let line = core::mem::take(&mut self.line);
        self.skipping = Some(0);
        match self.found.take() {
            Some(Frame::Literal { len, size, sync }) => {
                buf.consume(len);
                // A server waits for nobody: its octets come.
                if sync && !self.responses {
                    self.skipping = None;
                    self.found = Some(Frame::Skipped);
                } else {
                    self.skipping = Some(size);
                }
            }
            Some(Frame::Complete { len }) => {
                buf.consume(len);
                self.skipping = None;
                self.found = Some(Frame::Skipped);
            }
            // An over-long line may have come whole: look for its end again. The lines before it,
            // and their literals, are dealt with.
            _ => {
                buf.consume(line);
                buf.set_scanned(0);
            }
        }
    }

    /// Passes over so many octets, and then over the rest of the frame, as [`skip`](Self::skip)
    /// does.
    pub fn discard(&mut self, octets: u64) {
        self.line = 0;
        self.found = None;
        self.skipping = Some(octets);
    }

    fn skip_on(&mut self, buf: &mut RecvBuf) -> Frame {
        loop {
            let left = self.skipping.unwrap_or(0);
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
            buf.consume(now);
            let left = left.saturating_sub(now as u64);
            self.skipping = Some(left);
            if left > 0 {
                return Frame::Partial;
            }
            let Some(end) = self.line_end(buf) else {
                buf.consume(buf.len().saturating_sub(TAIL));
                return Frame::Partial;
            };
            let literal = buf.unread().get(..end).and_then(announced).filter(|_| !self.text);
            buf.consume(end);
            match literal {
                Some((size, sync)) if !sync || self.responses => self.skipping = Some(size),
                _ => {
                    self.skipping = None;
                    self.found = Some(Frame::Skipped);
                    return Frame::Skipped;
                }
            }
        }
    }

    /// The frame that was found is dealt with and consumed: the next one begins.
    pub const fn next(&mut self) {
        self.found = None;
        self.line = 0;
    }
}

/// Size and kind of the literal that a line ends in.
fn announced(line: &[u8]) -> Option<(u64, bool)> {
    let line = line.strip_suffix(b"}\r\n")?;
    let (line, sync) = match line.strip_suffix(b"+") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let digits = line.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (before, digits) = line.split_at_checked(line.len().saturating_sub(digits))?;
    before.strip_suffix(b"{")?;
    let mut size = 0u64;
    if digits.is_empty() {
        return None;
    }
    for digit in digits {
        size = size.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    }
    Some((size, sync))
}

/// Whether a response is a status response or a continuation: text for people at its end
/// (RFC 3501 §7.1, §7.5).
fn is_text_response(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"* ") else { return true };
    // Spaces and brackets are where careless servers put them: `*  OK x`, `* OK[ALERT] x`.
    let rest = rest.trim_ascii_start();
    let word = rest.split(|b| matches!(b, b' ' | b'\t' | b'\r' | b'[')).next().unwrap_or_default();
    // A code without OK before it is a status response all the same.
    rest.starts_with(b"[")
        || ["OK", "NO", "BAD", "BYE", "PREAUTH"]
            .iter()
            .chain(&crate::parse::BARE_CODES)
            .any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
}
