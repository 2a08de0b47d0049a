use core::{fmt, ops::Deref};

use super::{UidList, UidSet};

/// A [`UidSet`] or [`UidList`] with at least one number: what the grammar writes as a set has no empty form.
///
/// ```
/// use imap_proto::types::{NonEmpty, UidSet};
///
/// let some = NonEmpty::new(UidSet::range(3, 5)).unwrap();
/// assert_eq!(some.len(), 3);
/// assert!(NonEmpty::new(UidSet::new()).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NonEmpty<T>(T);

impl NonEmpty<UidSet> {
    /// The set; `None` if it is empty.
    pub fn new(set: UidSet) -> Option<Self> {
        (!set.is_empty()).then_some(Self(set))
    }
}

impl NonEmpty<UidList> {
    /// The list; `None` if it is empty.
    pub fn list(list: UidList) -> Option<Self> {
        (!list.is_empty()).then_some(Self(list))
    }
}

impl<T> NonEmpty<T> {
    /// What was checked.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for NonEmpty<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl From<NonEmpty<UidSet>> for NonEmpty<UidList> {
    fn from(set: NonEmpty<UidSet>) -> Self {
        Self(set.0.into())
    }
}

impl<T: fmt::Display> fmt::Display for NonEmpty<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
