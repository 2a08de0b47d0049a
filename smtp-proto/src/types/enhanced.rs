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
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Self::parse(word).map_or((None, text), |code| (Some(code), rest))
    }

    fn parse(word: &str) -> Option<Self> {
        let number = |text: &str| -> Option<u16> {
            let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        };
        let mut parts = word.split('.');
        let class = match parts.next()? {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let (subject, detail) = (number(parts.next()?)?, number(parts.next()?)?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self { class, subject, detail })
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}
