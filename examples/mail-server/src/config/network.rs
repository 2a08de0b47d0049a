//! Addresses and networks of addresses.

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A network such as `192.0.2.0/24`, or one address.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Network(IpNet);

impl Network {
    /// This machine.
    pub(crate) fn loopback() -> Vec<Self> {
        let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        vec![Self(v4.into()), Self(IpAddr::from(Ipv6Addr::LOCALHOST).into())]
    }

    /// An IPv4 address is one however the system writes it (RFC 4291 §2.5.5.2).
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| one()).map(Self).map_err(|_| {
            format!(
                "`{text}` is not an address such as 192.0.2.1 or a network such as 192.0.2.0/24"
            )
        })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => self.0.addr().fmt(f),
            false => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_network_however_it_is_written() {
        let contains = |network: &str, ip: &str| {
            let ip = ip.parse().expect("an address");
            network.parse::<Network>().expect("a network").contains(ip)
        };
        assert!(contains("192.0.2.0/24", "192.0.2.7"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(!contains("192.0.2.0/24", "192.0.3.7"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.8"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1"));
        "192.0.2.0/33".parse::<Network>().expect_err("no network");
    }

    #[test]
    fn it_is_printed_as_it_was_written() {
        for text in ["192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "::1"] {
            assert_eq!(text.parse::<Network>().map(|network| network.to_string()), Ok(text.into()));
        }
    }
}
