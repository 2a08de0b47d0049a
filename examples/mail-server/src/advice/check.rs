//! `mail-server check`: one line for each thing that must be right.

use super::{
    clock,
    records::{Data, Record, Setup, records},
    sts,
};
use crate::{
    config::Config,
    dns::Dns,
    http,
    service::Service,
    tls::{self, AcmeFile},
};
use mail_auth::{SpfResult, spf::verify::SpfParameters};
use std::{
    fmt::Write,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::TcpStream, time};

/// A connection that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that is off by more has signatures and log-ins refused.
const MOST_SECONDS_OFF: i64 = 60;

/// What was found, line by line.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) text: String,
    pub(crate) problems: usize,
}

impl Findings {
    pub(crate) fn ok(&mut self, what: &str) {
        let _ = writeln!(self.text, "ok       {what}");
    }

    /// With what to do about it.
    pub(crate) fn problem(&mut self, what: &str, to_do: &str) {
        self.problems += 1;
        let _ = writeln!(self.text, "problem  {what}\n         do: {to_do}");
    }

    /// What could not be found out, and is no problem by itself.
    fn unknown(&mut self, what: &str) {
        let _ = writeln!(self.text, "unknown  {what}");
    }

    fn judge(&mut self, is_good: bool, good: &str, bad: &str, to_do: &str) {
        if is_good { self.ok(good) } else { self.problem(bad, to_do) }
    }
}

/// Who is asked about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World<'a> {
    pub(crate) dns: &'a Dns,
    /// A domain whose server is connected to.
    pub(crate) outbound: &'a str,
    pub(crate) time_server: &'a str,
}

/// All that concerns the world outside the store.
pub(crate) async fn check(
    setup: &Setup<'_>,
    world: World<'_>,
    running: bool,
    found: &mut Findings,
) {
    let config = setup.config;
    let World { dns, outbound, time_server } = world;
    clock(time_server, dns, found).await;
    found.judge(
        config.hostname.contains('.'),
        &format!("this host is called {}", config.hostname),
        &format!("this host is called {}, which nobody finds", config.hostname),
        "set `hostname` to a name in DNS, such as mx.example.org",
    );
    ports(config, running, found).await;
    certificate(config, found);
    for (_, records) in records(setup) {
        for record in records.iter().filter(|record| record.only_if.is_none()) {
            published(record, dns, found).await;
        }
    }
    tlsa(setup, dns, found).await;
    policies(setup, dns, running, found).await;
    if setup.addresses.is_empty() {
        let to_do = "name it: mail-server check --address 203.0.113.5";
        found.problem("the address of this server as others see it is not known", to_do);
    }
    for ip in setup.addresses {
        let names = dns.names(*ip).await;
        let is_named = names.iter().any(|name| name.eq_ignore_ascii_case(&config.hostname));
        let names = if names.is_empty() { "no name".into() } else { names.join(", ") };
        found.judge(
            is_named,
            &format!("{ip} leads back to {}", config.hostname),
            &format!("{ip} leads back to {names}, not to {} (PTR)", config.hostname),
            "ask whoever gives you the address to set its reverse name",
        );
        for domain in setup.domains {
            may_send(*ip, domain, config, dns, found).await;
        }
    }
    outward(outbound, config, dns, found).await;
}

async fn ports(config: &Config, running: bool, found: &mut Findings) {
    if config.ports.smtp.to_bind() == Some(25) {
        found.ok("mail from other servers is taken at port 25");
    } else {
        let to_do = "set `smtp = 25` in [ports], or have port 25 forwarded";
        found.problem("mail from other servers is not taken at port 25", to_do);
    }
    found.judge(
        !config.loopback_only(),
        "others can connect",
        "this server listens on loopback only",
        "set `listen` to the address of this machine, or to 0.0.0.0 and ::",
    );
    if !running {
        return found.problem("the server does not run", "start mail-server");
    }
    let ip = match config.listen.first() {
        Some(ip) if !ip.is_unspecified() => *ip,
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    for service in Service::ALL {
        let Some(port) = service.port(&config.ports).to_bind().filter(|port| *port != 0) else {
            continue;
        };
        let answers = connect(SocketAddr::new(ip, port)).await;
        match answers {
            Ok(()) => found.ok(&format!("{service} answers at port {port}")),
            Err(error) => found.problem(
                &format!("{service} does not answer at port {port}: {error}"),
                "look into the server's log",
            ),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<()> {
    time::timeout(PATIENCE, TcpStream::connect(address)).await.map_err(io::Error::from)?.map(drop)
}

fn certificate(config: &Config, found: &mut Findings) {
    if config.acme.is_used(&config.tls) {
        if !AcmeFile::of(config).is_there() {
            let to_do = "see the log for `no certificate could be obtained`; port 443 must be reachable from outside under this host's name";
            return found.problem("no certificate was obtained yet", to_do);
        }
    } else if config.tls.certificate.is_none() {
        let to_do = "set `accept-terms = true` in [acme] and `https = 443` in [ports], or name the files of one in [tls]";
        return found.problem("the certificate is one this server made for itself", to_do);
    }
    match tls::judge(config) {
        Ok(()) => found.ok("the certificate is good, for two weeks or more"),
        Err((what, to_do)) => found.problem(&format!("the certificate {what}"), to_do),
    }
}

/// Signatures, certificates and reports go by the clock.
async fn clock(server: &str, dns: &Dns, found: &mut Findings) {
    let Some(ahead) = clock::ahead(dns, server).await else {
        return found.unknown(&format!("the clock: the time server {server} does not answer"));
    };
    let behind = if ahead > 0 { "behind" } else { "ahead" };
    found.judge(
        ahead.abs() <= MOST_SECONDS_OFF,
        "the clock is right",
        &format!("the clock is {} seconds {behind}", ahead.abs()),
        "have it set: timedatectl set-ntp true",
    );
}

/// A record of DANE that is wrong keeps mail away (RFC 7672 §2.2); without one all is well.
async fn tlsa(setup: &Setup<'_>, dns: &Dns, found: &mut Findings) {
    let name = format!("_25._tcp.{}", setup.config.hostname);
    let ours = Data::Tlsa(setup.key_hash.unwrap_or_default().to_owned());
    let published = dns.data(&name, &ours).await.unwrap_or_default();
    if !published.is_empty() {
        found.judge(
            published.contains(&ours),
            &format!("{name} has the hash of the certificate's key (TLSA)"),
            &format!(
                "{name} has a TLSA record of another key: servers that know DANE send nothing"
            ),
            &format!("publish: {name}. IN {ours}; or take the record out"),
        );
    }
}

/// Whether others can fetch what the records of MTA-STS promise.
async fn policies(setup: &Setup<'_>, dns: &Dns, running: bool, found: &mut Findings) {
    let config = setup.config;
    let (Some(policy), Some(port)) = (http::policy(config), config.ports.https.to_bind()) else {
        return;
    };
    for domain in setup.domains.iter().filter(|_| running) {
        let there = sts::fetch(dns, domain, if port == 0 { 443 } else { port }).await;
        let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
        match there {
            Ok(there) => found.judge(
                there == policy,
                &format!("{url} is the policy (MTA-STS)"),
                &format!("{url} is not the policy of this server (MTA-STS)"),
                "have the name lead to this server, or serve its policy there",
            ),
            Err(error) => found.problem(
                &format!("{url} cannot be fetched: {error}"),
                "the name must lead here, and the certificate must be for it, too; until then set `mta-sts = \"testing\"`",
            ),
        }
    }
}

/// Whether a record is there.
async fn published(record: &Record, dns: &Dns, found: &mut Findings) {
    let Record { name, data, .. } = record;
    let to_do = format!("publish: {name}. IN {data}");
    let answer = match dns.data(name, data).await {
        Ok(answer) => answer,
        Err(error) => {
            let to_do = "see that this machine's name server works, and try again";
            return found.problem(&format!("{name} cannot be looked up: {error}"), to_do);
        }
    };
    let is_there = match data {
        Data::Txt(text) => {
            let tag = text.split(';').next().and_then(|tag| tag.split(' ').next()).unwrap_or(text);
            let alike: Vec<_> = answer
                .iter()
                .filter(|data| matches!(data, Data::Txt(found) if found.starts_with(tag)))
                .collect();
            if alike.len() > 1 {
                let to_do = "leave one of them; with two, others take neither";
                return found.problem(&format!("{name} has more than one record {tag}"), to_do);
            }
            // What a domain says of itself is its own affair; a key is right or wrong.
            if tag == "v=DKIM1" { alike.contains(&data) } else { !alike.is_empty() }
        }
        data => answer.contains(data),
    };
    let kind = data.to_string().split(' ').next().unwrap_or_default().to_owned();
    let bad = format!("{name} has no {kind} record as it should be");
    found.judge(is_there, &format!("{name} has its {kind} record"), &bad, &to_do);
}

/// Whether SPF lets this server send for the domain.
async fn may_send(ip: IpAddr, domain: &str, config: &Config, dns: &Dns, found: &mut Findings) {
    let sender = format!("postmaster@{domain}");
    let host = &config.hostname;
    let parameters = SpfParameters::verify_mail_from(ip, host, host, &sender);
    let result = dns.authenticator().verify_spf(parameters).await.result();
    found.judge(
        result == SpfResult::Pass,
        &format!("{ip} may send mail of {domain} (SPF)"),
        &format!("{ip} may not send mail of {domain}: SPF says {result:?}"),
        "name this server in the domain's SPF record: `mx`, or `ip4:` with the address",
    );
}

async fn outward(domain: &str, config: &Config, dns: &Dns, found: &mut Findings) {
    let hops = match dns.route(domain, &config.hostname, &[]).await {
        Ok(hops) => hops,
        Err(error) => {
            let to_do = "name another domain with --outbound, or see to the name server";
            return found.problem(&format!("no way to {domain}: {error}"), to_do);
        }
    };
    for hop in &hops {
        if connect(SocketAddr::new(hop.address, config.relay.port)).await.is_ok() {
            return found.ok(&format!("{} can be reached at port {}", hop.host, config.relay.port));
        }
    }
    found.problem(
        &format!("no server of {domain} can be reached at port {}", config.relay.port),
        "ask your provider to open port 25 outwards, or send through a server of theirs",
    );
}
