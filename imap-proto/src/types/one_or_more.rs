use alloc::{vec, vec::Vec};
use core::{fmt, ops::Deref};

/// A list with at least one item: what the grammar writes as `1*`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OneOrMore<T>(Vec<T>);

impl<T> OneOrMore<T> {
    /// The items; `None` if there are none.
    pub fn new(items: Vec<T>) -> Option<Self> {
        (!items.is_empty()).then_some(Self(items))
    }

    /// These items; an empty array does not compile.
    ///
    /// ```
    /// use imap_proto::types::OneOrMore;
    ///
    /// assert_eq!(OneOrMore::of([1, 2]).len(), 2);
    /// ```
    pub fn of<const N: usize>(items: [T; N]) -> Self {
        const { assert!(N > 0, "a list of one or more has no empty form") };
        Self(Vec::from(items))
    }

    /// One item.
    pub fn one(item: T) -> Self {
        Self(vec![item])
    }

    /// The items as a slice.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// One more at the end.
    pub fn push(&mut self, item: T) {
        self.0.push(item);
    }

    /// The items as they are.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// Each item turned into another.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> OneOrMore<U> {
        OneOrMore(self.0.into_iter().map(turn).collect())
    }
}

impl<T: fmt::Debug> fmt::Debug for OneOrMore<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> Deref for OneOrMore<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<T> for OneOrMore<T> {
    fn from(item: T) -> Self {
        Self::one(item)
    }
}

impl<T> IntoIterator for OneOrMore<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a OneOrMore<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
