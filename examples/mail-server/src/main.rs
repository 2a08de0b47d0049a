//! A small real mail server made of the crates of this workspace.
#![allow(clippy::std_instead_of_core, reason = "a program that always has std")]

use std::process::ExitCode;

fn main() -> ExitCode {
    mail_server::main_with(Vec::new())
}
