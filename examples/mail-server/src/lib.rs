//! A small real mail server made of the crates of this workspace.
//!
//! It is a program. As a library it is for those who put filters of their own into it, see
//! `examples/filter.rs`.
#![allow(clippy::std_instead_of_core, reason = "a program that always has std")]

mod accounts;
mod acme;
mod admin;
mod advice;
mod app;
mod cli;
mod config;
mod demo;
mod dns;
mod facts;
mod filter;
mod http;
mod imap;
mod limits;
mod listen;
mod log;
mod mailbox;
mod metrics;
mod pop3;
mod relay;
mod serve;
mod service;
mod shutdown;
mod smtp;
mod startup;
mod store;
mod tls;
mod trust;
mod unique;
mod wire;

pub use self::filter::{Action, FilterError, Judging, Letter, MailFilter, Verdict};

use crate::{
    cli::{Cli, Command},
    config::{Config, LogLevel},
    filter::Filters,
    shutdown::Ending,
};
use clap::Parser;
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

/// The program, with these filters asked before those of the settings.
pub fn main_with(filters: Vec<Arc<dyn MailFilter>>) -> ExitCode {
    let cli = Cli::parse();
    match run(cli, filters) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mail-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, filters: Filters) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    // What the demo shows is on the same terminal as the log.
    let quiet = matches!(cli.command, Some(Command::Demo)) && cli.settings.log.is_none();
    let mut config = Config::load(cli.settings.clone())?;
    if quiet {
        config.log.level = LogLevel::Error;
    }
    log::start(&config.log);
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(async {
        match cli.command {
            None => Ok(match serve::serve(config, cli.settings, filters).await? {
                Ending::Graceful | Ending::Cut => ExitCode::SUCCESS,
                Ending::AtOnce => ExitCode::FAILURE,
            }),
            Some(Command::Config) => {
                io::stdout().write_all(config::print(&config).as_bytes())?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Command::Admin(command)) => {
                let done = admin::run(command, &config).await?;
                io::stdout().write_all(done.text.as_bytes())?;
                Ok(if done.well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Some(Command::Demo) => Ok(match demo::demo().await? {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }),
        }
    });
    // Work that is still under way, such as checking a password, is not waited for.
    runtime.shutdown_background();
    done
}
