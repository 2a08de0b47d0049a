use alloc::{boxed::Box, vec::Vec};
use core::{iter::Enumerate, slice};

#[cfg(doc)]
use mailwire::frame::OutEol;

use crate::Stat;

/// A message of a maildrop, as the host gives it when the maildrop is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    octets: u64,
    uidl: Box<str>,
    utf8: bool,
    deleted: bool,
}

/// A unique id that is not 1 to 70 characters in the range 0x21 to 0x7E (RFC 1939 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a unique id is 1 to 70 printable ASCII characters without space")]
#[non_exhaustive]
pub struct InvalidUidl;

impl Entry {
    /// A message of `octets` octets, line ends counted as two and dot-stuffing not at all
    /// (RFC 1939 §11), with a unique id that stays the same from session to session.
    ///
    /// # Errors
    ///
    /// [`InvalidUidl`] for a unique id that RFC 1939 §7 does not allow.
    pub fn new(octets: u64, uidl: impl Into<Box<str>>) -> Result<Self, InvalidUidl> {
        let uidl = uidl.into();
        let fits = (1..=70).contains(&uidl.len()) && uidl.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self { octets, uidl, utf8: false, deleted: false }) } else { Err(InvalidUidl) }
    }

    /// The size to announce for a message that is stored with bare CR or LF in it, in pieces: what
    /// RETR sends under [`OutEol::Normalise`], dot-stuffing not counted (RFC 1939 §11). For one with
    /// CRLF at the end of each line, the last one included, that is what it has on the disk.
    ///
    /// ```
    /// use pop3_proto::server::Entry;
    ///
    /// assert_eq!(Entry::octets_sent([&b"a: b\n\n.c\r"[..], b"\nd"]), 15); // a: b, empty, .c, d
    /// assert_eq!(Entry::octets_sent([&b"a: b\r\n"[..]]), 6);
    /// ```
    pub fn octets_sent<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> u64 {
        let (mut octets, mut last) = (0, b'\n');
        for &octet in pieces.into_iter().flatten() {
            octets += match (last, octet) {
                (b'\r', b'\n') => 0, // counted with its CR
                (_, b'\r' | b'\n') => 2,
                _ => 1,
            };
            last = octet;
        }
        if octets > 0 && !matches!(last, b'\r' | b'\n') { octets + 2 } else { octets }
    }

    /// The same, for a message with UTF-8 in its header (RFC 6532): a client gets it in UTF-8 mode
    /// only (RFC 6856 §2.1). A host that gives a surrogate instead does not say so, and asks
    /// [`is_utf8`](super::Server::is_utf8).
    #[must_use]
    pub fn needs_utf8(mut self) -> Self {
        self.utf8 = true;
        self
    }

    /// Whether it needs UTF-8 mode.
    pub const fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// The size in octets.
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// The unique id.
    pub const fn uidl(&self) -> &str {
        &self.uidl
    }
}

/// The messages marked as deleted: their places in the list the maildrop was opened with, and what
/// stood there.
#[derive(Clone, Debug)]
pub struct Deleted<'a>(Enumerate<slice::Iter<'a, Entry>>);

impl<'a> Iterator for Deleted<'a> {
    type Item = (usize, &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.find(|(_, entry)| entry.deleted)
    }
}

/// Why a message number names no message.
pub(super) enum NotThere {
    Never,
    Deleted,
}

/// The view of the maildrop in this session.
#[derive(Debug, Default)]
pub(super) struct Maildrop {
    entries: Vec<Entry>,
    live: Stat,
}

impl Maildrop {
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.iter_mut().for_each(|entry| entry.deleted = false);
        let mut maildrop = Self { entries, live: Stat::default() };
        maildrop.reset();
        maildrop
    }

    /// Messages not marked as deleted.
    pub(super) const fn live(&self) -> Stat {
        self.live
    }

    /// Number of messages, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The message with this number, and its index.
    pub(super) fn find(&self, number: u32) -> Result<(usize, &Entry), NotThere> {
        let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        match self.entries.get(index) {
            None => Err(NotThere::Never),
            Some(entry) if entry.deleted => Err(NotThere::Deleted),
            Some(entry) => Ok((index, entry)),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// The first message at or after `index` that is not deleted.
    pub(super) fn next_live(&self, index: usize) -> Option<(usize, &Entry)> {
        let rest = self.entries.get(index..)?;
        rest.iter().enumerate().find(|(_, e)| !e.deleted).map(|(i, entry)| (index + i, entry))
    }

    pub(super) fn delete(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index).filter(|entry| !entry.deleted) {
            entry.deleted = true;
            self.live.messages = self.live.messages.saturating_sub(1);
            self.live.octets = self.live.octets.saturating_sub(entry.octets);
        }
    }

    pub(super) fn reset(&mut self) {
        self.live = Stat::new(self.entries.len() as u64, 0);
        for entry in &mut self.entries {
            entry.deleted = false;
            self.live.octets = self.live.octets.saturating_add(entry.octets);
        }
    }

    pub(super) fn deleted(&self) -> Deleted<'_> {
        Deleted(self.entries.iter().enumerate())
    }
}
