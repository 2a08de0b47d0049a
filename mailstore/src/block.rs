//! A few hundred rows in little memory: 24 octets each where they differ little, 48 where they do not.

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

/// A row as its difference from the block's first.
#[derive(Clone, Copy, Debug)]
struct Narrow {
    message: i32,
    modseq: i32,
    size: u32,
    internal_date: i32,
    save_date: i32,
    uid: u16,
    flags: u16,
}

/// Rows ascending by UID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    rows: Rows,
    highest: u64,
}

#[derive(Clone, Debug)]
enum Rows {
    Wide(Vec<Packed>),
    Narrow(Packed, Vec<Narrow>),
}

impl Default for Rows {
    fn default() -> Self {
        Rows::Wide(Vec::new())
    }
}

impl Block {
    pub(crate) const fn len(&self) -> usize {
        match &self.rows {
            Rows::Wide(rows) => rows.len(),
            Rows::Narrow(_, rows) => rows.len(),
        }
    }

    /// The highest modseq of a row, or higher.
    pub(crate) const fn highest(&self) -> u64 {
        self.highest
    }

    pub(crate) fn get(&self, place: usize) -> Option<Packed> {
        match &self.rows {
            Rows::Wide(rows) => rows.get(place).copied(),
            Rows::Narrow(first, rows) => rows.get(place).map(|row| row.widen(first)),
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Packed> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    pub(crate) fn last_uid(&self) -> Option<Uid> {
        self.get(self.len().checked_sub(1)?).map(|row| row.uid)
    }

    /// The place of this UID.
    pub(crate) fn find(&self, uid: Uid) -> Option<usize> {
        match &self.rows {
            Rows::Wide(rows) => rows.binary_search_by_key(&uid, |row| row.uid).ok(),
            Rows::Narrow(first, rows) => {
                let distance = uid.value().checked_sub(first.uid.value())?;
                let distance = u16::try_from(distance).ok()?;
                rows.binary_search_by_key(&distance, |row| row.uid).ok()
            }
        }
    }

    /// Adds a row after the last.
    pub(crate) fn push(&mut self, row: Packed) {
        self.highest = self.highest.max(row.modseq.value());
        self.widened(|rows| rows.push(row));
    }

    /// Changes a row; what it was and is.
    pub(crate) fn flag(
        &mut self,
        place: usize,
        flags: u32,
        modseq: ModSeq,
    ) -> Option<(Packed, Packed)> {
        let old = self.get(place)?;
        let new = Packed { flags, modseq, ..old };
        self.highest = self.highest.max(modseq.value());
        if let Rows::Narrow(first, rows) = &mut self.rows
            && let (Some(row), Some(narrow)) = (rows.get_mut(place), Narrow::of(&new, first))
        {
            *row = narrow;
            return Some((old, new));
        }
        self.widened(|rows| rows.get_mut(place).map(|row| *row = new))?;
        Some((old, new))
    }

    /// Takes out the rows `goes` names, and gives them.
    pub(crate) fn take(&mut self, goes: impl Fn(Uid) -> bool) -> Vec<Packed> {
        let (gone, kept): (Vec<Packed>, Vec<Packed>) = self.iter().partition(|row| goes(row.uid));
        self.rows = Rows::Wide(kept);
        self.seal();
        gone
    }

    /// Makes it small, if its rows allow it.
    pub(crate) fn seal(&mut self) {
        let Rows::Wide(rows) = &mut self.rows else { return };
        rows.shrink_to_fit();
        let Some(first) = rows.first().copied() else { return };
        let narrow: Option<Vec<Narrow>> = rows.iter().map(|row| Narrow::of(row, &first)).collect();
        if let Some(narrow) = narrow {
            self.rows = Rows::Narrow(first, narrow);
        }
    }

    /// The octets it takes.
    pub(crate) fn octets(&self) -> usize {
        size_of::<Block>()
            + match &self.rows {
                Rows::Wide(rows) => rows.capacity() * size_of::<Packed>(),
                Rows::Narrow(_, rows) => rows.capacity() * size_of::<Narrow>(),
            }
    }

    /// Changes its rows as they are before they are made small.
    fn widened<T>(&mut self, change: impl FnOnce(&mut Vec<Packed>) -> T) -> T {
        let mut rows = match core::mem::take(&mut self.rows) {
            Rows::Wide(rows) => rows,
            Rows::Narrow(first, rows) => rows.into_iter().map(|row| row.widen(&first)).collect(),
        };
        let done = change(&mut rows);
        self.rows = Rows::Wide(rows);
        done
    }
}

impl Narrow {
    fn of(row: &Packed, first: &Packed) -> Option<Narrow> {
        let unsigned =
            |own: u64, first: u64| i32::try_from(i128::from(own) - i128::from(first)).ok();
        let time = |own: Timestamp, first: Timestamp| {
            i32::try_from(i128::from(own.millis()) - i128::from(first.millis())).ok()
        };
        Some(Narrow {
            message: unsigned(row.message.value(), first.message.value())?,
            modseq: unsigned(row.modseq.value(), first.modseq.value())?,
            size: u32::try_from(row.size).ok()?,
            internal_date: time(row.internal_date, first.internal_date)?,
            save_date: time(row.save_date, first.save_date)?,
            uid: u16::try_from(row.uid.value().checked_sub(first.uid.value())?).ok()?,
            flags: u16::try_from(row.flags).ok()?,
        })
    }

    fn widen(self, first: &Packed) -> Packed {
        let time = |own: i32, first: Timestamp| {
            Timestamp::from_millis(first.millis().wrapping_add(i64::from(own)))
        };
        let unsigned = |own: i32, first: u64| first.wrapping_add_signed(i64::from(own));
        let uid = first.uid.value().wrapping_add(u32::from(self.uid));
        Packed {
            message: MessageId::new(unsigned(self.message, first.message.value())),
            modseq: ModSeq::new(unsigned(self.modseq, first.modseq.value())),
            size: self.size.into(),
            internal_date: time(self.internal_date, first.internal_date),
            save_date: time(self.save_date, first.save_date),
            uid: Uid::new(uid).unwrap_or(first.uid),
            flags: self.flags.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers that fit in a narrow row, and any.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..2000u64, Just(u64::MAX), any::<u64>()]
    }

    proptest! {
        /// Whether it is narrow or wide, a block holds the rows it was given.
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
            let place = changed.index(expected.len());
            let (old, new) = block.flag(place, flags, ModSeq::new(9)).unwrap();
            prop_assert_eq!(old, expected[place]);
            expected[place] = new;
            prop_assert!(block.iter().eq(expected.iter().copied()));
            let gone = block.take(|uid| uid == new.uid);
            expected.remove(place);
            prop_assert!(gone == [new] && block.iter().eq(expected.iter().copied()));
        }
    }

    #[test]
    fn rows_that_differ_little_take_24_octets() {
        assert_eq!(size_of::<Narrow>(), 24);
    }
}
