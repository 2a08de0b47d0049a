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
    Log {
        /// Where the octets start.
        at: u64,
        /// How many there are.
        length: u32,
    },
    /// In the store's body file of this number.
    File(u64),
    /// Lost: found damaged when the store was opened.
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
    pub(crate) fn find(&self, id: MessageId) -> Option<Object> {
        Some(self.blocks.get(&ObjectBlock::of(id))?.find(id)?.object)
    }

    /// The facts of messages, for a store that holds them in memory.
    #[cfg(any(feature = "memory", feature = "journal"))]
    pub(crate) fn facts_of(&self, messages: &[MessageId]) -> Vec<Option<Bytes>> {
        let facts = |id: &MessageId| match self.find(*id)?.facts {
            Place::Memory(facts) => Some(facts),
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
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MessageId, Object)> {
        let all = self.blocks.values().flat_map(|block| block.iter());
        all.map(|(id, entry)| (id, entry.object))
    }

    /// Follows a change; a message nobody needs any more is removed and pushed to `gone`.
    pub(crate) fn apply(&mut self, change: &Change, gone: &mut Vec<(MessageId, Object)>) {
        match change {
            Change::Object { id, object } => self.put(*id, object.clone(), 0),
            Change::Moved { id, object, needed } => {
                let needed = self.needed(*id).unwrap_or(*needed);
                self.put(*id, object.clone(), needed);
            }
            Change::Rows { rows, .. } => {
                self.need(&rows.iter().map(|row| row.message).collect::<Vec<_>>());
            }
            Change::Envelope { envelope, new: true } => self.need(&[envelope.message]),
            Change::Expunged { gone: rows, .. } => {
                let messages: Vec<MessageId> = rows.iter().map(|(_, message)| *message).collect();
                self.release(&messages, gone);
            }
            Change::EnvelopeGone { message, .. } => self.release(&[*message], gone),
            _ => {}
        }
    }

    /// How many rows and envelopes need the message.
    pub(crate) fn needed(&self, id: MessageId) -> Option<u32> {
        self.blocks.get(&ObjectBlock::of(id))?.needed(id)
    }

    fn need(&mut self, mut ids: &[MessageId]) {
        while let Some((number, here)) = same_block(&mut ids) {
            if let Some(block) = self.blocks.get_mut(&number) {
                Arc::make_mut(block).need(here);
                self.touched.insert(number);
            }
        }
    }

    /// Removes the messages nobody needs; there are none but where something changed.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn sweep(&mut self) {
        for number in self.touched.clone() {
            let block = self.blocks.get(&number);
            let all = block.into_iter().flat_map(|block| block.iter());
            let unneeded: Vec<MessageId> =
                all.filter(|(_, entry)| entry.needed == 0).map(|(id, _)| id).collect();
            unneeded.into_iter().for_each(|id| self.remove(id));
        }
    }

    /// Marks the bodies `lost` says are gone.
    #[cfg(any(feature = "embedded", feature = "maildir"))]
    pub(crate) fn damage(&mut self, lost: impl Fn(MessageId, &Object) -> bool) {
        let lost: Vec<(MessageId, Object)> =
            self.iter().filter(|(id, object)| lost(*id, object)).collect();
        for (id, mut object) in lost {
            object.body = Place::Damaged;
            let needed = self.needed(id).unwrap_or(0);
            self.put(id, object, needed);
        }
    }

    fn release(&mut self, mut ids: &[MessageId], gone: &mut Vec<(MessageId, Object)>) {
        while let Some((number, here)) = same_block(&mut ids) {
            let Some(block) = self.blocks.get_mut(&number) else { continue };
            let removed = Arc::make_mut(block).release(here);
            self.changed(number);
            for (id, entry) in removed {
                self.uncount(&entry.object);
                gone.push((id, entry.object));
            }
        }
    }

    fn put(&mut self, id: MessageId, object: Object, needed: u32) {
        if let Some(old) = self.find(id) {
            self.uncount(&old);
        }
        let number = ObjectBlock::of(id);
        self.octets = self.octets.saturating_add(object.size);
        self.logged = self.logged.saturating_add(object.logged());
        self.count += 1;
        let block = self.blocks.entry(number).or_default();
        Arc::make_mut(block).put(id, Entry { object, needed });
        self.changed(number);
    }

    fn remove(&mut self, id: MessageId) {
        let number = ObjectBlock::of(id);
        let block = self.blocks.get_mut(&number).map(Arc::make_mut);
        if let Some(entry) = block.and_then(|block| block.remove(id)) {
            self.uncount(&entry.object);
            self.changed(number);
        }
    }

    fn changed(&mut self, number: u64) {
        if self.blocks.get(&number).is_some_and(|block| block.len() == 0) {
            self.blocks.remove(&number);
        }
        self.touched.insert(number);
    }

    fn uncount(&mut self, object: &Object) {
        self.count -= 1;
        self.octets = self.octets.saturating_sub(object.size);
        self.logged = self.logged.saturating_sub(object.logged());
    }
}

/// The number of the block the first of these is in, and those that follow there too, which are taken off.
fn same_block<'a>(ids: &mut &'a [MessageId]) -> Option<(u64, &'a [MessageId])> {
    let number = ObjectBlock::of(*ids.first()?);
    let same = ids.iter().take_while(|id| ObjectBlock::of(**id) == number).count();
    let (here, later) = ids.split_at(same);
    *ids = later;
    Some((number, here))
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
