//! The tables. Anybody may read them; only a store writes them, and only what its log says.

use core::time::Duration;
use std::path::Path;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Params, Transaction, TransactionBehavior, params,
};

use crate::model::codec;
use crate::model::{Change, Object, Place};
use crate::{Credential, Error, Flags, MailboxId, MessageId, ModSeq, Result, Row, SpecialUse, Uid};

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
  uid_validity INTEGER NOT NULL, uid_next INTEGER NOT NULL DEFAULT 1, highest_modseq INTEGER NOT NULL DEFAULT 1,
  forgotten INTEGER NOT NULL DEFAULT 0);
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
PRAGMA user_version = 3;
";

/// From version 2: removals up to `forgotten` are no longer remembered.
const UPGRADE: &str = "
ALTER TABLE mailboxes ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 3;
";

/// The tables, for when they are filled anew.
const TABLES: [&str; 13] = [
    "numbers",
    "accounts",
    "credentials",
    "subscriptions",
    "mailboxes",
    "messages",
    "rows",
    "own_flags",
    "keywords",
    "expunged",
    "metadata",
    "rights",
    "envelopes",
];

pub(super) fn open(path: &Path) -> Result<Connection> {
    crate::disk::open_private(path)?; // so that it is created private
    let database = Connection::open(path).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    database.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    // What a power cut takes from the tables the log still has.
    database.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    Ok(database)
}

/// Makes what was committed durable in the tables themselves, so that no more of the log is needed for them.
pub(super) fn settle(database: &Connection) -> Result<()> {
    let sql = "PRAGMA wal_checkpoint(FULL)";
    let held_up: bool = database.query_row(sql, [], |line| line.get(0)).map_err(failed)?;
    match held_up {
        false => Ok(()),
        true => Err(Error::locked("index.sqlite", "a program reads it; try again later")),
    }
}

/// Empties the tables, to be filled from the log.
pub(super) fn empty(step: &Transaction<'_>) -> Result<()> {
    TABLES.iter().try_for_each(|table| {
        step.execute(&format!("DELETE FROM {table}"), []).map(|_| ()).map_err(failed)
    })
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
        2 => step.execute_batch(UPGRADE).map_err(failed),
        3 => Ok(()),
        _ => Err(Error::corrupt(NAME, 60, "another version made it")),
    }
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
        // Compaction says these three again: only tables that are filled anew lack any of it.
        Change::Restored { mailbox, rows } => {
            for row in rows {
                let sql = "SELECT 1 FROM rows WHERE mailbox = ?1 AND uid = ?2";
                let key = params![mailbox.value().cast_signed(), row.uid.value()];
                if !step.prepare_cached(sql)?.exists(key)? {
                    put_row(step, *mailbox, row)?;
                }
            }
            Ok(())
        }
        Change::Stands { mailbox, standing } => {
            raise(step, *mailbox, standing.uid_next, standing.highest_modseq)?;
            let mailbox = mailbox.value().cast_signed();
            run(step, "DELETE FROM expunged WHERE mailbox = ?1", [mailbox])?;
            for (modseq, uid) in &standing.gone {
                let sql = "INSERT OR IGNORE INTO expunged VALUES (?1, ?2, ?3)";
                run(step, sql, params![mailbox, modseq.value().cast_signed(), uid.value()])?;
            }
            forget(step, MailboxId::new(mailbox.cast_unsigned()), standing.forgotten)
        }
        Change::Counters(last) => {
            number(step, "account", last.account)?;
            number(step, "mailbox", last.mailbox)?;
            number(step, "message", last.message)?;
            number(step, "envelope", last.envelope)?;
            number(step, "uid_validity", last.uid_validity.into())
        }
    }
}

/// Removes what is remembered of removals up to this point.
pub(super) fn forget(
    step: &Transaction<'_>,
    mailbox: MailboxId,
    forgotten: ModSeq,
) -> rusqlite::Result<()> {
    if forgotten == ModSeq::ZERO {
        return Ok(());
    }
    let key = params![mailbox.value().cast_signed(), forgotten.value().cast_signed()];
    run(step, "UPDATE mailboxes SET forgotten = max(forgotten, ?2) WHERE id = ?1", key)?;
    run(step, "DELETE FROM expunged WHERE mailbox = ?1 AND modseq <= ?2", key)
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
        // A message that moves is needed by as many as before.
        "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET facts_at = ?6, \
         facts_length = ?7, body_at = ?8, body_length = ?9, body_file = ?10",
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
