use core::fmt;

/// A SASL mechanism this suite knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 4616: user name and password in one message.
    Plain,
    /// The undocumented but widespread LOGIN: user name and password, asked for one by one.
    Login,
}

impl Mechanism {
    /// All of them, the best first.
    pub const ALL: &'static [Self] = &[Self::Plain, Self::Login];

    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// The mechanism of that name, in any case (RFC 4422 §3.1 has upper case; clients do not).
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether an eavesdropper learns the password. Such a mechanism is for TLS only.
    pub const fn is_plain_text(self) -> bool {
        match self {
            Self::Plain | Self::Login => true,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
