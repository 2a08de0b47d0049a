//! `mail-server mailbox …`: the store itself, from the command line, while no server has it open.

mod export;
mod import;

use crate::{
    cli::MailboxCommand,
    user::{self, UserError},
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
    Open(#[from] UserError),
    #[error(transparent)]
    Store(#[from] mailstore::Error),
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{} is there already: give a folder that is not", .0.display())]
    InTheWay(PathBuf),
    #[error("{} is no Maildir: it has no folder cur", .0.display())]
    NoMaildir(PathBuf),
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

/// Does what was asked, and says so on `out`. False when something is damaged.
pub(crate) async fn run(
    command: MailboxCommand,
    folder: &Path,
    out: &mut impl Write,
) -> Result<bool, MailboxError> {
    match command {
        MailboxCommand::Check => check(folder, out).await,
        MailboxCommand::Repair => repair(folder, out).await,
        MailboxCommand::Compact => {
            let store = user::open(folder).await?;
            let done = store.compact().await?;
            store.close().await?;
            writeln!(out, "the log had {} octets and has {}", done.before, done.after)?;
            Ok(true)
        }
        MailboxCommand::Stats => stats(folder, out).await,
        MailboxCommand::Export { address, to } => {
            let store = user::open(folder).await?;
            let messages = export::export(&store, &address, &to).await?;
            store.close().await?;
            writeln!(out, "exported {messages} messages of {address} to {}", to.display())?;
            Ok(true)
        }
        MailboxCommand::Import { address, from } => {
            let store = user::open(folder).await?;
            let messages = import::import(&store, &address, &from).await?;
            store.close().await?;
            writeln!(out, "imported {messages} messages into the mailboxes of {address}")?;
            Ok(true)
        }
    }
}

/// Reads everything there is. A log that is damaged where changes are makes opening fail, which says
/// where.
async fn check(folder: &Path, out: &mut impl Write) -> Result<bool, MailboxError> {
    let store = user::open(folder).await?;
    let mut damage = store.damage().to_vec();
    damage.extend(store.verify().await?);
    let messages = store.stats().messages;
    store.close().await?;
    report(&damage, out)?;
    if damage.is_empty() {
        writeln!(out, "{messages} messages, all whole")?;
    } else {
        writeln!(out, "{messages} messages, {} places are damaged", damage.len())?;
    }
    Ok(damage.is_empty())
}

/// Makes the index anew and goes on without what is lost.
async fn repair(folder: &Path, out: &mut impl Write) -> Result<bool, MailboxError> {
    // Opened and closed first: nothing is removed under a running server.
    match user::open(folder).await {
        Ok(store) => store.close().await?,
        Err(in_use @ UserError::InUse { .. }) => return Err(in_use.into()),
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

async fn stats(folder: &Path, out: &mut impl Write) -> Result<bool, MailboxError> {
    let store = user::open(folder).await?;
    let stats = store.stats();
    store.close().await?;
    writeln!(out, "accounts        {}", stats.accounts)?;
    writeln!(out, "mailboxes       {}", stats.mailboxes)?;
    writeln!(out, "messages        {}", stats.messages)?;
    writeln!(out, "in the queue    {}", stats.envelopes)?;
    writeln!(out, "message octets  {}", stats.message_octets)?;
    writeln!(out, "log octets      {}", stats.log_octets)?;
    writeln!(out, "log files       {}", stats.segments)?;
    Ok(true)
}
