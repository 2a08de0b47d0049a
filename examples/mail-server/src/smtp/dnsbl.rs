//! Lists of clients to take no mail from, asked by DNS (RFC 5782).

use crate::{advice::Data, dns::Dns};
use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};
use tokio::{task::JoinSet, time};
use tracing::warn;

/// A list that takes longer has nothing to say.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of a reason that are passed on.
const REASON: usize = 200;

/// Who lists a client, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Listing {
    pub(super) zone: String,
    pub(super) why: String,
}

/// The first list that has this client. One that cannot be asked has nobody.
pub(super) async fn listing(dns: &Dns, zones: &[String], ip: IpAddr) -> Option<Listing> {
    let mut asked = JoinSet::new();
    for zone in zones {
        let (dns, zone) = (dns.clone(), zone.clone());
        asked.spawn(
            async move { time::timeout(PATIENCE, one(&dns, zone, ip)).await.ok().flatten() },
        );
    }
    while let Some(found) = asked.join_next().await {
        if let Ok(Some(listing)) = found {
            return Some(listing);
        }
    }
    None
}

async fn one(dns: &Dns, zone: String, ip: IpAddr) -> Option<Listing> {
    let name = name(ip, &zone);
    let any_address = Data::Address(Ipv4Addr::UNSPECIFIED.into());
    let found = match dns.data(&name, &any_address).await {
        Ok(found) => found,
        Err(error) => {
            warn!(zone, %error, "a list of clients cannot be asked");
            return None;
        }
    };
    if !found.iter().any(|data| matches!(data, Data::Address(ip) if is_listing(*ip))) {
        return None;
    }
    let texts = dns.data(&name, &Data::Txt(String::new())).await.unwrap_or_default();
    let why = texts.iter().find_map(|data| match data {
        Data::Txt(text) => Some(printable(text)),
        _ => None,
    });
    Some(Listing { zone, why: why.unwrap_or_default() })
}

/// RFC 5782 §2.1 and §2.4: the address backwards, by octets or by half octets, below the zone.
fn name(ip: IpAddr, zone: &str) -> String {
    let mut name = String::new();
    // Writing to a String cannot fail.
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            let _ = write!(name, "{d}.{c}.{b}.{a}.");
        }
        IpAddr::V6(ip) => {
            for octet in ip.octets().iter().rev() {
                let _ = write!(name, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
        }
    }
    name + zone
}

/// RFC 5782 §2.1: a listing is in 127.0.0.0/8. §5: 127.0.0.1 is none. Answers of 127.255.255.0/24 say that
/// the list does not serve who asks.
fn is_listing(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let octets = ip.octets();
            octets.starts_with(&[127])
                && !octets.starts_with(&[127, 255, 255])
                && ip != Ipv4Addr::LOCALHOST
        }
        IpAddr::V6(_) => false,
    }
}

/// As much of the text as may stand in a reply.
fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~')).take(REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_to_ask_for_is_the_address_backwards() {
        let name = |ip: &str| name(ip.parse().expect("an address"), "bl.test");
        assert_eq!(name("192.0.2.99"), "99.2.0.192.bl.test");
        assert_eq!(name("::ffff:192.0.2.99"), "99.2.0.192.bl.test");
        assert_eq!(
            name("2001:db8:1:2:3:4:567:89ab"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test"
        );
    }

    #[test]
    fn only_some_answers_are_listings() {
        let is_listing = |ip: &str| is_listing(ip.parse().expect("an address"));
        assert!(is_listing("127.0.0.2") && is_listing("127.0.1.255"));
        for none in ["127.0.0.1", "127.255.255.254", "192.0.2.1", "::1"] {
            assert!(!is_listing(none), "{none}");
        }
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(printable("see\r\n250 https://bl.test/\u{1b}[2J"), "see250 https://bl.test/[2J");
        assert_eq!(printable(&"x".repeat(999)).len(), REASON);
    }
}
