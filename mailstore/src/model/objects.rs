//! The immutable messages behind the rows, and who still needs them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::model::Change;
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

/// All messages, each with the number of rows and envelopes that need it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    all: HashMap<MessageId, (Object, u32)>,
    octets: u64,
}

impl Objects {
    pub(crate) fn find(&self, id: MessageId) -> Option<&Object> {
        self.all.get(&id).map(|(object, _)| object)
    }

    /// The facts of messages, for a store that holds them in memory.
    pub(crate) fn facts_of(&self, messages: &[MessageId]) -> Vec<Option<Bytes>> {
        let facts = |id: &MessageId| match &self.find(*id)?.facts {
            Place::Memory(facts) => Some(facts.clone()),
            _ => None,
        };
        messages.iter().map(facts).collect()
    }

    /// The threads of messages.
    pub(crate) fn threads_of(&self, messages: &[MessageId]) -> Vec<Option<ThreadId>> {
        messages.iter().map(|id| self.find(*id)?.thread).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The octets of all messages.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) const fn octets(&self) -> u64 {
        self.octets
    }

    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MessageId, &Object)> {
        self.all.iter().map(|(id, (object, _))| (*id, object))
    }

    /// Follows a change; a message nobody needs any more is removed and pushed to `gone`.
    pub(crate) fn apply(&mut self, change: &Change, gone: &mut Vec<(MessageId, Object)>) {
        match change {
            Change::Object { id, object } => {
                self.octets = self.octets.saturating_add(object.size);
                self.all.insert(*id, (object.clone(), 0));
            }
            Change::Moved { id, object, needed } => match self.all.get_mut(id) {
                Some((known, _)) => *known = object.clone(),
                None => {
                    self.octets = self.octets.saturating_add(object.size);
                    self.all.insert(*id, (object.clone(), *needed));
                }
            },
            Change::Rows { rows, .. } => rows.iter().for_each(|row| self.need(row.message)),
            Change::Envelope { envelope, new: true } => self.need(envelope.message),
            Change::Expunged { gone: rows, .. } => {
                rows.iter().for_each(|(_, message)| self.release(*message, gone));
            }
            Change::EnvelopeGone { message, .. } => self.release(*message, gone),
            _ => {}
        }
    }

    /// How many rows and envelopes need the message.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn needed(&self, id: MessageId) -> Option<u32> {
        self.all.get(&id).map(|(_, needed)| *needed)
    }

    pub(crate) fn need(&mut self, id: MessageId) {
        if let Some((_, needed)) = self.all.get_mut(&id) {
            *needed = needed.saturating_add(1);
        }
    }

    /// Removes the messages nobody needs.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn sweep(&mut self) {
        self.all.retain(|_, (_, needed)| *needed > 0);
        self.octets = self.all.values().map(|(object, _)| object.size).sum();
    }

    /// Marks the bodies `lost` says are gone.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn damage(&mut self, lost: impl Fn(&Object) -> bool) {
        for (object, _) in self.all.values_mut() {
            if lost(object) {
                object.body = Place::Damaged;
            }
        }
    }

    /// Marks the bodies that are not `kept` as gone.
    #[cfg(feature = "maildir")]
    pub(crate) fn damage_missing(&mut self, kept: impl Fn(MessageId) -> bool) {
        for (id, (object, _)) in &mut self.all {
            if !kept(*id) {
                object.body = Place::Damaged;
            }
        }
    }

    fn release(&mut self, id: MessageId, gone: &mut Vec<(MessageId, Object)>) {
        let Some((_, needed)) = self.all.get_mut(&id) else { return };
        *needed = needed.saturating_sub(1);
        if *needed == 0
            && let Some((object, _)) = self.all.remove(&id)
        {
            self.octets = self.octets.saturating_sub(object.size);
            gone.push((id, object));
        }
    }
}
