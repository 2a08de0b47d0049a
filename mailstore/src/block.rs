//! A few hundred rows in little memory: in columns, each value in as many octets as it differs by from the
//! lowest of its column. Rows of one day take about 18 octets each, rows that differ in everything 56.

use core::cmp::Ordering;
use core::ops::Range;

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
            Rows::Sealed(columns) => columns.rows,
        }
    }

    /// The highest modseq of a row, or higher.
    pub(crate) const fn highest(&self) -> u64 {
        self.highest
    }

    pub(crate) fn get(&self, place: usize) -> Option<Packed> {
        match &self.rows {
            Rows::Open(rows) => rows.get(place).copied(),
            Rows::Sealed(columns) => columns.get(place),
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
            Rows::Sealed(columns) => columns.uid(place),
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
            self.rows = Rows::Open(columns.iter().collect());
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
                let old = places.iter().filter_map(|place| columns.flags(*place)).collect();
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
        let gone = places.iter().filter_map(|place| columns.get(*place)).collect();
        *columns = columns.without(places);
        gone
    }

    /// Makes it small.
    pub(crate) fn seal(&mut self) {
        if let Rows::Open(rows) = &self.rows {
            self.rows = Rows::Sealed(Columns::of(rows));
        }
    }

    /// The octets it takes.
    pub(crate) fn octets(&self) -> usize {
        size_of::<Block>()
            + match &self.rows {
                Rows::Open(rows) => rows.capacity() * size_of::<Packed>(),
                Rows::Sealed(columns) => columns.octets.len(),
            }
    }
}

/// As the index keeps it: number of rows, highest modseq, of each column lowest value and width; the
/// columns; then the CRC-32C of all of it.
#[cfg(feature = "embedded")]
impl Block {
    pub(crate) fn pack(&self) -> Vec<u8> {
        let fresh;
        let columns = match &self.rows {
            Rows::Sealed(columns) => columns,
            Rows::Open(rows) => {
                fresh = Columns::of(rows);
                &fresh
            }
        };
        let mut out = Vec::with_capacity(columns.octets.len() + 64);
        put_len(&mut out, columns.rows);
        put(&mut out, self.highest);
        for column in &columns.columns {
            put(&mut out, column.lowest);
            out.push(column.width);
        }
        let kept = columns.octets.len().saturating_sub(SPARE);
        out.extend_from_slice(columns.octets.get(..kept).unwrap_or_default());
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
        let (mut columns, mut end) = ([Column::default(); FIELDS], 0u32);
        for column in &mut columns {
            *column = Column { lowest: r.number()?, start: end, width: r.byte()? };
            let length = u32::from(column.width).checked_mul(u32::try_from(rows).ok()?)?;
            end = end.checked_add(length)?;
        }
        if usize::try_from(end).ok()? != r.0.len() {
            return None;
        }
        let octets = [r.0, &[0; SPARE]].concat().into();
        Some(Block { rows: Rows::Sealed(Columns { rows, columns, octets }), highest })
    }
}

/// Rows in columns. The octets end with [`SPARE`] more, so that eight can be read at any value.
#[derive(Clone, Debug)]
struct Columns {
    rows: usize,
    columns: [Column; FIELDS],
    octets: Box<[u8]>,
}

/// Fields of a row, and where some of them are among them.
const FIELDS: usize = 7;
const UID: usize = 0;
const MESSAGE: usize = 1;
const MODSEQ: usize = 2;
const FLAGS: usize = 6;

const SPARE: usize = 8;

/// Columns have at least this width: flags change in place, and modseqs with them.
const LEAST: [u8; FIELDS] = [0, 0, 4, 0, 0, 0, 1];

/// The lowest value of a column, and the distances of all from it: how many octets each has, and where the
/// first is.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    lowest: u64,
    start: u32,
    width: u8,
}

impl Column {
    /// Which values fit into its width.
    const fn mask(self) -> u64 {
        match self.width {
            8.. => u64::MAX,
            width => (1 << (8 * width)) - 1,
        }
    }

    /// A column for these values.
    fn of(values: &[u64], least: u8) -> Column {
        let first = values.first().copied().unwrap_or(0);
        let ends = |(low, high): (u64, u64), value: &u64| (low.min(*value), high.max(*value));
        let (low, high) = values.iter().fold((first, first), ends);
        Column::between(low, high, least)
    }

    /// A column for values between these.
    fn between(low: u64, high: u64, least: u8) -> Column {
        let bits = u64::BITS - (high - low).leading_zeros();
        let width = u8::try_from(bits.div_ceil(8)).unwrap_or(8).max(least);
        Column { lowest: low, start: 0, width }
    }

    /// How far the value is above the lowest; `None` when there is no room for that.
    fn distance(self, value: u64) -> Option<u64> {
        value.checked_sub(self.lowest).filter(|distance| *distance <= self.mask())
    }

    fn place(self, row: usize) -> Option<usize> {
        Some(usize::try_from(self.start).ok()? + row * usize::from(self.width))
    }
}

/// What is kept of a row. UIDs and messages mostly follow one another: of them how far they are ahead of
/// their place. The order of dates stays.
fn fields(row: &Packed, place: u64) -> [u64; FIELDS] {
    [
        u64::from(row.uid.value()).wrapping_sub(place),
        row.message.value().wrapping_add(AHEAD).wrapping_sub(place),
        row.modseq.value(),
        row.size,
        row.internal_date.millis().cast_unsigned() ^ SIGN,
        row.save_date.millis().cast_unsigned() ^ SIGN,
        row.flags.into(),
    ]
}

/// So that no small number becomes a very large one.
const AHEAD: u64 = 1 << 16;
const SIGN: u64 = 1 << 63;

impl Columns {
    fn of(rows: &[Packed]) -> Columns {
        let all: Vec<[u64; FIELDS]> =
            (0u64..).zip(rows).map(|(place, row)| fields(row, place)).collect();
        Columns::of_fields(&all)
    }

    fn of_fields(all: &[[u64; FIELDS]]) -> Columns {
        let mut low = all.first().copied().unwrap_or_default();
        let mut high = low;
        for row in all {
            for ((low, high), value) in low.iter_mut().zip(&mut high).zip(row) {
                *low = (*low).min(*value);
                *high = (*high).max(*value);
            }
        }
        let mut columns = [Column::default(); FIELDS];
        let mut end = 0u32;
        for (((column, low), high), least) in columns.iter_mut().zip(low).zip(high).zip(LEAST) {
            *column = Column { start: end, ..Column::between(low, high, least) };
            end += u32::from(column.width) * u32::try_from(all.len()).unwrap_or(0);
        }
        let mut octets = vec![0; usize::try_from(end).unwrap_or(0) + SPARE];
        for (field, column) in columns.iter().enumerate() {
            for (place, row) in all.iter().enumerate() {
                let value = row.get(field).copied().unwrap_or(0);
                let octets = column.place(place).and_then(|at| octets.get_mut(at..));
                // What is written beyond the value is zero, and is written over by the values after it.
                if let Some(octets) = octets.and_then(|octets| octets.first_chunk_mut()) {
                    *octets = (value - column.lowest).to_le_bytes();
                }
            }
        }
        Columns { rows: all.len(), columns, octets: octets.into() }
    }

    /// The rows that stay when those at these places, which ascend, go.
    fn without(&self, places: &[usize]) -> Columns {
        let ends = places.iter().copied().chain([self.rows]);
        let starts = [0].into_iter().chain(places.iter().map(|place| place + 1));
        let runs: Vec<Range<usize>> =
            starts.zip(ends).map(|(from, to)| from..to).filter(|run| !run.is_empty()).collect();
        let rows = runs.iter().map(Range::len).sum();
        // Of UIDs and messages it is kept how far they are ahead of their place, which falls.
        let ahead = |field: usize| {
            let column = self.columns.get(field).copied().unwrap_or_default();
            let mut values: Vec<u64> = Vec::with_capacity(rows);
            for run in &runs {
                let fell = u64::try_from(run.start - values.len()).unwrap_or(0);
                let old = run.clone().filter_map(|row| self.value(&column, row));
                values.extend(old.map(|value| value.wrapping_add(fell)));
            }
            values
        };
        let fresh = [ahead(UID), ahead(MESSAGE)];
        let mut columns = self.columns;
        for (column, values) in columns.iter_mut().zip(&fresh) {
            *column = Column::of(values, 0);
        }
        self.laid_out(columns, rows, |field, column, octets| match fresh.get(field) {
            Some(values) => put_all(octets, column, values),
            None => {
                let mut to = 0;
                for run in &runs {
                    let old = self.stretch(field, run.clone());
                    let length = old.len();
                    if let Some(octets) = octets.get_mut(to..to + length) {
                        octets.copy_from_slice(old);
                    }
                    to += length;
                }
            }
        })
    }

    /// The octets of some rows in a column.
    fn stretch(&self, field: usize, rows: Range<usize>) -> &[u8] {
        let column = self.columns.get(field).copied().unwrap_or_default();
        let ends = column.place(rows.start).zip(column.place(rows.end));
        ends.and_then(|(from, to)| self.octets.get(from..to)).unwrap_or_default()
    }

    /// Columns of these forms, one after the other, each filled in turn: what is written beyond its end is
    /// written over by the next.
    fn laid_out(
        &self,
        mut columns: [Column; FIELDS],
        rows: usize,
        fill: impl Fn(usize, Column, &mut [u8]),
    ) -> Columns {
        let mut end = 0;
        for column in &mut columns {
            column.start = end;
            end += u32::from(column.width) * u32::try_from(rows).unwrap_or(0);
        }
        let mut octets = vec![0; usize::try_from(end).unwrap_or(0) + SPARE];
        for (field, column) in columns.iter().enumerate() {
            let place = column.place(0).and_then(|from| octets.get_mut(from..));
            if let Some(octets) = place {
                fill(field, *column, octets);
            }
        }
        Columns { rows, columns, octets: octets.into() }
    }

    fn value(&self, column: &Column, row: usize) -> Option<u64> {
        let octets = self.octets.get(column.place(row)?..)?.first_chunk()?;
        Some(column.lowest.wrapping_add(u64::from_le_bytes(*octets) & column.mask()))
    }

    fn get(&self, row: usize) -> Option<Packed> {
        if row >= self.rows {
            return None;
        }
        let mut values = [0; FIELDS];
        for (value, column) in values.iter_mut().zip(&self.columns) {
            *value = self.value(column, row)?;
        }
        let [uid, message, modseq, size, internal_date, save_date, flags] = values;
        let place = u64::try_from(row).ok()?;
        let date = |value: u64| Timestamp::from_millis((value ^ SIGN).cast_signed());
        Some(Packed {
            uid: Uid::new(u32::try_from(uid.wrapping_add(place)).ok()?)?,
            message: MessageId::new(message.wrapping_add(place).wrapping_sub(AHEAD)),
            modseq: ModSeq::new(modseq),
            size,
            internal_date: date(internal_date),
            save_date: date(save_date),
            flags: u32::try_from(flags).ok()?,
        })
    }

    fn uid(&self, row: usize) -> Option<Uid> {
        if row >= self.rows {
            return None;
        }
        let [column, ..] = &self.columns;
        let uid = self.value(column, row)?.wrapping_add(u64::try_from(row).ok()?);
        Uid::new(u32::try_from(uid).ok()?)
    }

    fn iter(&self) -> impl Iterator<Item = Packed> {
        (0..self.rows).filter_map(|row| self.get(row))
    }

    fn flags(&self, row: usize) -> Option<u32> {
        let column = self.columns.get(FLAGS).filter(|_| row < self.rows)?;
        u32::try_from(self.value(column, row)?).ok()
    }

    /// Gives rows this value in a column, in place where there is room for it.
    fn set(&mut self, field: usize, places: &[usize], value: u64) {
        let Some(column) = self.columns.get(field).copied() else { return };
        let Some(distance) = column.distance(value) else {
            self.widen(field, value);
            return self.set(field, places, value);
        };
        let width = usize::from(column.width);
        for at in places.iter().filter_map(|place| column.place(*place)) {
            if let Some(octets) = self.octets.get_mut(at..at + width) {
                octets.iter_mut().zip(distance.to_le_bytes()).for_each(|(to, from)| *to = from);
            }
        }
    }

    /// Makes room in a column for this value too.
    fn widen(&mut self, field: usize, value: u64) {
        let Some(old) = self.columns.get(field).copied() else { return };
        let mut values: Vec<u64> = (0..self.rows).filter_map(|row| self.value(&old, row)).collect();
        values.push(value);
        let mut columns = self.columns;
        if let Some((column, least)) = columns.get_mut(field).zip(LEAST.get(field)) {
            *column = Column::of(&values, *least);
        }
        values.pop();
        *self = self.laid_out(columns, self.rows, |at, column, octets| {
            if at == field {
                return put_all(octets, column, &values);
            }
            let old = self.stretch(at, 0..self.rows);
            if let Some(octets) = octets.get_mut(..old.len()) {
                octets.copy_from_slice(old);
            }
        });
    }
}

/// Writes the values of a column, each with the octets to its eighth, which the next writes over.
fn put_all(octets: &mut [u8], column: Column, values: &[u64]) {
    let width = usize::from(column.width);
    let mut at = 0;
    for value in values {
        let octets = octets.get_mut(at..).and_then(|octets| octets.first_chunk_mut());
        if let Some(octets) = octets {
            *octets = value.wrapping_sub(column.lowest).to_le_bytes();
        }
        at += width;
    }
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
