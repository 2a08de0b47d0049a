//! What is said once everything is ready: all that is needed to try it.

use crate::{accounts::WellKnown, config::Config, service::Service};
use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

/// What there is to tell.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    pub(crate) config: &'a Config,
    pub(crate) listening: &'a [(Service, SocketAddr)],
    /// Where metrics and health are to be had, if anywhere.
    pub(crate) monitor: Option<SocketAddr>,
    /// Accounts that still have their well-known passwords.
    pub(crate) well_known: &'a [WellKnown],
    /// Accounts there are.
    pub(crate) accounts: usize,
    /// The generated CA, if the certificate is a generated one.
    pub(crate) ca: Option<&'a Path>,
    pub(crate) took: Duration,
}

/// The table. Its first word is on the line that tells others that the server is ready.
pub(crate) fn table(ready: &Ready<'_>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, ready);
    out
}

fn write(out: &mut String, ready: &Ready<'_>) -> std::fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "mail-server {version} is ready in {:.2} s\n", ready.took.as_secs_f64())?;
    let urls: Vec<_> =
        ready.listening.iter().map(|(s, address)| (*s, url(ready, *s, address))).collect();
    let width = urls.iter().map(|(_, url)| url.len()).max().unwrap_or_default();
    let mut before = "";
    for (service, url) in &urls {
        let (purpose, security) = words(*service);
        let shown = if purpose == before { "" } else { purpose };
        before = purpose;
        writeln!(out, "  {shown:<19} {url:<width$}   {security}")?;
    }
    if let Some(address) = ready.monitor {
        writeln!(out, "  {:<19} http://{address}/metrics, /health", "for the operator")?;
    }
    writeln!(out, "\n  domains             {}", ready.config.domains.join(", "))?;
    accounts(out, ready)?;
    if let Some(ca) = ready.ca {
        writeln!(out, "\n  CA certificate      {} (for your mail program to trust)", ca.display())?;
    }
    writeln!(out, "  mail and keys       {}", ready.config.data.display())?;
    if let Some(example) = example(ready) {
        writeln!(out, "\n  Try it              {example}")?;
    }
    writeln!(out, "  Stop it             Ctrl-C")
}

fn accounts(out: &mut String, ready: &Ready<'_>) -> std::fmt::Result {
    if ready.accounts == 0 {
        return writeln!(out, "  accounts            none yet: mail-server user add NAME@DOMAIN");
    }
    if ready.well_known.is_empty() {
        return writeln!(out, "  accounts            {}", ready.accounts);
    }
    let width = ready.well_known.iter().map(|known| known.address.len()).max().unwrap_or_default();
    writeln!(out, "\n  {:<19} {:<width$}   password", "accounts", "user")?;
    for WellKnown { address, password } in ready.well_known {
        writeln!(out, "  {:<19} {address:<width$}   {password}", "")?;
    }
    match ready.accounts - ready.well_known.len() {
        0 => Ok(()),
        others => writeln!(out, "  {:<19} and {others} more", ""),
    }
}

/// A command to read mail with, if it would work as printed.
fn example(ready: &Ready<'_>) -> Option<String> {
    let known = ready.well_known.first()?;
    let (service, address) = ready.listening.iter().find(|(s, _)| *s == Service::Imaps)?;
    let (url, ca) = (url(ready, *service, address), ready.ca?.display());
    Some(format!("curl --cacert {ca} -u {}:{} {url}/INBOX", known.address, known.password))
}

/// The address, or the host name if it listens on all of them.
fn url(ready: &Ready<'_>, service: Service, address: &SocketAddr) -> String {
    let scheme = service.scheme();
    let host: &dyn std::fmt::Display = match address.ip() {
        ip if ip.is_unspecified() => &ready.config.hostname,
        IpAddr::V4(_) | IpAddr::V6(_) => return format!("{scheme}://{address}"),
    };
    format!("{scheme}://{host}:{}", address.port())
}

fn words(service: Service) -> (&'static str, &'static str) {
    match service {
        Service::Smtp => ("mail from servers", "STARTTLS"),
        Service::Submission => ("mail from users", "STARTTLS"),
        Service::Submissions => ("mail from users", "TLS"),
        Service::Imap => ("reading by IMAP", "STARTTLS"),
        Service::Imaps => ("reading by IMAP", "TLS"),
        Service::Pop3 => ("reading by POP3", "STLS"),
        Service::Pop3s => ("reading by POP3", "TLS"),
        Service::Lmtp => ("mail by LMTP", "STARTTLS"),
        Service::Https => ("settings, policy", "TLS"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(known: &[WellKnown], accounts: usize, listening: &[(Service, SocketAddr)]) -> String {
        table(&Ready {
            config: &Config::default(),
            listening,
            monitor: None,
            well_known: known,
            accounts,
            ca: Some(Path::new("mail-data/ca.pem")),
            took: Duration::from_millis(210),
        })
    }

    fn at(ip: [u8; 4], port: u16) -> SocketAddr {
        SocketAddr::from((ip, port))
    }

    #[test]
    fn everything_needed_to_try_it_is_there() {
        let known = [WellKnown { address: "alice@example.test".into(), password: "alice-secret" }];
        let listening = [
            (Service::Submission, at([127, 0, 0, 1], 2587)),
            (Service::Submissions, at([127, 0, 0, 1], 2465)),
            (Service::Imaps, at([127, 0, 0, 1], 2993)),
        ];
        let expected = "\
mail-server 0.1.0 is ready in 0.21 s

  mail from users     smtp://127.0.0.1:2587    STARTTLS
                      smtps://127.0.0.1:2465   TLS
  reading by IMAP     imaps://127.0.0.1:2993   TLS

  domains             example.test

  accounts            user                 password
                      alice@example.test   alice-secret

  CA certificate      mail-data/ca.pem (for your mail program to trust)
  mail and keys       mail-data

  Try it              curl --cacert mail-data/ca.pem -u alice@example.test:alice-secret imaps://127.0.0.1:2993/INBOX
  Stop it             Ctrl-C
";
        assert_eq!(text(&known, 1, &listening), expected);
    }

    #[test]
    fn passwords_that_are_not_well_known_are_not_shown() {
        let text = text(&[], 4, &[(Service::Imap, at([0, 0, 0, 0], 143))]);
        assert!(text.contains("accounts            4\n"), "{text}");
        assert!(text.contains("imap://localhost:143"), "{text}");
        assert!(!text.contains("Try it"), "{text}");
    }

    #[test]
    fn without_accounts_it_says_how_to_add_one() {
        let text = text(&[], 0, &[(Service::Imap, at([127, 0, 0, 1], 143))]);
        assert!(text.contains("none yet: mail-server user add NAME@DOMAIN"), "{text}");
    }
}
