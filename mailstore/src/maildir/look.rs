//! What other programs did to the tree, as changes.

use core::time::Duration;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::names::{flags_of_letters, keywords_of_file, mailbox_of_folder};
use super::store::Shared;
use super::tree::{FileName, Folder, Stamp, Tree, file_path, gone, keep_body, listed, stamp};
use super::uidlist::{self, UidList};
use crate::model::{Change, Object, Place, State};
use crate::rows::Rows;
use crate::{AccountId, Flags, MailboxId, MessageId, ModSeq, Result, Row, Timestamp, UidValidity};

/// A folder that changed so recently may change again without looking different.
const RACY: Duration = Duration::from_millis(100);

/// Numbers for what is new.
struct Next {
    message: u64,
    mailbox: u64,
    uid_validity: u32,
}

/// The changes, which `tree` knows from then on.
pub(super) fn changes(tree: &mut Tree, shared: &Shared) -> Result<Vec<Change>> {
    let index = shared.index();
    let state = &index.state;
    let last = state.last;
    let mut next =
        Next { message: last.message, mailbox: last.mailbox, uid_validity: last.uid_validity };
    let mut changes = Vec::new();
    for (account, path) in tree.accounts().collect::<Vec<_>>() {
        folders(tree, state, account, &path, &mut next, &mut changes)?;
    }
    for id in tree.folders.keys().copied().collect::<Vec<_>>() {
        let Some(folder) = tree.folders.get(&id) else { continue };
        let path = tree.path(folder);
        let now = stamp(&path);
        if folder.stamp == Some(now) {
            continue;
        }
        if !path.join("cur").is_dir() {
            continue; // going away; seen as gone when its account is looked at
        }
        let fresh = Rows::new(folder.uid_validity);
        let rows = state.mailboxes.get(&id).map_or(&fresh, |mailbox| &*mailbox.rows);
        look(tree, id, &path, rows, &mut next, &mut changes)?;
        if let Some(folder) = tree.folders.get_mut(&id) {
            folder.stamp = Some(now).filter(settled);
        }
    }
    Ok(changes)
}

/// Whether what changes after this moment will look different.
fn settled(stamp: &Stamp) -> bool {
    let now = SystemTime::now();
    let old = |(time, _): &(SystemTime, u64)| now.duration_since(*time).is_ok_and(|age| age > RACY);
    stamp.iter().flatten().all(old)
}

/// Folders that came and went, and the subscriptions.
fn folders(
    tree: &mut Tree,
    state: &State,
    account: AccountId,
    path: &Path,
    next: &mut Next,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let known: HashMap<String, MailboxId> = tree
        .folders
        .iter()
        .filter(|(_, folder)| folder.account == account)
        .map(|(id, folder)| (folder.name.clone(), *id))
        .collect();
    let mut there = vec![("INBOX".to_owned(), path.to_owned())];
    for entry in fs::read_dir(path)? {
        let below = entry?.path();
        let name = below.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| name.starts_with('.')).and_then(mailbox_of_folder);
        there.extend(name.filter(|_| below.join("cur").is_dir()).map(|name| (name, below)));
    }
    let mut add = |tree: &mut Tree, name: &str, path: &Path| {
        next.mailbox += 1;
        let id = MailboxId::new(next.mailbox);
        // Clients know the messages by it, so it stays, even if a mailbox elsewhere has it too.
        let theirs = UidList::read(path).map(|list| list.uid_validity);
        let clock = u32::try_from(Timestamp::now().secs()).unwrap_or(0);
        let own = next.uid_validity.saturating_add(1).max(clock);
        let Some(uid_validity) = theirs.or_else(|| UidValidity::new(own)) else { return };
        next.uid_validity = next.uid_validity.max(uid_validity.value());
        let (name, special_use) = (name.to_owned(), None);
        let change = Change::Mailbox { id, account, name, special_use, uid_validity };
        tree.track(&change);
        changes.push(change);
    };
    let mut lost = Vec::new();
    for (name, path) in &there {
        let Some(id) = known.get(name) else {
            add(tree, name, path);
            continue;
        };
        // Made anew by another program: another mailbox.
        let own = tree.folders.get(id).map(|folder| folder.uid_validity);
        let theirs = UidList::read(path).map(|list| list.uid_validity);
        if theirs.is_some() && theirs != own && state.mailboxes.contains_key(id) {
            lost.push(*id);
            add(tree, name, path);
        }
    }
    lost.extend(known.iter().filter(|(name, _)| there.iter().all(|t| t.0 != **name)).map(|k| *k.1));
    for id in lost {
        let rows = state.mailboxes.get(&id).map(|mailbox| mailbox.rows.clone());
        if let Some(rows) = rows.filter(|rows| rows.len() > 0) {
            let modseq = rows.status().highest_modseq.next();
            let gone = rows.iter().map(|row| (row.uid, row.message)).collect();
            changes.push(Change::Expunged { mailbox: id, modseq, gone });
        }
        let change = Change::MailboxGone { id };
        tree.track(&change);
        changes.push(change);
    }
    subscriptions(state, account, path, changes);
    Ok(())
}

fn subscriptions(state: &State, account: AccountId, path: &Path, changes: &mut Vec<Change>) {
    let Ok(text) = fs::read_to_string(path.join("subscriptions")) else { return };
    // Version 2 begins with its number and separates levels by tabs; before, names stood as they are.
    let (lines, separator) = match text.strip_prefix("V\t2\n\n") {
        Some(lines) => (lines, '\t'),
        None => (&*text, '.'),
    };
    let name = |line: &str| match line {
        "INBOX" => Some("INBOX".to_owned()),
        line => mailbox_of_folder(&format!(".{}", line.replace(separator, "."))),
    };
    let theirs: std::collections::BTreeSet<String> = lines.lines().filter_map(name).collect();
    let own = state.subscriptions.range((account, String::new())..);
    let own = own.take_while(|(whose, _)| *whose == account).map(|(_, name)| name.clone());
    let own: std::collections::BTreeSet<String> = own.collect();
    for name in theirs.difference(&own) {
        changes.push(Change::Subscribed { account, name: name.clone() });
    }
    for name in own.difference(&theirs) {
        changes.push(Change::Unsubscribed { account, name: name.clone() });
    }
}

/// Messages that came, changed and went in one folder.
fn look(
    tree: &mut Tree,
    mailbox: MailboxId,
    path: &Path,
    rows: &Rows,
    next: &mut Next,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let mut there = listed(path)?;
    let Some(folder) = tree.folders.get_mut(&mailbox) else { return Ok(()) };
    let text = fs::read_to_string(path.join("dovecot-keywords")).unwrap_or_default();
    folder.keywords = keywords_of_file(&text);
    if rows.uids().any(|uid| folder.files.get(&uid).is_none_or(|f| !there.contains_key(&f.base))) {
        // A file that is renamed while the folder is read may be missed: only twice missed is gone.
        there.extend(listed(path)?);
    }
    let modseq = rows.status().highest_modseq.next();
    let mut lost = Vec::new();
    for row in rows.iter() {
        let base = folder.files.get(&row.uid).map(|file| file.base.clone());
        let Some(file) = base.and_then(|base| there.remove(&base)) else {
            folder.files.remove(&row.uid);
            lost.push((row.uid, row.message));
            continue;
        };
        changes.extend(flagged(folder, mailbox, &row, &file, modseq));
        folder.files.insert(row.uid, file);
    }
    // What other programs removed before this store knew it.
    folder.files.retain(|uid, _| rows.find(*uid).is_some());
    if !there.is_empty() {
        come(tree, mailbox, path, rows, there, next, changes)?;
    }
    if !lost.is_empty() {
        changes.push(Change::Expunged { mailbox, modseq, gone: lost });
    }
    Ok(())
}

fn flagged(
    folder: &Folder,
    mailbox: MailboxId,
    row: &Row,
    file: &FileName,
    modseq: ModSeq,
) -> Option<Change> {
    let lettered = |word: &str| folder.keywords.iter().any(|name| name.eq_ignore_ascii_case(word));
    let own = row.flags.keywords().filter(|word| !lettered(word));
    let flags = flags_of_letters(&file.letters, &folder.keywords).with_keywords(own);
    let uids = vec![row.uid];
    (flags != row.flags).then_some(Change::Flagged { mailbox, modseq, flags, uids })
}

/// The octets with CRLF for every line end, as mail has them everywhere but in files of Dovecot's; `None`
/// when they are so already.
fn with_crlf(octets: &[u8]) -> Option<Vec<u8>> {
    let bare = |at: usize| at.checked_sub(1).and_then(|at| octets.get(at)) != Some(&b'\r');
    let ends =
        octets.iter().enumerate().filter(|(at, octet)| **octet == b'\n' && bare(*at)).count();
    if ends == 0 {
        return None;
    }
    let mut out = Vec::with_capacity(octets.len() + ends);
    for (at, octet) in octets.iter().enumerate() {
        if *octet == b'\n' && bare(at) {
            out.push(b'\r');
        }
        out.push(*octet);
    }
    Some(out)
}

fn come(
    tree: &mut Tree,
    mailbox: MailboxId,
    path: &Path,
    rows: &Rows,
    there: HashMap<String, FileName>,
    next: &mut Next,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let Some(folder) = tree.folders.get(&mailbox) else { return Ok(()) };
    let validity = folder.uid_validity;
    let uid_next = rows.status().uid_next;
    let numbered = uidlist::number(path, validity, uid_next, there.keys().cloned().collect())?;
    let modseq = rows.status().highest_modseq.next();
    let mut new = Vec::new();
    for (uid, base) in numbered {
        let Some(file) = there.get(&base).filter(|_| uid >= uid_next) else { continue };
        let from = file_path(path, file);
        let message = MessageId::new(next.message + 1);
        let body = tree.body(message);
        gone(fs::remove_file(&body))?;
        if gone(fs::hard_link(&from, &body)).is_err() || !body.exists() {
            continue; // renamed or removed just now; the next look tells
        }
        next.message += 1;
        let mut octets = fs::read(&body)?;
        let date = fs::metadata(&body)?.modified()?;
        if let Some(crlf) = with_crlf(&octets) {
            octets = crlf;
            keep_body(&body, &octets, date.into())?;
        }
        let (size, crc) = (u64::try_from(octets.len()).unwrap_or(0), crc32c::crc32c(&octets));
        let (facts, body) = (Place::Memory(bytes::Bytes::new()), Place::File(message.value()));
        let object = Object { size, crc, thread: None, facts, body };
        changes.push(Change::Object { id: message, object });
        let mut row = Row::new(uid, message, size, modseq);
        row.internal_date = date.into();
        row.save_date = Timestamp::now();
        let Some(folder) = tree.folders.get_mut(&mailbox) else { continue };
        row.flags = match file.new {
            true => Flags::NONE,
            false => flags_of_letters(&file.letters, &folder.keywords),
        };
        folder.files.insert(uid, file.clone());
        new.push(row);
    }
    if !new.is_empty() {
        changes.push(Change::Rows { mailbox, rows: new });
    }
    Ok(())
}
