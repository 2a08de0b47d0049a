use core::{
    fmt,
    num::{NonZeroU8, NonZeroU64},
};

/// A mod-sequence: from 1 to 2⁶³−1 (RFC 7162 §7 `mod-sequence-value`).
///
/// ```
/// use imap_proto::types::ModSeq;
///
/// assert_eq!(ModSeq::new(7).unwrap().get(), 7);
/// assert!(ModSeq::new(0).is_none());
/// assert!(ModSeq::new(1 << 63).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModSeq(NonZeroU64);

impl ModSeq {
    /// A mod-sequence; `None` if the number is none.
    pub const fn new(n: u64) -> Option<Self> {
        match NonZeroU64::new(n) {
            Some(n) if n.get() <= i64::MAX.unsigned_abs() => Some(Self(n)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How well a message matches: from 1 to 100 (RFC 6203 §7 `score`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(NonZeroU8);

impl Score {
    /// A score; `None` if the number is none.
    pub const fn new(n: u8) -> Option<Self> {
        match NonZeroU8::new(n) {
            Some(n) if n.get() <= 100 => Some(Self(n)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What stands for a number where the grammar has one of 63 bits: the greatest of them for a greater one (RFC 9051 §9
/// `number64`).
pub(crate) fn number64(n: u64) -> u64 {
    n.min(i64::MAX.unsigned_abs())
}
