use memchr::memchr;

use crate::RecvBuf;

/// Finds whole lines in a [`RecvBuf`].
///
/// A line ends with LF; whether a CR stands before it is reported, not judged. A line longer than
/// the limit is swallowed as it comes, in bounded memory, and reported once its end was seen, so
/// that nothing of it can be mistaken for another line.
///
/// ```
/// use mailwire::{RecvBuf, frame::{Line, LineFramer}};
///
/// let mut buf = RecvBuf::new(64);
/// let mut lines = LineFramer::new(16);
/// buf.push(b"NOOP\r\nQUI");
/// assert_eq!(lines.find(&mut buf), Line::Complete { len: 6, crlf: true });
/// buf.consume(6);
/// assert_eq!(lines.find(&mut buf), Line::Partial);
/// ```
#[derive(Clone, Debug)]
pub struct LineFramer {
    limit: usize,
    skipping: bool,
}

/// What a [`LineFramer`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is nothing else to find")]
pub enum Line {
    /// The first `len` unread octets are a line, its end included. The caller consumes them.
    Complete {
        /// Length with CRLF or LF.
        len: usize,
        /// Whether the line ends in CRLF.
        crlf: bool,
    },
    /// A line longer than the limit; all of it has been consumed.
    TooLong,
    /// No whole line yet.
    Partial,
}

impl LineFramer {
    /// A framer for lines of at most `limit` octets, the line end included. The limit must not be
    /// above that of the buffer.
    pub const fn new(limit: usize) -> Self {
        Self { limit, skipping: false }
    }

    /// Sets the limit for the lines to come.
    pub const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Looks for the end of the line at the start of `buf`.
    pub fn find(&mut self, buf: &mut RecvBuf) -> Line {
        let scanned = buf.scanned();
        let fresh = buf.unread().get(scanned..).unwrap_or_default();
        let Some(at) = memchr(b'\n', fresh) else {
            let held = buf.len();
            buf.set_scanned(held);
            if self.skipping || held >= self.limit.min(buf.limit()) {
                self.skipping = true;
                buf.consume(held);
            }
            return Line::Partial;
        };
        let len = scanned + at + 1;
        buf.set_scanned(len);
        if self.skipping || len > self.limit {
            self.skipping = false;
            buf.consume(len);
            return Line::TooLong;
        }
        let crlf = len >= 2 && buf.unread().get(len - 2) == Some(&b'\r');
        Line::Complete { len, crlf }
    }

    /// Whether an over-long line is being swallowed.
    pub const fn is_skipping(&self) -> bool {
        self.skipping
    }
}

/// A line without its CRLF or LF.
pub fn strip_eol(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
