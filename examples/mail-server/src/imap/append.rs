//! APPEND: a message that a client puts into a mailbox.

use super::{Done, Failure, Session, flags, try_create};
use crate::facts;
use imap_proto::{
    server::Incoming as Announced,
    types::{Code, Flag},
};
use mailstore::{Error, MailboxId, NewMessage, Store, Timestamp, Upload};

/// A message that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    mailbox: MailboxId,
    flags: Vec<Flag<'static>>,
    date: Timestamp,
    upload: Upload,
    failed: Option<Failure>,
}

impl Incoming {
    /// Takes a piece. A failure is remembered and told when the message is whole.
    pub(super) async fn write(&mut self, octets: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        // RFC 3501 §4.3.1: "The NUL character is not permitted at any time."
        if octets.contains(&0) {
            self.failed = Some(Failure::No(Some(Code::Cannot), "The message holds a NUL octet"));
        } else if let Err(error) = self.upload.write(octets).await {
            self.failed = Some(Failure::Store(error));
        }
    }
}

impl<S: Store> Session<S> {
    pub(super) async fn append(&mut self, wanted: Announced) -> Done {
        let store = &self.app.store;
        let found = store.mailbox(self.account()?, wanted.mailbox.as_str()).await;
        let mailbox = found.map_err(try_create)?.id;
        if wanted.size == 0 {
            // RFC 3502 §4 has an empty message as a way to say no.
            return Err(Failure::No(Some(Code::Cannot), "An empty message is none"));
        }
        let date =
            wanted.date.map_or_else(Timestamp::now, |date| Timestamp::from_secs(date.unix()));
        let upload = store.upload();
        self.append = Some(Incoming { mailbox, flags: wanted.flags, date, upload, failed: None });
        Ok(self.driver.machine.accept()?)
    }

    pub(super) async fn appended(&mut self) -> Done {
        let Some(incoming) = self.append.take() else {
            return Err(Failure::No(None, "No message was received"));
        };
        if let Some(failure) = incoming.failed {
            return Err(failure);
        }
        let staged = incoming.upload.finish().await?;
        let facts = facts::of(&staged).await?;
        let message = NewMessage::new(staged)
            .flags(flags::stored(&incoming.flags))
            .internal_date(incoming.date)
            .facts(facts);
        let appended = self.app.store.append(incoming.mailbox, vec![message]).await;
        let appended = appended.map_err(try_create)?;
        let Some(uid) = appended.uids.first() else {
            return Err(Failure::Store(Error::not_found("message", "")));
        };
        self.refresh().await?;
        Ok(self.driver.machine.appended(appended.uid_validity.value(), uid.value())?)
    }
}
