//! The records that a domain's mail needs in DNS.

use crate::{
    config::{Config, Port},
    http::policy_id,
    trust::{DkimKeys, State},
};
use std::{fmt, net::IpAddr};

/// One record, and what it is good for.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Its owner, without a dot at the end.
    pub(crate) name: String,
    pub(crate) data: Data,
    /// For a reader who has never seen one.
    pub(crate) why: String,
    /// What must be there before it is published; without it, it does harm.
    pub(crate) only_if: Option<&'static str>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Data {
    Address(IpAddr),
    Mx(String),
    Cname(String),
    Txt(String),
    /// Port 0 at no host says that the service is not offered (RFC 6186 §3.4).
    Srv(u16, String),
    Tlsa(String),
}

/// As in a zone file (RFC 1035 §5).
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(ip)) => write!(f, "A     {ip}"),
            Self::Address(IpAddr::V6(ip)) => write!(f, "AAAA  {ip}"),
            Self::Mx(host) => write!(f, "MX    10 {host}."),
            Self::Cname(host) => write!(f, "CNAME {host}."),
            Self::Srv(0, _) => write!(f, "SRV   0 0 0 ."),
            Self::Srv(port, host) => write!(f, "SRV   0 1 {port} {host}."),
            Self::Tlsa(hash) => write!(f, "TLSA  3 1 1 {hash}"),
            Self::Txt(text) => {
                write!(f, "TXT  ")?;
                // RFC 1035 §3.3.14: strings of at most 255 octets.
                for part in text.as_bytes().chunks(250) {
                    write!(f, " \"{}\"", String::from_utf8_lossy(part))?;
                }
                Ok(())
            }
        }
    }
}

/// What all of it is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    pub(crate) config: &'a Config,
    pub(crate) domains: &'a [String],
    pub(crate) keys: &'a DkimKeys,
    /// Where this server is reached from outside.
    pub(crate) addresses: &'a [IpAddr],
    /// SHA-256 of the certificate's public key, in hexadecimal.
    pub(crate) key_hash: Option<&'a str>,
}

/// The records of the host, and those of each domain.
pub(super) fn records(setup: &Setup<'_>) -> Vec<(String, Vec<Record>)> {
    let host = &setup.config.hostname;
    let mut all = vec![(host.clone(), of_host(setup))];
    all.extend(setup.domains.iter().map(|domain| (domain.clone(), of_domain(setup, domain))));
    all
}

fn record(name: impl Into<String>, data: Data, why: impl Into<String>) -> Record {
    Record { name: name.into(), data, why: why.into(), only_if: None }
}

fn of_host(setup: &Setup<'_>) -> Vec<Record> {
    let host = &setup.config.hostname;
    let mut found: Vec<_> = setup
        .addresses
        .iter()
        .map(|ip| record(host, Data::Address(*ip), "Where this server is."))
        .collect();
    let spf = Data::Txt("v=spf1 a -all".into());
    found.push(record(
        host,
        spf,
        "Bounces come from the host itself: only it may send them (SPF).",
    ));
    if let Some(hash) = setup.key_hash {
        let mut tlsa = record(
            format!("_25._tcp.{host}"),
            Data::Tlsa(hash.into()),
            "Other servers recognise this server's key (DANE). Change it with the certificate's key.",
        );
        tlsa.only_if = Some("the zone is signed with DNSSEC");
        found.push(tlsa);
    }
    found
}

fn of_domain(setup: &Setup<'_>, domain: &str) -> Vec<Record> {
    let host = &setup.config.hostname;
    let txt = |text: &str| Data::Txt(text.to_owned());
    let mut found = vec![
        record(domain, Data::Mx(host.clone()), "Mail for the domain goes to this server."),
        record(
            domain,
            txt("v=spf1 mx -all"),
            "Only this server sends mail of the domain (SPF). Add others that do, before -all.",
        ),
    ];
    for key in setup.keys.all().iter() {
        let why = match key.state {
            State::Signing => "Others check this server's signatures with it (DKIM).",
            State::Waiting => {
                "For the next key (DKIM): publish it, then `mail-server dkim switch`."
            }
            State::Retired => "Of a key no longer used (DKIM); take it out after a week or so.",
        };
        let name = format!("{}._domainkey.{domain}", key.selector);
        found.push(record(name, Data::Txt(key.record.clone()), why));
    }
    found.push(record(
        format!("_dmarc.{domain}"),
        txt(&format!("v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}")),
        "What others do with mail that only claims to be yours (DMARC): into Junk. Later p=reject.",
    ));
    found.push(record(
        format!("_smtp._tls.{domain}"),
        txt(&format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}")),
        "Where others report that TLS with this server fails (RFC 8460).",
    ));
    found.extend(services(setup.config, domain));
    found.extend(by_https(setup.config, domain));
    found
}

/// What is served by HTTPS, here or by a web server of the operator's.
fn by_https(config: &Config, domain: &str) -> Vec<Record> {
    let host = &config.hostname;
    let is_served = config.ports.https != Port::OFF;
    let mut found = Vec::new();
    let mut add = |name: String, data, why: String, only_if| {
        let only_if = if is_served { None } else { Some(only_if) };
        found.push(Record { name, data, why, only_if });
    };
    if let Some(id) = policy_id(config) {
        let https =
            "https://mta-sts.DOMAIN/.well-known/mta-sts.txt is served by a web server of yours";
        if is_served {
            let why = "Other servers fetch the policy below from here.".to_owned();
            add(format!("mta-sts.{domain}"), Data::Cname(host.clone()), why, https);
        }
        let why = match is_served {
            true => "Others send under TLS only, with a good certificate (RFC 8461). Change the id with the policy.".to_owned(),
            false => format!(
                "Others send under TLS only (RFC 8461). The file has the lines `version: STSv1`, `mode: enforce`, `mx: {host}`, `max_age: 604800`.",
            ),
        };
        add(format!("_mta-sts.{domain}"), Data::Txt(format!("v=STSv1; id={id}")), why, https);
    }
    for name in ["autoconfig", "autodiscover"] {
        let why =
            "Some mail programs look here for their settings (Thunderbird, Outlook).".to_owned();
        let settings = "a web server of yours serves the settings there";
        add(format!("{name}.{domain}"), Data::Cname(host.clone()), why, settings);
    }
    found
}

/// RFC 6186 and RFC 8314 §5.1: where mail programs find what.
fn services(config: &Config, domain: &str) -> Vec<Record> {
    let ports = &config.ports;
    let services = [
        ("submissions", ports.submissions, "Mail programs find where to send"),
        ("submission", ports.submission, "The same, with STARTTLS"),
        ("imaps", ports.imaps, "Mail programs find where to read"),
        ("imap", ports.imap, "The same, with STARTTLS"),
        ("pop3s", ports.pop3s, "Mail programs find where to fetch"),
        ("pop3", ports.pop3, "The same, with STLS"),
    ];
    let of = |(service, port, why): (&str, Port, &str)| {
        let port = port.to_bind().unwrap_or_default();
        let why = if port == 0 { "Not offered here.".to_owned() } else { format!("{why}.") };
        let host = if port == 0 { String::new() } else { config.hostname.clone() };
        record(format!("_{service}._tcp.{domain}"), Data::Srv(port, host), why)
    };
    services.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_gets_every_record_and_what_would_do_harm_is_marked() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = DkimKeys::load(folder.path()).expect("loaded");
        keys.add().expect("made");
        let mut config = Config { hostname: "mx.b.test".into(), ..Config::default() };
        config.ports.pop3 = Port::OFF;
        let setup = Setup {
            config: &config,
            domains: &["b.test".into()],
            keys: &keys,
            addresses: &[
                IpAddr::from([192, 0, 2, 1]),
                IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]),
            ],
            key_hash: Some("00ff"),
        };
        let all = records(&setup);
        let lines: Vec<_> = all
            .iter()
            .flat_map(|(_, records)| records)
            .map(|r| format!("{}{} {}", if r.only_if.is_some() { "?" } else { "" }, r.name, r.data))
            .collect();
        for expected in [
            "mx.b.test A     192.0.2.1",
            "mx.b.test AAAA  2001:db8::1",
            "mx.b.test TXT   \"v=spf1 a -all\"",
            "?_25._tcp.mx.b.test TLSA  3 1 1 00ff",
            "b.test MX    10 mx.b.test.",
            "b.test TXT   \"v=spf1 mx -all\"",
            "_dmarc.b.test TXT   \"v=DMARC1; p=quarantine; rua=mailto:postmaster@b.test\"",
            "_smtp._tls.b.test TXT   \"v=TLSRPTv1; rua=mailto:postmaster@b.test\"",
            "_imaps._tcp.b.test SRV   0 1 2993 mx.b.test.",
            "_pop3._tcp.b.test SRV   0 0 0 .",
            &format!(
                "?_mta-sts.b.test TXT   \"v=STSv1; id={}\"",
                policy_id(&config).expect("a policy")
            ),
            "?autoconfig.b.test CNAME mx.b.test.",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected:?} in {lines:#?}");
        }
        let rsa = lines.iter().find(|line| line.contains("k=rsa")).expect("a key");
        assert!(rsa.split('"').all(|string| string.len() <= 255), "{rsa}");
    }
}
