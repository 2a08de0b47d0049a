//! Fetches what is new from a POP3 server into a Maildir or an mbox file.
//!
//! One thread and no async runtime: [`mailwire::driver::blocking`] over TCP or TLS.
#![allow(clippy::std_instead_of_core, reason = "a program that always has std")]

mod cli;
mod download;
mod journal;
mod lines;
mod output;
mod password;
mod progress;
mod session;
mod staged;
mod store;
mod stream;
mod tls;

use crate::{cli::Cli, download::Summary, store::Store};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(summary) => {
            if !cli.quiet {
                println!("{summary}");
            }
            if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("pop3-download: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<Summary> {
    // Before a connection: what was interrupted is put right even when the server is away.
    let mut store = Store::open(cli.output.place(), &cli.account())?;
    let secret = password::find(cli)?;
    let mut session = session::connect(cli)?;
    session.log_in(cli, secret)?;
    download::run(cli, session, &mut store)
}
