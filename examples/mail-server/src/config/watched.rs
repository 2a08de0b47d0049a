//! Which sessions are written to the log word for word.

use super::Network;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// All sessions of a listener, or all of clients there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Watched {
    Service(Service),
    Network(Network),
}

impl Watched {
    pub(crate) fn matches(&self, service: Service, ip: IpAddr) -> bool {
        match self {
            Self::Service(watched) => *watched == service,
            Self::Network(network) => network.contains(ip),
        }
    }
}

impl TryFrom<String> for Watched {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(service) = Service::ALL.into_iter().find(|service| service.name() == text) {
            return Ok(Self::Service(service));
        }
        text.parse().map(Self::Network).map_err(|_| {
            format!("`{text}` is neither a listener such as smtp nor an address or a network")
        })
    }
}

impl From<Watched> for String {
    fn from(watched: Watched) -> Self {
        match watched {
            Watched::Service(service) => service.name().into(),
            Watched::Network(network) => network.into(),
        }
    }
}
