//! A host for the server machine: a small store in memory, as an application would have.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::cast_possible_truncation, clippy::std_instead_of_core)]

use core::num::NonZeroU32;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use bytes::Bytes;
use imap_proto::{
    command::MailboxFilter,
    mime::{Plan, Summary, preview, summarize},
    search::{Answer, Facts, Matcher},
    server::{Config, Event, Incoming, ListEntry, SelectData, Server},
    types::{
        Atom, Code, CodeText, DateTime, FetchItem, FetchItems, Flag, ListQuery, Mailbox,
        SpecialUse, StatusData, StoreAction, UidSet,
    },
};
use mailwire::{
    Machine,
    sasl::{Claim, Verdict},
    test::{Host, Log},
};

pub(crate) const MESSAGE: &[u8] = b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
From: Terry Gray <gray@cac.washington.edu>\r\n\
Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
To: imap@cac.washington.edu\r\n\
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
MIME-Version: 1.0\r\n\
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\
\r\n\
Hello, this is the body.\r\n";

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) flags: BTreeSet<String>,
    pub(crate) date: DateTime,
    pub(crate) raw: Bytes,
    pub(crate) blob: Bytes,
}

#[derive(Default)]
pub(crate) struct Box_ {
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) messages: BTreeMap<u32, Message>,
    pub(crate) special_use: Option<SpecialUse<'static>>,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) boxes: BTreeMap<String, Box_>,
    pub(crate) subscribed: BTreeSet<String>,
}

impl Store {
    /// INBOX with `n` messages, and a Sent mailbox.
    pub(crate) fn with(n: u32) -> Rc<RefCell<Self>> {
        let mut store = Self::default();
        for (name, use_) in [("INBOX", None), ("Sent", Some(SpecialUse::Sent))] {
            let one = Box_ {
                uid_validity: 3857529045,
                uid_next: 1,
                special_use: use_,
                ..Box_::default()
            };
            store.boxes.insert(name.into(), one);
        }
        for _ in 0..n {
            store.deliver("INBOX", MESSAGE, &[]);
        }
        Rc::new(RefCell::new(store))
    }

    pub(crate) fn deliver(&mut self, name: &str, raw: &[u8], flags: &[&str]) -> u32 {
        let one = self.boxes.get_mut(name).unwrap();
        let uid = one.uid_next;
        one.uid_next += 1;
        let message = Message {
            flags: flags.iter().map(|f| f.to_string()).collect(),
            date: DateTime::utc(837_596_665),
            raw: Bytes::copy_from_slice(raw),
            blob: summarize(raw).into(),
        };
        one.messages.insert(uid, message);
        uid
    }
}

pub(crate) struct TestHost {
    pub(crate) store: Rc<RefCell<Store>>,
    selected: Option<String>,
    known: BTreeMap<u32, BTreeSet<String>>,
    /// Flags and octets of the messages of an APPEND.
    uploads: Vec<(Vec<Flag<'static>>, Vec<u8>)>,
    append: Option<Incoming>,
}

impl TestHost {
    pub(crate) fn new(store: Rc<RefCell<Store>>) -> Self {
        Self { store, selected: None, known: BTreeMap::new(), uploads: vec![], append: None }
    }

    /// Tells the machine what the store holds that it does not know.
    pub(crate) fn sync(&mut self, machine: &mut Server) {
        let store = self.store.borrow();
        let Some(one) = self.selected.as_ref().and_then(|name| store.boxes.get(name)) else {
            return;
        };
        let gone: Vec<u32> =
            self.known.keys().copied().filter(|uid| !one.messages.contains_key(uid)).collect();
        for uid in &gone {
            self.known.remove(uid);
        }
        machine.expunged(gone);
        for (uid, message) in &one.messages {
            match self.known.insert(*uid, message.flags.clone()) {
                None => machine.exists([*uid], false),
                Some(old) if old != message.flags => {
                    machine.flags(*uid, message.flags.iter().map(String::as_str), None);
                }
                Some(_) => {}
            }
        }
    }

    fn fetch(&mut self, machine: &mut Server, uids: &UidSet, items: &FetchItems<'_>, seen: bool) {
        let name = self.selected.clone().unwrap();
        for uid in uids.iter() {
            let mut newly_seen = false;
            let message = {
                let mut store = self.store.borrow_mut();
                let Some(m) = store.boxes.get_mut(&name).and_then(|b| b.messages.get_mut(&uid))
                else {
                    continue;
                };
                if seen {
                    newly_seen = m.flags.insert("\\Seen".into());
                    self.known.insert(uid, m.flags.clone());
                }
                m.clone()
            };
            let summary = Summary::decode(&message.blob).unwrap();
            let Some(mut row) = machine.row(uid).unwrap() else { continue };
            if newly_seen && !items.contains(&FetchItem::Flags) {
                row.flags(message.flags.iter().map(String::as_str)).unwrap();
            }
            for item in items.iter() {
                let mut row = machine.row(uid).unwrap().unwrap();
                match item {
                    FetchItem::Flags => {
                        row.flags(message.flags.iter().map(String::as_str)).unwrap();
                    }
                    FetchItem::InternalDate => drop(row.internal_date(message.date).unwrap()),
                    FetchItem::Size => drop(row.size(summary.size()).unwrap()),
                    FetchItem::Envelope => drop(row.envelope(summary.envelope()).unwrap()),
                    FetchItem::Body => drop(row.body(summary.body()).unwrap()),
                    FetchItem::BodyStructure => {
                        row.body_structure(summary.body_structure()).unwrap();
                    }
                    FetchItem::Section(section) => match summary.plan(section) {
                        Plan::Nil => drop(row.section_nil(section).unwrap()),
                        Plan::Octets(range) => {
                            let range = range.start as usize..range.end as usize;
                            let octets = message.raw.slice(range);
                            row.literal(section, octets.len() as u64).unwrap();
                            for piece in octets.chunks(7) {
                                machine.literal(Bytes::copy_from_slice(piece)).unwrap();
                            }
                        }
                        Plan::Fields(range, filter) => {
                            let header = &message.raw[range.start as usize..range.end as usize];
                            row.section(section, &filter.apply(header)).unwrap();
                        }
                        _ => {}
                    },
                    FetchItem::Binary { part, partial, .. } => {
                        let octets = decoded(&message, &summary, part);
                        let len = octets.as_ref().map_or(0, |all| all.len() as u64);
                        let (start, len) = partial.map_or((0, len), |partial| partial.within(len));
                        let run = start as usize..(start + len) as usize;
                        let octets = octets.as_ref().map(|all| &all[run]);
                        row.binary(part, partial.map(|partial| partial.offset), octets).unwrap();
                    }
                    FetchItem::BinarySize(part) => {
                        let len = decoded(&message, &summary, part).map_or(0, |all| all.len());
                        row.binary_size(part, len as u64).unwrap();
                    }
                    FetchItem::Preview { .. } => {
                        row.preview(preview(&message.raw).as_deref()).unwrap();
                    }
                    FetchItem::EmailId => drop(row.email_id(&email_id(uid)).unwrap()),
                    FetchItem::ThreadId => drop(row.thread_id(None).unwrap()),
                    _ => {}
                }
            }
        }
        machine.ok("FETCH completed").unwrap();
    }

    fn list(&self, machine: &mut Server, query: &ListQuery<'_>, lsub: bool) {
        let store = self.store.borrow();
        let mut names: BTreeSet<&String> = store.boxes.keys().collect();
        if lsub || query.select.subscribed {
            names = store.subscribed.iter().collect();
        }
        for name in names.iter().filter(|name| query.matches(name, '/')) {
            let one = store.boxes.get(*name);
            let use_ = one.and_then(|b| b.special_use.clone());
            if query.select.special_use && use_.is_none() {
                continue;
            }
            let mut entry = ListEntry::new(Mailbox::new(name.as_str()).unwrap());
            entry.exists = one.is_some();
            entry.selectable = one.is_some();
            entry.subscribed = store.subscribed.contains(*name);
            entry.special_use = use_;
            entry.children =
                Some(store.boxes.keys().any(|other| other.starts_with(&format!("{name}/"))));
            machine.list(&entry).unwrap();
            if let (Some(one), false) = (one, query.returns.status.is_empty()) {
                machine.status(&entry.mailbox, &status(one)).unwrap();
            }
        }
        machine.ok(if lsub { "LSUB completed" } else { "LIST completed" }).unwrap();
    }

    fn copy(&mut self, uids: &UidSet, to: &str, remove: bool) -> Option<(u32, UidSet, UidSet)> {
        let from = self.selected.clone().unwrap();
        let mut store = self.store.borrow_mut();
        if !store.boxes.contains_key(to) {
            return None;
        }
        let messages: Vec<(u32, Message)> = uids
            .iter()
            .filter_map(|uid| Some((uid, store.boxes[&from].messages.get(&uid)?.clone())))
            .collect();
        let (mut old, mut new) = (UidSet::new(), UidSet::new());
        for (uid, message) in messages {
            let target = store.boxes.get_mut(to).unwrap();
            let next = target.uid_next;
            target.uid_next += 1;
            target.messages.insert(next, message);
            old.insert(uid);
            new.insert(next);
            if remove {
                store.boxes.get_mut(&from).unwrap().messages.remove(&uid);
                self.known.remove(&uid);
            }
        }
        Some((store.boxes[to].uid_validity, old, new))
    }
}

fn status(one: &Box_) -> StatusData {
    let mut data = StatusData::default();
    let without = |flag: &str| one.messages.values().filter(|m| !m.flags.contains(flag)).count();
    data.messages = Some(one.messages.len() as u32);
    data.recent = Some(0);
    data.uid_next = NonZeroU32::new(one.uid_next);
    data.mailbox_id = Atom::new("F2212ea87");
    data.uid_validity = NonZeroU32::new(one.uid_validity);
    data.unseen = Some(without("\\Seen") as u32);
    data.deleted = Some((one.messages.len() - without("\\Deleted")) as u32);
    data.size = Some(one.messages.values().map(|m| m.raw.len() as u64).sum());
    data
}

struct Row<'a>(u32, &'a Message);

impl Facts for Row<'_> {
    fn email_id(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(email_id(self.0).as_str().to_owned().into())
    }
    fn uid(&self) -> u32 {
        self.0
    }
    fn has_flag(&self, flag: &str) -> bool {
        self.1.flags.iter().any(|f| f.eq_ignore_ascii_case(flag))
    }
    fn internal_date(&self) -> DateTime {
        self.1.date
    }
    fn size(&self) -> u64 {
        self.1.raw.len() as u64
    }
    fn header(&self) -> Option<&[u8]> {
        Some(&self.1.raw)
    }
    fn message(&self) -> Option<&[u8]> {
        Some(&self.1.raw)
    }
}

impl Host<Server> for TestHost {
    fn event(&mut self, machine: &mut Server, log: &mut Log) {
        self.sync(machine);
        match machine.event() {
            Event::Authenticate(Claim::Password { username, password, .. }) => {
                let right = password.expose() == "secret";
                log.event(format!("login {username}"));
                let verdict = if right { Verdict::Accept } else { Verdict::Refuse };
                machine.verdict(verdict).unwrap();
            }
            Event::Chunk(octets) => {
                self.uploads.last_mut().unwrap().1.extend_from_slice(octets);
                if self.append.as_ref().is_some_and(|a| a.mailbox.as_str() == "Full") {
                    machine.no(Some(Code::OverQuota), "Disk full").unwrap();
                } else {
                    log.payload(octets);
                }
            }
            Event::Select { mailbox, read_only, .. } => {
                log.event(format!("select {mailbox} {read_only}"));
                self.selected = None;
                let store = self.store.borrow();
                let Some(one) = store.boxes.get(mailbox.as_str()) else {
                    return machine.no(Some(Code::NonExistent), "No such mailbox").unwrap();
                };
                let uids = one.messages.keys().copied().collect();
                let mut data = SelectData::new(one.uid_validity, one.uid_next, uids);
                data.mailbox_id = Atom::new("F2212ea87");
                let unseen = |(_, m): &(&u32, &Message)| !m.flags.contains("\\Seen");
                data.first_unseen = one.messages.iter().find(unseen).map(|(uid, _)| *uid);
                self.known = one.messages.iter().map(|(uid, m)| (*uid, m.flags.clone())).collect();
                self.selected = Some(mailbox.as_str().into());
                machine.selected(data).unwrap();
            }
            Event::Noop => machine.ok("NOOP completed").unwrap(),
            Event::Close { expunge } => {
                log.event(format!("close {expunge}"));
                let name = self.selected.take().unwrap();
                if expunge {
                    let mut store = self.store.borrow_mut();
                    let one = store.boxes.get_mut(&name).unwrap();
                    one.messages.retain(|_, m| !m.flags.contains("\\Deleted"));
                }
                machine.ok("CLOSE completed").unwrap();
            }
            Event::Create { mailbox, uses } => {
                let mut store = self.store.borrow_mut();
                if store.boxes.contains_key(mailbox.as_str()) {
                    machine.no(Some(Code::AlreadyExists), "Mailbox exists").unwrap();
                } else {
                    let one = Box_ {
                        uid_validity: 7,
                        uid_next: 1,
                        special_use: uses.first().cloned(),
                        ..Box_::default()
                    };
                    store.boxes.insert(mailbox.as_str().into(), one);
                    machine.ok("CREATE completed").unwrap();
                }
            }
            Event::Delete(mailbox) => {
                match self.store.borrow_mut().boxes.remove(mailbox.as_str()) {
                    Some(_) => machine.ok("DELETE completed").unwrap(),
                    None => machine.no(Some(Code::NonExistent), "No such mailbox").unwrap(),
                }
            }
            Event::Rename { from, to } => {
                let mut store = self.store.borrow_mut();
                match store.boxes.remove(from.as_str()) {
                    Some(one) => {
                        store.boxes.insert(to.as_str().into(), one);
                        machine.ok("RENAME completed").unwrap();
                    }
                    None => machine.no(Some(Code::NonExistent), "No such mailbox").unwrap(),
                }
            }
            Event::Subscribe(mailbox) => {
                self.store.borrow_mut().subscribed.insert(mailbox.as_str().into());
                machine.ok("SUBSCRIBE completed").unwrap();
            }
            Event::Unsubscribe(mailbox) => {
                self.store.borrow_mut().subscribed.remove(mailbox.as_str());
                machine.ok("UNSUBSCRIBE completed").unwrap();
            }
            Event::List(query) => self.list(machine, &query, false),
            Event::Lsub(query) => self.list(machine, &query, true),
            Event::Status { mailbox, .. } => {
                let store = self.store.borrow();
                match store.boxes.get(mailbox.as_str()) {
                    Some(one) => {
                        machine.status(&mailbox, &status(one)).unwrap();
                        machine.ok("STATUS completed").unwrap();
                    }
                    None => machine.no(Some(Code::NonExistent), "No such mailbox").unwrap(),
                }
            }
            Event::Append(append) => {
                let size = append.size.map_or("?".into(), |size| size.to_string());
                log.event(format!("append {} {size} {:?}", append.mailbox, append.flags));
                if append.first {
                    self.uploads.clear();
                }
                self.uploads.push((append.flags.clone(), Vec::new()));
                if append.size.unwrap_or(0) > 1 << 20 {
                    return machine.no(Some(Code::OverQuota), "Too much").unwrap();
                }
                self.append = Some(append);
                machine.accept().unwrap();
            }
            Event::AppendUrl(url) => {
                log.event(format!("url {}", String::from_utf8_lossy(&url)));
                let found = imap_proto::url::MessageUrl::new(&url).and_then(|url| {
                    let store = self.store.borrow();
                    let message = store.boxes.get(url.mailbox.as_str())?.messages.get(&url.uid)?;
                    match Summary::decode(&message.blob)?.plan(&url.section) {
                        Plan::Octets(range) => {
                            Some(message.raw.slice(range.start as usize..range.end as usize))
                        }
                        _ => None,
                    }
                });
                match found {
                    Some(octets) => {
                        self.uploads.last_mut().unwrap().1.extend_from_slice(&octets);
                        machine.accept().unwrap();
                    }
                    None => {
                        let url = String::from_utf8_lossy(&url).into_owned();
                        machine
                            .no(CodeText::new(url).map(Code::BadUrl), "No such message")
                            .unwrap();
                    }
                }
            }
            Event::Unauthenticate => {
                log.event("unauthenticate");
                self.selected = None;
                machine.ok("Good-bye for now").unwrap();
            }
            Event::AppendAborted => log.event("append aborted"),
            Event::Appended => {
                let append = self.append.take().unwrap();
                let name = append.mailbox.as_str();
                if !self.store.borrow().boxes.contains_key(name) {
                    return machine.no(Some(Code::TryCreate), "No such mailbox").unwrap();
                }
                let mut uids = UidSet::new();
                for (flags, octets) in core::mem::take(&mut self.uploads) {
                    let flags: Vec<String> = flags.iter().map(String::from).collect();
                    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
                    uids.insert(self.store.borrow_mut().deliver(name, &octets, &flags));
                }
                if let Some(uid) = append.replaces {
                    let selected = self.selected.clone().unwrap();
                    self.store.borrow_mut().boxes.get_mut(&selected).unwrap().messages.remove(&uid);
                    self.known.remove(&uid);
                }
                self.sync(machine);
                machine.appended(3857529045, uids).unwrap();
            }
            Event::Expunge { uids } => {
                let name = self.selected.clone().unwrap();
                self.store.borrow_mut().boxes.get_mut(&name).unwrap().messages.retain(|uid, m| {
                    !m.flags.contains("\\Deleted")
                        || uids.as_ref().is_some_and(|set| !set.contains(*uid))
                });
                self.sync(machine);
                machine.ok("EXPUNGE completed").unwrap();
            }
            Event::Search(query) => {
                let store = self.store.borrow();
                let one = &store.boxes[self.selected.as_ref().unwrap()];
                let matcher = Matcher::new(&query, 837_596_665);
                let found = one
                    .messages
                    .iter()
                    .filter(|(uid, message)| matcher.test(&Row(**uid, message)) == Answer::Yes);
                machine.found(found.map(|(uid, _)| *uid)).unwrap();
                machine.ok("SEARCH completed").unwrap();
            }
            Event::MultiSearch { sources, query } => {
                let store = self.store.borrow();
                let named = |name: &str| {
                    sources.iter().any(|source| match source {
                        MailboxFilter::Mailboxes(names) => names.iter().any(|n| n.as_str() == name),
                        MailboxFilter::Selected => self.selected.as_deref() == Some(name),
                        _ => true,
                    })
                };
                let matcher = Matcher::new(&query, 837_596_665);
                for (name, one) in store.boxes.iter().filter(|(name, _)| named(name)) {
                    let found = one.messages.iter();
                    let found =
                        found.filter(|(uid, m)| matcher.test(&Row(**uid, m)) == Answer::Yes);
                    let name = Mailbox::new(name.as_str()).unwrap();
                    let found = found.map(|(uid, _)| (*uid, 1));
                    machine.found_in(&name, one.uid_validity, found).unwrap();
                }
                machine.ok("ESEARCH completed").unwrap();
            }
            Event::Fetch { uids, items, set_seen, .. } => {
                self.fetch(machine, &uids, &items, set_seen);
            }
            Event::Store { uids, action, flags, .. } => {
                let name = self.selected.clone().unwrap();
                let names: BTreeSet<String> = flags.iter().map(Flag::to_string).collect();
                for uid in uids.iter() {
                    let mut store = self.store.borrow_mut();
                    let one = store.boxes.get_mut(&name).unwrap();
                    let Some(message) = one.messages.get_mut(&uid) else { continue };
                    message.flags = match action {
                        StoreAction::Add => &message.flags | &names,
                        StoreAction::Remove => &message.flags - &names,
                        _ => names.clone(),
                    };
                    self.known.insert(uid, message.flags.clone());
                    machine.stored(uid, message.flags.iter().map(String::as_str), None).unwrap();
                }
                machine.ok("STORE completed").unwrap();
            }
            Event::Copy { uids, mailbox } => match self.copy(&uids, mailbox.as_str(), false) {
                Some((validity, from, to)) => machine.copied(validity, &from, &to).unwrap(),
                None => machine.no(Some(Code::TryCreate), "No such mailbox").unwrap(),
            },
            Event::Move { uids, mailbox } => match self.copy(&uids, mailbox.as_str(), true) {
                Some((validity, from, to)) => machine.moved(validity, &from, &to).unwrap(),
                None => machine.no(Some(Code::TryCreate), "No such mailbox").unwrap(),
            },
            Event::Idle => {
                log.event("idle");
            }
            other => panic!("no answer for {other:?}"),
        }
    }

    /// What another session or a delivery does meanwhile.
    fn action(&mut self, machine: &mut Server, action: &str) {
        let words: Vec<&str> = action.split(' ').collect();
        {
            let mut store = self.store.borrow_mut();
            let uid = words.get(1).and_then(|w| w.parse::<u32>().ok());
            match (words[0], uid) {
                ("deliver", _) => {
                    store.deliver("INBOX", MESSAGE, &[]);
                }
                ("expunge", Some(uid)) => {
                    store.boxes.get_mut("INBOX").unwrap().messages.remove(&uid);
                }
                ("flag", Some(uid)) => {
                    let one = store.boxes.get_mut("INBOX").unwrap();
                    one.messages.get_mut(&uid).unwrap().flags.insert(words[2].into());
                }
                ("shutdown", _) => machine.shutdown("Server is going down"),
                _ => panic!("unknown action {action:?}"),
            }
        }
        self.sync(machine);
    }
}

/// The decoded octets of a part; `None` if there is no such part.
fn decoded(
    message: &Message,
    summary: &Summary<'_>,
    part: &imap_proto::types::Part,
) -> Option<Vec<u8>> {
    let (header, body) = summary.structure().encoded(part)?;
    let slice =
        |range: core::ops::Range<u64>| &message.raw[range.start as usize..range.end as usize];
    Some(imap_proto::mime::decode_part(slice(header), slice(body)).unwrap().into_owned())
}

fn email_id(uid: u32) -> Atom<'static> {
    Atom::new(format!("M{uid}")).unwrap()
}

/// All that this host takes part in.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    (config.binary, config.utf8, config.multi_append, config.catenate) = (true, true, true, true);
    (config.replace, config.object_ids, config.previews) = (true, true, true);
    (config.unauthenticate, config.compress) = (true, true);
    config.multi_search = true;
    config
}

/// A session before login over TLS, so that passwords may be sent.
pub(crate) fn session(n: u32) -> (Server, TestHost) {
    (Server::over_tls(config()), TestHost::new(Store::with(n)))
}

/// Octets the machine has to say after `input`, and the machine.
pub(crate) fn converse(n: u32, input: &[u8]) -> String {
    let (mut machine, mut host) = session(n);
    let outcome = mailwire::test::run(&mut machine, &mut host, input, mailwire::test::Cuts::Whole);
    let _ = machine.transmit();
    String::from_utf8(outcome.output).unwrap()
}
