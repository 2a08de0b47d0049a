use alloc::string::String;
use core::fmt::Write;

use bytes::{Buf, BytesMut};
use mailwire::frame::{LineFramer, Look, strip_eol};
use tokio_util::codec::{Decoder, Encoder};

use super::{CodecError, cut_off};
use crate::{Reply, client::Limits, parse::reply::reply_line};

/// Replies (RFC 5321 §4.2), read with the tolerance of the client machine: a code alone is a reply,
/// a bare LF ends a line, of different codes the first counts, and text need not be UTF-8.
///
/// ```
/// use bytes::BytesMut;
/// use smtp_proto::{Reply, codec::ReplyCodec};
/// use tokio_util::codec::Decoder;
///
/// let mut wire = BytesMut::from(&b"250-mx.example.org\r\n250 PIPELINING\r\n220"[..]);
/// let mut replies = ReplyCodec::default();
/// assert_eq!(replies.decode(&mut wire)?, Some(Reply::new(250, "mx.example.org\nPIPELINING")));
/// assert_eq!(replies.decode(&mut wire)?, None);
/// # Ok::<(), smtp_proto::codec::CodecError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReplyCodec {
    lines: LineFramer,
    limit: usize,
    scanned: usize,
    code: Option<u16>,
    text: String,
}

impl ReplyCodec {
    /// A codec for lines and replies of at most so many octets, as in the client's
    /// [`Limits`]; the default takes those of its default.
    pub const fn new(line: usize, reply: usize) -> Self {
        Self {
            lines: LineFramer::new(line),
            limit: reply,
            scanned: 0,
            code: None,
            text: String::new(),
        }
    }
}

impl Default for ReplyCodec {
    fn default() -> Self {
        let limits = Limits::default();
        Self::new(limits.line, limits.reply)
    }
}

impl Decoder for ReplyCodec {
    type Item = Reply;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Reply>, CodecError> {
        loop {
            let len = match self.lines.look(src, self.scanned) {
                Look::Complete { len, .. } => len,
                Look::Partial => {
                    self.scanned = src.len();
                    return Ok(None);
                }
                Look::TooLong(_) | Look::Skip(_) => return Err(CodecError::TooLong),
            };
            self.scanned = 0;
            let line = strip_eol(src.get(..len).unwrap_or_default());
            let parsed = reply_line(line).ok_or(CodecError::NotReply)?;
            if self.code.is_some() {
                self.text.push('\n');
            }
            // RFC 5321 §4.2.1 forbids lines of different codes; where they come, the first counts.
            let code = *self.code.get_or_insert(parsed.code);
            self.text.push_str(&String::from_utf8_lossy(parsed.text));
            let last = parsed.last;
            src.advance(len);
            if self.text.len() > self.limit {
                return Err(CodecError::TooLong);
            }
            if last {
                self.code = None;
                return Ok(Some(Reply::from_wire(code, core::mem::take(&mut self.text))));
            }
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Reply>, CodecError> {
        match self.decode(src)? {
            None if self.code.is_some() || !src.is_empty() => Err(cut_off()),
            reply => Ok(reply),
        }
    }
}

impl Encoder<&Reply> for ReplyCodec {
    type Error = CodecError;

    fn encode(&mut self, reply: &Reply, dst: &mut BytesMut) -> Result<(), CodecError> {
        // Writing to a BytesMut cannot fail.
        let _ = write!(dst, "{reply}");
        Ok(())
    }
}

impl Encoder<Reply> for ReplyCodec {
    type Error = CodecError;

    fn encode(&mut self, reply: Reply, dst: &mut BytesMut) -> Result<(), CodecError> {
        self.encode(&reply, dst)
    }
}
