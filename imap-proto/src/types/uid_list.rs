use alloc::vec::Vec;
use core::fmt;

use super::UidSet;

/// Numbers in the order a server gave them, where that order means something: COPYUID pairs two lists up (RFC 4315 §3), and
/// the result of SORT is sorted (RFC 5267 §3.1). Kept as ranges; each range ascends (RFC 5267 §3.1).
///
/// ```
/// use imap_proto::types::UidList;
///
/// let list: UidList = [304, 319, 320, 5].into_iter().collect();
/// assert_eq!(list.to_string(), "304,319:320,5");
/// assert_eq!(list.iter().nth(3), Some(5));
/// assert_eq!(list.to_set().to_string(), "5,304,319:320");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UidList {
    ranges: Vec<(u32, u32)>,
}

impl UidList {
    /// The empty list.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// One more number at the end. Zero is left out: no message has it.
    pub fn push(&mut self, number: u32) {
        self.push_range(number, number);
    }

    /// The numbers from `first` to `last`, in either order, ascending at the end. Zero is left out.
    pub fn push_range(&mut self, first: u32, last: u32) {
        let (first, last) = (first.min(last).max(1), first.max(last));
        match self.ranges.last_mut() {
            _ if last == 0 => {}
            Some(end) if end.1.checked_add(1) == Some(first) => end.1 = last,
            _ => self.ranges.push((first, last)),
        }
    }

    /// How many numbers.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|r| u64::from(r.1) - u64::from(r.0) + 1).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, in order, both ends included.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = (u32, u32)> + '_ {
        self.ranges.iter().copied()
    }

    /// The numbers, in order. A peer may have sent a range of four thousand million: take no more than you need.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|r| r.0..=r.1)
    }

    /// The numbers without their order.
    pub fn to_set(&self) -> UidSet {
        UidSet::from_ranges(self.ranges.clone())
    }
}

impl From<UidSet> for UidList {
    fn from(set: UidSet) -> Self {
        Self { ranges: set.ranges().collect() }
    }
}

impl FromIterator<u32> for UidList {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut list = Self::new();
        numbers.into_iter().for_each(|number| list.push(number));
        list
    }
}

impl fmt::Display for UidList {
    /// As the wire has it: `304,319:320,5`. The empty list prints as nothing, which no grammar allows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.ranges().enumerate() {
            f.write_str(if i > 0 { "," } else { "" })?;
            match first == last {
                true => write!(f, "{first}")?,
                false => write!(f, "{first}:{last}")?,
            }
        }
        Ok(())
    }
}
