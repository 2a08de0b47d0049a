//! The immutable messages behind the rows, and who still needs them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::model::Change;
use crate::model::object_block::{Entry, ObjectBlock};
use crate::upload::SpoolFile;
use crate::{MessageId, ThreadId};

/// A message's octets and facts.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) size: u64,
    pub(crate) crc: u32,
    pub(crate) thread: Option<ThreadId>,
    pub(crate) facts: Place,
    pub(crate) body: Place,
}

impl Object {
    /// About how many octets of the log it needs, with its facts and a row.
    fn logged(&self) -> u64 {
        const AND_CHANGES: u64 = 128;
        let of = |place: &Place| match place {
            #[cfg(any(feature = "embedded", feature = "journal"))]
            Place::Log { length, .. } => u64::from(*length),
            _ => 0,
        };
        AND_CHANGES + of(&self.facts) + of(&self.body)
    }
}

/// Where octets are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In memory: not stored yet, or stored by the memory backend.
    Memory(Bytes),
    /// In a file of their own that is not part of the store yet.
    Spooled(Arc<SpoolFile>),
    /// In the log.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    Log {
        /// Where the octets start.
        at: u64,
        /// How many there are.
        length: u32,
    },
    /// In the store's body file of this number.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    File(u64),
    /// Lost: found damaged when the store was opened.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    Damaged,
}

/// All messages, each with the number of rows and envelopes that need it. A clone shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    blocks: BTreeMap<u64, Arc<ObjectBlock>>,
    count: usize,
    octets: u64,
    /// Octets of the log they need.
    logged: u64,
    /// Blocks that changed since they were last taken.
    touched: HashSet<u64>,
}

impl Objects {
    pub(crate) fn find(&self, id: MessageId) -> Option<&Object> {
        self.entry(id).map(|entry| &entry.object)
    }

    fn entry(&self, id: MessageId) -> Option<&Entry> {
        self.blocks.get(&ObjectBlock::of(id))?.find(id)
    }

    /// The facts of messages, for a store that holds them in memory.
    #[cfg(any(feature = "memory", feature = "journal"))]
    pub(crate) fn facts_of(&self, messages: &[MessageId]) -> Vec<Option<Bytes>> {
        let facts = |id: &MessageId| match &self.find(*id)?.facts {
            Place::Memory(facts) => Some(facts.clone()),
            _ => None,
        };
        messages.iter().map(facts).collect()
    }

    /// The threads of messages.
    #[cfg(any(feature = "memory", feature = "journal", feature = "sqlite"))]
    pub(crate) fn threads_of(&self, messages: &[MessageId]) -> Vec<Option<ThreadId>> {
        messages.iter().map(|id| self.find(*id)?.thread).collect()
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The octets of all messages.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) const fn octets(&self) -> u64 {
        self.octets
    }

    /// All of them, ascending.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MessageId, &Object)> {
        let all = self.blocks.values().flat_map(|block| block.all());
        all.map(|(id, entry)| (*id, &entry.object))
    }

    /// Follows a change; a message nobody needs any more is removed and pushed to `gone`.
    pub(crate) fn apply(&mut self, change: &Change, gone: &mut Vec<(MessageId, Object)>) {
        match change {
            Change::Object { id, object } => self.insert(*id, object.clone(), 0),
            Change::Moved { id, object, needed } => {
                let needed = self.entry(*id).map_or(*needed, |known| known.needed);
                self.insert(*id, object.clone(), needed);
            }
            Change::Rows { rows, .. } => rows.iter().for_each(|row| self.need(row.message)),
            Change::Envelope { envelope, new: true } => self.need(envelope.message),
            Change::Expunged { gone: rows, .. } => {
                let messages: Vec<MessageId> = rows.iter().map(|(_, message)| *message).collect();
                self.release(&messages, gone);
            }
            Change::EnvelopeGone { message, .. } => self.release(&[*message], gone),
            _ => {}
        }
    }

    /// How many rows and envelopes need the message.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn needed(&self, id: MessageId) -> Option<u32> {
        self.entry(id).map(|entry| entry.needed)
    }

    fn need(&mut self, id: MessageId) {
        self.change(id, |entry| entry.needed = entry.needed.saturating_add(1));
    }

    /// Removes the messages nobody needs; there are none but where something changed.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn sweep(&mut self) {
        for number in self.touched.clone() {
            let block = self.blocks.get(&number);
            let all = block.into_iter().flat_map(|block| block.all());
            let unneeded: Vec<MessageId> =
                all.filter(|(_, entry)| entry.needed == 0).map(|(id, _)| *id).collect();
            unneeded.into_iter().for_each(|id| _ = self.remove(id));
        }
    }

    /// Marks the bodies `lost` says are gone.
    #[cfg(any(feature = "embedded", feature = "maildir"))]
    pub(crate) fn damage(&mut self, lost: impl Fn(MessageId, &Object) -> bool) {
        let lost: Vec<MessageId> =
            self.iter().filter(|(id, object)| lost(*id, object)).map(|(id, _)| id).collect();
        for id in lost {
            self.change(id, |entry| entry.object.body = Place::Damaged);
        }
    }

    fn release(&mut self, mut ids: &[MessageId], gone: &mut Vec<(MessageId, Object)>) {
        while let Some(first) = ids.first() {
            let number = ObjectBlock::of(*first);
            let same = ids.iter().take_while(|id| ObjectBlock::of(**id) == number).count();
            let (here, later) = ids.split_at(same);
            ids = later;
            let Some(block) = self.blocks.get_mut(&number) else { continue };
            let removed = Arc::make_mut(block).release(here);
            if block.all().is_empty() {
                self.blocks.remove(&number);
            }
            self.touched.insert(number);
            for (id, entry) in removed {
                self.uncount(&entry);
                gone.push((id, entry.object));
            }
        }
    }

    fn change(&mut self, id: MessageId, change: impl FnOnce(&mut Entry)) {
        let number = ObjectBlock::of(id);
        if let Some(block) = self.blocks.get_mut(&number) {
            Arc::make_mut(block).change(id, change);
            self.touched.insert(number);
        }
    }

    fn insert(&mut self, id: MessageId, object: Object, needed: u32) {
        self.remove(id);
        let number = ObjectBlock::of(id);
        self.octets = self.octets.saturating_add(object.size);
        self.logged = self.logged.saturating_add(object.logged());
        self.count += 1;
        let block = self.blocks.entry(number).or_default();
        Arc::make_mut(block).insert(id, Entry { object, needed });
        self.touched.insert(number);
    }

    fn remove(&mut self, id: MessageId) -> Option<Entry> {
        let number = ObjectBlock::of(id);
        let block = self.blocks.get_mut(&number)?;
        let entry = Arc::make_mut(block).remove(id)?;
        if block.all().is_empty() {
            self.blocks.remove(&number);
        }
        self.uncount(&entry);
        self.touched.insert(number);
        Some(entry)
    }

    fn uncount(&mut self, entry: &Entry) {
        self.count -= 1;
        self.octets = self.octets.saturating_sub(entry.object.size);
        self.logged = self.logged.saturating_sub(entry.object.logged());
    }
}

/// For an index that keeps blocks.
#[cfg(feature = "embedded")]
impl Objects {
    /// These many messages with so many octets; their blocks come next.
    pub(crate) fn kept(count: usize, octets: u64, logged: u64) -> Objects {
        Objects { count, octets, logged, ..Objects::default() }
    }

    /// About how many octets of the log they need, with their facts and rows.
    pub(crate) const fn logged(&self) -> u64 {
        self.logged
    }

    pub(crate) fn keep(&mut self, number: u64, block: ObjectBlock) {
        self.blocks.insert(number, Arc::new(block));
    }

    /// The blocks that changed since they were last taken; without one that is empty.
    pub(crate) fn take_touched(&mut self) -> impl Iterator<Item = (u64, Option<Arc<ObjectBlock>>)> {
        let touched = core::mem::take(&mut self.touched);
        touched.into_iter().map(|number| (number, self.blocks.get(&number).cloned()))
    }

    /// The numbers of all body files.
    pub(crate) fn files(&self) -> HashSet<u64> {
        let mut found = HashSet::new();
        self.blocks.values().for_each(|block| block.files(&mut found));
        found
    }
}
