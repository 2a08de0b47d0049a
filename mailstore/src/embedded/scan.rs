//! Reading the log when a store is opened: what is whole is replayed, a torn end is cut, damage in the
//! middle is reported.

use super::frame::{HEADER, Header, MAGIC};
use super::segments::{Segment, Segments};
use crate::model::codec;
use crate::model::wire::Reader;
use crate::model::{Change, Place};
use crate::{Error, Result, disk};

/// A damaged part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The damaged file.
    pub file: String,
    /// Where in it the damage starts, in octets.
    pub offset: u64,
    /// What is damaged.
    pub what: &'static str,
}

/// What reading the log brought to light.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The log position after the last whole frame.
    pub(crate) end: u64,
    /// Octets after it, of writes that were under way.
    pub(crate) torn: u64,
    pub(crate) frames: u64,
    pub(crate) damage: Vec<Damage>,
}

/// Reads every frame from the position on and shows where it lies and its changes to `replay`. With `salvage`, a frame
/// whose changes are lost is stepped over; without, it is an error.
pub(crate) fn scan(
    segments: &Segments,
    from: u64,
    salvage: bool,
    mut replay: impl FnMut(u64, u64, &[Change]),
) -> Result<Scan> {
    let all = segments.from(from);
    let mut scan = Scan { end: from, ..Scan::default() };
    if let Some(first) = all.first()
        && first.base + first.length()? < from
    {
        return Err(first.corrupt(from, "the end of the log is missing"));
    }
    for (index, segment) in all.iter().enumerate() {
        let next_base = all.get(index + 1).map(|next| next.base);
        let octets = read(segment, scan.end.max(segment.base))?;
        let start = scan.end.max(segment.base);
        let mut tail = Tail { segment, key: segments.key(), octets: &octets, start };
        scan.segment(&mut tail, next_base, salvage, &mut replay)?;
    }
    Ok(scan)
}

fn read(segment: &Segment, from: u64) -> Result<Vec<u8>> {
    let left = segment.length()?.saturating_sub(from - segment.base);
    let left = usize::try_from(left).map_err(|_| Error::invalid("a log segment is too long"))?;
    let mut octets = vec![0; left];
    disk::read_exact_at(&segment.file, &mut octets, segment.offset(from))?;
    Ok(octets)
}

/// The octets of a segment from a position on.
struct Tail<'a> {
    segment: &'a Segment,
    key: u64,
    octets: &'a [u8],
    start: u64,
}

enum Frame<'a> {
    Whole {
        header: Header,
        redo: &'a [u8],
        data_whole: bool,
    },
    /// Nothing that makes sense: the end, or damage.
    Broken,
}

impl Scan {
    fn segment(
        &mut self,
        tail: &mut Tail<'_>,
        next_base: Option<u64>,
        salvage: bool,
        replay: &mut impl FnMut(u64, u64, &[Change]),
    ) -> Result<()> {
        let segment_end = tail.start + u64::try_from(tail.octets.len()).unwrap_or(0);
        self.end = tail.start;
        loop {
            // A later segment is begun only after everything before it was durable.
            if next_base == Some(self.end) {
                return Ok(());
            }
            if next_base.is_none() && self.end == segment_end {
                return Ok(());
            }
            let at = self.end;
            let frame = tail.frame(at);
            let later = |tail: &Tail<'_>| tail.frame_of_later_group(at);
            match frame {
                Frame::Whole { header, redo, data_whole: true } => {
                    self.replay(tail, &header, redo, true, replay)?;
                }
                Frame::Whole { header, redo, data_whole: false } => {
                    if next_base.is_none() && later(tail).is_none() {
                        self.torn = segment_end - at;
                        return Ok(());
                    }
                    self.damage.push(damage(tail.segment, at, "the octets of messages"));
                    self.replay(tail, &header, redo, false, replay)?;
                }
                Frame::Broken => match (later(tail), next_base) {
                    (None, None) => {
                        self.torn = segment_end - at;
                        return Ok(());
                    }
                    (found, _) => {
                        if !salvage {
                            return Err(tail.segment.corrupt(at, "changes of mailboxes are lost"));
                        }
                        let what = "changes of mailboxes";
                        self.damage.push(damage(tail.segment, at, what));
                        match (found, next_base) {
                            (Some(found), _) => self.end = found,
                            (None, Some(next)) => self.end = next,
                            (None, None) => return Ok(()),
                        }
                    }
                },
            }
        }
    }

    fn replay(
        &mut self,
        tail: &Tail<'_>,
        header: &Header,
        redo: &[u8],
        data_whole: bool,
        replay: &mut impl FnMut(u64, u64, &[Change]),
    ) -> Result<()> {
        let data_at = header.at + header.length() - u64::from(header.data_len);
        let mut reader = Reader(redo);
        let mut changes = Vec::new();
        while !reader.is_done() {
            let change = codec::change(&mut reader, data_at);
            let unknown = || tail.segment.corrupt(header.at, "a change this version does not know");
            let mut change = change.ok_or_else(unknown)?;
            if let Change::Object { object, .. } | Change::Moved { object, .. } = &mut change
                && !data_whole
            {
                object.facts = Place::Damaged;
                object.body = Place::Damaged;
            }
            changes.push(change);
        }
        replay(header.at, header.at + header.length(), &changes);
        self.frames += 1;
        self.end = header.at + header.length();
        Ok(())
    }
}

impl<'a> Tail<'a> {
    fn from(&self, at: u64) -> &'a [u8] {
        let skip = usize::try_from(at.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.octets.get(skip..).unwrap_or_default()
    }

    fn frame(&self, at: u64) -> Frame<'a> {
        let octets = self.from(at);
        let Some(header) = Header::decode(octets, self.key) else { return Frame::Broken };
        let payload = octets.get(HEADER..).unwrap_or_default();
        let (Ok(redo_len), Ok(data_len)) =
            (usize::try_from(header.redo_len), usize::try_from(header.data_len))
        else {
            return Frame::Broken;
        };
        let Some((redo, data)) = payload.split_at_checked(redo_len) else { return Frame::Broken };
        if header.at != at || header.group > at || crc32c::crc32c(redo) != header.redo_crc {
            return Frame::Broken;
        }
        let data_whole =
            data.get(..data_len).is_some_and(|data| crc32c::crc32c(data) == header.data_crc);
        Frame::Whole { header, redo, data_whole }
    }

    /// The first whole frame after this position that belongs to a later group. That there is one
    /// proves that what stands at the position was durable once: a group is written only after the
    /// one before it was synced.
    fn frame_of_later_group(&self, at: u64) -> Option<u64> {
        let octets = without_zeros(self.from(at).get(1..)?);
        let starts = octets.windows(MAGIC.len()).enumerate().filter(|(_, w)| **w == MAGIC);
        let positions = starts.filter_map(|(skip, _)| Some(at + 1 + u64::try_from(skip).ok()?));
        let whole = positions.filter_map(|found| match self.frame(found) {
            Frame::Whole { header, .. } => Some(header),
            Frame::Broken => None,
        });
        whole.into_iter().find(|header| header.group > at).map(|header| header.at)
    }
}

/// Without the zeros at the end, where nothing was written yet.
fn without_zeros(octets: &[u8]) -> &[u8] {
    let is_zero = |part: &[u8]| part.iter().fold(0, |all, octet| all | octet) == 0;
    let rest = octets.chunks(4096).rev().take_while(|part| is_zero(part)).map(<[u8]>::len);
    octets.get(..octets.len() - rest.sum::<usize>()).unwrap_or_default()
}

fn damage(segment: &Segment, at: u64, what: &'static str) -> Damage {
    let file = segment.path.to_string_lossy().into_owned();
    Damage { file, offset: segment.offset(at), what }
}
