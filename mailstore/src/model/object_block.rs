//! Up to 256 messages with neighbouring numbers, and who needs them: what is copied when one changes.

#[cfg(feature = "embedded")]
use std::collections::HashSet;
use std::sync::OnceLock;

#[cfg(feature = "embedded")]
use bytes::Bytes;

use crate::MessageId;
use crate::model::Object;
#[cfg(feature = "embedded")]
use crate::model::Place;
#[cfg(feature = "embedded")]
use crate::model::codec::{self, Data};
#[cfg(feature = "embedded")]
use crate::model::wire::{Reader, put, put_len};

/// A message, and how many rows and envelopes need it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) object: Object,
    pub(crate) needed: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectBlock {
    /// As the index keeps it: read when it is looked into first.
    #[cfg(feature = "embedded")]
    packed: Bytes,
    /// Ascending.
    all: OnceLock<Vec<(MessageId, Entry)>>,
}

impl ObjectBlock {
    /// The number of the block a message is in.
    pub(crate) const fn of(id: MessageId) -> u64 {
        id.value() >> 8
    }

    pub(crate) fn all(&self) -> &[(MessageId, Entry)] {
        self.all.get_or_init(|| {
            #[cfg(feature = "embedded")]
            return unpack(&self.packed).unwrap_or_default();
            #[cfg(not(feature = "embedded"))]
            Vec::new()
        })
    }

    pub(crate) fn find(&self, id: MessageId) -> Option<&Entry> {
        let place = place(self.all(), id).ok()?;
        self.all().get(place).map(|(_, entry)| entry)
    }

    /// Changes a message; `None` when it is not here.
    pub(crate) fn change<T>(
        &mut self,
        id: MessageId,
        change: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        let all = self.open()?;
        let place = place(all, id).ok()?;
        all.get_mut(place).map(|(_, entry)| change(entry))
    }

    pub(crate) fn insert(&mut self, id: MessageId, new: Entry) {
        let Some(all) = self.open() else { return };
        match place(all, id) {
            Ok(old) => all.splice(old..=old, [(id, new)]).for_each(drop),
            Err(free) => all.insert(free, (id, new)),
        }
    }

    pub(crate) fn remove(&mut self, id: MessageId) -> Option<Entry> {
        let all = self.open()?;
        let place = place(all, id).ok()?;
        Some(all.remove(place).1)
    }

    /// For each of these one row or envelope less needs the message; takes out those that none needs now.
    pub(crate) fn release(&mut self, ids: &[MessageId]) -> Vec<(MessageId, Entry)> {
        let Some(all) = self.open() else { return Vec::new() };
        let mut unneeded = Vec::new();
        for id in ids {
            let Some((_, entry)) = place(all, *id).ok().and_then(|at| all.get_mut(at)) else {
                continue;
            };
            entry.needed = entry.needed.saturating_sub(1);
            if entry.needed == 0 {
                unneeded.push(*id);
            }
        }
        if unneeded.is_empty() {
            return Vec::new();
        }
        unneeded.sort_unstable();
        all.extract_if(.., |(id, _)| unneeded.binary_search(id).is_ok()).collect()
    }

    fn open(&mut self) -> Option<&mut Vec<(MessageId, Entry)>> {
        self.all();
        #[cfg(feature = "embedded")]
        self.packed.clear();
        self.all.get_mut()
    }
}

/// Where a message is, or would be. They mostly follow one another without a gap.
fn place(all: &[(MessageId, Entry)], id: MessageId) -> Result<usize, usize> {
    let first = all.first().map_or(0, |(first, _)| first.value());
    let guess = id.value().checked_sub(first).and_then(|ahead| usize::try_from(ahead).ok());
    match guess.filter(|guess| all.get(*guess).is_some_and(|(found, _)| *found == id)) {
        Some(found) => Ok(found),
        None => all.binary_search_by_key(&id, |(id, _)| *id),
    }
}

/// As the index keeps it: numbers of body files, then the messages, then the CRC-32C of all of it.
#[cfg(feature = "embedded")]
impl ObjectBlock {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let files: Vec<u64> = self.all().iter().filter_map(|(_, entry)| file(entry)).collect();
        put_len(&mut out, files.len());
        files.iter().for_each(|number| put(&mut out, *number));
        put_len(&mut out, self.all().len());
        for (id, Entry { object, needed }) in self.all() {
            put(&mut out, id.value());
            put(&mut out, (*needed).into());
            out.push(u8::from(object.thread.is_some()));
            codec::put_object(&mut out, object, &mut Data::default());
        }
        out.extend(crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// A block the index kept; `None` when it is damaged. Its messages are read when they are asked for.
    pub(crate) fn packed(octets: &[u8]) -> Option<ObjectBlock> {
        let (octets, crc) = octets.split_last_chunk()?;
        let whole = crc32c::crc32c(octets) == u32::from_le_bytes(*crc);
        let packed = Bytes::copy_from_slice(octets);
        whole.then_some(ObjectBlock { packed, all: OnceLock::new() })
    }

    /// Adds the numbers of its body files.
    pub(crate) fn files(&self, found: &mut HashSet<u64>) {
        match self.all.get() {
            Some(all) => found.extend(all.iter().filter_map(|(_, entry)| file(entry))),
            None => {
                let mut r = Reader(&self.packed);
                let count = r.count().unwrap_or(0);
                found.extend((0..count).map_while(|_| r.number()));
            }
        }
    }
}

#[cfg(feature = "embedded")]
fn unpack(octets: &[u8]) -> Option<Vec<(MessageId, Entry)>> {
    let mut r = Reader(octets);
    for _ in 0..r.count()? {
        r.number()?;
    }
    let count = r.count()?;
    let mut all: Vec<(MessageId, Entry)> = Vec::with_capacity(count.min(256));
    for _ in 0..count {
        let (id, needed) = (MessageId::new(r.number()?), r.number32()?);
        let threaded = r.byte()? == 1;
        if all.last().is_some_and(|(last, _)| *last >= id) {
            return None;
        }
        all.push((id, Entry { object: codec::object(&mut r, 0, threaded)?, needed }));
    }
    Some(all)
}

#[cfg(feature = "embedded")]
const fn file(entry: &Entry) -> Option<u64> {
    match entry.object.body {
        Place::File(number) => Some(number),
        _ => None,
    }
}
