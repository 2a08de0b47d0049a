//! A client's session by IMAPS, logged in as Alice: a command at a time.

use super::{process::Server, talk::Talk};

pub(crate) struct Imap(Talk);

impl Imap {
    pub(crate) fn new(server: &Server) -> Self {
        let mut session = Self(Talk::with(server, "imaps"));
        session.0.line();
        session.ask("LOGIN alice@a.test alice-secret");
        session
    }

    /// The untagged lines, and the tagged one, which must say OK.
    pub(crate) fn ask(&mut self, command: &str) -> (Vec<String>, String) {
        let (lines, tagged) = self.try_ask(command);
        assert!(tagged.starts_with("t OK"), "{command}: {lines:?} {tagged}");
        (lines, tagged)
    }

    /// The same, whatever it says.
    pub(crate) fn try_ask(&mut self, command: &str) -> (Vec<String>, String) {
        self.0.write(format!("t {command}\r\n").as_bytes());
        let mut lines = Vec::new();
        loop {
            let line = self.0.line();
            if line.starts_with("t ") {
                return (lines, line);
            }
            lines.push(line);
        }
    }
}

/// The same session, its answers as one text each: the untagged lines, then the tagged one.
pub(crate) struct ImapText(Imap);

impl ImapText {
    pub(crate) fn new(server: &Server) -> Self {
        Self(Imap::new(server))
    }

    /// The answer, which must say OK.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        text(self.0.ask(command))
    }

    /// The same, whatever it says.
    pub(crate) fn try_ask(&mut self, command: &str) -> String {
        text(self.0.try_ask(command))
    }
}

fn text((mut lines, tagged): (Vec<String>, String)) -> String {
    lines.push(tagged);
    lines.join("\n")
}
