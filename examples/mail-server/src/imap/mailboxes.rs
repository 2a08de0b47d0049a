//! Making, renaming, deleting mailboxes, and what STATUS says of them.

use super::{Done, Session, ids};
use core::num::NonZeroU32;
use imap_proto::types::{Code, Mailbox, SpecialUse, StatusData, StatusItem};
use mailstore::{Flags, MailboxId, NewMailbox, Store};

impl<S: Store> Session<S> {
    pub(super) async fn create(&mut self, name: &Mailbox<'_>, uses: &[SpecialUse<'_>]) -> Done {
        let mut mailbox = NewMailbox::new(name.as_str());
        mailbox.special_use = match uses {
            [] => None,
            // RFC 6154 §3: what cannot be given refuses the whole command.
            [one] if use_in_store(one).is_some() => use_in_store(one),
            _ => {
                let text = "A mailbox has one special use at most, of those of RFC 6154";
                return Ok(self.driver.machine.no(Some(Code::UseAttr), text)?);
            }
        };
        let made = self.app.store.create_mailbox(self.account()?, &mailbox).await?;
        // RFC 8474 §4.1
        let code = ids::mailbox(made.id).map(Code::MailboxId);
        Ok(self.driver.machine.ok_with(code, "Created")?)
    }

    pub(super) async fn delete(&mut self, name: &Mailbox<'_>) -> Done {
        let mailbox = self.app.store.mailbox(self.account()?, name.as_str()).await?;
        self.app.store.delete_mailbox(mailbox.id).await?;
        if self.selected.as_ref().is_some_and(|selected| selected.mailbox == mailbox.id) {
            self.selected = None;
            self.driver.machine.ok("Deleted")?;
            self.driver.machine.shutdown("The selected mailbox was deleted");
            return Ok(());
        }
        Ok(self.driver.machine.ok("Deleted")?)
    }

    pub(super) async fn rename(&mut self, from: &Mailbox<'_>, to: &Mailbox<'_>) -> Done {
        let account = self.account()?;
        self.app.store.rename_mailbox(account, from.as_str(), to.as_str()).await?;
        self.refresh().await?; // a renamed INBOX is empty now
        Ok(self.driver.machine.ok("Renamed")?)
    }

    pub(super) async fn subscribe(&mut self, name: &Mailbox<'_>, subscribe: bool) -> Done {
        let account = self.account()?;
        if subscribe {
            self.app.store.subscribe(account, name.as_str()).await?;
        } else {
            self.app.store.unsubscribe(account, name.as_str()).await?;
        }
        Ok(self.driver.machine.ok(if subscribe { "Subscribed" } else { "Unsubscribed" })?)
    }

    pub(super) async fn status(&mut self, name: &Mailbox<'_>, items: &[StatusItem]) -> Done {
        let mailbox = self.app.store.mailbox(self.account()?, name.as_str()).await?;
        let mut data = self.status_of(mailbox.id).await?;
        if items.contains(&StatusItem::DeletedStorage) {
            // RFC 9208 §5.1
            let snapshot = self.app.store.snapshot(mailbox.id).await?;
            let deleted = snapshot.rows().filter(|row| row.flags.contains(&Flags::DELETED));
            data.deleted_storage = Some(deleted.map(|row| row.size).sum());
        }
        self.driver.machine.status(name, &data)?;
        self.refresh().await?;
        Ok(self.driver.machine.ok("Done")?)
    }

    pub(super) async fn status_of(&self, mailbox: MailboxId) -> mailstore::Result<StatusData> {
        let status = self.app.store.status(mailbox).await?;
        let mut data = StatusData::default();
        data.messages = Some(status.messages);
        data.mailbox_id = ids::mailbox(mailbox);
        data.recent = Some(0);
        data.uid_next = NonZeroU32::new(status.uid_next.value());
        data.uid_validity = NonZeroU32::new(status.uid_validity.value());
        data.unseen = Some(status.unseen);
        data.deleted = Some(status.deleted);
        data.size = Some(status.size);
        data.highest_mod_seq = Some(status.highest_modseq.value());
        Ok(data)
    }
}

/// The two crates name the uses of RFC 6154 alike.
pub(super) fn use_in_store(use_: &SpecialUse<'_>) -> Option<mailstore::SpecialUse> {
    let spelling = use_.to_string();
    let name = spelling.trim_start_matches('\\');
    mailstore::SpecialUse::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
}

/// The use, as IMAP spells it.
pub(super) fn use_in_imap(use_: mailstore::SpecialUse) -> Option<SpecialUse<'static>> {
    SpecialUse::new(&format!("\\{}", use_.name())).map(SpecialUse::into_owned)
}
