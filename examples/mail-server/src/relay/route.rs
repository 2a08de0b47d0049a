//! Which servers mail for a domain goes to, and on which terms.

use super::{
    Relay,
    target::{Login, Security, Target},
};
use crate::config::{self, RelayTls, Route, RouteProtocol};
use mailstore::Store;
use smtp_proto::{
    EnhancedCode,
    client::Protocol,
    delivery::{Hop, Outcome, StsMode},
};
use std::net::SocketAddr;

/// LMTP has a port among the registered ones, if not for itself (RFC 2033 §5 forbids 25).
const LMTP: u16 = 24;

/// In the order to try them; never empty.
pub(super) async fn targets<S: Store>(
    relay: &Relay<S>,
    domain: &str,
) -> Result<Vec<Target>, Outcome> {
    let config = relay.app.config();
    let dns = relay.app.dns();
    let nowhere = Route::default();
    let route = config::route(&config.relay.routes, domain).unwrap_or(&nowhere);
    let mut hops = match &route.host {
        // Whatever the name server says of a host of the operator's choice, it is no reason to send
        // messages back.
        Some(host) => dns.host(host).await.map_err(|why| {
            Outcome::deferred(EnhancedCode::new(4, 4, 3), format!("the route by {host}: {why}"))
        })?,
        None => {
            let found = dns.route(domain, &config.hostname, &config.own_addresses()).await;
            found.map_err(|no_route| no_route.outcome())?
        }
    };
    let is_free = route.host.is_none() && route.tls.is_none() && config.relay.mta_sts;
    let policy = match is_free && !domain.starts_with('[') {
        true => relay.sts.policy(&relay.app, domain).await,
        false => None,
    };
    let enforced = policy.filter(|policy| policy.mode == StsMode::Enforce);
    if let Some(policy) = &enforced {
        hops.retain(|hop| policy.covers(&hop.host));
        if hops.is_empty() {
            // RFC 8461 §5: as long as the policy stands the message waits.
            let why = "none of its MX is in its MTA-STS policy";
            let status = EnhancedCode::new(4, 7, 5);
            return Err(Outcome::deferred(status, format!("{domain}: {why}")));
        }
    }
    let protocol = match route.protocol {
        RouteProtocol::Smtp => Protocol::Smtp,
        RouteProtocol::Lmtp => Protocol::Lmtp,
    };
    let port = route.port.unwrap_or(match route.protocol {
        RouteProtocol::Smtp => config.relay.port,
        RouteProtocol::Lmtp => LMTP,
    });
    let login = route.user.clone().zip(route.password_file.clone());
    let login = login.map(|(user, password_file)| Login { user, password_file });
    let tls = match (route.tls, &login) {
        // A password is for nobody else.
        (None, Some(_)) => Security::Verified,
        (None, None) if enforced.is_some() => Security::Verified,
        (said, _) => security(said.unwrap_or(config.relay.tls)),
    };
    let sources = if route.source.is_empty() { &config.relay.source } else { &route.source };
    let target = |hop: Hop| Target {
        host: hop.host,
        address: SocketAddr::new(hop.address, port),
        source: sources.iter().find(|source| source.is_ipv4() == hop.address.is_ipv4()).copied(),
        protocol,
        tls: tls.clone(),
        by_policy: enforced.is_some(),
        is_sure: enforced.is_some() || route.host.is_some(),
        login: login.clone(),
        chunking: true,
    };
    Ok(hops.into_iter().map(target).collect())
}

const fn security(said: RelayTls) -> Security {
    match said {
        RelayTls::Off => Security::Off,
        RelayTls::Opportunistic => Security::Opportunistic,
        RelayTls::Required => Security::Required,
        RelayTls::Verified => Security::Verified,
        RelayTls::Implicit => Security::Implicit,
    }
}
