//! Where the program is told to put messages, and what is there then.

use super::path;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Maildir,
    Mbox,
}

impl Kind {
    pub(crate) const BOTH: [Self; 2] = [Self::Maildir, Self::Mbox];
}

pub(crate) struct Target {
    kind: Kind,
    path: PathBuf,
}

impl Target {
    pub(crate) fn new(kind: Kind, folder: &Path) -> Self {
        Self { kind, path: folder.join(format!("{kind:?}")) }
    }

    pub(crate) fn arguments(&self) -> [&str; 2] {
        let flag = match self.kind {
            Kind::Maildir => "--maildir",
            Kind::Mbox => "--mbox",
        };
        [flag, path(&self.path)]
    }

    /// All messages in it, sorted, with CRLF line ends as on the wire.
    pub(crate) fn messages(&self) -> Vec<String> {
        let mut found: Vec<String> = match self.kind {
            Kind::Maildir => {
                let files = fs::read_dir(self.path.join("new")).into_iter().flatten();
                files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
            }
            Kind::Mbox => split(&fs::read_to_string(&self.path).unwrap_or_default()),
        };
        found.iter_mut().for_each(|text| *text = text.replace('\n', "\r\n"));
        found.sort();
        found
    }

    /// How many there are, whole or not.
    pub(crate) fn messages_so_far(&self) -> usize {
        match self.kind {
            Kind::Maildir => fs::read_dir(self.path.join("new")).map_or(0, Iterator::count),
            Kind::Mbox => {
                let text = fs::read_to_string(&self.path).unwrap_or_default();
                text.lines().filter(|line| line.starts_with("From ")).count()
            }
        }
    }

    /// Messages that come at this moment, or never came whole.
    pub(crate) fn leftovers(&self) -> usize {
        let state = match self.kind {
            Kind::Maildir => self.path.join("pop3-download"),
            Kind::Mbox => self.path.with_extension("pop3-download"),
        };
        fs::read_dir(state.join("staged")).map_or(0, Iterator::count)
    }
}

/// The messages of an mboxrd file.
fn split(text: &str) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("From ") {
            messages.push(String::new());
            continue;
        }
        let quoted = line.starts_with('>') && line.trim_start_matches('>').starts_with("From ");
        messages.last_mut().unwrap().push_str(if quoted { &line[1..] } else { line });
    }
    for message in &mut messages {
        assert_eq!(message.pop(), Some('\n'), "there is an empty line after each message");
    }
    messages
}
