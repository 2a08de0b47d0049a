//! Compaction: everything that still counts is written again at the end of the log, then the log before it
//! is removed.
//!
//! It goes through the commit thread like any other writer, in steps small enough to hold up nobody, and
//! each step says again how things stand *at that moment*, so that it does not matter what others write in
//! between. The log that is left still holds everything: the index can be made anew from it. FORMAT.md says
//! why.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use bytes::Bytes;

use super::MAX_IN_LOG;
use super::segments::{Segment, Segments};
use crate::body::blocking;
use crate::model::{Change, Object, Objects, OwnKey, Place, Planned, State};
use crate::{AccountId, EnvelopeId, MailboxId, MessageId, Result, Scope, Timestamp, Uid, disk};

/// Octets of messages, and things of other kinds, written again in one step.
const STEP_OCTETS: usize = 512 * 1024;
const STEP_THINGS: usize = 1000;

/// What a compaction did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Compacted {
    /// Octets of the log before.
    pub before: u64,
    /// Octets of the log after, with what was written meanwhile.
    pub after: u64,
}

/// How much of the disk a compaction takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// All it can get.
    Fast,
    /// Half: it rests after each step as long as the step took.
    Gentle,
}

/// When the log is compacted in the background.
#[derive(Debug)]
pub(crate) struct Compaction {
    after: Option<u64>,
    /// The log had this many octets when it was last tried.
    tried_at: AtomicU64,
    /// It was asked for and has not ended.
    asked: AtomicBool,
    /// Held by the one compaction there may be.
    only: tokio::sync::Mutex<()>,
}

impl Compaction {
    pub(crate) fn after(after: Option<u64>) -> Compaction {
        let (tried_at, asked) = (AtomicU64::new(0), AtomicBool::new(false));
        Compaction { after, tried_at, asked, only: tokio::sync::Mutex::new(()) }
    }

    /// One ended, well or not, and left a log of so many octets.
    pub(crate) fn tried(&self, octets: u64) {
        self.tried_at.store(octets, Ordering::Relaxed);
        self.asked.store(false, Ordering::Relaxed);
    }

    /// Whether to ask for one now, for a log of so many octets of which so many are needed. It must have
    /// grown since the last: what compaction cannot remove does not bring the next.
    pub(crate) fn is_due(&self, octets: u64, needed: u64) -> bool {
        let Some(after) = self.after else { return false };
        let dead = octets.saturating_sub(needed);
        let grown = octets.saturating_sub(self.tried_at.load(Ordering::Relaxed));
        let due = dead >= after && dead >= needed / 2 && grown >= after;
        due && !self.asked.swap(true, Ordering::Relaxed)
    }
}

/// A store over a log, as its compaction sees it.
pub(crate) trait Logged: Clone + Send + Sync + 'static {
    fn compaction(&self) -> &Compaction;

    /// What is published.
    fn look<T>(&self, look: impl FnOnce(&State, &Objects) -> T) -> T;

    fn segments(&self) -> &Arc<Segments>;

    fn log_octets(&self) -> u64;

    /// Begins a new segment; gives where.
    fn rotate(&self) -> impl Future<Output = Result<u64>> + Send;

    /// A write that is planned when everything before it is published.
    fn settled(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<()> + Send + 'static,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Waits until the index knows everything up to now, durably.
    fn indexed(&self) -> impl Future<Output = Result<()>> + Send;

    /// Makes readers look for nothing before this position any more; gives the segments there.
    fn forget_before(&self, start: u64) -> Vec<Segment>;

    /// Gives back the room of the zeros at the log's end.
    fn trim(&self) -> impl Future<Output = Result<()>> + Send;
}

/// Compacts whenever it is asked to, until nobody can ask any more.
pub(crate) fn run(store: &impl Logged, due: &Receiver<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    for () in due {
        // Fails when the disk is full or the store is closed: the log is whole, and it is tried again
        // when it has grown.
        let _ = runtime.block_on(compact(store, Pace::Gentle));
        store.compaction().tried(store.log_octets());
    }
}

pub(crate) async fn compact(store: &impl Logged, pace: Pace) -> Result<Compacted> {
    let _only = store.compaction().only.lock().await;
    let before = store.log_octets();
    let start = store.rotate().await?;
    let all = store.clone();
    let mut work = blocking(move || Ok(Work::all(&all))).await?;
    while let Some(step) = work.next(store) {
        let begun = Instant::now();
        let restate = match step {
            Step::Messages(ids) => {
                let store = store.clone();
                Restate::Messages(blocking(move || read(&store, &ids)).await?)
            }
            other => Restate::Things(other),
        };
        let planned = store.clone();
        store.settled(move |state, _| plan(restate, state, &planned)).await?;
        if pace == Pace::Gentle {
            rest(begun.elapsed()).await?;
        }
    }
    store.indexed().await?;
    let removing = store.clone();
    blocking(move || removing.segments().remove(&removing.forget_before(start))).await?;
    store.trim().await?;
    Ok(Compacted { before, after: store.log_octets() })
}

pub(super) async fn rest(time: Duration) -> Result<()> {
    blocking(move || {
        std::thread::sleep(time);
        Ok(())
    })
    .await
}

/// What is to be said again, as it was when compaction began. What has come since stands behind the start
/// anyway; what has gone is passed over.
struct Work {
    accounts: VecDeque<AccountId>,
    mailboxes: VecDeque<MailboxId>,
    subscriptions: VecDeque<(AccountId, String)>,
    metadata: VecDeque<(Scope, String)>,
    grants: VecDeque<(MailboxId, String)>,
    messages: VecDeque<(MessageId, usize)>,
    rows: VecDeque<MailboxId>,
    /// The mailbox whose rows are under way, and the last row done.
    under_way: Option<(MailboxId, Option<Uid>)>,
    own: VecDeque<OwnKey>,
    envelopes: VecDeque<EnvelopeId>,
    begun: bool,
}

enum Step {
    Counters,
    Accounts(Vec<AccountId>),
    Mailboxes(Vec<MailboxId>),
    Subscriptions(Vec<(AccountId, String)>),
    Metadata(Vec<(Scope, String)>),
    Grants(Vec<(MailboxId, String)>),
    Messages(Vec<MessageId>),
    Stands(MailboxId),
    Rows(MailboxId, Option<Uid>),
    Own(Vec<OwnKey>),
    Envelopes(Vec<EnvelopeId>),
}

enum Restate {
    Things(Step),
    Messages(Vec<(MessageId, Object)>),
}

impl Work {
    fn all(store: &impl Logged) -> Work {
        let objects = store.look(|_, objects| objects.clone());
        let mut messages: Vec<(MessageId, u64, usize)> = objects
            .iter()
            .map(|(id, object)| {
                let (at, length) = match object.body {
                    Place::Log { at, length } => (at, length),
                    _ => (0, 0),
                };
                (id, at, usize::try_from(length).unwrap_or(MAX_IN_LOG))
            })
            .collect();
        messages.sort_unstable_by_key(|(id, at, _)| (*at, *id));
        store.look(|state, _| Work {
            accounts: state.accounts.keys().copied().collect(),
            mailboxes: state.mailboxes.keys().copied().collect(),
            subscriptions: state.subscriptions.iter().cloned().collect(),
            metadata: state.metadata.keys().cloned().collect(),
            grants: state.grants.keys().cloned().collect(),
            messages: messages.into_iter().map(|(id, _, length)| (id, length)).collect(),
            rows: state.mailboxes.keys().copied().collect(),
            under_way: None,
            own: state.own.keys().copied().collect(),
            envelopes: state.envelopes.keys().copied().collect(),
            begun: false,
        })
    }

    fn next(&mut self, store: &impl Logged) -> Option<Step> {
        if !self.begun {
            self.begun = true;
            return Some(Step::Counters);
        }
        if !self.accounts.is_empty() {
            return Some(Step::Accounts(some(&mut self.accounts)));
        }
        if !self.mailboxes.is_empty() {
            return Some(Step::Mailboxes(some(&mut self.mailboxes)));
        }
        if !self.subscriptions.is_empty() {
            return Some(Step::Subscriptions(some(&mut self.subscriptions)));
        }
        if !self.metadata.is_empty() {
            return Some(Step::Metadata(some(&mut self.metadata)));
        }
        if !self.grants.is_empty() {
            return Some(Step::Grants(some(&mut self.grants)));
        }
        if !self.messages.is_empty() {
            let (mut ids, mut octets) = (Vec::new(), 0);
            while octets < STEP_OCTETS && ids.len() < STEP_THINGS {
                let Some((id, length)) = self.messages.pop_front() else { break };
                ids.push(id);
                octets += length;
            }
            return Some(Step::Messages(ids));
        }
        if let Some((mailbox, after)) = self.under_way {
            let last = store.look(|state, _| {
                let found = state.mailboxes.get(&mailbox)?;
                found.rows.after(after).take(STEP_THINGS).last()
            });
            if let Some(last) = last {
                self.under_way = Some((mailbox, Some(last.uid)));
                return Some(Step::Rows(mailbox, after));
            }
        }
        if let Some(mailbox) = self.rows.pop_front() {
            self.under_way = Some((mailbox, None));
            return Some(Step::Stands(mailbox));
        }
        if !self.own.is_empty() {
            return Some(Step::Own(some(&mut self.own)));
        }
        (!self.envelopes.is_empty()).then(|| Step::Envelopes(some(&mut self.envelopes)))
    }
}

fn some<T>(all: &mut VecDeque<T>) -> Vec<T> {
    let count = all.len().min(STEP_THINGS);
    all.drain(..count).collect()
}

/// How the things of a step stand now, as changes that change nothing.
fn plan(restate: Restate, state: &State, store: &impl Logged) -> Planned<()> {
    let mut changes = Vec::new();
    let step = match restate {
        Restate::Things(step) => step,
        Restate::Messages(messages) => {
            store.look(|_, objects| {
                for (id, object) in messages {
                    if let Some(needed) = objects.needed(id) {
                        changes.push(Change::Moved { id, object, needed });
                    }
                }
            });
            return Ok((changes, ()));
        }
    };
    match step {
        Step::Counters => changes.push(Change::Counters(state.last)),
        Step::Accounts(ids) => changes.extend(ids.iter().flat_map(|id| state.restate_account(*id))),
        Step::Mailboxes(ids) => {
            changes.extend(ids.iter().filter_map(|id| state.restate_mailbox(*id)))
        }
        Step::Subscriptions(keys) => {
            let kept = keys.into_iter().filter(|key| state.subscriptions.contains(key));
            changes.extend(kept.map(|(account, name)| Change::Subscribed { account, name }));
        }
        Step::Metadata(keys) => {
            for (scope, key) in keys {
                let found = (scope, key);
                if let Some(value) = state.metadata.get(&found).cloned() {
                    changes.push(Change::Metadata { scope, key: found.1, value: Some(value) });
                }
            }
        }
        Step::Grants(keys) => {
            for (mailbox, identifier) in keys {
                let found = (mailbox, identifier);
                if let Some(rights) = state.grants.get(&found).cloned() {
                    changes.push(Change::Granted { mailbox, identifier: found.1, rights });
                }
            }
        }
        Step::Stands(mailbox) => {
            if let Some(found) = state.mailboxes.get(&mailbox) {
                changes.push(Change::Stands { mailbox, standing: found.rows.standing() });
            }
        }
        Step::Rows(mailbox, after) => {
            if let Some(found) = state.mailboxes.get(&mailbox) {
                let rows = found.rows.after(after).take(STEP_THINGS).collect();
                changes.push(Change::Restored { mailbox, rows });
            }
        }
        Step::Own(keys) => changes = state.restate_own(&keys),
        Step::Envelopes(ids) => {
            let kept = ids.iter().filter_map(|id| state.envelopes.get(id).cloned());
            changes.extend(kept.map(|envelope| Change::Envelope { envelope, new: false }));
        }
        Step::Messages(_) => {}
    }
    Ok((changes, ()))
}

/// The octets of messages, to be written again. Damaged ones are copied as they are: their checksum still
/// tells, and a later repair may know better.
fn read(store: &impl Logged, ids: &[MessageId]) -> Result<Vec<(MessageId, Object)>> {
    let place = |place: &Place| match place {
        Place::Log { at, length } => {
            let segment = store.segments().find(*at)?;
            Some((segment.file.clone(), segment.offset(*at), *length))
        }
        _ => None,
    };
    let found: Vec<_> = store.look(|_, objects| {
        let found = ids.iter().filter_map(|id| {
            let object = objects.find(*id)?;
            Some((*id, place(&object.facts), place(&object.body), object))
        });
        found.collect()
    });
    let octets = |from: Option<(Arc<File>, u64, u32)>, old: Place| -> Result<Place> {
        let Some((file, offset, length)) = from else { return Ok(old) };
        let mut octets = vec![0; usize::try_from(length).unwrap_or(0)];
        disk::read_exact_at(&file, &mut octets, offset)?;
        Ok(Place::Memory(Bytes::from(octets)))
    };
    found
        .into_iter()
        .map(|(id, facts, body, mut object)| {
            object.facts = octets(facts, object.facts)?;
            object.body = octets(body, object.body)?;
            Ok((id, object))
        })
        .collect()
}
