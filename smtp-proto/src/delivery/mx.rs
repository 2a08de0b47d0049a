use alloc::{string::String, vec::Vec};
use core::net::IpAddr;

use super::NoRoute;
use crate::Domain;

/// Where mail for a domain goes: to an address, or where the name servers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "RFC 5321 §4.1.2 has these two")]
pub enum Destination<'a> {
    /// An address literal: no name server is asked (RFC 5321 §4.1.3).
    Address(IpAddr),
    /// A name: ask for its MX records.
    Name(&'a str),
}

impl<'a> Destination<'a> {
    /// The destination of mail for what stands behind the `@`.
    ///
    /// # Errors
    ///
    /// [`NoRoute::Literal`] for a literal that is neither IPv4 nor IPv6.
    ///
    /// ```
    /// use smtp_proto::{Mailbox, delivery::Destination};
    ///
    /// let bob = Mailbox::parse("bob@[IPv6:2001:db8::1]")?;
    /// assert_eq!(
    ///     Destination::of(bob.domain()),
    ///     Ok(Destination::Address("2001:db8::1".parse().unwrap()))
    /// );
    /// # Ok::<(), smtp_proto::AddressError>(())
    /// ```
    pub fn of(domain: Domain<'a>) -> Result<Self, NoRoute> {
        match domain {
            Domain::Name(name) => Ok(Self::Name(name)),
            Domain::Literal(_) => domain.ip().map(Self::Address).ok_or(NoRoute::Literal),
        }
    }
}

/// A host that takes mail for a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs, reason = "RFC 1035 §3.3.9 has these two")]
pub struct Mx {
    /// Lower ones first.
    pub preference: u16,
    /// The host's name.
    pub exchange: String,
}

impl Mx {
    /// This host at this preference.
    pub fn new(preference: u16, exchange: impl Into<String>) -> Self {
        Self { preference, exchange: exchange.into() }
    }
}

/// What the name servers say to the question for the MX records of a domain, aliases (CNAME)
/// followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "all that RFC 5321 §5.1 tells apart")]
pub enum MxLookup {
    /// These, in any order.
    Records(Vec<Mx>),
    /// The name exists and has no MX records.
    NoRecords,
    /// The name does not exist.
    NoSuchDomain,
    /// No answer, or one that says nothing.
    Failed,
}

impl MxLookup {
    /// The hosts to try, in their order: RFC 5321 §5.1. Never empty. Names come in lower case and
    /// without the last dot, each once.
    ///
    /// - Lower preferences come first; equal ones are shuffled with the numbers of `random`.
    /// - A domain without MX records is its own host, at preference 0.
    /// - A single MX of `.` means that the domain takes no mail (RFC 7505).
    /// - If one is this server, by one of `own_names`, it and all that are not preferred to it are
    ///   left out: mail sent there would come back.
    ///
    /// # Errors
    ///
    /// [`NoRoute`] when there is nothing to try.
    ///
    /// ```
    /// use smtp_proto::delivery::{Mx, MxLookup, NoRoute};
    ///
    /// let records = vec![
    ///     Mx::new(20, "Me.example."), Mx::new(30, "far.example."), Mx::new(10, "near.example."),
    /// ];
    /// let random = || 4; // by a fair die
    /// let order = MxLookup::Records(records).exchanges("b.example", &["me.example"], random);
    /// assert_eq!(order, Ok(vec![Mx::new(10, "near.example")]));
    ///
    /// let null = MxLookup::Records(vec![Mx::new(0, ".")]);
    /// assert_eq!(null.exchanges("b.example", &[], random), Err(NoRoute::NullMx));
    ///
    /// let implicit = MxLookup::NoRecords.exchanges("b.example", &[], random);
    /// assert_eq!(implicit, Ok(vec![Mx::new(0, "b.example")]));
    /// ```
    pub fn exchanges(
        self,
        domain: &str,
        own_names: &[&str],
        mut random: impl FnMut() -> u32,
    ) -> Result<Vec<Mx>, NoRoute> {
        let records = match self {
            Self::Records(records) if !records.is_empty() => records,
            // "If an empty list of MXs is returned, the address is treated as if it was associated
            // with an implicit MX RR, with a preference of 0, pointing to that host."
            Self::Records(_) | Self::NoRecords => alloc::vec![Mx::new(0, domain)],
            Self::NoSuchDomain => return Err(NoRoute::NoSuchDomain),
            Self::Failed => return Err(NoRoute::Temporary),
        };
        let mut ordered: Vec<_> = records
            .into_iter()
            .map(|mx| (mx.preference, random(), canonical(&mx.exchange)))
            .filter(|(_, _, exchange)| !exchange.is_empty())
            .collect();
        if ordered.is_empty() {
            return Err(NoRoute::NullMx);
        }
        ordered.sort_by_key(|(preference, random, _)| (*preference, *random));
        let is_own = |exchange: &str| own_names.iter().any(|own| canonical(own) == exchange);
        if let Some(own) = ordered.iter().find(|(_, _, exchange)| is_own(exchange)).map(|mx| mx.0) {
            ordered.retain(|(preference, ..)| *preference < own);
        }
        if ordered.is_empty() {
            return Err(NoRoute::Loop);
        }
        let mut exchanges: Vec<Mx> = Vec::with_capacity(ordered.len());
        for (preference, _, exchange) in ordered {
            // Some list a host twice; trying it again would not help.
            if exchanges.iter().all(|mx| mx.exchange != exchange) {
                exchanges.push(Mx { preference, exchange });
            }
        }
        Ok(exchanges)
    }
}

/// In lower case, without the last dot; empty for the root.
fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
