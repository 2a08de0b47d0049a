//! Writing the log: whole groups, each made durable by one sync.

use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use super::frame::{HEADER, HEADER_U64, Header};
use super::segments::{Segment, Segments};
use crate::model::codec::{self, Data};
use crate::model::{Change, Place};
use crate::upload::SpoolFile;
use crate::{Error, Faults, Result, disk};

/// The writing end of the log. It belongs to the commit thread.
pub(crate) struct Log {
    segments: Arc<Segments>,
    segment: Segment,
    /// A segment is closed once it is this long.
    segment_size: u64,
    /// Asks for the next segment to be made ready; without one, segments grow as they are written.
    spares: Option<Sender<()>>,
    /// It was asked for.
    asked: bool,
    /// The log position after the last durable frame.
    end: u64,
    faults: Option<Faults>,
    /// Why no more can be written.
    refuses: Option<&'static str>,
    pub(crate) syncs: u64,
    pub(crate) slowest_sync: Duration,
}

/// Frames on their way to the disk.
#[derive(Default)]
pub(crate) struct Group {
    octets: Vec<u8>,
    start: u64,
    /// Files that belong to the store once the group is durable.
    pub(crate) files: Vec<Arc<SpoolFile>>,
}

impl Log {
    pub(crate) fn new(
        segments: Arc<Segments>,
        end: u64,
        segment_size: u64,
        faults: Option<Faults>,
    ) -> Result<Log> {
        let segment = segments.find(end).ok_or(Error::invalid("the log has no segment"))?;
        Ok(Log {
            segments,
            segment,
            segment_size,
            spares: None,
            asked: false,
            end,
            faults,
            refuses: None,
            syncs: 0,
            slowest_sync: Duration::ZERO,
        })
    }

    /// With the next segment made ready by whoever hears of this.
    pub(crate) fn with_spares(self, spares: Sender<()>) -> Log {
        Log { spares: Some(spares), ..self }
    }

    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    /// Begins a group; in a new segment when the old one is full.
    pub(crate) fn begin(&mut self, group: &mut Group) -> Result<()> {
        if let Some(why) = self.refuses {
            return Err(Error::closed(why));
        }
        let length = self.end - self.segment.base;
        if length >= self.segment_size {
            self.segment = self.segments.create(self.end)?;
            self.asked = false;
        } else if length >= self.segment_size / 2 && !self.asked {
            self.asked = true;
            // It is gone only when the store could not start it.
            let _ = self.spares.as_ref().map(|spares| spares.send(()));
        }
        group.octets.clear();
        group.octets.shrink_to(1024 * 1024);
        group.files.clear();
        group.start = self.end;
        Ok(())
    }

    /// Begins a new segment; gives the position where.
    pub(crate) fn rotate(&mut self) -> Result<u64> {
        if let Some(why) = self.refuses {
            return Err(Error::closed(why));
        }
        if self.end > self.segment.base {
            self.segment = self.segments.create_empty(self.end)?;
        }
        Ok(self.end)
    }

    /// Gives back the room of the zeros at its end.
    pub(crate) fn trim(&self) -> Result<()> {
        if self.refuses.is_none() {
            self.segment.file.set_len(self.segment.offset(self.end))?;
        }
        Ok(())
    }

    /// Writes the group and makes it durable.
    ///
    /// A write that fails (a full disk) is undone: the log is cut back to where it was, and later
    /// groups may succeed. A *sync* that fails leaves it unknown what is on the disk, and a second
    /// sync would not tell: the log is cut back as well as it can be and refuses to go on until the
    /// store is opened, and so read, anew.
    pub(crate) fn commit(&mut self, group: &Group) -> Result<()> {
        if group.octets.is_empty() {
            return Ok(());
        }
        let faults = self.faults.as_ref();
        let offset = self.segment.offset(self.end);
        self.segments.writes();
        if let Err(error) = disk::write_all_at(&self.segment.file, &group.octets, offset, faults) {
            self.segments.drop_spare(false);
            if self.cut().is_err() {
                self.refuses = Some("a failed write could not be undone; open the store again");
            }
            return Err(error.into());
        }
        let length = u64::try_from(group.octets.len()).unwrap_or(0);
        self.syncs += 1;
        let begun = Instant::now();
        let synced =
            disk::sync_data(&self.segment.file, &self.segment.path, offset + length, faults);
        self.slowest_sync = self.slowest_sync.max(begun.elapsed());
        if let Err(error) = synced {
            let _ = self.cut();
            self.refuses = Some("the disk failed to make mail durable; open the store again");
            return Err(error.into());
        }
        self.end += length;
        Ok(())
    }

    /// Goes on after this position, where another process has come to.
    #[cfg(feature = "sqlite")]
    pub(crate) fn seek(&mut self, end: u64) -> Result<()> {
        let found = self.segments.find(end);
        self.segment = found.ok_or(Error::invalid("the log has no segment"))?;
        self.end = end;
        Ok(())
    }

    /// Makes the log end here, durably.
    #[cfg(feature = "sqlite")]
    pub(crate) fn take_back(&mut self, end: u64) -> Result<()> {
        self.seek(end)?;
        self.cut()
    }

    /// Cuts the file back to its last durable frame.
    fn cut(&self) -> Result<()> {
        self.segment.file.set_len(self.segment.offset(self.end))?;
        self.segment.file.sync_data()?;
        Ok(())
    }
}

impl Group {
    pub(crate) fn length(&self) -> usize {
        self.octets.len()
    }

    /// Adds a frame with these changes. What they refer to in memory becomes part of the log, and the
    /// changes refer to it there.
    pub(crate) fn add(&mut self, changes: &mut [Change], key: u64) -> Result<()> {
        let mut redo = Vec::with_capacity(256);
        let mut data = Data::default();
        for change in changes.iter() {
            codec::put_change(&mut redo, change, &mut data);
        }
        let too_large = |_| Error::invalid("too much for one step: append fewer messages at once");
        let redo_len = u32::try_from(redo.len()).map_err(too_large)?;
        let data_len = u32::try_from(data.length).map_err(too_large)?;
        let data_crc = data.parts.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part));
        let redo_crc = crc32c::crc32c(&redo);
        let at = self.start + u64::try_from(self.octets.len()).unwrap_or(0);
        let header = Header { redo_len, data_len, redo_crc, data_crc, at, group: self.start };
        self.octets.reserve(HEADER + redo.len() + usize::try_from(data_len).unwrap_or(0));
        self.octets.extend_from_slice(&header.encode(key));
        self.octets.extend_from_slice(&redo);
        data.parts.iter().for_each(|part| self.octets.extend_from_slice(part));

        let mut next = at + HEADER_U64 + u64::from(redo_len);
        for change in changes {
            if let Change::Object { object, .. } | Change::Moved { object, .. } = change {
                self.settle(&mut object.facts, &mut next);
                self.settle(&mut object.body, &mut next);
            }
        }
        Ok(())
    }

    fn settle(&mut self, place: &mut Place, next: &mut u64) {
        match place {
            Place::Memory(octets) => {
                let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
                *place = Place::Log { at: *next, length };
                *next += u64::from(length);
            }
            Place::Spooled(file) => {
                let number = file.number();
                self.files.push(file.clone());
                *place = Place::File(number);
            }
            Place::Log { .. } | Place::File(_) | Place::Damaged => {}
        }
    }
}
