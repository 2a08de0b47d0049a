//! A message on its way: a file of its own, which nobody reads before it is whole.

use crate::{journal::private, lines::Lines};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    name: String,
    lines: Option<Lines<BufWriter<File>>>,
    is_mbox: bool,
}

impl Staged {
    /// A file of this name, in the form of an mbox if so, begun at this time.
    pub(crate) fn begin(folder: &Path, name: String, mbox_date: Option<&str>) -> io::Result<Self> {
        let path = folder.join(&name);
        let file = private().truncate(true).open(&path)?;
        let mut file = BufWriter::new(file);
        if let Some(date) = mbox_date {
            writeln!(file, "From {name} {date}")?;
        }
        let is_mbox = mbox_date.is_some();
        Ok(Self { path, name, lines: Some(Lines::new(file, is_mbox)), is_mbox })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.lines.as_mut().map_or(Ok(()), |lines| lines.write(octets))
    }

    /// All is there: it stays, and survives a crash. Returns where it lies.
    pub(crate) fn finish(mut self) -> io::Result<PathBuf> {
        if let Some(lines) = self.lines.take() {
            let mut file = lines.finish()?;
            if self.is_mbox {
                file.write_all(b"\n")?; // the empty line before the next message
            }
            file.into_inner()?.sync_all()?;
        }
        Ok(self.path.clone())
    }
}

/// What is not finished is of no use.
impl Drop for Staged {
    fn drop(&mut self) {
        if self.lines.take().is_some() {
            // If it stays, the next start removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
