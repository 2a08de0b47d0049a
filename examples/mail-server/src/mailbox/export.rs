//! An account as a Maildir++ tree, which Dovecot, mutt and this program read.

use super::MailboxError;
use mailstore::{
    Accounts, DynStore, Flags, Mailbox, Mailboxes, Messages, Row,
    maildir::{MAX_KEYWORDS, flag_letters, folder_name, keywords_file},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

/// Writes every message of the account below `to`, which is made; says how many.
pub(super) async fn export(
    store: &DynStore,
    address: &str,
    to: &Path,
) -> Result<usize, MailboxError> {
    if to.exists() {
        return Err(MailboxError::InTheWay(to.to_owned()));
    }
    let account = store.account(address).await?.id;
    let mut messages = 0;
    for mailbox in store.mailboxes(account).await? {
        messages += one(store, &mailbox, &to.join(folder_name(&mailbox.name))).await?;
    }
    let names = store.subscriptions(account).await?;
    let names: String = names.iter().map(|name| format!("{name}\n")).collect();
    written(&to.join("subscriptions"), |path| fs::write(path, names))?;
    Ok(messages)
}

async fn one(store: &DynStore, mailbox: &Mailbox, folder: &Path) -> Result<usize, MailboxError> {
    for part in ["cur", "new", "tmp"] {
        written(&folder.join(part), |path| fs::create_dir_all(path))?;
    }
    if mailbox.name != "INBOX" {
        // Maildir++: the folder is one of a mailbox, not a Maildir of its own.
        written(&folder.join("maildirfolder"), |path| fs::write(path, ""))?;
    }
    let snapshot = store.snapshot(mailbox.id).await?;
    let keywords: Vec<String> = snapshot.keywords().keywords().map(str::to_owned).collect();
    if !keywords.is_empty() {
        let known = keywords.get(..MAX_KEYWORDS).unwrap_or(&keywords);
        written(&folder.join("dovecot-keywords"), |path| fs::write(path, keywords_file(known)))?;
    }
    for row in snapshot.rows() {
        let letters = flag_letters(&row.flags, &keywords);
        // What is not seen and has no flag is new, as Maildir has it.
        let part = if row.flags == Flags::NONE { "new" } else { "cur" };
        let base = format!("{}.U{}.mail-server,S={}", row.internal_date.secs(), row.uid, row.size);
        let name = if part == "new" { base } else { format!("{base}:2,{letters}") };
        let path = folder.join(part).join(name);
        let mut file = written(&path, |path| File::create_new(path))?;
        let body = store.body(row.message).await?;
        let mut reader = body.reader();
        while let Some(chunk) = reader.chunk().await? {
            written(&path, |_| file.write_all(&chunk))?;
        }
        written(&path, |_| dated(&file, &row))?;
    }
    Ok(snapshot.len())
}

/// The date of arrival is the file's.
fn dated(file: &File, row: &Row) -> io::Result<()> {
    let millis = u64::try_from(row.internal_date.millis()).unwrap_or(0);
    file.set_modified(UNIX_EPOCH + Duration::from_millis(millis))
}

fn written<T>(path: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, MailboxError> {
    work(path).map_err(|error| MailboxError::File { path: path.to_owned(), error })
}
