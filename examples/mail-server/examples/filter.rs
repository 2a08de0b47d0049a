//! The server with a filter of one's own: programs for Windows are refused, and what has many exclamation
//! marks in its subject goes to Junk. Everything else, the command line too, is as in `mail-server`:
//!
//! ```sh
//! cargo run -p mail-server --example filter -- --data mail-data
//! ```
#![allow(clippy::std_instead_of_core, reason = "a program that always has std")]

use mail_server::{Action, Judging, Letter, MailFilter, Verdict};
use std::{process::ExitCode, sync::Arc};

struct House;

impl MailFilter for House {
    fn name(&self) -> &str {
        "house rules"
    }

    fn judge<'a>(&'a self, letter: &'a Letter<'a>) -> Judging<'a> {
        let action = action(&String::from_utf8_lossy(letter.message));
        Box::pin(async move { Ok(Verdict::new(action).header("X-House-Rules", "looked at")) })
    }
}

fn action(message: &str) -> Action {
    let (header, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let mut subjects = header.lines().filter(|line| line.starts_with("Subject:"));
    if body.lines().any(|line| line.contains("name=") && line.contains(".exe")) {
        return Action::Reject("Programs are not taken here; put them into an archive".into());
    }
    match subjects.any(|subject| subject.matches('!').count() > 3) {
        true => Action::Quarantine,
        false => Action::Accept,
    }
}

fn main() -> ExitCode {
    mail_server::main_with(vec![Arc::new(House)])
}
