//! The command line. Every setting here is a key of the configuration file too; see
//! [`crate::config`].

mod commands;

pub(crate) use self::commands::{
    AdminCommand, AliasCommand, DkimCommand, DomainCommand, MailboxCommand, QueueCommand,
    UserCommand,
};

use crate::config::{LogFormat, LogLevel, Port};
use clap::{Args, Parser, Subcommand, ValueHint};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

const ABOUT: &str = "A small real mail server: SMTP, submission, relay, IMAP and POP3";

const EXAMPLES: &str = "\
Examples:
  mail-server                               serve on 127.0.0.1, mail in ./mail-data
  mail-server demo                          watch one message travel between two servers
  mail-server --data /var/lib/mail --imap-port 143 --pop3-port off
  mail-server user add dave@example.test    asks for the password
  mail-server user quota dave@example.test --octets 1G
  mail-server alias set info@example.test dave@example.test erin@example.test
  mail-server domain add second.test
  mail-server dkim add                      make keys to sign with; list, switch, remove
  mail-server dns                           the DNS records to publish, with a word on each
  mail-server check                         is all as it should be? what is to be done?
  mail-server queue list                    what waits; show, hold, release, retry, flush, remove, pause, resume
  mail-server mailbox check                 read everything; repair, compact, export, import
  mail-server config > mail.toml            a starting file with every setting in it
  mail-server --config mail.toml

user, alias, domain, dkim, dns, check, queue and mailbox work whether or not the server runs, on the one with the same --data.
Settings come from the built-in defaults, then the configuration file, then the flags: the last one wins.
SIGHUP has a running server read its settings, certificate and DKIM keys again; no session is cut.
A port is a number, `0` for any free port, or `off`.
With the well-known passwords of the ready accounts (alice-secret and so on) it listens on loopback only.";

/// What was typed.
#[derive(Debug, Parser)]
#[command(name = "mail-server", version, about = ABOUT, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Without a command it serves.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The flags that override the configuration file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// Configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the store, the CA and the keys [default: ./mail-data]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) data: Option<PathBuf>,
    /// How much to log: off, error, warn, info, debug or trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,
    /// How to log: text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Name of this machine, in greetings, Received lines and the certificate [default: localhost]
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Option<String>,
    /// Domain whose mail is delivered here; may be repeated [default: example.test]
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub(crate) domains: Vec<String>,
    /// Address to listen on; may be repeated [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<IpAddr>,
    #[command(flatten)]
    pub(crate) ports: PortFlags,
    /// Name server to ask for the next hop, ADDR or ADDR:PORT [default: those of the system]
    #[arg(long, value_name = "ADDR:PORT", value_parser = name_server)]
    pub(crate) dns: Option<SocketAddr>,
    /// Port to which mail for other domains is sent [default: 25]
    #[arg(long, value_name = "PORT")]
    pub(crate) relay_port: Option<u16>,
}

/// One flag a listener.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PortFlags {
    /// Mail from other servers, STARTTLS [default: 2525]
    #[arg(long, value_name = "PORT")]
    pub(crate) smtp_port: Option<Port>,
    /// Mail from users, STARTTLS [default: 2587]
    #[arg(long, value_name = "PORT")]
    pub(crate) submission_port: Option<Port>,
    /// Mail from users, TLS from the first octet [default: 2465]
    #[arg(long, value_name = "PORT")]
    pub(crate) submissions_port: Option<Port>,
    /// IMAP, STARTTLS [default: 2143]
    #[arg(long, value_name = "PORT")]
    pub(crate) imap_port: Option<Port>,
    /// IMAP, TLS from the first octet [default: 2993]
    #[arg(long, value_name = "PORT")]
    pub(crate) imaps_port: Option<Port>,
    /// POP3, STLS [default: 2110]
    #[arg(long, value_name = "PORT")]
    pub(crate) pop3_port: Option<Port>,
    /// POP3, TLS from the first octet [default: 2995]
    #[arg(long, value_name = "PORT")]
    pub(crate) pop3s_port: Option<Port>,
    /// LMTP, STARTTLS [default: off]
    #[arg(long, value_name = "PORT")]
    pub(crate) lmtp_port: Option<Port>,
    /// Settings for mail programs, MTA-STS, ACME [default: off]
    #[arg(long, value_name = "PORT")]
    pub(crate) https_port: Option<Port>,
    /// Metrics and health by HTTP, on 127.0.0.1 [default: off]
    #[arg(long, value_name = "PORT")]
    pub(crate) metrics_port: Option<Port>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Show one message travel: submitted, relayed, stored, read
    Demo,
    /// Print the settings in effect as a configuration file
    Config,
    #[command(flatten)]
    Admin(AdminCommand),
}

/// `ADDR:PORT`, or `ADDR` for port 53.
fn name_server(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| "give an address such as 127.0.0.1 or 127.0.0.1:5353".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves() {
        let cli = Cli::parse_from(["mail-server", "--imap-port", "0", "--pop3-port", "off"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.settings.ports.imap_port, Some(Port::ANY));
        assert_eq!(cli.settings.ports.pop3_port, Some(Port::OFF));
    }

    #[test]
    fn the_store_can_be_named_before_and_after_the_command() {
        for line in [
            ["mail-server", "--data", "there", "user", "list"],
            ["mail-server", "user", "list", "--data", "there"],
        ] {
            assert_eq!(Cli::parse_from(line).settings.data, Some(PathBuf::from("there")));
        }
    }

    #[test]
    fn a_name_server_without_a_port_is_asked_on_53() {
        assert_eq!(name_server("127.0.0.1"), Ok(SocketAddr::from(([127, 0, 0, 1], 53))));
        assert_eq!(name_server("[::1]:5353").map(|a| a.port()), Ok(5353));
        assert!(name_server("ns.example.test").is_err());
    }
}
