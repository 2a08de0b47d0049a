use crate::model::Engine;
use crate::{ChangeSet, Changes, Error, MailboxId, ModSeq, Result, Watcher};

impl<E: Engine> Changes for E {
    async fn watch(&self, mailbox: MailboxId) -> Result<Watcher> {
        // What is new is taken in before: under the hub's lock nobody could be told of it.
        self.read(|_| ());
        self.hub().watch(mailbox, || {
            self.known(|state| Some(state.mailboxes.get(&mailbox)?.rows.status().highest_modseq))
        })
    }

    async fn changes_since(&self, mailbox: MailboxId, modseq: ModSeq) -> Result<ChangeSet> {
        let rows = self.read(|state| state.mailboxes.get(&mailbox).map(|m| m.rows.clone()));
        let rows = rows.ok_or_else(|| Error::not_found("mailbox", mailbox))?;
        let changed = rows.changed_since(modseq).collect();
        let expunged = rows.expunged_since(modseq);
        let set = ChangeSet::new(changed, expunged, rows.status().highest_modseq);
        Ok(set.forgotten(rows.forgets(modseq)))
    }
}
