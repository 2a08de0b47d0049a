//! The command line.

use crate::output::Place;
use clap::{Args, Parser, ValueEnum, ValueHint};
use pop3_proto::plan::Leave;
use std::{path::PathBuf, time::Duration};

const EXAMPLES: &str = "\
Examples:
  pop3-download pop.example.org --user tim --maildir ~/Maildir
  pop3-download pop.example.org --user tim --mbox ~/mail.mbox --keep
  pop3-download pop.example.org --user tim --maildir ~/Maildir --delete-after-days 14
  pop3-download localhost:2110 --tls stls --ca mail-data/ca.pem --user alice@example.test --maildir mail

The password comes from --password-file, else from the environment variable POP3_PASSWORD, else it is asked for.

It may be interrupted at any moment, by Ctrl-C, kill -9 or a power cut: start it again and it goes on. A message is on
the disk before its unique id is noted, and noted before it is deleted on the server. What it needs for that lies in
DIR/pop3-download (for an mbox in FILE.pop3-download); keep it, or everything on the server is new again.

The exit status is 0 when all was fetched, 1 when something was not, 2 for a wrong command line.";

/// Fetches what is new from a POP3 server into a Maildir or an mbox file
///
/// What it fetched it deletes on the server, unless told to leave it there.
#[derive(Debug, Parser)]
#[command(name = "pop3-download", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The server, HOST or HOST:PORT [default port: 995, or 110 unless --tls implicit]
    #[arg(value_name = "SERVER", value_parser = server)]
    pub(crate) server: Server,
    /// User name
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) output: Output,
    /// Leave everything on the server; the first run without this deletes what was fetched until then
    #[arg(long)]
    keep: bool,
    /// Delete on the server what was fetched so many days ago
    #[arg(long, value_name = "DAYS", conflicts_with = "keep")]
    delete_after_days: Option<u32>,
    /// How to protect the connection
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    pub(crate) tls: Tls,
    /// Trust these roots (PEM) and not those of the system
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
    /// Read the password from the first line of this file; - is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) password_file: Option<PathBuf>,
    /// The password is an access token of OAuth 2.0
    #[arg(long)]
    pub(crate) oauth: bool,
    /// Say what would be fetched and deleted, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Output {
    /// Put messages into this Maildir, which is made if need be
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    maildir: Option<PathBuf>,
    /// Append messages to this mbox file (mboxrd), which is made if need be
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    mbox: Option<PathBuf>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tls {
    /// TLS from the first octet (RFC 8314)
    #[default]
    Implicit,
    /// Begin in the clear, then STLS (RFC 2595); without it nothing secret is sent
    Stls,
    /// Not at all: whoever listens gets the password
    None,
}

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    port: Option<u16>,
}

impl Cli {
    pub(crate) fn leave(&self) -> Leave {
        const DAY: u64 = 86_400;
        match self.delete_after_days {
            Some(days) => Leave::For(Duration::from_secs(u64::from(days) * DAY)),
            None if self.keep => Leave::Forever,
            None => Leave::Never,
        }
    }

    /// Whose messages these are. The usual ports are no part of it, for they change when TLS is turned on; behind any other
    /// there may be another server.
    pub(crate) fn account(&self) -> String {
        let Server { host, port } = &self.server;
        match port {
            Some(port) if ![110, 995].contains(port) => format!("{}@{host}:{port}", self.user),
            _ => format!("{}@{host}", self.user),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        let usual = if self.tls == Tls::Implicit { 995 } else { 110 };
        self.server.port.unwrap_or(usual)
    }
}

impl Output {
    pub(crate) fn place(&self) -> Place {
        match (&self.maildir, &self.mbox) {
            (Some(folder), _) => Place::Maildir(folder.clone()),
            (None, file) => Place::Mbox(file.clone().unwrap_or_default()),
        }
    }
}

/// `HOST`, `HOST:PORT`, `[IPV6]:PORT`, or a bare IPv6 address.
fn server(text: &str) -> Result<Server, String> {
    let whole = |host: &str| Server { host: host.to_ascii_lowercase(), port: None };
    let found = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("the ] is missing")?;
        match rest.strip_prefix(':') {
            Some(port) => Server { port: Some(number(port)?), ..whole(host) },
            None if rest.is_empty() => whole(host),
            None => return Err("give HOST or HOST:PORT".into()),
        }
    } else {
        match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => whole(text),
            Some((host, port)) => Server { port: Some(number(port)?), ..whole(host) },
            None => whole(text),
        }
    };
    if found.host.is_empty() { Err("give HOST or HOST:PORT".into()) } else { Ok(found) }
}

fn number(port: &str) -> Result<u16, String> {
    port.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("{port:?} is no port"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(more: &[&str]) -> Result<Cli, clap::Error> {
        let words = ["pop3-download", "pop.example.org", "--user", "tim"];
        Cli::try_parse_from(words.iter().chain(more))
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn one_output_is_needed_and_no_password_is_taken() {
        assert!(parse(&[]).is_err());
        assert!(parse(&["--maildir", "a", "--mbox", "b"]).is_err());
        assert!(parse(&["--maildir", "a", "--password", "secret"]).is_err());
        assert!(parse(&["--maildir", "a", "--keep", "--delete-after-days", "3"]).is_err());
        assert!(matches!(parse(&["--mbox", "b"]).unwrap().output.place(), Place::Mbox(_)));
    }

    #[test]
    fn what_stays_on_the_server_is_said_by_two_flags() {
        let leave = |more: &[&str]| parse(&[&["--mbox", "b"], more].concat()).unwrap().leave();
        assert_eq!(leave(&[]), Leave::Never);
        assert_eq!(leave(&["--keep"]), Leave::Forever);
        assert_eq!(
            leave(&["--delete-after-days", "2"]),
            Leave::For(Duration::from_secs(2 * 86_400))
        );
    }

    #[test]
    fn a_server_has_a_port_or_the_usual_one() {
        let found = |text| server(text).map(|server| (server.host, server.port));
        assert_eq!(found("Pop.Example.org"), Ok(("pop.example.org".into(), None)));
        assert_eq!(found("localhost:2110"), Ok(("localhost".into(), Some(2110))));
        assert_eq!(found("::1"), Ok(("::1".into(), None)));
        assert_eq!(found("[::1]:995"), Ok(("::1".into(), Some(995))));
        for bad in ["", ":995", "host:", "host:0", "host:99999", "[::1", "[::1]x"] {
            assert!(found(bad).is_err(), "{bad}");
        }
        assert_eq!(parse(&["--mbox", "b"]).unwrap().port(), 995);
        assert_eq!(parse(&["--mbox", "b", "--tls", "stls"]).unwrap().port(), 110);
    }
}
