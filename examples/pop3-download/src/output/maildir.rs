//! A Maildir: a file a message.

use anyhow::Context;
use std::{
    fs::{self, DirBuilder, File},
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub(crate) struct Maildir {
    new: PathBuf,
}

impl Maildir {
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        for name in ["tmp", "new", "cur"] {
            make_folder(&folder.join(name))?;
        }
        Ok(Self { new: folder.join("new") })
    }

    /// In one step: a reader sees nothing or all of it.
    pub(super) fn publish(&self, staged: &Path, name: &str) -> anyhow::Result<()> {
        let moved = fs::rename(staged, self.new.join(name)).and_then(|()| {
            File::open(&self.new)?.sync_all() // the new name must survive a crash
        });
        moved.with_context(|| format!("cannot put a message into {}", self.new.display()))
    }
}

/// Only its owner may look into it.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("cannot make {}", path.display()))
}
