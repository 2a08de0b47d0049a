//! A write in the making: hands out numbers and gathers changes without touching the state.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use crate::model::state::{MailboxState, State};
use crate::model::{Change, Object, Place as ObjectPlace};
use crate::rows::Rows;
use crate::upload::Content;
use crate::{
    AccountId, Delivered, Delivery, Envelope, EnvelopeId, Error, Flags, Mailbox, MailboxId,
    MessageId, ModSeq, NewMailbox, Place, Result, Rights, Row, Scope, Staged, ThreadId, Timestamp,
    Uid, UidValidity, mailbox_name,
};

pub(crate) struct Plan<'a> {
    pub(crate) state: &'a State,
    pub(crate) now: Timestamp,
    changes: Vec<Change>,
    /// What takes away comes last: a message that moves is never without a place.
    removals: Vec<Change>,
    last: super::state::Counters,
    steps: BTreeMap<MailboxId, Step>,
    /// Names taken by this very plan.
    names: HashMap<(AccountId, String), MailboxId>,
    /// What accounts gain: octets, messages.
    gains: BTreeMap<AccountId, (i128, i128)>,
}

/// What the plan adds to one mailbox.
struct Step {
    next: Option<Uid>,
    modseq: ModSeq,
    uid_validity: UidValidity,
    rows: Vec<Row>,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(state: &'a State, now: Timestamp) -> Plan<'a> {
        Plan {
            state,
            now,
            changes: Vec::new(),
            removals: Vec::new(),
            last: state.last,
            steps: BTreeMap::new(),
            names: HashMap::new(),
            gains: BTreeMap::new(),
        }
    }

    pub(crate) fn change(&mut self, change: Change) {
        match change {
            Change::Expunged { .. }
            | Change::MailboxGone { .. }
            | Change::EnvelopeGone { .. }
            | Change::AccountGone { .. } => self.removals.push(change),
            _ => self.changes.push(change),
        }
    }

    /// The changes, new rows after what they need, removals at the end.
    pub(crate) fn finish(mut self) -> Vec<Change> {
        let mut changes = self.changes;
        for (mailbox, step) in &mut self.steps {
            if !step.rows.is_empty() {
                let rows = core::mem::take(&mut step.rows);
                changes.push(Change::Rows { mailbox: *mailbox, rows });
            }
        }
        changes.append(&mut self.removals);
        changes
    }

    pub(crate) fn account(&mut self) -> AccountId {
        self.last.account += 1;
        AccountId::new(self.last.account)
    }

    /// Creates the mailbox and the missing levels above it.
    pub(crate) fn mailbox(&mut self, account: AccountId, new: &NewMailbox) -> Result<Mailbox> {
        let name = mailbox_name(&new.name)?;
        if self.name_taken(account, &name) {
            return Err(Error::already_exists("mailbox", name));
        }
        self.levels_above(account, &name)?;
        let (id, uid_validity) = self.next_mailbox()?;
        self.names.insert((account, name.clone()), id);
        let special_use = new.special_use;
        let (kept, subscribed) = (name.clone(), name.clone());
        self.change(Change::Mailbox { id, account, name: kept, special_use, uid_validity });
        if new.subscribe {
            self.change(Change::Subscribed { account, name: subscribed });
        }
        let subscribed =
            new.subscribe || self.state.subscriptions.contains(&(account, name.clone()));
        Ok(Mailbox { id, account, name, special_use, subscribed, uid_validity })
    }

    /// Creates the missing levels above a name.
    pub(crate) fn levels_above(&mut self, account: AccountId, name: &str) -> Result<()> {
        for (end, _) in name.match_indices('/') {
            let Some(level) = name.get(..end) else { continue };
            if !self.name_taken(account, level) {
                let (id, uid_validity) = self.next_mailbox()?;
                let level = level.to_owned();
                self.names.insert((account, level.clone()), id);
                let special_use = None;
                self.change(Change::Mailbox {
                    id,
                    account,
                    name: level,
                    special_use,
                    uid_validity,
                });
            }
        }
        Ok(())
    }

    fn name_taken(&self, account: AccountId, name: &str) -> bool {
        let key = (account, name.to_owned());
        self.names.contains_key(&key) || self.state.names.contains_key(&key)
    }

    fn next_mailbox(&mut self) -> Result<(MailboxId, UidValidity)> {
        self.last.mailbox += 1;
        // Following the clock keeps values apart even from those of a store that was lost.
        let clock = u32::try_from(self.now.secs()).unwrap_or(0);
        let last = self.last.uid_validity;
        self.last.uid_validity = last.saturating_add(1).max(clock);
        if self.last.uid_validity == last {
            return Err(Error::invalid("the store has used all UIDVALIDITY values"));
        }
        let uid_validity = UidValidity::new(self.last.uid_validity)
            .ok_or(Error::invalid("the store has used all UIDVALIDITY values"))?;
        Ok((MailboxId::new(self.last.mailbox), uid_validity))
    }

    pub(crate) fn find(&self, mailbox: MailboxId) -> Result<&'a Arc<MailboxState>> {
        self.state.mailboxes.get(&mailbox).ok_or_else(|| Error::not_found("mailbox", mailbox))
    }

    pub(crate) fn rows(&self, mailbox: MailboxId) -> Result<&'a Arc<Rows>> {
        Ok(&self.find(mailbox)?.rows)
    }

    /// The modseq of everything this plan does to the mailbox.
    pub(crate) fn modseq(&mut self, mailbox: MailboxId) -> Result<ModSeq> {
        Ok(self.step(mailbox)?.modseq)
    }

    pub(crate) fn object(
        &mut self,
        staged: &Staged,
        facts: Bytes,
        thread: Option<ThreadId>,
    ) -> MessageId {
        self.last.message += 1;
        let id = MessageId::new(self.last.message);
        let body = match staged.content() {
            Content::Memory(bytes) => ObjectPlace::Memory(bytes.clone()),
            Content::File(file) => ObjectPlace::Spooled(file.clone()),
        };
        let (size, crc, facts) = (staged.size(), staged.crc32c(), ObjectPlace::Memory(facts));
        self.change(Change::Object { id, object: Object { size, crc, thread, facts, body } });
        id
    }

    pub(crate) fn row(
        &mut self,
        mailbox: MailboxId,
        (message, size): (MessageId, u64),
        flags: &Flags,
        internal_date: Timestamp,
    ) -> Result<Place> {
        let account = self.find(mailbox)?.account;
        self.gain(account, i128::from(size), 1);
        let flags = self.rows(mailbox)?.spelled(flags);
        let save_date = self.now;
        let step = self.step(mailbox)?;
        let uid = step.next.ok_or(Error::invalid("the mailbox has used all UIDs"))?;
        // The last number of all stays unused, so that there always is a UIDNEXT.
        step.next = uid.next().filter(|next| next.next().is_some());
        let modseq = step.modseq;
        step.rows.push(Row { uid, message, flags, modseq, size, internal_date, save_date });
        Ok(Place::new(mailbox, step.uid_validity, uid))
    }

    /// A mailbox this plan creates can be filled by it too.
    pub(crate) fn open(&mut self, mailbox: &Mailbox) {
        let step = Step {
            next: Some(Uid::FIRST),
            modseq: ModSeq::FIRST.next(),
            uid_validity: mailbox.uid_validity,
            rows: Vec::new(),
        };
        self.steps.insert(mailbox.id, step);
    }

    pub(crate) fn push_row(&mut self, mailbox: MailboxId, old: &Row) -> Result<Uid> {
        let step = self.step(mailbox)?;
        let uid = step.next.ok_or(Error::invalid("the mailbox has used all UIDs"))?;
        step.next = uid.next().filter(|next| next.next().is_some());
        let modseq = step.modseq;
        step.rows.push(Row { uid, modseq, ..old.clone() });
        Ok(uid)
    }

    pub(crate) fn deliver(&mut self, delivery: Delivery) -> Result<Delivered> {
        let Delivery { body, facts, thread, targets, envelopes } = delivery;
        if targets.is_empty() && envelopes.is_empty() {
            return Err(Error::invalid("a delivery needs a mailbox or an envelope"));
        }
        if envelopes.iter().any(|new| new.recipients.is_empty()) {
            return Err(Error::invalid("an envelope needs a recipient"));
        }
        let message = self.object(&body, facts, thread);
        let size = body.size();
        let mut delivered = Delivered::new(message, Vec::new(), Vec::new());
        for target in targets {
            let date = target.internal_date;
            let place = self.row(target.mailbox, (message, size), &target.flags, date)?;
            delivered.places.push(place);
        }
        for new in envelopes {
            self.last.envelope += 1;
            let id = EnvelopeId::new(self.last.envelope);
            let envelope = Arc::new(Envelope::new(id, message, size, self.now, new));
            self.change(Change::Envelope { envelope, new: true });
            delivered.envelopes.push(id);
        }
        Ok(delivered)
    }

    /// Expunges rows of a mailbox; `uids` ascend and exist.
    pub(crate) fn expunge(&mut self, mailbox: MailboxId, uids: &[Uid]) -> Result<ModSeq> {
        let rows = self.rows(mailbox)?;
        if uids.is_empty() {
            return Ok(rows.status().highest_modseq);
        }
        let modseq = self.modseq(mailbox)?;
        let mut gone = Vec::with_capacity(uids.len());
        let account = self.find(mailbox)?.account;
        for row in rows.some(uids) {
            self.gain(account, -i128::from(row.size), -1);
            gone.push((row.uid, row.message));
        }
        self.change(Change::Expunged { mailbox, modseq, gone });
        Ok(modseq)
    }

    /// Refuses the plan when it takes an account above a limit.
    pub(crate) fn within_quota(&self) -> Result<()> {
        for (account, (octets, messages)) in &self.gains {
            let quota = self.state.quota(*account);
            let over = |gain: i128, used: u64, limit: Option<u64>| {
                limit.filter(|limit| gain > 0 && i128::from(used) + gain > i128::from(*limit))
            };
            if let Some(limit) = over(*octets, quota.octets, quota.limits.octets) {
                return Err(Error::over_quota(*account, "octets", limit));
            }
            if let Some(limit) = over(*messages, quota.messages, quota.limits.messages) {
                return Err(Error::over_quota(*account, "messages", limit));
            }
        }
        Ok(())
    }

    fn gain(&mut self, account: AccountId, octets: i128, messages: i128) {
        let gain = self.gains.entry(account).or_default();
        *gain = (gain.0 + octets, gain.1 + messages);
    }

    /// Removes what belongs to a mailbox beside its rows.
    pub(crate) fn forget_mailbox(&mut self, mailbox: MailboxId) {
        let state = self.state;
        let grants = state.grants.range((mailbox, String::new())..);
        for ((mailbox, identifier), _) in grants.take_while(|(key, _)| key.0 == mailbox) {
            let (mailbox, identifier) = (*mailbox, identifier.clone());
            self.change(Change::Granted { mailbox, identifier, rights: Rights::default() });
        }
        self.forget_metadata(Scope::Mailbox(mailbox));
    }

    pub(crate) fn forget_metadata(&mut self, scope: Scope) {
        let state = self.state;
        let entries = state.metadata.range((scope, String::new())..);
        for ((scope, key), _) in entries.take_while(|(key, _)| key.0 == scope) {
            self.change(Change::Metadata { scope: *scope, key: key.clone(), value: None });
        }
    }

    fn step(&mut self, mailbox: MailboxId) -> Result<&mut Step> {
        use std::collections::btree_map::Entry;
        match self.steps.entry(mailbox) {
            Entry::Occupied(step) => Ok(step.into_mut()),
            Entry::Vacant(free) => {
                let found = self.state.mailboxes.get(&mailbox);
                let found = found.ok_or_else(|| Error::not_found("mailbox", mailbox))?;
                let status = found.rows.status();
                Ok(free.insert(Step {
                    next: Some(status.uid_next).filter(|next| next.next().is_some()),
                    modseq: status.highest_modseq.next(),
                    uid_validity: status.uid_validity,
                    rows: Vec::new(),
                }))
            }
        }
    }
}
