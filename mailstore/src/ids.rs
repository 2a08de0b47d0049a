//! Identifiers, counters and points in time.

use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(u64);

        impl $name {
            /// The identifier with this number, as a backend gave it out earlier.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// The number behind the identifier.
            #[must_use]
            pub const fn value(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// An account. Never reused, not even after the account was deleted.
    AccountId;
    /// A mailbox. Stays the same when the mailbox is renamed and is never reused (RFC 8474 MAILBOXID).
    MailboxId;
    /// An immutable message: its octets and its facts (RFC 8474 EMAILID). A copy in another mailbox,
    /// and an envelope in the queue, share the identifier and the body.
    MessageId;
    /// An envelope in the outbound queue. Never reused.
    EnvelopeId;
    /// A conversation messages belong to (RFC 8474 THREADID). The host chooses the numbers.
    ThreadId;
}

/// A message's number in its mailbox: ascending in the order of arrival, never reused within one
/// [`UidValidity`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The first UID of a fresh mailbox.
    pub const FIRST: Uid = Uid(NonZeroU32::MIN);

    /// The highest number; no message gets it.
    pub(crate) const LAST: Uid = Uid(NonZeroU32::MAX);

    /// The UID with this value; `None` for 0, which no message has.
    #[must_use]
    pub const fn new(value: u32) -> Option<Uid> {
        match NonZeroU32::new(value) {
            Some(value) => Some(Uid(value)),
            None => None,
        }
    }

    /// The number, at least 1.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0.get()
    }

    /// The UID after this one; `None` when the mailbox has used them all.
    #[must_use]
    pub const fn next(self) -> Option<Uid> {
        match self.0.checked_add(1) {
            Some(value) => Some(Uid(value)),
            None => None,
        }
    }
}

impl From<NonZeroU32> for Uid {
    fn from(value: NonZeroU32) -> Self {
        Uid(value)
    }
}

impl From<Uid> for NonZeroU32 {
    fn from(uid: Uid) -> Self {
        uid.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The generation of a mailbox's UIDs: two mailboxes of a store never had the same value, whatever
/// their names were.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UidValidity(NonZeroU32);

impl UidValidity {
    /// The generation with this value; `None` for 0.
    #[must_use]
    pub const fn new(value: u32) -> Option<UidValidity> {
        match NonZeroU32::new(value) {
            Some(value) => Some(UidValidity(value)),
            None => None,
        }
    }

    /// The number, at least 1.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0.get()
    }
}

impl From<UidValidity> for NonZeroU32 {
    fn from(validity: UidValidity) -> Self {
        validity.0
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A point in one mailbox's history. Every change of the mailbox takes a higher one; what one call
/// changes shares one. A mailbox that never changed stands at [`ModSeq::FIRST`], so that 0 can mean
/// "before everything" (RFC 7162 §3.1.2.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModSeq(u64);

impl ModSeq {
    /// Before everything: what changed since then is the whole mailbox.
    pub const ZERO: ModSeq = ModSeq(0);
    /// Where a fresh mailbox stands.
    pub const FIRST: ModSeq = ModSeq(1);

    /// The point with this number.
    #[must_use]
    pub const fn new(value: u64) -> ModSeq {
        ModSeq(value)
    }

    /// The number; it fits in 63 bits as RFC 7162 asks.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    pub(crate) const fn next(self) -> ModSeq {
        ModSeq(self.0 + 1)
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// This many milliseconds after (negative: before) the start of 1970 UTC.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// This many seconds after (negative: before) the start of 1970 UTC.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Timestamp {
        Timestamp(secs.saturating_mul(1000))
    }

    /// What the system's clock says.
    #[must_use]
    pub fn now() -> Timestamp {
        SystemTime::now().into()
    }

    /// Milliseconds since the start of 1970 UTC.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the start of 1970 UTC, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The time this much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Timestamp {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(wait))
    }

    /// How long from `earlier` to this; zero when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp(millis(after)),
            Err(before) => Timestamp(-millis(before.duration())),
        }
    }
}
