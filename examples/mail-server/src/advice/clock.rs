//! Whether the clock is right, by a time server (RFC 5905, as a client that asks once).

use super::records::Data;
use crate::dns::Dns;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{net::UdpSocket, time};

/// Seconds from 1900, where NTP begins, to 1970.
const TO_1970: u64 = 2_208_988_800;
const PORT: u16 = 123;
const PATIENCE: Duration = Duration::from_secs(3);

/// By how many seconds the server's clock is ahead of ours. `None` where none answers.
pub(super) async fn ahead(dns: &Dns, server: &str) -> Option<i64> {
    let address = address(dns, server).await?;
    time::timeout(PATIENCE, ask(address)).await.ok()?.ok()
}

async fn address(dns: &Dns, server: &str) -> Option<SocketAddr> {
    if let Ok(address) = server.parse() {
        return Some(address);
    }
    let any_address = Data::Address(Ipv4Addr::UNSPECIFIED.into());
    let found = dns.data(server, &any_address).await.ok()?;
    found.iter().find_map(|data| match data {
        Data::Address(ip) => Some(SocketAddr::new(*ip, PORT)),
        _ => None,
    })
}

async fn ask(server: SocketAddr) -> io::Result<i64> {
    let ours = match server.ip() {
        IpAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        IpAddr::V6(_) => SocketAddr::from(([0; 16], 0)),
    };
    let socket = UdpSocket::bind(ours).await?;
    socket.connect(server).await?;
    // §7.3: no leap second is known of, version 4, a client.
    let mut packet = [0; 48];
    packet[0] = 0x23;
    socket.send(&packet).await?;
    let read = socket.recv(&mut packet).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() + TO_1970;
    ahead_of(packet.get(..read).unwrap_or_default(), now)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// §7.3: the time at which the answer left is in its last eight octets; a server that knows no time has a
/// stratum of 0 or 16. The seconds begin anew every 136 years.
fn ahead_of(packet: &[u8], now: u64) -> Option<i64> {
    let stratum = *packet.get(1)?;
    let seconds = u32::from_be_bytes(*packet.get(40..44)?.as_array()?);
    let lower = u32::try_from(now & u64::from(u32::MAX)).ok()?;
    let difference = seconds.wrapping_sub(lower).cast_signed();
    (1..16).contains(&stratum).then_some(i64::from(difference))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_found_over_the_end_of_an_era_too() {
        let packet = |stratum, seconds: u32| {
            let mut packet = [0; 48];
            packet[1] = stratum;
            packet[40..44].copy_from_slice(&seconds.to_be_bytes());
            packet
        };
        assert_eq!(ahead_of(&packet(2, 1_000), 1_000), Some(0));
        assert_eq!(ahead_of(&packet(2, 900), 1_000), Some(-100));
        assert_eq!(ahead_of(&packet(2, 5), (1 << 32) - 5), Some(10));
        assert_eq!(ahead_of(&packet(16, 1_000), 1_000), None);
        assert_eq!(ahead_of(&[0; 20], 1_000), None);
    }
}
