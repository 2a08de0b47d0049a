//! Where the password comes from. Never from the command line, which everybody on the machine can
//! read.

use crate::cli::Cli;
use anyhow::{Context, bail};
use mailwire::sasl::Secret;
use std::{
    env,
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
    path::Path,
};

const VARIABLE: &str = "POP3_PASSWORD";

pub(crate) fn find(cli: &Cli) -> anyhow::Result<Secret> {
    if let Some(path) = &cli.password_file {
        let read = if path == Path::new("-") {
            first_line(io::stdin().lock())
        } else {
            File::open(path).and_then(|file| first_line(BufReader::new(file)))
        };
        return read.with_context(|| format!("cannot read a password from {}", path.display()));
    }
    match env::var(VARIABLE) {
        Ok(password) if !password.is_empty() => return Ok(password.into()),
        Err(env::VarError::NotUnicode(_)) => bail!("{VARIABLE} is not UTF-8"),
        _ => {}
    }
    if !io::stdin().is_terminal() {
        bail!("no password: give --password-file FILE, or set {VARIABLE}");
    }
    let prompt = format!("Password of {}: ", cli.account());
    Ok(rpassword::prompt_password(prompt).context("cannot ask for the password")?.into())
}

fn first_line(mut from: impl BufRead) -> io::Result<Secret> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    if line.is_empty() {
        return Err(io::Error::other("its first line is empty"));
    }
    Ok(line.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_with_its_spaces() {
        let line = |text: &[u8]| first_line(text).map(|secret| secret.expose().to_owned());
        assert_eq!(line(b" two  words \r\nmore\n").unwrap(), " two  words ");
        assert_eq!(line(b"alone").unwrap(), "alone");
        assert!(line(b"\nsecond\n").is_err());
        assert!(line(b"").is_err());
        assert!(line(b"\xff\n").is_err());
    }
}
