//! The settings: built-in defaults, then the configuration file, then the flags.

mod acme;
mod current;
mod file;
mod filter;
mod network;
mod port;
mod print;
mod route;
mod watched;

pub(crate) use self::{
    acme::Acme,
    current::Current,
    file::ConfigError,
    filter::{Filter, OnFailure},
    network::Network,
    port::Port,
    print::print,
    route::{Route, RouteProtocol, literal, route},
    watched::Watched,
};

use crate::cli::Settings;
use serde::{Deserialize, Serialize};
use smtp_proto::delivery::Schedule;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// Everything that can be set. Names are those of the configuration file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// Name of this machine, in greetings, Received lines and the certificate.
    pub(crate) hostname: String,
    /// Domains whose mail is delivered here, in lower case; the first one is that of the ready
    /// accounts.
    pub(crate) domains: Vec<String>,
    /// Folder of the store, the CA and the keys.
    pub(crate) data: PathBuf,
    /// What keeps the mail there.
    pub(crate) store: StoreKind,
    /// Addresses to listen on.
    pub(crate) listen: Vec<IpAddr>,
    pub(crate) ports: Ports,
    pub(crate) tls: Tls,
    pub(crate) acme: Acme,
    /// The policy that is served by HTTPS (RFC 8461).
    pub(crate) mta_sts: StsMode,
    pub(crate) relay: Relay,
    pub(crate) checks: Checks,
    pub(crate) filter: Filter,
    pub(crate) trusted: Trusted,
    pub(crate) accounts: Accounts,
    pub(crate) pop3: Pop3,
    pub(crate) limits: Limits,
    pub(crate) log: Log,
}

/// What keeps the mail.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StoreKind {
    /// A log with an index of its own: the fastest.
    Embedded,
    /// The same log, with tables of SQLite that other programs may read.
    Sqlite,
    /// A Maildir++ tree an account, in `maildir` below the data folder, which Dovecot and mutt may share.
    Maildir,
}

/// One port a listener.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ports {
    pub(crate) smtp: Port,
    pub(crate) submission: Port,
    pub(crate) submissions: Port,
    pub(crate) imap: Port,
    pub(crate) imaps: Port,
    pub(crate) pop3: Port,
    pub(crate) pop3s: Port,
    pub(crate) lmtp: Port,
    /// By HTTPS: the policy of MTA-STS, and the settings of mail programs. Authorities look here (ACME).
    pub(crate) https: Port,
    /// Metrics and health by HTTP, on 127.0.0.1 whatever `listen` says.
    pub(crate) metrics: Port,
}

/// The certificate to show. Both or none: without them one is generated.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Tls {
    /// PEM file: the certificate, then those that lead to its root.
    pub(crate) certificate: Option<PathBuf>,
    /// PEM file: its private key.
    pub(crate) key: Option<PathBuf>,
}

/// What other servers do that cannot send under TLS with a good certificate.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StsMode {
    /// There is no policy.
    Off,
    /// They send all the same, and report it.
    Testing,
    /// They do not send.
    Enforce,
}

/// How mail for other domains leaves.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Relay {
    /// Port of the next hop.
    pub(crate) port: u16,
    /// Addresses of this machine to send from, of either family; any if there is none of the family.
    pub(crate) source: Vec<IpAddr>,
    /// Name server to ask; those of the system if absent.
    pub(crate) name_server: Option<SocketAddr>,
    /// What is demanded of the next hop's certificate.
    pub(crate) tls: RelayTls,
    /// PEM file with the roots to trust where a certificate is checked; those of the system if absent.
    pub(crate) ca: Option<PathBuf>,
    /// Seconds before what could not be delivered is tried again; later gaps double from there.
    pub(crate) first_retry_seconds: u64,
    /// Seconds after which the sender is told that a message waits; 0 for never.
    pub(crate) delay_notice_seconds: u64,
    /// Seconds after which a message that cannot be delivered goes back.
    pub(crate) give_up_seconds: u64,
    /// Connections to one destination at once, at most.
    pub(crate) connections_per_destination: usize,
    /// Seconds a connection is kept for the next message to the same server.
    pub(crate) keep_seconds: u64,
    /// Whether domains are asked for their MTA-STS policy (RFC 8461).
    pub(crate) mta_sts: bool,
    /// Other ways for certain domains.
    pub(crate) routes: Vec<Route>,
}

/// What is demanded of the next hop's TLS.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RelayTls {
    /// None, even if it is offered.
    Off,
    /// TLS if offered, any certificate: RFC 7435.
    Opportunistic,
    /// No delivery without TLS; any certificate.
    Required,
    /// No delivery without TLS and a certificate that leads to one of the roots and names the next
    /// hop.
    Verified,
    /// The same, with TLS from the first octet on; only where a route names the host.
    Implicit,
}

/// What is asked about those who bring mail.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Checks {
    pub(crate) policy: CheckPolicy,
    /// Seconds that a client of an unknown network waits before its mail is taken; 0 for none.
    pub(crate) greylist_seconds: u64,
    /// Zones of lists by DNS (RFC 5782) of clients to take no mail from.
    pub(crate) dnsbl: Vec<String>,
    /// Addresses and networks whose mail is not checked.
    pub(crate) exempt: Vec<Network>,
}

/// What is done with what SPF, DKIM and DMARC say.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CheckPolicy {
    /// Nobody is asked.
    Off,
    /// It is written into Authentication-Results.
    Report,
    /// And what the author's domain wants is done: to Junk, or refused.
    Enforce,
}

/// Programs in front of this one, by their addresses and networks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Trusted {
    /// Servers that deliver by LMTP. What they bring is not checked.
    pub(crate) lmtp: Vec<Network>,
    /// Proxies: each of their connections begins with a header of the PROXY protocol, at every listener.
    pub(crate) proxy: Vec<Network>,
    /// Servers that may say by XCLIENT for whom they speak.
    pub(crate) xclient: Vec<Network>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Accounts {
    /// Whether an empty store gets alice, bob and carol with their well-known passwords (on
    /// loopback only).
    pub(crate) ready_made: bool,
    /// Whether SCRAM-SHA-256-PLUS is offered. Off: mail programs that use GNU SASL without telling
    /// it of their TLS connection (mutt and neomutt do) choose it and then fail.
    pub(crate) scram_plus: bool,
    /// Whether From of what a user submits must be an address of theirs.
    pub(crate) own_from: bool,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Pop3 {
    /// Whether UTF8 is offered (RFC 6856). Off: who offers it refuses messages with other characters
    /// than ASCII in their header to clients that did not ask for it, and most clients of today do
    /// not know how, and stop there.
    pub(crate) utf8: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Limits {
    /// Connections a listener serves at once.
    pub(crate) connections: usize,
    /// Connections a client has at once, of all listeners together; 0 for no limit, as with the next four. A
    /// client is an IPv4 address or an IPv6 network of 64 bits.
    pub(crate) ip_connections: usize,
    /// Messages a client may begin in a minute.
    pub(crate) ip_messages_per_minute: u32,
    /// Wrong passwords and unknown recipients of a client, in an hour, before it is shut out: for a minute,
    /// then two, up to an hour.
    pub(crate) ip_failures: u32,
    /// Recipients a user may send to in an hour.
    pub(crate) user_recipients_per_hour: u32,
    /// Clients without these limits.
    pub(crate) exempt: Vec<Network>,
    /// Octets of the largest message taken.
    pub(crate) message_size: u64,
    /// Recipients of a message.
    pub(crate) recipients: usize,
    /// Seconds that connections get to finish when the server is told to stop.
    pub(crate) grace_seconds: u64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    pub(crate) format: LogFormat,
    /// Listeners, addresses and networks whose sessions are written down word for word, but for
    /// passwords.
    pub(crate) trace: Vec<Watched>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// The settings in effect: defaults, then the file, then the flags; checked.
    pub(crate) fn load(flags: Settings) -> Result<Self, ConfigError> {
        let mut config = match &flags.config {
            Some(path) => file::read(path)?,
            None => Self::default(),
        };
        config.apply(flags);
        config.normalise();
        config.check()?;
        Ok(config)
    }

    /// Time that connections get to finish when the server is told to stop.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_secs(self.limits.grace_seconds)
    }

    /// When to try again what could not be delivered.
    pub(crate) fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::default();
        let Relay { first_retry_seconds, delay_notice_seconds, give_up_seconds, .. } = self.relay;
        schedule.first = Duration::from_secs(first_retry_seconds);
        schedule.delay_notice =
            (delay_notice_seconds > 0).then(|| Duration::from_secs(delay_notice_seconds));
        schedule.give_up = Duration::from_secs(give_up_seconds);
        schedule
    }

    /// Whether mail from this address is not checked.
    pub(crate) fn is_exempt(&self, ip: IpAddr) -> bool {
        self.checks.exempt.iter().any(|network| network.contains(ip))
    }

    /// Addresses at which a server met by MX is this one, as far as the settings say.
    pub(crate) fn own_addresses(&self) -> Vec<IpAddr> {
        match self.ports.smtp.to_bind() == Some(self.relay.port) {
            true => self.listen.iter().copied().filter(|ip| !ip.is_unspecified()).collect(),
            false => Vec::new(),
        }
    }

    /// Whether nobody but this machine can connect.
    pub(crate) fn loopback_only(&self) -> bool {
        self.listen.iter().all(IpAddr::is_loopback)
    }

    fn apply(&mut self, flags: Settings) {
        fn set<T>(target: &mut T, flag: Option<T>) {
            if let Some(value) = flag {
                *target = value;
            }
        }
        set(&mut self.hostname, flags.hostname);
        set(&mut self.domains, Some(flags.domains).filter(|d| !d.is_empty()));
        set(&mut self.data, flags.data);
        set(&mut self.listen, Some(flags.listen).filter(|l| !l.is_empty()));
        set(&mut self.ports.smtp, flags.ports.smtp_port);
        set(&mut self.ports.submission, flags.ports.submission_port);
        set(&mut self.ports.submissions, flags.ports.submissions_port);
        set(&mut self.ports.imap, flags.ports.imap_port);
        set(&mut self.ports.imaps, flags.ports.imaps_port);
        set(&mut self.ports.pop3, flags.ports.pop3_port);
        set(&mut self.ports.pop3s, flags.ports.pop3s_port);
        set(&mut self.ports.lmtp, flags.ports.lmtp_port);
        set(&mut self.ports.https, flags.ports.https_port);
        set(&mut self.ports.metrics, flags.ports.metrics_port);
        set(&mut self.relay.port, flags.relay_port);
        set(&mut self.log.level, flags.log);
        set(&mut self.log.format, flags.log_format);
        if flags.dns.is_some() {
            self.relay.name_server = flags.dns;
        }
    }

    /// Domain names are compared without regard to case (RFC 4343 §2); they are kept in lower case.
    fn normalise(&mut self) {
        self.hostname.make_ascii_lowercase();
        self.domains.iter_mut().for_each(|domain| domain.make_ascii_lowercase());
        self.relay.routes.iter_mut().for_each(Route::normalise);
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &'static str, why: String| Err(ConfigError::Value { key, why });
        if !is_domain(&self.hostname) {
            return wrong("hostname", format!("`{}` is not a host name", self.hostname));
        }
        if self.domains.is_empty() {
            return wrong("domains", "name at least one".into());
        }
        if let Some(domain) = self.domains.iter().find(|domain| !is_domain(domain)) {
            return wrong("domains", format!("`{domain}` is not a domain name"));
        }
        if let Some(zone) = self.checks.dnsbl.iter().find(|zone| !is_domain(zone)) {
            return wrong("checks.dnsbl", format!("`{zone}` is not a domain name"));
        }
        if self.listen.is_empty() {
            return wrong("listen", "name at least one address".into());
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return wrong("tls", "give both `certificate` and `key`, or none of them".into());
        }
        if self.relay.tls == RelayTls::Implicit {
            return wrong("relay.tls", "`implicit` is for a route with a host".into());
        }
        for route in &self.relay.routes {
            if let Err(why) = route.check() {
                return wrong("relay.routes", why);
            }
        }
        if self.acme.accept_terms && self.ports.https == Port::OFF {
            let why = "the authority looks at the HTTPS port: set `https = 443` in [ports]";
            return wrong("acme.accept-terms", why.into());
        }
        if self.relay.port == 0 {
            return wrong("relay.port", "0 is not a port to send to".into());
        }
        if self.relay.first_retry_seconds == 0 {
            return wrong("relay.first-retry-seconds", "0 would try without a pause".into());
        }
        if self.relay.connections_per_destination == 0 {
            let why = "with 0 nothing could be sent".into();
            return wrong("relay.connections-per-destination", why);
        }
        if self.limits.connections == 0 {
            return wrong("limits.connections", "with 0 nobody could connect".into());
        }
        // RFC 5321 §4.5.3.1.8.
        if self.limits.recipients < 100 {
            return wrong("limits.recipients", "servers count on 100 or more".into());
        }
        Ok(())
    }
}

/// Letters, digits and hyphens in labels of 1 to 63 octets, 253 in all (RFC 1123 §2.1, RFC 1035
/// §2.3.4).
pub(crate) fn is_domain(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: "localhost".into(),
            domains: vec!["example.test".into()],
            data: "mail-data".into(),
            store: StoreKind::Embedded,
            listen: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            ports: Ports::default(),
            tls: Tls::default(),
            acme: Acme::default(),
            mta_sts: StsMode::Enforce,
            relay: Relay::default(),
            pop3: Pop3::default(),
            checks: Checks::default(),
            filter: Filter::default(),
            trusted: Trusted::default(),
            accounts: Accounts::default(),
            limits: Limits::default(),
            log: Log::default(),
        }
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            smtp: Port::number(2525),
            submission: Port::number(2587),
            submissions: Port::number(2465),
            imap: Port::number(2143),
            imaps: Port::number(2993),
            pop3: Port::number(2110),
            pop3s: Port::number(2995),
            lmtp: Port::OFF,
            https: Port::OFF,
            metrics: Port::OFF,
        }
    }
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            port: 25,
            source: Vec::new(),
            name_server: None,
            tls: RelayTls::Opportunistic,
            ca: None,
            first_retry_seconds: 60,
            delay_notice_seconds: 4 * 3600,
            give_up_seconds: 5 * 24 * 3600,
            connections_per_destination: 8,
            keep_seconds: 2,
            mta_sts: true,
            routes: Vec::new(),
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            policy: CheckPolicy::Enforce,
            greylist_seconds: 0,
            dnsbl: Vec::new(),
            exempt: Network::loopback(),
        }
    }
}

impl Default for Trusted {
    fn default() -> Self {
        Self { lmtp: Network::loopback(), proxy: Vec::new(), xclient: Vec::new() }
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self { ready_made: true, scram_plus: false, own_from: true }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            ip_connections: 100,
            ip_messages_per_minute: 120,
            ip_failures: 30,
            user_recipients_per_hour: 2000,
            exempt: Network::loopback(),
            message_size: 50 * 1024 * 1024,
            recipients: 1000,
            grace_seconds: 10,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text, trace: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
