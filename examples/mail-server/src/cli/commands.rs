//! The operator's commands. They travel to a running server as they are.

use clap::{Args, Subcommand, ValueHint};
use serde::{Deserialize, Serialize};
use std::{io, net::IpAddr, path::PathBuf};

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum AdminCommand {
    /// Manage the accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Manage addresses that stand for others
    #[command(subcommand)]
    Alias(AliasCommand),
    /// Manage the domains whose mail is delivered here
    #[command(subcommand)]
    Domain(DomainCommand),
    /// Manage the keys that mail is signed with
    #[command(subcommand)]
    Dkim(DkimCommand),
    /// Look at what waits to be sent, and act on it
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Look after the store
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// Print the DNS records that the domains need, as a zone file
    Dns {
        /// Address of this server as others see it; may be repeated [default: those of `listen`]
        #[arg(long, value_name = "ADDR")]
        address: Vec<IpAddr>,
        /// As a list to tick off
        #[arg(long)]
        checklist: bool,
    },
    /// Check that mail can come and go: DNS, ports, certificate, store; exit status 1 if not
    Check {
        /// Address of this server as others see it; may be repeated [default: those of `listen`]
        #[arg(long, value_name = "ADDR")]
        address: Vec<IpAddr>,
        /// A domain whose mail server is connected to
        #[arg(long, value_name = "DOMAIN", default_value = "gmail.com")]
        outbound: String,
        /// A time server (NTP) to compare the clock with, NAME or ADDR:PORT
        #[arg(long, value_name = "SERVER", default_value = "pool.ntp.org")]
        time_server: String,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum UserCommand {
    /// Add an account
    Add(UserWithPassword),
    /// Change the password of an account
    Passwd(UserWithPassword),
    /// List the accounts
    List,
    /// Print how much an account holds and may hold; set its limits
    Quota {
        /// The address, such as dave@example.test
        address: String,
        /// Most octets, such as 500M or 2G; `none` for no limit
        #[arg(long, value_parser = limit)]
        octets: Option<Limit>,
        /// Most messages; `none` for no limit
        #[arg(long, value_parser = limit)]
        messages: Option<Limit>,
    },
    /// Remove an account and all its mail
    Remove {
        /// The address, such as dave@example.test
        address: String,
    },
}

#[derive(Args, Clone, Debug, Deserialize, Serialize)]
pub(crate) struct UserWithPassword {
    /// The address, such as dave@example.test
    pub(crate) address: String,
    /// Read the password from the first line of standard input, even at a terminal
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum AliasCommand {
    /// Have an address stand for one or more others of this server
    Set {
        /// The alias, such as info@example.test, or @example.test for all that nobody has
        alias: String,
        /// Who gets the mail
        #[arg(required = true)]
        to: Vec<String>,
    },
    /// List the aliases
    List,
    /// Remove an alias
    Remove {
        /// The alias
        alias: String,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum DomainCommand {
    /// Add a domain beside those of the configuration
    Add {
        /// The domain, such as example.test
        domain: String,
    },
    /// List the domains
    List,
    /// Remove a domain that has neither users nor aliases
    Remove {
        /// The domain
        domain: String,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum DkimCommand {
    /// Make a pair of keys, Ed25519 and RSA, and print their records for DNS
    Add,
    /// List the keys: which sign, which wait for their records, which are retired
    List,
    /// Sign with the keys that wait, and retire those that signed
    Switch,
    /// Remove a key that does not sign
    Remove {
        /// Its selector in the list
        selector: String,
    },
}

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum QueueCommand {
    /// List what waits, the oldest first
    List,
    /// Print all about one message, and its header
    Show {
        /// Its number in the list
        id: u64,
    },
    /// Keep a message back
    Hold {
        /// Its number in the list
        id: u64,
    },
    /// Let a message go that was kept back
    Release {
        /// Its number in the list
        id: u64,
    },
    /// Try a message now
    Retry {
        /// Its number in the list
        id: u64,
    },
    /// Try everything now
    Flush,
    /// Remove a message without a word to its sender
    Remove {
        /// Its number in the list
        id: u64,
    },
    /// Send nothing until `resume`, not even after a restart
    Pause,
    /// Send again
    Resume,
}

#[derive(Clone, Debug, Deserialize, Serialize, Subcommand)]
pub(crate) enum MailboxCommand {
    /// Read every message and say what is damaged
    Check,
    /// Make the index anew and go on without what is lost; the server must not run
    Repair,
    /// Give back the room of removed messages
    Compact,
    /// Print how much there is
    Stats,
    /// Write an account's mailboxes as a Maildir++ tree
    Export {
        /// The address, such as dave@example.test
        address: String,
        /// The folder to make
        #[arg(value_hint = ValueHint::DirPath)]
        to: PathBuf,
    },
    /// Add the messages of a Maildir++ tree to an account's mailboxes
    Import {
        /// The address, such as dave@example.test
        address: String,
        /// The Maildir
        #[arg(value_hint = ValueHint::DirPath)]
        from: PathBuf,
    },
}

impl AdminCommand {
    /// With paths that mean the same to a server that runs elsewhere.
    pub(crate) fn absolute(mut self) -> io::Result<Self> {
        if let Self::Mailbox(
            MailboxCommand::Export { to: path, .. } | MailboxCommand::Import { from: path, .. },
        ) = &mut self
        {
            *path = std::path::absolute(&path)?;
        }
        Ok(self)
    }
}

/// A limit, or none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Limit(pub(crate) Option<u64>);

/// A number, with K, M, G or T for powers of 1,024; or `none`.
fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err("the units are K, M, G and T".into()),
    };
    let number = digits.parse().ok().and_then(|number: u64| number.checked_mul(1 << shift));
    number.map(|number| Limit(Some(number))).ok_or_else(|| "give a number, or `none`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_units() {
        assert_eq!(limit("none"), Ok(Limit(None)));
        assert_eq!(limit("0"), Ok(Limit(Some(0))));
        assert_eq!(limit("10k"), Ok(Limit(Some(10_240))));
        assert_eq!(limit("2G"), Ok(Limit(Some(2_147_483_648))));
        for wrong in ["", "G", "-1", "1.5G", "1GB", "99999999T"] {
            limit(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn paths_become_absolute() {
        let export = MailboxCommand::Export { address: "a".into(), to: "out".into() };
        let AdminCommand::Mailbox(MailboxCommand::Export { to, .. }) =
            AdminCommand::Mailbox(export).absolute().expect("a working directory")
        else {
            panic!("another command")
        };
        assert!(to.is_absolute() && to.ends_with("out"));
    }
}
