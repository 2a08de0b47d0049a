//! Everything a store knows but the octets, as a value that is cheap to clone and to compare by parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;

#[cfg(feature = "journal")]
use crate::model::Objects;
use crate::model::{Object, OwnKey};
use crate::rows::{Rows, Standing};
use crate::{
    AccountId, Credential, Envelope, EnvelopeId, Flags, Limits, Mailbox, MailboxId, MessageId,
    ModSeq, OwnFlags, Quota, Rights, Row, Scope, SpecialUse, Uid, UidValidity,
};

/// One step of a store's history. A write is a list of them, applied all or none. They hold results,
/// not requests: replaying them needs no decision.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Account {
        id: AccountId,
        login: String,
        credentials: Vec<Credential>,
    },
    AccountGone {
        id: AccountId,
    },
    Subscribed {
        account: AccountId,
        name: String,
    },
    Unsubscribed {
        account: AccountId,
        name: String,
    },
    /// A mailbox is new or has a new name.
    Mailbox {
        id: MailboxId,
        account: AccountId,
        name: String,
        special_use: Option<SpecialUse>,
        uid_validity: UidValidity,
    },
    /// Its rows were expunged before.
    MailboxGone {
        id: MailboxId,
    },
    Object {
        id: MessageId,
        object: Object,
    },
    /// New rows, ascending.
    Rows {
        mailbox: MailboxId,
        rows: Vec<Row>,
    },
    /// These rows have exactly these flags now.
    Flagged {
        mailbox: MailboxId,
        modseq: ModSeq,
        flags: Flags,
        uids: Vec<Uid>,
    },
    /// Ascending.
    Expunged {
        mailbox: MailboxId,
        modseq: ModSeq,
        gone: Vec<(Uid, MessageId)>,
    },
    Envelope {
        envelope: Arc<Envelope>,
        new: bool,
    },
    EnvelopeGone {
        id: EnvelopeId,
        message: MessageId,
    },
    /// An entry is set, or removed.
    Metadata {
        scope: Scope,
        key: String,
        value: Option<Bytes>,
    },
    /// No rights: the identifier is off the list.
    Granted {
        mailbox: MailboxId,
        identifier: String,
        rights: Rights,
    },
    Limited {
        account: AccountId,
        limits: Limits,
    },
    /// These are the flags a reader has for themselves now, ascending.
    Own {
        mailbox: MailboxId,
        reader: AccountId,
        flags: Vec<OwnFlags>,
    },
    /// A reader has none any more in this mailbox.
    OwnGone {
        mailbox: MailboxId,
        reader: AccountId,
    },
    /// A message is elsewhere now. It is new only to a reader who has not seen the log's beginning: then
    /// this many rows and envelopes need it.
    Moved {
        id: MessageId,
        object: Object,
        needed: u32,
    },
    /// Rows said again, ascending.
    Restored {
        mailbox: MailboxId,
        rows: Vec<Row>,
    },
    /// Where a mailbox stands, said again.
    Stands {
        mailbox: MailboxId,
        standing: Standing,
    },
    /// The highest numbers given out, said again.
    Counters(Counters),
}

/// Accounts, mailboxes, rows and envelopes.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) accounts: HashMap<AccountId, Arc<AccountState>>,
    /// By lower-cased login name.
    pub(crate) logins: BTreeMap<String, AccountId>,
    pub(crate) names: BTreeMap<(AccountId, String), MailboxId>,
    pub(crate) subscriptions: BTreeSet<(AccountId, String)>,
    pub(crate) mailboxes: HashMap<MailboxId, Arc<MailboxState>>,
    pub(crate) envelopes: BTreeMap<EnvelopeId, Arc<Envelope>>,
    pub(crate) metadata: BTreeMap<(Scope, String), Bytes>,
    pub(crate) grants: BTreeMap<(MailboxId, String), Rights>,
    pub(crate) limits: HashMap<AccountId, Limits>,
    /// What readers have for themselves; without any flags: they had some.
    pub(crate) own: BTreeMap<OwnKey, (Flags, ModSeq)>,
    /// Octets and messages of each account that has some.
    usage: HashMap<AccountId, (u64, u64)>,
    pub(crate) last: Counters,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountState {
    pub(crate) login: String,
    pub(crate) credentials: Vec<Credential>,
}

#[derive(Clone, Debug)]
pub(crate) struct MailboxState {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) special_use: Option<SpecialUse>,
    pub(crate) rows: Arc<Rows>,
}

/// The highest numbers ever given out, so that none is given out twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) account: u64,
    pub(crate) mailbox: u64,
    pub(crate) message: u64,
    pub(crate) envelope: u64,
    pub(crate) uid_validity: u32,
}

impl Counters {
    /// The higher of each.
    fn max(self, other: Counters) -> Counters {
        Counters {
            account: self.account.max(other.account),
            mailbox: self.mailbox.max(other.mailbox),
            message: self.message.max(other.message),
            envelope: self.envelope.max(other.envelope),
            uid_validity: self.uid_validity.max(other.uid_validity),
        }
    }
}

impl State {
    /// An account as changes that make it what it is.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn restate_account(&self, id: AccountId) -> Vec<Change> {
        let Some(account) = self.accounts.get(&id) else { return Vec::new() };
        let (login, credentials) = (account.login.clone(), account.credentials.clone());
        let mut changes = vec![Change::Account { id, login, credentials }];
        if let Some(limits) = self.limits.get(&id) {
            changes.push(Change::Limited { account: id, limits: *limits });
        }
        changes
    }

    /// A mailbox as a change that makes it what it is.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn restate_mailbox(&self, id: MailboxId) -> Option<Change> {
        let mailbox = self.mailboxes.get(&id)?;
        let (account, name) = (mailbox.account, mailbox.name.clone());
        let (special_use, uid_validity) = (mailbox.special_use, mailbox.rows.status().uid_validity);
        Some(Change::Mailbox { id, account, name, special_use, uid_validity })
    }

    /// Everything, as changes that make it what it is, also after changes that led to it.
    #[cfg(feature = "journal")]
    pub(crate) fn restate(&self, objects: &Objects) -> Vec<Change> {
        let mut changes = vec![Change::Counters(self.last)];
        changes.extend(self.accounts.keys().flat_map(|id| self.restate_account(*id)));
        changes.extend(self.mailboxes.keys().filter_map(|id| self.restate_mailbox(*id)));
        let subscriptions = self.subscriptions.iter().cloned();
        changes.extend(subscriptions.map(|(account, name)| Change::Subscribed { account, name }));
        for ((scope, key), value) in &self.metadata {
            let (key, value) = (key.clone(), Some(value.clone()));
            changes.push(Change::Metadata { scope: *scope, key, value });
        }
        for ((mailbox, identifier), rights) in &self.grants {
            let (identifier, rights) = (identifier.clone(), rights.clone());
            changes.push(Change::Granted { mailbox: *mailbox, identifier, rights });
        }
        for (id, object) in objects.iter() {
            let needed = objects.needed(id).unwrap_or(0);
            changes.push(Change::Moved { id, object, needed });
        }
        for (id, mailbox) in &self.mailboxes {
            changes.push(Change::Stands { mailbox: *id, standing: mailbox.rows.standing() });
            let rows = mailbox.rows.iter().collect();
            changes.push(Change::Restored { mailbox: *id, rows });
        }
        changes.extend(self.restate_own(self.own.keys()));
        let envelopes = self.envelopes.values().cloned();
        changes.extend(envelopes.map(|envelope| Change::Envelope { envelope, new: false }));
        changes
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::Account { id, login, credentials } => {
                self.last.account = self.last.account.max(id.value());
                self.logins.insert(login.to_ascii_lowercase(), *id);
                let (login, credentials) = (login.clone(), credentials.clone());
                self.accounts.insert(*id, Arc::new(AccountState { login, credentials }));
            }
            Change::AccountGone { id } => {
                if let Some(account) = self.accounts.remove(id) {
                    self.logins.remove(&account.login.to_ascii_lowercase());
                }
            }
            Change::Subscribed { account, name } => {
                self.subscriptions.insert((*account, name.clone()));
            }
            Change::Unsubscribed { account, name } => {
                self.subscriptions.remove(&(*account, name.clone()));
            }
            Change::Mailbox { id, account, name, special_use, uid_validity } => {
                self.last.mailbox = self.last.mailbox.max(id.value());
                self.last.uid_validity = self.last.uid_validity.max(uid_validity.value());
                let old = self.mailboxes.get(id);
                let rows =
                    old.map_or_else(|| Arc::new(Rows::new(*uid_validity)), |m| m.rows.clone());
                if let Some(old) = old {
                    self.forget_name(*id, old.account, old.name.clone());
                }
                self.names.insert((*account, name.clone()), *id);
                let (account, name) = (*account, name.clone());
                let mailbox = MailboxState { account, name, special_use: *special_use, rows };
                self.mailboxes.insert(*id, Arc::new(mailbox));
            }
            Change::MailboxGone { id } => {
                if let Some(old) = self.mailboxes.remove(id) {
                    self.forget_name(*id, old.account, old.name.clone());
                }
            }
            Change::Object { id, .. } | Change::Moved { id, .. } => {
                self.last.message = self.last.message.max(id.value())
            }
            Change::Rows { mailbox, rows } => {
                self.count_rows(*mailbox, |all| rows.iter().for_each(|row| _ = all.push(row)));
            }
            Change::Flagged { mailbox, modseq, flags, uids } => {
                if let Some(all) = self.rows_mut(*mailbox) {
                    all.set_flags(uids, flags, *modseq);
                }
            }
            Change::Expunged { mailbox, modseq, gone } => {
                let uids: Vec<Uid> = gone.iter().map(|(uid, _)| *uid).collect();
                self.count_rows(*mailbox, |all| all.remove(&uids, *modseq));
                self.expunge_own(*mailbox, &uids);
            }
            Change::Envelope { envelope, .. } => {
                self.last.envelope = self.last.envelope.max(envelope.id.value());
                self.envelopes.insert(envelope.id, envelope.clone());
            }
            Change::EnvelopeGone { id, .. } => _ = self.envelopes.remove(id),
            Change::Metadata { scope, key, value } => {
                let key = (*scope, key.clone());
                match value {
                    Some(value) => _ = self.metadata.insert(key, value.clone()),
                    None => _ = self.metadata.remove(&key),
                }
            }
            Change::Granted { mailbox, identifier, rights } => {
                let key = (*mailbox, identifier.clone());
                match rights.is_empty() {
                    true => _ = self.grants.remove(&key),
                    false => _ = self.grants.insert(key, rights.clone()),
                }
            }
            Change::Limited { account, limits } => match *limits == Limits::default() {
                true => _ = self.limits.remove(account),
                false => _ = self.limits.insert(*account, *limits),
            },
            Change::Own { mailbox, reader, flags } => self.apply_own(*mailbox, *reader, flags),
            Change::OwnGone { mailbox, reader } => self.forget_own(*mailbox, *reader),
            Change::Restored { mailbox, rows } => {
                let found = self.mailboxes.get(mailbox).map(|mailbox| mailbox.rows.clone());
                if found.is_some_and(|all| rows.iter().any(|r| all.find(r.uid).as_ref() != Some(r)))
                {
                    self.count_rows(*mailbox, |all| all.restore(rows));
                }
            }
            Change::Stands { mailbox, standing } => {
                self.count_rows(*mailbox, |all| all.stand(standing));
            }
            Change::Counters(counters) => self.last = self.last.max(*counters),
        }
    }

    pub(crate) fn quota(&self, account: AccountId) -> Quota {
        let (octets, messages) = self.usage.get(&account).copied().unwrap_or_default();
        Quota::new(octets, messages, self.limits.get(&account).copied().unwrap_or_default())
    }

    /// Counts what every account holds.
    #[cfg(any(feature = "embedded", feature = "journal"))]
    pub(crate) fn recount(&mut self) {
        self.usage.clear();
        for mailbox in self.mailboxes.values() {
            let status = mailbox.rows.status();
            if status.messages > 0 {
                let usage = self.usage.entry(mailbox.account).or_default();
                usage.0 = usage.0.saturating_add(status.size);
                usage.1 = usage.1.saturating_add(status.messages.into());
            }
        }
    }

    /// Changes rows and counts what that does to the account.
    pub(crate) fn count_rows(&mut self, mailbox: MailboxId, change: impl FnOnce(&mut Rows)) {
        let Some(account) = self.mailboxes.get(&mailbox).map(|mailbox| mailbox.account) else {
            return;
        };
        let Some(rows) = self.rows_mut(mailbox) else { return };
        let before = rows.status();
        change(rows);
        let after = rows.status();
        let usage = self.usage.entry(account).or_default();
        let step = |used: u64, old: u64, new: u64| used.saturating_add(new).saturating_sub(old);
        usage.0 = step(usage.0, before.size, after.size);
        usage.1 = step(usage.1, before.messages.into(), after.messages.into());
        if *usage == (0, 0) {
            self.usage.remove(&account);
        }
    }

    /// Makes everything these changes touched as it is in `other`, sharing its parts: this publishes
    /// what is durable, and the other way round undoes what could not be made so.
    #[cfg(feature = "embedded")]
    pub(crate) fn follow(&mut self, other: &State, changes: &[Change]) {
        for change in changes {
            self.follow_own(other, change);
            match change {
                Change::Account { id, .. } | Change::AccountGone { id } => {
                    for side in [self.accounts.get(id), other.accounts.get(id)] {
                        let login = side.map(|account| account.login.to_ascii_lowercase());
                        if let Some(login) = login {
                            follow_tree(&mut self.logins, &other.logins, &login);
                        }
                    }
                    follow_hash(&mut self.accounts, &other.accounts, id);
                }
                Change::Subscribed { account, name } | Change::Unsubscribed { account, name } => {
                    let key = (*account, name.clone());
                    if other.subscriptions.contains(&key) {
                        self.subscriptions.insert(key);
                    } else {
                        self.subscriptions.remove(&key);
                    }
                }
                Change::Mailbox { id, .. } | Change::MailboxGone { id } => {
                    self.follow_usage(other, *id);
                    for side in [self.mailboxes.get(id), other.mailboxes.get(id)] {
                        let key = side.map(|mailbox| (mailbox.account, mailbox.name.clone()));
                        if let Some(key) = key {
                            follow_tree(&mut self.names, &other.names, &key);
                        }
                    }
                    follow_hash(&mut self.mailboxes, &other.mailboxes, id);
                }
                Change::Rows { mailbox, .. }
                | Change::Flagged { mailbox, .. }
                | Change::Expunged { mailbox, .. }
                | Change::Own { mailbox, .. }
                | Change::Restored { mailbox, .. }
                | Change::Stands { mailbox, .. } => {
                    self.follow_usage(other, *mailbox);
                    follow_hash(&mut self.mailboxes, &other.mailboxes, mailbox);
                }
                Change::Object { .. }
                | Change::Moved { .. }
                | Change::OwnGone { .. }
                | Change::Counters(_) => {}
                Change::Envelope { envelope, .. } => {
                    follow_tree(&mut self.envelopes, &other.envelopes, &envelope.id);
                }
                Change::EnvelopeGone { id, .. } => {
                    follow_tree(&mut self.envelopes, &other.envelopes, id);
                }
                Change::Metadata { scope, key, .. } => {
                    let key = (*scope, key.clone());
                    follow_tree(&mut self.metadata, &other.metadata, &key);
                }
                Change::Granted { mailbox, identifier, .. } => {
                    let key = (*mailbox, identifier.clone());
                    follow_tree(&mut self.grants, &other.grants, &key);
                }
                Change::Limited { account, .. } => {
                    follow_hash(&mut self.limits, &other.limits, account);
                }
            }
        }
        self.last = other.last;
    }

    #[cfg(feature = "embedded")]
    fn follow_usage(&mut self, other: &State, mailbox: MailboxId) {
        let found = self.mailboxes.get(&mailbox).or_else(|| other.mailboxes.get(&mailbox));
        if let Some(account) = found.map(|mailbox| mailbox.account) {
            follow_hash(&mut self.usage, &other.usage, &account);
        }
    }

    pub(crate) fn describe(&self, id: MailboxId) -> Option<Mailbox> {
        let mailbox = self.mailboxes.get(&id)?;
        let key = (mailbox.account, mailbox.name.clone());
        let subscribed = self.subscriptions.contains(&key);
        let (account, name) = key;
        let uid_validity = mailbox.rows.status().uid_validity;
        let special_use = mailbox.special_use;
        Some(Mailbox { id, account, name, special_use, subscribed, uid_validity })
    }

    pub(crate) fn rows_mut(&mut self, id: MailboxId) -> Option<&mut Rows> {
        let mailbox = Arc::make_mut(self.mailboxes.get_mut(&id)?);
        Some(Arc::make_mut(&mut mailbox.rows))
    }

    /// Removes a name unless it is another mailbox's by now.
    fn forget_name(&mut self, id: MailboxId, account: AccountId, name: String) {
        let key = (account, name);
        if self.names.get(&key) == Some(&id) {
            self.names.remove(&key);
        }
    }
}

#[cfg(feature = "embedded")]
fn follow_hash<K: Copy + Eq + core::hash::Hash, V: Clone>(
    own: &mut HashMap<K, V>,
    other: &HashMap<K, V>,
    key: &K,
) {
    match other.get(key) {
        Some(value) => own.insert(*key, value.clone()),
        None => own.remove(key),
    };
}

#[cfg(feature = "embedded")]
pub(super) fn follow_tree<K: Clone + Ord, V: Clone>(
    own: &mut BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
    key: &K,
) {
    match other.get(key) {
        Some(value) => own.insert(key.clone(), value.clone()),
        None => own.remove(key),
    };
}
