use alloc::string::{String, ToString};
use core::fmt;

use crate::{EnhancedCode, Reply};

/// What an attempt to deliver to one recipient came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// What it means for the recipient.
    pub verdict: Verdict,
    /// The status for programs (RFC 3463).
    pub status: EnhancedCode,
    /// In whose words.
    pub diagnostic: Diagnostic,
    /// The server that was asked, by name, if it came to that.
    pub remote: Option<String>,
}

/// What an outcome means for the recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It is in the recipient's mailbox: local delivery, or LMTP (RFC 2033).
    Delivered,
    /// The next server took responsibility.
    Relayed {
        /// Whether that server was given the sender's wishes (NOTIFY, ORCPT, RET, ENVID), and will
        /// report success itself: it offered DSN (RFC 3461 §5.2.1).
        reports: bool,
    },
    /// It went to all recipients of an alias (RFC 3461 §5.2.7.3 c).
    Expanded,
    /// Not now: try again (4xx, no connection, no answer, DNS failure).
    Deferred,
    /// Never (5xx, no such domain, null MX).
    Failed,
}

/// The words for an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "the other server's or one's own")]
pub enum Diagnostic {
    /// A reply of the other server, code included; several lines are divided by `\n`.
    Smtp(String),
    /// This server's own words.
    Local(String),
}

impl Outcome {
    /// The outcome that a reply to RCPT, DATA or the final dot stands for (RFC 5321 §4.2.1).
    ///
    /// A positive one counts as [`Verdict::Relayed`] to a server that does not report; set
    /// [`verdict`](Self::verdict) where more is known. A status code that the reply does not have is
    /// 2.0.0, 4.0.0 or 5.0.0 (RFC 3461 §6.3 g).
    ///
    /// ```
    /// use smtp_proto::{EnhancedCode, Reply, delivery::{Outcome, Verdict}};
    ///
    /// let verdict = |reply| Outcome::from_reply(&reply).verdict;
    /// assert_eq!(verdict(Reply::new(250, "2.0.0 Ok")), Verdict::Relayed { reports: false });
    /// assert_eq!(verdict(Reply::new(451, "later")), Verdict::Deferred);
    ///
    /// let refused = Outcome::from_reply(&Reply::new(550, "5.1.1 no such user"));
    /// assert_eq!(refused.verdict, Verdict::Failed);
    /// assert_eq!(refused.status, EnhancedCode::new(5, 1, 1));
    /// assert_eq!(refused.diagnostic.to_string(), "550 5.1.1 no such user");
    /// ```
    pub fn from_reply(reply: &Reply) -> Self {
        let (verdict, class) = if reply.is_positive() {
            (Verdict::Relayed { reports: false }, 2)
        } else if reply.is_permanent() {
            (Verdict::Failed, 5)
        } else {
            (Verdict::Deferred, 4)
        };
        let status = reply.enhanced().unwrap_or(EnhancedCode::new(class, 0, 0));
        let words = reply.to_string().trim_end().replace("\r\n", "\n");
        Self { verdict, status, diagnostic: Diagnostic::Smtp(words), remote: None }
    }

    /// It could not be delivered now, in this server's words.
    ///
    /// ```
    /// use smtp_proto::{EnhancedCode, delivery::{Outcome, Verdict}};
    ///
    /// let outcome = Outcome::deferred(EnhancedCode::new(4, 4, 1), "no connection");
    /// assert_eq!(outcome.verdict, Verdict::Deferred);
    /// ```
    pub fn deferred(status: EnhancedCode, words: impl Into<String>) -> Self {
        Self::local(Verdict::Deferred, status, words)
    }

    /// It can never be delivered, in this server's words.
    ///
    /// ```
    /// use smtp_proto::{EnhancedCode, delivery::{Outcome, Verdict}};
    ///
    /// let outcome = Outcome::failed(EnhancedCode::new(5, 1, 2), "the domain does not exist");
    /// assert_eq!(outcome.verdict, Verdict::Failed);
    /// ```
    pub fn failed(status: EnhancedCode, words: impl Into<String>) -> Self {
        Self::local(Verdict::Failed, status, words)
    }

    /// It is in the recipient's mailbox.
    ///
    /// ```
    /// use smtp_proto::delivery::{Outcome, Verdict};
    ///
    /// assert_eq!(Outcome::delivered().verdict, Verdict::Delivered);
    /// ```
    pub fn delivered() -> Self {
        // RFC 3463 §3.2: X.1.5, destination address valid.
        Self::local(Verdict::Delivered, EnhancedCode::new(2, 1, 5), "delivered")
    }

    fn local(verdict: Verdict, status: EnhancedCode, words: impl Into<String>) -> Self {
        Self { verdict, status, diagnostic: Diagnostic::Local(words.into()), remote: None }
    }

    /// With the name of the server that was asked.
    #[must_use]
    pub fn at(mut self, remote: impl Into<String>) -> Self {
        self.remote = Some(remote.into());
        self
    }
}

impl Diagnostic {
    /// The words, lines divided by `\n`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Smtp(words) | Self::Local(words) => words,
        }
    }
}

/// On one line.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut divider = "";
        for line in self.as_str().lines() {
            write!(f, "{divider}{line}")?;
            divider = " / ";
        }
        Ok(())
    }
}
