//! Reading everything, to see whether it can be read.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::PoisonError;

use super::{Damage, Shared};
use crate::model::{Object, Place};
use crate::upload::spool_path;
use crate::{MessageId, disk};

const PIECE: usize = 256 * 1024;

/// The messages that are damaged. One that is removed or moved meanwhile is passed over.
pub(super) fn verify(shared: &Shared) -> Vec<Damage> {
    let objects = shared.index.read().unwrap_or_else(PoisonError::into_inner).objects.clone();
    let mut messages: Vec<(MessageId, Object)> = objects.iter().collect();
    let at = |object: &Object| match object.body {
        Place::Log { at, .. } => at,
        _ => u64::MAX,
    };
    messages.sort_by_key(|(_, object)| at(object));
    let mut found = Vec::new();
    for (id, object) in messages {
        let Some(damage) = damage(shared, &object) else { continue };
        let index = shared.index.read().unwrap_or_else(PoisonError::into_inner);
        if index.objects.find(id).is_some_and(|now| at(&now) == at(&object)) {
            found.push(damage);
        }
    }
    found
}

fn damage(shared: &Shared, object: &Object) -> Option<Damage> {
    let damaged = |path: &Path, offset: u64, what: &'static str| {
        Some(Damage { file: path.to_string_lossy().into_owned(), offset, what })
    };
    if let Place::Log { at, length } = object.facts
        && length > 0
    {
        let segment = shared.segments.find(at)?;
        let mut octets = vec![0; usize::try_from(length).ok()?];
        let offset = segment.offset(at);
        if disk::read_exact_at(&segment.file, &mut octets, offset).is_err() {
            return damaged(&segment.path, offset, "the facts of a message cannot be read");
        }
    }
    match object.body {
        Place::Log { length: 0, .. } | Place::Memory(_) | Place::Spooled(_) => None,
        Place::Log { at, length } => {
            let segment = shared.segments.find(at)?;
            let mut octets = vec![0; usize::try_from(length).ok()?];
            let offset = segment.offset(at);
            match disk::read_exact_at(&segment.file, &mut octets, offset) {
                Ok(()) if crc32c::crc32c(&octets) == object.crc => None,
                _ => damaged(&segment.path, offset, "the octets of a message"),
            }
        }
        Place::File(number) => {
            let path = spool_path(&shared.bodies, number);
            match checksum(&path) {
                Ok(crc) if crc == object.crc => None,
                _ => damaged(&path, 0, "the octets of a message"),
            }
        }
        Place::Damaged => damaged(Path::new("the log"), 0, "the octets of a message are lost"),
    }
}

fn checksum(path: &Path) -> std::io::Result<u32> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    let mut crc = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(crc);
        }
        crc = crc32c::crc32c_append(crc, piece.get(..read).unwrap_or_default());
    }
}
