//! A store in one SQLite database: a [`Journal`] of two tables.

use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::body::blocking;
use crate::{Body, Error, Journal, JournalStore, MessageId, Result};

/// A store in an SQLite database. One process has it at a time.
///
/// ```
/// use mailstore::{Accounts, sqlite};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let file = folder.path().join("mail.sqlite");
/// let store = sqlite::open(&file).await?;
/// let alice = store.create_account("alice@example.test", &[]).await?;
/// drop(store);
/// assert_eq!(sqlite::open(&file).await?.account("alice@example.test").await?, alice);
/// # Ok::<(), mailstore::Error>(()) }).unwrap();
/// ```
pub type SqliteStore = JournalStore<Database>;

/// Opens the store in this file, or creates one there.
///
/// # Errors
/// [`Locked`](Error::Locked) while another has it open, [`Corrupt`](Error::Corrupt),
/// [`Full`](Error::Full), [`Io`](Error::Io).
pub async fn open(file: impl Into<PathBuf>) -> Result<SqliteStore> {
    open_with(file, Options::default()).await
}

/// As [`open`], with options.
///
/// # Errors
/// As [`open`].
pub async fn open_with(file: impl Into<PathBuf>, options: Options) -> Result<SqliteStore> {
    let file = file.into();
    JournalStore::open(blocking(move || Database::open(&file, options)).await?).await
}

/// How to open a database.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Whether writes wait until they are durable. Without it a power cut loses mail that was answered:
    /// for tests that must see that.
    pub durable: bool,
}

impl Default for Options {
    /// Durable.
    fn default() -> Self {
        Options { durable: true }
    }
}

/// The database: `entries` holds the journal, `bodies` the octets of messages.
pub struct Database(Arc<Mutex<Connection>>);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS entries (place INTEGER PRIMARY KEY, entry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS bodies (message INTEGER PRIMARY KEY, octets BLOB NOT NULL);
PRAGMA user_version = 1;
";

impl Database {
    fn open(file: &Path, options: Options) -> Result<Database> {
        crate::disk::open_private(file)?; // so that it is created private
        let database = Connection::open(file).map_err(failed)?;
        database.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        database.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        let synchronous = if options.durable { "FULL" } else { "OFF" };
        database.pragma_update(None, "synchronous", synchronous).map_err(failed)?;
        let version: u32 =
            database.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        if version > 1 {
            return Err(Error::corrupt(file.to_string_lossy(), 60, "a later version made it"));
        }
        database.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Database(Arc::new(Mutex::new(database))))
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.0.clone();
        blocking(move || {
            let mut database: MutexGuard<'_, Connection> =
                database.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut database).map_err(failed)
        })
        .await
    }
}

impl Journal for Database {
    async fn entries(&self) -> Result<Vec<Bytes>> {
        self.work(|database| {
            let mut entries = database.prepare("SELECT entry FROM entries ORDER BY place")?;
            let rows = entries.query_map([], |row| row.get::<_, Vec<u8>>(0).map(Bytes::from))?;
            rows.collect()
        })
        .await
    }

    async fn append(&self, entry: Bytes, bodies: Vec<(MessageId, Bytes)>) -> Result<()> {
        self.work(move |database| {
            let step = database.transaction()?;
            for (message, octets) in bodies {
                let mut insert = step.prepare_cached("INSERT INTO bodies VALUES (?1, ?2)")?;
                insert.execute(params![message.value().cast_signed(), &*octets])?;
            }
            step.prepare_cached("INSERT INTO entries (entry) VALUES (?1)")?.execute([&*entry])?;
            step.commit()
        })
        .await
    }

    async fn replace(&self, entry: Bytes) -> Result<()> {
        self.work(move |database| {
            let step = database.transaction()?;
            step.execute("DELETE FROM entries", [])?;
            step.execute("INSERT INTO entries (entry) VALUES (?1)", [&*entry])?;
            step.commit()
        })
        .await
    }

    async fn bodies(&self) -> Result<Vec<MessageId>> {
        self.work(|database| {
            let mut bodies = database.prepare("SELECT message FROM bodies")?;
            let message = |id: i64| MessageId::new(id.cast_unsigned());
            let rows = bodies.query_map([], |row| row.get(0).map(message))?;
            rows.collect()
        })
        .await
    }

    async fn body(&self, message: MessageId, _size: u64) -> Result<Body> {
        let found = self.work(move |database| {
            let mut body =
                database.prepare_cached("SELECT octets FROM bodies WHERE message = ?1")?;
            body.query_row([message.value().cast_signed()], |row| row.get::<_, Vec<u8>>(0))
                .optional()
        });
        let octets = found.await?.ok_or_else(|| Error::not_found("message", message))?;
        Ok(Body::from_bytes(octets.into()))
    }

    async fn remove(&self, messages: &[MessageId]) -> Result<()> {
        let messages = messages.to_vec();
        self.work(move |database| {
            let step = database.transaction()?;
            for message in messages {
                let mut delete = step.prepare_cached("DELETE FROM bodies WHERE message = ?1")?;
                delete.execute([message.value().cast_signed()])?;
            }
            step.commit()
        })
        .await
    }
}

fn failed(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::locked(
            "the mail store",
            "another process has it open; stop that one first or use another file",
        ),
        Some(ErrorCode::DiskFull) => Error::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::corrupt("the database", 0, "it is no whole SQLite database")
        }
        _ => std::io::Error::other(error).into(),
    }
}
