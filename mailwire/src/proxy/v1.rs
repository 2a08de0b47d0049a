//! Version 1: a line of text (§2.1).

use alloc::format;
use core::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use bytes::Bytes;
use memchr::memchr;

use super::{Addresses, Command, Header, Invalid, MAX_V1, Transport, tlv::Tlvs};

const SIGNATURE: &[u8] = b"PROXY ";

pub(super) fn parse(wire: &[u8]) -> Result<Option<(Header, usize)>, Invalid> {
    let shown = wire.len().min(SIGNATURE.len());
    if wire.get(..shown) != SIGNATURE.get(..shown) {
        return Err(Invalid::Signature);
    }
    let window = wire.get(..wire.len().min(MAX_V1)).unwrap_or_default();
    let Some(end) = memchr(b'\n', window) else {
        return if window.len() == MAX_V1 { Err(Invalid::TooLong) } else { Ok(None) };
    };
    // A CR or LF alone must not be put up with.
    let line = window.get(SIGNATURE.len()..end).and_then(|line| line.strip_suffix(b"\r"));
    let header = line.and_then(fields).ok_or(Invalid::Line)?;
    Ok(Some((header, end + 1)))
}

/// `TCP4 source destination source-port destination-port`; of `UNKNOWN`, the rest is ignored.
fn fields(line: &[u8]) -> Option<Header> {
    if line.contains(&b'\r') {
        return None;
    }
    if line == b"UNKNOWN" || line.starts_with(b"UNKNOWN ") {
        return Some(Header::unknown());
    }
    let mut words = core::str::from_utf8(line).ok()?.split(' ');
    let ip: fn(&str) -> Option<IpAddr> = match words.next()? {
        "TCP4" => |word| Ipv4Addr::from_str(word).ok().map(IpAddr::V4),
        "TCP6" => |word| Ipv6Addr::from_str(word).ok().map(IpAddr::V6),
        _ => return None,
    };
    let (source, destination) = (ip(words.next()?)?, ip(words.next()?)?);
    let source = SocketAddr::new(source, port(words.next()?)?);
    let destination = SocketAddr::new(destination, port(words.next()?)?);
    if words.next().is_some() {
        return None;
    }
    let addresses = Addresses { transport: Transport::Stream, source, destination };
    Some(Header { command: Command::Proxy, addresses: Some(addresses), tlvs: Tlvs::default() })
}

/// Digits only, 0 to 65535, without leading zeros.
fn port(word: &str) -> Option<u16> {
    let canonical = word == "0" || !word.starts_with(['0', '+']);
    word.parse().ok().filter(|_| canonical)
}

pub(super) fn print(header: &Header) -> Bytes {
    let Some(Addresses { transport: Transport::Stream, source, destination }) = header.addresses
    else {
        return Bytes::from_static(b"PROXY UNKNOWN\r\n");
    };
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    Bytes::from(format!(
        "PROXY {family} {} {} {} {}\r\n",
        source.ip(),
        destination.ip(),
        source.port(),
        destination.port()
    ))
}
