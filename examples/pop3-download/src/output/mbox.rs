//! An mbox: one file, to which messages are appended.
//!
//! Nothing is ever cut off it but the beginning of a message that a crash left at its end.

use crate::journal::{private, sync_folder_of};
use anyhow::Context;
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Octets compared at a time.
const PIECE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Mbox {
    path: PathBuf,
    /// Open and locked between `reserve` and `publish`.
    reserved: Option<File>,
}

impl Mbox {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mbox = Self { path: path.into(), reserved: None };
        let file = mbox.lock()?;
        sync_folder_of(path).and_then(|()| file.sync_all()).with_context(|| mbox.cannot())?;
        Ok(mbox)
    }

    fn lock(&self) -> anyhow::Result<File> {
        let file = private().open(&self.path).with_context(|| self.cannot())?;
        file.lock().with_context(|| self.cannot())?;
        Ok(file)
    }

    fn cannot(&self) -> String {
        format!("cannot write {}", self.path.display())
    }

    /// Ends what is there with an empty line. Returns the length then.
    pub(super) fn reserve(&mut self) -> anyhow::Result<u64> {
        let mut file = self.lock()?;
        let end = end_with_empty_line(&mut file).with_context(|| self.cannot())?;
        self.reserved = Some(file);
        Ok(end)
    }

    /// Appends the file and removes it, unless the mbox has it.
    pub(super) fn publish(&mut self, staged: &Path, place: u64) -> anyhow::Result<()> {
        let mut mbox = match self.reserved.take() {
            Some(file) => file,
            None => self.lock()?,
        };
        let done = append(&mut mbox, staged, place).and_then(|()| {
            fs::remove_file(staged)?;
            sync_folder_of(staged)
        });
        done.with_context(|| self.cannot())
    }
}

fn append(mbox: &mut File, staged: &Path, place: u64) -> io::Result<()> {
    let mut message = File::open(staged)?;
    let len = message.metadata()?.len();
    let end = mbox.metadata()?.len();
    let common = common(mbox, place, &mut message)?;
    if common == len || end != place && found(mbox, &mut message, len)? {
        return Ok(()); // an earlier attempt came so far
    }
    if place.checked_add(common) == Some(end) {
        mbox.set_len(place)?; // what is there of it is its beginning, and nothing follows
    } else {
        end_with_empty_line(mbox)?; // others have changed the file meanwhile
    }
    mbox.seek(SeekFrom::End(0))?;
    message.rewind()?;
    io::copy(&mut message, mbox)?;
    mbox.sync_all()
}

/// How many octets of the message stand at this place.
fn common(mbox: &mut File, place: u64, message: &mut File) -> io::Result<u64> {
    mbox.seek(SeekFrom::Start(place))?;
    message.rewind()?;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut common = 0;
    loop {
        left.clear();
        right.clear();
        (&mut *mbox).take(PIECE as u64).read_to_end(&mut left)?;
        (&mut *message).take(PIECE as u64).read_to_end(&mut right)?;
        let same = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
        common += same as u64;
        if same < PIECE {
            return Ok(common);
        }
    }
}

/// Whether the message stands anywhere. Its first line is like no other.
fn found(mbox: &mut File, message: &mut File, len: u64) -> io::Result<bool> {
    message.rewind()?;
    let mut first = Vec::new();
    BufReader::new(&mut *message).read_until(b'\n', &mut first)?;
    let mut lines = BufReader::new(mbox.try_clone()?);
    lines.rewind()?;
    let (mut at, mut line) = (0, Vec::new());
    let mut places = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        if line == first {
            places.push(at);
        }
        at += line.len() as u64;
        line.clear();
    }
    for place in places {
        if common(mbox, place, message)? == len {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A message begins after an empty line, or at the start of the file. Returns the length.
fn end_with_empty_line(mbox: &mut File) -> io::Result<u64> {
    let len = mbox.metadata()?.len();
    let mut last = Vec::new();
    mbox.seek(SeekFrom::Start(len.saturating_sub(2)))?;
    (&mut *mbox).take(2).read_to_end(&mut last)?;
    let missing: &[u8] = match last.as_slice() {
        [] | [b'\n', b'\n'] => b"",
        [.., b'\n'] => b"\n",
        _ => b"\n\n",
    };
    mbox.write_all(missing)?;
    Ok(len + missing.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const MESSAGE: &str = "From 1.x Thu Jan  1 00:00:00 1970\nSubject: a\n\n>From\n\n";

    struct Fixture {
        folder: TempDir,
        mbox: Mbox,
    }

    impl Fixture {
        fn new(there: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("mbox"), there).unwrap();
            let mbox = Mbox::open(&folder.path().join("mbox")).unwrap();
            Self { folder, mbox }
        }

        fn publish(&mut self, place: u64) -> String {
            let staged = self.folder.path().join("staged");
            fs::write(&staged, MESSAGE).unwrap();
            self.mbox.publish(&staged, place).unwrap();
            assert!(!staged.exists());
            fs::read_to_string(self.folder.path().join("mbox")).unwrap()
        }
    }

    #[test]
    fn a_message_is_appended_after_an_empty_line() {
        for (there, then) in [
            ("", ""),
            ("From y\n\nz\n\n", "From y\n\nz\n\n"),
            ("From y\n\nz\n", "From y\n\nz\n\n"),
            ("From y\n\nz", "From y\n\nz\n\n"),
            ("z", "z\n\n"),
            ("\n", "\n\n"),
        ] {
            let mut fixture = Fixture::new(there);
            let place = fixture.mbox.reserve().unwrap();
            assert_eq!(place, then.len() as u64);
            assert_eq!(fixture.publish(place), format!("{then}{MESSAGE}"));
        }
    }

    #[test]
    fn what_a_crash_left_of_it_is_made_whole() {
        let before = "From y\n\nz\n\n";
        for cut in 0..=MESSAGE.len() {
            let mut fixture = Fixture::new(&format!("{before}{}", &MESSAGE[..cut]));
            assert_eq!(fixture.publish(before.len() as u64), format!("{before}{MESSAGE}"), "{cut}");
        }
    }

    #[test]
    fn what_others_wrote_meanwhile_stays() {
        let before = "From y\n\nz\n\n";
        let other = "From w\n\nv\n\n";
        for (there, then) in [
            // Another message in its place, or after it.
            (format!("{before}{other}"), format!("{before}{other}{MESSAGE}")),
            (format!("{before}{MESSAGE}{other}"), format!("{before}{MESSAGE}{other}")),
            // A part of it, and another message after that.
            (
                format!("{before}{}\n\n{other}", &MESSAGE[..20]),
                format!("{before}{}\n\n{other}{MESSAGE}", &MESSAGE[..20]),
            ),
            // The file has become shorter; with it, or without.
            (format!("{MESSAGE}{other}"), format!("{MESSAGE}{other}")),
            ("a\n\n".into(), format!("a\n\n{MESSAGE}")),
            (String::new(), MESSAGE.into()),
        ] {
            assert_eq!(Fixture::new(&there).publish(before.len() as u64), then);
        }
    }

    #[test]
    fn large_messages_are_compared_to_their_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, staged) = (folder.path().join("mbox"), folder.path().join("staged"));
        let long = vec![b'a'; 3 * PIECE + 5];
        for cut in [0, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 5] {
            fs::write(&path, &long[..cut]).unwrap();
            fs::write(&staged, &long).unwrap();
            Mbox::open(&path).unwrap().publish(&staged, 0).unwrap();
            assert_eq!(fs::read(&path).unwrap(), long, "{cut}");
        }
    }
}
