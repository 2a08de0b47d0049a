//! The host's answers, FETCH and APPEND aside.

use alloc::{format, string::String, vec::Vec};
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
    types::{
        Code, CopyUid, Flag, Mailbox, Names, NonEmpty, StatusData, StatusItem, StatusText, Tag,
        UidSet,
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

    pub(super) fn answering(&mut self) -> Result<&mut Core, Misuse> {
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
