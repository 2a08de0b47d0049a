//! Up to 256 messages with neighbouring numbers, and who needs them: what is copied when one changes.

use std::collections::BTreeMap;
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
    all: OnceLock<BTreeMap<MessageId, Entry>>,
}

impl ObjectBlock {
    /// The number of the block a message is in.
    pub(crate) const fn of(id: MessageId) -> u64 {
        id.value() >> 8
    }

    pub(crate) fn all(&self) -> &BTreeMap<MessageId, Entry> {
        self.all.get_or_init(|| {
            #[cfg(feature = "embedded")]
            return unpack(&self.packed).unwrap_or_default();
            #[cfg(not(feature = "embedded"))]
            BTreeMap::new()
        })
    }

    pub(crate) fn find(&self, id: MessageId) -> Option<&Entry> {
        self.all().get(&id)
    }

    /// Changes a message; `None` when it is not here.
    pub(crate) fn change<T>(
        &mut self,
        id: MessageId,
        change: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        self.open()?.get_mut(&id).map(change)
    }

    pub(crate) fn insert(&mut self, id: MessageId, new: Entry) {
        if let Some(all) = self.open() {
            all.insert(id, new);
        }
    }

    pub(crate) fn remove(&mut self, id: MessageId) -> Option<Entry> {
        self.open()?.remove(&id)
    }

    fn open(&mut self) -> Option<&mut BTreeMap<MessageId, Entry>> {
        self.all();
        #[cfg(feature = "embedded")]
        self.packed.clear();
        self.all.get_mut()
    }
}

/// As the index keeps it: numbers of body files, then the messages, then the CRC-32C of all of it.
#[cfg(feature = "embedded")]
impl ObjectBlock {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let files: Vec<u64> = self.all().values().filter_map(file).collect();
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
            Some(all) => found.extend(all.values().filter_map(file)),
            None => {
                let mut r = Reader(&self.packed);
                let count = r.count().unwrap_or(0);
                found.extend((0..count).map_while(|_| r.number()));
            }
        }
    }
}

#[cfg(feature = "embedded")]
fn unpack(octets: &[u8]) -> Option<BTreeMap<MessageId, Entry>> {
    let mut r = Reader(octets);
    for _ in 0..r.count()? {
        r.number()?;
    }
    let mut all = BTreeMap::new();
    for _ in 0..r.count()? {
        let (id, needed) = (MessageId::new(r.number()?), r.number32()?);
        let threaded = r.byte()? == 1;
        all.insert(id, Entry { object: codec::object(&mut r, 0, threaded)?, needed });
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
