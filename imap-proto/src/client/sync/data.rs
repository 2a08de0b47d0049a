//! What the server says.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::{
    Message, Mirror, Session,
    next::{Ask, Way},
    view::without,
};
use crate::{
    client::Tag,
    response::{Completion, FetchData, Response},
    types::{Code, Flag, ModSeq, StatusText, UidSet},
};

/// The parts of a FETCH response that matter here.
#[derive(Default)]
struct Row {
    uid: Option<u32>,
    flags: Option<Vec<Flag<'static>>>,
    mod_seq: Option<ModSeq>,
}

impl Row {
    fn new(items: &[FetchData<'_>]) -> Self {
        let mut row = Self::default();
        for item in items {
            match item {
                FetchData::Uid(uid) => row.uid = Some(uid.get()),
                FetchData::ModSeq(mod_seq) => row.mod_seq = Some(*mod_seq),
                FetchData::Flags(flags) => {
                    let kept = flags.iter().filter(|flag| **flag != Flag::Recent);
                    row.flags = Some(kept.cloned().map(Flag::into_owned).collect());
                }
                _ => {}
            }
        }
        row
    }
}

impl Mirror {
    fn is_opening(&self) -> bool {
        matches!(self.session.asked, Some((_, Ask::Select(_))))
    }

    pub(super) fn data(&mut self, data: &Response<'_>) {
        if !self.session.open && !self.is_opening() {
            return;
        }
        match data {
            Response::Status { text, .. } => self.code(text),
            Response::Exists(total) => {
                let opening = self.is_opening();
                let session = &mut self.session;
                session.lost |= !session.view.exists(*total) && !opening;
                (session.gap, session.tries) = (None, 0);
            }
            Response::Expunge(number) => {
                let session = &mut self.session;
                session.disturbed = true;
                if let Some(uid) = session.view.expunge(number.get()) {
                    session.missing.remove(uid);
                    self.messages.remove(&uid);
                }
            }
            Response::Vanished { earlier, uids } => self.vanished(*earlier, uids),
            Response::Fetch(number, items) => self.row(Some(*number), Row::new(items)),
            Response::Unnumbered(items) => self.row(None, Row::new(items)),
            Response::UidFetch(uid, items) => {
                let row = Row { uid: Some(uid.get()), ..Row::new(items) };
                self.row(None, row);
            }
            Response::Search(found) if self.is_mapping(None) => {
                self.session.found.extend(found.numbers().iter().copied());
            }
            Response::ESearch(found) if self.is_mapping(found.tag.as_deref()) && found.uid => {
                if let Some(all) = &found.all {
                    self.session.found = all.to_set();
                }
            }
            _ => {}
        }
    }

    /// Whether the result of a search is the one that was asked for.
    fn is_mapping(&self, of: Option<&[u8]>) -> bool {
        let Some((tag, Ask::Map)) = self.session.asked else { return false };
        of.is_none_or(|of| of == alloc::format!("{tag}").as_bytes())
    }

    fn code(&mut self, text: &StatusText<'_>) {
        let opening = self.is_opening();
        let session = &mut self.session;
        match &text.code {
            Some(Code::UidValidity(validity)) if opening => session.validity = Some(*validity),
            Some(Code::HighestModSeq(highest)) if opening => session.highest = Some(*highest),
            Some(Code::HighestModSeq(highest)) => session.told = Some(*highest),
            // RFC 7162 §3.2.11: what was told before was of another mailbox.
            Some(Code::Closed) if opening => session.begin(),
            _ => {}
        }
    }

    fn vanished(&mut self, earlier: bool, uids: &UidSet) {
        let opening = self.is_opening();
        let session = &mut self.session;
        if !earlier {
            session.view.vanished(uids);
        }
        if opening {
            uids.ranges().for_each(|(first, last)| session.gone.insert_range(first, last));
            return;
        }
        session.missing = without(&session.missing, uids);
        self.forget(uids);
    }

    fn forget(&mut self, uids: &UidSet) {
        for (first, last) in uids.ranges() {
            let gone: Vec<u32> = self.messages.range(first..=last).map(|(uid, _)| *uid).collect();
            for uid in gone {
                self.messages.remove(&uid);
            }
        }
    }

    fn row(&mut self, number: Option<NonZeroU32>, row: Row) {
        let opening = self.is_opening();
        let session = &mut self.session;
        if opening {
            match (row.uid, row.flags) {
                (Some(uid), Some(flags)) => {
                    session.held.push((uid, Message { flags, mod_seq: row.mod_seq }));
                }
                // Whose flags these are cannot be said.
                (None, Some(_)) => session.lost = true,
                _ => {}
            }
            return;
        }
        session.heard = session.heard.max(row.mod_seq);
        let number = number.map(NonZeroU32::get);
        let uid = row.uid.or_else(|| session.view.uid(number?));
        let Some(uid) = uid else { return };
        let fresh = !session.view.known().contains(uid);
        match (number, row.uid) {
            (Some(number), Some(uid)) => session.lost |= !session.view.place(number, uid),
            (None, Some(_))
                if fresh && matches!(session.asked, Some((_, Ask::All | Ask::Tail))) =>
            {
                // RFC 9586 §3.3: where there are no numbers, the answers are in order.
                let next = session.view.total().saturating_sub(session.view.unknown());
                session.lost |= !session.view.place(next.saturating_add(1), uid);
            }
            (None, _) if fresh => return,
            _ => {}
        }
        if let Some(flags) = row.flags {
            let mod_seq = row.mod_seq;
            self.messages.insert(uid, Message { flags, mod_seq });
            session.missing.remove(uid);
        } else if let Some(message) = self.messages.get_mut(&uid) {
            message.mod_seq = row.mod_seq.or(message.mod_seq);
        } else if fresh {
            session.missing.insert(uid);
        }
    }

    pub(super) fn done(&mut self, tag: Tag, status: Completion, text: &StatusText<'_>) {
        if self.session.open || self.is_opening() {
            self.code(text);
        }
        let asked = self.session.asked.filter(|(asked, _)| *asked == tag).map(|(_, ask)| ask);
        if asked.is_some() {
            self.session.asked = None;
        }
        match (asked, status) {
            (Some(Ask::Select(way)), Completion::Ok) => return self.opened(way),
            (Some(ask), Completion::No | Completion::Bad) => self.session.refused(ask, status),
            (Some(Ask::Map), Completion::Ok) => self.mapped(),
            _ => {}
        }
        self.session.take_note();
        if self.session.open && asked.is_some() {
            self.session.count_tries();
        }
        if self.is_current() {
            self.settle();
        }
    }

    /// A mailbox is selected: how to find what has changed since.
    fn opened(&mut self, way: Way) {
        let session = &mut self.session;
        session.open = true;
        // RFC 7162 §6 d-1: UIDs of another validity are other messages.
        if session.validity.is_none() || session.validity != self.uid_validity {
            self.messages.clear();
            self.mod_seq = None;
            self.uid_validity = session.validity;
        }
        let asked_since = self.mod_seq.is_some();
        // Without mod-sequences, or with fewer than there were, none is of use.
        if session.highest.is_none() || session.highest < self.mod_seq {
            self.mod_seq = None;
        }
        session.candidate = session.highest;
        let (held, gone) = (core::mem::take(&mut session.held), core::mem::take(&mut session.gone));
        match (way, self.mod_seq) {
            (Way::QResync, Some(_)) if asked_since && !session.lost => {
                self.messages.extend(held);
                self.forget(&gone);
                if !self.is_complete() {
                    self.session.start_over();
                }
            }
            (Way::CondStore, Some(since)) => {
                let same = session.highest == Some(since);
                if !(same && self.is_complete()) {
                    (self.session.map_due, self.session.changes_due) = (true, Some(since));
                }
            }
            _ => session.start_over(),
        }
        self.session.lost = false;
    }

    /// Whether the list has as many messages as the mailbox: then it has the same.
    fn is_complete(&mut self) -> bool {
        let uids: UidSet = self.messages.keys().copied().collect();
        let view = &mut self.session.view;
        uids.len() == u64::from(view.total()) && view.learn(uids)
    }

    /// The UIDs are all there, unless a number has changed its meaning meanwhile: then they are asked for once more.
    fn mapped(&mut self) {
        let session = &mut self.session;
        if session.disturbed {
            return;
        }
        session.map_due = false;
        let have: UidSet = self.messages.keys().copied().collect();
        session.missing = without(&session.found, &have);
        session.lost |= !session.view.learn(core::mem::take(&mut session.found));
    }
}

impl Session {
    fn refused(&mut self, ask: Ask, status: Completion) {
        match ask {
            Ask::Offers | Ask::Enable => {}
            // NO is about the mailbox, BAD about the way to ask.
            Ask::Select(Way::QResync) if status == Completion::Bad => self.no_qresync = true,
            Ask::Select(Way::CondStore) if status == Completion::Bad => self.no_condstore = true,
            Ask::Select(_) | Ask::All => self.stuck = true,
            _ => self.lost = true,
        }
    }

    /// The mod-sequence that holds once the list is whole (RFC 7162 §6): HIGHESTMODSEQ where the server says it; else, once
    /// the list was whole, the greatest of what was told up to an answer.
    fn take_note(&mut self) {
        let (told, heard) = (self.told.take(), self.heard.take());
        if self.highest.is_none() {
            return;
        }
        match told {
            Some(told) => self.candidate = Some(told),
            None if self.settled => self.candidate = self.candidate.max(heard),
            None => {}
        }
    }

    fn count_tries(&mut self) {
        let gap = u64::from(self.view.unknown()).saturating_add(self.missing.len());
        if self.gap.is_none_or(|least| gap < least) {
            (self.gap, self.tries) = (Some(gap), 0);
        } else {
            self.tries = self.tries.saturating_add(1);
        }
    }
}
