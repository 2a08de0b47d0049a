//! The tree on the disk: one Maildir++ an account, and how changes look in it.
//!
//! What is done here can be done again: after a crash the last entry of the journal is.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::names::{
    MAX_KEYWORDS, flag_letters, folder_name, keywords_file, keywords_of_file, split_info,
};
use super::uidlist::{self, UidList};
use crate::model::Change;
use crate::{
    AccountId, Flags, MailboxId, MessageId, Result, Row, Timestamp, Uid, UidValidity, disk,
};

pub(super) struct Tree {
    pub(super) root: PathBuf,
    accounts: HashMap<AccountId, String>,
    pub(super) folders: HashMap<MailboxId, Folder>,
}

/// A mailbox on the disk.
pub(super) struct Folder {
    pub(super) account: AccountId,
    pub(super) name: String,
    pub(super) uid_validity: UidValidity,
    pub(super) keywords: Vec<String>,
    pub(super) files: BTreeMap<Uid, FileName>,
    /// What the folder looked like when it was read last.
    pub(super) stamp: Option<Stamp>,
}

/// When and how large what may change was.
pub(super) type Stamp = [Option<(SystemTime, u64)>; 4];

/// A message's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FileName {
    pub(super) base: String,
    pub(super) letters: String,
    pub(super) new: bool,
}

impl FileName {
    fn path(&self, folder: &Path) -> PathBuf {
        match self.new {
            true => folder.join("new").join(&self.base),
            false => folder.join("cur").join(format!("{}:2,{}", self.base, self.letters)),
        }
    }
}

impl Tree {
    pub(super) fn new(root: &Path) -> Tree {
        Tree { root: root.to_owned(), accounts: HashMap::new(), folders: HashMap::new() }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = (AccountId, PathBuf)> {
        self.accounts.iter().map(|(id, login)| (*id, self.root.join(login)))
    }

    /// Where a message's octets are kept under its number: another link to its files.
    pub(super) fn body(&self, message: MessageId) -> PathBuf {
        self.root.join(format!(".mailstore/bodies/{message}"))
    }

    pub(super) fn path(&self, folder: &Folder) -> PathBuf {
        let login = self.accounts.get(&folder.account).map(String::as_str).unwrap_or_default();
        self.root.join(login).join(folder_name(&folder.name))
    }

    /// Follows a change that is on the disk already.
    pub(super) fn track(&mut self, change: &Change) {
        match change {
            Change::Account { id, login, .. } => {
                self.accounts.insert(*id, account_folder(login));
            }
            Change::AccountGone { id } => _ = self.accounts.remove(id),
            Change::Mailbox { id, account, name, uid_validity, .. } => {
                let old = self.folders.remove(id);
                let (keywords, files, stamp) =
                    old.map(|old| (old.keywords, old.files, old.stamp)).unwrap_or_default();
                let (account, name, uid_validity) = (*account, name.clone(), *uid_validity);
                let folder = Folder { account, name, uid_validity, keywords, files, stamp };
                self.folders.insert(*id, folder);
            }
            Change::MailboxGone { id } => _ = self.folders.remove(id),
            _ => {}
        }
    }

    /// Does a change on the disk.
    pub(super) fn perform(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Account { login, .. } => {
                disk::create_private_dir(&self.root.join(account_folder(login)))?;
                disk::sync_dir(&self.root)?;
                self.track(change);
            }
            Change::AccountGone { id } => {
                if let Some(login) = self.accounts.get(id) {
                    gone(fs::remove_dir_all(self.root.join(login)))?;
                }
                self.track(change);
            }
            Change::Mailbox { id, .. } => {
                let old = self.folders.get(id).map(|folder| self.path(folder));
                self.track(change);
                let Some(folder) = self.folders.get(id) else { return Ok(()) };
                let path = self.path(folder);
                if let Some(old) = old.filter(|old| *old != path && old.exists()) {
                    fs::rename(old, &path)?;
                }
                make(&path, &folder.name)?;
                if !path.join(uidlist::FILE).exists() {
                    UidList::new(folder.uid_validity).write(&path)?;
                }
                path.parent().map_or(Ok(()), disk::sync_dir)?;
            }
            Change::MailboxGone { id } => {
                if let Some(folder) = self.folders.get(id) {
                    remove(&self.path(folder), &folder.name)?;
                }
                self.track(change);
            }
            Change::Rows { mailbox, rows } => self.add(*mailbox, rows)?,
            Change::Flagged { mailbox, flags, uids, .. } => self.flag(*mailbox, flags, uids)?,
            Change::Expunged { mailbox, gone: uids, .. } => {
                let Some(path) = self.folders.get(mailbox).map(|f| self.path(f)) else {
                    return Ok(());
                };
                let Some(folder) = self.folders.get_mut(mailbox) else { return Ok(()) };
                for (uid, _) in uids {
                    if let Some(file) = folder.files.remove(uid) {
                        gone(fs::remove_file(file.path(&path)))?;
                    }
                }
                sync(&path)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, mailbox: MailboxId, rows: &[Row]) -> Result<()> {
        let Some(path) = self.folders.get(&mailbox).map(|f| self.path(f)) else { return Ok(()) };
        for row in rows {
            let body = self.body(row.message);
            let Some(folder) = self.folders.get_mut(&mailbox) else { return Ok(()) };
            if folder.files.contains_key(&row.uid) {
                continue; // another program put it there
            }
            folder.learn(&row.flags, &path)?;
            let octets = fs::metadata(&body)?.len();
            let base = format!(
                "{}.M{}V{}U{}.mailstore,S={octets}",
                row.internal_date.secs(),
                row.message,
                mailbox,
                row.uid
            );
            let letters = flag_letters(&row.flags, &folder.keywords);
            let file = FileName { base, letters, new: false };
            match fs::hard_link(&body, file.path(&path)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            }
            folder.files.insert(row.uid, file);
        }
        sync(&path)?;
        let Some(folder) = self.folders.get(&mailbox) else { return Ok(()) };
        let lines =
            rows.iter().filter_map(|row| Some((row.uid, folder.files.get(&row.uid)?.base.clone())));
        uidlist::append(&path, folder.uid_validity, lines.collect())
    }

    fn flag(&mut self, mailbox: MailboxId, flags: &Flags, uids: &[Uid]) -> Result<()> {
        let Some(path) = self.folders.get(&mailbox).map(|f| self.path(f)) else { return Ok(()) };
        let Some(folder) = self.folders.get_mut(&mailbox) else { return Ok(()) };
        folder.learn(flags, &path)?;
        let letters = flag_letters(flags, &folder.keywords);
        for uid in uids {
            let Some(file) = folder.files.get_mut(uid) else { continue };
            let old = file.path(&path);
            file.letters.clone_from(&letters);
            file.new = false;
            let new = file.path(&path);
            if old != new {
                // Another program may have been faster; reading the folder tells.
                gone(fs::rename(old, new))?;
            }
        }
        sync(&path)
    }

    /// Writes the names subscribed to, as Dovecot does.
    pub(super) fn subscribe(&self, account: AccountId, names: &[&str]) -> Result<()> {
        let Some(login) = self.accounts.get(&account) else { return Ok(()) };
        let folder = self.root.join(login);
        let line = |name: &&str| {
            let levels: Vec<String> = match *name {
                "INBOX" => vec!["INBOX".to_owned()],
                name => name
                    .split('/')
                    .map(|level| folder_name(level).trim_start_matches('.').to_owned())
                    .collect(),
            };
            format!("{}\n", levels.join("\t"))
        };
        let lines: String = names.iter().map(line).collect();
        replace(&folder, "subscriptions", &format!("V\t2\n\n{lines}"))
    }
}

impl Folder {
    /// Gives letters to the keywords of these flags, as long as there are some.
    fn learn(&mut self, flags: &Flags, path: &Path) -> Result<()> {
        let known =
            |names: &[String], word: &str| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        if flags.keywords().all(|word| known(&self.keywords, word)) {
            return Ok(());
        }
        // Another program may have added some.
        let text = fs::read_to_string(path.join("dovecot-keywords")).unwrap_or_default();
        self.keywords = keywords_of_file(&text);
        let before = self.keywords.len();
        for word in flags.keywords() {
            if !known(&self.keywords, word) && self.keywords.len() < MAX_KEYWORDS {
                self.keywords.push(word.to_owned());
            }
        }
        if self.keywords.len() == before {
            return Ok(());
        }
        replace(path, "dovecot-keywords", &keywords_file(&self.keywords))
    }
}

/// The messages' files in a folder.
pub(super) fn listed(path: &Path) -> io::Result<HashMap<String, FileName>> {
    let mut found = HashMap::new();
    for (part, new) in [("new", true), ("cur", false)] {
        for entry in fs::read_dir(path.join(part))? {
            let name = entry?.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let (base, letters) = split_info(name);
            let (base, letters) = (base.to_owned(), letters.to_owned());
            found.insert(base.clone(), FileName { base, letters, new });
        }
    }
    Ok(found)
}

pub(super) fn stamp(path: &Path) -> Stamp {
    ["cur", "new", uidlist::FILE, "dovecot-keywords"].map(|name| {
        let data = fs::metadata(path.join(name)).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}

/// Where a message's file is, for whoever reads or links it.
pub(super) fn file_path(folder: &Path, file: &FileName) -> PathBuf {
    file.path(folder)
}

/// Puts a message's octets where they are kept; durable when it returns.
pub(super) fn keep_body(path: &Path, octets: &[u8], date: Timestamp) -> Result<()> {
    gone(fs::remove_file(path))?; // of a write that was cut short
    let mut file = disk::create_private(path)?;
    file.write_all(octets)?;
    let millis = u64::try_from(date.millis()).unwrap_or(0);
    file.set_modified(UNIX_EPOCH + Duration::from_millis(millis))?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), |parent| Ok(disk::sync_dir(parent)?))
}

/// Replaces a file, durably.
pub(super) fn replace(folder: &Path, name: &str, text: &str) -> Result<()> {
    let fresh = folder.join(format!("{name}.mailstore"));
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(fresh, folder.join(name))?;
    Ok(disk::sync_dir(folder)?)
}

/// Passes over that something is not there.
pub(super) fn gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn make(path: &Path, name: &str) -> Result<()> {
    for part in ["cur", "new", "tmp"] {
        disk::create_private_dir(&path.join(part))?;
    }
    if name != "INBOX" {
        // Maildir++: this is a folder of the Maildir above, not one of its own.
        File::create(path.join("maildirfolder"))?;
    }
    Ok(disk::sync_dir(path)?)
}

fn remove(path: &Path, name: &str) -> Result<()> {
    if name == "INBOX" {
        return Ok(()); // goes with its account
    }
    gone(fs::remove_dir_all(path))?;
    Ok(path.parent().map_or(Ok(()), disk::sync_dir)?)
}

fn sync(path: &Path) -> Result<()> {
    disk::sync_dir(&path.join("cur"))?;
    Ok(disk::sync_dir(&path.join("new"))?)
}

/// The folder of an account: its login name, in lower case, without what a path cannot have.
fn account_folder(login: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@-_+=".contains(c);
    let escaped = |c: char| format!("%{:x}", u32::from(c));
    let lower = login.to_ascii_lowercase();
    let mut out = String::new();
    for (at, c) in lower.chars().enumerate() {
        match plain(c) || (c == '.' && at > 0) {
            true => out.push(c),
            false => out.push_str(&escaped(c)),
        }
    }
    out
}
