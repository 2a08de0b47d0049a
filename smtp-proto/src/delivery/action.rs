use core::fmt;

use crate::Notify;

/// What a report says of a recipient (RFC 3464 §2.3.3). Printed as the Action field has it.
///
/// In the order in which a person wants to read of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "RFC 3464 §2.3.3 has these five")]
pub enum Action {
    /// It was not delivered, and will not be.
    Failed,
    /// It was not delivered yet, and is tried again.
    Delayed,
    /// It went to a server that does not report deliveries: the last word unless it fails.
    Relayed,
    /// It is in the recipient's mailbox.
    Delivered,
    /// It reached an alias of several recipients, and went on to them.
    Expanded,
}

impl Action {
    /// Whether a sender who gave this NOTIFY, or none, wants to hear of it: RFC 3461 §5.2.2 to
    /// §5.2.7.
    ///
    /// ```
    /// use smtp_proto::{Notify, delivery::Action};
    ///
    /// assert!(Action::Failed.wanted(None) && Action::Delayed.wanted(None));
    /// assert!(!Action::Delivered.wanted(None));
    /// assert!(Action::Relayed.wanted(Some(Notify { success: true, ..Notify::NEVER })));
    /// assert!(!Action::Failed.wanted(Some(Notify::NEVER)));
    /// ```
    pub const fn wanted(self, notify: Option<Notify>) -> bool {
        match (self, notify) {
            (Self::Failed | Self::Delayed, None) => true,
            (_, None) => false,
            (Self::Failed, Some(notify)) => notify.failure,
            (Self::Delayed, Some(notify)) => notify.delay,
            (Self::Relayed | Self::Delivered | Self::Expanded, Some(notify)) => notify.success,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Relayed => "relayed",
            Self::Delivered => "delivered",
            Self::Expanded => "expanded",
        })
    }
}
