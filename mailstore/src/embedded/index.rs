//! The index: a redb database that holds the state as of some position of the log.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use redb::{
    Builder, Database, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction,
};

use super::checkpoint::Batch;
use crate::block::Block;
use crate::model::codec;
use crate::model::wire::{Reader, put, put_len};
use crate::model::{Change, MailboxState, ObjectBlock, Objects, State};
use crate::rows::Rows;
use crate::{AccountId, EnvelopeId, Error, MailboxId, ModSeq, Result, Rights, Uid, disk};

/// Of the index; an earlier one is made anew from the log.
const VERSION: u64 = 4;
const CACHE: usize = 32 * 1024 * 1024;

type Octets = &'static [u8];

const META: TableDefinition<'_, &str, Octets> = TableDefinition::new("meta");
const ACCOUNTS: TableDefinition<'_, u64, Octets> = TableDefinition::new("accounts");
const SUBSCRIPTIONS: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("subscriptions");
const MAILBOXES: TableDefinition<'_, u64, Octets> = TableDefinition::new("mailboxes");
/// Mailbox → its numbers, the point up to which removals are forgotten, its keyword sets.
const COUNTS: TableDefinition<'_, u64, Octets> = TableDefinition::new("counts");
/// Mailbox, first UID → a block of rows.
const ROWS: TableDefinition<'_, (u64, u32), Octets> = TableDefinition::new("rows");
/// Mailbox, modseq, UID of what was expunged.
const GRAVES: TableDefinition<'_, (u64, u64, u32), ()> = TableDefinition::new("graves");
/// Number of a block → the block.
const OBJECTS: TableDefinition<'_, u64, Octets> = TableDefinition::new("objects");
const ENVELOPES: TableDefinition<'_, u64, Octets> = TableDefinition::new("envelopes");

/// What metadata belong to (as two numbers), key.
const METADATA: TableDefinition<'_, (u8, u64, &str), Octets> = TableDefinition::new("metadata");
const GRANTS: TableDefinition<'_, (u64, &str), &str> = TableDefinition::new("grants");
const LIMITS: TableDefinition<'_, u64, Octets> = TableDefinition::new("limits");
/// Mailbox, reader, UID → modseq and flags.
const OWN: TableDefinition<'_, (u64, u64, u32), Octets> = TableDefinition::new("own");

pub(super) struct Index {
    database: Database,
    key: u64,
    /// The rows as they were written last: what is shared with them need not be written again.
    written: HashMap<MailboxId, Arc<Rows>>,
}

/// What an index is.
pub(super) enum Found {
    New,
    /// Of an earlier version, whose log holds everything: it is to be made anew.
    Older,
    This(Box<Loaded>),
}

/// What an index held.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) objects: Objects,
    /// The log position it knows everything up to.
    pub(super) position: u64,
}

impl Index {
    /// Opens the index of the store with this key, or begins one.
    pub(super) fn open(path: &Path, key: u64) -> Result<Index> {
        disk::open_private(path)?; // so that it is created private
        let database = Builder::new().set_cache_size(CACHE).create(path).map_err(failed)?;
        Ok(Index { database, key, written: HashMap::new() })
    }

    /// Everything in it.
    pub(super) fn load(&mut self) -> Result<Found> {
        let damaged = || Error::corrupt("index.redb", 0, "the index");
        let read = self.database.begin_read().map_err(failed)?;
        let Ok(meta) = read.open_table(META) else { return Ok(Found::New) };
        let Some(header) = meta.get("header").map_err(failed)? else { return Ok(Found::New) };
        let mut r = Reader(header.value());
        let version = r.number();
        if version.is_some_and(|version| (1..VERSION).contains(&version)) {
            return Ok(Found::Older);
        }
        if version != Some(VERSION) || r.number() != Some(self.key) {
            return Err(Error::corrupt("index.redb", 0, "it belongs to another store or version"));
        }
        let position = r.number().ok_or_else(damaged)?;
        let mut loaded = Loaded { position, ..Loaded::default() };
        let last = codec::counters(&mut r).ok_or_else(damaged)?;
        let count = r.number().and_then(|count| usize::try_from(count).ok());
        let (count, octets) = count.zip(r.number()).ok_or_else(damaged)?;
        loaded.objects = Objects::kept(count, octets, r.number().ok_or_else(damaged)?);
        let state = &mut loaded.state;
        for entry in read.open_table(ACCOUNTS).map_err(failed)?.iter().map_err(failed)? {
            let (id, value) = entry.map_err(failed)?;
            let (login, credentials) =
                codec::account(&mut Reader(value.value())).ok_or_else(damaged)?;
            state.apply(&Change::Account { id: AccountId::new(id.value()), login, credentials });
        }
        for entry in read.open_table(SUBSCRIPTIONS).map_err(failed)?.iter().map_err(failed)? {
            let (key, ()) = entry.map(|(key, value)| (key, value.value())).map_err(failed)?;
            let (account, name) = key.value();
            state.subscriptions.insert((AccountId::new(account), name.to_owned()));
        }
        for entry in read.open_table(MAILBOXES).map_err(failed)?.iter().map_err(failed)? {
            let (id, value) = entry.map_err(failed)?;
            let change = codec::mailbox(id.value(), &mut Reader(value.value()));
            state.apply(&change.ok_or_else(damaged)?);
        }
        for entry in read.open_table(COUNTS).map_err(failed)?.iter().map_err(failed)? {
            let (id, value) = entry.map_err(failed)?;
            let id = MailboxId::new(id.value());
            let uid_validity =
                state.mailboxes.get(&id).ok_or_else(damaged)?.rows.status().uid_validity;
            let kept = codec::standing(uid_validity, &mut Reader(value.value()));
            let (status, forgotten, keywords) = kept.ok_or_else(damaged)?;
            if let Some(rows) = state.rows_mut(id) {
                *rows = Rows::kept(status, &keywords);
                rows.forget(forgotten);
            }
        }
        for entry in read.open_table(GRAVES).map_err(failed)?.iter().map_err(failed)? {
            let (mailbox, modseq, uid) = entry.map_err(failed)?.0.value();
            let uid = Uid::new(uid).ok_or_else(damaged)?;
            if let Some(rows) = state.rows_mut(MailboxId::new(mailbox)) {
                rows.bury_old(uid, ModSeq::new(modseq));
            }
        }
        for entry in read.open_table(ROWS).map_err(failed)?.iter().map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            let block = Block::unpack(value.value()).ok_or_else(damaged)?;
            let rows = state.rows_mut(MailboxId::new(key.value().0)).ok_or_else(damaged)?;
            rows.keep(block);
        }
        for entry in read.open_table(OBJECTS).map_err(failed)?.iter().map_err(failed)? {
            let (number, value) = entry.map_err(failed)?;
            let block = ObjectBlock::unpack(value.value()).ok_or_else(damaged)?;
            loaded.objects.keep(number.value(), block);
        }
        for entry in read.open_table(ENVELOPES).map_err(failed)?.iter().map_err(failed)? {
            let (id, value) = entry.map_err(failed)?;
            let envelope = codec::envelope(EnvelopeId::new(id.value()), &mut Reader(value.value()));
            let envelope = Arc::new(envelope.ok_or_else(damaged)?);
            state.envelopes.insert(envelope.id, envelope);
        }
        for entry in read.open_table(METADATA).map_err(failed)?.iter().map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            let (kind, id, key) = key.value();
            let scope = codec::scope(kind, id).ok_or_else(damaged)?;
            let value = Bytes::copy_from_slice(value.value());
            state.metadata.insert((scope, key.to_owned()), value);
        }
        for entry in read.open_table(GRANTS).map_err(failed)?.iter().map_err(failed)? {
            let (key, rights) = entry.map_err(failed)?;
            let (mailbox, identifier) = key.value();
            let key = (MailboxId::new(mailbox), identifier.to_owned());
            state.grants.insert(key, Rights::new(rights.value()));
        }
        for entry in read.open_table(LIMITS).map_err(failed)?.iter().map_err(failed)? {
            let (account, value) = entry.map_err(failed)?;
            let limits = codec::limits(&mut Reader(value.value())).ok_or_else(damaged)?;
            state.limits.insert(AccountId::new(account.value()), limits);
        }
        for entry in read.open_table(OWN).map_err(failed)?.iter().map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            let (mailbox, reader, uid) = key.value();
            let uid = Uid::new(uid).ok_or_else(damaged)?;
            let own = codec::own(&mut Reader(value.value())).ok_or_else(damaged)?;
            state.own.insert((MailboxId::new(mailbox), AccountId::new(reader), uid), own);
        }
        state.recount();
        state.last = last;
        let rows = |(id, mailbox): (&MailboxId, &Arc<MailboxState>)| (*id, mailbox.rows.clone());
        self.written = state.mailboxes.iter().map(rows).collect();
        Ok(Found::This(Box::new(loaded)))
    }

    /// Follows a stretch of the log, in one transaction.
    pub(super) fn checkpoint(&mut self, batch: &Batch) -> Result<()> {
        let mut write = self.database.begin_write().map_err(failed)?;
        write.set_quick_repair(true);
        Tables::open(&write)?.follow(batch, &self.written)?;
        let mut header = Vec::new();
        [VERSION, self.key, batch.end].iter().for_each(|n| put(&mut header, *n));
        codec::put_counters(&mut header, batch.last);
        put_len(&mut header, batch.totals.0);
        put(&mut header, batch.totals.1);
        put(&mut header, batch.totals.2);
        write.open_table(META).map_err(failed)?.insert("header", &*header).map_err(failed)?;
        write.commit().map_err(failed)?;
        for change in &batch.changes {
            if let Change::MailboxGone { id } = change {
                self.written.remove(id);
            }
        }
        let rows = |(id, mailbox): (&MailboxId, &Arc<MailboxState>)| (*id, mailbox.rows.clone());
        self.written.extend(batch.mailboxes.iter().map(rows));
        Ok(())
    }
}

struct Tables<'t> {
    accounts: Table<'t, u64, Octets>,
    subscriptions: Table<'t, (u64, &'static str), ()>,
    mailboxes: Table<'t, u64, Octets>,
    counts: Table<'t, u64, Octets>,
    rows: Table<'t, (u64, u32), Octets>,
    graves: Table<'t, (u64, u64, u32), ()>,
    objects: Table<'t, u64, Octets>,
    envelopes: Table<'t, u64, Octets>,
    metadata: Table<'t, (u8, u64, &'static str), Octets>,
    grants: Table<'t, (u64, &'static str), &'static str>,
    limits: Table<'t, u64, Octets>,
    own: Table<'t, (u64, u64, u32), Octets>,
}

impl<'t> Tables<'t> {
    fn open(write: &'t WriteTransaction) -> Result<Tables<'t>> {
        Ok(Tables {
            accounts: write.open_table(ACCOUNTS).map_err(failed)?,
            subscriptions: write.open_table(SUBSCRIPTIONS).map_err(failed)?,
            mailboxes: write.open_table(MAILBOXES).map_err(failed)?,
            counts: write.open_table(COUNTS).map_err(failed)?,
            rows: write.open_table(ROWS).map_err(failed)?,
            graves: write.open_table(GRAVES).map_err(failed)?,
            objects: write.open_table(OBJECTS).map_err(failed)?,
            envelopes: write.open_table(ENVELOPES).map_err(failed)?,
            metadata: write.open_table(METADATA).map_err(failed)?,
            grants: write.open_table(GRANTS).map_err(failed)?,
            limits: write.open_table(LIMITS).map_err(failed)?,
            own: write.open_table(OWN).map_err(failed)?,
        })
    }

    fn follow(&mut self, batch: &Batch, written: &HashMap<MailboxId, Arc<Rows>>) -> Result<()> {
        for change in &batch.changes {
            self.change(change)?;
        }
        for (id, mailbox) in &batch.mailboxes {
            self.write_rows(*id, &mailbox.rows, written.get(id))?;
        }
        for (number, block) in &batch.objects {
            match block {
                Some(block) => {
                    self.objects.insert(number, &*block.pack()).map_err(failed)?;
                }
                None => _ = self.objects.remove(number).map_err(failed)?,
            }
        }
        Ok(())
    }

    /// Writes what a mailbox does not share with how it was written last.
    fn write_rows(
        &mut self,
        id: MailboxId,
        rows: &Rows,
        written: Option<&Arc<Rows>>,
    ) -> Result<()> {
        let mut value = Vec::new();
        codec::put_standing(&mut value, rows);
        self.counts.insert(id.value(), &*value).map_err(failed)?;
        let written = written.into_iter().flat_map(|rows| rows.blocks());
        let mut old: HashMap<Uid, &Arc<Block>> = written.collect();
        for (first, block) in rows.blocks() {
            if old.remove(&first).is_none_or(|old| !Arc::ptr_eq(old, block)) {
                let key = (id.value(), first.value());
                self.rows.insert(key, &*block.pack()).map_err(failed)?;
            }
        }
        for first in old.keys() {
            self.rows.remove((id.value(), first.value())).map_err(failed)?;
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<()> {
        let mut value = Vec::new();
        match change {
            Change::Account { id, login, credentials } => {
                codec::put_account(&mut value, login, credentials);
                self.accounts.insert(id.value(), &*value).map_err(failed)?;
            }
            Change::AccountGone { id } => {
                self.accounts.remove(id.value()).map_err(failed)?;
            }
            Change::Subscribed { account, name } => {
                self.subscriptions.insert((account.value(), &**name), ()).map_err(failed)?;
            }
            Change::Unsubscribed { account, name } => {
                self.subscriptions.remove((account.value(), &**name)).map_err(failed)?;
            }
            Change::Mailbox { id, account, name, special_use, uid_validity } => {
                codec::put_mailbox(&mut value, *account, name, *special_use, *uid_validity);
                self.mailboxes.insert(id.value(), &*value).map_err(failed)?;
            }
            Change::MailboxGone { id } => {
                self.mailboxes.remove(id.value()).map_err(failed)?;
                self.counts.remove(id.value()).map_err(failed)?;
                let graves = (id.value(), 0, 0)..=(id.value(), u64::MAX, u32::MAX);
                self.graves.retain_in(graves, |_, ()| false).map_err(failed)?;
                let rows = (id.value(), 0)..=(id.value(), u32::MAX);
                self.rows.retain_in(rows, |_, _| false).map_err(failed)?;
            }
            Change::Expunged { mailbox, modseq, gone } => {
                for (uid, _) in gone {
                    let grave = (mailbox.value(), modseq.value(), uid.value());
                    self.graves.insert(grave, ()).map_err(failed)?;
                }
                for reader in self.readers(mailbox.value())? {
                    for (uid, _) in gone {
                        let key = (mailbox.value(), reader, uid.value());
                        self.own.remove(key).map_err(failed)?;
                    }
                }
            }
            Change::Own { mailbox, reader, flags } => {
                for own in flags {
                    value.clear();
                    codec::put_own(&mut value, &own.flags, own.modseq);
                    let key = (mailbox.value(), reader.value(), own.uid.value());
                    self.own.insert(key, &*value).map_err(failed)?;
                }
            }
            Change::OwnGone { mailbox, reader } => {
                let (mailbox, reader) = (mailbox.value(), reader.value());
                let own = (mailbox, reader, 0)..=(mailbox, reader, u32::MAX);
                self.own.retain_in(own, |_, _| false).map_err(failed)?;
            }
            Change::Envelope { envelope, .. } => {
                codec::put_envelope(&mut value, envelope);
                self.envelopes.insert(envelope.id.value(), &*value).map_err(failed)?;
            }
            Change::EnvelopeGone { id, .. } => {
                self.envelopes.remove(id.value()).map_err(failed)?;
            }
            Change::Metadata { scope, key, value } => {
                let (kind, id) = codec::scope_numbers(*scope);
                let key = (kind, id, &**key);
                match value {
                    Some(value) => self.metadata.insert(key, &**value).map_err(failed)?,
                    None => self.metadata.remove(key).map_err(failed)?,
                };
            }
            Change::Granted { mailbox, identifier, rights } => {
                let key = (mailbox.value(), &**identifier);
                match rights.is_empty() {
                    true => self.grants.remove(key).map_err(failed)?,
                    false => self.grants.insert(key, rights.as_str()).map_err(failed)?,
                };
            }
            Change::Stands { mailbox, standing } => {
                let mailbox = mailbox.value();
                let forgotten = standing.forgotten.value();
                let graves = (mailbox, 0, 0)..=(mailbox, forgotten, u32::MAX);
                self.graves.retain_in(graves, |_, ()| false).map_err(failed)?;
                for (modseq, uid) in &standing.gone {
                    let grave = (mailbox, modseq.value(), uid.value());
                    self.graves.insert(grave, ()).map_err(failed)?;
                }
            }
            // What becomes of rows and messages is told by how they stand at the end.
            Change::Object { .. }
            | Change::Moved { .. }
            | Change::Rows { .. }
            | Change::Restored { .. }
            | Change::Flagged { .. }
            | Change::Counters(_) => {}
            Change::Limited { account, limits } => {
                codec::put_limits(&mut value, *limits);
                self.limits.insert(account.value(), &*value).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl Tables<'_> {
    /// Who has flags of their own in a mailbox.
    fn readers(&self, mailbox: u64) -> Result<Vec<u64>> {
        let mut found = Vec::new();
        let mut from = 0;
        loop {
            let mut own = self
                .own
                .range((mailbox, from, 0)..=(mailbox, u64::MAX, u32::MAX))
                .map_err(failed)?;
            let Some(first) = own.next() else { return Ok(found) };
            let (_, reader, _) = first.map_err(failed)?.0.value();
            found.push(reader);
            from = reader.saturating_add(1);
        }
    }
}

fn failed(error: impl Into<redb::Error>) -> Error {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    match error.into() {
        redb::Error::Io(error) if matches!(error.kind(), InvalidData | UnexpectedEof) => {
            Error::corrupt("index.redb", 0, "the index")
        }
        redb::Error::Io(error) => error.into(),
        redb::Error::Corrupted(_) => Error::corrupt("index.redb", 0, "the index"),
        other => Error::Io(Arc::new(std::io::Error::other(other.to_string()))),
    }
}
