//! `dovecot-uidlist`, version 3: which file has which UID. Whoever changes it holds `dovecot-uidlist.lock`.

use core::time::Duration;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::tree::{gone, replace};
use crate::{Error, Result, Uid, UidValidity, disk};

pub(super) const FILE: &str = "dovecot-uidlist";

/// How long another program may hold the lock; Dovecot itself gives up, and takes it, after two minutes.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct UidList {
    pub(super) uid_validity: UidValidity,
    pub(super) uid_next: u32,
    /// UID and file name, without its flags.
    pub(super) lines: Vec<(Uid, String)>,
}

impl UidList {
    pub(super) const fn new(uid_validity: UidValidity) -> UidList {
        UidList { uid_validity, uid_next: 1, lines: Vec::new() }
    }

    /// The list of a folder; `None` when it has none, or one of another version.
    pub(super) fn read(folder: &Path) -> Option<UidList> {
        let text = fs::read(folder.join(FILE)).ok()?;
        UidList::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Option<UidList> {
        let mut lines = text.lines();
        let mut head = lines.next()?.split(' ');
        if head.next()? != "3" {
            return None;
        }
        let (mut validity, mut uid_next) = (None, 1);
        for field in head {
            match field.split_at_checked(1) {
                Some(("V", value)) => validity = UidValidity::new(value.parse().ok()?),
                Some(("N", value)) => uid_next = value.parse().ok()?,
                _ => {}
            }
        }
        let line = |line: &str| {
            let (uid, _) = line.split_once(' ')?;
            // After the fields, each with a letter of its own, the name stands behind a colon.
            let (_, name) = line.split_once(" :")?;
            let base = name.split(':').next()?.to_owned();
            Some((Uid::new(uid.parse().ok()?)?, base))
        };
        let lines: Vec<_> = lines.filter_map(line).collect();
        let last = lines.iter().map(|(uid, _)| uid.value().saturating_add(1)).max();
        Some(UidList { uid_validity: validity?, uid_next: uid_next.max(last.unwrap_or(1)), lines })
    }

    fn text(&self) -> String {
        // The GUID of the mailbox, from what is the store's own.
        let guid = format!("{:016x}{:016x}", self.uid_validity.value(), 0x6d61_696c_7374_6f72u64);
        let mut text = format!("3 V{} N{} G{guid}\n", self.uid_validity, self.uid_next);
        for (uid, name) in &self.lines {
            text.push_str(&format!("{uid} :{name}\n"));
        }
        text
    }

    /// Replaces the list of a folder.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let lock = Lock::take(folder)?;
        lock.replace(&self.text())
    }
}

/// Adds lines to a folder's list.
pub(super) fn append(
    folder: &Path,
    uid_validity: UidValidity,
    added: Vec<(Uid, String)>,
) -> Result<()> {
    let lock = Lock::take(folder)?;
    let mut list = UidList::read(folder).unwrap_or_else(|| UidList::new(uid_validity));
    let known: std::collections::HashSet<Uid> = list.lines.iter().map(|(uid, _)| *uid).collect();
    let added: Vec<_> = added.into_iter().filter(|(uid, _)| !known.contains(uid)).collect();
    if added.is_empty() {
        return Ok(());
    }
    let last = list.lines.last().map(|(uid, _)| *uid);
    if added.iter().all(|(uid, _)| Some(*uid) > last) && folder.join(FILE).exists() {
        // Reading it takes the highest line for UIDNEXT too.
        let mut file = File::options().append(true).open(folder.join(FILE))?;
        let text: String = added.iter().map(|(uid, name)| format!("{uid} :{name}\n")).collect();
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        return Ok(());
    }
    list.lines.extend(added);
    list.lines.sort();
    let next = list.lines.last().map_or(1, |(uid, _)| uid.value().saturating_add(1));
    list.uid_next = list.uid_next.max(next);
    lock.replace(&list.text())
}

/// Gives UIDs to the files that have none yet, in the order of their names; none below `at_least`. All of
/// these files with their UIDs, ascending.
pub(super) fn number(
    folder: &Path,
    uid_validity: UidValidity,
    at_least: Uid,
    mut names: Vec<String>,
) -> Result<Vec<(Uid, String)>> {
    let lock = Lock::take(folder)?;
    let mut list = UidList::read(folder).unwrap_or_else(|| UidList::new(uid_validity));
    names.sort();
    let known: std::collections::HashMap<String, Uid> =
        list.lines.iter().map(|(uid, name)| (name.clone(), *uid)).collect();
    let mut numbered = Vec::new();
    let mut next = Uid::new(list.uid_next).unwrap_or(Uid::FIRST).max(at_least);
    let mut fresh = false;
    for name in names {
        match known.get(&name) {
            Some(uid) => numbered.push((*uid, name)),
            None => {
                fresh = true;
                list.lines.push((next, name.clone()));
                numbered.push((next, name));
                next = next.next().ok_or(Error::invalid("the mailbox has used all UIDs"))?;
            }
        }
    }
    numbered.sort();
    if fresh {
        list.uid_next = next.value();
        list.lines.sort();
        lock.replace(&list.text())?;
    }
    Ok(numbered)
}

/// Removes a lock this store left behind when it crashed. It is open once, so none of its own is in use.
pub(super) fn unlock_stale(folder: &Path) -> Result<()> {
    let path = folder.join(format!("{FILE}.lock"));
    let look = || Some((fs::read(&path).ok()?, fs::metadata(&path).ok()?.modified().ok()?));
    let Some(first) = look() else { return Ok(()) };
    if first.0.is_empty() {
        // Another program may be about to write its name into it.
        std::thread::sleep(Duration::from_secs(1));
    }
    if look().as_ref() == Some(&first) && (first.0.is_empty() || first.0 == OURS) {
        gone(fs::remove_file(&path))?;
    }
    Ok(())
}

/// What a lock of ours holds.
const OURS: &[u8] = b"mailstore\n";

/// The lock file, removed when dropped.
struct Lock<'a> {
    folder: &'a Path,
    path: PathBuf,
}

impl<'a> Lock<'a> {
    fn take(folder: &'a Path) -> Result<Lock<'a>> {
        let path = folder.join(format!("{FILE}.lock"));
        let start = Instant::now();
        loop {
            match disk::create_private(&path) {
                Ok(mut file) => {
                    let lock = Lock { folder, path };
                    file.write_all(OURS)?;
                    return Ok(lock);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::locked(
                    path.to_string_lossy(),
                    "another program has held it for ten seconds; remove it if none runs",
                ));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn replace(&self, text: &str) -> Result<()> {
        replace(self.folder, FILE, text)
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // One that stays is removed when the store is opened next.
        let _ = gone(fs::remove_file(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_dovecots_is_read() {
        let text = "3 V1700000000 N8  G5f3a\n\
                    2 :1700000001.M1P2.host,S=10,W=11\n\
                    5 W12 S11 :1700000002.M2P2.host:2,S\n\
                    9 :late\n";
        let list = UidList::parse(text).unwrap();
        assert_eq!((list.uid_validity.value(), list.uid_next), (1_700_000_000, 10));
        let names: Vec<&str> = list.lines.iter().map(|(_, name)| &**name).collect();
        assert_eq!(names, ["1700000001.M1P2.host,S=10,W=11", "1700000002.M2P2.host", "late"]);
        assert_eq!(UidList::parse(&list.text()), Some(list));
        assert_eq!(UidList::parse("1 1700000000 8\n"), None);
    }
}
