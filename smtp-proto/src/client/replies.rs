use alloc::string::String;

use mailwire::{
    RecvBuf,
    frame::{Line, LineFramer, strip_eol},
};

use crate::{Reply, parse::reply::reply_line};

/// Gathers the lines of a reply.
#[derive(Debug)]
pub(super) struct Replies {
    lines: LineFramer,
    limit: usize,
    code: Option<u16>,
    text: String,
}

/// What came in.
pub(super) enum Received {
    Reply(Reply),
    NeedInput,
    /// Not SMTP, or more than the limits.
    Broken,
}

impl Replies {
    pub(super) const fn new(line: usize, limit: usize) -> Self {
        Self { lines: LineFramer::new(line), limit, code: None, text: String::new() }
    }

    /// Takes the next reply, if it is whole.
    pub(super) fn next(&mut self, recv: &mut RecvBuf) -> Received {
        loop {
            let len = match self.lines.find(recv) {
                Line::Complete { len, .. } => len, // a bare LF is put up with
                Line::TooLong => return Received::Broken,
                Line::Partial => return Received::NeedInput,
            };
            let line = strip_eol(recv.unread().get(..len).unwrap_or_default());
            let Some(parsed) = reply_line(line) else { return Received::Broken };
            if self.code.is_some() {
                self.text.push('\n');
            }
            // Where the codes of the lines differ, the first counts (RFC 5321 §4.2.1 forbids it).
            let code = *self.code.get_or_insert(parsed.code);
            match core::str::from_utf8(parsed.text) {
                Ok(text) => self.text.push_str(text),
                Err(_) => self.text.push_str(&String::from_utf8_lossy(parsed.text)),
            }
            let last = parsed.last;
            recv.consume(len);
            if self.text.len() > self.limit {
                return Received::Broken;
            }
            if last {
                self.code = None;
                return Received::Reply(Reply::from_wire(code, core::mem::take(&mut self.text)));
            }
        }
    }
}
