use mailwire::SendBuf;

use super::{Charset, decimal};
use crate::Command;

/// Writes a command and its CRLF.
///
/// Texts must be printable, and ASCII but for names and passwords (RFC 6856 §2.2); the client machine
/// refuses others before it comes here, and a control character is written as `?`.
///
/// ```
/// use mailwire::SendBuf;
/// use pop3_proto::{Command, print};
///
/// let mut out = SendBuf::new();
/// print::command(&Command::Top { message: 1, lines: 10 }, &mut out);
/// assert_eq!(&out.take_all()[..], b"TOP 1 10\r\n");
/// ```
pub fn command(command: &Command<'_>, out: &mut SendBuf) {
    out.put(command.keyword().as_bytes());
    match command {
        Command::User(text) | Command::Pass(text) => word(text, out),
        Command::Apop { name, digest } => {
            word(name, out);
            word(digest, out);
        }
        Command::Lang(Some(range)) => word(range, out),
        Command::Auth { mechanism, initial } => {
            for text in [mechanism, initial].into_iter().flatten() {
                word(text, out);
            }
        }
        Command::List(Some(n)) | Command::Uidl(Some(n)) | Command::Retr(n) | Command::Dele(n) => {
            number(u64::from(*n), out);
        }
        Command::Top { message, lines } => {
            number(u64::from(*message), out);
            number(*lines, out);
        }
        _ => {}
    }
    out.put(b"\r\n");
}

fn number(number: u64, out: &mut SendBuf) {
    out.put(b" ");
    decimal(out, number);
}

fn word(text: &str, out: &mut SendBuf) {
    out.put(b" ");
    super::response::printable(text, usize::MAX, Charset::Utf8, out);
}
