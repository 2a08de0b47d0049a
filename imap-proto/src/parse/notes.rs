//! What a parser remembers of the deviations it met.

use alloc::vec::Vec;
use core::cell::RefCell;

use nom::error::{Error, ErrorKind};

use super::{Deviation, DeviationKind};
use crate::types::Names;

/// Collects deviations; a strict one refuses them.
#[derive(Debug)]
pub(super) struct Notes {
    whole: usize,
    strict: bool,
    names: Names,
    streamed: bool,
    list: RefCell<Vec<Deviation>>,
}

impl Notes {
    pub(super) fn new(frame: &[u8], strict: bool) -> Self {
        Self::named(frame, strict, Names::default())
    }

    /// With mailbox names in this encoding.
    pub(super) fn named(frame: &[u8], strict: bool, names: Names) -> Self {
        let list = RefCell::new(Vec::new());
        Self { whole: frame.len(), strict, names, streamed: false, list }
    }

    /// Of a frame whose literals may be told as their announcement alone: their octets went another way.
    pub(super) fn streamed(self) -> Self {
        Self { streamed: true, ..self }
    }

    pub(super) fn has_streamed(&self) -> bool {
        self.streamed
    }

    /// How mailbox names are encoded.
    pub(super) fn names(&self) -> Names {
        self.names
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// A deviation where `rest` begins.
    pub(super) fn note<'a>(
        &self,
        kind: DeviationKind,
        rest: &'a [u8],
    ) -> Result<(), nom::Err<Error<&'a [u8]>>> {
        if self.strict {
            return Err(nom::Err::Error(Error::new(rest, ErrorKind::Verify)));
        }
        let offset = self.whole.saturating_sub(rest.len());
        self.list.borrow_mut().push(Deviation { kind, offset });
        Ok(())
    }

    /// How many there are: where to [`rewind`](Self::rewind) to.
    pub(super) fn mark(&self) -> usize {
        self.list.borrow().len()
    }

    /// Forgets those met on a way that led nowhere.
    pub(super) fn rewind(&self, mark: usize) {
        self.list.borrow_mut().truncate(mark);
    }

    pub(super) fn into_list(self) -> Vec<Deviation> {
        self.list.into_inner()
    }

    /// `SP`, and more of them where a server was careless.
    pub(super) fn sp<'a>(&self) -> impl Fn(&'a [u8]) -> super::Res<'a, ()> + Copy + '_ {
        move |input| match input {
            [b' ', rest @ ..] => Ok((self.gap(rest)?, ())),
            _ => Err(nom::Err::Error(Error::new(input, ErrorKind::Space))),
        }
    }

    /// `"(" [item *(SP item)] ")"`, with spaces where none belong.
    pub(super) fn list<'a, T>(
        &self,
        mut item: impl FnMut(&'a [u8]) -> super::Res<'a, T>,
    ) -> impl FnMut(&'a [u8]) -> super::Res<'a, Vec<T>> {
        move |input| {
            let mut rest = match input {
                [b'(', rest @ ..] => self.gap(rest)?,
                _ => return super::fail(input, ErrorKind::Char),
            };
            let mut items = Vec::new();
            loop {
                if let [b')', after @ ..] = rest {
                    return Ok((after, items));
                }
                let (after, one) = item(rest)?;
                items.push(one);
                rest = match after {
                    [b')', ..] => after,
                    // One space before the next item; before `)` none.
                    [b' ', b')', ..] => self.gap(after)?,
                    [b' ', next @ ..] => self.gap(next)?,
                    _ => return super::fail(after, ErrorKind::SeparatedList),
                };
            }
        }
    }

    /// Spaces where none belong.
    pub(super) fn gap<'a>(&self, rest: &'a [u8]) -> Result<&'a [u8], nom::Err<Error<&'a [u8]>>> {
        if rest.first() != Some(&b' ') {
            return Ok(rest);
        }
        self.note(DeviationKind::ExtraSpace, rest)?;
        let spaces = rest.iter().take_while(|b| **b == b' ').count();
        Ok(rest.get(spaces..).unwrap_or_default())
    }
}
