use alloc::{borrow::Cow, string::String};
use core::fmt;

use super::Code;

/// What no text holds (RFC 3501 §9 `TEXT-CHAR`).
const BREAKS: [char; 3] = ['\r', '\n', '\0'];

/// `resp-text`: an optional code and text for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusText<'a> {
    /// The code.
    pub code: Option<Code<'a>>,
    /// The text; may be empty where a server was careless.
    pub text: Cow<'a, str>,
}

impl<'a> StatusText<'a> {
    /// A code and a text. Blanks stand for CR, LF and NUL, which no text holds, and before a `[`, with which a text without
    /// a code cannot begin.
    pub fn new(code: Option<Code<'a>>, text: impl Into<Cow<'a, str>>) -> Self {
        let mut text = text.into();
        if text.contains(BREAKS) {
            text = Cow::Owned(text.replace(BREAKS, " "));
        }
        if code.is_none() && text.starts_with('[') {
            text = Cow::Owned(alloc::format!(" {text}"));
        }
        Self { code, text }
    }

    /// The same, owned.
    pub fn into_owned(self) -> StatusText<'static> {
        StatusText {
            code: self.code.map(Code::into_owned),
            text: Cow::Owned(String::from(self.text)),
        }
    }
}

impl fmt::Display for StatusText<'_> {
    /// Never more than a line. An empty text is nothing after the blank (RFC 9051 §9 `resp-text`; RFC 3501 asks for a
    /// character at least).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use core::fmt::Write;
        if let Some(code) = &self.code {
            write!(f, "[{code}] ")?;
        }
        // A text that begins with `[` would be read as a code.
        if self.code.is_none() && self.text.starts_with('[') {
            f.write_str(" ")?;
        }
        let whole = |c: char| if BREAKS.contains(&c) { ' ' } else { c };
        self.text.chars().try_for_each(|c| f.write_char(whole(c)))
    }
}
