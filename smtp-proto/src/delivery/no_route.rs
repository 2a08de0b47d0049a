use alloc::format;

use super::Outcome;
use crate::{EnhancedCode, Reply};

/// Why there is nowhere to send mail for a domain to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NoRoute {
    /// The name servers know that there is no such domain (RFC 5321 §5.1).
    #[error("the domain does not exist")]
    NoSuchDomain,
    /// The domain takes no mail, by its own word (RFC 7505 §3).
    #[error("the domain accepts no mail (null MX)")]
    NullMx,
    /// No host that takes mail for the domain has an address (RFC 5321 §5.1).
    #[error("no host that takes mail for the domain has an address")]
    NoAddress,
    /// The preferred hosts are this server itself (RFC 5321 §5.1).
    #[error("mail for the domain would come back: its MX is this server")]
    Loop,
    /// An address literal that cannot be connected to (RFC 5321 §4.1.3).
    #[error("not an address literal this server knows")]
    Literal,
    /// The name servers did not say: the only reason that trying again helps against.
    #[error("the name servers did not say where mail for the domain goes")]
    Temporary,
}

impl NoRoute {
    /// Whether trying again is in vain.
    ///
    /// ```
    /// use smtp_proto::delivery::NoRoute;
    ///
    /// assert!(NoRoute::NullMx.is_permanent() && !NoRoute::Temporary.is_permanent());
    /// ```
    pub const fn is_permanent(self) -> bool {
        !matches!(self, Self::Temporary)
    }

    /// The status code (RFC 3463, RFC 7505 §5).
    pub const fn status(self) -> EnhancedCode {
        match self {
            Self::NoSuchDomain => EnhancedCode::new(5, 1, 2),
            Self::NullMx => EnhancedCode::new(5, 1, 10),
            Self::NoAddress => EnhancedCode::new(5, 4, 4),
            Self::Loop => EnhancedCode::new(5, 4, 6),
            Self::Literal => EnhancedCode::new(5, 1, 3),
            Self::Temporary => EnhancedCode::new(4, 4, 3),
        }
    }

    /// The reply of a server that finds this out at RCPT.
    ///
    /// ```
    /// use smtp_proto::delivery::NoRoute;
    ///
    /// assert_eq!(
    ///     NoRoute::NullMx.reply().to_string(),
    ///     "556 5.1.10 the domain accepts no mail (null MX)\r\n"
    /// );
    /// ```
    pub fn reply(self) -> Reply {
        let code = match self {
            Self::NullMx => 556,
            Self::Loop => 554,
            Self::NoSuchDomain | Self::NoAddress | Self::Literal => 550,
            Self::Temporary => 451,
        };
        Reply::new(code, format!("{} {self}", self.status()))
    }

    /// The outcome for every recipient of the domain.
    ///
    /// ```
    /// use smtp_proto::delivery::{NoRoute, Verdict};
    ///
    /// let outcome = NoRoute::NullMx.outcome("example.com");
    /// assert_eq!(outcome.verdict, Verdict::Failed);
    /// assert_eq!(outcome.diagnostic.as_str(), "example.com: the domain accepts no mail (null MX)");
    /// ```
    pub fn outcome(self, domain: &str) -> Outcome {
        let words = format!("{domain}: {self}");
        if self.is_permanent() {
            Outcome::failed(self.status(), words)
        } else {
            Outcome::deferred(self.status(), words)
        }
    }
}
