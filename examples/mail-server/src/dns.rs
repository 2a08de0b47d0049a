//! Where mail for a domain goes: RFC 5321 §5.1, RFC 7505.

use crate::{advice::Data, config::literal, unique};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::{Name, RData, RecordType},
};
use mail_auth::MessageAuthenticator;
use smtp_proto::{
    Domain,
    delivery::{self, AddressLookup, Destination, Diagnostic, Hop, Mx, MxLookup, Outcome},
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Addresses to try at most (RFC 5321 §5.1 asks for at least two).
const MOST_HOPS: usize = 8;
/// How long one question may take, before it is asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is nowhere to send to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", self.outcome().diagnostic)]
pub(crate) struct NoRoute {
    domain: String,
    reason: delivery::NoRoute,
    /// What the name server, or the resolver, said.
    detail: Option<String>,
}

impl NoRoute {
    fn new(domain: &str, reason: delivery::NoRoute) -> Self {
        Self { domain: domain.to_owned(), reason, detail: None }
    }

    /// The outcome for every recipient of the domain.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut outcome = self.reason.outcome(&self.domain);
        if let (Diagnostic::Local(words), Some(detail)) = (&mut outcome.diagnostic, &self.detail) {
            words.push_str(": ");
            words.push_str(detail);
        }
        outcome
    }
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

    /// The same name servers, for what is asked about senders.
    pub(crate) fn authenticator(&self) -> MessageAuthenticator {
        MessageAuthenticator(self.resolver.clone())
    }

    /// The hosts that take mail for `domain`, in the order to try them; never empty.
    ///
    /// `own_name` and `own_addresses` are this server's: it and all that come after it are left out (RFC
    /// 5321 §5.1), as mail sent there would come back.
    pub(crate) async fn route(
        &self,
        domain: &str,
        own_name: &str,
        own_addresses: &[IpAddr],
    ) -> Result<Vec<Hop>, NoRoute> {
        let no_route = |reason| NoRoute::new(domain, reason);
        if domain.starts_with('[') {
            return match Destination::of(Domain::Literal(domain)).map_err(no_route)? {
                Destination::Address(address) => Ok(vec![Hop::new(domain, address)]),
                Destination::Name(_) => Err(no_route(delivery::NoRoute::Literal)),
            };
        }
        let mut detail = None;
        let found = self.exchanges(domain, &mut detail).await;
        let exchanges = found.exchanges(domain, &[own_name], unique::random);
        let exchanges =
            exchanges.map_err(|reason| NoRoute { detail: detail.take(), ..no_route(reason) })?;
        let mut hosts = Vec::new();
        let mut addresses = 0;
        for mx in exchanges {
            let found = self.addresses(&mx.exchange, &mut detail).await;
            if let AddressLookup::Addresses(found) = &found {
                addresses += found.len();
            }
            hosts.push((mx, found));
            if addresses >= MOST_HOPS {
                break;
            }
        }
        delivery::hops(hosts, own_addresses, MOST_HOPS)
            .map_err(|reason| NoRoute { detail, ..no_route(reason) })
    }

    /// A host by its name, or by an address in brackets, at all its addresses.
    pub(crate) async fn host(&self, host: &str) -> Result<Vec<Hop>, NoRoute> {
        if let Some(address) = literal(host) {
            return Ok(vec![Hop::new(host, address)]);
        }
        let mut detail = None;
        let found = self.addresses(host, &mut detail).await;
        delivery::hops([(Mx::new(0, host), found)], &[], MOST_HOPS)
            .map_err(|reason| NoRoute { detail, ..NoRoute::new(host, reason) })
    }

    /// The records of this name of the same type as `like`; none is no failure.
    pub(crate) async fn data(&self, name: &str, like: &Data) -> Result<Vec<Data>, NetError> {
        let kind = match like {
            Data::Address(IpAddr::V4(_)) => RecordType::A,
            Data::Address(IpAddr::V6(_)) => RecordType::AAAA,
            Data::Mx(_) => RecordType::MX,
            Data::Cname(_) => RecordType::CNAME,
            Data::Txt(_) => RecordType::TXT,
            Data::Srv(..) => RecordType::SRV,
            Data::Tlsa(_) => RecordType::TLSA,
        };
        let Some(name) = absolute(name) else { return Ok(Vec::new()) };
        match self.resolver.lookup(name, kind).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|r| advised(&r.data)).collect()),
            Err(error) if Absence::of(&error).is_some() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The names that an address leads back to.
    pub(crate) async fn names(&self, ip: IpAddr) -> Vec<String> {
        let Ok(found) = self.resolver.reverse_lookup(ip).await else { return Vec::new() };
        let name = |data: &RData| match data {
            RData::PTR(name) => Some(text(name)),
            _ => None,
        };
        found.answers().iter().filter_map(|record| name(&record.data)).collect()
    }

    /// The MX records of the domain.
    async fn exchanges(&self, domain: &str, detail: &mut Option<String>) -> MxLookup {
        let Some(name) = absolute(domain) else { return MxLookup::NoSuchDomain };
        match self.resolver.mx_lookup(name).await {
            Ok(found) => MxLookup::Records(records(&found)),
            Err(error) => match Absence::of(&error) {
                Some(Absence::Domain) => MxLookup::NoSuchDomain,
                Some(Absence::Records) => MxLookup::NoRecords,
                None => {
                    detail.get_or_insert(error.to_string());
                    MxLookup::Failed
                }
            },
        }
    }

    /// All addresses of a host. A failure if neither kind could be found and one is in doubt.
    async fn addresses(&self, host: &str, detail: &mut Option<String>) -> AddressLookup {
        let Some(host) = absolute(host) else { return AddressLookup::None };
        let (v4, v6) =
            tokio::join!(self.resolver.ipv4_lookup(host.clone()), self.resolver.ipv6_lookup(host));
        let mut families = [Vec::new(), Vec::new()];
        let mut doubt = None;
        for (answer, found) in [v4, v6].into_iter().zip(&mut families) {
            match answer {
                Ok(lookup) => {
                    found.extend(lookup.answers().iter().filter_map(|r| r.data.ip_addr()));
                }
                Err(error) if Absence::of(&error).is_some() => {}
                Err(error) => doubt = Some(error),
            }
        }
        let found = alternating(families);
        match doubt {
            _ if !found.is_empty() => AddressLookup::Addresses(found),
            None => AddressLookup::None,
            Some(error) => {
                detail.get_or_insert(error.to_string());
                AddressLookup::Failed
            }
        }
    }
}

/// One of each family in turn, so that many of one leave room for the other.
fn alternating<T>([one, other]: [Vec<T>; 2]) -> Vec<T> {
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut all = Vec::new();
    loop {
        let pair = (one.next(), other.next());
        if let (None, None) = pair {
            return all;
        }
        all.extend(pair.0.into_iter().chain(pair.1));
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

/// A record as [`crate::advice`] has it.
fn advised(data: &RData) -> Option<Data> {
    Some(match data {
        RData::A(ip) => Data::Address(ip.0.into()),
        RData::AAAA(ip) => Data::Address(ip.0.into()),
        RData::MX(mx) => Data::Mx(text(&mx.exchange)),
        RData::CNAME(name) => Data::Cname(text(name)),
        RData::SRV(srv) => Data::Srv(srv.port, text(&srv.target)),
        RData::TXT(txt) => Data::Txt(String::from_utf8_lossy(&txt.txt_data.concat()).into()),
        // RFC 6698 §2.1: of those that are printed here, which is what RFC 7672 §3.1.1 recommends.
        RData::TLSA(tlsa) => {
            let numbers: [u8; 3] =
                [tlsa.cert_usage.into(), tlsa.selector.into(), tlsa.matching.into()];
            let hex = tlsa.cert_data.iter().map(|octet| format!("{octet:02x}"));
            Data::Tlsa(match numbers {
                [3, 1, 1] => hex.collect(),
                _ => format!("of another kind: {numbers:?}"),
            })
        }
        _ => return None,
    })
}

/// In lower case, without a dot at the end.
fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn server_at(address: SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    connections.iter_mut().for_each(|connection| connection.port = address.port());
    NameServerConfig::new(address.ip(), true, connections)
}

/// A name that no search list is appended to (RFC 5321 §2.3.5: only fully-qualified names); `None`
/// for what is no name.
fn absolute(domain: &str) -> Option<Name> {
    let mut name = Name::from_ascii(domain).ok()?;
    name.set_fqdn(true);
    Some(name)
}

fn records(found: &Lookup) -> Vec<Mx> {
    let mx = |data: &RData| match data {
        RData::MX(mx) => Some(Mx::new(mx.preference, mx.exchange.to_ascii())),
        _ => None,
    };
    found.answers().iter().filter_map(|record| mx(&record.data)).collect()
}

#[cfg(test)]
mod tests;
