//! Concurrent clients: whatever they see could have happened to one client at a time.
//!
//! Three clients send random operations at once. Each notes when it asked, when it was answered, and what.
//! A history is *linearizable* when there is an order of its operations, in which none stands before one
//! that had been answered when it was asked, and in which the memory backend, asked one at a time, gives
//! every answer that was given.

use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use tokio::sync::Barrier;

use super::Subject;
use crate::{
    AccountId, Delivery, Error, Expunge, FlagChange, Flags, Limits, MailboxId, MemoryStore, ModSeq,
    NewMailbox, NewMessage, Result, Row, Scope, Snapshot, Staged, Store, Target, Uid,
};

const CLIENTS: usize = 3;
const CALLS: usize = 4;

/// As many random histories as the subject asks for are linearizable.
pub async fn concurrent_clients_see_one_order<S: Subject>() -> Result<()> {
    let subject = S::create().await;
    let mut concurrent = 0;
    for seed in 0..S::HISTORIES {
        let history = record(&subject.store(), seed.into()).await?;
        let explained = explain(&history).await?;
        assert!(explained, "no order explains the history of seed {seed}:\n{}", show(&history));
        concurrent += u32::from(overlaps(&history));
    }
    assert!(concurrent * 2 >= S::HISTORIES, "only {concurrent} histories had calls at once");
    Ok(())
}

/// The check sees what it is for: an answer that was made up is not explained.
pub async fn a_made_up_answer_is_noticed<S: Subject>() -> Result<()> {
    let subject = S::create().await;
    let mut noticed = 0;
    for seed in 0..20 {
        let mut history = record(&subject.store(), seed).await?;
        let writes = history.iter_mut().filter(|done| matches!(done.call, Call::Append(..)));
        for done in writes.take(1) {
            done.answer = done.answer.replace("uids [", "uids [4");
            noticed += 1;
        }
        let made_up = history.iter().any(|done| done.answer.contains("uids [4"));
        assert!(made_up != explain(&history).await?, "{}", show(&history));
    }
    assert!(noticed > 5);
    Ok(())
}

/// Whether no order explains the history this store gives with this seed.
pub(super) async fn is_unexplained(store: &impl Store, seed: u64) -> Result<bool> {
    Ok(!explain(&record(store, seed).await?).await?)
}

#[derive(Clone, Debug)]
enum Call {
    Append(usize, Vec<usize>),
    Deliver(usize),
    Flag(usize, Vec<Uid>, FlagChange, Option<ModSeq>),
    OwnFlag(usize, Vec<Uid>, FlagChange),
    OwnFlags(usize, ModSeq),
    Copy(usize, Vec<Uid>),
    Move(usize, Vec<Uid>),
    Expunge(usize, Expunge),
    Snapshot(usize),
    Changes(usize, ModSeq),
    Quota,
    Create(&'static str),
    Rename(&'static str, &'static str),
    Names,
    Metadata(&'static str, Option<&'static str>),
}

struct Done {
    call: Call,
    asked: u64,
    answered: u64,
    answer: String,
}

/// Where a history takes place: one account with two mailboxes.
#[derive(Clone)]
struct Place<S> {
    store: S,
    account: AccountId,
    mailboxes: [MailboxId; 2],
}

impl<S: Store> Place<S> {
    async fn new(store: S, login: &str) -> Result<Place<S>> {
        let account = store.create_account(login, &[NewMailbox::new("Other")]).await?.id;
        let inbox = store.mailbox(account, "INBOX").await?.id;
        let other = store.mailbox(account, "Other").await?.id;
        let first = [2, 3, 5].into_iter().map(of_size).collect();
        store.append(inbox, first).await?;
        store.set_limits(account, Limits::new(None, Some(9))).await?;
        Ok(Place { store, account, mailboxes: [inbox, other] })
    }

    fn mailbox(&self, which: usize) -> MailboxId {
        let [inbox, other] = self.mailboxes;
        if which == 0 { inbox } else { other }
    }

    /// Makes a call; what it answered, without numbers that differ from store to store.
    async fn make(&self, call: &Call) -> String {
        match self.ask(call).await {
            Ok(answer) => answer,
            Err(error) => kind(&error).to_owned(),
        }
    }

    async fn ask(&self, call: &Call) -> Result<String> {
        let store = &self.store;
        Ok(match call {
            Call::Append(to, sizes) => {
                let messages = sizes.iter().copied().map(of_size).collect();
                let done = store.append(self.mailbox(*to), messages).await?;
                format!("uids {:?} at {}", done.uids, done.modseq)
            }
            Call::Deliver(size) => {
                let mut delivery = Delivery::new(Staged::from_bytes(vec![b'd'; *size]));
                for mailbox in self.mailboxes {
                    delivery = delivery.to(Target::new(mailbox));
                }
                let places = store.deliver(delivery).await?.places;
                format!("uids {:?}", places.iter().map(|place| place.uid).collect::<Vec<_>>())
            }
            Call::Flag(of, uids, change, since) => {
                let of = self.mailbox(*of);
                format!("{:?}", store.store_flags(of, uids, change.clone(), *since).await?)
            }
            Call::OwnFlag(of, uids, change) => {
                let (of, reader) = (self.mailbox(*of), self.account);
                let stored = store.store_own_flags(of, reader, uids, change.clone(), None);
                format!("{:?}", stored.await?)
            }
            Call::OwnFlags(of, since) => {
                let own = store.own_flags(self.mailbox(*of), self.account, *since).await?;
                format!("{own:?}")
            }
            Call::Copy(from, uids) => {
                let copied = store.copy(self.mailbox(*from), uids, self.mailbox(1 - from)).await?;
                format!("copied {:?}", copied.uids)
            }
            Call::Move(from, uids) => {
                let moved = store.move_to(self.mailbox(*from), uids, self.mailbox(1 - from));
                format!("moved {:?}", moved.await?.uids)
            }
            Call::Expunge(of, which) => {
                let expunged = store.expunge(self.mailbox(*of), which.clone()).await?;
                format!("{:?} at {}", expunged.uids, expunged.highest_modseq)
            }
            Call::Snapshot(of) => snapshot(&store.snapshot(self.mailbox(*of)).await?),
            Call::Changes(of, since) => {
                let changes = store.changes_since(self.mailbox(*of), *since).await?;
                let rows: Vec<String> = changes.rows.iter().map(row).collect();
                format!("{rows:?} {:?} at {}", changes.expunged, changes.highest_modseq)
            }
            Call::Quota => format!("{:?}", store.quota(self.account).await?),
            Call::Create(name) => {
                let new = NewMailbox::new(*name).subscribed();
                store.create_mailbox(self.account, &new).await?.name
            }
            Call::Rename(from, to) => {
                store.rename_mailbox(self.account, from, to).await?;
                "renamed".to_owned()
            }
            Call::Names => {
                let mailboxes = store.mailboxes(self.account).await?;
                let names = mailboxes.into_iter().map(|m| (m.name, m.subscribed));
                format!("{:?}", names.collect::<Vec<_>>())
            }
            Call::Metadata(key, value) => {
                let scope = Scope::Mailbox(self.mailbox(0));
                match value {
                    None => format!("{:?}", store.metadata(scope).await?),
                    Some(value) => {
                        let entry = ((*key).to_owned(), Some((*value).into()));
                        store.set_metadata(scope, vec![entry]).await?;
                        "set".to_owned()
                    }
                }
            }
        })
    }
}

fn snapshot(snapshot: &Snapshot) -> String {
    let rows: Vec<String> = snapshot.rows().map(|found| row(&found)).collect();
    format!("{rows:?} at {} next {}", snapshot.highest_modseq(), snapshot.uid_next())
}

fn row(row: &Row) -> String {
    format!("{} {} {} {:?}", row.uid, row.size, row.modseq, row.flags)
}

const fn kind(error: &Error) -> &'static str {
    match error {
        Error::NotFound { .. } => "not found",
        Error::AlreadyExists { .. } => "exists",
        Error::OverQuota { .. } => "over quota",
        Error::Invalid { .. } => "invalid",
        _ => "another error",
    }
}

fn of_size(size: usize) -> NewMessage {
    NewMessage::new(Staged::from_bytes(vec![b'm'; size]))
}

/// Lets the clients loose on an account of their own.
async fn record(store: &impl Store, seed: u64) -> Result<Vec<Done>> {
    let mut random = Random(seed);
    let account = format!("history-{seed}-{}", random.next());
    let place = Place::new(store.clone(), &account).await?;
    let clock = Arc::new(AtomicU64::new(0));
    let together = Arc::new(Barrier::new(CLIENTS));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let calls: Vec<Call> = (0..CALLS).map(|n| random.call(client * CALLS + n)).collect();
            let (place, clock, together) = (place.clone(), clock.clone(), together.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                for (n, call) in calls.into_iter().enumerate() {
                    if n.is_multiple_of(2) {
                        together.wait().await;
                    }
                    let asked = clock.fetch_add(1, Ordering::SeqCst);
                    // So that the others come between, also where no call ever waits.
                    tokio::task::yield_now().await;
                    let answer = place.make(&call).await;
                    tokio::task::yield_now().await;
                    let answered = clock.fetch_add(1, Ordering::SeqCst);
                    done.push(Done { call, asked, answered, answer });
                }
                done
            })
        })
        .collect();
    let mut history = Vec::new();
    for client in clients {
        history.extend(client.await.map_err(|_| Error::invalid("a client died"))?);
    }
    for call in [Call::Snapshot(0), Call::Snapshot(1), Call::Quota, Call::Names] {
        let asked = clock.fetch_add(1, Ordering::SeqCst);
        let answer = place.make(&call).await;
        history.push(Done { call, asked, answered: asked, answer });
    }
    store.delete_account(place.account).await?;
    Ok(history)
}

/// Whether some order explains the history: a search in depth, each step on a model of its own.
async fn explain(history: &[Done]) -> Result<bool> {
    let model = Place::new(MemoryStore::new(), "model").await?;
    let mut open = vec![(model, vec![false; history.len()])];
    while let Some((model, explained)) = open.pop() {
        let left = || history.iter().zip(&explained).enumerate().filter(|(_, (_, done))| !**done);
        let Some(deadline) = left().map(|(_, (done, _))| done.answered).min() else {
            return Ok(true);
        };
        // Only what was asked before the first of the others was answered can come next.
        for (index, (next, _)) in left().filter(|(_, (next, _))| next.asked <= deadline) {
            let fork = Place { store: model.store.fork(), ..model.clone() };
            if fork.make(&next.call).await == next.answer {
                let mut explained = explained.clone();
                if let Some(explained) = explained.get_mut(index) {
                    *explained = true;
                }
                open.push((fork, explained));
            }
        }
    }
    Ok(false)
}

/// Whether calls of different clients were under way at once.
fn overlaps(history: &[Done]) -> bool {
    let at_once = |a: &Done, b: &Done| a.asked < b.asked && b.asked < a.answered;
    history.iter().any(|a| history.iter().any(|b| at_once(a, b)))
}

fn show(history: &[Done]) -> String {
    let mut lines = String::new();
    for Done { call, asked, answered, answer } in history {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{asked}..{answered} {call:?}: {answer}");
    }
    lines
}

/// SplitMix64: the same calls for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(1).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    fn uids(&mut self) -> Vec<Uid> {
        let count = 1 + self.below(3);
        (0..count).filter_map(|_| Uid::new(u32::try_from(1 + self.below(6)).ok()?)).collect()
    }

    fn modseq(&mut self) -> ModSeq {
        ModSeq::new(self.next() % 6)
    }

    /// Call number `n` of a history; the sizes of its messages are its own.
    fn call(&mut self, n: usize) -> Call {
        let which = self.below(2);
        match self.below(16) {
            0..=2 => {
                let count = 1 + self.below(2);
                Call::Append(which, (0..count).map(|k| 10 + 2 * n + k).collect())
            }
            3 => Call::Deliver(10 + 2 * n),
            4 | 5 => {
                let words = [Flags::SEEN, Flags::DELETED, Flags::keyword("$Word")];
                let flags = words.into_iter().nth(self.below(3)).unwrap_or_default();
                let change = match self.below(3) {
                    0 => FlagChange::Add(flags),
                    1 => FlagChange::Remove(flags),
                    _ => FlagChange::Replace(flags),
                };
                let since = (self.below(2) == 0).then(|| self.modseq());
                Call::Flag(which, self.uids(), change, since)
            }
            6 => Call::Copy(which, self.uids()),
            7 => Call::Move(which, self.uids()),
            8 if which == 0 => Call::Expunge(which, Expunge::Deleted),
            8 => Call::Expunge(0, Expunge::Exactly(self.uids())),
            9 => Call::Snapshot(which),
            10 => Call::Changes(which, self.modseq()),
            11 => Call::Quota,
            12 => match self.below(4) {
                0 => Call::Create("a"),
                1 => Call::Create("a/b"),
                2 => Call::Rename("a", "c"),
                _ => Call::Names,
            },
            13 => Call::OwnFlags(which, self.modseq()),
            14 => {
                let flags = if self.below(2) == 0 { Flags::SEEN } else { Flags::NONE };
                Call::OwnFlag(which, self.uids(), FlagChange::Replace(flags))
            }
            _ if which == 0 => Call::Metadata("/word", None),
            _ => Call::Metadata("/word", Some(if n.is_multiple_of(2) { "even" } else { "odd" })),
        }
    }
}
