//! The tables. Anybody may read them; only a store writes them, and only what its log says.

use core::time::Duration;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Params, Row as Line, Transaction,
    TransactionBehavior, params,
};

use crate::model::codec;
use crate::model::wire::Reader;
use crate::model::{Change, Counters, Object, Place};
use crate::rows::Standing;
use crate::{
    AccountId, Credential, EnvelopeId, Error, Flags, Limits, MailboxId, MessageId, ModSeq,
    OwnFlags, Result, Rights, Row, SpecialUse, ThreadId, Timestamp, Uid, UidValidity,
};

pub(super) const NAME: &str = "index.sqlite";

/// How long to wait for other processes.
const PATIENCE: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, login TEXT NOT NULL, octet_limit INTEGER, message_limit INTEGER);
CREATE TABLE IF NOT EXISTS credentials (account INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS credentials_of ON credentials (account);
CREATE TABLE IF NOT EXISTS subscriptions (account INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mailboxes (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL, special_use TEXT,
  uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL DEFAULT 1, highest_modseq INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, crc32c INTEGER NOT NULL, thread INTEGER,
  needed INTEGER NOT NULL, facts_at INTEGER, facts_length INTEGER, body_at INTEGER, body_length INTEGER, body_file INTEGER);
CREATE TABLE IF NOT EXISTS rows (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, message INTEGER NOT NULL, modseq INTEGER NOT NULL,
  size INTEGER NOT NULL, internal_date INTEGER NOT NULL, save_date INTEGER NOT NULL, flags INTEGER NOT NULL,
  PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS own_flags (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, reader INTEGER NOT NULL,
  modseq INTEGER NOT NULL, flags INTEGER NOT NULL, PRIMARY KEY (mailbox, uid, reader)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keywords (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, reader INTEGER NOT NULL,
  keyword TEXT NOT NULL, PRIMARY KEY (mailbox, uid, reader, keyword)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS expunged (mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL,
  PRIMARY KEY (mailbox, modseq, uid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS metadata (scope INTEGER NOT NULL, of INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY (scope, of, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rights (mailbox INTEGER NOT NULL, identifier TEXT NOT NULL, rights TEXT NOT NULL,
  PRIMARY KEY (mailbox, identifier)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS envelopes (id INTEGER PRIMARY KEY, message INTEGER NOT NULL, reverse_path TEXT NOT NULL,
  created INTEGER NOT NULL, held INTEGER NOT NULL, octets BLOB NOT NULL);
PRAGMA user_version = 2;
";

pub(super) fn open(path: &Path) -> Result<Connection> {
    crate::disk::open_private(path)?; // so that it is created private
    let database = Connection::open(path).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    database.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    // What a power cut takes from the tables the log still has.
    database.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    Ok(database)
}

/// Takes SQLite's write lock.
pub(super) fn begin(database: &mut Connection) -> Result<Transaction<'_>> {
    database.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)
}

/// Changes whenever another connection has committed.
pub(super) fn version(database: &Connection) -> Result<i64> {
    database.pragma_query_value(None, "data_version", |line| line.get(0)).map_err(failed)
}

/// The log position the tables know everything up to.
pub(super) fn position(database: &Connection) -> Result<u64> {
    let mut query = database
        .prepare_cached("SELECT value FROM numbers WHERE name = 'position'")
        .map_err(failed)?;
    let found = query.query_row([], |line| line.get(0)).optional().map_err(failed)?;
    Ok(found.map_or(0, i64::cast_unsigned))
}

pub(super) fn set_position(step: &Transaction<'_>, position: u64) -> rusqlite::Result<()> {
    number(step, "position", position)
}

fn number(step: &Transaction<'_>, name: &str, value: u64) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO numbers VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = max(value, ?2)";
    run(step, sql, params![name, value.cast_signed()])
}

fn run(step: &Transaction<'_>, sql: &str, values: impl Params) -> rusqlite::Result<()> {
    step.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// Makes tables where there are none.
pub(super) fn create(step: &Transaction<'_>) -> Result<()> {
    let version: u32 =
        step.pragma_query_value(None, "user_version", |line| line.get(0)).map_err(failed)?;
    match version {
        0 => step.execute_batch(SCHEMA).map_err(failed),
        2 => Ok(()),
        _ => Err(Error::corrupt(NAME, 60, "another version made it")),
    }
}

/// Everything the tables hold, as changes that make it so, and the log position they stand at.
pub(super) fn load(step: &Transaction<'_>) -> Result<(Vec<Change>, u64)> {
    let changes = all(step).map_err(failed)?;
    let changes = changes.ok_or_else(|| Error::corrupt(NAME, 0, "a value that cannot be"))?;
    Ok((changes, position(step)?))
}

fn lines<T>(
    step: &Transaction<'_>,
    sql: &str,
    mut read: impl FnMut(&Line<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut query = step.prepare(sql)?;
    query.query_map([], |line| read(line))?.collect()
}

fn id(line: &Line<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(line.get::<_, i64>(at)?.cast_unsigned())
}

fn uid(line: &Line<'_>, at: usize) -> rusqlite::Result<Uid> {
    Ok(Uid::new(line.get(at)?).unwrap_or(Uid::FIRST))
}

fn all(step: &Transaction<'_>) -> rusqlite::Result<Option<Vec<Change>>> {
    let numbers = lines(step, "SELECT name, value FROM numbers", |line| {
        Ok((line.get::<_, String>(0)?, id(line, 1)?))
    })?;
    let numbers: HashMap<String, u64> = numbers.into_iter().collect();
    let last = |name: &str| numbers.get(name).copied().unwrap_or(0);
    let mut changes = vec![Change::Counters(Counters {
        account: last("account"),
        mailbox: last("mailbox"),
        message: last("message"),
        envelope: last("envelope"),
        uid_validity: u32::try_from(last("uid_validity")).unwrap_or(u32::MAX),
    })];
    let mut credentials: HashMap<u64, Vec<Credential>> = HashMap::new();
    let sql = "SELECT account, kind, value FROM credentials ORDER BY rowid";
    for (account, credential) in lines(step, sql, |line| {
        Ok((id(line, 0)?, Credential::new(line.get::<_, String>(1)?, line.get::<_, String>(2)?)))
    })? {
        credentials.entry(account).or_default().push(credential);
    }
    let sql = "SELECT id, login, octet_limit, message_limit FROM accounts";
    for (account, login, octets, messages) in lines(step, sql, |line| {
        let limits: (Option<i64>, Option<i64>) = (line.get(2)?, line.get(3)?);
        let (octets, messages) = (limits.0.map(i64::cast_unsigned), limits.1);
        Ok((id(line, 0)?, line.get(1)?, octets, messages.map(i64::cast_unsigned)))
    })? {
        let credentials = credentials.remove(&account).unwrap_or_default();
        let account = AccountId::new(account);
        changes.push(Change::Account { id: account, login, credentials });
        changes.push(Change::Limited { account, limits: Limits::new(octets, messages) });
    }
    changes.extend(lines(step, "SELECT account, name FROM subscriptions", |line| {
        Ok(Change::Subscribed { account: AccountId::new(id(line, 0)?), name: line.get(1)? })
    })?);
    let mut gone: HashMap<u64, Vec<(ModSeq, Uid)>> = HashMap::new();
    let sql = "SELECT mailbox, modseq, uid FROM expunged ORDER BY mailbox, modseq, uid";
    for (mailbox, grave) in
        lines(step, sql, |line| Ok((id(line, 0)?, (ModSeq::new(id(line, 1)?), uid(line, 2)?))))?
    {
        gone.entry(mailbox).or_default().push(grave);
    }
    let mut standings = Vec::new();
    let sql = "SELECT id, account, name, special_use, uid_validity, uid_next, highest_modseq FROM mailboxes";
    for (mailbox, account, name, special_use, uid_validity, uid_next, modseq) in
        lines(step, sql, |line| {
            let special_use: Option<String> = line.get(3)?;
            let validity: u32 = line.get(4)?;
            let modseq = ModSeq::new(id(line, 6)?);
            Ok((
                id(line, 0)?,
                id(line, 1)?,
                line.get(2)?,
                special_use,
                validity,
                uid(line, 5)?,
                modseq,
            ))
        })?
    {
        let special_use =
            SpecialUse::ALL.into_iter().find(|u| Some(u.name()) == special_use.as_deref());
        let Some(uid_validity) = UidValidity::new(uid_validity) else { return Ok(None) };
        let gone = gone.remove(&mailbox).unwrap_or_default();
        let (id, account) = (MailboxId::new(mailbox), AccountId::new(account));
        changes.push(Change::Mailbox { id, account, name, special_use, uid_validity });
        let standing = Standing { uid_next, highest_modseq: modseq, forgotten: ModSeq::ZERO, gone };
        standings.push(Change::Stands { mailbox: id, standing });
    }
    changes.extend(standings);
    let sql = "SELECT id, size, crc32c, thread, needed, facts_at, facts_length, body_at, body_length, body_file FROM messages";
    changes.extend(lines(step, sql, message)?);
    rows(step, &mut changes)?;
    let sql = "SELECT scope, of, key, value FROM metadata";
    for (scope, key, value) in lines(step, sql, |line| {
        Ok((codec::scope(line.get(0)?, id(line, 1)?), line.get(2)?, line.get::<_, Vec<u8>>(3)?))
    })? {
        let Some(scope) = scope else { return Ok(None) };
        changes.push(Change::Metadata { scope, key, value: Some(Bytes::from(value)) });
    }
    changes.extend(lines(step, "SELECT mailbox, identifier, rights FROM rights", |line| {
        let rights = Rights::new(&line.get::<_, String>(2)?);
        let mailbox = MailboxId::new(id(line, 0)?);
        Ok(Change::Granted { mailbox, identifier: line.get(1)?, rights })
    })?);
    for (number, octets) in lines(step, "SELECT id, octets FROM envelopes", |line| {
        Ok((id(line, 0)?, line.get::<_, Vec<u8>>(1)?))
    })? {
        let envelope = codec::envelope(EnvelopeId::new(number), &mut Reader(&octets));
        let Some(envelope) = envelope.map(Arc::new) else { return Ok(None) };
        changes.push(Change::Envelope { envelope, new: false });
    }
    Ok(Some(changes))
}

fn message(line: &Line<'_>) -> rusqlite::Result<Change> {
    let place = |at: usize| -> rusqlite::Result<Place> {
        let (from, length): (Option<i64>, Option<u32>) = (line.get(at)?, line.get(at + 1)?);
        Ok(match from.zip(length) {
            Some((at, length)) => Place::Log { at: at.cast_unsigned(), length },
            None => Place::Damaged,
        })
    };
    let body = match line.get::<_, Option<i64>>(9)? {
        Some(number) => Place::File(number.cast_unsigned()),
        None => place(7)?,
    };
    let thread = line.get::<_, Option<i64>>(3)?.map(|id| ThreadId::new(id.cast_unsigned()));
    let (size, crc) = (id(line, 1)?, line.get(2)?);
    let object = Object { size, crc, thread, facts: place(5)?, body };
    Ok(Change::Moved { id: MessageId::new(id(line, 0)?), object, needed: line.get(4)? })
}

fn rows(step: &Transaction<'_>, changes: &mut Vec<Change>) -> rusqlite::Result<()> {
    let mut keywords: HashMap<(u64, Uid, u64), Vec<String>> = HashMap::new();
    let sql = "SELECT mailbox, uid, reader, keyword FROM keywords";
    for (key, word) in
        lines(step, sql, |line| Ok(((id(line, 0)?, uid(line, 1)?, id(line, 2)?), line.get(3)?)))?
    {
        keywords.entry(key).or_default().push(word);
    }
    let mut flags = |bits: u8, key: (u64, Uid, u64)| match keywords.remove(&key) {
        Some(words) => Flags::from_bits(bits).with_keywords(words.iter().map(String::as_str)),
        None => Flags::from_bits(bits),
    };
    let sql = "SELECT mailbox, uid, message, modseq, size, internal_date, save_date, flags FROM rows ORDER BY mailbox, uid";
    for (mailbox, row) in lines(step, sql, |line| {
        let (mailbox, uid) = (id(line, 0)?, uid(line, 1)?);
        let (message, modseq) = (MessageId::new(id(line, 2)?), ModSeq::new(id(line, 3)?));
        let mut row = Row::new(uid, message, id(line, 4)?, modseq);
        row.internal_date = Timestamp::from_millis(line.get(5)?);
        row.save_date = Timestamp::from_millis(line.get(6)?);
        row.flags = flags(line.get(7)?, (mailbox, uid, 0));
        Ok((MailboxId::new(mailbox), row))
    })? {
        match changes.last_mut() {
            Some(Change::Restored { mailbox: of, rows }) if *of == mailbox => rows.push(row),
            _ => changes.push(Change::Restored { mailbox, rows: vec![row] }),
        }
    }
    let sql =
        "SELECT mailbox, reader, uid, modseq, flags FROM own_flags ORDER BY mailbox, reader, uid";
    for (mailbox, reader, own) in lines(step, sql, |line| {
        let (mailbox, reader, uid) = (id(line, 0)?, id(line, 1)?, uid(line, 2)?);
        let flags = flags(line.get(4)?, (mailbox, uid, reader));
        let own = OwnFlags::new(uid, flags, ModSeq::new(id(line, 3)?));
        Ok((MailboxId::new(mailbox), AccountId::new(reader), own))
    })? {
        match changes.last_mut() {
            Some(Change::Own { mailbox: of, reader: by, flags })
                if *of == mailbox && *by == reader =>
            {
                flags.push(own);
            }
            _ => changes.push(Change::Own { mailbox, reader, flags: vec![own] }),
        }
    }
    Ok(())
}

/// Brings the tables up to date; gives the numbers of body files nobody needs any more.
pub(super) fn follow(step: &Transaction<'_>, changes: &[Change]) -> rusqlite::Result<Vec<u64>> {
    let mut gone = Vec::new();
    for change in changes {
        one(step, change, &mut gone)?;
    }
    Ok(gone)
}

fn one(step: &Transaction<'_>, change: &Change, gone: &mut Vec<u64>) -> rusqlite::Result<()> {
    match change {
        Change::Account { id, login, credentials } => {
            let id = id.value();
            number(step, "account", id)?;
            let id = id.cast_signed();
            run(
                step,
                "INSERT INTO accounts (id, login) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET login = ?2",
                params![id, login],
            )?;
            run(step, "DELETE FROM credentials WHERE account = ?1", [id])?;
            for Credential { kind, value, .. } in credentials {
                let sql = "INSERT INTO credentials VALUES (?1, ?2, ?3)";
                run(step, sql, params![id, kind, value])?;
            }
            Ok(())
        }
        Change::AccountGone { id } => {
            run(step, "DELETE FROM credentials WHERE account = ?1", [id.value().cast_signed()])?;
            run(step, "DELETE FROM accounts WHERE id = ?1", [id.value().cast_signed()])
        }
        Change::Limited { account, limits } => run(
            step,
            "UPDATE accounts SET octet_limit = ?2, message_limit = ?3 WHERE id = ?1",
            params![
                account.value().cast_signed(),
                limits.octets.map(u64::cast_signed),
                limits.messages.map(u64::cast_signed)
            ],
        ),
        Change::Subscribed { account, name } => run(
            step,
            "INSERT OR IGNORE INTO subscriptions VALUES (?1, ?2)",
            params![account.value().cast_signed(), name],
        ),
        Change::Unsubscribed { account, name } => run(
            step,
            "DELETE FROM subscriptions WHERE account = ?1 AND name = ?2",
            params![account.value().cast_signed(), name],
        ),
        Change::Mailbox { id, account, name, special_use, uid_validity } => {
            number(step, "mailbox", id.value())?;
            number(step, "uid_validity", uid_validity.value().into())?;
            run(
                step,
                "INSERT INTO mailboxes (id, account, name, special_use, uid_validity) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT DO UPDATE SET account = ?2, name = ?3, special_use = ?4",
                params![
                    id.value().cast_signed(),
                    account.value().cast_signed(),
                    name,
                    special_use.map(SpecialUse::name),
                    uid_validity.value()
                ],
            )
        }
        Change::MailboxGone { id } => {
            run(step, "DELETE FROM expunged WHERE mailbox = ?1", [id.value().cast_signed()])?;
            run(step, "DELETE FROM mailboxes WHERE id = ?1", [id.value().cast_signed()])
        }
        Change::Object { id, object } => put_message(step, *id, object, 0),
        Change::Moved { id, object, needed } => put_message(step, *id, object, *needed),
        Change::Rows { mailbox, rows } => {
            for row in rows {
                put_row(step, *mailbox, row)?;
                need(step, row.message)?;
            }
            Ok(())
        }
        Change::Flagged { mailbox, modseq, flags, uids } => {
            raise(step, *mailbox, Uid::FIRST, *modseq)?;
            for uid in uids {
                run(
                    step,
                    "UPDATE rows SET modseq = ?3, flags = ?4 WHERE mailbox = ?1 AND uid = ?2",
                    params![
                        mailbox.value().cast_signed(),
                        uid.value(),
                        modseq.value().cast_signed(),
                        flags.bits()
                    ],
                )?;
                put_keywords(step, (*mailbox, *uid, 0), flags)?;
            }
            Ok(())
        }
        Change::Expunged { mailbox, modseq, gone: rows } => {
            raise(step, *mailbox, Uid::FIRST, *modseq)?;
            for (uid, message) in rows {
                let key = params![mailbox.value().cast_signed(), uid.value()];
                for table in ["rows", "keywords", "own_flags"] {
                    let sql = format!("DELETE FROM {table} WHERE mailbox = ?1 AND uid = ?2");
                    run(step, &sql, key)?;
                }
                run(
                    step,
                    "INSERT OR IGNORE INTO expunged VALUES (?1, ?2, ?3)",
                    params![
                        mailbox.value().cast_signed(),
                        modseq.value().cast_signed(),
                        uid.value()
                    ],
                )?;
                gone.extend(release(step, *message)?);
            }
            Ok(())
        }
        Change::Own { mailbox, reader, flags } => {
            for own in flags {
                raise(step, *mailbox, Uid::FIRST, own.modseq)?;
                run(
                    step,
                    "INSERT OR REPLACE INTO own_flags VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        mailbox.value().cast_signed(),
                        own.uid.value(),
                        reader.value().cast_signed(),
                        own.modseq.value().cast_signed(),
                        own.flags.bits()
                    ],
                )?;
                put_keywords(step, (*mailbox, own.uid, reader.value()), &own.flags)?;
            }
            Ok(())
        }
        Change::OwnGone { mailbox, reader } => {
            for table in ["keywords", "own_flags"] {
                let sql = format!("DELETE FROM {table} WHERE mailbox = ?1 AND reader = ?2");
                let key = params![mailbox.value().cast_signed(), reader.value().cast_signed()];
                run(step, &sql, key)?;
            }
            Ok(())
        }
        Change::Envelope { envelope, new } => {
            number(step, "envelope", envelope.id.value())?;
            let mut octets = Vec::new();
            codec::put_envelope(&mut octets, envelope);
            run(
                step,
                "INSERT OR REPLACE INTO envelopes VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    envelope.id.value().cast_signed(),
                    envelope.message.value().cast_signed(),
                    envelope.reverse_path,
                    envelope.created.millis(),
                    envelope.held,
                    octets
                ],
            )?;
            if *new { need(step, envelope.message) } else { Ok(()) }
        }
        Change::EnvelopeGone { id, message } => {
            run(step, "DELETE FROM envelopes WHERE id = ?1", [id.value().cast_signed()])?;
            gone.extend(release(step, *message)?);
            Ok(())
        }
        Change::Metadata { scope, key, value } => {
            let (kind, id) = codec::scope_numbers(*scope);
            match value {
                Some(value) => run(
                    step,
                    "INSERT OR REPLACE INTO metadata VALUES (?1, ?2, ?3, ?4)",
                    params![kind, id.cast_signed(), key, &**value],
                ),
                None => run(
                    step,
                    "DELETE FROM metadata WHERE scope = ?1 AND of = ?2 AND key = ?3",
                    params![kind, id.cast_signed(), key],
                ),
            }
        }
        Change::Granted { mailbox, identifier, rights } => {
            let mailbox = mailbox.value().cast_signed();
            match rights.is_empty() {
                true => run(
                    step,
                    "DELETE FROM rights WHERE mailbox = ?1 AND identifier = ?2",
                    params![mailbox, identifier],
                ),
                false => run(
                    step,
                    "INSERT OR REPLACE INTO rights VALUES (?1, ?2, ?3)",
                    params![mailbox, identifier, rights.as_str()],
                ),
            }
        }
        // Compaction says them, and this log is not compacted.
        Change::Restored { .. } | Change::Stands { .. } | Change::Counters(_) => Ok(()),
    }
}

fn put_message(
    step: &Transaction<'_>,
    id: MessageId,
    object: &Object,
    needed: u32,
) -> rusqlite::Result<()> {
    number(step, "message", id.value())?;
    let place = |place: &Place| match place {
        Place::Log { at, length } => (Some(at.cast_signed()), Some(*length), None),
        Place::File(number) => (None, None, Some(number.cast_signed())),
        Place::Memory(_) | Place::Spooled(_) | Place::Damaged => (None, None, None),
    };
    let (facts_at, facts_length, _) = place(&object.facts);
    let (body_at, body_length, body_file) = place(&object.body);
    run(
        step,
        "INSERT OR REPLACE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            id.value().cast_signed(),
            object.size.cast_signed(),
            object.crc,
            object.thread.map(|thread| thread.value().cast_signed()),
            needed,
            facts_at,
            facts_length,
            body_at,
            body_length,
            body_file
        ],
    )
}

fn put_row(step: &Transaction<'_>, mailbox: MailboxId, row: &Row) -> rusqlite::Result<()> {
    raise(step, mailbox, row.uid.next().unwrap_or(row.uid), row.modseq)?;
    run(
        step,
        "INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            mailbox.value().cast_signed(),
            row.uid.value(),
            row.message.value().cast_signed(),
            row.modseq.value().cast_signed(),
            row.size.cast_signed(),
            row.internal_date.millis(),
            row.save_date.millis(),
            row.flags.bits()
        ],
    )?;
    put_keywords(step, (mailbox, row.uid, 0), &row.flags)
}

fn put_keywords(
    step: &Transaction<'_>,
    (mailbox, uid, reader): (MailboxId, Uid, u64),
    flags: &Flags,
) -> rusqlite::Result<()> {
    let (mailbox, reader) = (mailbox.value().cast_signed(), reader.cast_signed());
    let sql = "DELETE FROM keywords WHERE mailbox = ?1 AND uid = ?2 AND reader = ?3";
    run(step, sql, params![mailbox, uid.value(), reader])?;
    for word in flags.keywords() {
        let sql = "INSERT OR IGNORE INTO keywords VALUES (?1, ?2, ?3, ?4)";
        run(step, sql, params![mailbox, uid.value(), reader, word])?;
    }
    Ok(())
}

fn raise(
    step: &Transaction<'_>,
    mailbox: MailboxId,
    uid_next: Uid,
    modseq: ModSeq,
) -> rusqlite::Result<()> {
    run(
        step,
        "UPDATE mailboxes SET uid_next = max(uid_next, ?2), highest_modseq = max(highest_modseq, ?3) WHERE id = ?1",
        params![mailbox.value().cast_signed(), uid_next.value(), modseq.value().cast_signed()],
    )
}

fn need(step: &Transaction<'_>, message: MessageId) -> rusqlite::Result<()> {
    let sql = "UPDATE messages SET needed = needed + 1 WHERE id = ?1";
    run(step, sql, [message.value().cast_signed()])
}

/// One less needs the message; gives the number of its body file when that is no longer needed.
fn release(step: &Transaction<'_>, message: MessageId) -> rusqlite::Result<Option<u64>> {
    let message = message.value().cast_signed();
    run(step, "UPDATE messages SET needed = needed - 1 WHERE id = ?1", [message])?;
    let sql = "DELETE FROM messages WHERE id = ?1 AND needed <= 0 RETURNING body_file";
    let mut delete = step.prepare_cached(sql)?;
    let file: Option<Option<i64>> = delete.query_row([message], |line| line.get(0)).optional()?;
    Ok(file.flatten().map(i64::cast_unsigned))
}

pub(super) fn failed(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::locked("the mail store", "another process has held it for a minute")
        }
        Some(ErrorCode::DiskFull) => Error::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::corrupt(NAME, 0, "it is no whole SQLite database")
        }
        _ => std::io::Error::other(error).into(),
    }
}
