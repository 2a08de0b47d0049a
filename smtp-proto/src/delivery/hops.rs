use alloc::{string::String, vec::Vec};
use core::net::IpAddr;

use super::{Mx, NoRoute};

/// What the name servers say to the questions for the addresses of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "all that RFC 5321 §5.1 tells apart")]
pub enum AddressLookup {
    /// These, in the order to try them.
    Addresses(Vec<IpAddr>),
    /// The host has no address, or does not exist.
    None,
    /// No answer, or one that says nothing.
    Failed,
}

/// One host that takes mail for a domain, at one of its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Hop {
    /// The host's name, or the address literal in brackets.
    pub host: String,
    /// Where it is.
    pub address: IpAddr,
}

impl Hop {
    /// This host at this address.
    pub fn new(host: impl Into<String>, address: IpAddr) -> Self {
        Self { host: host.into(), address }
    }
}

/// The addresses to try, in their order and at most `limit` (RFC 5321 §5.1 asks for at least two);
/// never empty. `exchanges` is what [`MxLookup::exchanges`](super::MxLookup::exchanges) gave, each
/// with its addresses.
///
/// A host without address is left out. So is a host at one of `own_addresses`, which is this server
/// under another name, and all that are not preferred to it.
///
/// # Errors
///
/// [`NoRoute::Loop`] when that leaves none, [`NoRoute::Temporary`] when none of the hosts that could
/// be found has an address and one could not be found, [`NoRoute::NoAddress`] when none has any.
///
/// ```
/// use smtp_proto::delivery::{AddressLookup, Hop, Mx, NoRoute, hops};
///
/// let near = core::net::IpAddr::from([192, 0, 2, 1]);
/// let exchanges = [
///     (Mx::new(10, "absent.example"), AddressLookup::None),
///     (Mx::new(20, "near.example"), AddressLookup::Addresses(vec![near])),
/// ];
/// assert_eq!(hops(exchanges.clone(), &[], 8), Ok(vec![Hop::new("near.example", near)]));
/// assert_eq!(hops(exchanges, &[near], 8), Err(NoRoute::Loop));
/// ```
pub fn hops(
    exchanges: impl IntoIterator<Item = (Mx, AddressLookup)>,
    own_addresses: &[IpAddr],
    limit: usize,
) -> Result<Vec<Hop>, NoRoute> {
    let mut exchanges: Vec<_> = exchanges.into_iter().collect();
    let is_own = |address: &IpAddr| {
        own_addresses.iter().any(|own| own.to_canonical() == address.to_canonical())
    };
    let own = |(mx, found): &(Mx, AddressLookup)| match found {
        AddressLookup::Addresses(found) if found.iter().any(is_own) => Some(mx.preference),
        _ => None,
    };
    let own = exchanges.iter().filter_map(own).min();
    if let Some(own) = own {
        exchanges.retain(|(mx, _)| mx.preference < own);
    }
    let in_doubt = exchanges.iter().any(|(_, found)| *found == AddressLookup::Failed);
    let mut hops = Vec::new();
    for (mx, found) in exchanges {
        if let AddressLookup::Addresses(found) = found {
            hops.extend(found.into_iter().map(|address| Hop::new(mx.exchange.clone(), address)));
        }
    }
    hops.truncate(limit);
    match hops.is_empty() {
        false => Ok(hops),
        true if in_doubt => Err(NoRoute::Temporary),
        true if own.is_some() => Err(NoRoute::Loop),
        true => Err(NoRoute::NoAddress),
    }
}
