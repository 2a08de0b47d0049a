//! A small real mail server made of the crates of this workspace.
#![allow(clippy::std_instead_of_core, reason = "a program that always has std")]

mod accounts;
mod app;
mod cli;
mod config;
mod demo;
mod dns;
mod facts;
mod imap;
mod listen;
mod log;
mod mailbox;
mod pop3;
mod relay;
mod serve;
mod service;
mod shutdown;
mod smtp;
mod startup;
mod store;
mod tls;
mod unique;
mod user;
mod wire;

use crate::{
    accounts::{LoginSecret, Users},
    cli::{Cli, Command, UserCommand},
    config::{Config, LogLevel},
    shutdown::Ending,
};
use clap::Parser;
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mail-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    // What the demo shows is on the same terminal as the log.
    let quiet = matches!(cli.command, Some(Command::Demo)) && cli.settings.log.is_none();
    let mut config = Config::load(cli.settings)?;
    if quiet {
        config.log.level = LogLevel::Error;
    }
    log::start(&config.log);
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(async {
        match cli.command {
            None => Ok(match serve::serve(config).await? {
                Ending::Graceful | Ending::Cut => ExitCode::SUCCESS,
                Ending::AtOnce => ExitCode::FAILURE,
            }),
            Some(Command::Config) => {
                io::stdout().write_all(config::print(&config).as_bytes())?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Command::Mailbox(command)) => {
                match mailbox::run(command, &config.data, &mut io::stdout()).await? {
                    true => Ok(ExitCode::SUCCESS),
                    false => Ok(ExitCode::FAILURE),
                }
            }
            Some(Command::User(command)) => manage(command, &config).await,
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

async fn manage(
    command: UserCommand,
    config: &Config,
) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let store = user::open(&config.data).await?;
    let users = Users::new(store.clone(), &config.domains, LoginSecret::random());
    user::run(command, &users, &mut io::stdout()).await?;
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}
