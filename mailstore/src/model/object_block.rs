//! Up to 256 messages with neighbouring numbers, and who needs them: what is copied when one changes.

use std::collections::HashSet;

#[cfg(feature = "embedded")]
use crate::model::wire::{Reader, put_len};
use crate::model::{Object, Place};
use crate::{MessageId, ThreadId, columns};

/// A message, and how many rows and envelopes need it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) object: Object,
    pub(crate) needed: u32,
}

/// Ascending by message.
#[derive(Clone, Debug)]
pub(crate) enum ObjectBlock {
    /// Messages may still be added, or their octets are in memory.
    Open(Vec<(MessageId, Entry)>),
    Sealed(Columns),
}

impl Default for ObjectBlock {
    fn default() -> Self {
        ObjectBlock::Open(Vec::new())
    }
}

impl ObjectBlock {
    /// The number of the block a message is in.
    pub(crate) const fn of(id: MessageId) -> u64 {
        id.value() >> 8
    }

    pub(crate) const fn len(&self) -> usize {
        match self {
            ObjectBlock::Open(all) => all.len(),
            ObjectBlock::Sealed(columns) => columns.len(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (MessageId, Entry)> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    pub(crate) fn find(&self, id: MessageId) -> Option<Entry> {
        Some(self.get(self.place(id).ok()?)?.1)
    }

    /// How many rows and envelopes need the message.
    pub(crate) fn needed(&self, id: MessageId) -> Option<u32> {
        let place = self.place(id).ok()?;
        match self {
            ObjectBlock::Open(all) => all.get(place).map(|(_, entry)| entry.needed),
            ObjectBlock::Sealed(columns) => number32(columns.value(NEEDED, place)?),
        }
    }

    fn get(&self, place: usize) -> Option<(MessageId, Entry)> {
        match self {
            ObjectBlock::Open(all) => all.get(place).cloned(),
            ObjectBlock::Sealed(columns) => entry(columns.get(place)?),
        }
    }

    fn id(&self, place: usize) -> Option<MessageId> {
        match self {
            ObjectBlock::Open(all) => all.get(place).map(|(id, _)| *id),
            ObjectBlock::Sealed(columns) => columns.value(ID, place).map(MessageId::new),
        }
    }

    /// Where a message is, or would be. They mostly follow one another without a gap.
    fn place(&self, id: MessageId) -> Result<usize, usize> {
        let ahead = |first: MessageId| usize::try_from(id.value().checked_sub(first.value())?).ok();
        let guess = self.id(0).and_then(ahead).filter(|guess| self.id(*guess) == Some(id));
        if let Some(found) = guess {
            return Ok(found);
        }
        let (mut from, mut end) = (0, self.len());
        while from < end {
            let middle = from.midpoint(end);
            match self.id(middle) {
                Some(found) if found == id => return Ok(middle),
                Some(found) if found < id => from = middle + 1,
                _ => end = middle,
            }
        }
        Err(from)
    }

    /// Puts a message in the place of the one with this number, or between the others.
    pub(crate) fn put(&mut self, id: MessageId, new: Entry) {
        let place = self.place(id);
        if let (ObjectBlock::Sealed(columns), Ok(place), Some(new)) =
            (&mut *self, place, fields(id, &new))
        {
            for (field, value) in new.into_iter().enumerate().skip(NEEDED) {
                columns.set(field, &[place], value);
            }
            return;
        }
        let Some(all) = self.open() else { return };
        match place {
            Ok(old) => all.splice(old..=old, [(id, new)]).for_each(drop),
            Err(free) => all.insert(free, (id, new)),
        }
        if id.value() & 0xff == 0xff {
            self.seal();
        }
    }

    /// For each of these one row or envelope more needs the message.
    pub(crate) fn need(&mut self, ids: &[MessageId]) {
        for place in ids.iter().filter_map(|id| self.place(*id).ok()).collect::<Vec<_>>() {
            self.count(place, |needed| needed.saturating_add(1));
        }
    }

    /// For each of these one row or envelope less needs the message; takes out those that none needs now.
    pub(crate) fn release(&mut self, ids: &[MessageId]) -> Vec<(MessageId, Entry)> {
        let places: Vec<usize> = ids.iter().filter_map(|id| self.place(*id).ok()).collect();
        let mut unneeded: Vec<usize> = places
            .into_iter()
            .filter(|place| self.count(*place, |needed| needed.saturating_sub(1)) == Some(0))
            .collect();
        unneeded.sort_unstable();
        unneeded.dedup();
        self.take(&unneeded)
    }

    pub(crate) fn remove(&mut self, id: MessageId) -> Option<Entry> {
        let place = self.place(id).ok()?;
        Some(self.take(&[place]).pop()?.1)
    }

    /// Takes out what is at these places, which ascend.
    fn take(&mut self, places: &[usize]) -> Vec<(MessageId, Entry)> {
        let gone = places.iter().filter_map(|place| self.get(*place)).collect();
        match self {
            _ if places.is_empty() => {}
            ObjectBlock::Open(all) => {
                let mut place = 0..;
                all.retain(|_| place.next().is_none_or(|at| places.binary_search(&at).is_err()));
            }
            ObjectBlock::Sealed(columns) => *columns = columns.without(places),
        }
        gone
    }

    /// Changes how many need the message there; gives that.
    fn count(&mut self, place: usize, change: impl FnOnce(u32) -> u32) -> Option<u32> {
        match self {
            ObjectBlock::Open(all) => {
                let (_, entry) = all.get_mut(place)?;
                entry.needed = change(entry.needed);
                Some(entry.needed)
            }
            ObjectBlock::Sealed(columns) => {
                let needed = change(number32(columns.value(NEEDED, place)?)?);
                columns.set(NEEDED, &[place], needed.into());
                Some(needed)
            }
        }
    }

    fn open(&mut self) -> Option<&mut Vec<(MessageId, Entry)>> {
        if let ObjectBlock::Sealed(_) = self {
            *self = ObjectBlock::Open(self.iter().collect());
        }
        match self {
            ObjectBlock::Open(all) => Some(all),
            ObjectBlock::Sealed(_) => None,
        }
    }

    /// Makes it small, unless octets are in memory.
    fn seal(&mut self) {
        let ObjectBlock::Open(all) = self else { return };
        let rows: Option<Vec<_>> = all.iter().map(|(id, entry)| fields(*id, entry)).collect();
        if let Some(rows) = rows {
            *self = ObjectBlock::Sealed(Columns::of(&rows, &LEAST));
        }
    }

    /// Adds the numbers of its body files.
    pub(crate) fn files(&self, found: &mut HashSet<u64>) {
        match self {
            ObjectBlock::Open(all) => found.extend(all.iter().filter_map(|(_, e)| file(&e.object))),
            ObjectBlock::Sealed(columns) => {
                if columns.same(KINDS).is_some_and(|kinds| body_kind(kinds) != FILE) {
                    return;
                }
                let kind = |place| columns.value(KINDS, place).map(body_kind);
                let files = (0..columns.len()).filter(|place| kind(*place) == Some(FILE));
                found.extend(files.filter_map(|place| columns.value(BODY, place)));
            }
        }
    }
}

/// As the index keeps it: number of messages, the columns, then the CRC-32C of all of it.
#[cfg(feature = "embedded")]
impl ObjectBlock {
    pub(crate) fn pack(&self) -> Vec<u8> {
        // What is written is durable, so none has its octets in memory.
        let rows = self.iter().filter_map(|(id, entry)| fields(id, &entry));
        let columns = Columns::of(&rows.collect::<Vec<_>>(), &LEAST);
        let mut out = Vec::with_capacity(columns.octets() + 64);
        put_len(&mut out, columns.len());
        columns.pack(&mut out);
        out.extend(crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// A block the index kept; `None` when it is damaged.
    pub(crate) fn unpack(octets: &[u8]) -> Option<ObjectBlock> {
        let (octets, crc) = octets.split_last_chunk()?;
        if crc32c::crc32c(octets) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut r = Reader(octets);
        let rows = usize::try_from(r.number()?).ok()?;
        Some(ObjectBlock::Sealed(Columns::unpack(rows, &mut r, &LEAST)?))
    }
}

/// Message, how many need it, what its places are (facts, body, and whether it has a thread: two bits each),
/// size, checksum, thread, place and length of facts and body.
type Columns = columns::Columns<10, 1>;

const ID: usize = 0;
const NEEDED: usize = 1;
const KINDS: usize = 2;
const BODY: usize = 8;

/// How many need a message changes in place.
const LEAST: [u8; 10] = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

/// What a place is.
const LOG: u64 = 0;
const FILE: u64 = 1;
const LOST: u64 = 2;

/// `None` when octets are in memory.
fn fields(id: MessageId, Entry { object, needed }: &Entry) -> Option<[u64; 10]> {
    let place = |place: &Place| match place {
        Place::Log { at, length } => Some((LOG, *at, u64::from(*length))),
        Place::File(number) => Some((FILE, *number, 0)),
        Place::Damaged => Some((LOST, 0, 0)),
        Place::Memory(_) | Place::Spooled(_) => None,
    };
    let (facts_kind, facts, facts_length) = place(&object.facts)?;
    let (body_kind, body, body_length) = place(&object.body)?;
    let kinds = facts_kind | body_kind << 2 | u64::from(object.thread.is_some()) << 4;
    let thread = object.thread.map_or(0, ThreadId::value);
    let (id, needed, crc) = (id.value(), u64::from(*needed), u64::from(object.crc));
    Some([id, needed, kinds, object.size, crc, thread, facts, facts_length, body, body_length])
}

fn entry(fields: [u64; 10]) -> Option<(MessageId, Entry)> {
    let [id, needed, kinds, size, crc, thread, facts, facts_length, body, body_length] = fields;
    let place = |kind: u64, at: u64, length: u64| {
        Some(match kind {
            LOG => Place::Log { at, length: number32(length)? },
            FILE => Place::File(at),
            LOST => Place::Damaged,
            _ => return None,
        })
    };
    let object = Object {
        size,
        crc: number32(crc)?,
        thread: (kinds >> 4 & 1 == 1).then(|| ThreadId::new(thread)),
        facts: place(kinds & 3, facts, facts_length)?,
        body: place(body_kind(kinds), body, body_length)?,
    };
    Some((MessageId::new(id), Entry { object, needed: number32(needed)? }))
}

const fn body_kind(kinds: u64) -> u64 {
    kinds >> 2 & 3
}

fn number32(number: u64) -> Option<u32> {
    u32::try_from(number).ok()
}

const fn file(object: &Object) -> Option<u64> {
    match object.body {
        Place::File(number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Put(u8, u64, Option<u64>),
        Need(Vec<u8>),
        Release(Vec<u8>),
        Remove(u8),
        Seal,
        Kept,
    }

    fn step() -> impl Strategy<Value = Step> {
        let ids = || proptest::collection::vec(any::<u8>(), 0..100);
        prop_oneof![
            (any::<u8>(), prop_oneof![0..9u64, any::<u64>()], any::<Option<u64>>())
                .prop_map(|(id, number, thread)| Step::Put(id, number, thread)),
            ids().prop_map(Step::Need),
            ids().prop_map(Step::Release),
            any::<u8>().prop_map(Step::Remove),
            Just(Step::Seal),
            Just(Step::Kept),
        ]
    }

    fn object(number: u64, thread: Option<u64>) -> Object {
        let length = u32::try_from(number & 0xffff_ffff).unwrap();
        Object {
            size: number,
            crc: length,
            thread: thread.map(ThreadId::new),
            facts: Place::Log { at: number, length },
            body: match number % 3 {
                0 => Place::Log { at: number / 2, length },
                1 => Place::File(number),
                _ => Place::Damaged,
            },
        }
    }

    fn told(id: MessageId, entry: &Entry) -> [u64; 10] {
        fields(id, entry).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Open or sealed, and read again from the index, a block is a map.
        #[test]
        fn a_block_behaves_like_a_map(
            full in any::<bool>(), steps in proptest::collection::vec(step(), 1..40)
        ) {
            let (mut block, mut map) = (ObjectBlock::default(), BTreeMap::new());
            let first = full.then_some((0..=255).map(|id| Step::Put(id, u64::from(id) * 1000, None)));
            for step in first.into_iter().flatten().chain(steps) {
                let message = |id: u8| MessageId::new(0x700 + u64::from(id));
                match step {
                    Step::Put(id, number, thread) => {
                        let entry = Entry { object: object(number, thread), needed: 2 };
                        map.insert(message(id), entry.clone());
                        block.put(message(id), entry);
                    }
                    Step::Need(ids) => {
                        let ids: Vec<MessageId> = ids.into_iter().map(message).collect();
                        block.need(&ids);
                        for id in ids {
                            map.entry(id).and_modify(|entry| entry.needed += 1);
                        }
                    }
                    Step::Release(ids) => {
                        let ids: Vec<MessageId> = ids.into_iter().map(message).collect();
                        let gone = block.release(&ids);
                        for id in ids {
                            map.entry(id).and_modify(|e| e.needed = e.needed.saturating_sub(1));
                        }
                        for (id, entry) in gone {
                            let old = map.remove(&id).unwrap();
                            prop_assert_eq!(old.needed, 0);
                            prop_assert_eq!(told(id, &old), told(id, &entry));
                        }
                        prop_assert!(map.values().all(|entry| entry.needed > 0));
                    }
                    Step::Remove(id) => {
                        let removed = block.remove(message(id)).is_some();
                        prop_assert_eq!(removed, map.remove(&message(id)).is_some());
                    }
                    Step::Seal => block.seal(),
                    Step::Kept => {
                        let kept = block.pack();
                        prop_assert!(ObjectBlock::unpack(&kept[1..]).is_none());
                        block = ObjectBlock::unpack(&kept).unwrap();
                    }
                }
                prop_assert_eq!(block.len(), map.len());
                let same = block.iter().zip(&map).all(|((id, e), (at, entry))| {
                    id == *at && told(id, &e) == told(id, entry)
                });
                prop_assert!(same);
                for id in map.keys() {
                    prop_assert_eq!(block.needed(*id), map.get(id).map(|entry| entry.needed));
                }
                let mut files = HashSet::new();
                block.files(&mut files);
                let own = map.values().filter_map(|entry| file(&entry.object));
                prop_assert_eq!(files, own.collect());
            }
        }
    }
}
