//! `mail-server user …`: the accounts, from the command line.

use crate::{
    accounts::{AccountError, Users},
    cli::{UserCommand, UserWithPassword},
    store::{self, OpenError},
};
use mailstore::{Accounts, EmbeddedStore};
use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(
        "a running server has the mail store in {} open; stop it, do this again, then start it",
        folder.display()
    )]
    InUse { folder: PathBuf },
    #[error(transparent)]
    Open(OpenError),
    #[error("cannot read the password: {0}")]
    Input(io::Error),
    #[error("the two passwords differ")]
    Differ,
    #[error("cannot print: {0}")]
    Output(io::Error),
}

/// The store in this folder, which nobody else may have open meanwhile.
pub(crate) async fn open(folder: &Path) -> Result<EmbeddedStore, UserError> {
    store::open(folder).await.map_err(|error| match error {
        OpenError::InUse { folder } => UserError::InUse { folder },
        error => UserError::Open(error),
    })
}

/// Does what was asked, and says so on `out`.
pub(crate) async fn run<S: Accounts + Sync>(
    command: UserCommand,
    users: &Users<S>,
    out: &mut impl Write,
) -> Result<(), UserError> {
    match command {
        UserCommand::Add(user) => {
            let password = password(&user)?;
            let account = users.add(&user.address, &password).await?;
            writeln!(out, "added {}", account.login)
        }
        UserCommand::Passwd(user) => {
            let password = password(&user)?;
            let account = users.set_password(&user.address, &password).await?;
            writeln!(out, "changed the password of {}", account.login)
        }
        UserCommand::List => {
            users.list().await?.iter().try_for_each(|account| writeln!(out, "{}", account.login))
        }
        UserCommand::Remove { address } => {
            let account = users.remove(&address).await?;
            writeln!(out, "removed {} and all its mail", account.login)
        }
    }
    .map_err(UserError::Output)
}

/// Asked for twice at a terminal, without showing it; otherwise the first line of standard input.
fn password(user: &UserWithPassword) -> Result<Zeroizing<String>, UserError> {
    if user.password_stdin || !io::stdin().is_terminal() {
        return first_line();
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(UserError::Input)
    };
    let password = ask(&format!("Password for {}: ", user.address))?;
    if *password != *ask("Once more: ")? {
        return Err(UserError::Differ);
    }
    Ok(password)
}

fn first_line() -> Result<Zeroizing<String>, UserError> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().read_line(&mut line).map_err(UserError::Input)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}
