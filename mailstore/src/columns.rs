//! A few hundred rows of numbers in little memory: in columns, each value in as many octets as it differs by
//! from the lowest of its column.

use core::ops::Range;

#[cfg(feature = "embedded")]
use crate::model::wire::{Reader, put};

/// Rows of `N` numbers. The first `AHEAD` ascend or nearly do, so of them it is kept how far they are ahead
/// of their place. The octets end with [`SPARE`] more, so that eight can be read at any value.
#[derive(Clone, Debug)]
pub(crate) struct Columns<const N: usize, const AHEAD: usize> {
    rows: usize,
    columns: [Column; N],
    octets: Box<[u8]>,
    /// Columns have at least these widths, so that values which change often change in place.
    least: &'static [u8; N],
}

const SPARE: usize = 8;

/// The lowest value of a column, and the distances of all from it: how many octets each has, and where the
/// first is.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    lowest: u64,
    start: u32,
    width: u8,
}

impl Column {
    /// A column for these values.
    fn of(values: &[u64], least: u8) -> Column {
        let first = values.first().copied().unwrap_or(0);
        let ends = |(low, high): (u64, u64), value: &u64| (low.min(*value), high.max(*value));
        let (low, high) = values.iter().fold((first, first), ends);
        let bits = u64::BITS - (high - low).leading_zeros();
        let width = u8::try_from(bits.div_ceil(8)).unwrap_or(8).max(least);
        Column { lowest: low, start: 0, width }
    }

    /// Which values fit into its width.
    const fn mask(self) -> u64 {
        match self.width {
            8.. => u64::MAX,
            width => (1 << (8 * width)) - 1,
        }
    }

    /// How far the value is above the lowest; `None` when there is no room for that.
    fn distance(self, value: u64) -> Option<u64> {
        value.checked_sub(self.lowest).filter(|distance| *distance <= self.mask())
    }

    fn place(self, row: usize) -> Option<usize> {
        Some(usize::try_from(self.start).ok()? + row * usize::from(self.width))
    }
}

impl<const N: usize, const AHEAD: usize> Columns<N, AHEAD> {
    pub(crate) fn of(rows: &[[u64; N]], least: &'static [u8; N]) -> Self {
        let value = |field: usize, (place, row): (u64, &[u64; N])| {
            let value = row.get(field).copied().unwrap_or(0);
            if field < AHEAD { value.wrapping_sub(place) } else { value }
        };
        let values: [Vec<u64>; N] =
            core::array::from_fn(|field| (0u64..).zip(rows).map(|row| value(field, row)).collect());
        let mut columns = [Column::default(); N];
        for ((column, values), least) in columns.iter_mut().zip(&values).zip(least) {
            *column = Column::of(values, *least);
        }
        laid_out(columns, rows.len(), least, |field, column, octets| {
            put_all(octets, column, values.get(field).map_or(&[][..], Vec::as_slice));
        })
    }

    pub(crate) const fn len(&self) -> usize {
        self.rows
    }

    /// The octets they take.
    pub(crate) const fn octets(&self) -> usize {
        self.octets.len()
    }

    pub(crate) fn get(&self, row: usize) -> Option<[u64; N]> {
        let mut values = [0; N];
        for (field, value) in values.iter_mut().enumerate() {
            *value = self.value(field, row)?;
        }
        Some(values)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = [u64; N]> {
        (0..self.rows).filter_map(|row| self.get(row))
    }

    pub(crate) fn value(&self, field: usize, row: usize) -> Option<u64> {
        let column = self.columns.get(field).filter(|_| row < self.rows)?;
        let kept = self.kept(*column, row)?;
        let ahead = if field < AHEAD { u64::try_from(row).ok()? } else { 0 };
        Some(kept.wrapping_add(ahead))
    }

    /// The value of all rows, if it is one.
    pub(crate) fn same(&self, field: usize) -> Option<u64> {
        self.columns.get(field).filter(|column| column.width == 0).map(|column| column.lowest)
    }

    fn kept(&self, column: Column, row: usize) -> Option<u64> {
        let octets = self.octets.get(column.place(row)?..)?.first_chunk()?;
        Some(column.lowest.wrapping_add(u64::from_le_bytes(*octets) & column.mask()))
    }

    /// Gives rows this value in a column that is not kept ahead, in place where there is room for it.
    pub(crate) fn set(&mut self, field: usize, rows: &[usize], value: u64) {
        let Some(mut column) = self.columns.get(field).copied() else { return };
        if column.distance(value).is_none() {
            self.widen(field, value);
            column = self.columns.get(field).copied().unwrap_or_default();
        }
        let distance = column.distance(value).unwrap_or(0).to_le_bytes();
        let width = usize::from(column.width);
        for at in rows.iter().filter_map(|row| column.place(*row)) {
            if let Some(octets) = self.octets.get_mut(at..at + width) {
                octets.iter_mut().zip(distance).for_each(|(to, from)| *to = from);
            }
        }
    }

    /// Makes room in a column for this value too.
    fn widen(&mut self, field: usize, value: u64) {
        let Some(old) = self.columns.get(field).copied() else { return };
        let mut values: Vec<u64> = (0..self.rows).filter_map(|row| self.kept(old, row)).collect();
        values.push(value);
        let mut columns = self.columns;
        if let Some((column, least)) = columns.get_mut(field).zip(self.least.get(field)) {
            *column = Column::of(&values, *least);
        }
        values.pop();
        *self = laid_out(columns, self.rows, self.least, |at, column, octets| {
            if at == field {
                return put_all(octets, column, &values);
            }
            let old = self.stretch(at, 0..self.rows);
            if let Some(octets) = octets.get_mut(..old.len()) {
                octets.copy_from_slice(old);
            }
        });
    }

    /// The rows that stay when these, which ascend, go.
    pub(crate) fn without(&self, gone: &[usize]) -> Self {
        let ends = gone.iter().copied().chain([self.rows]);
        let starts = [0].into_iter().chain(gone.iter().map(|row| row + 1));
        let runs: Vec<Range<usize>> =
            starts.zip(ends).map(|(from, to)| from..to).filter(|run| !run.is_empty()).collect();
        let rows = runs.iter().map(Range::len).sum();
        // The places fall, so what is ahead of them is further ahead.
        let further: [Vec<u64>; AHEAD] = core::array::from_fn(|field| {
            let column = self.columns.get(field).copied().unwrap_or_default();
            let mut values: Vec<u64> = Vec::with_capacity(rows);
            for run in &runs {
                let fell = u64::try_from(run.start - values.len()).unwrap_or(0);
                let old = run.clone().filter_map(|row| self.kept(column, row));
                values.extend(old.map(|value| value.wrapping_add(fell)));
            }
            values
        });
        let mut columns = self.columns;
        for ((column, values), least) in columns.iter_mut().zip(&further).zip(self.least) {
            *column = Column::of(values, *least);
        }
        laid_out(columns, rows, self.least, |field, column, octets| match further.get(field) {
            Some(values) => put_all(octets, column, values),
            None => {
                let mut at = 0;
                for run in &runs {
                    let old = self.stretch(field, run.clone());
                    if let Some(octets) = octets.get_mut(at..at + old.len()) {
                        octets.copy_from_slice(old);
                    }
                    at += old.len();
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
}

/// As the index keeps them: of each column lowest value and width, then the columns.
#[cfg(feature = "embedded")]
impl<const N: usize, const AHEAD: usize> Columns<N, AHEAD> {
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        for column in &self.columns {
            put(out, column.lowest);
            out.push(column.width);
        }
        let kept = self.octets.len().saturating_sub(SPARE);
        out.extend_from_slice(self.octets.get(..kept).unwrap_or_default());
    }

    /// All that is left to read must be these columns.
    pub(crate) fn unpack(rows: usize, r: &mut Reader<'_>, least: &'static [u8; N]) -> Option<Self> {
        let (mut columns, mut end) = ([Column::default(); N], 0u32);
        for column in &mut columns {
            *column = Column { lowest: r.number()?, start: end, width: r.byte()? };
            let length = u32::from(column.width).checked_mul(u32::try_from(rows).ok()?)?;
            end = end.checked_add(length)?;
        }
        if usize::try_from(end).ok()? != r.0.len() {
            return None;
        }
        let octets = [r.0, &[0; SPARE]].concat().into();
        Some(Columns { rows, columns, octets, least })
    }
}

/// Columns of these forms, one after the other, each filled in turn: what is written beyond its end the next
/// writes over.
fn laid_out<const N: usize, const AHEAD: usize>(
    mut columns: [Column; N],
    rows: usize,
    least: &'static [u8; N],
    fill: impl Fn(usize, Column, &mut [u8]),
) -> Columns<N, AHEAD> {
    let mut end = 0;
    for column in &mut columns {
        column.start = end;
        end += u32::from(column.width) * u32::try_from(rows).unwrap_or(0);
    }
    let mut octets = vec![0; usize::try_from(end).unwrap_or(0) + SPARE];
    for (field, column) in columns.iter().enumerate() {
        if let Some(octets) = column.place(0).and_then(|from| octets.get_mut(from..)) {
            fill(field, *column, octets);
        }
    }
    Columns { rows, columns, octets: octets.into(), least }
}

/// Writes the values of a column, each with the octets up to its eighth.
fn put_all(octets: &mut [u8], column: Column, values: &[u64]) {
    let mut at = 0;
    for value in values {
        let octets = octets.get_mut(at..).and_then(|octets| octets.first_chunk_mut());
        if let Some(octets) = octets {
            *octets = value.wrapping_sub(column.lowest).to_le_bytes();
        }
        at += usize::from(column.width);
    }
}
