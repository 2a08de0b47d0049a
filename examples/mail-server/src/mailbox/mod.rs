//! `mail-server mailbox …`: the store itself, from the command line.

mod export;
mod import;

use crate::{
    cli::MailboxCommand,
    config::{Config, StoreKind},
    store::{self, MailStore, OpenError},
};
use mailstore::{EmbeddedStore, embedded::Options};
use std::{
    io::{self, Write},
    path::PathBuf,
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
    #[error("a store of Maildir++ trees has no {0}")]
    NoLog(&'static str),
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
}

/// Does what was asked, and says so on `out`. False when something is damaged.
pub(crate) async fn run(
    command: MailboxCommand,
    store: &MailStore,
    out: &mut impl Write,
) -> Result<bool, MailboxError> {
    match command {
        MailboxCommand::Check => check(store, out).await,
        MailboxCommand::Repair => Err(MailboxError::Repair),
        MailboxCommand::Compact => {
            let done = store.compact().await?.ok_or(MailboxError::NoLog("log to compact"))?;
            writeln!(out, "the log had {} octets and has {}", done.before, done.after)?;
            Ok(true)
        }
        MailboxCommand::Stats => stats(store, out).await,
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
async fn check(store: &MailStore, out: &mut impl Write) -> Result<bool, MailboxError> {
    let damage = store.verify().await?;
    let messages = store.figures().await?.messages;
    report(&damage, out)?;
    if damage.is_empty() {
        writeln!(out, "{messages} messages, all whole")?;
    } else {
        writeln!(out, "{messages} messages, {} places are damaged", damage.len())?;
    }
    Ok(damage.is_empty())
}

/// Makes the index anew and goes on without what is lost.
pub(crate) async fn repair(config: &Config, out: &mut impl Write) -> Result<bool, MailboxError> {
    if config.store == StoreKind::Maildir {
        return Err(MailboxError::NoLog("index to make anew"));
    }
    // Opened and closed first: nothing is removed under a running server.
    match store::open(config).await {
        Ok(store) => store.close().await?,
        Err(error @ (OpenError::InUse { .. } | OpenError::OtherKind { .. })) => {
            return Err(error.into());
        }
        Err(_) => {}
    }
    for path in store::index_files(config.store, &config.data) {
        store::remove(&path).map_err(|error| MailboxError::File { path, error })?;
    }
    let mut stepped_over = Vec::new();
    let store = match store::open(config).await {
        Err(OpenError::Store { error: mailstore::Error::Corrupt { .. }, .. }) => {
            let mut options = Options::default();
            options.salvage = true;
            let store = EmbeddedStore::open_with(&config.data, options).await?;
            // What was stepped over would be met at every opening; compaction leaves it behind.
            store.compact().await?;
            let damage = store.damage().iter();
            stepped_over =
                damage.map(|d| format!("{} at {}: {}", d.file, d.offset, d.what)).collect();
            store.close().await?;
            store::open(config).await?
        }
        other => other?,
    };
    let mut damage = stepped_over;
    damage.extend(store.verify().await?);
    let messages = store.figures().await?.messages;
    store.close().await?;
    report(&damage, out)?;
    writeln!(out, "{messages} messages are there; the index was made anew")?;
    Ok(true)
}

fn report(damage: &[String], out: &mut impl Write) -> io::Result<()> {
    damage.iter().try_for_each(|what| writeln!(out, "damaged: {what}"))
}

async fn stats(store: &MailStore, out: &mut impl Write) -> Result<bool, MailboxError> {
    let figures = store.figures().await?;
    writeln!(out, "accounts        {}", figures.accounts)?;
    writeln!(out, "mailboxes       {}", figures.mailboxes)?;
    writeln!(out, "messages        {}", figures.messages)?;
    writeln!(out, "in the queue    {}", figures.envelopes)?;
    writeln!(out, "message octets  {}", figures.message_octets)?;
    if let Some((octets, files)) = figures.log {
        writeln!(out, "log octets      {octets}")?;
        writeln!(out, "log files       {files}")?;
    }
    Ok(true)
}
