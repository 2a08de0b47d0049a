//! STORE, COPY, MOVE and EXPUNGE.

use super::{Done, Session, flags, try_create};
use imap_proto::types::{Code, Flag, Mailbox, ModSeq, NonEmpty, StoreAction, UidSet};
use mailstore::{Copied, Expunge, FlagChange, MailboxId, Store, Uid};

impl<S: Store> Session<S> {
    pub(super) async fn store(
        &mut self,
        uids: &UidSet,
        action: StoreAction,
        wanted: &[Flag<'_>],
        unchanged_since: Option<u64>,
    ) -> Done {
        let mailbox = self.selected()?.mailbox;
        let named = uids;
        let uids = self.present(mailbox, named).await?;
        let wanted = flags::stored(wanted);
        let change = match action {
            StoreAction::Replace => FlagChange::Replace(wanted),
            StoreAction::Add => FlagChange::Add(wanted),
            _ => FlagChange::Remove(wanted),
        };
        let unchanged_since = unchanged_since.map(mailstore::ModSeq::new);
        let stored = self.app.store.store_flags(mailbox, &uids, change, unchanged_since).await?;
        // What others changed comes first; what was changed here is then said as the answer.
        self.refresh().await?;
        for updated in &stored.updated {
            let names = flags::names(&updated.flags);
            let mod_seq = Some(updated.modseq.value());
            self.driver.machine.stored(updated.uid.value(), names, mod_seq)?;
        }
        let conflicts: UidSet = stored.conflicts.iter().map(|uid| uid.value()).collect();
        if (stored.updated.len() as u64).saturating_add(conflicts.len()) < named.len() {
            let found: UidSet = stored.updated.iter().map(|updated| updated.uid.value()).collect();
            let known = |uid: &u32| found.contains(*uid) || conflicts.contains(*uid);
            self.driver.machine.expunged(named.iter().filter(|uid| !known(uid)));
        }
        let code = NonEmpty::new(conflicts).map(Code::Modified);
        Ok(self.driver.machine.ok_with(code, "Stored")?)
    }

    pub(super) async fn copy(&mut self, uids: &UidSet, to: &Mailbox<'_>) -> Done {
        let (mailbox, uids, to) = self.transfer(uids, to).await?;
        let copied = self.app.store.copy(mailbox, &uids, to).await.map_err(try_create)?;
        self.refresh().await?;
        let (from, to) = sets(&copied);
        Ok(self.driver.machine.copied(copied.uid_validity.value(), &from, &to)?)
    }

    pub(super) async fn move_to(&mut self, uids: &UidSet, to: &Mailbox<'_>) -> Done {
        let (mailbox, uids, to) = self.transfer(uids, to).await?;
        let moved = self.app.store.move_to(mailbox, &uids, to).await.map_err(try_create)?;
        let (from, to) = sets(&moved);
        self.driver.machine.moved(moved.uid_validity.value(), &from, &to)?;
        // What else has changed is told with the next command.
        self.refresh().await
    }

    pub(super) async fn expunge(&mut self, uids: Option<UidSet>) -> Done {
        let mailbox = self.selected()?.mailbox;
        let which = match uids {
            None => Expunge::Deleted,
            Some(uids) => Expunge::DeletedAmong(self.present(mailbox, &uids).await?),
        };
        self.app.store.expunge(mailbox, which).await?;
        self.refresh().await?;
        // RFC 7162 §3.2.7
        let code = ModSeq::new(self.selected()?.modseq().value()).map(Code::HighestModSeq);
        Ok(self.driver.machine.ok_with(code, "Expunged")?)
    }

    async fn transfer(
        &mut self,
        uids: &UidSet,
        to: &Mailbox<'_>,
    ) -> Result<(MailboxId, Vec<Uid>, MailboxId), super::Failure> {
        let mailbox = self.selected()?.mailbox;
        let found = self.app.store.mailbox(self.account()?, to.as_str()).await;
        let to = found.map_err(try_create)?.id;
        Ok((mailbox, self.present(mailbox, uids).await?, to))
    }

    /// Those of the UIDs that have a message. A set like `1:*` is as long as the mailbox.
    async fn present(&self, mailbox: MailboxId, uids: &UidSet) -> mailstore::Result<Vec<Uid>> {
        let snapshot = self.app.store.snapshot(mailbox).await?;
        Ok(snapshot.uids().filter(|uid| uids.contains(uid.value())).collect())
    }
}

fn sets(copied: &Copied) -> (UidSet, UidSet) {
    let from = copied.uids.iter().map(|(from, _)| from.value()).collect();
    let to = copied.uids.iter().map(|(_, to)| to.value()).collect();
    (from, to)
}
