use mailwire::{SendBuf, sasl};

use super::{Charset, decimal};
use crate::{Code, Response, Scan, Stat, Status, UniqueId};

/// Octets a response line may have (RFC 2449 §3), its CRLF not counted.
const LINE: usize = 510;

/// Writes the first line of a response and its CRLF.
///
/// The line is cut at 512 octets (RFC 2449 §3), and what is not printable ASCII becomes `?`. A text
/// that begins with `[` without being a code gets `(` instead (RFC 2449 §6.4).
///
/// ```
/// use mailwire::SendBuf;
/// use pop3_proto::{Code, Response, Status, print};
///
/// let mut out = SendBuf::new();
/// let response = Response::new(Status::Err, Some(Code::SysTemp), "disk full\r\n+OK");
/// print::response(&response, &mut out);
/// assert_eq!(&out.take_all()[..], b"-ERR [SYS/TEMP] disk full??+OK\r\n");
/// ```
pub fn response(response: &Response<'_>, out: &mut SendBuf) {
    line(out, response.status, response.code, &response.text, Charset::Ascii);
}

pub(crate) fn line(
    out: &mut SendBuf,
    status: Status,
    code: Option<Code<'_>>,
    text: &str,
    charset: Charset,
) {
    let before = out.len();
    out.put(match status {
        Status::Ok => b"+OK",
        Status::Err => b"-ERR",
    });
    let room = |out: &SendBuf| LINE.saturating_sub(out.len().saturating_sub(before));
    if let Some(code) = code {
        out.put(b" [");
        printable(code.name(), 60, Charset::Ascii, out);
        out.put(b"]");
    }
    if !text.is_empty() {
        out.put(b" ");
        match text.strip_prefix('[').filter(|_| code.is_none()) {
            Some(rest) => {
                out.put(b"(");
                printable(rest, room(out), charset, out);
            }
            None => printable(text, room(out), charset, out),
        }
    }
    out.put(b"\r\n");
}

/// At most `most` octets of `text`, `?` in place of what may not stand there.
pub(super) fn printable(text: &str, most: usize, charset: Charset, out: &mut SendBuf) {
    let most = most.min(text.len());
    let most = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let utf8 = charset == Charset::Utf8;
    let allowed = |octet: u8| (0x20..0x7F).contains(&octet) || utf8 && octet >= 0x80;
    let mut rest = text.as_bytes().get(..most).unwrap_or_default();
    while let Some(bad) = rest.iter().position(|octet| !allowed(*octet)) {
        let (good, tail) = rest.split_at_checked(bad).unwrap_or((rest, &[]));
        out.put(good);
        out.put(b"?");
        rest = tail.get(1..).unwrap_or_default();
    }
    out.put(rest);
}

/// Writes a challenge (not yet base64) of a SASL exchange (RFC 5034 §4).
pub fn continuation(challenge: &[u8], out: &mut SendBuf) {
    out.put(b"+ ");
    out.put(sasl::encode(challenge).as_bytes());
    out.put(b"\r\n");
}

/// Writes the answer to STAT (RFC 1939 §5).
pub fn stat(stat: Stat, out: &mut SendBuf) {
    out.put(b"+OK ");
    decimal(out, stat.messages);
    out.put(b" ");
    decimal(out, stat.octets);
    out.put(b"\r\n");
}

/// Writes a scan listing and its CRLF (RFC 1939 §5).
pub fn scan(scan: Scan, out: &mut SendBuf) {
    decimal(out, u64::from(scan.message));
    out.put(b" ");
    decimal(out, scan.octets);
    out.put(b"\r\n");
}

/// Writes a unique-id listing and its CRLF (RFC 1939 §7).
pub fn unique_id(unique_id: UniqueId<'_>, out: &mut SendBuf) {
    decimal(out, u64::from(unique_id.message));
    out.put(b" ");
    printable(unique_id.uidl, LINE, Charset::Ascii, out);
    out.put(b"\r\n");
}

/// Writes a line of the answer to CAPA and its CRLF (RFC 2449 §5).
pub fn capability(text: &str, out: &mut SendBuf) {
    printable(text, LINE, Charset::Ascii, out);
    out.put(b"\r\n");
}

/// Writes a line of the answer to LANG without an argument and its CRLF (RFC 6856 §3.2): a language
/// tag and what the language calls itself, in UTF-8.
pub fn language(tag: &str, description: &str, out: &mut SendBuf) {
    printable(tag, 60, Charset::Ascii, out);
    if !description.is_empty() {
        out.put(b" ");
        printable(description, LINE, Charset::Utf8, out);
    }
    out.put(b"\r\n");
}
