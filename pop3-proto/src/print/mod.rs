//! Printers: values to octets.
//!
//! What comes from the host can hold anything, and what is printed is one line: a line break in a
//! text cannot become a second response.

mod command;
mod response;

pub use command::command;
pub(crate) use response::line;
pub use response::{capability, continuation, language, response, scan, stat, unique_id};

use mailwire::SendBuf;

/// What human text may be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    /// RFC 1939 §3.
    #[default]
    Ascii,
    /// After UTF8 or LANG (RFC 6856 §2.1, §3.2).
    Utf8,
}

/// A number in decimal.
fn decimal(out: &mut SendBuf, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    for (i, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        at = i;
        if rest == 0 {
            break;
        }
    }
    out.put(digits.get(at..).unwrap_or_default());
}
