//! What was fetched, durably: one line a message, appended and synced.
//!
//! ```text
//! pop3-download 1
//! fetched <TAB> account <TAB> unique id <TAB> seconds <TAB> name <TAB> place
//! forgot  <TAB> account <TAB> unique id
//! ```
//!
//! A line without its end is one that a crash cut off, and does not count.

use anyhow::{Context, bail};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

const HEAD: &str = "pop3-download 1";

/// What cannot stand in a word of a line.
const SPECIAL: &AsciiSet = &CONTROLS.add(b'%').add(b' ');

/// Lines about messages that are gone before the file is written anew.
const GARBAGE: usize = 1000;

/// A message that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// When, since 1970.
    pub(crate) at: Duration,
    /// What its file is called until it is in its place, and in a Maildir after.
    pub(crate) name: String,
    /// Where in the mbox it was going to begin; 0 in a Maildir.
    pub(crate) place: u64,
}

/// An account and a unique id.
type Key = (String, String);

#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    fetched: BTreeMap<Key, Fetched>,
}

impl Journal {
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let mut file =
            private().open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut text = String::new();
        file.read_to_string(&mut text)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let text = text.get(..whole).unwrap_or_default();
        let mut journal = Self { path, file, fetched: BTreeMap::new() };
        let mut garbage = 0;
        for (number, line) in text.lines().enumerate() {
            let known = if number == 0 { line == HEAD } else { journal.replay(line, &mut garbage) };
            if !known {
                bail!("{} is damaged at line {}", journal.path.display(), number + 1);
            }
        }
        journal.file.set_len(whole as u64)?;
        journal.file.seek(std::io::SeekFrom::End(0))?;
        if text.is_empty() {
            journal.append(&format!("{HEAD}\n"))?;
            sync_folder_of(&journal.path)?;
        } else if garbage > GARBAGE.max(journal.fetched.len()) {
            journal.rewrite()?;
        }
        Ok(journal)
    }

    /// Takes in a line. Whether it is one.
    fn replay(&mut self, line: &str, garbage: &mut usize) -> bool {
        let word = |word: &str| Some(percent_decode_str(word).decode_utf8().ok()?.into_owned());
        let words: Vec<_> = line.split('\t').collect();
        let done = match *words.as_slice() {
            ["fetched", account, uidl, at, name, place] => (|| {
                let at = Duration::from_secs(at.parse().ok()?);
                let fetched = Fetched { at, name: word(name)?, place: place.parse().ok()? };
                self.fetched.insert((word(account)?, word(uidl)?), fetched);
                Some(())
            })(),
            ["forgot", account, uidl] => (|| {
                *garbage += 2;
                self.fetched.remove(&(word(account)?, word(uidl)?));
                Some(())
            })(),
            _ => None,
        };
        done.is_some()
    }

    /// All messages of all accounts.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Fetched> {
        self.fetched.values()
    }

    /// The messages of an account, by their unique ids.
    pub(crate) fn of<'a>(
        &'a self,
        account: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Fetched)> {
        let mine = self.fetched.iter().filter(move |((whose, _), _)| whose == account);
        mine.map(|((_, uidl), fetched)| (uidl.as_str(), fetched))
    }

    /// From here on the message counts as fetched, whatever happens.
    pub(crate) fn fetched(
        &mut self,
        account: &str,
        uidl: &str,
        fetched: Fetched,
    ) -> anyhow::Result<()> {
        self.append(&line(account, uidl, &fetched))?;
        self.fetched.insert((account.into(), uidl.into()), fetched);
        Ok(())
    }

    /// The server has these messages no more.
    pub(crate) fn forget(&mut self, account: &str, uidls: &[String]) -> anyhow::Result<()> {
        let (account_word, mut lines) = (encode(account), String::new());
        for uidl in uidls {
            lines.push_str(&format!("forgot\t{account_word}\t{}\n", encode(uidl)));
        }
        self.append(&lines)?;
        for uidl in uidls {
            self.fetched.remove(&(account.into(), uidl.clone()));
        }
        Ok(())
    }

    fn append(&mut self, lines: &str) -> anyhow::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Leaves out what was forgotten. The old file is there until the new one is whole.
    fn rewrite(&mut self) -> anyhow::Result<()> {
        let new = self.path.with_extension("new");
        let _ = fs::remove_file(&new); // of an earlier attempt
        let mut file = private().open(&new)?;
        let mut text = format!("{HEAD}\n");
        for ((account, uidl), fetched) in &self.fetched {
            text.push_str(&line(account, uidl, fetched));
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        sync_folder_of(&self.path)?;
        self.file = file;
        Ok(())
    }
}

fn line(account: &str, uidl: &str, fetched: &Fetched) -> String {
    let Fetched { at, name, place } = fetched;
    let (account, uidl, name) = (encode(account), encode(uidl), encode(name));
    format!("fetched\t{account}\t{uidl}\t{}\t{name}\t{place}\n", at.as_secs())
}

fn encode(word: &str) -> String {
    utf8_percent_encode(word, SPECIAL).to_string()
}

/// For files that only their owner may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// So that the name of the file survives a crash, too.
pub(crate) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(n: u64) -> Fetched {
        Fetched { at: Duration::from_secs(n), name: format!("{n}.x"), place: n }
    }

    fn known(journal: &Journal, account: &str) -> Vec<String> {
        journal.of(account).map(|(uidl, _)| uidl.to_owned()).collect()
    }

    #[test]
    fn what_is_noted_is_there_again_for_its_account() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::open(path.clone()).unwrap();
        journal.fetched("tim@a", "1", message(1)).unwrap();
        journal.fetched("tim@a", "odd \t%25\u{e9}\n", message(2)).unwrap();
        journal.fetched("tim@b", "1", message(3)).unwrap();
        journal.forget("tim@b", &["1".into(), "never".into()]).unwrap();
        let again = Journal::open(path).unwrap();
        assert_eq!(again.fetched, journal.fetched);
        assert_eq!(known(&again, "tim@a"), ["1", "odd \t%25\u{e9}\n"]);
        assert!(known(&again, "tim@b").is_empty());
    }

    #[test]
    fn a_line_that_was_cut_off_does_not_count_and_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::open(path.clone()).unwrap();
        journal.fetched("tim@a", "1", message(1)).unwrap();
        let one = fs::read(&path).unwrap().len();
        journal.fetched("tim@a", "2", message(2)).unwrap();
        let text = fs::read(&path).unwrap();
        for end in 0..text.len() {
            fs::write(&path, &text[..end]).unwrap();
            let mut journal = Journal::open(path.clone()).unwrap();
            assert_eq!(known(&journal, "tim@a").len(), usize::from(end >= one), "cut at {end}");
            journal.fetched("tim@a", "3", message(3)).unwrap();
            assert!(known(&Journal::open(path.clone()).unwrap(), "tim@a").contains(&"3".into()));
        }
    }

    #[test]
    fn a_damaged_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        for (text, line) in [
            ("something else\n", "line 1"),
            ("pop3-download 1\nforgot\ta\tb\nfetched\ta\tb\n", "line 3"),
            ("pop3-download 1\nfetched\ta\tb\tx\tc\t0\n", "line 2"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Journal::open(path.clone()).unwrap_err().to_string();
            assert!(error.ends_with(line), "{error}");
        }
    }

    #[test]
    fn what_was_forgotten_leaves_the_file_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut text = format!("{HEAD}\n");
        for n in 0..2000 {
            text.push_str(&line("tim@a", &n.to_string(), &message(n)));
            text.push_str(&format!("forgot\ttim@a\t{n}\n"));
        }
        text.push_str(&line("tim@a", "kept", &message(7)));
        fs::write(&path, text).unwrap();
        let mut journal = Journal::open(path.clone()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        journal.fetched("tim@a", "new", message(8)).unwrap();
        assert_eq!(known(&Journal::open(path).unwrap(), "tim@a"), ["kept", "new"]);
    }
}
