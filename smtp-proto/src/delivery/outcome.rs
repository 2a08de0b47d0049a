use alloc::string::{String, ToString};

use crate::{EnhancedCode, Reply};

/// What an attempt to deliver to one recipient came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The next server took responsibility.
    Delivered,
    /// Not now: try again (4xx, no connection, no answer, DNS failure).
    Deferred(String),
    /// Never (5xx, no such domain, null MX).
    Failed {
        /// The enhanced status code for the report.
        status: EnhancedCode,
        /// In whose words.
        diagnostic: String,
    },
}

impl Outcome {
    /// The outcome that a reply to RCPT, DATA or the final dot stands for (RFC 5321 §4.2.1).
    ///
    /// ```
    /// use smtp_proto::{Reply, delivery::Outcome};
    ///
    /// assert_eq!(Outcome::from_reply(&Reply::new(250, "2.0.0 Ok")), Outcome::Delivered);
    /// assert!(matches!(Outcome::from_reply(&Reply::new(451, "later")), Outcome::Deferred(_)));
    /// assert!(matches!(Outcome::from_reply(&Reply::new(550, "no")), Outcome::Failed { .. }));
    /// ```
    pub fn from_reply(reply: &Reply) -> Self {
        let words = reply.to_string().trim_end().replace("\r\n", " / ");
        if reply.is_positive() {
            Self::Delivered
        } else if reply.is_permanent() {
            let status = reply.enhanced().unwrap_or(EnhancedCode::new(5, 0, 0));
            Self::Failed { status, diagnostic: words }
        } else {
            Self::Deferred(words)
        }
    }
}
