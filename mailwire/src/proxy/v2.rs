//! Version 2: binary (§2.2).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    Addresses, Command, Header, Invalid, MAX_V2, Transport,
    crc32c::crc32c,
    tlv::{self, Tlvs},
};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family and transport, length.
const PREFIX: usize = 16;
const IPV4: usize = 2 * 4 + 2 * 2;
const IPV6: usize = 2 * 16 + 2 * 2;

pub(super) const LONGEST_WITHOUT_TLVS: usize = PREFIX + IPV6;

/// Where the addresses are those of.
#[derive(Clone, Copy)]
enum Family {
    Ipv4(Transport),
    Ipv6(Transport),
    /// `UNSPEC`, or `AF_UNIX`, which may be taken for it.
    Other,
}

pub(super) fn parse(wire: &[u8]) -> Result<Option<(Header, usize)>, Invalid> {
    let shown = wire.len().min(SIGNATURE.len());
    if wire.get(..shown) != SIGNATURE.get(..shown) {
        return Err(Invalid::Signature);
    }
    let Some(&version_and_command) = wire.get(12) else { return Ok(None) };
    let command = match version_and_command {
        0x20 => Command::Local,
        0x21 => Command::Proxy,
        _ => return Err(Invalid::Command),
    };
    let Some(&family_and_transport) = wire.get(13) else { return Ok(None) };
    let family = match command {
        Command::Local => Family::Other, // whatever it says is ignored
        Command::Proxy => family(family_and_transport)?,
    };
    let Some(&[high, low]) = wire.get(14..PREFIX).and_then(<[u8]>::as_array) else {
        return Ok(None);
    };
    let len = PREFIX + usize::from(u16::from_be_bytes([high, low]));
    let addresses_len = match family {
        Family::Ipv4(_) => IPV4,
        Family::Ipv6(_) => IPV6,
        Family::Other => 0,
    };
    if len < PREFIX + addresses_len {
        return Err(Invalid::Addresses);
    }
    if len > MAX_V2 {
        return Err(Invalid::TooLong);
    }
    let Some(whole) = wire.get(..len) else { return Ok(None) };
    let block = whole.get(PREFIX..).unwrap_or_default();
    let (addresses, tlvs) = match family {
        Family::Ipv4(transport) => {
            let (source, destination, tlvs) =
                ends(block, |octets: [u8; 4]| Ipv4Addr::from(octets).into())
                    .ok_or(Invalid::Addresses)?;
            (Some(Addresses { transport, source, destination }), checked(whole, tlvs)?)
        }
        Family::Ipv6(transport) => {
            let (source, destination, tlvs) =
                ends(block, |octets: [u8; 16]| Ipv6Addr::from(octets).into())
                    .ok_or(Invalid::Addresses)?;
            (Some(Addresses { transport, source, destination }), checked(whole, tlvs)?)
        }
        Family::Other => (None, Tlvs::default()),
    };
    Ok(Some((Header { command, addresses, tlvs }, len)))
}

fn family(octet: u8) -> Result<Family, Invalid> {
    let transport = match octet & 15 {
        0 => None,
        1 => Some(Transport::Stream),
        2 => Some(Transport::Datagram),
        _ => return Err(Invalid::Family),
    };
    match (octet >> 4, transport) {
        (1, Some(transport)) => Ok(Family::Ipv4(transport)),
        (2, Some(transport)) => Ok(Family::Ipv6(transport)),
        (0..=3, _) => Ok(Family::Other),
        _ => Err(Invalid::Family),
    }
}

/// Both ends, and what stands behind them.
fn ends<const N: usize>(
    block: &[u8],
    ip: impl Fn([u8; N]) -> IpAddr,
) -> Option<(SocketAddr, SocketAddr, &[u8])> {
    let (&source, block) = block.split_first_chunk()?;
    let (&destination, block) = block.split_first_chunk()?;
    let (&source_port, block) = block.split_first_chunk()?;
    let (&destination_port, block) = block.split_first_chunk()?;
    Some((
        SocketAddr::new(ip(source), u16::from_be_bytes(source_port)),
        SocketAddr::new(ip(destination), u16::from_be_bytes(destination_port)),
        block,
    ))
}

/// The vectors at the end of a header, if they and their checksum are right.
fn checked(whole: &[u8], octets: &[u8]) -> Result<Tlvs, Invalid> {
    let tlvs = Tlvs::parse(octets)?;
    if let Some(at) = tlvs.position(tlv::CRC32C) {
        let at = whole.len() - octets.len() + at;
        let (before, rest) = whole.split_at_checked(at).unwrap_or_default();
        let (value, after) = rest.split_first_chunk().ok_or(Invalid::Checksum)?;
        let right = tlvs.find(tlv::CRC32C) == Some(value);
        if !right || crc32c(&[before, &[0; 4], after]) != u32::from_be_bytes(*value) {
            return Err(Invalid::Checksum);
        }
    }
    Ok(tlvs)
}

pub(super) fn print(header: &Header) -> Bytes {
    let mut out = BytesMut::with_capacity(LONGEST_WITHOUT_TLVS + header.tlvs.as_bytes().len());
    out.put_slice(&SIGNATURE);
    out.put_u8(match header.command {
        Command::Local => 0x20,
        Command::Proxy => 0x21,
    });
    let Some(Addresses { transport, source, destination }) = header.addresses else {
        out.put_slice(&[0, 0, 0]);
        return out.freeze();
    };
    let transport = match transport {
        Transport::Stream => 1,
        Transport::Datagram => 2,
    };
    let tlvs = header.tlvs.as_bytes();
    let (family, addresses_len) = if source.is_ipv4() { (0x10, IPV4) } else { (0x20, IPV6) };
    out.put_u8(family | transport);
    // What is parsed and what `with_tlv` builds is never longer than MAX_V2.
    out.put_u16(u16::try_from(addresses_len + tlvs.len()).unwrap_or(u16::MAX));
    for end in [source, destination] {
        match end.ip() {
            IpAddr::V4(ip) => out.put_slice(&ip.octets()),
            IpAddr::V6(ip) => out.put_slice(&ip.octets()),
        }
    }
    out.put_u16(source.port());
    out.put_u16(destination.port());
    let tlvs_at = out.len();
    out.put_slice(tlvs);
    if let Some(at) = header.tlvs.position(tlv::CRC32C) {
        let value = tlvs_at + at..tlvs_at + at + 4;
        if let Some(place) = out.get_mut(value.clone()) {
            place.fill(0);
        }
        let sum = crc32c(&[&out]);
        if let Some(place) = out.get_mut(value) {
            place.copy_from_slice(&sum.to_be_bytes());
        }
    }
    out.freeze()
}
