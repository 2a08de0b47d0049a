//! Entries: changes as octets, with a checksum.

use bytes::Bytes;

use crate::model::codec::{self, Data};
use crate::model::wire::{Reader, put, put_len};
use crate::model::{Change, Object, Place};

/// The version of this form.
const VERSION: u64 = 1;

/// Version, length of the changes, changes, facts; then the CRC-32C of all of it.
pub(crate) fn write(changes: &[Change]) -> Bytes {
    let (mut redo, mut data) = (Vec::new(), Data::default());
    changes.iter().for_each(|change| codec::put_change(&mut redo, change, &mut data));
    let mut out = Vec::with_capacity(redo.len() + 64);
    put(&mut out, VERSION);
    put_len(&mut out, redo.len());
    out.append(&mut redo);
    data.parts.iter().for_each(|part| out.extend_from_slice(part));
    out.extend(crc32c::crc32c(&out).to_le_bytes());
    out.into()
}

/// The changes; `None` when it is no entry, or not whole.
pub(crate) fn read(entry: &Bytes) -> Option<Vec<Change>> {
    let (octets, crc) = entry.split_last_chunk::<4>()?;
    if crc32c::crc32c(octets) != u32::from_le_bytes(*crc) {
        return None;
    }
    let mut r = Reader(octets);
    if r.number()? != VERSION {
        return None;
    }
    let mut redo = Reader(r.octets()?);
    let facts = entry.slice_ref(r.0);
    let mut changes = Vec::new();
    while !redo.is_done() {
        let mut change = codec::change(&mut redo, 0)?;
        if let Change::Object { object, .. } | Change::Moved { object, .. } = &mut change {
            take_facts(object, &facts)?;
        }
        changes.push(change);
    }
    Some(changes)
}

fn take_facts(object: &mut Object, facts: &Bytes) -> Option<()> {
    if let Place::Log { at, length } = object.facts {
        let (start, length) = (usize::try_from(at).ok()?, usize::try_from(length).ok()?);
        let end = start.checked_add(length)?;
        facts.get(start..end)?;
        object.facts = Place::Memory(facts.slice(start..end));
    }
    Some(())
}
