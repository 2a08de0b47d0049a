//! The store: the model in memory, a journal for what a Maildir does not keep, the tree for the mail.

use core::fmt;
use core::time::Duration;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use bytes::Bytes;

use super::look;
use super::side::Side;
use super::tree::{Tree, gone, keep_body, listed};
use super::uidlist::UidList;
use crate::body::blocking;
use crate::journal::entry;
use crate::model::{Change, Engine, Hub, Objects, Place, Planned, State};
use crate::upload::Content;
use crate::{Body, Error, MessageId, Result, Spool, Staged, ThreadId, Timestamp, Upload, disk};

/// Uploads of more than this many octets go to a file.
const LARGE: usize = 1024 * 1024;

/// How often the tree is looked at for changes of other programs when nobody asks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A store whose mail lies in Maildir++ trees, one an account, which Dovecot and mutt may read and change
/// at the same time. What other programs do is noticed before every write and twice a second.
///
/// The folder of an account is named after its login name. UIDs and keywords are in Dovecot's
/// `dovecot-uidlist` and `dovecot-keywords`, subscriptions in its `subscriptions`; all else (modseqs,
/// metadata, rights, the queue, facts) in `.mailstore` beside the accounts. A message other programs deliver
/// has no facts, and CRLF where its file has LF;
/// a mailbox they made keeps the UIDVALIDITY they gave it. Two limits: flags beyond 26 keywords of a mailbox are seen by this store only, and the
/// file system must have hard links.
#[derive(Clone)]
pub struct MaildirStore(Arc<Shared>);

pub(super) struct Shared {
    /// Held by a writer until it has told the hub.
    writer: Arc<tokio::sync::Mutex<Disk>>,
    index: Mutex<Index>,
    hub: Hub,
    bodies: PathBuf,
    spool: Arc<Spool>,
}

#[derive(Default)]
pub(super) struct Index {
    pub(super) state: State,
    pub(super) objects: Objects,
}

/// What only one writer at a time touches.
pub(super) struct Disk {
    pub(super) tree: Tree,
    side: Side,
    /// Why no more is written.
    refuses: Option<&'static str>,
}

impl fmt::Debug for MaildirStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaildirStore").finish_non_exhaustive()
    }
}

impl MaildirStore {
    /// Opens the store in this folder, or creates one there.
    ///
    /// # Errors
    /// [`Locked`](Error::Locked) while another of these has it open, [`Corrupt`](Error::Corrupt),
    /// [`Full`](Error::Full), [`Io`](Error::Io).
    pub async fn open(folder: impl Into<PathBuf>) -> Result<MaildirStore> {
        let folder = folder.into();
        blocking(move || open(&folder)).await
    }

    /// Looks at the tree now: what other programs did before this call is seen after it.
    ///
    /// # Errors
    /// As for any write.
    pub async fn refresh(&self) -> Result<()> {
        let (shared, mut disk) = (self.0.clone(), self.0.writer.clone().lock_owned().await);
        blocking(move || disk.refresh(&shared)).await
    }
}

fn open(folder: &Path) -> Result<MaildirStore> {
    let own = folder.join(".mailstore");
    let bodies = own.join("bodies");
    disk::create_private_dir(&bodies)?;
    let (side, entries, unfinished) = Side::open(&own, folder)?;
    let (mut index, mut tree) = (Index::default(), Tree::new(folder));
    let mut last = Vec::new();
    for (place, octets) in (0u64..).zip(&entries) {
        let damaged = || Error::corrupt(own.join("journal").to_string_lossy(), place, "an entry");
        last = entry::read(octets).ok_or_else(damaged)?;
        for change in &last {
            index.objects.apply(change, &mut Vec::new());
            index.state.apply(change);
            tree.track(change);
        }
    }
    index.objects.sweep();
    for folder in tree.folders.keys().copied().collect::<Vec<_>>() {
        find_files(&mut tree, folder)?;
    }
    let mut disk = Disk { tree, side, refuses: None };
    if unfinished {
        disk.perform(&last, &index.state)?;
    }
    let mut kept = HashSet::new();
    for file in fs::read_dir(&bodies)? {
        let path = file?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.parse().ok());
        match number.map(MessageId::new).filter(|id| index.objects.find(*id).is_some()) {
            Some(id) => _ = kept.insert(id),
            None => fs::remove_file(&path)?,
        }
    }
    index.objects.damage(|id, _| !kept.contains(&id));
    if entries.len() > 10_000 {
        disk.side.replace(&entry::write(&index.state.restate(&index.objects)))?;
    }
    let hub = Hub::default();
    for envelope in index.state.envelopes.values() {
        hub.leases().set_due(envelope.id, envelope.due());
    }
    let spool_folder = own.join("tmp");
    gone(fs::remove_dir_all(&spool_folder))?;
    disk::create_private_dir(&spool_folder)?;
    let shared = Arc::new(Shared {
        writer: Arc::new(tokio::sync::Mutex::new(disk)),
        index: Mutex::new(index),
        hub,
        bodies,
        spool: Arc::new(Spool::new(spool_folder, LARGE)),
    });
    {
        let mut disk = shared.writer.blocking_lock();
        disk.refresh(&shared)?;
    }
    let weak = Arc::downgrade(&shared);
    thread::Builder::new().name("mailstore-look".into()).spawn(move || watch(&weak))?;
    Ok(MaildirStore(shared))
}

/// Which files a folder's messages were in, as its list says.
fn find_files(tree: &mut Tree, id: crate::MailboxId) -> Result<()> {
    let Some(path) = tree.folders.get(&id).map(|folder| tree.path(folder)) else { return Ok(()) };
    super::uidlist::unlock_stale(&path)?;
    let (Some(list), true) = (UidList::read(&path), path.join("cur").is_dir()) else {
        return Ok(());
    };
    let mut there = listed(&path)?;
    let Some(folder) = tree.folders.get_mut(&id).filter(|f| f.uid_validity == list.uid_validity)
    else {
        return Ok(());
    };
    let text = fs::read_to_string(path.join("dovecot-keywords")).unwrap_or_default();
    folder.keywords = super::keywords_of_file(&text);
    let found = list.lines.into_iter();
    folder.files = found.filter_map(|(uid, base)| Some((uid, there.remove(&base)?))).collect();
    Ok(())
}

fn watch(store: &Weak<Shared>) {
    loop {
        thread::sleep(LOOK_EVERY);
        let Some(shared) = store.upgrade() else { return };
        let mut disk = shared.writer.blocking_lock();
        // What it meets the next writer meets too, and answers.
        let _ = disk.refresh(&shared);
    }
}

impl Shared {
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies changes that are durable; gives the messages nobody needs any more.
    fn publish(&self, changes: &[Change]) -> Vec<MessageId> {
        let mut gone = Vec::new();
        {
            let mut index = self.index();
            for change in changes {
                index.objects.apply(change, &mut gone);
                index.state.apply(change);
            }
        }
        self.hub.tell(changes);
        gone.into_iter().map(|(id, _)| id).collect()
    }
}

impl Disk {
    fn commit<T>(
        &mut self,
        shared: &Shared,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T>,
    ) -> Result<T> {
        self.refresh(shared)?;
        let (mut changes, answer) = {
            let index = shared.index();
            plan(&index.state, Timestamp::now())?
        };
        if changes.is_empty() {
            return Ok(answer);
        }
        self.keep_bodies(&mut changes)?;
        self.side.append(&entry::write(&changes))?;
        // The journal has it: whatever fails from here on is done when the store is opened next.
        let done = {
            let mut after = shared.index().state.clone();
            changes.iter().for_each(|change| after.apply(change));
            self.perform(&changes, &after)
        };
        let unneeded = shared.publish(&changes);
        if done.is_err() {
            self.refuses = Some("the tree could not be changed; open the store again");
        }
        done?;
        for message in unneeded {
            gone(fs::remove_file(self.tree.body(message)))?;
        }
        self.side.finished()?;
        Ok(answer)
    }

    fn keep_bodies(&self, changes: &mut [Change]) -> Result<()> {
        let dates: Vec<(MessageId, Timestamp)> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Rows { rows, .. } => {
                    Some(rows.iter().map(|r| (r.message, r.internal_date)))
                }
                _ => None,
            })
            .flatten()
            .collect();
        for change in changes {
            let Change::Object { id, object } = change else { continue };
            let Place::Memory(octets) = &object.body else { continue };
            let date = dates.iter().find(|(message, _)| message == id).map(|(_, date)| *date);
            keep_body(&self.tree.body(*id), octets, date.unwrap_or_else(Timestamp::now))?;
            object.body = Place::File(id.value());
        }
        Ok(())
    }

    /// Makes the tree show these changes, which lead to `after`.
    fn perform(&mut self, changes: &[Change], after: &State) -> Result<()> {
        let mut subscribed = HashSet::new();
        for change in changes {
            self.tree.perform(change)?;
            match change {
                Change::Subscribed { account, .. } | Change::Unsubscribed { account, .. } => {
                    subscribed.insert(*account);
                }
                _ => {}
            }
        }
        for account in subscribed {
            let own = after.subscriptions.iter().filter(|(whose, _)| *whose == account);
            let names: Vec<&str> = own.map(|(_, name)| &**name).collect();
            self.tree.subscribe(account, &names)?;
        }
        Ok(())
    }

    /// Takes in what other programs did.
    fn refresh(&mut self, shared: &Shared) -> Result<()> {
        if let Some(why) = self.refuses {
            return Err(Error::closed(why));
        }
        let changes = look::changes(&mut self.tree, shared)?;
        if !changes.is_empty() {
            self.side.append(&entry::write(&changes))?;
            for message in shared.publish(&changes) {
                gone(fs::remove_file(self.tree.body(message)))?;
            }
            self.side.finished()?;
        }
        Ok(())
    }
}

impl Engine for MaildirStore {
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.index().state)
    }

    async fn commit<T: Send + 'static>(
        &self,
        plan: impl FnOnce(&State, Timestamp) -> Planned<T> + Send + 'static,
    ) -> Result<T> {
        let (shared, mut disk) = (self.0.clone(), self.0.writer.clone().lock_owned().await);
        blocking(move || disk.commit(&shared, plan)).await
    }

    async fn adopt(&self, staged: Staged) -> Result<Staged> {
        match staged.content() {
            Content::Memory(_) => Ok(staged),
            Content::File(_) => Ok(Staged::from_bytes(staged.body().bytes().await?)),
        }
    }

    fn start_upload(&self) -> Upload {
        Upload::spooled(self.0.spool.clone())
    }

    async fn find_facts(&self, messages: &[MessageId]) -> Result<Vec<Option<Bytes>>> {
        Ok(self.0.index().objects.facts_of(messages))
    }

    async fn find_threads(&self, messages: &[MessageId]) -> Result<Vec<Option<ThreadId>>> {
        Ok(self.0.index().objects.threads_of(messages))
    }

    async fn find_body(&self, message: MessageId) -> Result<Body> {
        let found = self.0.index().objects.find(message).map(|object| (object.size, object.crc));
        let (size, crc) = found.ok_or_else(|| Error::not_found("message", message))?;
        let path = self.0.bodies.join(message.to_string());
        let file = fs::File::open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::not_found("message", message),
            _ => error.into(),
        })?;
        Ok(Body::from_file(Arc::new(file), 0, size, &path.to_string_lossy()).with_crc32c(crc))
    }

    fn hub(&self) -> &Hub {
        &self.0.hub
    }
}
