//! Ways for mail of certain domains: `[[relay.routes]]`.

use super::{RelayTls, is_domain};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, path::PathBuf};

/// One way. What is not said is as in `[relay]`, and by the MX of the domain.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Route {
    /// For which: `example.org`, `*.example.org` for all below it, `*` for all others.
    pub(crate) domains: Vec<String>,
    /// The server, by its name or as `[192.0.2.1]`; no MX is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    #[serde(default, skip_serializing_if = "RouteProtocol::is_smtp")]
    pub(crate) protocol: RouteProtocol,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<RelayTls>,
    /// Name to log in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// File whose first line is the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// Addresses of this machine to send from, of either family.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) source: Vec<IpAddr>,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RouteProtocol {
    #[default]
    Smtp,
    /// RFC 2033: the server is the recipients' own, and answers for each of them.
    Lmtp,
}

impl RouteProtocol {
    // By reference, as serde calls it.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
    fn is_smtp(&self) -> bool {
        *self == Self::Smtp
    }
}

impl Route {
    pub(super) fn normalise(&mut self) {
        self.domains.iter_mut().chain(&mut self.host).for_each(|name| name.make_ascii_lowercase());
    }

    /// What is wrong with it, if something is.
    pub(super) fn check(&self) -> Result<(), String> {
        let of = |what: &str| format!("the route of {}: {what}", self.domains.join(", "));
        if self.domains.is_empty() {
            return Err("a route names no domains; `*` stands for all".into());
        }
        let is_pattern = |name: &String| name == "*" || is_domain(name.trim_start_matches("*."));
        if let Some(domain) = self.domains.iter().find(|domain| !is_pattern(domain)) {
            return Err(format!("`{domain}` is not a domain, `*.` and a domain, or `*`"));
        }
        if let Some(host) = &self.host
            && !is_domain(host)
            && literal(host).is_none()
        {
            return Err(of(&format!("`{host}` is neither a host name nor an address in brackets")));
        }
        if self.port == Some(0) {
            return Err(of("0 is not a port to send to"));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err(of("give both `user` and `password-file`, or none of them"));
        }
        if self.host.is_none() && (self.user.is_some() || self.protocol == RouteProtocol::Lmtp) {
            return Err(of("say which `host`"));
        }
        if self.host.is_none() && self.tls == Some(RelayTls::Implicit) {
            return Err(of("`implicit` needs a `host`"));
        }
        if self.user.is_some()
            && !matches!(self.tls, None | Some(RelayTls::Verified | RelayTls::Implicit))
        {
            return Err(of("a password needs `tls = \"verified\"` or \"implicit\""));
        }
        Ok(())
    }

    /// How well it fits the domain: the longer the better; `None` if it is for others.
    fn fits(&self, domain: &str) -> Option<usize> {
        let fits = |pattern: &String| match pattern.strip_prefix('*') {
            Some("") => Some(0),
            Some(below) => domain.ends_with(below).then_some(below.len()),
            None => (pattern == domain).then_some(usize::MAX),
        };
        self.domains.iter().filter_map(fits).max()
    }
}

/// The route of a domain, given in lower case: that which names it most exactly.
pub(crate) fn route<'a>(routes: &'a [Route], domain: &str) -> Option<&'a Route> {
    // Of those that fit as well the first one counts.
    let fitting = routes.iter().rev().filter_map(|route| Some((route.fits(domain)?, route)));
    fitting.max_by_key(|(fits, _)| *fits).map(|(_, route)| route)
}

/// The address in `[192.0.2.1]` or `[2001:db8::1]`.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(domains: &[&str]) -> Route {
        let domains = domains.iter().map(|&domain| domain.into()).collect();
        Route { domains, ..Route::default() }
    }

    #[test]
    fn the_most_exact_route_counts() {
        let routes = [
            named(&["*"]),
            named(&["*.example.org", "other.test"]),
            named(&["*.deep.example.org"]),
            named(&["example.org"]),
            named(&["example.org", "*"]),
        ];
        let place =
            |domain| route(&routes, domain).map(|found| routes.iter().position(|r| r == found));
        for (domain, expected) in [
            ("example.org", 3),
            ("a.example.org", 1),
            ("b.deep.example.org", 2),
            ("deep.example.org", 1),
            ("badexample.org", 0),
            ("other.test", 1),
            ("elsewhere.test", 0),
        ] {
            assert_eq!(place(domain), Some(Some(expected)), "{domain}");
        }
        assert_eq!(route(&routes[3..4], "elsewhere.test"), None);
    }

    #[test]
    fn nonsense_is_named() {
        let with = |change: fn(&mut Route)| {
            let mut route = named(&["b.test"]);
            change(&mut route);
            route.check().err().unwrap_or_default()
        };
        assert_eq!(with(|_| {}), "");
        assert_eq!(with(|r| r.host = Some("[192.0.2.1]".into())), "");
        for (said, part) in [
            (with(|r| r.domains.clear()), "names no domains"),
            (with(|r| r.domains = vec!["a b".into()]), "`a b` is not a domain"),
            (with(|r| r.host = Some("[192.0.2]".into())), "neither a host name"),
            (with(|r| r.port = Some(0)), "0 is not a port"),
            (with(|r| r.user = Some("me".into())), "give both `user`"),
            (with(|r| r.protocol = RouteProtocol::Lmtp), "say which `host`"),
            (with(|r| r.tls = Some(RelayTls::Implicit)), "needs a `host`"),
            (
                with(|r| {
                    r.host = Some("smtp.test".into());
                    (r.user, r.password_file) = (Some("me".into()), Some("file".into()));
                    r.tls = Some(RelayTls::Required);
                }),
                "a password needs",
            ),
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}
