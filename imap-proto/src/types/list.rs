use alloc::{borrow::Cow, vec::Vec};

use crate::command::EntryName;

use super::{Mailbox, OneOrMore, StatusItem, string::own_str};

/// Which mailboxes a LIST selects (RFC 5258 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListSelect {
    /// Subscribed ones, existing or not.
    pub subscribed: bool,
    /// Remote ones too.
    pub remote: bool,
    /// Those with a special use (RFC 6154 §5.2).
    pub special_use: bool,
    /// See [`recursive_match`](Self::recursive_match).
    recursive: bool,
}

impl ListSelect {
    /// Also those with children that match, though they do not match themselves.
    #[must_use]
    pub const fn with_recursive_match(mut self) -> Self {
        self.recursive = true;
        self
    }

    /// RECURSIVEMATCH: those with children that match, too. It says something only beside an option that selects
    /// (RFC 5258 §3.1).
    pub const fn recursive_match(&self) -> bool {
        self.recursive && (self.subscribed || self.special_use)
    }
}

/// What a LIST returns with each mailbox (RFC 5258 §3.2, RFC 5819, RFC 6154).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListReturn {
    /// `\Subscribed`
    pub subscribed: bool,
    /// `\HasChildren` and `\HasNoChildren`
    pub children: bool,
    /// `\Sent` and its family.
    pub special_use: bool,
    /// A STATUS response for each mailbox that can be selected; empty for none.
    pub status: Vec<StatusItem>,
    /// A MYRIGHTS response for each mailbox (RFC 8440).
    pub my_rights: bool,
    /// A METADATA response with these entries for each mailbox (RFC 9590); empty for none.
    pub metadata: Vec<EntryName<'static>>,
}

/// LIST and LSUB: which mailboxes, and what to say of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListQuery<'a> {
    /// The reference name, Unicode.
    pub reference: Cow<'a, str>,
    /// The patterns, Unicode, with `*` and `%`.
    patterns: OneOrMore<Cow<'a, str>>,
    /// Whether the patterns stand in parentheses.
    listed: bool,
    /// Which of those that match.
    pub select: ListSelect,
    /// What to say of them.
    pub returns: ListReturn,
}

impl<'a> ListQuery<'a> {
    /// The basic form: one pattern.
    pub fn basic(reference: impl Into<Cow<'a, str>>, pattern: impl Into<Cow<'a, str>>) -> Self {
        Self::with(reference.into(), OneOrMore::one(pattern.into()), false)
    }

    /// A list of patterns (RFC 5258).
    pub fn extended(reference: impl Into<Cow<'a, str>>, patterns: OneOrMore<Cow<'a, str>>) -> Self {
        Self::with(reference.into(), patterns, true)
    }

    pub(crate) fn with(
        reference: Cow<'a, str>,
        patterns: OneOrMore<Cow<'a, str>>,
        listed: bool,
    ) -> Self {
        let (select, returns) = (ListSelect::default(), ListReturn::default());
        Self { reference, patterns, listed, select, returns }
    }

    /// The patterns, Unicode, with `*` and `%`.
    pub fn patterns(&self) -> &OneOrMore<Cow<'a, str>> {
        &self.patterns
    }

    /// Whether the patterns stand in parentheses.
    pub(crate) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Whether this is the extended form (RFC 5258), which changes what an empty pattern means.
    pub fn is_extended(&self) -> bool {
        self.listed || self.select != ListSelect::default() || self.returns != ListReturn::default()
    }

    /// Whether a mailbox of this name matches a pattern. The reference is put before each pattern,
    /// as most servers do (RFC 3501 §6.3.8).
    pub fn matches(&self, name: &str, delimiter: char) -> bool {
        self.patterns.iter().any(|pattern| {
            if self.reference.is_empty() {
                return pattern_matches(pattern, name, delimiter);
            }
            let whole = alloc::format!("{}{pattern}", self.reference);
            pattern_matches(&whole, name, delimiter)
        })
    }

    /// The same query, owned.
    pub fn into_owned(self) -> ListQuery<'static> {
        ListQuery {
            reference: own_str(self.reference),
            patterns: self.patterns.map(own_str),
            listed: self.listed,
            select: self.select,
            returns: self.returns,
        }
    }
}

/// Whether `name` matches `pattern`: `*` stands for anything, `%` for anything without the hierarchy
/// delimiter (RFC 3501 §6.3.8). `INBOX` at the start is compared in any case.
///
/// Costs at most pattern × name steps, whatever the pattern.
///
/// ```
/// use imap_proto::types::pattern_matches;
///
/// assert!(pattern_matches("*", "Lists/rust", '/'));
/// assert!(!pattern_matches("%", "Lists/rust", '/'));
/// assert!(pattern_matches("Lists/%", "Lists/rust", '/'));
/// assert!(pattern_matches("inbox", "INBOX", '/'));
/// ```
pub fn pattern_matches(pattern: &str, name: &str, delimiter: char) -> bool {
    let fold = |text: &str| -> Vec<char> {
        let head = text.split(delimiter).next().unwrap_or_default();
        if head.eq_ignore_ascii_case("INBOX") {
            let tail = text.get(head.len()..).unwrap_or_default();
            return "INBOX".chars().chain(tail.chars()).collect();
        }
        text.chars().collect()
    };
    let (pattern, name) = (fold(pattern), fold(name));
    // reach[i]: the pattern read so far matches the first i characters of the name.
    let mut reach: Vec<bool> = Vec::with_capacity(name.len().saturating_add(1));
    reach.push(true);
    reach.resize(name.len().saturating_add(1), false);
    for p in pattern {
        let mut next: Vec<bool> = Vec::with_capacity(reach.len());
        let mut before = (false, false); // reach and next, one character earlier
        for (i, here) in reach.iter().enumerate() {
            let c = i.checked_sub(1).and_then(|i| name.get(i)).copied();
            let now = match p {
                '*' => *here || before.1,
                '%' => *here || (before.1 && c != Some(delimiter)),
                _ => before.0 && c == Some(p),
            };
            before = (*here, now);
            next.push(now);
        }
        reach = next;
    }
    reach.last().copied().unwrap_or(false)
}

impl ListQuery<'_> {
    /// The name that stands for the root in the answer to `LIST "" ""`.
    pub(crate) fn asks_for_delimiter(&self) -> bool {
        !self.is_extended() && matches!(&*self.patterns, [only] if only.is_empty())
    }
}

/// The pattern a mailbox name alone would be.
impl<'a> From<Mailbox<'a>> for ListQuery<'a> {
    fn from(name: Mailbox<'a>) -> Self {
        Self::basic("", alloc::string::String::from(name.as_str()))
    }
}
