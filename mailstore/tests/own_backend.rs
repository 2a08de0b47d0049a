#![allow(clippy::unwrap_used, missing_docs, reason = "an example, run as a test")]
// A backend of one's own: a folder of files, one for each entry, one for each body.

use core::sync::atomic::{AtomicU64, Ordering};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use std::{fs, sync::Arc};

use bytes::Bytes;
use mailstore::contract::Subject;
use mailstore::{Body, Error, Journal, JournalStore, MessageId, Result};

struct Folder {
    path: PathBuf,
    next: AtomicU64,
}

impl Folder {
    fn open(path: &Path) -> Result<Folder> {
        fs::create_dir_all(path)?;
        let folder = Folder { path: path.to_owned(), next: AtomicU64::new(0) };
        let last = folder.numbers("entry")?.last().copied();
        folder.next.store(last.map_or(0, |last| last + 1), Ordering::Relaxed);
        Ok(folder)
    }

    fn file(&self, number: u64, kind: &str) -> PathBuf {
        self.path.join(format!("{number:016x}.{kind}"))
    }

    /// The numbers of the files of a kind, ascending.
    fn numbers(&self, kind: &str) -> Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let path = file?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if path.extension().is_some_and(|own| own == kind) {
                numbers.extend(stem.and_then(|stem| u64::from_str_radix(stem, 16).ok()));
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Whole and durable under its name, or not there.
    fn write(&self, number: u64, kind: &str, octets: &[u8]) -> io::Result<()> {
        let unnamed = self.file(number, "new");
        let mut file = fs::File::create(&unnamed)?;
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(unnamed, self.file(number, kind))?;
        fs::File::open(&self.path)?.sync_all()
    }
}

impl Journal for Folder {
    async fn entries(&self) -> Result<Vec<Bytes>> {
        let numbers = self.numbers("entry")?;
        let read = |number| Ok(fs::read(self.file(number, "entry"))?.into());
        numbers.into_iter().map(read).collect()
    }

    async fn append(&self, entry: Bytes, bodies: Vec<(MessageId, Bytes)>) -> Result<()> {
        // The bodies first: one without an entry is removed at opening, an entry without one is not
        // written.
        for (message, octets) in bodies {
            self.write(message.value(), "body", &octets)?;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Ok(self.write(number, "entry", &entry)?)
    }

    async fn replace(&self, entry: Bytes) -> Result<()> {
        // What it says holds whatever was said before, so the others can go one by one.
        let others = self.numbers("entry")?;
        self.append(entry, vec![]).await?;
        for number in others {
            fs::remove_file(self.file(number, "entry"))?;
        }
        Ok(())
    }

    async fn bodies(&self) -> Result<Vec<MessageId>> {
        Ok(self.numbers("body")?.into_iter().map(MessageId::new).collect())
    }

    async fn body(&self, message: MessageId, size: u64) -> Result<Body> {
        let path = self.file(message.value(), "body");
        match fs::File::open(&path) {
            Ok(file) => Ok(Body::from_file(Arc::new(file), 0, size, &path.to_string_lossy())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::not_found("message", message))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn remove(&self, messages: &[MessageId]) -> Result<()> {
        messages.iter().try_for_each(|id| Ok(fs::remove_file(self.file(id.value(), "body"))?))
    }
}

struct OnDisk {
    folder: tempfile::TempDir,
    store: Option<JournalStore<Folder>>,
}

impl Subject for OnDisk {
    type Store = JournalStore<Folder>;
    const THOUSANDS: u32 = 1; // it writes one file a message
    const HISTORIES: u32 = 30;

    async fn create() -> Self {
        let mut made = OnDisk { folder: tempfile::tempdir().unwrap(), store: None };
        made.reopen().await;
        made
    }

    fn store(&self) -> Self::Store {
        self.store.clone().unwrap()
    }

    async fn reopen(&mut self) -> bool {
        let folder = Folder::open(self.folder.path()).unwrap();
        self.store = Some(JournalStore::open(folder).await.unwrap());
        true
    }
}

mailstore::contract_tests!(OnDisk);
