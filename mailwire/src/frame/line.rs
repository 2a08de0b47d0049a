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

/// What [`LineFramer::look`] found, and what is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is nothing else to find")]
pub enum Look {
    /// The first `len` octets are a line: consume them.
    Complete {
        /// Length with CRLF or LF.
        len: usize,
        /// Whether the line ends in CRLF.
        crlf: bool,
    },
    /// The first `n` octets end a line longer than the limit: consume them, and report it.
    TooLong(usize),
    /// The first `n` octets belong to a line longer than the limit: consume them.
    Skip(usize),
    /// No line end: show these octets again when there are more.
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
        match self.look(buf.unread(), buf.scanned()) {
            Look::Complete { len, crlf } => {
                buf.set_scanned(len);
                Line::Complete { len, crlf }
            }
            Look::TooLong(len) => {
                buf.set_scanned(len);
                buf.consume(len);
                Line::TooLong
            }
            Look::Skip(held) => {
                buf.set_scanned(held);
                buf.consume(held);
                Line::Partial
            }
            Look::Partial => {
                let held = buf.len();
                buf.set_scanned(held);
                if held >= buf.limit() {
                    self.skipping = true;
                    buf.consume(held);
                }
                Line::Partial
            }
        }
    }

    /// The search of [`find`](Self::find), for octets that stand in a buffer of another kind.
    ///
    /// `unread` begins with the line; the first `scanned` of it were shown before, without an
    /// answer. The caller does what the [`Look`] says.
    ///
    /// ```
    /// use mailwire::frame::{LineFramer, Look};
    ///
    /// let mut lines = LineFramer::new(8);
    /// assert_eq!(lines.look(b"NOOP\r", 0), Look::Partial);
    /// assert_eq!(lines.look(b"NOOP\r\nQ", 5), Look::Complete { len: 6, crlf: true });
    /// assert_eq!(lines.look(b"VRFY a-long", 0), Look::Skip(11));
    /// assert_eq!(lines.look(b"-name\r\n", 0), Look::TooLong(7));
    /// ```
    pub fn look(&mut self, unread: &[u8], scanned: usize) -> Look {
        let fresh = unread.get(scanned..).unwrap_or_default();
        let Some(at) = memchr(b'\n', fresh) else {
            if self.skipping || unread.len() >= self.limit {
                self.skipping = true;
                return Look::Skip(unread.len());
            }
            return Look::Partial;
        };
        let len = scanned + at + 1;
        if self.skipping || len > self.limit {
            self.skipping = false;
            return Look::TooLong(len);
        }
        let crlf = len >= 2 && unread.get(len - 2) == Some(&b'\r');
        Look::Complete { len, crlf }
    }

    /// Whether an over-long line is being swallowed.
    pub const fn is_skipping(&self) -> bool {
        self.skipping
    }
}

/// A line without its CRLF or LF.
#[inline]
pub const fn strip_eol(line: &[u8]) -> &[u8] {
    match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n' | b'\r'] => line,
        _ => line,
    }
}
