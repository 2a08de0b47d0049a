use memchr::memchr3;

use super::scan;

/// What to do with a CR or LF that is not part of a CRLF inside message data.
///
/// Whatever is chosen, only CRLF "." CRLF ends the data: a bare LF never makes a line start, so no
/// setting can create an end of data that the sender did not send (RFC 5321 §4.1.1.4, "SMTP
/// smuggling").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BareEol {
    /// Hand out nothing more of the message; [`Defects`] says why.
    #[default]
    Refuse,
    /// Keep it as it came.
    Keep,
    /// Replace it by CRLF.
    Normalise,
}

/// What was wrong in message data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defects {
    /// A CR without LF after it.
    pub bare_cr: bool,
    /// An LF without CR before it.
    pub bare_lf: bool,
    /// A NUL octet (RFC 5322 §4: obsolete; IMAP cannot carry it).
    pub nul: bool,
}

impl Defects {
    /// Whether a CR or LF stood alone.
    pub const fn bare_eol(self) -> bool {
        self.bare_cr || self.bare_lf
    }
}

/// The next piece of dot-stuffed data, at the start of the octets that were shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every piece must be handled")]
pub enum Piece {
    /// The first `n` octets are payload.
    Payload(usize),
    /// The first `n` octets stand for a CRLF of the payload.
    Crlf(usize),
    /// The first `n` octets carry no payload: a stuffed dot, or the rest of a refused message.
    Skip(usize),
    /// The first `n` octets end the data.
    End(usize),
    /// More octets are needed. At most two are held back.
    Partial,
}

/// Takes dot-stuffing out and finds the end of the data (RFC 5321 §4.5.2, RFC 1939 §3).
///
/// Show it the unread octets, consume what it tells, repeat:
///
/// ```
/// use mailwire::frame::{BareEol, DataDecoder, Piece};
///
/// let mut decoder = DataDecoder::new(BareEol::Refuse);
/// let mut wire = &b"..hidden\r\n.\r\nQUIT\r\n"[..];
/// let mut body = Vec::new();
/// loop {
///     match decoder.next(wire) {
///         Piece::Payload(n) => { body.extend_from_slice(&wire[..n]); wire = &wire[n..] }
///         Piece::Crlf(n) => { body.extend_from_slice(b"\r\n"); wire = &wire[n..] }
///         Piece::Skip(n) => wire = &wire[n..],
///         Piece::End(n) => { wire = &wire[n..]; break }
///         Piece::Partial => unreachable!("all of it is here"),
///     }
/// }
/// assert_eq!(body, b".hidden\r\n");
/// assert_eq!(wire, b"QUIT\r\n");
/// ```
#[derive(Clone, Debug)]
pub struct DataDecoder {
    bare_eol: BareEol,
    counted: bool,
    at: At,
    defects: Defects,
    /// The last run of payload was a line or two: the next is likely to be, too.
    short_runs: bool,
}

/// Where the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// After CRLF, or at the very start: a dot here is stuffing or the end.
    LineStart,
    /// Anywhere else; also after a stuffed dot.
    Text,
    /// At the start of a chunk, after one that ended in CR.
    OwedCr,
}

impl DataDecoder {
    /// A decoder at the start of the data.
    pub const fn new(bare_eol: BareEol) -> Self {
        Self {
            bare_eol,
            counted: false,
            at: At::LineStart,
            defects: Defects { bare_cr: false, bare_lf: false, nul: false },
            short_runs: false,
        }
    }

    /// A decoder for data whose octets are counted (BDAT, RFC 3030): there is no dot-stuffing and
    /// no [`Piece::End`]. Show it the octets of one chunk at a time; where it says
    /// [`Piece::Partial`] over a CR that ends the chunk, consume that and call
    /// [`chunk_ended`](Self::chunk_ended).
    pub const fn counted(bare_eol: BareEol) -> Self {
        let defects = Defects { bare_cr: false, bare_lf: false, nul: false };
        Self { bare_eol, counted: true, at: At::Text, defects, short_runs: false }
    }

    /// The CR that was held back was the last octet of its chunk: the next chunk says whether it is
    /// bare.
    pub const fn chunk_ended(&mut self) {
        self.at = At::OwedCr;
    }

    /// The counted data are over. Says whether a CRLF of the payload is still owed.
    pub fn finish(&mut self) -> bool {
        if core::mem::replace(&mut self.at, At::Text) != At::OwedCr {
            return false;
        }
        self.defects.bare_cr = true;
        self.bare_eol == BareEol::Normalise
    }

    /// What was wrong so far.
    pub const fn defects(&self) -> Defects {
        self.defects
    }

    /// Whether nothing more is handed out, because of [`BareEol::Refuse`].
    pub fn refused(&self) -> bool {
        self.bare_eol == BareEol::Refuse && (self.defects.bare_eol() || self.defects.nul)
    }

    /// Looks at the octets at the start of `wire`, which are those after the last piece.
    pub fn next(&mut self, wire: &[u8]) -> Piece {
        match self.at {
            At::LineStart => match wire {
                [] | [b'.'] | [b'.', b'\r'] => Piece::Partial,
                [b'.', b'\r', b'\n', ..] => {
                    self.at = At::LineStart;
                    Piece::End(3)
                }
                [b'.', ..] => {
                    self.at = At::Text;
                    Piece::Skip(1)
                }
                _ => self.text(wire),
            },
            At::Text | At::OwedCr if wire.is_empty() => Piece::Partial,
            At::OwedCr => {
                self.at = At::Text;
                if wire.first() == Some(&b'\n') {
                    return self.crlf(1);
                }
                self.defects.bare_cr = true;
                if self.bare_eol == BareEol::Normalise {
                    return self.crlf(0);
                }
                self.text(wire)
            }
            At::Text => self.text(wire),
        }
    }

    /// A run of text: up to a line end before a dot, or to the first octet that needs a judgement.
    fn text(&mut self, wire: &[u8]) -> Piece {
        self.at = At::Text;
        // `from` is what is looked at next; as far as `careful`, line by line.
        let (mut from, mut careful) = (0, usize::from(self.short_runs));
        loop {
            if from >= careful {
                from = scan::in_order(wire, from, !self.counted);
            }
            let rest = wire.get(from..).unwrap_or_default();
            let found = match rest.first() {
                Some(b'\r') => Some(0),
                _ => memchr3(b'\r', b'\n', 0, rest),
            };
            let Some(at) = found else {
                return self.payload(wire.len());
            };
            let here = from + at;
            match rest.get(at..).unwrap_or_default() {
                [b'\r', b'\n', b'.', ..] | [b'\r', b'\n'] if !self.counted => {
                    self.at = At::LineStart;
                    return self.payload(here + 2);
                }
                [b'\r', b'\n', ..] => from = here + 2,
                // Octets that are kept as they are need no judgement.
                [b'\r'] if self.counted && self.bare_eol == BareEol::Keep => {
                    return self.payload(wire.len());
                }
                // Whether a CR is bare, the next octet says.
                [b'\r'] if here == 0 => return Piece::Partial,
                [b'\r'] => return self.payload(here),
                [octet, ..] => {
                    // What stands before a defect is handed out first, so that the events do not
                    // depend on how the input was cut.
                    if here > 0 && !self.refused() && self.bare_eol != BareEol::Keep {
                        return self.payload(here);
                    }
                    match octet {
                        b'\r' => self.defects.bare_cr = true,
                        b'\n' => self.defects.bare_lf = true,
                        _ => self.defects.nul = true,
                    }
                    if self.bare_eol == BareEol::Normalise && *octet != 0 {
                        return self.crlf(1);
                    }
                    from = here + 1;
                    careful = from + scan::CAREFUL;
                }
                [] => return self.payload(wire.len()),
            }
        }
    }

    fn crlf(&self, n: usize) -> Piece {
        if self.refused() { Piece::Skip(n) } else { Piece::Crlf(n) }
    }

    fn payload(&mut self, n: usize) -> Piece {
        self.short_runs = n < scan::CAREFUL;
        if self.refused() { Piece::Skip(n) } else { Piece::Payload(n) }
    }
}
