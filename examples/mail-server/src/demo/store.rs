//! What is in the store of b.test, seen without asking its server.

use super::{
    Result,
    letter::{self, Letter},
    servers::Servers,
    show::{Mark, Show},
};
use mailstore::{Accounts, Flags, Mailboxes, Messages};

/// Shows it. How many messages are on the disk.
pub(super) async fn look(servers: &Servers, letter: &Letter, show: &Show) -> Result<usize> {
    let store = &servers.b.app.store;
    let stored = usize::try_from(servers.b.store.figures().await?.messages)?;
    let mut message = None;
    for account in store.accounts().await? {
        let inbox = store.mailbox(account.id, "INBOX").await?;
        for row in store.snapshot(inbox.id).await?.rows() {
            let seen = if row.flags.contains(&Flags::SEEN) { "seen" } else { "unseen" };
            let (uid, size) = (row.uid, row.size);
            let text = format!("{:<12}  INBOX  UID {uid}  {size} octets  {seen}", account.login);
            show.line(Mark::Same, &text)?;
            message = Some(row.message);
        }
    }
    let Some(message) = message else {
        return Err("the message is not in the store of b.test".into());
    };
    show.note("It is there once, for all three. Its header, against what alice wrote:")?;
    let stored_now = store.body(message).await?.bytes().await?;
    let (before, after) = (header_fields(&letter.message), header_fields(&stored_now));
    for field in &after {
        let mark = if before.contains(field) { Mark::Same } else { Mark::Added };
        field.iter().try_for_each(|line| show.line(mark, line))?;
    }
    for field in before.iter().filter(|field| !after.contains(field)) {
        field.iter().try_for_each(|line| show.line(Mark::Removed, line))?;
    }
    Ok(stored)
}

/// Each field with its lines.
fn header_fields(message: &[u8]) -> Vec<Vec<String>> {
    let (header, _) = letter::split(message);
    let mut fields: Vec<Vec<String>> = Vec::new();
    for line in String::from_utf8_lossy(header).lines() {
        let line = line.replace('\t', "    ");
        match fields.last_mut() {
            Some(field) if line.starts_with(' ') => field.push(line),
            _ => fields.push(vec![line]),
        }
    }
    fields
}
