//! Where messages go in the end.

mod maildir;
mod mbox;

pub(crate) use self::{
    maildir::{Maildir, make_folder},
    mbox::Mbox,
};

use crate::journal::Fetched;
use std::path::{Path, PathBuf};

/// What the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Maildir(PathBuf),
    Mbox(PathBuf),
}

#[derive(Debug)]
pub(crate) enum Output {
    Maildir(Maildir),
    Mbox(Mbox),
}

impl Place {
    /// Where the journal and unfinished messages lie: on the same disk, so that a message can be
    /// moved in one step.
    pub(crate) fn state(&self) -> PathBuf {
        match self {
            Self::Maildir(folder) => folder.join("pop3-download"),
            Self::Mbox(file) => {
                let mut name = file.clone().into_os_string();
                name.push(".pop3-download");
                name.into()
            }
        }
    }

    pub(crate) fn open(&self) -> anyhow::Result<Output> {
        Ok(match self {
            Self::Maildir(folder) => Output::Maildir(Maildir::open(folder)?),
            Self::Mbox(file) => Output::Mbox(Mbox::open(file)?),
        })
    }
}

impl Output {
    /// Whether messages are written as an mbox has them.
    pub(crate) const fn is_mbox(&self) -> bool {
        matches!(self, Self::Mbox(_))
    }

    /// Where the next message would begin. From here until it is published nobody else may write.
    pub(crate) fn reserve(&mut self) -> anyhow::Result<u64> {
        match self {
            Self::Maildir(_) => Ok(0),
            Self::Mbox(mbox) => mbox.reserve(),
        }
    }

    /// Moves a message that counts as fetched from its file to where readers find it. Once more does
    /// no harm: that is how a crash in the middle is mended.
    pub(crate) fn publish(&mut self, staged: &Path, fetched: &Fetched) -> anyhow::Result<()> {
        match self {
            Self::Maildir(maildir) => maildir.publish(staged, &fetched.name),
            Self::Mbox(mbox) => mbox.publish(staged, fetched.place),
        }
    }
}
