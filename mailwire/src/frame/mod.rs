//! Framing apart from parsing: where a line ends, where message data ends.
//!
//! A framer looks at each octet once, however the input is cut, and a parser sees complete frames
//! only.
//!
//! - [`LineFramer`]: whole lines, with a limit, and over-long lines skipped without holding them.
//! - [`DataDecoder`]: dot-stuffed message data in (SMTP DATA, POP3 RETR).
//! - [`DataEncoder`]: dot-stuffed message data out.
//! - [`speaks_other`]: TLS or HTTP on a port for plain text.

mod data_in;
mod data_out;
mod line;
mod other;
mod scan;

pub use data_in::{BareEol, DataDecoder, Defects, Piece};
pub use data_out::{BareEolFound, DataEncoder, OutEol};
pub use line::{Line, LineFramer, Look, strip_eol};
pub use other::speaks_other;
