//! An application for the machine: an inbox of three messages, in memory.

use core::num::NonZeroU32;
use std::collections::BTreeSet;

use bytes::Bytes;
use imap_proto::{
    mime::{Plan, Summary, summarize},
    search::{Answer, Facts, Matcher},
    server::{Event, ListEntry, SelectData, Server},
    types::{
        Code, CodeText, DateTime, FetchItem, FetchItems, Flag, ListQuery, Mailbox, SpecialUse,
        StatusData, StoreAction, UidSet,
    },
};
use mailwire::{
    Machine, Misuse,
    sasl::{Claim, Verdict},
    test::{Host, Log},
};

const VALIDITY: u32 = 7;
const DATE: i64 = 837_596_665;
const MESSAGES: [&[u8]; 3] = [
    b"From: Ann <ann@a.test>\r\nSubject: Hi\r\n\r\nHello\r\n",
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
      --b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nTo: x@y\r\n\r\ninner\r\n--b--\r\n",
    b"\0bare\nline ends\r and no header",
];
const BOXES: [&str; 4] = ["INBOX", "Sent", "Lists/rust", "Entw\u{FC}rfe"];

#[derive(Clone)]
struct Message {
    uid: u32,
    flags: BTreeSet<String>,
    raw: Vec<u8>,
}

pub(super) struct Store {
    messages: Vec<Message>,
    next: u32,
    uploads: Vec<Vec<u8>>,
    selected: bool,
}

impl Default for Store {
    fn default() -> Self {
        let messages = MESSAGES.iter().zip([1, 2, 9]).map(|(raw, uid)| {
            let flags = (uid == 2).then(|| "\\Seen".to_owned()).into_iter().collect();
            Message { uid, flags, raw: raw.to_vec() }
        });
        Self { messages: messages.collect(), next: 10, uploads: Vec::new(), selected: false }
    }
}

impl Facts for Message {
    fn uid(&self) -> u32 {
        self.uid
    }
    fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|have| have.eq_ignore_ascii_case(flag))
    }
    fn internal_date(&self) -> DateTime {
        DateTime::utc(DATE)
    }
    fn size(&self) -> u64 {
        self.raw.len() as u64
    }
    fn header(&self) -> Option<&[u8]> {
        Some(&self.raw)
    }
    fn message(&self) -> Option<&[u8]> {
        Some(&self.raw)
    }
}

impl Store {
    fn uids(&self) -> UidSet {
        self.messages.iter().map(|message| message.uid).collect()
    }

    fn remove(&mut self, server: &mut Server, wanted: impl Fn(&Message) -> bool) {
        let gone: Vec<_> = self.messages.iter().filter(|m| wanted(m)).map(|m| m.uid).collect();
        self.messages.retain(|message| !gone.contains(&message.uid));
        server.expunged(gone);
    }

    fn add(&mut self, server: &mut Server, raw: Vec<u8>) -> u32 {
        let uid = self.next;
        self.next += 1;
        self.messages.push(Message { uid, flags: BTreeSet::new(), raw });
        if self.selected {
            server.exists([uid], false);
        }
        uid
    }

    fn fetch(
        &mut self,
        server: &mut Server,
        uids: &UidSet,
        items: &FetchItems<'_>,
        seen: bool,
    ) -> Result<(), Misuse> {
        for message in self.messages.iter_mut().filter(|message| uids.contains(message.uid)) {
            let newly_seen = seen && message.flags.insert("\\Seen".into());
            if newly_seen && !items.contains(&FetchItem::Flags) {
                let row = server.row(message.uid)?;
                row.expect("a message in the view")
                    .flags(message.flags.iter().map(String::as_str))?;
            }
            for item in items.iter() {
                write_item(server, message, item)?;
            }
        }
        server.ok("FETCH completed")
    }

    fn list(&self, server: &mut Server, query: &ListQuery<'_>) -> Result<(), Misuse> {
        for name in BOXES.iter().filter(|name| query.matches(name, '/')) {
            let mut entry = ListEntry::new(Mailbox::new(*name).expect("a name"));
            entry.subscribed = *name == "INBOX";
            entry.special_use = (*name == "Sent").then_some(SpecialUse::Sent);
            server.list(&entry)?;
            if !query.returns.status.is_empty() {
                server.status(&entry.mailbox, &self.status())?;
            }
        }
        server.ok("LIST completed")
    }

    fn status(&self) -> StatusData {
        let mut data = StatusData::default();
        data.messages = u32::try_from(self.messages.len()).ok();
        data.uid_next = NonZeroU32::new(self.next);
        data.uid_validity = NonZeroU32::new(VALIDITY);
        data.unseen = Some(1);
        data
    }
}

fn write_item(server: &mut Server, message: &Message, item: &FetchItem<'_>) -> Result<(), Misuse> {
    let blob = summarize(&message.raw);
    let summary = Summary::decode(&blob).expect("a blob that was just made");
    let mut row = server.row(message.uid)?.expect("a message in the view");
    let octets = |range: core::ops::Range<u64>| {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        &message.raw[range]
    };
    match item {
        FetchItem::Flags => {
            row.flags(message.flags.iter().map(String::as_str))?;
        }
        FetchItem::InternalDate => {
            row.internal_date(DateTime::utc(DATE))?;
        }
        FetchItem::Size => {
            row.size(summary.size())?;
        }
        FetchItem::Envelope => {
            row.envelope(summary.envelope())?;
        }
        FetchItem::Body => {
            row.body(summary.body())?;
        }
        FetchItem::BodyStructure => {
            row.body_structure(summary.body_structure())?;
        }
        FetchItem::Section(section) => match summary.plan(section) {
            Plan::Octets(range) => {
                row.literal(section, range.end - range.start)?;
                for piece in octets(range).chunks(7) {
                    server.literal(Bytes::copy_from_slice(piece))?;
                }
            }
            Plan::Fields(range, filter) => {
                row.section(section, &filter.apply(octets(range)))?;
            }
            _ => {
                row.section_nil(section)?;
            }
        },
        _ => {}
    }
    Ok(())
}

impl Host<Server> for Store {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        let answered = match server.event() {
            Event::Authenticate(Claim::Password { authzid, username, password }) => {
                log.event(format!("login {authzid:?} {username:?} {:?}", password.expose()));
                let verdict = match password.expose() {
                    "secret" => Verdict::Accept,
                    "outage" => Verdict::Unavailable,
                    _ => Verdict::Refuse,
                };
                server.verdict(verdict)
            }
            Event::Noop => server.ok("NOOP completed"),
            Event::Select { mailbox, read_only, .. } => {
                log.event(format!("select {mailbox} {read_only}"));
                self.selected = mailbox.is_inbox();
                if self.selected {
                    server.selected(SelectData::new(VALIDITY, self.next, self.uids()))
                } else {
                    server.no(Some(Code::NonExistent), "No such mailbox")
                }
            }
            Event::Close { expunge } => {
                log.event(format!("close {expunge}"));
                self.selected = false;
                if expunge {
                    self.messages.retain(|message| !message.has_flag("\\Deleted"));
                }
                server.ok("CLOSE completed")
            }
            Event::Create { mailbox, uses } => {
                log.event(format!("create {mailbox} {uses:?}"));
                server.no(Some(Code::AlreadyExists), mailbox.as_str())
            }
            Event::Delete(mailbox) | Event::Subscribe(mailbox) | Event::Unsubscribe(mailbox) => {
                log.event(format!("{mailbox}"));
                server.ok(mailbox.as_str())
            }
            Event::Rename { from, to } => {
                log.event(format!("rename {from} {to}"));
                server.ok("RENAME completed")
            }
            Event::List(query) | Event::Lsub(query) => {
                log.event(format!("{query:?}"));
                self.list(server, &query)
            }
            Event::Status { mailbox, .. } => {
                let data = self.status();
                server.status(&mailbox, &data).and_then(|()| server.ok("STATUS completed"))
            }
            Event::Append(append) => {
                log.event(format!("{append:?}"));
                if append.first {
                    self.uploads.clear();
                }
                self.uploads.push(Vec::new());
                if append.mailbox.is_inbox() {
                    server.accept()
                } else {
                    server.no(Some(Code::TryCreate), "No such mailbox")
                }
            }
            Event::Chunk(octets) => {
                assert!(!octets.is_empty(), "a chunk has octets");
                self.uploads.last_mut().expect("a message begins first").extend_from_slice(octets);
                log.payload(octets);
                Ok(())
            }
            Event::AppendUrl(url) => {
                log.event(format!("url {}", url.escape_ascii()));
                match imap_proto::url::MessageUrl::new(&url) {
                    Some(_) => server.accept(),
                    None => server.no(CodeText::new("url").map(Code::BadUrl), "No such message"),
                }
            }
            Event::Unauthenticate => {
                log.event("unauthenticate");
                self.selected = false;
                server.ok("Good-bye for now")
            }
            Event::AppendAborted => {
                log.event("append aborted");
                Ok(())
            }
            Event::Appended => {
                log.event("appended");
                let all = core::mem::take(&mut self.uploads);
                let uids = all.into_iter().map(|raw| self.add(server, raw)).collect();
                server.appended(VALIDITY, uids)
            }
            Event::Expunge { uids } => {
                let wanted = |uid| uids.as_ref().is_none_or(|set| set.contains(uid));
                self.remove(server, |m| m.has_flag("\\Deleted") && wanted(m.uid));
                server.ok("EXPUNGE completed")
            }
            Event::Search(query) => {
                let matcher = Matcher::new(&query, DATE);
                let found = self.messages.iter().filter(|m| matcher.test(*m) == Answer::Yes);
                let found: Vec<_> = found.map(|message| message.uid).collect();
                server.found(found).and_then(|()| server.ok("SEARCH completed"))
            }
            Event::Fetch { uids, items, set_seen, .. } => {
                self.fetch(server, &uids, &items, set_seen)
            }
            Event::Store { uids, action, flags, .. } => {
                let names: BTreeSet<String> = flags.iter().map(Flag::to_string).collect();
                let wanted = self.messages.iter_mut().filter(|m| uids.contains(m.uid));
                for message in wanted {
                    message.flags = match action {
                        StoreAction::Add => &message.flags | &names,
                        StoreAction::Remove => &message.flags - &names,
                        _ => names.clone(),
                    };
                    let flags = message.flags.iter().map(String::as_str);
                    server.stored(message.uid, flags, None).expect("STORE waits");
                }
                server.ok("STORE completed")
            }
            Event::Copy { uids, mailbox } => {
                log.event(format!("copy {uids} {mailbox}"));
                let from = uids.intersection(&self.uids());
                let to = from.iter().map(|uid| uid + 100).collect();
                server.copied(VALIDITY, &from, &to)
            }
            Event::Move { uids, mailbox } => {
                log.event(format!("move {uids} {mailbox}"));
                let from = uids.intersection(&self.uids());
                let to = from.iter().map(|uid| uid + 100).collect();
                let moved = server.moved(VALIDITY, &from, &to);
                self.messages.retain(|message| !from.contains(message.uid));
                moved
            }
            Event::Idle => {
                log.event("idle");
                Ok(())
            }
            other => panic!("{other:?} was not announced"),
        };
        answered.expect("an answer is waited for");
    }
}
