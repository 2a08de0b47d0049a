//! What was found: SEARCH, ESEARCH, SORT and THREAD are answered.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use mailwire::Misuse;

use super::{Server, core::Core, work::Work};
use crate::{
    response::{Response, Thread},
    types::{Mailbox, PartialRange, SearchReturn, UidList, UidSet},
};

impl Server {
    /// What [`Event::MultiSearch`](super::Event::MultiSearch) has found in a mailbox: UIDs and their mod-sequences, all of
    /// them at once. A mailbox without any is not told (RFC 7377 §2.1).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no ESEARCH waits.
    pub fn found_in(
        &mut self,
        mailbox: &Mailbox<'_>,
        uid_validity: u32,
        all: impl IntoIterator<Item = (u32, u64)>,
    ) -> Result<(), Misuse> {
        let core = self.answering()?;
        let Work::MultiSearch(returns, by_mod_seq) = &core.work else {
            return Err(Misuse::new("found_in answers Event::MultiSearch"));
        };
        let all: BTreeMap<u32, u64> = all.into_iter().collect();
        let uids: UidSet = all.keys().copied().collect();
        if uids.is_empty() {
            return Ok(());
        }
        let mut line = e_search_data(true, returns, &uids);
        let told = saved(returns, &uids);
        let greatest = told.iter().filter_map(|uid| all.get(&uid)).max();
        if let Some(mod_seq) = greatest.filter(|_| *by_mod_seq) {
            line.push_str(&format!(" MODSEQ {mod_seq}"));
        }
        core.put_correlator(Some((mailbox, uid_validity)));
        core.send.put(line.as_bytes());
        core.send.put(b"\r\n");
        Ok(())
    }

    /// Messages that [`Event::Search`](super::Event::Search) asks for, in any order, in one call or
    /// many.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no SEARCH waits.
    pub fn found(&mut self, uids: impl IntoIterator<Item = u32>) -> Result<(), Misuse> {
        match &mut self.answering()?.work {
            Work::Search { found, .. } => {
                found.extend(uids);
                Ok(())
            }
            _ => Err(Misuse::new("found answers Event::Search")),
        }
    }

    /// As [`found`](Self::found), each with its mod-sequence: where the client searches by MODSEQ it is told the greatest
    /// (RFC 7162 §3.1.5).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no SEARCH waits.
    pub fn found_with(&mut self, all: impl IntoIterator<Item = (u32, u64)>) -> Result<(), Misuse> {
        let Work::Search { found, mod_seqs, .. } = &mut self.answering()?.work else {
            return Err(Misuse::new("found_with answers Event::Search"));
        };
        for (uid, mod_seq) in all {
            found.insert(uid);
            if let Some(mod_seqs) = mod_seqs {
                mod_seqs.insert(uid, mod_seq);
            }
        }
        Ok(())
    }

    /// Messages that [`Event::Sort`](super::Event::Sort) asks for, in order, in one call or many.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no SORT waits.
    pub fn sorted(&mut self, uids: impl IntoIterator<Item = u32>) -> Result<(), Misuse> {
        match &mut self.answering()?.work {
            Work::Sort { found, .. } => {
                found.extend(uids);
                Ok(())
            }
            _ => Err(Misuse::new("sorted answers Event::Sort")),
        }
    }

    /// Threads that [`Event::Thread`](super::Event::Thread) asks for, in order; their numbers are UIDs.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no THREAD waits.
    pub fn threads(&mut self, all: Vec<Thread>) -> Result<(), Misuse> {
        match &mut self.answering()?.work {
            Work::Thread { threads, .. } => {
                threads.extend(all);
                Ok(())
            }
            _ => Err(Misuse::new("threads answers Event::Thread")),
        }
    }
}

impl Core {
    /// SEARCH or ESEARCH, in numbers or UIDs.
    pub(super) fn print_search(&mut self) {
        let (Work::Search { uid, returns, found, mod_seqs, named }, Some(view)) =
            (&self.work, &mut self.view)
        else {
            return;
        };
        let known = found.intersection(&view.all());
        if let Some(returns) = returns
            && returns.save
        {
            view.saved = saved(returns, &known);
            // RFC 5182 §2.1: with SAVE alone nothing is said.
            if returns.is_silent() {
                return;
            }
        }
        if *named && known.is_empty() {
            return;
        }
        let named = view.named.clone().filter(|_| *named);
        let greatest = |uids: &UidSet| -> Option<u64> {
            let mod_seqs = mod_seqs.as_ref()?;
            uids.iter().filter_map(|uid| mod_seqs.get(&uid)).max().copied()
        };
        let numbers: UidSet = if *uid {
            known.clone()
        } else {
            known.iter().filter_map(|uid| view.seq(uid)).collect()
        };
        // RFC 9051 §6.4.4: SEARCH is answered by ESEARCH.
        let all = SearchReturn::default();
        let returns = returns.as_ref().or(self.rev2.then_some(&all));
        let extended = returns.is_some();
        let line = match returns {
            None => {
                let mut line = String::from("* SEARCH");
                for number in numbers.iter() {
                    line.push_str(&format!(" {number}"));
                }
                if let Some(mod_seq) = greatest(&known) {
                    line.push_str(&format!(" (MODSEQ {mod_seq})"));
                }
                line
            }
            Some(returns) => {
                let mut line = e_search_data(*uid, returns, &numbers);
                // RFC 4731 §3.2: that of the messages told, or of all.
                if let Some(mod_seq) = greatest(&saved(returns, &known)) {
                    line.push_str(&format!(" MODSEQ {mod_seq}"));
                }
                line
            }
        };
        if extended {
            self.put_correlator(named.as_ref().map(|(mailbox, validity)| (mailbox, *validity)));
        }
        self.send.put(line.as_bytes());
        self.send.put(b"\r\n");
    }

    /// `"ESEARCH" search-correlator` (RFC 4466 §2.6.2, RFC 7377 §4)
    fn put_correlator(&mut self, mailbox: Option<(&Mailbox<'_>, u32)>) {
        self.send.put(format!("* ESEARCH (TAG \"{}\"", self.tag).as_bytes());
        if let Some((name, validity)) = mailbox {
            self.send.put(b" MAILBOX ");
            self.put_mailbox(name);
            self.send.put(format!(" UIDVALIDITY {validity}").as_bytes());
        }
        self.send.put(b")");
    }

    /// SORT, or ESEARCH in the order of the result (RFC 5267 §3).
    pub(super) fn print_sort(&mut self) {
        let (Work::Sort { uid, returns, found }, Some(view)) = (&self.work, &mut self.view) else {
            return;
        };
        let known: Vec<(u32, u32)> =
            found.iter().filter_map(|uid| Some((*uid, view.seq(*uid)?))).collect();
        if let Some(returns) = returns
            && returns.save
        {
            view.saved = known.iter().map(|(uid, _)| *uid).collect();
            if returns.is_silent() {
                return;
            }
        }
        let number = |(by_uid, seq): &(u32, u32)| if *uid { *by_uid } else { *seq };
        let mut line = match returns {
            None => String::from("* SORT"),
            Some(_) => {
                format!("* ESEARCH (TAG \"{}\"){}", self.tag, if *uid { " UID" } else { "" })
            }
        };
        match returns {
            None => known.iter().for_each(|one| line.push_str(&format!(" {}", number(one)))),
            Some(returns) => {
                sorted_data(&mut line, returns, &known.iter().map(number).collect::<Vec<_>>())
            }
        }
        self.send.put(line.as_bytes());
        self.send.put(b"\r\n");
    }

    pub(super) fn print_threads(&mut self) {
        let (Work::Thread { uid, threads }, Some(view)) = (&mut self.work, &self.view) else {
            return;
        };
        let mut threads = core::mem::take(threads);
        if !*uid {
            let number = |uid| view.seq(uid);
            threads = threads.into_iter().filter_map(|one| one.renumbered(&number)).collect();
        }
        self.send.put(&Response::Thread(threads).print());
    }
}

/// What RETURN asks for, of a result in order (RFC 5267 §3.1): least and greatest are its first and last.
fn sorted_data(line: &mut String, returns: &SearchReturn<'_>, numbers: &[u32]) {
    if let (true, Some(first)) = (returns.min, numbers.first()) {
        line.push_str(&format!(" MIN {first}"));
    }
    if let (true, Some(last)) = (returns.max, numbers.last()) {
        line.push_str(&format!(" MAX {last}"));
    }
    if returns.wants_all() && !numbers.is_empty() {
        line.push_str(&format!(" ALL {}", numbers.iter().copied().collect::<UidList>()));
    }
    if returns.count {
        line.push_str(&format!(" COUNT {}", numbers.len()));
    }
    if let Some(range) = returns.partial {
        let places = UidSet::range(1, u32::try_from(numbers.len()).unwrap_or(u32::MAX));
        let places = if numbers.is_empty() { UidSet::new() } else { part(&places, range) };
        let at = |place: u32| numbers.get(usize::try_from(place).ok()?.checked_sub(1)?).copied();
        let part: UidList = places.iter().filter_map(at).collect();
        match part.is_empty() {
            true => line.push_str(&format!(" PARTIAL ({range} NIL)")),
            false => line.push_str(&format!(" PARTIAL ({range} {part})")),
        }
    }
}

/// `[SP "UID"] *(SP search-return-data)` (RFC 4731 §3.1)
fn e_search_data(uid: bool, returns: &SearchReturn<'_>, numbers: &UidSet) -> String {
    let mut line = String::from(if uid { " UID" } else { "" });
    if let (true, Some(first)) = (returns.min, numbers.first()) {
        line.push_str(&format!(" MIN {first}"));
    }
    if let (true, Some(last)) = (returns.max, numbers.last()) {
        line.push_str(&format!(" MAX {last}"));
    }
    if returns.wants_all() && !numbers.is_empty() {
        line.push_str(&format!(" ALL {numbers}"));
    }
    if returns.count {
        line.push_str(&format!(" COUNT {}", numbers.len()));
    }
    if let Some(range) = returns.partial {
        // RFC 9394 §3.1
        let part = part(numbers, range);
        match part.is_empty() {
            true => line.push_str(&format!(" PARTIAL ({range} NIL)")),
            false => line.push_str(&format!(" PARTIAL ({range} {part})")),
        }
    }
    line
}

/// What SAVE keeps: the least and the greatest where these alone are asked for, otherwise all (RFC 5182 §2.4).
fn saved(returns: &SearchReturn<'_>, found: &UidSet) -> UidSet {
    let ends = (returns.min || returns.max) && !returns.all && !returns.count;
    if !ends || returns.partial.is_some() {
        return found.clone();
    }
    let least = found.first().filter(|_| returns.min);
    let greatest = found.last().filter(|_| returns.max);
    least.into_iter().chain(greatest).collect()
}

/// The members at these places, from the first on or from the last back (RFC 9394 §3.1).
pub(super) fn part(set: &UidSet, range: PartialRange) -> UidSet {
    let (a, b) = range.ends();
    let (first, last) =
        (a.unsigned_abs().min(b.unsigned_abs()), a.unsigned_abs().max(b.unsigned_abs()));
    let len = set.len();
    // As places from the first on, both ends included, from 1.
    let (from, to) = if a > 0 {
        (first, last.min(len))
    } else {
        (
            len.saturating_add(1).saturating_sub(last.min(len)),
            len.saturating_add(1).saturating_sub(first),
        )
    };
    let mut out = UidSet::new();
    let mut before = 0u64;
    for (low, high) in set.ranges() {
        let here = u64::from(high) - u64::from(low) + 1;
        let (start, end) =
            (from.max(before.saturating_add(1)), to.min(before.saturating_add(here)));
        if start <= end {
            let at =
                |place: u64| u32::try_from(u64::from(low) + place - before - 1).unwrap_or(high);
            out.insert_range(at(start), at(end));
        }
        before = before.saturating_add(here);
    }
    out
}
