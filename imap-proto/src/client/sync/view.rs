//! Which UID stands at which number, as far as it is known.

use alloc::collections::BTreeMap;

use crate::types::UidSet;

/// The numbers of a mailbox: those from the first on whose UIDs are known, some known beyond a gap, and how many there are.
/// A number that a server merely claims takes no room.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The UIDs of the first messages; numbers ascend with UIDs (RFC 3501 §2.3.1.2).
    known: UidSet,
    len: u32,
    total: u32,
    ahead: BTreeMap<u32, u32>,
}

impl View {
    /// How many messages there are.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// How many messages have no known UID, or one beyond a gap.
    pub(super) fn unknown(&self) -> u32 {
        self.total.saturating_sub(self.len)
    }

    pub(super) fn known(&self) -> &UidSet {
        &self.known
    }

    /// Forgets all UIDs, not how many messages there are.
    pub(super) fn forget(&mut self) {
        *self = Self { total: self.total, ..Self::default() };
    }

    /// These are the first messages. Says whether there are as many.
    pub(super) fn learn(&mut self, uids: UidSet) -> bool {
        let len = u32::try_from(uids.len()).unwrap_or(u32::MAX);
        (self.known, self.len) = (uids, len);
        self.ahead.retain(|number, _| *number > len);
        self.absorb() && len <= self.total
    }

    /// EXISTS. Says whether that can be: messages do not go this way.
    pub(super) fn exists(&mut self, total: u32) -> bool {
        let fits = total >= self.total;
        self.total = total;
        fits
    }

    /// EXPUNGE; the UID that is gone, where it is known.
    pub(super) fn expunge(&mut self, number: u32) -> Option<u32> {
        self.total = self.total.saturating_sub(1);
        let uid = if number <= self.len {
            let uid = self.uid(number)?;
            self.known.remove(uid);
            self.len -= 1;
            Some(uid)
        } else {
            self.ahead.remove(&number)
        };
        let moved = core::mem::take(&mut self.ahead).into_iter();
        self.ahead = moved.map(|(n, uid)| (if n > number { n - 1 } else { n }, uid)).collect();
        self.absorb();
        uid
    }

    /// VANISHED, of messages that were there.
    pub(super) fn vanished(&mut self, gone: &UidSet) {
        let last = self.known.last().unwrap_or(0);
        let hit = self.known.intersection(gone);
        let beyond: u64 = gone
            .ranges()
            .filter(|(_, to)| *to > last)
            .map(|(from, to)| u64::from(to) - u64::from(from.max(last.saturating_add(1))) + 1)
            .sum();
        let beyond = u32::try_from(beyond).unwrap_or(u32::MAX).min(self.unknown());
        self.known = without(&self.known, gone);
        let hit = u32::try_from(hit.len()).unwrap_or(u32::MAX);
        self.len = self.len.saturating_sub(hit);
        self.total = self.total.saturating_sub(hit).saturating_sub(beyond);
        // Where those beyond the gap stand now is not known.
        self.ahead.clear();
    }

    /// The message of this number has this UID. Says whether that can be.
    pub(super) fn place(&mut self, number: u32, uid: u32) -> bool {
        self.total = self.total.max(number);
        if number <= self.len {
            return self.known.contains(uid);
        }
        self.ahead.insert(number, uid);
        self.absorb()
    }

    /// The UID at this number, if it is known.
    pub(super) fn uid(&self, number: u32) -> Option<u32> {
        if number > self.len {
            return self.ahead.get(&number).copied();
        }
        let mut before = number.checked_sub(1)?;
        for (first, last) in self.known.ranges() {
            let len = last - first;
            if before <= len {
                return Some(first + before);
            }
            before -= len + 1;
        }
        None
    }

    /// Takes what has no gap before it any more.
    fn absorb(&mut self) -> bool {
        while let Some(uid) = self.ahead.remove(&self.len.saturating_add(1)) {
            if self.known.last().is_some_and(|last| last >= uid) {
                return false;
            }
            self.known.insert(uid);
            self.len += 1;
        }
        true
    }
}

/// The members of `all` that are not in `gone`. Linear in the number of ranges.
pub(super) fn without(all: &UidSet, gone: &UidSet) -> UidSet {
    let mut left = UidSet::new();
    let mut gone = gone.ranges().peekable();
    for (mut first, last) in all.ranges() {
        while gone.next_if(|(_, to)| *to < first).is_some() {}
        let mut ends = false;
        while let Some((from, to)) = gone.peek().copied().filter(|(from, _)| *from <= last) {
            if from > first {
                left.insert_range(first, from - 1);
            }
            if to >= last {
                ends = true;
                break;
            }
            first = to + 1;
            gone.next();
        }
        if !ends {
            left.insert_range(first, last);
        }
    }
    left
}
