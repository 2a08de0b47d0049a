//! A Maildir++ tree, as Dovecot, mutt or `mailbox export` write it, into an account.

use super::MailboxError;
use crate::facts;
use mailstore::{
    AccountId, Accounts, DynStore, Flags, MailboxId, Mailboxes, Messages, NewMailbox, NewMessage,
    maildir::{flags_of_letters, keywords_of_file, mailbox_of_folder, split_info},
};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Adds every message below `from`; says how many. Mailboxes that are missing are created.
pub(super) async fn import(
    store: &DynStore,
    address: &str,
    from: &Path,
) -> Result<usize, MailboxError> {
    if !from.join("cur").is_dir() {
        return Err(MailboxError::NoMaildir(from.to_owned()));
    }
    let account = store.account(address).await?.id;
    let mut folders = vec![("INBOX".to_owned(), from.to_owned())];
    for path in listed(from)? {
        let name = path.file_name().and_then(|name| name.to_str()).and_then(mailbox_of_folder);
        if let Some(name) = name.filter(|_| path.join("cur").is_dir()) {
            folders.push((name, path));
        }
    }
    folders.sort();
    let mut messages = 0;
    for (name, folder) in folders {
        let mailbox = mailbox(store, account, &name).await?;
        messages += one(store, mailbox, &folder).await?;
    }
    let names = match fs::read_to_string(from.join("subscriptions")) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&from.join("subscriptions"), error)),
    };
    for name in names.lines() {
        // A name this store cannot have is nothing to subscribe to.
        match store.subscribe(account, name).await {
            Ok(()) | Err(mailstore::Error::Invalid { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(messages)
}

async fn mailbox(store: &DynStore, account: AccountId, name: &str) -> mailstore::Result<MailboxId> {
    match store.mailbox(account, name).await {
        Ok(found) => Ok(found.id),
        Err(mailstore::Error::NotFound { .. }) => {
            Ok(store.create_mailbox(account, &NewMailbox::new(name)).await?.id)
        }
        Err(error) => Err(error),
    }
}

async fn one(store: &DynStore, mailbox: MailboxId, folder: &Path) -> Result<usize, MailboxError> {
    let keywords = fs::read_to_string(folder.join("dovecot-keywords")).unwrap_or_default();
    let keywords = keywords_of_file(&keywords);
    let mut found: Vec<(std::time::SystemTime, PathBuf, Flags)> = Vec::new();
    for part in ["cur", "new"] {
        for path in listed(&folder.join(part))? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let flags = flags_of_letters(split_info(name).1, &keywords);
            let date = path.metadata().and_then(|data| data.modified());
            found.push((date.map_err(|error| failed(&path, error))?, path, flags));
        }
    }
    // In the order of arrival; names of one second ascend with it.
    found.sort_by(|(a, one, _), (b, other, _)| (a, one).cmp(&(b, other)));
    let count = found.len();
    for (date, path, flags) in found {
        let mut file = fs::File::open(&path).map_err(|error| failed(&path, error))?;
        let mut upload = store.upload();
        let mut piece = vec![0; 64 * 1024];
        let mut lines = Lines::default();
        loop {
            let read = file.read(&mut piece).map_err(|error| failed(&path, error))?;
            let Some(octets) = piece.get(..read).filter(|octets| !octets.is_empty()) else { break };
            upload.write(&lines.canonical(octets)).await?;
        }
        let staged = upload.finish().await?;
        let facts = facts::of(&staged).await?;
        let message = NewMessage::new(staged).facts(facts).flags(flags).internal_date(date.into());
        store.append(mailbox, vec![message]).await?;
    }
    Ok(count)
}

/// A Maildir's line ends are those of the system; a message's are CRLF (RFC 5322 §2.1).
#[derive(Default)]
struct Lines {
    /// Whether the octet before was a CR.
    cr: bool,
}

impl Lines {
    fn canonical(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
        for octet in octets {
            if *octet == b'\n' && !self.cr {
                out.push(b'\r');
            }
            out.push(*octet);
            self.cr = *octet == b'\r';
        }
        out
    }
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, MailboxError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Not every program makes `new` before there is something in it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder, error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths.collect::<io::Result<_>>().map_err(|error| failed(folder, error))
}

fn failed(path: &Path, error: io::Error) -> MailboxError {
    MailboxError::File { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_end_in_crlf_however_they_are_cut() {
        let text = b"a: b\n\r\nc\rd\n";
        for cut in 1..=text.len() {
            let mut lines = Lines::default();
            let whole: Vec<u8> =
                text.chunks(cut).flat_map(|piece| lines.canonical(piece)).collect();
            assert_eq!(whole, b"a: b\r\n\r\nc\rd\r\n");
        }
    }
}
