//! APPEND and REPLACE: messages that a client puts into a mailbox.

use super::{Done, Failure, Session, flags, try_create};
use crate::facts;
use imap_proto::{
    mime::{Plan, Summary},
    server::Incoming as Announced,
    types::{Code, CodeText, Flag},
    url::MessageUrl,
};
use mailstore::{Error, Expunge, MailboxId, NewMessage, Store, Timestamp, Uid, Upload};

/// Octets of a message that are copied at once.
const PIECE: u64 = 64 * 1024;

/// The messages of one command: stored together or not at all.
#[derive(Debug)]
pub(super) struct Incoming {
    mailbox: MailboxId,
    messages: Vec<Message>,
    /// The message of the selected mailbox that the new one replaces.
    replaces: Option<u32>,
    failed: Option<Failure>,
}

#[derive(Debug)]
struct Message {
    flags: Vec<Flag<'static>>,
    date: Timestamp,
    upload: Upload,
    octets: u64,
    /// Whether it may hold NUL.
    binary: bool,
}

impl Incoming {
    /// Takes a piece of the last message. A failure is remembered and told when the command is whole.
    pub(super) async fn write(&mut self, octets: &[u8], limit: u64) {
        let Some(message) = self.messages.last_mut().filter(|_| self.failed.is_none()) else {
            return;
        };
        message.octets = message.octets.saturating_add(octets.len() as u64);
        // RFC 3501 §4.3.1: "The NUL character is not permitted at any time"; but see RFC 3516 §4.4.
        if !message.binary && octets.contains(&0) {
            self.failed = Some(Failure::No(Some(Code::Cannot), "The message holds a NUL octet"));
        } else if message.octets > limit {
            self.failed = Some(Failure::No(Some(Code::TooBig), "The message is too large"));
        } else if let Err(error) = message.upload.write(octets).await {
            self.failed = Some(Failure::Store(error));
        }
    }
}

impl<S: Store> Session<S> {
    pub(super) async fn append(&mut self, wanted: Announced) -> Done {
        if wanted.first {
            self.append = None;
            let found = self.app.store.mailbox(self.account()?, wanted.mailbox.as_str()).await;
            let mailbox = found.map_err(try_create)?.id;
            let replaces = wanted.replaces;
            self.append = Some(Incoming { mailbox, messages: Vec::new(), replaces, failed: None });
        }
        if wanted.size == Some(0) {
            // RFC 3502 §4 has an empty message as a way to say no.
            return Err(Failure::No(Some(Code::Cannot), "An empty message is none"));
        }
        let date =
            wanted.date.map_or_else(Timestamp::now, |date| Timestamp::from_secs(date.unix()));
        let upload = self.app.store.upload();
        let Some(incoming) = &mut self.append else {
            return Err(Failure::No(None, "No message was announced"));
        };
        let binary = wanted.binary;
        incoming.messages.push(Message { flags: wanted.flags, date, upload, octets: 0, binary });
        Ok(self.driver.machine.accept()?)
    }

    /// The message goes on with what a URL names.
    pub(super) async fn append_url(&mut self, url: &[u8]) -> Done {
        let bad = || {
            let text = String::from_utf8_lossy(url).into_owned();
            Failure::No(CodeText::new(text).map(Code::BadUrl), "There is no such message or part")
        };
        let wanted = MessageUrl::new(url).filter(|url| url.server.is_none()).ok_or_else(bad)?;
        let store = &self.app.store;
        let named = store.mailbox(self.account()?, wanted.mailbox.as_str()).await;
        let mailbox = named.map_err(|_| bad())?;
        if wanted.uid_validity.is_some_and(|known| known != mailbox.uid_validity.value()) {
            return Err(bad());
        }
        let snapshot = store.snapshot(mailbox.id).await?;
        let found = Uid::new(wanted.uid).and_then(|uid| snapshot.find(uid));
        let row = found.ok_or_else(bad)?;
        let body = store.body(row.message).await.map_err(|_| bad())?;
        let facts = self.kept_facts(&[row]).await?.pop().flatten().ok_or_else(bad)?;
        let plan = Summary::decode(&facts).map(|summary| summary.plan(&wanted.section));
        let limit = self.app.config().limits.message_size;
        let Some(incoming) = &mut self.append else { return Err(bad()) };
        match plan {
            Some(Plan::Octets(range)) => {
                let end = range.end.min(body.size());
                let mut at = range.start;
                while at < end {
                    let next = at.saturating_add(PIECE).min(end);
                    incoming.write(&body.read(at..next).await?, limit).await;
                    at = next;
                }
            }
            Some(Plan::Fields(range, filter)) => {
                incoming.write(&filter.apply(&body.read(range).await?), limit).await;
            }
            _ => return Err(bad()),
        }
        Ok(self.driver.machine.accept()?)
    }

    pub(super) async fn appended(&mut self) -> Done {
        let Some(incoming) = self.append.take() else {
            return Err(Failure::No(None, "No message was received"));
        };
        if let Some(failure) = incoming.failed {
            return Err(failure);
        }
        let mut messages = Vec::with_capacity(incoming.messages.len());
        for message in incoming.messages {
            let staged = message.upload.finish().await?;
            let facts = facts::of(&staged).await?;
            let new = NewMessage::new(staged).flags(flags::stored(&message.flags));
            messages.push(new.internal_date(message.date).facts(facts));
        }
        let appended = self.app.store.append(incoming.mailbox, messages).await;
        let appended = appended.map_err(try_create)?;
        if appended.uids.is_empty() {
            return Err(Failure::Store(Error::not_found("message", "")));
        }
        // RFC 8508 §3: the new one first, so that there is never none.
        if let Some(uid) = incoming.replaces.and_then(Uid::new) {
            let mailbox = self.selected()?.mailbox;
            self.app.store.expunge(mailbox, Expunge::Exactly(vec![uid])).await?;
        }
        self.refresh().await?;
        let uids = appended.uids.iter().map(|uid| uid.value()).collect();
        Ok(self.driver.machine.appended(appended.uid_validity.value(), uids)?)
    }
}
