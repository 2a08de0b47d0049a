//! The rows of a mailbox in compact, shared, copy-on-write blocks: a clone costs a pointer per 64 blocks,
//! a change copies one block.

use std::collections::HashMap;
use std::sync::Arc;

use crate::block::{Block, Packed};
use crate::parts::{At, Parts};
use crate::{Flags, ModSeq, Row, Status, Uid, UidValidity};

/// Rows in a block: a change copies at most this many.
const BLOCK: usize = 256;

/// At least this many removals are remembered.
const GRAVES: usize = 64 * 1024;

/// A mailbox's rows, its counters and its tombstones.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    status: Status,
    blocks: Parts<Block>,
    keywords: Arc<KeywordSets>,
    graves: Vec<Arc<Vec<Grave>>>,
    /// Removals up to this point are forgotten.
    forgotten: ModSeq,
}

#[derive(Clone, Copy, Debug)]
struct Grave {
    modseq: ModSeq,
    uid: Uid,
}

/// Where a mailbox stands beside its rows: its counters and its tombstones.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) uid_next: Uid,
    pub(crate) highest_modseq: ModSeq,
    pub(crate) forgotten: ModSeq,
    pub(crate) gone: Vec<(ModSeq, Uid)>,
}

/// The distinct keyword sets in use; number 0 is the empty one.
#[derive(Clone, Debug)]
struct KeywordSets {
    sets: Vec<Flags>,
    numbers: HashMap<Vec<Box<str>>, u32>,
    spelling: HashMap<String, Box<str>>,
}

impl Rows {
    pub(crate) fn new(uid_validity: UidValidity) -> Rows {
        let keywords = KeywordSets {
            sets: vec![Flags::NONE],
            numbers: HashMap::new(),
            spelling: HashMap::new(),
        };
        Rows {
            status: Status::empty(uid_validity),
            blocks: Parts::new(),
            keywords: Arc::new(keywords),
            graves: Vec::new(),
            forgotten: ModSeq::ZERO,
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.status.messages).unwrap_or(usize::MAX)
    }

    pub(crate) const fn status(&self) -> Status {
        self.status
    }

    /// Makes the counters at least these.
    pub(crate) fn raise(&mut self, uid_next: Uid, modseq: ModSeq) {
        self.status.uid_next = self.status.uid_next.max(uid_next);
        self.status.highest_modseq = self.status.highest_modseq.max(modseq);
    }

    /// Adds a row after the last; false, and nothing happens, when its UID is not higher.
    pub(crate) fn push(&mut self, row: &Row) -> bool {
        if self.blocks.last().and_then(|block| block.last_uid()).is_some_and(|u| u >= row.uid) {
            return false;
        }
        let packed = Packed {
            message: row.message,
            modseq: row.modseq,
            size: row.size,
            internal_date: row.internal_date,
            save_date: row.save_date,
            uid: row.uid,
            flags: pack(&mut self.keywords, &row.flags),
        };
        match self.blocks.last_mut() {
            Some(block) if block.len() < BLOCK => {
                block.push(packed);
                if block.len() == BLOCK {
                    block.seal();
                }
            }
            _ => {
                let mut block = Block::default();
                block.push(packed);
                self.blocks.push(block);
            }
        }
        self.count(packed, true);
        let next = row.uid.next().unwrap_or(row.uid);
        self.raise(next, row.modseq);
        true
    }

    /// Gives rows these flags; `uids` ascend. What is not there is passed over.
    pub(crate) fn set_flags(&mut self, uids: &[Uid], flags: &Flags, modseq: ModSeq) {
        let flags = pack(&mut self.keywords, flags);
        let mut left = uids;
        while let Some((at, here)) = self.next_block(&mut left) {
            let Some(block) = self.blocks.get_mut(at) else { break };
            let places = block.places(here);
            if places.is_empty() {
                continue;
            }
            for old in block.flag(&places, flags, modseq) {
                count_flags(&mut self.status, old, false);
                count_flags(&mut self.status, flags, true);
            }
            self.raise(Uid::FIRST, modseq);
        }
    }

    /// Removes rows; `uids` ascend. What is not there is passed over.
    pub(crate) fn remove(&mut self, uids: &[Uid], modseq: ModSeq) {
        let mut left = uids;
        while let Some((at, here)) = self.next_block(&mut left) {
            let Some(block) = self.blocks.get_mut(at) else { break };
            let places = block.places(here);
            for row in block.take(&places) {
                self.count(row, false);
                self.bury(Grave { modseq, uid: row.uid });
            }
        }
        self.blocks.retain(|block| block.len() > 0);
        self.raise(Uid::FIRST, modseq);
    }

    /// The block the first of these belongs to, and those that belong to it too, which are taken off.
    fn next_block<'a>(&self, uids: &mut &'a [Uid]) -> Option<(At, &'a [Uid])> {
        let first = uids.first()?;
        // One that has just lost its last row stands in front too.
        let at = self.blocks.first(|block| block.last_uid().is_none_or(|last| last < *first))?;
        let last = self.blocks.get(at)?.last_uid()?;
        let (here, later) = uids.split_at(uids.partition_point(|uid| *uid <= last));
        *uids = later;
        Some((at, here))
    }

    /// What was kept of a mailbox but its blocks, which come next, and its tombstones.
    #[cfg(feature = "embedded")]
    pub(crate) fn kept(status: Status, keywords: &[Flags]) -> Rows {
        let mut rows = Rows::new(status.uid_validity);
        rows.status = status;
        for set in keywords {
            let names = set.keywords().map(Box::from).collect();
            Arc::make_mut(&mut rows.keywords).add(names, set);
        }
        rows
    }

    #[cfg(feature = "embedded")]
    pub(crate) fn keep(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// The blocks, each with its first UID.
    #[cfg(feature = "embedded")]
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (Uid, &Arc<Block>)> {
        self.blocks.iter().filter_map(|block| Some((block.first_uid()?, block)))
    }

    /// The keyword sets, in the order of their numbers, from 1 on.
    #[cfg(feature = "embedded")]
    pub(crate) fn keyword_sets(&self) -> &[Flags] {
        self.keywords.sets.get(1..).unwrap_or_default()
    }

    #[cfg(feature = "embedded")]
    pub(crate) const fn forgotten(&self) -> ModSeq {
        self.forgotten
    }

    /// Where the mailbox stands.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn standing(&self) -> Standing {
        let graves = self.graves.iter().flat_map(|graves| graves.iter());
        Standing {
            uid_next: self.status.uid_next,
            highest_modseq: self.status.highest_modseq,
            forgotten: self.forgotten,
            gone: graves.map(|grave| (grave.modseq, grave.uid)).collect(),
        }
    }

    /// Makes the mailbox stand there.
    pub(crate) fn stand(&mut self, standing: &Standing) {
        self.forgotten = self.forgotten.max(standing.forgotten);
        let graves = standing.gone.iter().map(|(modseq, uid)| Grave { modseq: *modseq, uid: *uid });
        let graves: Vec<Grave> = graves.collect();
        self.graves = graves.chunks(BLOCK).map(|block| Arc::new(block.to_vec())).collect();
        self.raise(standing.uid_next, standing.highest_modseq);
    }

    /// Makes these rows be there, whatever is there already.
    pub(crate) fn restore(&mut self, rows: &[Row]) {
        let mut late = Vec::new();
        for row in rows {
            match self.find(row.uid) {
                Some(old) if old == *row => {}
                Some(_) => self.set_flags(&[row.uid], &row.flags, row.modseq),
                None if self.push(row) => {}
                None => late.push(row.clone()),
            }
        }
        if late.is_empty() {
            return;
        }
        // Happens only while a log is read without an index.
        let mut all: Vec<Row> = self.iter().chain(late).collect();
        all.sort_unstable_by_key(|row| row.uid);
        let mut fresh = Rows::new(self.status.uid_validity);
        fresh.keywords = self.keywords.clone();
        all.iter().for_each(|row| _ = fresh.push(row));
        fresh.raise(self.status.uid_next, self.status.highest_modseq);
        fresh.graves = core::mem::take(&mut self.graves);
        fresh.forgotten = self.forgotten;
        *self = fresh;
    }

    /// The rows after this one; all without one.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn after(&self, uid: Option<Uid>) -> impl Iterator<Item = Row> {
        let after = move |last: Uid| uid.is_none_or(|uid| last > uid);
        let first = self.blocks.first(|b| b.last_uid().is_some_and(|last| !after(last)));
        let rows = self.blocks.from(first).flat_map(|block| block.iter());
        rows.filter(move |row| after(row.uid)).map(|row| self.unpack(&row))
    }

    /// Records a removal that happened earlier.
    pub(crate) fn bury_old(&mut self, uid: Uid, modseq: ModSeq) {
        self.bury(Grave { modseq, uid });
        self.raise(uid.next().unwrap_or(uid), modseq);
    }

    fn bury(&mut self, grave: Grave) {
        match self.graves.last_mut() {
            Some(graves) if graves.len() < BLOCK => Arc::make_mut(graves).push(grave),
            _ => self.graves.push(Arc::new(vec![grave])),
        }
        if self.graves.len() > GRAVES / BLOCK + 1 {
            let oldest = self.graves.remove(0);
            self.forgotten = oldest.last().map_or(self.forgotten, |grave| grave.modseq);
        }
    }

    pub(crate) fn find(&self, uid: Uid) -> Option<Row> {
        let (block, place) = self.locate(uid)?;
        let packed = self.blocks.get(block)?.get(place)?;
        Some(self.unpack(&packed))
    }

    /// Those of these that are there; `uids` ascend.
    pub(crate) fn some(&self, uids: &[Uid]) -> impl Iterator<Item = Row> {
        let mut left = uids;
        let blocks = core::iter::from_fn(move || self.next_block(&mut left));
        let rows = blocks.flat_map(|(at, here)| {
            let block = self.blocks.get(at);
            let places = block.map(|block| block.places(here)).unwrap_or_default();
            places.into_iter().filter_map(move |place| block?.get(place))
        });
        rows.map(|packed| self.unpack(&packed))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Row> {
        self.packed().map(|packed| self.unpack(&packed))
    }

    pub(crate) fn uids(&self) -> impl DoubleEndedIterator<Item = Uid> {
        self.packed().map(|packed| packed.uid)
    }

    /// The UIDs of the rows with [`Flags::DELETED`].
    pub(crate) fn deleted(&self) -> impl Iterator<Item = Uid> {
        let deleted = u32::from(Flags::DELETED.bits());
        self.packed().filter(move |row| row.flags & deleted != 0).map(|row| row.uid)
    }

    pub(crate) fn changed_since(&self, modseq: ModSeq) -> impl Iterator<Item = Row> {
        let blocks = self.blocks.iter().filter(move |block| block.highest() > modseq.value());
        let rows = blocks.flat_map(|block| block.iter());
        rows.filter(move |row| row.modseq > modseq).map(|packed| self.unpack(&packed))
    }

    /// Says that removals up to this point are forgotten.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn forget(&mut self, modseq: ModSeq) {
        self.forgotten = self.forgotten.max(modseq);
    }

    /// Whether some of what was removed after this point is forgotten.
    pub(crate) fn forgets(&self, modseq: ModSeq) -> bool {
        modseq < self.forgotten
    }

    /// The UIDs removed after this point, ascending; when some are forgotten, every UID without a row.
    pub(crate) fn expunged_since(&self, modseq: ModSeq) -> Vec<Uid> {
        if self.forgets(modseq) {
            let mut own = self.uids().peekable();
            let all = (1..self.status.uid_next.value()).filter_map(Uid::new);
            return all.filter(|uid| own.next_if_eq(uid).is_none()).collect();
        }
        let late = |grave: &&Grave| grave.modseq > modseq;
        let blocks = self.graves.iter().rev();
        let blocks = blocks.take_while(|block| block.last().is_some_and(|g| g.modseq > modseq));
        let mut uids: Vec<Uid> =
            blocks.flat_map(|block| block.iter().rev().take_while(late)).map(|g| g.uid).collect();
        uids.sort_unstable();
        uids
    }

    /// The octets the rows take.
    pub(crate) fn octets(&self) -> usize {
        self.blocks.iter().map(|block| size_of::<Arc<Block>>() + block.octets()).sum()
    }

    pub(crate) fn keywords(&self) -> Flags {
        Flags::NONE.with_keywords(self.keywords.spelling.values().map(|name| &**name))
    }

    /// The flags, keywords spelled as this mailbox spells them.
    pub(crate) fn spelled(&self, flags: &Flags) -> Flags {
        let spelling = &self.keywords.spelling;
        flags.spelled_like(|name| spelling.get(&name.to_ascii_lowercase()).cloned())
    }

    fn packed(&self) -> impl DoubleEndedIterator<Item = Packed> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    fn locate(&self, uid: Uid) -> Option<(At, usize)> {
        let block = self.blocks.first(|b| b.last_uid().is_some_and(|last| last < uid))?;
        Some((block, self.blocks.get(block)?.find(uid)?))
    }

    fn unpack(&self, packed: &Packed) -> Row {
        Row {
            uid: packed.uid,
            message: packed.message,
            flags: self.keywords.unpack(packed.flags),
            modseq: packed.modseq,
            size: packed.size,
            internal_date: packed.internal_date,
            save_date: packed.save_date,
        }
    }

    fn count(&mut self, row: Packed, comes: bool) {
        step(&mut self.status.messages, true, comes);
        count_flags(&mut self.status, row.flags, comes);
        let size = self.status.size;
        self.status.size =
            if comes { size.saturating_add(row.size) } else { size.saturating_sub(row.size) };
    }
}

fn count_flags(status: &mut Status, flags: u32, comes: bool) {
    step(&mut status.unseen, flags & u32::from(Flags::SEEN.bits()) == 0, comes);
    step(&mut status.deleted, flags & u32::from(Flags::DELETED.bits()) != 0, comes);
}

const fn step(count: &mut u32, applies: bool, comes: bool) {
    match (applies, comes) {
        (false, _) => {}
        (true, true) => *count += 1,
        (true, false) => *count = count.saturating_sub(1),
    }
}

fn pack(keywords: &mut Arc<KeywordSets>, flags: &Flags) -> u32 {
    let system = u32::from(flags.bits());
    let names: Vec<Box<str>> = flags.keywords().map(Box::from).collect();
    if names.is_empty() {
        return system;
    }
    let number = match keywords.numbers.get(&names) {
        Some(number) => *number,
        None => Arc::make_mut(keywords).add(names, flags),
    };
    system | number << 8
}

impl KeywordSets {
    fn add(&mut self, names: Vec<Box<str>>, flags: &Flags) -> u32 {
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        for name in &names {
            self.spelling.entry(name.to_ascii_lowercase()).or_insert_with(|| name.clone());
        }
        self.sets.push(flags.keyword_set());
        self.numbers.insert(names, number);
        number
    }

    fn unpack(&self, packed: u32) -> Flags {
        let [bits, ..] = packed.to_le_bytes();
        let system = Flags::from_bits(bits);
        match usize::try_from(packed >> 8).ok().and_then(|number| self.sets.get(number)) {
            Some(set) => system.union(set),
            None => system,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::MessageId;

    #[derive(Clone, Debug)]
    enum Step {
        Push(u32),
        Flag(Vec<u32>, u8, bool),
        Remove(Vec<u32>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let uids = || proptest::collection::btree_set(1..1500u32, 0..200);
        prop_oneof![
            (1..600u32).prop_map(Step::Push),
            (uids(), 0..32u8, any::<bool>()).prop_map(|(uids, bits, word)| Step::Flag(
                uids.into_iter().collect(),
                bits,
                word
            )),
            uids().prop_map(|uids| Step::Remove(uids.into_iter().collect())),
        ]
    }

    #[test]
    fn old_removals_are_forgotten_and_more_is_named_never_less() {
        let mut rows = Rows::new(UidValidity::new(7).unwrap());
        let count = 3 * u32::try_from(GRAVES).unwrap();
        let all: Vec<Uid> = (1..=count).filter_map(Uid::new).collect();
        for uid in &all {
            rows.push(&Row::new(*uid, MessageId::new(1), 1, ModSeq::new(2)));
        }
        for (step, uids) in all.chunks(300).enumerate() {
            rows.remove(&uids[1..], ModSeq::new(3 + u64::try_from(step).unwrap()));
        }
        let last = rows.status().highest_modseq;
        let recent = ModSeq::new(last.value() - 10);
        assert!(rows.forgets(ModSeq::ZERO) && !rows.forgets(recent));
        assert_eq!(
            rows.expunged_since(recent).len(),
            9 * 299 + all.chunks(300).last().unwrap().len() - 1
        );
        let gone: Vec<Uid> = all.iter().copied().filter(|uid| rows.find(*uid).is_none()).collect();
        assert_eq!(rows.expunged_since(ModSeq::ZERO), gone);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Blocks, counters and tombstones agree with a plain map, and clones stay as they were.
        #[test]
        fn rows_behave_like_a_map(steps in proptest::collection::vec(step(), 1..20)) {
            let mut rows = Rows::new(UidValidity::new(7).unwrap());
            let mut map: BTreeMap<Uid, Row> = BTreeMap::new();
            let mut removed: Vec<(ModSeq, Uid)> = Vec::new();
            let mut earlier = Vec::new();
            let mut next = 1;
            for (at, step) in steps.into_iter().enumerate() {
                let modseq = ModSeq::new(u64::try_from(at).unwrap() + 2);
                match step {
                    Step::Push(count) => for _ in 0..count {
                        let uid = Uid::new(next).unwrap();
                        let row = Row::new(uid, MessageId::new(next.into()), next.into(), modseq);
                        prop_assert!(rows.push(&row));
                        prop_assert!(!rows.push(&row));
                        map.insert(uid, row);
                        next += 1;
                    },
                    Step::Flag(uids, bits, word) => {
                        let uids: Vec<Uid> = uids.into_iter().filter_map(Uid::new).collect();
                        let flags = Flags::from_bits(bits);
                        let flags =
                            if word { flags.union(&Flags::keyword("word")) } else { flags };
                        rows.set_flags(&uids, &flags, modseq);
                        for uid in uids {
                            if let Some(row) = map.get_mut(&uid) {
                                row.flags = flags.clone();
                                row.modseq = modseq;
                            }
                        }
                    },
                    Step::Remove(uids) => {
                        let uids: Vec<Uid> = uids.into_iter().filter_map(Uid::new).collect();
                        rows.remove(&uids, modseq);
                        for uid in uids {
                            if map.remove(&uid).is_some() {
                                removed.push((modseq, uid));
                            }
                        }
                    }
                }
                earlier.push((rows.clone(), map.clone()));
            }
            for (rows, map) in &earlier {
                prop_assert!(rows.iter().eq(map.values().cloned()));
                let status = rows.status();
                prop_assert_eq!(rows.len(), map.len());
                let unseen = map.values().filter(|row| !row.flags.contains(&Flags::SEEN)).count();
                prop_assert_eq!(usize::try_from(status.unseen).unwrap(), unseen);
                prop_assert_eq!(status.size, map.values().map(|row| row.size).sum::<u64>());
                prop_assert!(map.values().all(|row| rows.find(row.uid).as_ref() == Some(row)));
                prop_assert!(map.values().all(|row| row.modseq <= status.highest_modseq));
            }
            for since in (0..22).map(ModSeq::new) {
                let late = map.values().filter(|row| row.modseq > since).cloned();
                prop_assert!(rows.changed_since(since).eq(late));
                let mut gone: Vec<Uid> =
                    removed.iter().filter(|(at, _)| *at > since).map(|(_, uid)| *uid).collect();
                gone.sort();
                prop_assert_eq!(rows.expunged_since(since), gone);
            }
            prop_assert_eq!(rows.status().uid_next.value(), next);
        }
    }
}
