use core::fmt::Write;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use mailwire::{
    frame::{
        BareEol, DataDecoder, DataEncoder, Defects, LineFramer, Look, OutEol, Piece, strip_eol,
    },
    sasl,
};
use tokio_util::codec::{Decoder, Encoder};

use super::{CodecError, CommandLine, cut_off};
use crate::{Command, server::Limits};

/// Command lines and message data.
///
/// It decodes lines, until [`begin_data`](Self::begin_data) or [`begin_bdat`](Self::begin_bdat)
/// says that a message comes; after its end, lines again. What has come is not looked at before it
/// is asked for, so a client that pipelines does not matter. Nothing counts the size of a message:
/// to go on decoding is also the way to be rid of one that is too large.
///
/// What it encodes: a [`Command`]; [`Data`], the message after DATA; [`Bdat`], a part of a message
/// with its command; [`sasl::Response`], a line within AUTH.
#[derive(Clone, Debug)]
pub struct CommandCodec {
    lines: LineFramer,
    scanned: usize,
    mode: Mode,
    bare_eol: OutEol,
    /// Stuffs what is sent, from the first [`Data::Chunk`] to [`Data::End`].
    encoder: DataEncoder,
}

#[derive(Clone, Debug)]
enum Mode {
    Lines,
    Data(DataDecoder),
    /// So many octets of a BDAT are to come.
    Bdat(u64),
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandFrame {
    /// A whole line.
    Line(CommandLine),
    /// A line that must not be taken: answer it with 500. The session can go on.
    Fault(Fault),
    /// The next octets of the message, dot-stuffing taken out; none after a defect that is refused.
    Chunk(Bytes),
    /// The message is whole, or the BDAT is. The next frame is a line.
    End {
        /// Whether a part of the message was held back, because of [`BareEol::Refuse`]: answer it
        /// with 550 5.6.11.
        refused: bool,
        /// What was wrong in it.
        defects: Defects,
    },
}

/// Why a line must not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Longer than the limit. All of it has been dropped, in bounded memory.
    #[error("5.5.6 Line too long")]
    TooLong,
    /// It ends in LF without CR (RFC 5321 §2.3.8). It has been dropped.
    #[error("5.5.2 Line ends with a bare LF")]
    BareLf,
}

/// Message data after DATA, for [`CommandCodec`] to stuff and end (RFC 5321 §4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a message has parts and an end")]
pub enum Data<'a> {
    /// Octets of the message, cut anywhere.
    Chunk(&'a [u8]),
    /// That was all: the last line is completed if need be, and the lone dot follows.
    End,
}

/// A part of a message with its BDAT command (RFC 3030 §2), so that the count cannot be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a BDAT has no more to it")]
pub struct Bdat<'a> {
    /// The octets, sent as they are.
    pub octets: &'a [u8],
    /// Whether the message ends with them.
    pub last: bool,
}

impl CommandCodec {
    /// A codec for lines of at most `line` octets, line end included. The default takes that of the
    /// server's [`Limits`].
    pub const fn new(line: usize) -> Self {
        Self {
            lines: LineFramer::new(line),
            scanned: 0,
            mode: Mode::Lines,
            bare_eol: OutEol::Normalise,
            encoder: DataEncoder::new(OutEol::Normalise),
        }
    }

    /// Sets the limit for the lines to come: those within AUTH may have 12,288 octets (RFC 4954
    /// §4).
    pub const fn set_line_limit(&mut self, line: usize) {
        self.lines.set_limit(line);
    }

    /// What to do with a bare CR or LF in messages that are encoded; to be said between messages.
    pub const fn set_bare_eol(&mut self, bare_eol: OutEol) {
        self.bare_eol = bare_eol;
        self.encoder = DataEncoder::new(bare_eol);
    }

    /// A message is what comes next: call it with the 354. Chunks follow, and
    /// [`CommandFrame::End`].
    pub const fn begin_data(&mut self, bare_eol: BareEol) {
        self.mode = Mode::Data(DataDecoder::new(bare_eol));
    }

    /// The `size` octets of a [`Command::Bdat`] are what comes next, whether or not it is accepted: a refused
    /// one must be read, too (RFC 3030 §2). Chunks follow, and [`CommandFrame::End`].
    pub const fn begin_bdat(&mut self, size: u64) {
        self.mode = Mode::Bdat(size);
    }

    fn line(&mut self, src: &mut BytesMut) -> Option<CommandFrame> {
        let look = self.lines.look(src, self.scanned);
        self.scanned = 0;
        match look {
            Look::Complete { len, crlf } => {
                let mut line = src.split_to(len).freeze();
                line.truncate(strip_eol(&line).len());
                Some(if crlf {
                    CommandFrame::Line(CommandLine::new(line))
                } else {
                    CommandFrame::Fault(Fault::BareLf)
                })
            }
            Look::TooLong(n) => {
                src.advance(n);
                Some(CommandFrame::Fault(Fault::TooLong))
            }
            Look::Skip(n) => {
                src.advance(n);
                None
            }
            Look::Partial => {
                self.scanned = src.len();
                None
            }
        }
    }
}

impl Default for CommandCodec {
    fn default() -> Self {
        Self::new(Limits::default().line)
    }
}

impl Decoder for CommandCodec {
    type Item = CommandFrame;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<CommandFrame>, CodecError> {
        let frame = match &mut self.mode {
            Mode::Lines => return Ok(self.line(src)),
            Mode::Data(decoder) => loop {
                match decoder.next(src) {
                    Piece::Payload(n) => break CommandFrame::Chunk(src.split_to(n).freeze()),
                    Piece::Crlf(n) => {
                        src.advance(n);
                        break CommandFrame::Chunk(Bytes::from_static(b"\r\n"));
                    }
                    Piece::Skip(n) => src.advance(n),
                    Piece::End(n) => {
                        src.advance(n);
                        let (refused, defects) = (decoder.refused(), decoder.defects());
                        break CommandFrame::End { refused, defects };
                    }
                    Piece::Partial => return Ok(None),
                }
            },
            Mode::Bdat(0) => CommandFrame::End { refused: false, defects: Defects::default() },
            Mode::Bdat(_) if src.is_empty() => return Ok(None),
            Mode::Bdat(left) => {
                let n = usize::try_from(*left).map_or(src.len(), |left| left.min(src.len()));
                *left -= n as u64;
                CommandFrame::Chunk(src.split_to(n).freeze())
            }
        };
        if matches!(frame, CommandFrame::End { .. }) {
            self.mode = Mode::Lines;
        }
        Ok(Some(frame))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<CommandFrame>, CodecError> {
        match self.decode(src)? {
            None if matches!(self.mode, Mode::Lines)
                && src.is_empty()
                && !self.lines.is_skipping() =>
            {
                Ok(None)
            }
            None => Err(cut_off()), // a message that has not ended is none
            frame => Ok(frame),
        }
    }
}

impl Encoder<&Command<'_>> for CommandCodec {
    type Error = CodecError;

    fn encode(&mut self, command: &Command<'_>, dst: &mut BytesMut) -> Result<(), CodecError> {
        // Writing to a BytesMut cannot fail.
        let _ = write!(dst, "{command}\r\n");
        Ok(())
    }
}

impl Encoder<Command<'_>> for CommandCodec {
    type Error = CodecError;

    fn encode(&mut self, command: Command<'_>, dst: &mut BytesMut) -> Result<(), CodecError> {
        self.encode(&command, dst)
    }
}

impl Encoder<Data<'_>> for CommandCodec {
    type Error = CodecError;

    fn encode(&mut self, data: Data<'_>, dst: &mut BytesMut) -> Result<(), CodecError> {
        match data {
            Data::Chunk(octets) => self.encoder.encode_into(octets, dst)?,
            Data::End => {
                self.encoder.finish_into(dst)?;
                self.encoder = DataEncoder::new(self.bare_eol);
            }
        }
        Ok(())
    }
}

impl Encoder<Bdat<'_>> for CommandCodec {
    type Error = CodecError;

    fn encode(&mut self, part: Bdat<'_>, dst: &mut BytesMut) -> Result<(), CodecError> {
        let last = if part.last { " LAST" } else { "" };
        let _ = write!(dst, "BDAT {}{last}\r\n", part.octets.len());
        dst.put_slice(part.octets);
        Ok(())
    }
}

/// A line within AUTH: base64, or `*` where there is nothing to say (RFC 4954 §4).
impl Encoder<sasl::Response> for CommandCodec {
    type Error = CodecError;

    fn encode(&mut self, response: sasl::Response, dst: &mut BytesMut) -> Result<(), CodecError> {
        match response {
            sasl::Response::Data(message) => dst.put_slice(sasl::encode(&message).as_bytes()),
            _ => dst.put_slice(b"*"),
        }
        dst.put_slice(b"\r\n");
        Ok(())
    }
}
