use core::fmt;

/// An enhanced status code (RFC 3463): class "." subject "." detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EnhancedCode {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What it is about, at most 999.
    pub subject: u16,
    /// Which of the subject's conditions, at most 999.
    pub detail: u16,
}

impl EnhancedCode {
    /// A code of these three numbers.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// The code at the start of the text of a reply, and the text after it (RFC 2034 §4).
    ///
    /// ```
    /// use smtp_proto::EnhancedCode;
    ///
    /// let split = EnhancedCode::split("5.1.1 no such user");
    /// assert_eq!(split, (Some(EnhancedCode::new(5, 1, 1)), "no such user"));
    /// assert_eq!(EnhancedCode::split("no such user"), (None, "no such user"));
    /// ```
    pub fn split(text: &str) -> (Option<Self>, &str) {
        let split = Self::first(text.as_bytes())
            .and_then(|(code, len)| Some((Some(code), text.get(len..)?)));
        match split {
            Some((code, rest)) => (code, rest.strip_prefix(' ').unwrap_or(rest)),
            None => (None, text),
        }
    }

    /// The code that is the first word of `text`, and its length.
    pub(crate) fn first(text: &[u8]) -> Option<(Self, usize)> {
        let &[class @ (b'2' | b'4' | b'5'), b'.', ref rest @ ..] = text else { return None };
        let (subject, rest) = number(rest)?;
        let [b'.', rest @ ..] = rest else { return None };
        let (detail, rest) = number(rest)?;
        let ends = matches!(rest, [] | [b' ', ..]);
        ends.then(|| (Self { class: class - b'0', subject, detail }, text.len() - rest.len()))
    }
}

/// One to three digits, and what follows them.
fn number(text: &[u8]) -> Option<(u16, &[u8])> {
    let (mut number, mut rest) = (0, text);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number * 10 + u16::from(digit - b'0');
        rest = after;
        if text.len() - rest.len() > 3 {
            return None;
        }
    }
    (rest.len() < text.len()).then_some((number, rest))
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}
