use bytes::Bytes;

use crate::model::accounts::check;
use crate::model::engine::Planned;
use crate::model::plan::Plan;
use crate::model::{Change, Engine};
use crate::rows::Rows;
use crate::{
    AccountId, Appended, Body, Copied, Delivered, Delivery, Error, Expunge, Expunged, FlagChange,
    Flags, FlagsStored, MailboxId, MaildropLock, MessageId, Messages, ModSeq, NewMessage, Result,
    Snapshot, ThreadId, Uid, Updated, Upload,
};

impl<E: Engine> Messages for E {
    fn upload(&self) -> Upload {
        self.start_upload()
    }

    async fn append(&self, mailbox: MailboxId, messages: Vec<NewMessage>) -> Result<Appended> {
        let mut adopted = Vec::with_capacity(messages.len());
        for mut message in messages {
            message.body = self.adopt(message.body).await?;
            adopted.push(message);
        }
        self.commit(move |state, now| append(Plan::new(state, now), mailbox, adopted)).await
    }

    async fn deliver(&self, mut delivery: Delivery) -> Result<Delivered> {
        delivery.body = self.adopt(delivery.body).await?;
        self.commit(move |state, now| {
            let mut plan = Plan::new(state, now);
            let delivered = plan.deliver(delivery)?;
            plan.within_quota()?;
            Ok((plan.finish(), delivered))
        })
        .await
    }

    async fn snapshot(&self, mailbox: MailboxId) -> Result<Snapshot> {
        let rows = self.read(|state| state.mailboxes.get(&mailbox).map(|m| m.rows.clone()));
        rows.map(Snapshot::from_rows).ok_or_else(|| Error::not_found("mailbox", mailbox))
    }

    async fn facts(&self, messages: &[MessageId]) -> Result<Vec<Option<Bytes>>> {
        self.find_facts(messages).await
    }

    async fn threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        self.find_threads(messages).await
    }

    async fn body(&self, message: MessageId) -> Result<Body> {
        self.find_body(message).await
    }

    async fn store_flags(
        &self,
        mailbox: MailboxId,
        uids: &[Uid],
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Result<FlagsStored> {
        let uids = ascending(uids);
        self.commit(move |state, now| {
            store_flags(Plan::new(state, now), mailbox, &uids, &change, unchanged_since)
        })
        .await
    }

    async fn copy(&self, mailbox: MailboxId, uids: &[Uid], to: MailboxId) -> Result<Copied> {
        let uids = ascending(uids);
        self.commit(move |state, now| {
            let mut plan = Plan::new(state, now);
            let copied = copy(&mut plan, mailbox, &uids, to)?;
            plan.within_quota()?;
            Ok((plan.finish(), copied))
        })
        .await
    }

    async fn move_to(&self, mailbox: MailboxId, uids: &[Uid], to: MailboxId) -> Result<Copied> {
        let uids = ascending(uids);
        self.commit(move |state, now| {
            let mut plan = Plan::new(state, now);
            let copied = copy(&mut plan, mailbox, &uids, to)?;
            let moved: Vec<Uid> = copied.uids.iter().map(|(old, _)| *old).collect();
            plan.expunge(mailbox, &moved)?;
            plan.within_quota()?;
            Ok((plan.finish(), copied))
        })
        .await
    }

    async fn expunge(&self, mailbox: MailboxId, which: Expunge) -> Result<Expunged> {
        self.commit(move |state, now| {
            let mut plan = Plan::new(state, now);
            let uids = chosen(plan.rows(mailbox)?, &which);
            let highest_modseq = plan.expunge(mailbox, &uids)?;
            Ok((plan.finish(), Expunged::new(uids, highest_modseq)))
        })
        .await
    }

    async fn lock_maildrop(&self, account: AccountId) -> Result<MaildropLock> {
        self.read(|state| check(state, account))?;
        let lock = self.hub().maildrops.lock(account)?;
        Ok(lock.beside(self.hold_maildrop(account)?))
    }

    async fn barrier(&self) -> Result<()> {
        self.commit(|_, _| Ok((Vec::new(), ()))).await
    }
}

fn append(mut plan: Plan<'_>, mailbox: MailboxId, messages: Vec<NewMessage>) -> Planned<Appended> {
    let status = plan.rows(mailbox)?.status();
    let mut appended =
        Appended::new(status.uid_validity, Vec::new(), Vec::new(), status.highest_modseq);
    if !messages.is_empty() {
        appended.modseq = plan.modseq(mailbox)?;
    }
    for NewMessage { body, flags, internal_date, facts, thread } in messages {
        let message = plan.object(&body, facts, thread);
        let place = plan.row(mailbox, (message, body.size()), &flags, internal_date)?;
        appended.uids.push(place.uid);
        appended.messages.push(message);
    }
    plan.within_quota()?;
    Ok((plan.finish(), appended))
}

fn store_flags(
    mut plan: Plan<'_>,
    mailbox: MailboxId,
    uids: &[Uid],
    change: &FlagChange,
    unchanged_since: Option<ModSeq>,
) -> Planned<FlagsStored> {
    let rows = plan.rows(mailbox)?;
    let next = plan.modseq(mailbox)?;
    let change = match change {
        FlagChange::Add(flags) => FlagChange::Add(rows.spelled(flags)),
        FlagChange::Remove(flags) => FlagChange::Remove(flags.clone()),
        FlagChange::Replace(flags) => FlagChange::Replace(rows.spelled(flags)),
    };
    let mut stored = FlagsStored::new(rows.status().highest_modseq);
    // Rows that end up with the same flags share one change; there are few such groups.
    let mut groups: Vec<(Flags, Vec<Uid>)> = Vec::new();
    let mut found = rows.some(uids).peekable();
    for uid in uids {
        let Some(row) = found.next_if(|row| row.uid == *uid) else {
            stored.missing.push(*uid);
            continue;
        };
        if unchanged_since.is_some_and(|since| row.modseq > since) {
            stored.conflicts.push(*uid);
            continue;
        }
        let flags = change.apply(&row.flags);
        let changed = flags != row.flags;
        let modseq = if changed { next } else { row.modseq };
        if changed {
            stored.highest_modseq = next;
            match groups.iter_mut().rev().find(|(group, _)| *group == flags) {
                Some((_, members)) => members.push(*uid),
                None => groups.push((flags.clone(), vec![*uid])),
            }
        }
        stored.updated.push(Updated::new(*uid, flags, modseq, changed));
    }
    for (flags, uids) in groups {
        plan.change(Change::Flagged { mailbox, modseq: next, flags, uids });
    }
    Ok((plan.finish(), stored))
}

fn copy(plan: &mut Plan<'_>, mailbox: MailboxId, uids: &[Uid], to: MailboxId) -> Result<Copied> {
    let (from, target) = (plan.rows(mailbox)?, plan.rows(to)?);
    let mut copied = Copied::new(target.status().uid_validity, Vec::new());
    for row in from.some(uids) {
        let message = (row.message, row.size);
        let place = plan.row(to, message, &row.flags, row.internal_date)?;
        copied.uids.push((row.uid, place.uid));
    }
    Ok(copied)
}

fn chosen(rows: &Rows, which: &Expunge) -> Vec<Uid> {
    match which {
        Expunge::Deleted => rows.deleted().collect(),
        Expunge::DeletedAmong(uids) => {
            let uids = ascending(uids);
            rows.deleted().filter(|uid| uids.binary_search(uid).is_ok()).collect()
        }
        Expunge::Exactly(uids) => rows.some(&ascending(uids)).map(|row| row.uid).collect(),
    }
}

pub(super) fn ascending(uids: &[Uid]) -> Vec<Uid> {
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    uids.dedup();
    uids
}
