use core::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::{MAX_V2, tlv, tlv::Tlvs, v1, v2};

/// What a proxy says of a connection.
///
/// ```
/// use mailwire::proxy::{Header, Parsed};
///
/// let wire = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\nEHLO client.example\r\n";
/// let Parsed::Complete { header, len } = Header::parse(wire) else { panic!() };
/// assert_eq!(header.source(), Some("192.0.2.7:56324".parse()?));
/// assert_eq!(&wire[len..], b"EHLO client.example\r\n");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(super) command: Command,
    pub(super) addresses: Option<Addresses>,
    pub(super) tlvs: Tlvs,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "§2.2: receivers must drop anything else")]
pub enum Command {
    /// The proxy's own: a health check. The connection's own addresses count.
    Local,
    /// A client's, relayed.
    Proxy,
}

/// The two ends of a relayed connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// What the client spoke to the proxy over.
    pub transport: Transport,
    /// The client. IPv4 may come as `::ffff:192.0.2.7`: [`IpAddr::to_canonical`] undoes that.
    pub source: SocketAddr,
    /// Where the client connected to; of the same family as `source`.
    pub destination: SocketAddr,
}

/// What a client speaks to a proxy over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "§2.2: receivers must reject anything else")]
pub enum Transport {
    /// TCP.
    Stream,
    /// UDP.
    Datagram,
}

/// What [`Header::parse`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is nothing else to find")]
pub enum Parsed {
    /// A header.
    Complete {
        /// What it says.
        header: Header,
        /// How many octets it is long. Those after it belong to the session.
        len: usize,
    },
    /// The start of a header.
    Partial,
    /// Not a header. The connection must be closed, without a word (§2).
    Invalid(Invalid),
}

/// Why octets are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The first octets are not those of either version.
    #[error("no PROXY protocol header")]
    Signature,
    /// Longer than [`MAX_V1`](super::MAX_V1) or [`MAX_V2`].
    #[error("a PROXY protocol header that is too long")]
    TooLong,
    /// Version 1: a line that is not of the form.
    #[error("a malformed PROXY line")]
    Line,
    /// Version 2: a version or command that does not exist.
    #[error("an unknown version or command in a PROXY header")]
    Command,
    /// Version 2: a family or transport that does not exist.
    #[error("an unknown family or transport in a PROXY header")]
    Family,
    /// Version 2: too short for its addresses.
    #[error("a PROXY header too short for its addresses")]
    Addresses,
    /// Version 2: the type-length-value vectors do not fill their place.
    #[error("malformed TLVs in a PROXY header")]
    Tlv,
    /// Version 2: there is a checksum, and it does not fit.
    #[error("a wrong checksum in a PROXY header")]
    Checksum,
}

impl Header {
    /// The header of a relayed TCP connection.
    ///
    /// Both addresses have one family on the wire: where one is IPv4 and the other IPv6, the first
    /// is mapped (`::ffff:192.0.2.7`).
    pub fn proxied(source: SocketAddr, destination: SocketAddr) -> Self {
        let both = |source, destination| {
            let transport = Transport::Stream;
            Some(Addresses { transport, source, destination })
        };
        let addresses = if source.is_ipv4() == destination.is_ipv4() {
            both(source, destination)
        } else {
            both(mapped(source), mapped(destination))
        };
        Self { command: Command::Proxy, addresses, tlvs: Tlvs::default() }
    }

    /// The header of a connection that the proxy makes for itself.
    pub fn local() -> Self {
        Self { command: Command::Local, addresses: None, tlvs: Tlvs::default() }
    }

    /// The header of a relayed connection of which nothing is known (`UNKNOWN`, `UNSPEC`).
    pub fn unknown() -> Self {
        Self { command: Command::Proxy, addresses: None, tlvs: Tlvs::default() }
    }

    /// Adds a type-length-value vector, for version 2. A [`tlv::CRC32C`] is added without a value:
    /// the checksum is computed when the header is written.
    ///
    /// # Errors
    ///
    /// [`Invalid::TooLong`] if the header were longer than [`MAX_V2`]; [`Invalid::Tlv`] for a
    /// second checksum, and where there are [no addresses](Self::addresses): nobody would look for
    /// vectors there.
    pub fn with_tlv(mut self, kind: u8, value: &[u8]) -> Result<Self, Invalid> {
        if self.addresses.is_none() || (kind == tlv::CRC32C && self.tlvs.find(kind).is_some()) {
            return Err(Invalid::Tlv);
        }
        self.tlvs.push(kind, if kind == tlv::CRC32C { &[0; 4] } else { value })?;
        if v2::LONGEST_WITHOUT_TLVS + self.tlvs.as_bytes().len() > MAX_V2 {
            return Err(Invalid::TooLong);
        }
        Ok(self)
    }

    /// Looks for a header at the start of `wire`, without looking at anything behind it.
    ///
    /// The answer does not depend on how the octets were cut: what is [`Parsed::Partial`] can
    /// become anything, and nothing else changes when more comes. To ask again is cheap: in all, a
    /// header costs no more than [`MAX_V1`] looks at as many octets.
    ///
    /// `LOCAL`, `UNKNOWN`, and families that are not IP (`UNSPEC` and `AF_UNIX`, §2.2) have no
    /// addresses; what stands in their place is dropped with its vectors, unread.
    ///
    /// [`MAX_V1`]: super::MAX_V1
    pub fn parse(wire: &[u8]) -> Parsed {
        let parsed = match wire.first() {
            None => Ok(None),
            Some(b'P') => v1::parse(wire),
            Some(_) => v2::parse(wire),
        };
        match parsed {
            Ok(Some((header, len))) => Parsed::Complete { header, len },
            Ok(None) => Parsed::Partial,
            Err(invalid) => Parsed::Invalid(invalid),
        }
    }

    /// As a line of version 1, which cannot say everything: vectors are left out, and `LOCAL` and
    /// UDP are `UNKNOWN`.
    pub fn to_v1(&self) -> Bytes {
        v1::print(self)
    }

    /// In version 2.
    pub fn to_v2(&self) -> Bytes {
        v2::print(self)
    }

    /// Whose connection it is.
    pub const fn command(&self) -> Command {
        self.command
    }

    /// Both ends, and the transport. `None`: those of the connection count.
    pub const fn addresses(&self) -> Option<&Addresses> {
        self.addresses.as_ref()
    }

    /// The client. `None`: whoever opened the connection.
    pub fn source(&self) -> Option<SocketAddr> {
        self.addresses.map(|addresses| addresses.source)
    }

    /// Where the client connected to. `None`: where this connection came in.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.addresses.map(|addresses| addresses.destination)
    }

    /// What else the proxy says. Version 1 has none.
    pub const fn tlvs(&self) -> &Tlvs {
        &self.tlvs
    }
}

fn mapped(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    }
}
