use alloc::{borrow::Cow, format, string::String};
use core::fmt;

use mailwire::SendBuf;
use memchr::memchr;

use super::EnhancedCode;

/// A reply (RFC 5321 §4.2): a code of three digits and one or more lines of text.
///
/// The text may begin with an enhanced status code, which is printed on every line (RFC 2034 §4).
/// Lines are divided by `\n`; when it is printed, any other control character becomes `?`, so a text
/// that holds words of a peer cannot forge a line.
///
/// ```
/// use smtp_proto::{EnhancedCode, Reply};
///
/// let reply = Reply::new(550, "5.1.1 no such user");
/// assert_eq!(reply.to_string(), "550 5.1.1 no such user\r\n");
/// assert_eq!(reply.enhanced(), Some(EnhancedCode::new(5, 1, 1)));
/// assert_eq!(Reply::new(250, "first\nsecond").to_string(), "250-first\r\n250 second\r\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    text: Cow<'static, str>,
}

impl Reply {
    /// A reply. A code outside 200..=599 counts as 451.
    pub fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let code = if (200..=599).contains(&code) { code } else { 451 };
        Self { code, text: text.into() }
    }

    /// `354`: send the message (RFC 5321 §4.1.1.4).
    pub const fn go_ahead() -> Self {
        Self { code: 354, text: Cow::Borrowed("End data with <CR><LF>.<CR><LF>") }
    }

    /// `250 2.1.0`: the sender is accepted, in answer to MAIL.
    pub const fn sender_ok() -> Self {
        Self { code: 250, text: Cow::Borrowed("2.1.0 Sender ok") }
    }

    /// `250 2.1.5`: the recipient is accepted, in answer to RCPT.
    pub const fn recipient_ok() -> Self {
        Self { code: 250, text: Cow::Borrowed("2.1.5 Recipient ok") }
    }

    /// The code.
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The text, its lines divided by `\n`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The enhanced status code the text begins with. One of another class than the code is none.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        EnhancedCode::split(&self.text).0.filter(|code| u16::from(code.class) == self.code / 100)
    }

    /// 2xx: done.
    pub const fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 3xx: go on.
    pub const fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// 4xx: not now.
    pub const fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx: never.
    pub const fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Appends it, with its line ends.
    pub(crate) fn write(&self, out: &mut SendBuf) {
        // Putting into a SendBuf cannot fail.
        let _ = self.print(|part| {
            out.put(part.as_bytes());
            Ok(())
        });
    }

    /// Hands it out part by part, line ends included.
    fn print(&self, mut put: impl FnMut(&str) -> fmt::Result) -> fmt::Result {
        let status = self.enhanced();
        let digit = |n: u16| b'0' + u8::try_from(n % 10).unwrap_or_default();
        let code = [digit(self.code / 100), digit(self.code / 10), digit(self.code)];
        let code = core::str::from_utf8(&code).unwrap_or_default();
        let mut rest = Some(&*self.text);
        while let Some(text) = rest {
            let (line, after) = match memchr(b'\n', text.as_bytes()) {
                Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
                None => (text, None),
            };
            put(code)?;
            put(if after.is_some() { "-" } else { " " })?;
            if let Some(status) = status.filter(|_| EnhancedCode::split(line).0 != status) {
                put(&format!("{status} "))?;
            }
            if may_hold_controls(line) {
                for part in line.split_inclusive(char::is_control) {
                    match part.strip_suffix(char::is_control) {
                        Some(clean) => [clean, "?"].into_iter().try_for_each(&mut put)?,
                        None => put(part)?,
                    }
                }
            } else {
                put(line)?;
            }
            put("\r\n")?;
            rest = after;
        }
        Ok(())
    }

    /// Joins what a reply's lines hold into a reply.
    pub(crate) fn from_wire(code: u16, text: String) -> Self {
        Self { code, text: Cow::Owned(text) }
    }
}

/// As it goes over the wire, line ends included.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(|part| f.write_str(part))
    }
}

/// Whether there is a control character of ASCII, or an octet that begins those from U+0080 on.
fn may_hold_controls(line: &str) -> bool {
    line.bytes().fold(false, |found, octet| found | (octet < b' ') | matches!(octet, 0x7F | 0xC2))
}
