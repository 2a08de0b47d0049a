//! Where mail for a domain goes: RFC 5321 §5.1, RFC 7505.

use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData},
};
use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

/// Addresses to try at most (RFC 5321 §5.1 asks for at least two).
const MOST_HOPS: usize = 8;
/// How long one question may take, before it is asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// One host that takes mail for the domain, at one of its addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Hop {
    /// The host's name, in lower case, without the last dot; an address literal stays in brackets.
    pub(crate) name: String,
    pub(crate) address: IpAddr,
}

/// Why there is nowhere to send to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoRoute {
    /// Trying again will not help.
    #[error("{why}")]
    Permanent {
        /// The enhanced status code (RFC 3463).
        status: &'static str,
        why: String,
    },
    /// The name servers did not say; try again later.
    #[error("{why}")]
    Temporary {
        /// The enhanced status code (RFC 3463).
        status: &'static str,
        why: String,
    },
}

/// Asks the name servers.
#[derive(Clone, Debug)]
pub(crate) struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// With this name server, or with those of the system.
    pub(crate) fn new(name_server: Option<SocketAddr>) -> Result<Self, NetError> {
        Self::with_patience(name_server, PATIENCE)
    }

    fn with_patience(
        name_server: Option<SocketAddr>,
        patience: Duration,
    ) -> Result<Self, NetError> {
        let mut builder = match name_server {
            Some(address) => {
                let mut builder = Resolver::builder_with_config(
                    ResolverConfig::from_name_servers(vec![server_at(address)]),
                    TokioRuntimeProvider::default(),
                );
                builder.options_mut().use_hosts_file = ResolveHosts::Never;
                builder
            }
            None => TokioResolver::builder_tokio()?,
        };
        builder.options_mut().timeout = patience;
        Ok(Self { resolver: builder.build()? })
    }

    /// The hosts that take mail for `domain`, in the order to try them; never empty.
    ///
    /// `own_name` is the name of this server: it and all that come after it are left out (RFC 5321
    /// §5.1), as mail sent there would come back.
    pub(crate) async fn route(&self, domain: &str, own_name: &str) -> Result<Vec<Hop>, NoRoute> {
        if let Some(literal) = domain.strip_prefix('[') {
            return literal_hop(domain, literal);
        }
        let name = absolute(domain)?;
        let exchanges = match self.resolver.mx_lookup(name.clone()).await {
            Ok(found) => exchanges(domain, &found)?,
            Err(error) => match Absence::of(&error) {
                Some(Absence::Domain) => return Err(no_such_domain(domain)),
                // "If an empty list of MXs is returned, the address is treated as if it was
                // associated with an implicit MX RR, with a preference of 0, pointing to that
                // host."
                Some(Absence::Records) => vec![(0, name)],
                None => return Err(not_said(domain, &error)),
            },
        };
        let exchanges = before_us(domain, exchanges, own_name)?;
        self.hops(domain, exchanges).await
    }

    async fn hops(&self, domain: &str, exchanges: Vec<(u16, Name)>) -> Result<Vec<Hop>, NoRoute> {
        let mut hops = Vec::new();
        let mut temporary = None;
        for (_, exchange) in exchanges {
            match self.addresses(&exchange).await {
                Ok(addresses) => hops.extend(
                    addresses.into_iter().map(|address| Hop { name: host(&exchange), address }),
                ),
                Err(error) => {
                    temporary.get_or_insert(error);
                }
            }
            if hops.len() >= MOST_HOPS {
                break;
            }
        }
        hops.truncate(MOST_HOPS);
        match temporary {
            _ if !hops.is_empty() => Ok(hops),
            Some(error) => Err(not_said(domain, &error)),
            None => Err(NoRoute::Permanent {
                status: "5.4.4",
                why: format!("no host that takes mail for {domain} has an address"),
            }),
        }
    }

    /// All addresses of a host; none if it does not exist. An error if neither kind could be found
    /// and one is in doubt.
    async fn addresses(&self, host: &Name) -> Result<Vec<IpAddr>, NetError> {
        let (v4, v6) = tokio::join!(
            self.resolver.ipv4_lookup(host.clone()),
            self.resolver.ipv6_lookup(host.clone())
        );
        let mut found = Vec::new();
        let mut doubt = None;
        for answer in [v4, v6] {
            match answer {
                Ok(lookup) => {
                    found.extend(lookup.answers().iter().filter_map(|r| r.data.ip_addr()))
                }
                Err(error) if Absence::of(&error).is_some() => {}
                Err(error) => doubt = Some(error),
            }
        }
        match doubt {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }
}

/// A sure "no" of the name servers.
enum Absence {
    /// The name does not exist.
    Domain,
    /// The name exists, without records of this type.
    Records,
}

impl Absence {
    fn of(error: &NetError) -> Option<Self> {
        match error {
            _ if error.is_nx_domain() => Some(Self::Domain),
            // A referral to other servers is no answer to a resolver; `response_code` tells NOERROR
            // from the rest.
            NetError::Dns(DnsError::NoRecordsFound(none)) if none.ns.is_none() => {
                Some(Self::Records)
            }
            _ => None,
        }
    }
}

fn server_at(address: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    connections.iter_mut().for_each(|connection| connection.port = address.port());
    NameServerConfig::new(address.ip(), true, connections)
}

/// A name that no search list is appended to (RFC 5321 §2.3.5: only fully-qualified names).
fn absolute(domain: &str) -> Result<Name, NoRoute> {
    let mut name = Name::from_ascii(domain).map_err(|_| NoRoute::Permanent {
        status: "5.1.2",
        why: format!("{domain} is not a domain name"),
    })?;
    name.set_fqdn(true);
    Ok(name)
}

/// `[192.0.2.1]` and `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
fn literal_hop(domain: &str, literal: &str) -> Result<Vec<Hop>, NoRoute> {
    let inside = literal.strip_suffix(']').unwrap_or_default();
    let address = match inside.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
            inside.get(5..).and_then(|v6| v6.parse::<Ipv6Addr>().ok()).map(IpAddr::V6)
        }
        _ => inside.parse().ok().filter(IpAddr::is_ipv4),
    };
    match address {
        Some(address) => Ok(vec![Hop { name: domain.to_ascii_lowercase(), address }]),
        None => Err(NoRoute::Permanent {
            status: "5.1.3",
            why: format!("{domain} is not an address literal this server knows"),
        }),
    }
}

/// By preference; equal ones in random order, to spread the load (RFC 5321 §5.1).
fn exchanges(domain: &str, found: &Lookup) -> Result<Vec<(u16, Name)>, NoRoute> {
    let mut exchanges: Vec<_> = found
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.clone())),
            _ => None,
        })
        .collect();
    let usable = exchanges.iter().filter(|(_, exchange)| !exchange.is_root()).count();
    if usable == 0 && !exchanges.is_empty() {
        // RFC 7505 §3: a single MX of `.` means that the domain accepts no mail.
        return Err(NoRoute::Permanent {
            status: "5.1.10",
            why: format!("{domain} accepts no mail (null MX)"),
        });
    }
    exchanges.retain(|(_, exchange)| !exchange.is_root());
    let random = RandomState::new();
    exchanges.sort_by_key(|(preference, exchange)| (*preference, random.hash_one(exchange)));
    Ok(exchanges)
}

/// Those more preferred than this server itself.
fn before_us(
    domain: &str,
    mut exchanges: Vec<(u16, Name)>,
    own_name: &str,
) -> Result<Vec<(u16, Name)>, NoRoute> {
    let ours = exchanges.iter().find(|(_, exchange)| host(exchange) == own_name).map(|(p, _)| *p);
    if let Some(ours) = ours {
        exchanges.retain(|(preference, _)| *preference < ours);
        if exchanges.is_empty() {
            return Err(NoRoute::Permanent {
                status: "5.4.6",
                why: format!("mail for {domain} would come back: its MX is this server"),
            });
        }
    }
    Ok(exchanges)
}

fn host(name: &Name) -> String {
    let mut text = name.to_ascii();
    if text.len() > 1 && text.ends_with('.') {
        text.pop();
    }
    text.make_ascii_lowercase();
    text
}

fn no_such_domain(domain: &str) -> NoRoute {
    NoRoute::Permanent { status: "5.1.2", why: format!("the domain {domain} does not exist") }
}

fn not_said(domain: &str, error: &NetError) -> NoRoute {
    NoRoute::Temporary {
        status: "4.4.3",
        why: format!("the name servers did not say where mail for {domain} goes: {error}"),
    }
}

#[cfg(test)]
mod tests;
