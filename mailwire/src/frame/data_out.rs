use bytes::{Bytes, BytesMut};
use memchr::memchr2;

use super::scan;
use crate::{SendBuf, send::LINK};

/// What to do with a CR or LF that is not part of a CRLF, in data that is to be sent. It is never
/// sent as it is: some receivers would read an end of data into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutEol {
    /// Send CRLF instead.
    #[default]
    Normalise,
    /// Refuse to send it.
    Refuse,
}

/// A bare CR or LF stood in data that was to be sent under [`OutEol::Refuse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bare CR or LF in the message, at octet {offset}")]
#[non_exhaustive]
pub struct BareEolFound {
    /// Where, counted from the start of the data.
    pub offset: u64,
}

/// Puts dot-stuffing in and ends the data (RFC 5321 §4.5.2, RFC 1939 §3).
///
/// ```
/// use mailwire::{SendBuf, frame::{DataEncoder, OutEol}};
///
/// let mut out = SendBuf::new();
/// let mut encoder = DataEncoder::new(OutEol::Normalise);
/// encoder.encode(b".hidden\nlast line", &mut out)?;
/// encoder.finish(&mut out)?;
/// assert_eq!(&out.take_all()[..], b"..hidden\r\nlast line\r\n.\r\n");
/// # Ok::<(), mailwire::frame::BareEolFound>(())
/// ```
#[derive(Clone, Debug)]
pub struct DataEncoder {
    eol: OutEol,
    counted: bool,
    at: At,
    offset: u64,
    /// The last dot stood a line or two after the one before it: the next is likely to, too.
    short_runs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    Text,
    /// After a CR that has not been sent: what follows says what it was.
    Cr,
}

/// Where a run of octets that can be sent as they are goes to.
trait Sink {
    fn run(&mut self, from: usize, to: usize);
    fn insert(&mut self, octets: &'static [u8]);
}

struct Copied<'a>(&'a [u8], &'a mut SendBuf);
struct Extended<'a>(&'a [u8], &'a mut BytesMut);
struct Linked<'a>(&'a Bytes, &'a mut SendBuf);

impl Sink for Copied<'_> {
    fn run(&mut self, from: usize, to: usize) {
        self.1.put(self.0.get(from..to).unwrap_or_default());
    }
    fn insert(&mut self, octets: &'static [u8]) {
        self.1.put(octets);
    }
}

impl Sink for Extended<'_> {
    fn run(&mut self, from: usize, to: usize) {
        self.1.extend_from_slice(self.0.get(from..to).unwrap_or_default());
    }
    fn insert(&mut self, octets: &'static [u8]) {
        self.1.extend_from_slice(octets);
    }
}

impl Sink for Linked<'_> {
    fn run(&mut self, from: usize, to: usize) {
        let run = self.0.get(from..to).unwrap_or_default();
        if run.len() < LINK {
            self.1.put(run);
        } else {
            self.1.put_bytes(self.0.slice_ref(run));
        }
    }
    fn insert(&mut self, octets: &'static [u8]) {
        self.1.put(octets);
    }
}

impl DataEncoder {
    /// An encoder at the start of the data.
    pub const fn new(eol: OutEol) -> Self {
        Self { eol, counted: false, at: At::LineStart, offset: 0, short_runs: false }
    }

    /// An encoder for data whose octets are counted (BDAT, RFC 3030): dots are not stuffed and no
    /// dot ends the data. Line ends are dealt with as ever, that of the last line, too.
    pub const fn counted(eol: OutEol) -> Self {
        Self { eol, counted: true, at: At::LineStart, offset: 0, short_runs: false }
    }

    /// Appends `octets`, stuffed, to `out`.
    ///
    /// # Errors
    ///
    /// [`BareEolFound`] under [`OutEol::Refuse`]. What stands in `out` then must not be completed:
    /// the connection has to be given up.
    pub fn encode(&mut self, octets: &[u8], out: &mut SendBuf) -> Result<(), BareEolFound> {
        out.reserve(octets.len());
        self.stuff(octets, &mut Copied(octets, out))
    }

    /// Like [`encode`](Self::encode), but long runs are linked, not copied.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_bytes(&mut self, octets: &Bytes, out: &mut SendBuf) -> Result<(), BareEolFound> {
        self.stuff(octets, &mut Linked(octets, out))
    }

    /// Like [`encode`](Self::encode), into a buffer of another kind.
    ///
    /// # Errors
    ///
    /// As for [`encode`](Self::encode).
    pub fn encode_into(&mut self, octets: &[u8], out: &mut BytesMut) -> Result<(), BareEolFound> {
        self.stuff(octets, &mut Extended(octets, out))
    }

    /// Ends the data: the last line is completed where that is needed, and the lone dot follows.
    ///
    /// # Errors
    ///
    /// [`BareEolFound`] under [`OutEol::Refuse`], for a CR as the very last octet.
    pub fn finish(&mut self, out: &mut SendBuf) -> Result<(), BareEolFound> {
        self.end(&mut Copied(&[], out))
    }

    /// Like [`finish`](Self::finish), into a buffer of another kind.
    ///
    /// # Errors
    ///
    /// As for [`finish`](Self::finish).
    pub fn finish_into(&mut self, out: &mut BytesMut) -> Result<(), BareEolFound> {
        self.end(&mut Extended(&[], out))
    }

    fn end(&mut self, sink: &mut impl Sink) -> Result<(), BareEolFound> {
        match self.at {
            At::LineStart => {}
            At::Text => sink.insert(b"\r\n"),
            At::Cr => {
                self.held_cr(0)?;
                sink.insert(b"\r\n");
            }
        }
        self.at = At::LineStart;
        if !self.counted {
            sink.insert(b".\r\n");
        }
        Ok(())
    }

    fn stuff(&mut self, octets: &[u8], sink: &mut impl Sink) -> Result<(), BareEolFound> {
        // `run` is where the octets that are not sent yet begin, `pos` where the search goes on.
        // As far as `careful`, the search goes line by line.
        let (mut run, mut pos, mut careful) = (0, 0, usize::from(self.short_runs));
        while let Some(&octet) = octets.get(pos) {
            match self.at {
                At::Cr if octet == b'\n' => {
                    sink.insert(b"\r\n");
                    (run, pos, self.at) = (pos + 1, pos + 1, At::LineStart);
                    continue;
                }
                At::Cr => {
                    self.held_cr(pos)?;
                    sink.insert(b"\r\n");
                    self.at = At::LineStart;
                }
                At::LineStart | At::Text => {}
            }
            if self.at == At::LineStart && octet == b'.' && !self.counted {
                self.short_runs = pos - run < scan::CAREFUL;
                careful = pos + usize::from(self.short_runs);
                sink.run(run, pos);
                sink.insert(b".");
                run = pos;
            }
            self.at = At::Text;
            if pos >= careful {
                pos = scan::in_order(octets, pos, !self.counted);
            }
            let rest = octets.get(pos..).unwrap_or_default();
            let found = match rest.first() {
                Some(b'\r') => Some(0),
                _ => memchr2(b'\r', b'\n', rest),
            };
            let Some(eol) = found else { break };
            pos += eol;
            match octets.get(pos..).unwrap_or_default() {
                [b'\r', b'\n', ..] => {
                    pos += 2;
                    self.at = At::LineStart;
                }
                [b'\r'] => {
                    sink.run(run, pos);
                    (run, pos, self.at) = (pos + 1, pos + 1, At::Cr);
                }
                _ => {
                    self.bare(pos)?;
                    sink.run(run, pos);
                    sink.insert(b"\r\n");
                    (run, pos, self.at) = (pos + 1, pos + 1, At::LineStart);
                    careful = pos + scan::CAREFUL;
                }
            }
        }
        sink.run(run, octets.len());
        self.offset = self.offset.saturating_add(octets.len() as u64);
        Ok(())
    }

    /// The CR that stood before `pos` turns out to be bare.
    fn held_cr(&self, pos: usize) -> Result<(), BareEolFound> {
        self.bare(pos).map_err(|found| BareEolFound { offset: found.offset.saturating_sub(1) })
    }

    fn bare(&self, pos: usize) -> Result<(), BareEolFound> {
        match self.eol {
            OutEol::Normalise => Ok(()),
            OutEol::Refuse => Err(BareEolFound { offset: self.offset.saturating_add(pos as u64) }),
        }
    }
}
