use core::ops::RangeInclusive;

use crate::model::accounts::check;
use crate::model::messages::ascending;
use crate::model::plan::Plan;
use crate::model::{Change, Engine, State};
use crate::{
    AccountId, Error, FlagChange, Flags, FlagsStored, MailboxId, ModSeq, OwnFlags, Readers, Result,
    Uid, Updated,
};

/// Whose flags of which message.
pub(crate) type OwnKey = (MailboxId, AccountId, Uid);

impl<E: Engine> Readers for E {
    async fn own_flags(
        &self,
        mailbox: MailboxId,
        reader: AccountId,
        since: ModSeq,
    ) -> Result<Vec<OwnFlags>> {
        self.read(|state| {
            check(state, reader)?;
            if !state.mailboxes.contains_key(&mailbox) {
                return Err(Error::not_found("mailbox", mailbox));
            }
            let own = state.own.range(all_of(mailbox, reader));
            let changed = own.filter(|(_, (_, modseq))| *modseq > since);
            let listed =
                changed.map(|((.., uid), (flags, at))| OwnFlags::new(*uid, flags.clone(), *at));
            Ok(listed.collect())
        })
    }

    async fn store_own_flags(
        &self,
        mailbox: MailboxId,
        reader: AccountId,
        uids: &[Uid],
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Result<FlagsStored> {
        let uids = ascending(uids);
        self.commit(move |state, now| {
            check(state, reader)?;
            let mut plan = Plan::new(state, now);
            let rows = plan.rows(mailbox)?;
            let next = plan.modseq(mailbox)?;
            let mut stored = FlagsStored::new(rows.status().highest_modseq);
            let mut changes = Vec::new();
            for uid in uids {
                if rows.find(uid).is_none() {
                    stored.missing.push(uid);
                    continue;
                }
                let old = state.own.get(&(mailbox, reader, uid)).cloned();
                let (old, modseq) = old.unwrap_or((Flags::NONE, ModSeq::ZERO));
                if unchanged_since.is_some_and(|since| modseq > since) {
                    stored.conflicts.push(uid);
                    continue;
                }
                let flags = change.apply(&old);
                let changed = flags != old;
                if changed {
                    changes.push(OwnFlags::new(uid, flags.clone(), next));
                }
                let modseq = if changed { next } else { modseq };
                stored.updated.push(Updated::new(uid, flags, modseq, changed));
            }
            if !changes.is_empty() {
                stored.highest_modseq = next;
                plan.change(Change::Own { mailbox, reader, flags: changes });
            }
            Ok((plan.finish(), stored))
        })
        .await
    }
}

impl State {
    /// Who has flags of their own in a mailbox.
    pub(crate) fn readers_of(&self, mailbox: MailboxId) -> Vec<AccountId> {
        let mut found: Vec<AccountId> = Vec::new();
        let mut from = (mailbox, AccountId::new(0), Uid::FIRST);
        while let Some(((of, reader, _), _)) = self.own.range(from..).next()
            && *of == mailbox
        {
            found.push(*reader);
            let Some(next) = reader.value().checked_add(1) else { break };
            from = (mailbox, AccountId::new(next), Uid::FIRST);
        }
        found
    }

    /// The mailboxes where a reader has flags of their own.
    pub(crate) fn read_by(&self, reader: AccountId) -> Vec<MailboxId> {
        let mut found = Vec::new();
        let mut from = (MailboxId::new(0), AccountId::new(0), Uid::FIRST);
        while let Some(((mailbox, ..), _)) = self.own.range(from..).next() {
            if self.own.range(all_of(*mailbox, reader)).next().is_some() {
                found.push(*mailbox);
            }
            let Some(next) = mailbox.value().checked_add(1) else { break };
            from = (MailboxId::new(next), AccountId::new(0), Uid::FIRST);
        }
        found
    }

    pub(super) fn apply_own(&mut self, mailbox: MailboxId, reader: AccountId, all: &[OwnFlags]) {
        let Some(rows) = self.rows_mut(mailbox) else { return };
        let highest = all.iter().map(|own| own.modseq).max().unwrap_or(ModSeq::ZERO);
        rows.raise(Uid::FIRST, highest);
        for own in all {
            self.own.insert((mailbox, reader, own.uid), (own.flags.clone(), own.modseq));
        }
    }

    pub(super) fn forget_own(&mut self, mailbox: MailboxId, reader: AccountId) {
        self.own.extract_if(all_of(mailbox, reader), |_, _| true).for_each(drop);
    }

    /// Forgets what readers have of messages that are gone.
    pub(super) fn expunge_own(&mut self, mailbox: MailboxId, uids: &[Uid]) {
        for reader in self.readers_of(mailbox) {
            for uid in uids {
                self.own.remove(&(mailbox, reader, *uid));
            }
        }
    }

    /// Own flags as they stand now, as changes that make them so; `keys` ascend.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn restate_own<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a OwnKey>,
    ) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        for key @ (mailbox, reader, uid) in keys {
            let Some((own, modseq)) = self.own.get(key) else { continue };
            let own = OwnFlags::new(*uid, own.clone(), *modseq);
            match changes.last_mut() {
                Some(Change::Own { mailbox: of, reader: by, flags })
                    if *of == *mailbox && *by == *reader =>
                {
                    flags.push(own);
                }
                _ => {
                    let (mailbox, reader, flags) = (*mailbox, *reader, vec![own]);
                    changes.push(Change::Own { mailbox, reader, flags });
                }
            }
        }
        changes
    }

    /// Makes the own flags a change touched as they are in `other`.
    #[cfg(feature = "embedded")]
    pub(super) fn follow_own(&mut self, other: &State, change: &Change) {
        let mut keys: Vec<OwnKey> = Vec::new();
        match change {
            Change::Own { mailbox, reader, flags } => {
                keys.extend(flags.iter().map(|own| (*mailbox, *reader, own.uid)));
            }
            Change::OwnGone { mailbox, reader } => {
                for side in [&*self, other] {
                    keys.extend(side.own.range(all_of(*mailbox, *reader)).map(|(key, _)| *key));
                }
            }
            Change::Expunged { mailbox, gone, .. } => {
                let mut readers = self.readers_of(*mailbox);
                readers.extend(other.readers_of(*mailbox));
                readers.dedup();
                for reader in readers {
                    keys.extend(gone.iter().map(|(uid, _)| (*mailbox, reader, *uid)));
                }
            }
            _ => {}
        }
        for key in keys {
            super::state::follow_tree(&mut self.own, &other.own, &key);
        }
    }
}

fn all_of(mailbox: MailboxId, reader: AccountId) -> RangeInclusive<OwnKey> {
    (mailbox, reader, Uid::FIRST)..=(mailbox, reader, Uid::LAST)
}
