//! The host's answers, FETCH and APPEND aside.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::num::NonZeroU32;

use mailwire::Misuse;

use super::{
    Server,
    core::Core,
    event::{ListEntry, Resync, SelectData},
    updates::{fetch_head, push_flags},
    view::View,
    work::{Phase, Reply, Status, Work},
};
use crate::{
    command::QResync,
    print::{Utf8, string},
    response::{Response, Thread},
    types::{
        Code, CopyUid, Flag, Mailbox, Names, NonEmpty, PartialRange, SearchReturn, StatusData,
        StatusItem, StatusText, Tag, UidList, UidSet,
    },
};

const NOTHING_ASKED: Misuse = Misuse::new("nothing waits for an answer");

impl Server {
    /// Answers with OK and a text for people. What changed in the mailbox is told before it. It becomes NO, with the code
    /// EXPUNGEISSUED, where a FETCH or STORE names messages by number that are [gone](Self::expunged).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when nothing waits for an answer, or for another one: a claim needs a
    /// [`verdict`](Self::verdict), SELECT needs [`selected`](Self::selected), a literal its octets.
    pub fn ok(&mut self, text: &str) -> Result<(), Misuse> {
        self.ok_with(None, text)
    }

    /// As [`ok`](Self::ok), with a code.
    ///
    /// # Errors
    ///
    /// As [`ok`](Self::ok).
    pub fn ok_with(&mut self, code: Option<Code<'_>>, text: &str) -> Result<(), Misuse> {
        let core = self.answering()?;
        match &core.work {
            Work::Login { .. } | Work::Sasl(_) => {
                return Err(Misuse::new("a claim is answered by verdict"));
            }
            Work::Select { .. } => return Err(Misuse::new("SELECT is answered by selected")),
            Work::AppendOffer => return Err(Misuse::new("APPEND is answered by accept")),
            Work::Close => core.view = None,
            Work::Unauthenticate => {
                core.unauthenticated();
                let text =
                    format!("[CAPABILITY {}] {}", core.capabilities(), StatusText::new(None, text));
                core.tagged(Status::Ok, &text);
                return Ok(());
            }
            Work::Search { .. } => core.print_search(),
            Work::Sort { .. } => core.print_sort(),
            Work::Thread { .. } => core.print_threads(),
            Work::Fetch { .. } => core.close_row()?,
            Work::Metadata(_) if code.is_none() => {
                let code = core.print_metadata().unwrap_or_default();
                let text = format!("{code}{}", StatusText::new(None, text));
                core.complete(Status::Ok, &text);
                return Ok(());
            }
            _ => {}
        }
        // RFC 2180 §4.1.2 and §4.2.1, RFC 5530 §3: the client still counts them, and cannot be told yet that they are gone.
        let (status, code, text) = match core.lacks_messages() {
            true => (Status::No, code.or(Some(Code::ExpungeIssued)), "Some messages are gone"),
            false => (Status::Ok, code, text),
        };
        let text = format!("{}", StatusText::new(code, text));
        core.complete(status, &text);
        Ok(())
    }

    /// Answers with NO: it could not be done.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when nothing waits for an answer, or a FETCH literal lacks octets.
    pub fn no(&mut self, code: Option<Code<'_>>, text: &str) -> Result<(), Misuse> {
        let text = format!("{}", StatusText::new(code, text));
        let core = &mut self.core;
        let appending = matches!(core.phase, Phase::Append(_))
            || matches!((&core.phase, &core.work), (Phase::Answer, Work::AppendOffer));
        if appending {
            self.recv.consume(::core::mem::take(&mut self.core.lent));
            self.core.refuse_append(Reply { status: Status::No, text });
            return Ok(());
        }
        self.answering()?.fail(Status::No, &text)
    }

    /// Answers with BAD: it should not have been asked.
    ///
    /// # Errors
    ///
    /// As [`no`](Self::no).
    pub fn bad(&mut self, text: &str) -> Result<(), Misuse> {
        let text = format!("{}", StatusText::new(None, text));
        self.answering()?.fail(Status::Bad, &text)
    }

    fn answering(&mut self) -> Result<&mut Core, Misuse> {
        match self.core.phase {
            Phase::Answer => Ok(&mut self.core),
            _ => Err(NOTHING_ASKED),
        }
    }

    /// The mailbox of [`Event::Select`](super::Event::Select) is open.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no SELECT waits.
    pub fn selected(&mut self, data: SelectData) -> Result<(), Misuse> {
        let core = self.answering()?;
        let Work::Select { read_only, mailbox, known } = &core.work else {
            return Err(Misuse::new("selected answers Event::Select"));
        };
        let (mailbox, known) = (mailbox.clone(), known.clone());
        let name = if *read_only { "EXAMINE" } else { "SELECT" };
        let read_only = *read_only || data.read_only;
        // RFC 9051, appendix E: \Recent, RECENT and UNSEEN are gone.
        let rev2 = core.rev2;
        let recent = if rev2 { UidSet::new() } else { data.recent };
        let mut view = View::new(&data.uids, recent, read_only);
        view.named = Some((mailbox.clone(), data.uid_validity));
        let mut flags = String::from("\\Answered \\Flagged \\Deleted \\Seen \\Draft");
        for flag in data.keywords.iter().filter(|f| matches!(f, Flag::Keyword(_))) {
            flags.push_str(&format!(" {flag}"));
        }
        let any = if data.new_keywords { " \\*" } else { "" };
        let permanent = if read_only { String::new() } else { format!("{flags}{any}") };
        let mut out = format!(
            "* FLAGS ({flags})\r\n\
             * OK [PERMANENTFLAGS ({permanent})] Flags permitted\r\n\
             * {} EXISTS\r\n",
            view.count(),
        );
        if !rev2 {
            out.push_str(&format!("* {} RECENT\r\n", view.recent.len()));
        }
        if let Some(seq) =
            data.first_unseen.filter(|_| !rev2 && !core.uid_only).and_then(|uid| view.seq(uid))
        {
            out.push_str(&format!("* OK [UNSEEN {seq}] First unseen\r\n"));
        }
        out.push_str(&format!("* OK [UIDVALIDITY {}] UIDs valid\r\n", data.uid_validity));
        out.push_str(&format!("* OK [UIDNEXT {}] Predicted next UID\r\n", data.uid_next));
        if let Some(id) = data.mailbox_id.filter(|_| core.config.object_ids) {
            out.push_str(&format!("* OK [MAILBOXID ({id})] Its identifier\r\n"));
        }
        match data.highest_mod_seq {
            Some(mod_seq) => out.push_str(&format!("* OK [HIGHESTMODSEQ {mod_seq}] Highest\r\n")),
            // RFC 7162 §3.1.2.2
            None if core.config.mod_seqs => {
                out.push_str("* OK [NOMODSEQ] No mod-sequences here\r\n");
            }
            None => {}
        }
        // RFC 7162 §3.2.5: only if the client's UIDVALIDITY is still the mailbox's.
        if let (Some(known), Some(changes)) = (known, data.changes)
            && known.uid_validity.get() == data.uid_validity
        {
            push_changes(&mut out, &view, &known, changes, core.uid_only);
        }
        core.send.put(out.as_bytes());
        if rev2 {
            // RFC 9051 §6.3.2: the name as the server has it.
            core.send.put(format!("* LIST () \"{}\" ", core.config.delimiter).as_bytes());
            core.put_mailbox(&mailbox);
            core.send.put(b"\r\n");
        }
        core.view = Some(view);
        let code = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        core.tagged(Status::Ok, &format!("[{code}] {name} completed"));
        Ok(())
    }

    /// The command that waits is still being worked at: so many of so many are done, as far as that is known. To be said
    /// every ten seconds or so, so that the client does not give up (RFC 9585 §3). Nothing is said between the octets of a
    /// literal.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when nothing waits for an answer.
    pub fn progress(&mut self, done: Option<u32>, all: Option<u32>) -> Result<(), Misuse> {
        let core = self.answering()?;
        if !core.in_literal() {
            let tag = Tag::new(core.tag.as_str());
            let code = Code::InProgress(tag, done, all.and_then(NonZeroU32::new));
            let line = format!("* OK {}\r\n", StatusText::new(Some(code), "Still at it"));
            core.send.put(line.as_bytes());
        }
        Ok(())
    }

    /// A mailbox of the list that [`Event::List`](super::Event::List) or
    /// [`Event::Lsub`](super::Event::Lsub) asks for.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no list waits.
    pub fn list(&mut self, entry: &ListEntry<'_>) -> Result<(), Misuse> {
        let core = self.answering()?;
        let Work::List { lsub, subscribed, .. } = &core.work else {
            return Err(Misuse::new("list answers Event::List and Event::Lsub"));
        };
        let special_use = entry.special_use.as_ref().map(|one| format!("{one}"));
        let mut attributes: Vec<&str> = Vec::new();
        if !entry.exists {
            // RFC 5258 §3: \NonExistent implies \Noselect; LSUB does not know it.
            attributes.push(if *lsub { "\\Noselect" } else { "\\NonExistent" });
        } else if !entry.selectable {
            attributes.push("\\Noselect");
        }
        if entry.subscribed && *subscribed {
            attributes.push("\\Subscribed");
        }
        match entry.children {
            Some(true) => attributes.push("\\HasChildren"),
            Some(false) if entry.exists => attributes.push("\\HasNoChildren"),
            _ => {}
        }
        attributes.extend(special_use.as_deref());
        let word = if *lsub { "LSUB" } else { "LIST" };
        let delimiter = core.config.delimiter;
        let head = format!("* {word} ({}) \"{delimiter}\" ", attributes.join(" "));
        core.send.put(head.as_bytes());
        core.put_mailbox(&entry.mailbox);
        if entry.child_subscribed {
            core.send.put(b" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
        }
        core.send.put(b"\r\n");
        Ok(())
    }

    /// What is known of a mailbox: answers [`Event::Status`](super::Event::Status), and stands after
    /// a mailbox of [`Event::List`](super::Event::List) that asks for it. Items that were not asked
    /// for are left out.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no STATUS waits.
    pub fn status(&mut self, mailbox: &Mailbox<'_>, data: &StatusData) -> Result<(), Misuse> {
        let core = self.answering()?;
        let items = match &core.work {
            Work::Status(items) | Work::List { status: items, .. } => items,
            _ => return Err(Misuse::new("status answers Event::Status")),
        };
        let mut values = String::new();
        for item in items {
            let blank = if values.is_empty() { "" } else { " " };
            if let Some(value) = data.value(*item) {
                values.push_str(&format!("{blank}{} {value}", item.as_str()));
            } else if let (StatusItem::MailboxId, Some(id)) = (item, &data.mailbox_id) {
                values.push_str(&format!("{blank}MAILBOXID ({id})"));
            }
        }
        core.send.put(b"* STATUS ");
        core.put_mailbox(mailbox);
        core.send.put(format!(" ({values})\r\n").as_bytes());
        Ok(())
    }

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

    /// The UIDs that have no message any longer, for an [`Event::Fetch`](super::Event::Fetch) that asks for them: those
    /// expunged since its mod-sequence, or, where that is not known, all that have none. Of them the client hears of those
    /// it named (RFC 7162 §3.2.6).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no FETCH waits that asks for it, or a row is open.
    pub fn vanished(&mut self, uids: &UidSet) -> Result<(), Misuse> {
        let core = self.answering()?;
        let Work::Fetch { row: None, named: Some(named), .. } = &core.work else {
            return Err(Misuse::new("vanished answers an Event::Fetch that asks for it"));
        };
        let greatest = uids.last().unwrap_or(0).max(core.view.as_ref().map_or(0, View::last_uid));
        let gone = named.resolve(greatest).intersection(uids);
        if !gone.is_empty() {
            core.send.put(format!("* VANISHED (EARLIER) {gone}\r\n").as_bytes());
        }
        Ok(())
    }

    /// Whether the client has shown that it understands mod-sequences: FETCH responses that tell of changed flags hold them
    /// (RFC 7162 §3.1).
    pub fn wants_mod_seqs(&self) -> bool {
        self.core.condstore
    }

    /// A message that [`Event::Store`](super::Event::Store) names has these flags now. Not said to
    /// the client if it asked for silence.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no STORE waits.
    pub fn stored<'f>(
        &mut self,
        uid: u32,
        flags: impl IntoIterator<Item = &'f str>,
        mod_seq: Option<u64>,
    ) -> Result<(), Misuse> {
        let core = self.answering()?;
        let (Work::Store { uid: with_uid, silent, .. }, Some(view)) = (&core.work, &mut core.view)
        else {
            return Err(Misuse::new("stored answers Event::Store"));
        };
        view.forget_flags(uid);
        let mod_seq = mod_seq.filter(|_| core.condstore);
        // RFC 7162 §3.1.3: even where the client asked for silence it needs to know the mod-sequence.
        let told = !silent || mod_seq.is_some();
        let Some(seq) = view.seq(uid).filter(|_| told) else { return Ok(()) };
        let mut line = fetch_head(core.uid_only, seq, uid, *with_uid);
        if !silent {
            line.push_str("FLAGS (");
            push_flags(&mut line, flags, view.recent.contains(uid));
            line.push_str(if mod_seq.is_some() { ") " } else { ")" });
        }
        if let Some(mod_seq) = mod_seq {
            line.push_str(&format!("MODSEQ ({mod_seq})"));
        }
        line.push_str(")\r\n");
        core.send.put(line.as_bytes());
        Ok(())
    }

    /// The messages of [`Event::Copy`](super::Event::Copy) are copied (RFC 4315 §3, COPYUID). Both
    /// sets have the same number of members; the first of one is the first of the other.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no COPY waits, or the sets differ in number.
    pub fn copied(&mut self, uid_validity: u32, from: &UidSet, to: &UidSet) -> Result<(), Misuse> {
        let core = self.answering()?;
        let Work::Copy = core.work else { return Err(Misuse::new("copied answers Event::Copy")) };
        let code = copy_uid(uid_validity, from, to)?;
        core.complete(Status::Ok, &format!("{code}COPY completed"));
        Ok(())
    }

    /// The messages of [`Event::Move`](super::Event::Move) are moved (RFC 6851). They are gone from
    /// the selected mailbox; no [`expunged`](Self::expunged) is needed for them.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no MOVE waits, or the sets differ in number.
    pub fn moved(&mut self, uid_validity: u32, from: &UidSet, to: &UidSet) -> Result<(), Misuse> {
        let core = self.answering()?;
        let Work::Move = core.work else { return Err(Misuse::new("moved answers Event::Move")) };
        let code = copy_uid(uid_validity, from, to)?;
        if !from.is_empty() {
            // RFC 6851 §4.3: COPYUID comes before the EXPUNGEs, untagged.
            core.send.put(format!("* OK {code}Moved\r\n").as_bytes());
        }
        if let Some(view) = &mut core.view {
            view.expunge(from.iter());
        }
        core.complete(Status::Ok, "MOVE completed");
        Ok(())
    }
}

fn copy_uid(uid_validity: u32, from: &UidSet, to: &UidSet) -> Result<String, Misuse> {
    if from.len() != to.len() {
        return Err(Misuse::new("as many copies as originals"));
    }
    match (NonEmpty::new(from.clone()), NonEmpty::new(to.clone())) {
        (Some(from), Some(to)) => {
            let validity = NonZeroU32::new(uid_validity);
            let copies = validity.and_then(|n| CopyUid::new(n, from.into(), to.into()));
            let copies = copies.ok_or_else(|| Misuse::new("UIDVALIDITY is never zero"))?;
            Ok(format!("[{}] ", Code::CopyUid(copies)))
        }
        _ => Ok(String::new()),
    }
}

impl Core {
    /// Whether messages that the command names by number are gone, and were not shown before that.
    fn lacks_messages(&self) -> bool {
        let numbered = match &self.work {
            Work::Fetch { numbered, rows, .. } if *rows < numbered.len() => numbered,
            Work::Store { numbered, .. } => numbered,
            _ => return false,
        };
        self.view.as_ref().is_some_and(|view| view.has_gone(numbered))
    }

    fn fail(&mut self, status: Status, text: &str) -> Result<(), Misuse> {
        match self.work {
            Work::Login { .. } | Work::Sasl(_) => {
                return Err(Misuse::new("a claim is answered by verdict"));
            }
            Work::Fetch { .. } => self.close_row()?,
            _ => {}
        }
        // RFC 5182 §2.1: a search that fails leaves `$` empty.
        if let (Work::Search { returns: Some(returns), .. }, Some(view)) =
            (&self.work, &mut self.view)
            && returns.save
        {
            view.saved = UidSet::new();
        }
        match status {
            Status::Bad => self.bad_command(text),
            status => self.complete(status, text),
        }
        Ok(())
    }

    pub(super) fn put_mailbox(&mut self, mailbox: &Mailbox<'_>) {
        match self.names() {
            Names::Utf8 => string(&mut Utf8(&mut self.send), mailbox.as_str().as_bytes()),
            _ => string(&mut self.send, mailbox.to_wire().as_bytes()),
        }
    }

    /// Another user may log in: all that was said of this one is forgotten (RFC 8437 §3).
    fn unauthenticated(&mut self) {
        (self.user, self.view) = (None, None);
        (self.condstore, self.qresync, self.rev2, self.utf8) = (false, false, false, false);
        self.uid_only = false;
    }

    /// SEARCH or ESEARCH, in numbers or UIDs.
    fn print_search(&mut self) {
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
}

impl Core {
    /// SORT, or ESEARCH in the order of the result (RFC 5267 §3).
    fn print_sort(&mut self) {
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

    fn print_threads(&mut self) {
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

/// `VANISHED (EARLIER)` and a FETCH for each message that is new or changed (RFC 7162 §3.2.5.1).
fn push_changes(out: &mut String, view: &View, known: &QResync, changes: Resync, uid_only: bool) {
    let gone = match &known.known_uids {
        Some(uids) => changes.vanished.intersection(uids),
        None => changes.vanished,
    };
    if !gone.is_empty() {
        out.push_str(&format!("* VANISHED (EARLIER) {gone}\r\n"));
    }
    for (uid, flags, mod_seq) in changes.changed {
        let Some(seq) = view.seq(uid) else { continue };
        out.push_str(&fetch_head(uid_only, seq, uid, true));
        out.push_str("FLAGS (");
        push_flags(out, flags.iter().map(String::as_str), view.recent.contains(uid));
        out.push_str(&format!(") MODSEQ ({mod_seq}))\r\n"));
    }
}
