//! `mail-server mailbox …`: the store itself, from the command line.

mod export;
mod import;

use crate::{
    cli::MailboxCommand,
    store::{self, OpenError},
};
use mailstore::{
    EmbeddedStore,
    embedded::{Damage, Options},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum MailboxError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] mailstore::Error),
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{} is there already: give a folder that is not", .0.display())]
    InTheWay(PathBuf),
    #[error("{} is no Maildir: it has no folder cur", .0.display())]
    NoMaildir(PathBuf),
    #[error("the index of a store that is open cannot be made anew")]
    Repair,
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

/// Does what was asked, and says so on `out`. False when something is damaged.
pub(crate) async fn run(
    command: MailboxCommand,
    store: &EmbeddedStore,
    out: &mut impl Write,
) -> Result<bool, MailboxError> {
    match command {
        MailboxCommand::Check => check(store, out).await,
        MailboxCommand::Repair => Err(MailboxError::Repair),
        MailboxCommand::Compact => {
            let done = store.compact().await?;
            writeln!(out, "the log had {} octets and has {}", done.before, done.after)?;
            Ok(true)
        }
        MailboxCommand::Stats => stats(store, out),
        MailboxCommand::Export { address, to } => {
            let messages = export::export(store, &address, &to).await?;
            writeln!(out, "exported {messages} messages of {address} to {}", to.display())?;
            Ok(true)
        }
        MailboxCommand::Import { address, from } => {
            let messages = import::import(store, &address, &from).await?;
            writeln!(out, "imported {messages} messages into the mailboxes of {address}")?;
            Ok(true)
        }
    }
}

/// Reads everything there is. A log that is damaged where changes are makes opening fail, which says
/// where.
async fn check(store: &EmbeddedStore, out: &mut impl Write) -> Result<bool, MailboxError> {
    let mut damage = store.damage().to_vec();
    damage.extend(store.verify().await?);
    let messages = store.stats().messages;
    report(&damage, out)?;
    if damage.is_empty() {
        writeln!(out, "{messages} messages, all whole")?;
    } else {
        writeln!(out, "{messages} messages, {} places are damaged", damage.len())?;
    }
    Ok(damage.is_empty())
}

/// Makes the index anew and goes on without what is lost.
pub(crate) async fn repair(folder: &Path, out: &mut impl Write) -> Result<bool, MailboxError> {
    // Opened and closed first: nothing is removed under a running server.
    match store::open(folder).await {
        Ok(store) => store.close().await?,
        Err(in_use @ OpenError::InUse { .. }) => return Err(in_use.into()),
        Err(_) => {}
    }
    let index = folder.join("index.redb");
    if index.exists() {
        fs::remove_file(&index).map_err(|error| MailboxError::File { path: index, error })?;
    }
    let store = match EmbeddedStore::open(folder).await {
        Err(mailstore::Error::Corrupt { .. }) => {
            let mut options = Options::default();
            options.salvage = true;
            let store = EmbeddedStore::open_with(folder, options).await?;
            // What was stepped over would be met at every opening; compaction leaves it behind.
            store.compact().await?;
            store
        }
        other => other?,
    };
    let mut damage = store.damage().to_vec();
    damage.extend(store.verify().await?);
    let messages = store.stats().messages;
    store.close().await?;
    report(&damage, out)?;
    writeln!(out, "{messages} messages are there; the index was made anew")?;
    Ok(true)
}

fn report(damage: &[Damage], out: &mut impl Write) -> io::Result<()> {
    damage.iter().try_for_each(|Damage { file, offset, what, .. }| {
        writeln!(out, "damaged: {file} at {offset}: {what}")
    })
}

fn stats(store: &EmbeddedStore, out: &mut impl Write) -> Result<bool, MailboxError> {
    let stats = store.stats();
    writeln!(out, "accounts        {}", stats.accounts)?;
    writeln!(out, "mailboxes       {}", stats.mailboxes)?;
    writeln!(out, "messages        {}", stats.messages)?;
    writeln!(out, "in the queue    {}", stats.envelopes)?;
    writeln!(out, "message octets  {}", stats.message_octets)?;
    writeln!(out, "log octets      {}", stats.log_octets)?;
    writeln!(out, "log files       {}", stats.segments)?;
    Ok(true)
}
