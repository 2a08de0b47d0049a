//! A few hundred rows of a mailbox in columns. Rows of one day take about 18 octets each, rows that differ in
//! everything 56.

use core::cmp::Ordering;

use crate::columns;
#[cfg(feature = "embedded")]
use crate::model::wire::{Reader, put, put_len};
use crate::{MessageId, ModSeq, Timestamp, Uid};

/// A row whose flags are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) message: MessageId,
    pub(crate) modseq: ModSeq,
    pub(crate) size: u64,
    pub(crate) internal_date: Timestamp,
    pub(crate) save_date: Timestamp,
    pub(crate) uid: Uid,
    /// System flags in the low 8 bits, the number of the keyword set above them.
    pub(crate) flags: u32,
}

/// Rows ascending by UID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    rows: Rows,
    highest: u64,
}

#[derive(Clone, Debug)]
enum Rows {
    /// Rows may still be added.
    Open(Vec<Packed>),
    Sealed(Columns),
}

impl Default for Rows {
    fn default() -> Self {
        Rows::Open(Vec::new())
    }
}

impl Block {
    pub(crate) const fn len(&self) -> usize {
        match &self.rows {
            Rows::Open(rows) => rows.len(),
            Rows::Sealed(columns) => columns.len(),
        }
    }

    /// The highest modseq of a row, or higher.
    pub(crate) const fn highest(&self) -> u64 {
        self.highest
    }

    pub(crate) fn get(&self, place: usize) -> Option<Packed> {
        match &self.rows {
            Rows::Open(rows) => rows.get(place).copied(),
            Rows::Sealed(columns) => columns.get(place).and_then(packed),
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Packed> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    pub(crate) fn last_uid(&self) -> Option<Uid> {
        self.uid(self.len().checked_sub(1)?)
    }

    #[cfg(feature = "embedded")]
    pub(crate) fn first_uid(&self) -> Option<Uid> {
        self.uid(0)
    }

    fn uid(&self, place: usize) -> Option<Uid> {
        match &self.rows {
            Rows::Open(rows) => rows.get(place).map(|row| row.uid),
            Rows::Sealed(columns) => uid(columns.value(UID, place)?),
        }
    }

    /// The place of this UID.
    pub(crate) fn find(&self, uid: Uid) -> Option<usize> {
        let (mut from, mut end) = (0, self.len());
        while from < end {
            let middle = from.midpoint(end);
            match self.uid(middle)?.cmp(&uid) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// Adds a row after the last.
    pub(crate) fn push(&mut self, row: Packed) {
        self.highest = self.highest.max(row.modseq.value());
        if let Rows::Sealed(columns) = &self.rows {
            self.rows = Rows::Open(columns.iter().filter_map(packed).collect());
        }
        if let Rows::Open(rows) = &mut self.rows {
            rows.push(row);
        }
    }

    /// The places of those of these UIDs that are here; they ascend.
    pub(crate) fn places(&self, uids: &[Uid]) -> Vec<usize> {
        let mut places = Vec::with_capacity(uids.len());
        let mut next = 0;
        for uid in uids {
            // They mostly follow one another.
            let found = if self.uid(next) == Some(*uid) { Some(next) } else { self.find(*uid) };
            if let Some(place) = found {
                places.push(place);
                next = place + 1;
            }
        }
        places
    }

    /// Changes rows; gives the flags each had.
    pub(crate) fn flag(&mut self, places: &[usize], flags: u32, modseq: ModSeq) -> Vec<u32> {
        self.highest = self.highest.max(modseq.value());
        match &mut self.rows {
            Rows::Open(rows) => {
                let mut old = Vec::with_capacity(places.len());
                for place in places {
                    let Some(row) = rows.get_mut(*place) else { continue };
                    old.push(core::mem::replace(&mut row.flags, flags));
                    row.modseq = modseq;
                }
                old
            }
            Rows::Sealed(columns) => {
                let old = places.iter().filter_map(|place| columns.value(FLAGS, *place));
                let old = old.filter_map(|flags| u32::try_from(flags).ok()).collect();
                columns.set(MODSEQ, places, modseq.value());
                columns.set(FLAGS, places, flags.into());
                old
            }
        }
    }

    /// Takes out the rows at these places, which ascend, and gives them.
    pub(crate) fn take(&mut self, places: &[usize]) -> Vec<Packed> {
        self.seal();
        let Rows::Sealed(columns) = &mut self.rows else { return Vec::new() };
        let gone = places.iter().filter_map(|place| packed(columns.get(*place)?)).collect();
        *columns = columns.without(places);
        gone
    }

    /// Makes it small.
    pub(crate) fn seal(&mut self) {
        if let Rows::Open(rows) = &self.rows {
            self.rows = Rows::Sealed(sealed(rows));
        }
    }

    /// The octets it takes.
    pub(crate) fn octets(&self) -> usize {
        size_of::<Block>()
            + match &self.rows {
                Rows::Open(rows) => rows.capacity() * size_of::<Packed>(),
                Rows::Sealed(columns) => columns.octets(),
            }
    }
}

/// As the index keeps it: number of rows, highest modseq, the columns, then the CRC-32C of all of it.
#[cfg(feature = "embedded")]
impl Block {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let fresh;
        let columns = match &self.rows {
            Rows::Sealed(columns) => columns,
            Rows::Open(rows) => {
                fresh = sealed(rows);
                &fresh
            }
        };
        let mut out = Vec::with_capacity(columns.octets() + 64);
        put_len(&mut out, columns.len());
        put(&mut out, self.highest);
        columns.pack(&mut out);
        out.extend(crc32c::crc32c(&out).to_le_bytes());
        out
    }

    /// A block the index kept; `None` when it is damaged.
    pub(crate) fn unpack(octets: &[u8]) -> Option<Block> {
        let (octets, crc) = octets.split_last_chunk()?;
        if crc32c::crc32c(octets) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut r = Reader(octets);
        let rows = usize::try_from(r.number()?).ok()?;
        let highest = r.number()?;
        let columns = Columns::unpack(rows, &mut r, &LEAST)?;
        Some(Block { rows: Rows::Sealed(columns), highest })
    }
}

/// UID, message, modseq, size, dates and flags. UIDs and messages mostly follow one another.
type Columns = columns::Columns<7, 2>;

const UID: usize = 0;
const MODSEQ: usize = 2;
const FLAGS: usize = 6;

/// Flags change in place, and modseqs with them.
const LEAST: [u8; 7] = [0, 0, 4, 0, 0, 0, 1];

/// So that no small number, kept as it is ahead of its place, becomes a very large one.
const OFFSET: u64 = 1 << 16;
/// So that the order of dates stays.
const SIGN: u64 = 1 << 63;

fn sealed(rows: &[Packed]) -> Columns {
    let date = |date: Timestamp| date.millis().cast_unsigned() ^ SIGN;
    let fields = |row: &Packed| {
        [
            row.uid.value().into(),
            row.message.value().wrapping_add(OFFSET),
            row.modseq.value(),
            row.size,
            date(row.internal_date),
            date(row.save_date),
            row.flags.into(),
        ]
    };
    Columns::of(&rows.iter().map(fields).collect::<Vec<_>>(), &LEAST)
}

fn packed([uid_value, message, modseq, size, internal, save, flags]: [u64; 7]) -> Option<Packed> {
    let date = |value: u64| Timestamp::from_millis((value ^ SIGN).cast_signed());
    Some(Packed {
        uid: uid(uid_value)?,
        message: MessageId::new(message.wrapping_sub(OFFSET)),
        modseq: ModSeq::new(modseq),
        size,
        internal_date: date(internal),
        save_date: date(save),
        flags: u32::try_from(flags).ok()?,
    })
}

fn uid(value: u64) -> Option<Uid> {
    Uid::new(u32::try_from(value).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Small numbers, and any.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..2000u64, Just(u64::MAX), any::<u64>()]
    }

    proptest! {
        /// Open or sealed, a block holds the rows it was given.
        #[test]
        fn a_sealed_block_holds_the_same_rows(
            rows in proptest::collection::vec((number(), number(), number(), 1..70_000u32, any::<i64>(), any::<bool>()), 1..40),
            changed in any::<proptest::sample::Index>(),
            flags in prop_oneof![0..300u32, any::<u32>()],
        ) {
            let (mut block, mut expected, mut uid) = (Block::default(), Vec::new(), 0u32);
            for (message, modseq, size, step, date, near) in rows {
                uid += step;
                let date = Timestamp::from_millis(if near { 5 } else { date });
                let row = Packed {
                    message: MessageId::new(message),
                    modseq: ModSeq::new(modseq),
                    size,
                    internal_date: date,
                    save_date: date,
                    uid: Uid::new(uid).unwrap(),
                    flags: size.try_into().unwrap_or(7),
                };
                block.push(row);
                expected.push(row);
            }
            block.seal();
            prop_assert!(block.iter().eq(expected.iter().copied()));
            prop_assert!(expected.iter().enumerate().all(|(at, row)| block.find(row.uid) == Some(at)));
            let kept = block.pack();
            prop_assert!(Block::unpack(&kept).unwrap().iter().eq(block.iter()));
            prop_assert!(Block::unpack(&kept[1..]).is_none());
            let place = changed.index(expected.len());
            let (first, last) = (expected[0].uid, expected[expected.len() - 1].uid);
            let some = block.places(&[first, expected[place].uid, last]);
            prop_assert!(some.contains(&place) && some.contains(&0));
            let mut places = some.clone();
            places.dedup();
            let old: Vec<u32> = places.iter().map(|place| expected[*place].flags).collect();
            prop_assert_eq!(block.flag(&places, flags, ModSeq::new(9)), old);
            for place in &places {
                (expected[*place].flags, expected[*place].modseq) = (flags, ModSeq::new(9));
            }
            prop_assert!(block.iter().eq(expected.iter().copied()));
            let gone = block.take(&places);
            prop_assert!(gone.iter().eq(places.iter().map(|place| &expected[*place])));
            for place in places.iter().rev() {
                expected.remove(*place);
            }
            prop_assert!(block.iter().eq(expected.iter().copied()));
            prop_assert!(Block::unpack(&block.pack()).unwrap().iter().eq(block.iter()));
        }
    }

    #[test]
    fn rows_of_a_year_take_less_than_24_octets() {
        let mut block = Block::default();
        for n in 0..256u32 {
            let date = Timestamp::from_millis(1_700_000_000_000 + 123_456_789 * i64::from(n));
            block.push(Packed {
                message: MessageId::new(1000 + u64::from(n * 3)),
                modseq: ModSeq::new(70_000 + u64::from(n * 5)),
                size: 2000 + u64::from(n * 1717),
                internal_date: date,
                save_date: date,
                uid: Uid::new(1 + n * 2).unwrap(),
                flags: n % 32,
            });
        }
        block.seal();
        assert!(block.octets() < 24 * 256, "{}", block.octets());
    }
}
