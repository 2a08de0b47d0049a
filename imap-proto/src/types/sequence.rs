use alloc::vec::Vec;
use core::fmt;

/// A set of message numbers or UIDs, kept as sorted ranges that neither touch nor overlap.
///
/// A mailbox of 100,000 messages without gaps is one range. Zero is never a member.
///
/// ```
/// use imap_proto::types::UidSet;
///
/// let set: UidSet = [4, 1, 2, 3, 9].into_iter().collect();
/// assert_eq!(set.to_string(), "1:4,9");
/// assert_eq!(set.len(), 5);
/// assert!(set.contains(2) && !set.contains(5));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UidSet {
    ranges: Vec<(u32, u32)>,
}

impl UidSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// The numbers from `first` to `last`, in either order. Zero is left out.
    pub fn range(first: u32, last: u32) -> Self {
        let mut set = Self::new();
        set.insert_range(first, last);
        set
    }

    /// Adds one number. Cheap when it is not less than those already there.
    pub fn insert(&mut self, number: u32) {
        self.insert_range(number, number);
    }

    /// Adds the numbers from `first` to `last`, in either order. Zero is left out.
    pub fn insert_range(&mut self, first: u32, last: u32) {
        let (first, last) = (first.min(last).max(1), first.max(last));
        if last == 0 {
            return;
        }
        match self.ranges.last_mut() {
            None => self.ranges.push((first, last)),
            Some(end) if first >= end.0 => {
                if first <= end.1.saturating_add(1) {
                    end.1 = end.1.max(last);
                } else {
                    self.ranges.push((first, last));
                }
            }
            Some(_) => self.insert_inside(first, last),
        }
    }

    fn insert_inside(&mut self, first: u32, last: u32) {
        let from = self.ranges.partition_point(|r| r.1.saturating_add(1) < first);
        let to = self.ranges.partition_point(|r| r.0 <= last.saturating_add(1));
        let touched = self.ranges.get(from..to).unwrap_or_default();
        let merged = match (touched.first(), touched.last()) {
            (Some(low), Some(high)) => (first.min(low.0), last.max(high.1)),
            _ => (first, last),
        };
        self.ranges.splice(from..to.max(from), [merged]);
    }

    /// The set of these ranges, in any order. Sorts once.
    pub fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        let sorted = ranges.is_sorted_by_key(|r| r.0.min(r.1));
        if !sorted {
            ranges.sort_unstable_by_key(|r| r.0.min(r.1));
        }
        let mut set = Self { ranges: Vec::new() };
        for (first, last) in ranges {
            set.insert_range(first, last);
        }
        set
    }

    /// Takes one number out; says whether it was there.
    pub fn remove(&mut self, number: u32) -> bool {
        let at = self.ranges.partition_point(|r| r.1 < number);
        let Some(range) = self.ranges.get_mut(at) else { return false };
        let (first, last) = *range;
        if number < first {
            return false;
        }
        match (number == first, number == last) {
            (true, true) => {
                self.ranges.remove(at);
            }
            (true, false) => range.0 = number.saturating_add(1),
            (false, true) => range.1 = number.saturating_sub(1),
            (false, false) => {
                range.1 = number.saturating_sub(1);
                self.ranges.insert(at.saturating_add(1), (number.saturating_add(1), last));
            }
        }
        true
    }

    /// Whether `number` is a member. Binary search.
    pub fn contains(&self, number: u32) -> bool {
        let at = self.ranges.partition_point(|r| r.1 < number);
        self.ranges.get(at).is_some_and(|r| r.0 <= number)
    }

    /// Number of members.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|r| u64::from(r.1) - u64::from(r.0) + 1).sum()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The least member.
    pub fn first(&self) -> Option<u32> {
        self.ranges.first().map(|r| r.0)
    }

    /// The greatest member.
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|r| r.1)
    }

    /// The ranges, ascending, both ends included.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = (u32, u32)> + DoubleEndedIterator + '_ {
        self.ranges.iter().copied()
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|r| r.0..=r.1)
    }

    /// Takes out what a range from `from` to the end holds, and what touches it; where that range then begins. A lone
    /// `*` (`u32::MAX`) touches nothing.
    fn absorbed_by(&mut self, from: u32) -> u32 {
        if from == u32::MAX {
            return from;
        }
        let keep = self.ranges.partition_point(|r| r.1.saturating_add(1) < from);
        let touched = self.ranges.get(keep).map_or(from, |r| r.0.min(from));
        self.ranges.truncate(keep);
        touched
    }

    /// The members of both sets. Linear in the number of ranges.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Self::new();
        let (mut a, mut b) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            let (first, last) = (x.0.max(y.0), x.1.min(y.1));
            if first <= last {
                out.insert_range(first, last);
            }
            if x.1 < y.1 {
                a.next()
            } else {
                b.next()
            };
        }
        out
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut set = Self::new();
        set.extend(numbers);
        set
    }
}

impl Extend<u32> for UidSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, numbers: I) {
        for number in numbers {
            self.insert(number);
        }
    }
}

impl fmt::Display for UidSet {
    /// As the wire has it: `1:4,9`. The empty set prints as nothing, which no grammar allows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.ranges().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first}:{last}")?;
            }
        }
        Ok(())
    }
}

/// A sequence set as a client writes it: numbers, ranges, and `*` for the greatest in use
/// (RFC 3501 §9 `sequence-set`).
///
/// Kept normalised; `*` stays until [`resolve`](Self::resolve) knows what it stands for.
///
/// ```
/// use imap_proto::types::SequenceSet;
///
/// let set: SequenceSet = "5:3,1,10:*".parse().unwrap();
/// assert_eq!(set.to_string(), "1,3:5,10:*");
/// assert_eq!(set.resolve(12).to_string(), "1,3:5,10:12");
/// assert_eq!(set.resolve(7).to_string(), "1,3:5,7:10"); // `10:*` holds the greatest, always
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SequenceSet {
    numbers: UidSet,
    /// The least `n` of all `n:*`; `u32::MAX` for a lone `*`.
    star: Option<u32>,
    /// `$`, and then nothing else.
    saved: bool,
}

impl SequenceSet {
    /// All messages: `1:*`.
    pub const fn all() -> Self {
        Self { numbers: UidSet::new(), star: Some(1), saved: false }
    }

    /// `$`: the result that the last SEARCH has saved (RFC 5182).
    pub const fn saved() -> Self {
        Self { numbers: UidSet::new(), star: None, saved: true }
    }

    /// These numbers; `None` if there are none: the grammar has no empty set.
    pub fn new(numbers: UidSet) -> Option<Self> {
        (!numbers.is_empty()).then_some(Self { numbers, star: None, saved: false })
    }

    /// Whether this is `$`: what it stands for, only the session knows.
    pub fn is_saved(&self) -> bool {
        self.saved
    }

    /// The numbers, if there are no others: no `*`, not `$`.
    pub(crate) fn into_plain(self) -> Option<UidSet> {
        (self.star.is_none() && !self.saved).then_some(self.numbers)
    }

    /// Built by the parser from ranges in which `None` is `*`. What `n:*` holds and what touches it is part of it.
    pub(crate) fn from_parts(numbers: Vec<(u32, u32)>, star: Option<u32>) -> Self {
        let mut numbers = UidSet::from_ranges(numbers);
        let star = star.map(|from| numbers.absorbed_by(from));
        Self { numbers, star, saved: false }
    }

    /// The set without `*`.
    pub fn numbers(&self) -> &UidSet {
        &self.numbers
    }

    /// `n` of `n:*`; `u32::MAX` for a lone `*`; `None` when there is no `*`.
    pub fn star(&self) -> Option<u32> {
        self.star
    }

    /// Replaces `*` by the greatest number in use. With `greatest` 0 (an empty mailbox) `*` means
    /// nothing. Of `$` nothing is known here: it gives the empty set.
    pub fn resolve(&self, greatest: u32) -> UidSet {
        let mut set = self.numbers.clone();
        if let Some(from) = self.star
            && greatest > 0
        {
            // RFC 3501 §9: `559:*` holds the last message even if that is 12.
            let from = if from == u32::MAX { greatest } else { from };
            set.insert_range(from, greatest);
        }
        set
    }
}

impl core::str::FromStr for SequenceSet {
    type Err = crate::parse::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::parse::sequence_set(text.as_bytes())
    }
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numbers)?;
        let comma = if self.numbers.is_empty() { "" } else { "," };
        match self.star {
            None if self.saved => f.write_str("$"),
            None => Ok(()),
            Some(u32::MAX) => write!(f, "{comma}*"),
            Some(from) => write!(f, "{comma}{from}:*"),
        }
    }
}
