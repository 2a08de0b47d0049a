use core::fmt;

/// What the octets of a message may be (RFC 6152).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// Lines of ASCII.
    #[default]
    SevenBit,
    /// Lines of any octets.
    EightBitMime,
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
        })
    }
}

/// The parameters of MAIL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailParams<'a> {
    /// `SIZE=`: how many octets the message will have, by the client's estimate (RFC 1870).
    pub size: Option<u64>,
    /// `BODY=` (RFC 6152).
    pub body: Option<Body>,
    /// `AUTH=`: who submitted the message first, as xtext, or `<>` (RFC 4954 §5).
    pub auth: Option<&'a str>,
}

/// The parameters of RCPT. None are known yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RcptParams {}

/// What is wrong with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// Not `keyword` or `keyword=value` (501).
    #[error("parameter syntax")]
    Syntax,
    /// A keyword that is not known, or was not offered (555).
    #[error("parameter not supported")]
    Unknown,
    /// A value that the keyword does not take (501).
    #[error("parameter value")]
    Value,
    /// The same keyword twice (501).
    #[error("parameter given twice")]
    Duplicate,
}
