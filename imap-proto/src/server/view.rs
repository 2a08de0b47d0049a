//! What one session believes the mailbox to be: sequence numbers, and changes not yet told.
//!
//! Message numbers are a matter between a session and its client. A message keeps its number until
//! the client has been told of an EXPUNGE, whatever has happened in the store.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use crate::types::{Mailbox, SequenceSet, UidSet};

/// A run of messages whose UIDs have no gap.
#[derive(Clone, Copy, Debug)]
struct Run {
    uid: u32,
    seq: u32,
    len: u32,
}

/// The messages a client knows, by number and by UID, and what it has still to be told.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    runs: Vec<Run>,
    count: u32,
    pub(super) read_only: bool,
    /// Its name and UIDVALIDITY.
    pub(super) named: Option<(Mailbox<'static>, u32)>,
    pub(super) recent: UidSet,
    /// `$`: the result of the last search that kept it (RFC 5182).
    pub(super) saved: UidSet,
    arrived: UidSet,
    arrived_recent: UidSet,
    gone: UidSet,
    flags: BTreeMap<u32, (Vec<String>, Option<u64>)>,
}

/// Changes to tell, in the order to tell them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Updates {
    /// Numbers of messages gone, from the greatest down, so that none shifts another.
    pub(super) expunged: Vec<u32>,
    /// The same by UID.
    pub(super) vanished: UidSet,
    /// The new number of messages, if some arrived.
    pub(super) exists: Option<u32>,
    /// The new number of recent messages, if it changed.
    pub(super) recent: Option<u64>,
    /// Number, UID, flags and mod-sequence of messages whose flags changed.
    pub(super) flags: Vec<(u32, u32, Vec<String>, Option<u64>)>,
}

impl View {
    pub(super) fn new(uids: &UidSet, recent: UidSet, read_only: bool) -> Self {
        let mut view = Self { recent, read_only, ..Self::default() };
        view.append(uids);
        view
    }

    fn append(&mut self, uids: &UidSet) {
        for (first, last) in uids.ranges() {
            let len = last.saturating_sub(first).saturating_add(1);
            let seq = self.count.saturating_add(1);
            match self.runs.last_mut() {
                Some(run) if run.uid.saturating_add(run.len) == first => {
                    run.len = run.len.saturating_add(len);
                }
                _ => self.runs.push(Run { uid: first, seq, len }),
            }
            self.count = self.count.saturating_add(len);
        }
    }

    /// Number of messages the client knows of.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The greatest UID the client knows of; 0 in an empty mailbox.
    pub(super) fn last_uid(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.uid.saturating_add(run.len).saturating_sub(1))
    }

    /// The number of the message with this UID.
    pub(super) fn seq(&self, uid: u32) -> Option<u32> {
        let at = self.runs.partition_point(|run| run.uid <= uid).checked_sub(1)?;
        let run = self.runs.get(at)?;
        let offset = uid.checked_sub(run.uid)?;
        (offset < run.len).then(|| run.seq.saturating_add(offset))
    }

    /// The UIDs of a set of numbers; `None` if it names one that does not exist.
    pub(super) fn uids_of_numbers(&self, set: &SequenceSet) -> Option<UidSet> {
        let numbers = set.resolve(self.count);
        if set.numbers().last().is_some_and(|last| last > self.count) {
            return None;
        }
        let mut uids = UidSet::new();
        let mut runs = self.runs.iter().peekable();
        for (first, last) in numbers.ranges() {
            while let Some(run) = runs.peek() {
                let run_last = run.seq.saturating_add(run.len).saturating_sub(1);
                if run_last < first {
                    runs.next();
                    continue;
                }
                if run.seq > last {
                    break;
                }
                let from = first.max(run.seq).saturating_sub(run.seq);
                let to = last.min(run_last).saturating_sub(run.seq);
                uids.insert_range(run.uid.saturating_add(from), run.uid.saturating_add(to));
                if run_last > last {
                    break;
                }
                runs.next();
            }
        }
        Some(uids)
    }

    /// The known UIDs in a set of UIDs; unknown ones are passed over (RFC 3501 §6.4.8).
    pub(super) fn known_uids(&self, set: &SequenceSet) -> UidSet {
        set.resolve(self.last_uid()).intersection(&self.all())
    }

    /// Every UID the client knows of.
    pub(super) fn all(&self) -> UidSet {
        let last = |run: &Run| run.uid.saturating_add(run.len).saturating_sub(1);
        UidSet::from_ranges(self.runs.iter().map(|run| (run.uid, last(run))).collect())
    }

    /// Messages arrived. UIDs that are not greater than all known ones are passed over.
    pub(super) fn arrive(&mut self, uids: impl IntoIterator<Item = u32>, recent: bool) {
        let mut last = self.last_uid().max(self.arrived.last().unwrap_or(0));
        for uid in uids {
            if uid > last {
                self.arrived.insert(uid);
                if recent {
                    self.arrived_recent.insert(uid);
                }
                last = uid;
            }
        }
    }

    /// Messages are gone from the store.
    pub(super) fn expunge(&mut self, uids: impl IntoIterator<Item = u32>) {
        for uid in uids {
            self.flags.remove(&uid);
            if self.seq(uid).is_some() {
                self.gone.insert(uid);
            } else if self.arrived.remove(uid) {
                self.arrived_recent.remove(uid);
            }
        }
    }

    /// A message's flags are these now.
    pub(super) fn change_flags(&mut self, uid: u32, flags: Vec<String>, mod_seq: Option<u64>) {
        if self.seq(uid).is_some() && !self.gone.contains(uid) {
            self.flags.insert(uid, (flags, mod_seq));
        }
    }

    /// Forgets a change of flags that the client has just been told in another way.
    pub(super) fn forget_flags(&mut self, uid: u32) {
        self.flags.remove(&uid);
    }

    /// Whether one of these is gone, which the client has still to be told.
    pub(super) fn has_gone(&self, uids: &UidSet) -> bool {
        !self.gone.is_empty() && !self.gone.intersection(uids).is_empty()
    }

    /// Whether there is something to tell.
    pub(super) fn has_news(&self) -> bool {
        !(self.arrived.is_empty() && self.gone.is_empty() && self.flags.is_empty())
    }

    /// What to tell now; from here on the client knows. EXPUNGE is left out, and stays pending,
    /// where it must not be said (RFC 3501 §7.4.1).
    pub(super) fn tell(&mut self, expunge: bool) -> Updates {
        let mut updates = Updates::default();
        let recent_before = self.recent.len();
        if expunge && !self.gone.is_empty() {
            let gone = core::mem::take(&mut self.gone);
            updates.expunged = gone.iter().rev().filter_map(|uid| self.seq(uid)).collect();
            self.remove(&gone);
            updates.vanished = gone;
        }
        if !self.arrived.is_empty() {
            let arrived = core::mem::take(&mut self.arrived);
            self.append(&arrived);
            self.recent.extend(core::mem::take(&mut self.arrived_recent).iter());
            updates.exists = Some(self.count);
        }
        let recent = self.recent.len();
        updates.recent = (updates.exists.is_some() || recent != recent_before).then_some(recent);
        for (uid, (flags, mod_seq)) in core::mem::take(&mut self.flags) {
            if let Some(seq) = self.seq(uid) {
                updates.flags.push((seq, uid, flags, mod_seq));
            }
        }
        updates
    }

    /// Takes messages out, in one pass.
    fn remove(&mut self, gone: &UidSet) {
        let runs = core::mem::take(&mut self.runs);
        self.count = 0;
        let mut holes = gone.ranges().peekable();
        for run in runs {
            let end = run.uid.saturating_add(run.len); // one past the last
            let mut from = run.uid;
            while from < end {
                while holes.next_if(|hole| hole.1 < from).is_some() {}
                match holes.peek() {
                    Some((first, last)) if *first < end => {
                        if *first > from {
                            self.append(&UidSet::range(from, first.saturating_sub(1)));
                        }
                        from = last.saturating_add(1);
                    }
                    _ => {
                        self.append(&UidSet::range(from, end.saturating_sub(1)));
                        from = end;
                    }
                }
            }
        }
        for uid in gone.iter() {
            self.recent.remove(uid);
            self.saved.remove(uid);
        }
    }
}
