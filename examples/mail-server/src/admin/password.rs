//! A new password, from a terminal or from standard input.

use crate::cli::UserCommand;
use std::io::{self, IsTerminal};
use zeroize::Zeroizing;

#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("cannot read the password: {0}")]
    Input(io::Error),
    #[error("the two passwords differ")]
    Differ,
}

/// The password that this command needs, if it needs one.
pub(super) fn of(command: &UserCommand) -> Result<Option<Zeroizing<String>>, PasswordError> {
    match command {
        UserCommand::Add(user) | UserCommand::Passwd(user) => {
            password(&user.address, user.password_stdin).map(Some)
        }
        _ => Ok(None),
    }
}

/// Asked for twice at a terminal, without showing it; otherwise the first line of standard input.
fn password(address: &str, from_stdin: bool) -> Result<Zeroizing<String>, PasswordError> {
    if from_stdin || !io::stdin().is_terminal() {
        return first_line();
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(PasswordError::Input)
    };
    let password = ask(&format!("Password for {address}: "))?;
    if *password != *ask("Once more: ")? {
        return Err(PasswordError::Differ);
    }
    Ok(password)
}

fn first_line() -> Result<Zeroizing<String>, PasswordError> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().read_line(&mut line).map_err(PasswordError::Input)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}
