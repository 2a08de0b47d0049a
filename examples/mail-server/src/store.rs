//! Which store this server keeps its mail in, and where.

use crate::config::{Config, StoreKind};
use core::ops::Deref;
use mailstore::{
    Accounts, DynStore, EmbeddedStore, Mailboxes, MaildirStore, Messages, Queue, SqliteStore,
    embedded::{Compacted, Damage},
};
use std::{
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(
        "the mail store in {} is open in another process, such as a running mail-server; stop that one first, or choose another folder with --data",
        folder.display()
    )]
    InUse { folder: PathBuf },
    #[error("cannot open the mail store in {}: {error}", folder.display())]
    Store { folder: PathBuf, error: mailstore::Error },
    #[error(
        "the mail in {} is in a store of another kind: set `store` as it was, or export it with that setting and import it with the new one",
        folder.display()
    )]
    OtherKind { folder: PathBuf },
}

/// The store, of the kind the settings name. It is used as any store; what only some kinds can do is below.
#[derive(Clone, Debug)]
pub(crate) struct MailStore {
    any: DynStore,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Embedded(EmbeddedStore),
    Sqlite(SqliteStore),
    Maildir,
}

/// A store in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) accounts: u64,
    pub(crate) mailboxes: u64,
    /// Of a store that counts copies: those too.
    pub(crate) messages: u64,
    pub(crate) envelopes: u64,
    pub(crate) message_octets: u64,
    /// Octets and files of the log, of a store that tells.
    pub(crate) log: Option<(u64, u64)>,
}

impl Deref for MailStore {
    type Target = DynStore;

    fn deref(&self) -> &DynStore {
        &self.any
    }
}

/// Where the Maildir++ trees are: beside certificates and keys, not among them.
pub(crate) fn trees(data: &Path) -> PathBuf {
    data.join("maildir")
}

/// The store in the data folder; both are made if there are none, for the server's user alone.
pub(crate) async fn open(config: &Config) -> Result<MailStore, OpenError> {
    let folder = &config.data;
    let other = match config.store {
        StoreKind::Embedded | StoreKind::Sqlite => trees(folder),
        StoreKind::Maildir => folder.join("log"),
    };
    if other.exists() {
        return Err(OpenError::OtherKind { folder: folder.clone() });
    }
    MailStore::open(config.store, folder).await.map_err(|error| match error {
        mailstore::Error::Locked { .. } => OpenError::InUse { folder: folder.clone() },
        error => OpenError::Store { folder: folder.clone(), error },
    })
}

impl MailStore {
    async fn open(kind: StoreKind, folder: &Path) -> mailstore::Result<Self> {
        Ok(match kind {
            StoreKind::Embedded => {
                let store = EmbeddedStore::open(folder).await?;
                Self { any: DynStore::new(store.clone()), kind: Kind::Embedded(store) }
            }
            StoreKind::Sqlite => {
                let store = SqliteStore::open(folder).await?;
                Self { any: DynStore::new(store.clone()), kind: Kind::Sqlite(store) }
            }
            StoreKind::Maildir => {
                let store = MaildirStore::open(trees(folder)).await?;
                Self { any: DynStore::new(store), kind: Kind::Maildir }
            }
        })
    }

    /// Makes the next opening quick. All that was acknowledged is on the disk already.
    pub(crate) async fn close(&self) -> mailstore::Result<()> {
        match &self.kind {
            Kind::Embedded(store) => store.close().await,
            Kind::Sqlite(_) | Kind::Maildir => Ok(()),
        }
    }

    /// What was found damaged at opening.
    pub(crate) fn damage(&self) -> &[Damage] {
        match &self.kind {
            Kind::Embedded(store) => store.damage(),
            Kind::Sqlite(_) | Kind::Maildir => &[],
        }
    }

    /// Reads every message; one line on each that is damaged.
    pub(crate) async fn verify(&self) -> mailstore::Result<Vec<String>> {
        if let Kind::Embedded(store) = &self.kind {
            let damage = self.damage().iter().cloned().chain(store.verify().await?);
            return Ok(damage.map(|d| format!("{} at {}: {}", d.file, d.offset, d.what)).collect());
        }
        let mut damaged = Vec::new();
        for account in self.accounts().await? {
            for mailbox in self.mailboxes(account.id).await? {
                for row in self.snapshot(mailbox.id).await?.rows() {
                    let whole = match self.body(row.message).await {
                        Ok(body) => body.bytes().await.map(|_| ()),
                        Err(error) => Err(error),
                    };
                    if let Err(error) = whole {
                        let (login, name, uid) = (&account.login, &mailbox.name, row.uid);
                        damaged.push(format!("{login}, {name}, UID {uid}: {error}"));
                    }
                }
            }
        }
        Ok(damaged)
    }

    /// Writes what counts anew and removes the rest of the log; `None` for a store without one.
    pub(crate) async fn compact(&self) -> mailstore::Result<Option<Compacted>> {
        match &self.kind {
            Kind::Embedded(store) => store.compact().await.map(Some),
            Kind::Sqlite(store) => store.compact().await.map(Some),
            Kind::Maildir => Ok(None),
        }
    }

    pub(crate) async fn figures(&self) -> mailstore::Result<Figures> {
        if let Kind::Embedded(store) = &self.kind {
            let stats = store.stats();
            return Ok(Figures {
                accounts: stats.accounts as u64,
                mailboxes: stats.mailboxes as u64,
                messages: stats.messages as u64,
                envelopes: stats.envelopes as u64,
                message_octets: stats.message_octets,
                log: Some((stats.log_octets, stats.segments as u64)),
            });
        }
        let mut figures = Figures::default();
        for account in self.accounts().await? {
            figures.accounts += 1;
            for mailbox in self.mailboxes(account.id).await? {
                let status = self.status(mailbox.id).await?;
                figures.mailboxes += 1;
                figures.messages += u64::from(status.messages);
                figures.message_octets += status.size;
            }
        }
        figures.envelopes = self.envelopes().await?.len() as u64;
        Ok(figures)
    }
}

/// The files of the index, which holds nothing that the log does not hold.
pub(crate) fn index_files(kind: StoreKind, folder: &Path) -> Vec<PathBuf> {
    let names: &[&str] = match kind {
        StoreKind::Embedded => &["index.redb"],
        StoreKind::Sqlite => &["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"],
        StoreKind::Maildir => &[],
    };
    names.iter().map(|name| folder.join(name)).collect()
}

/// Removes a file; it may be gone already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
