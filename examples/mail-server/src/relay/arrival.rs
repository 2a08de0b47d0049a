//! Envelopes of messages that are here already, whose senders want to hear so (RFC 3461 §5.2.2).

use mailstore::Envelope;
use smtp_proto::{
    EnhancedCode,
    delivery::{Action, Outcome, Verdict},
};

/// How a message has come to its recipients.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Arrival {
    /// It is in a mailbox.
    Delivered,
    /// It is in those of all behind an alias.
    Expanded,
}

impl Arrival {
    const ALL: [Self; 2] = [Self::Delivered, Self::Expanded];

    /// Stands before the parameters of MAIL in such an envelope; no parameter has a colon in its name.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Delivered => "delivered: ",
            Self::Expanded => "expanded: ",
        }
    }

    /// What the queue keeps, from the parameters of MAIL.
    pub(crate) fn mark(self, params: &str) -> String {
        format!("{}{}", self.prefix(), params.trim())
    }

    pub(crate) const fn action(self) -> Action {
        match self {
            Self::Delivered => Action::Delivered,
            Self::Expanded => Action::Expanded,
        }
    }

    /// Of such an envelope.
    pub(super) fn of(envelope: &Envelope) -> Option<Self> {
        Self::ALL.into_iter().find(|arrival| envelope.params.starts_with(arrival.prefix()))
    }

    /// The parameters of MAIL, of any envelope.
    pub(super) fn unmarked(params: &str) -> &str {
        let marked =
            Self::ALL.into_iter().find_map(|arrival| params.strip_prefix(arrival.prefix()));
        marked.unwrap_or(params)
    }

    /// What has become of each recipient.
    pub(super) fn outcome(self) -> Outcome {
        let mut outcome = Outcome::delivered();
        if self == Self::Expanded {
            outcome.verdict = Verdict::Expanded;
            outcome.status = EnhancedCode::new(2, 1, 5);
        }
        outcome
    }
}
