//! From a command to its answer, or to the event that asks the host.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use mailwire::Close;

use super::{
    core::Core,
    event::Event,
    found::part,
    notes,
    resolve::{
        asks_mod_seq, is_known_charset, names_numbers, needs_a_view, resolve, resolve_query,
    },
    served::is_served,
    work::{Begin, Phase, Status, Work},
};
use crate::{
    command::{Command, FetchModifiers, MailboxFilter, QResync},
    print::{nstring, string},
    types::{
        Atom, FetchItem, Flag, ListQuery, SearchQuery, SearchReturn, SortKey, SpecialUse,
        StatusItem, ThreadAlgorithm, UidSet,
    },
};

const SELECT_FIRST: &str = "Select a mailbox first";
const READ_ONLY: &str = "Mailbox is read-only";
pub(super) const UIDS_ONLY: &str = "[UIDREQUIRED] No message numbers once UIDONLY is enabled";
const NO_SUCH_MESSAGE: &str = "No such message number";

impl Core {
    pub(super) fn dispatch(&mut self, command: Command<'_>) {
        match command {
            Command::Capability => {
                let line = format!("* CAPABILITY {}\r\n", self.capabilities());
                self.send.put(line.as_bytes());
                self.complete(Status::Ok, "CAPABILITY completed");
            }
            Command::Logout => {
                self.send.put(b"* BYE Logging out\r\n");
                self.tagged(Status::Ok, "LOGOUT completed");
                self.close(Close::Done);
            }
            Command::Id(_) => {
                self.id();
                self.complete(Status::Ok, "ID completed");
            }
            Command::Language(ranges) => self.language(&ranges),
            Command::Noop if self.view.is_none() => self.tagged(Status::Ok, "NOOP completed"),
            command if self.user.is_none() => self.before_login(command),
            command => self.after_login(command),
        }
    }

    fn before_login(&mut self, command: Command<'_>) {
        match command {
            Command::StartTls if self.tls => self.bad_command("TLS is on already"),
            Command::StartTls if !self.config.starttls => self.bad_command("TLS is not offered"),
            Command::StartTls => {
                self.tagged(Status::Ok, "Begin TLS negotiation now");
                self.upgrading = true;
            }
            Command::Login { user, password } => self.login(&user, &password),
            Command::Authenticate { mechanism, initial } => self.authenticate(&mechanism, initial),
            _ => self.bad_command("Log in first"),
        }
    }

    /// Begins the work that the host has to answer.
    pub(super) fn begin(&mut self, begin: Begin) {
        self.event = begin.event;
        self.work = begin.work;
        self.expunging = begin.expunging;
        self.phase = Phase::Announce;
    }

    fn after_login(&mut self, command: Command<'_>) {
        let begin = match command {
            Command::StartTls | Command::Login { .. } | Command::Authenticate { .. } => {
                return self.bad_command("Logged in already");
            }
            command if !is_served(&command) || !self.is_configured(&command) => {
                return self.bad_command("Not offered");
            }
            Command::Enable(names) => return self.enable(&names),
            Command::Compress(_) if self.compressed => {
                // RFC 4978 §3
                return self.complete(Status::No, "[COMPRESSIONACTIVE] DEFLATE is active already");
            }
            Command::Compress(algorithm) if !algorithm.eq_ignore_ascii_case("DEFLATE") => {
                return self.bad_command("Only DEFLATE is offered");
            }
            Command::Compress(_) => {
                self.complete(Status::Ok, "DEFLATE active");
                self.compressing = true;
                return;
            }
            Command::Unauthenticate => Begin::new(Event::Unauthenticate, Work::Unauthenticate),
            Command::Namespace => {
                let delimiter = self.config.delimiter;
                let line = format!("* NAMESPACE ((\"\" \"{delimiter}\")) NIL NIL\r\n");
                self.send.put(line.as_bytes());
                return self.complete(Status::Ok, "NAMESPACE completed");
            }
            Command::Idle => {
                self.send.put(b"+ idling\r\n");
                self.framer.set_text(true);
                self.restart_clock();
                self.said = None;
                Begin::plain(Event::Idle)
            }
            Command::Select { qresync: Some(_), .. } if !self.qresync => {
                // RFC 7162 §3.2.5
                return self.bad_command("Enable QRESYNC first");
            }
            Command::Select { qresync: Some(QResync { matches: Some(_), .. }), .. }
                if self.uid_only =>
            {
                return self.bad_command(UIDS_ONLY);
            }
            Command::Select { mailbox, read_only, condstore, qresync: known } => {
                // Clients ask for it though it is not offered.
                self.condstore |= condstore && self.config.mod_seqs;
                // RFC 3501 §6.3.1: even if it fails, what was selected is not any longer.
                if self.view.take().is_some() {
                    self.send.put(b"* OK [CLOSED] Previous mailbox closed\r\n");
                }
                let mailbox = mailbox.into_owned();
                let work =
                    Work::Select { read_only, mailbox: mailbox.clone(), known: known.clone() };
                Begin::new(Event::Select { mailbox, read_only, known }, work)
            }
            Command::Create { mailbox, uses } => match self.new_name(mailbox) {
                Some(mailbox) => {
                    let uses = uses.into_iter().map(SpecialUse::into_owned).collect();
                    Begin::plain(Event::Create { mailbox, uses })
                }
                None => return self.no_inbox("[ALREADYEXISTS] INBOX is always there"),
            },
            Command::Delete(mailbox) if mailbox.is_inbox() => {
                return self.no_inbox("[CANNOT] INBOX cannot be deleted");
            }
            Command::Delete(mailbox) => Begin::plain(Event::Delete(mailbox.into_owned())),
            Command::Rename(from, to) => match self.new_name(to) {
                Some(to) => Begin::plain(Event::Rename { from: from.into_owned(), to }),
                None => return self.no_inbox("[ALREADYEXISTS] INBOX is always there"),
            },
            Command::Subscribe(mailbox) => Begin::plain(Event::Subscribe(mailbox.into_owned())),
            Command::Unsubscribe(mailbox) => Begin::plain(Event::Unsubscribe(mailbox.into_owned())),
            Command::List(query) if query.asks_for_delimiter() => {
                // RFC 3501 §6.3.8: the delimiter and the root.
                let line = format!("* LIST (\\Noselect) \"{}\" \"\"\r\n", self.config.delimiter);
                self.send.put(line.as_bytes());
                return self.complete(Status::Ok, "LIST completed");
            }
            Command::List(query) => {
                let query = query.into_owned();
                let work = Work::List {
                    lsub: false,
                    subscribed: query.returns.subscribed || query.select.subscribed,
                    status: query.returns.status.clone(),
                };
                Begin::new(Event::List(query), work)
            }
            Command::Lsub { reference, pattern } => {
                let work = Work::List { lsub: true, subscribed: false, status: Vec::new() };
                let mut query = ListQuery::basic(reference, pattern).into_owned();
                query.select.subscribed = true;
                Begin::new(Event::Lsub(query), work)
            }
            Command::Status(mailbox, items) => {
                let mailbox = mailbox.into_owned();
                let items = items.into_vec();
                // RFC 7162 §3.1
                self.condstore |=
                    self.config.mod_seqs && items.contains(&StatusItem::HighestModSeq);
                let work = Work::Status(items.clone());
                Begin::new(Event::Status { mailbox, items }, work)
            }
            Command::SetQuota { .. } => {
                // RFC 9208 §4.1.3: QUOTASET is not offered.
                return self.complete(Status::No, "[NOPERM] Quotas are set by the operator");
            }
            Command::GetQuota(root) => Begin::new(Event::GetQuota(root.into_owned()), Work::Quota),
            Command::GetQuotaRoot(mailbox) => {
                Begin::new(Event::GetQuotaRoot(mailbox.into_owned()), Work::Quota)
            }
            Command::GetMetadata { mailbox, options, entries } => {
                notes::get_metadata(mailbox, options, entries)
            }
            Command::SetMetadata { mailbox, entries } => notes::set_metadata(mailbox, entries),
            Command::ESearch { sources, query, .. }
                if sources.iter().any(|source| *source != MailboxFilter::Selected) =>
            {
                return self.multi_search(sources, query);
            }
            command => return self.in_mailbox(command),
        };
        self.begin(begin);
    }

    /// A name to be made: without the delimiter at its end that says that mailboxes will come below
    /// it (RFC 3501 §6.3.3). `None` for INBOX.
    fn new_name(&self, name: crate::types::Mailbox<'_>) -> Option<crate::types::Mailbox<'static>> {
        let trimmed = name.as_str().trim_end_matches(self.config.delimiter);
        let trimmed = String::from(trimmed);
        crate::types::Mailbox::new(trimmed).ok().filter(|name| !name.is_inbox())
    }

    fn no_inbox(&mut self, text: &str) {
        self.complete(Status::No, text);
    }

    /// ESEARCH in other mailboxes than the selected one alone (RFC 7377).
    fn multi_search(&mut self, sources: Vec<MailboxFilter<'_>>, query: SearchQuery<'_>) {
        let charset = query.charset.as_deref();
        let returns = query.returns.clone().unwrap_or_default().into_owned();
        if self.view.is_none() && sources.contains(&MailboxFilter::Selected) {
            return self.bad_command(SELECT_FIRST);
        }
        if !self.is_served_search(&query) || (self.utf8 && charset.is_some()) {
            return self.bad_command("Not offered");
        }
        if charset.is_some_and(|charset| !is_known_charset(charset)) {
            let text = "[BADCHARSET (US-ASCII UTF-8)] Charset not supported";
            return self.complete(Status::No, text);
        }
        // RFC 7377 §2.2: what is kept are messages of the selected mailbox.
        if returns.save {
            return self.bad_command("SAVE is for the selected mailbox alone");
        }
        if needs_a_view(&query.key) {
            return self.bad_command("Numbers and $ are those of the selected mailbox alone");
        }
        let by_mod_seq = asks_mod_seq(&query.key);
        self.condstore |= by_mod_seq;
        let sources = sources.into_iter().map(MailboxFilter::into_owned).collect();
        let event = Event::MultiSearch { sources, query: query.into_owned() };
        self.begin(Begin::new(event, Work::MultiSearch(returns, by_mod_seq)));
    }

    /// Commands of the selected state.
    fn in_mailbox(&mut self, command: Command<'_>) {
        // RFC 7377 §2.2: without a source it is the selected mailbox; the answer is ESEARCH, in UIDs.
        let (command, named) = match command {
            Command::ESearch { mut query, .. } => {
                query.returns.get_or_insert_default();
                (Command::Search { uid: true, query }, true)
            }
            other => (other, false),
        };
        let Some(view) = &self.view else { return self.bad_command(SELECT_FIRST) };
        if self.uid_only && names_numbers(&command) {
            return self.bad_command(UIDS_ONLY);
        }
        let read_only = view.read_only;
        let begin = match command {
            Command::Noop | Command::Check => Begin::plain(Event::Noop),
            Command::Close => Begin::new(Event::Close { expunge: !read_only }, Work::Close),
            Command::Unselect => Begin::new(Event::Close { expunge: false }, Work::Close),
            Command::Expunge(_) | Command::Store { .. } | Command::Move { .. } if read_only => {
                return self.complete(Status::No, READ_ONLY);
            }
            Command::Expunge(set) => {
                let uids = set.map(|set| view.known_uids(&set));
                Begin::new(Event::Expunge { uids }, Work::Expunge)
            }
            Command::Search { query, .. } if !self.is_served_search(&query) => {
                return self.bad_command("Not offered");
            }
            // RFC 6855 §3
            Command::Search { query: SearchQuery { charset: Some(_), .. }, .. } if self.utf8 => {
                return self.bad_command("All is UTF-8 after ENABLE UTF8=ACCEPT: no CHARSET");
            }
            Command::Search { query: SearchQuery { charset: Some(charset), .. }, .. }
            | Command::Sort { charset, .. }
            | Command::Thread { charset, .. }
                if !is_known_charset(&charset) =>
            {
                let text = "[BADCHARSET (US-ASCII UTF-8)] Charset not supported";
                return self.complete(Status::No, text);
            }
            Command::Sort { uid, returns, criteria, key, .. } => {
                let returns = returns.map(SearchReturn::into_owned);
                let mut query = SearchQuery::new(key.into_owned());
                query.returns = returns.clone();
                let relevancy = criteria.iter().any(|one| one.key == SortKey::Relevancy);
                if relevancy || !self.is_served_search(&query) {
                    return self.bad_command("Not offered");
                }
                let query = resolve_query(view, query);
                let work = Work::Sort { uid, returns, found: Vec::new() };
                Begin::new(Event::Sort { criteria, query }, work).by_number(!uid)
            }
            Command::Thread { uid, algorithm, key, .. } => {
                let query = SearchQuery::new(key.into_owned());
                let Some(algorithm) =
                    ThreadAlgorithm::new(&algorithm).filter(|_| self.is_served_search(&query))
                else {
                    return self.bad_command("Not offered");
                };
                let query = resolve_query(view, query);
                let work = Work::Thread { uid, threads: Vec::new() };
                Begin::new(Event::Thread { algorithm, query }, work).by_number(!uid)
            }
            Command::Search { uid, query } => {
                let query = resolve_query(view, query.into_owned());
                let by_mod_seq = asks_mod_seq(&query.key);
                let work = Work::Search {
                    uid,
                    returns: query.returns.clone(),
                    found: UidSet::new(),
                    mod_seqs: by_mod_seq.then(Default::default),
                    named,
                };
                self.condstore |= by_mod_seq;
                Begin::new(Event::Search(query), work).by_number(!uid)
            }
            Command::Fetch { items, .. } if !items.iter().all(|item| self.is_served_item(item)) => {
                return self.bad_command("Not offered");
            }
            // RFC 7162 §3.2.6: VANISHED goes with UID FETCH and CHANGEDSINCE, once QRESYNC is enabled.
            Command::Fetch { uid, modifiers, .. }
                if modifiers.vanished
                    && !(uid && modifiers.changed_since.is_some() && self.qresync) =>
            {
                return self.bad_command("VANISHED needs QRESYNC, UID FETCH and CHANGEDSINCE");
            }
            // RFC 9394 §3.3
            Command::Fetch { uid: false, modifiers, .. } if modifiers.partial.is_some() => {
                return self.bad_command("PARTIAL needs UID FETCH");
            }
            Command::Fetch { modifiers, .. }
                if modifiers.changed_since.is_some() && !self.config.mod_seqs =>
            {
                return self.bad_command("CONDSTORE is not offered");
            }
            Command::Fetch { uid, set, items, modifiers } => {
                let Some(mut uids) = resolve(view, &set, uid) else {
                    return self.bad_command(NO_SUCH_MESSAGE);
                };
                if let Some(range) = modifiers.partial {
                    uids = part(&uids, range);
                }
                self.condstore |=
                    modifiers.changed_since.is_some() || items.contains(&FetchItem::ModSeq);
                let items = items.into_owned();
                let set_seen = !read_only && items.sets_seen();
                let with_uid = uid || items.contains(&FetchItem::Uid);
                let FetchModifiers { changed_since, vanished, .. } = modifiers;
                let numbered =
                    if uid || changed_since.is_some() { UidSet::new() } else { uids.clone() };
                let named = vanished.then_some(set);
                let work = Work::Fetch { uid: with_uid, row: None, named, numbered, rows: 0 };
                let event = Event::Fetch { uids, items, changed_since, vanished, set_seen };
                Begin::new(event, work).by_number(!uid)
            }
            Command::Store { unchanged_since: Some(_), .. } if !self.config.mod_seqs => {
                return self.bad_command("CONDSTORE is not offered");
            }
            Command::Store { uid, set, action, silent, flags, unchanged_since } => {
                self.condstore |= unchanged_since.is_some();
                let Some(uids) = resolve(view, &set, uid) else {
                    return self.bad_command(NO_SUCH_MESSAGE);
                };
                let flags = flags.into_iter().map(Flag::into_owned).collect();
                let numbered = if uid { UidSet::new() } else { uids.clone() };
                let event = Event::Store { uids, action, flags, unchanged_since };
                Begin::new(event, Work::Store { uid, silent, numbered }).by_number(!uid)
            }
            Command::Copy { uid, set, mailbox } => {
                let Some(uids) = resolve(view, &set, uid) else {
                    return self.bad_command(NO_SUCH_MESSAGE);
                };
                let mailbox = mailbox.into_owned();
                Begin::new(Event::Copy { uids, mailbox }, Work::Copy)
            }
            Command::Move { uid, set, mailbox } => {
                let Some(uids) = resolve(view, &set, uid) else {
                    return self.bad_command(NO_SUCH_MESSAGE);
                };
                let mailbox = mailbox.into_owned();
                Begin::new(Event::Move { uids, mailbox }, Work::Move)
            }
            _ => return self.bad_command("Not now"),
        };
        self.begin(begin);
    }

    /// ENABLE: what is enabled now of what was asked for (RFC 5161 §3.1, RFC 7162 §3.2.3). That a mailbox is selected, where
    /// the client must not ask, needs no check.
    fn enable(&mut self, names: &[Atom<'_>]) {
        let asked = |name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
        let mut line = String::from("* ENABLED");
        if self.config.mod_seqs {
            let (condstore, qresync) = (asked("CONDSTORE"), asked("QRESYNC"));
            self.condstore |= condstore || qresync;
            self.qresync |= qresync;
            line.push_str(if condstore { " CONDSTORE" } else { "" });
            line.push_str(if qresync { " QRESYNC" } else { "" });
        }
        if self.config.binary && asked("IMAP4rev2") {
            self.rev2 = true;
            line.push_str(" IMAP4rev2");
        }
        if self.config.utf8 && asked("UTF8=ACCEPT") {
            self.utf8 = true;
            line.push_str(" UTF8=ACCEPT");
        }
        // RFC 9586 §3.1: not while numbers are in use.
        if asked("UIDONLY") && self.view.is_none() {
            self.uid_only = true;
            line.push_str(" UIDONLY");
        }
        line.push_str("\r\n");
        self.send.put(line.as_bytes());
        self.complete(Status::Ok, "ENABLE completed");
    }

    /// LANGUAGE: texts are English, and that is all there is (RFC 5255 §3.2).
    fn language(&mut self, ranges: &[Cow<'_, str>]) {
        const SPOKEN: [(&str, &str); 3] =
            [("EN", "EN"), ("i-default", "i-default"), ("default", "EN")];
        // RFC 4647 §3.4: a range is cut at its hyphens from the end on, until a tag fits.
        let spoken = ranges.iter().find_map(|range| {
            let mut range: &str = range;
            loop {
                let fits = |known: &&(&str, &str)| known.0.eq_ignore_ascii_case(range);
                if let Some((_, tag)) = SPOKEN.iter().find(fits) {
                    return Some(*tag);
                }
                range = range.rsplit_once('-')?.0;
            }
        });
        match (ranges, spoken) {
            ([], _) => self.send.put(b"* LANGUAGE (EN i-default)\r\n"),
            (_, Some(tag)) => self.send.put(format!("* LANGUAGE ({tag})\r\n").as_bytes()),
            (_, None) => return self.complete(Status::No, "Only English is spoken here"),
        }
        self.complete(Status::Ok, "LANGUAGE completed");
    }

    fn id(&mut self) {
        let mut line: Vec<u8> = Vec::from(*b"* ID ");
        if self.config.id.is_empty() {
            nstring(&mut line, None);
        } else {
            for (i, (field, value)) in self.config.id.iter().enumerate() {
                line.push(if i == 0 { b'(' } else { b' ' });
                string(&mut line, field.as_bytes());
                line.push(b' ');
                string(&mut line, value.as_bytes());
            }
            line.push(b')');
        }
        line.extend_from_slice(b"\r\n");
        self.send.put(&line);
    }
}
