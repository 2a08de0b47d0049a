//! A real DNS server on loopback, for the demo and the tests.

use hickory_server::{
    Server,
    proto::rr::{
        Name, RData, Record,
        rdata::{A, MX, SOA},
    },
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::{TcpListener, UdpSocket};

/// Seconds that an answer may be kept.
const TTL: u32 = 60;
/// Attempts to find a port that is free for UDP and for TCP.
const ATTEMPTS: usize = 16;

/// An authoritative name server, over UDP and TCP. It stops when dropped.
pub(crate) struct NameServer {
    address: SocketAddr,
    server: Server<Catalog>,
}

impl NameServer {
    /// On any free port of 127.0.0.1.
    pub(crate) async fn start(zones: Vec<Zone>) -> io::Result<Self> {
        let (tcp, udp) = bind().await?;
        let address = tcp.local_addr()?;
        let mut catalog = Catalog::new();
        for zone in zones {
            let (origin, handler) = zone.into_handler()?;
            catalog.upsert(origin.into(), vec![Arc::new(handler)]);
        }
        let mut server = Server::new(catalog);
        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 64);
        Ok(Self { address, server })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    #[cfg(test)]
    pub(crate) async fn stop(mut self) {
        self.server.shutdown_gracefully().await.expect("it stops");
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.server.shutdown_token().cancel();
    }
}

async fn bind() -> io::Result<(TcpListener, UdpSocket)> {
    let mut attempt = 1;
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((tcp, udp)),
            Err(error) if attempt >= ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
    }
}

/// What the name server knows about one domain.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    origin: String,
    records: Vec<(String, RData)>,
    wrong: Option<String>,
}

impl Zone {
    pub(crate) fn new(origin: &str) -> Self {
        let mut zone = Self { origin: origin.into(), records: Vec::new(), wrong: None };
        if let Some(name) = zone.name(origin) {
            let soa = SOA::new(name.clone(), name, 1, 3600, 600, 86400, 60);
            zone.records.push((origin.into(), RData::SOA(soa)));
        }
        zone
    }

    pub(crate) fn mx(mut self, owner: &str, preference: u16, exchange: &str) -> Self {
        let data = self.name(exchange).map(|name| RData::MX(MX::new(preference, name)));
        self.add(owner, data)
    }

    pub(crate) fn a(self, owner: &str, address: impl Into<Ipv4Addr>) -> Self {
        self.add(owner, Some(RData::A(A(address.into()))))
    }

    fn add(mut self, owner: &str, data: Option<RData>) -> Self {
        self.records.extend(data.map(|data| (owner.to_owned(), data)));
        self
    }

    /// A name that is none is reported when the server starts.
    fn name(&mut self, text: &str) -> Option<Name> {
        match Name::from_ascii(text) {
            Ok(mut name) => {
                name.set_fqdn(true);
                Some(name)
            }
            Err(error) => {
                self.wrong.get_or_insert(format!("{text}: {error}"));
                None
            }
        }
    }

    fn into_handler(mut self) -> io::Result<(Name, InMemoryZoneHandler)> {
        let origin = self.origin.clone();
        let origin = self.name(&origin).unwrap_or_default();
        let mut handler =
            InMemoryZoneHandler::empty(origin.clone(), ZoneType::Primary, AxfrPolicy::Deny);
        for (owner, data) in std::mem::take(&mut self.records) {
            if let Some(name) = self.name(&owner) {
                handler.upsert_mut(Record::from_rdata(name, TTL, data), 0);
            }
        }
        match self.wrong {
            Some(wrong) => Err(io::Error::new(io::ErrorKind::InvalidInput, wrong)),
            None => Ok((origin, handler)),
        }
    }
}

/// Records that only the tests need.
#[cfg(test)]
#[allow(dead_code, reason = "the tests of the program and those within it use some each")]
mod more {
    use super::{RData, Zone};
    use hickory_server::proto::rr::rdata::{
        AAAA, CNAME, PTR, SRV, TLSA, TXT,
        tlsa::{CertUsage, Matching, Selector},
    };
    use std::net::Ipv6Addr;

    impl Zone {
        pub(crate) fn aaaa(self, owner: &str, address: Ipv6Addr) -> Self {
            self.add(owner, Some(RData::AAAA(AAAA(address))))
        }

        pub(crate) fn cname(mut self, owner: &str, target: &str) -> Self {
            let data = self.name(target).map(|name| RData::CNAME(CNAME(name)));
            self.add(owner, data)
        }

        pub(crate) fn srv(mut self, owner: &str, port: u16, target: &str) -> Self {
            let data = self.name(target).map(|name| RData::SRV(SRV::new(0, 1, port, name)));
            self.add(owner, data)
        }

        pub(crate) fn ptr(mut self, owner: &str, target: &str) -> Self {
            let data = self.name(target).map(|name| RData::PTR(PTR(name)));
            self.add(owner, data)
        }

        /// 3 1 1, with the hash of a key.
        pub(crate) fn tlsa(self, owner: &str, hash: &[u8]) -> Self {
            let (usage, selector) = (CertUsage::from(3), Selector::from(1));
            let tlsa = TLSA::new(usage, selector, Matching::from(1), hash.to_vec());
            self.add(owner, Some(RData::TLSA(tlsa)))
        }

        pub(crate) fn txt(self, owner: &str, text: &str) -> Self {
            // RFC 1035 §3.3.14: strings of at most 255 octets.
            let strings =
                text.as_bytes().chunks(255).map(|part| String::from_utf8_lossy(part).into());
            self.add(owner, Some(RData::TXT(TXT::new(strings.collect()))))
        }
    }
}
