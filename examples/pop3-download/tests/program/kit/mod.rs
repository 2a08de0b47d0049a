//! What the tests share: the server, the program, what it wrote, and servers made of a script.

mod outbox;
mod script;
mod server;

pub(crate) use self::{
    outbox::{Kind, Target},
    script::Script,
    server::Server,
};

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// The program, for alice.
pub(crate) fn program(server: &str, target: &Target, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pop3-download"));
    command.args([server, "--user", "alice@example.test"]).args(target.arguments()).args(more);
    command.env("POP3_PASSWORD", "alice-secret").stdin(Stdio::null());
    command
}

/// Standard output, after it has ended well.
#[track_caller]
pub(crate) fn succeeds(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Standard error, after it has ended with status 1.
#[track_caller]
pub(crate) fn fails(mut command: Command) -> String {
    let output: Output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
