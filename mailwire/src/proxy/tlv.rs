//! Type-length-value vectors: what a proxy says beside the addresses (§2.2).

use bytes::{BufMut, Bytes, BytesMut};

use super::Invalid;

/// The application protocol agreed on in TLS (§2.2.1).
pub const ALPN: u8 = 0x01;
/// The host name the client asked for, of TLS's `server_name` for instance; UTF-8 (§2.2.2).
pub const AUTHORITY: u8 = 0x02;
/// A checksum of the header (§2.2.3). One that does not fit makes the header invalid.
pub const CRC32C: u8 = 0x03;
/// Nothing (§2.2.4).
pub const NOOP: u8 = 0x04;
/// The proxy's name for the connection, up to 128 octets (§2.2.5).
pub const UNIQUE_ID: u8 = 0x05;
/// How the client speaks TLS to the proxy (§2.2.6): flags (1 octet, 0x01 for TLS), the result of
/// verification (4 octets, 0 for success), and vectors again.
pub const SSL: u8 = 0x20;
/// The name of the network namespace; US-ASCII (§2.2.7).
pub const NETNS: u8 = 0x30;

/// The vectors of a header, octet for octet as they came.
///
/// ```
/// use mailwire::proxy::{Header, tlv};
///
/// let header = Header::proxied("192.0.2.7:1024".parse()?, "198.51.100.1:25".parse()?)
///     .with_tlv(tlv::UNIQUE_ID, b"c-17")?;
/// assert_eq!(header.tlvs().find(tlv::UNIQUE_ID), Some(&b"c-17"[..]));
/// assert_eq!(header.tlvs().iter().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs(Bytes);

impl Tlvs {
    /// Vectors that stand in `octets`, which may be the end of a [`SSL`] value.
    ///
    /// # Errors
    ///
    /// [`Invalid::Tlv`] if they do not end where `octets` end.
    pub fn parse(octets: &[u8]) -> Result<Self, Invalid> {
        let mut rest = octets;
        while !rest.is_empty() {
            (_, _, rest) = split(rest).ok_or(Invalid::Tlv)?;
        }
        Ok(Self(Bytes::copy_from_slice(octets)))
    }

    /// All vectors, in their order: type and value.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = &*self.0;
        core::iter::from_fn(move || {
            let (kind, value, behind) = split(rest)?;
            rest = behind;
            Some((kind, value))
        })
    }

    /// The value of the first vector of this type.
    pub fn find(&self, kind: u8) -> Option<&[u8]> {
        self.iter().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// Where in the octets the first value of this type begins.
    pub(super) fn position(&self, kind: u8) -> Option<usize> {
        let mut at = 0;
        for (found, value) in self.iter() {
            if found == kind {
                return Some(at + 3);
            }
            at += 3 + value.len();
        }
        None
    }

    /// As they stand on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn push(&mut self, kind: u8, value: &[u8]) -> Result<(), Invalid> {
        let len = u16::try_from(value.len()).map_err(|_| Invalid::TooLong)?;
        let mut octets = BytesMut::with_capacity(self.0.len() + 3 + value.len());
        octets.put_slice(&self.0);
        octets.put_u8(kind);
        octets.put_u16(len);
        octets.put_slice(value);
        self.0 = octets.freeze();
        Ok(())
    }
}

/// The first vector, and what stands behind it.
fn split(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, high, low], rest) = octets.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(u16::from_be_bytes([high, low]).into())?;
    Some((kind, value, rest))
}
