//! CRC32c, the checksum of RFC 4960 appendix B (Castagnoli's polynomial, reflected).

const TABLE: [u32; 16] = table();

/// Half octets: 64 octets of table are enough for a header a connection.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "i is below 16")]
const fn table() -> [u32; 16] {
    let mut table = [0; 16];
    let mut i = 0;
    while i < 16 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

/// The checksum of the pieces, one after the other.
pub(super) fn crc32c(pieces: &[&[u8]]) -> u32 {
    let half = |crc: u32| (crc >> 4) ^ TABLE.get((crc & 15) as usize).copied().unwrap_or_default();
    let octets = pieces.iter().copied().flatten();
    !octets.fold(!0, |crc, &octet| half(half(crc ^ u32::from(octet))))
}

#[cfg(test)]
mod tests {
    use super::crc32c;

    #[test]
    fn the_check_value_comes_out() {
        assert_eq!(crc32c(&[b"123456789"]), 0xE306_9283);
        assert_eq!(crc32c(&[b"12345", b"", b"6789"]), 0xE306_9283);
        assert_eq!(crc32c(&[]), 0);
    }

    #[test]
    fn rfc_3720_appendix_b_4_comes_out() {
        assert_eq!(crc32c(&[&[0; 32]]), 0x8A91_36AA);
        assert_eq!(crc32c(&[&[0xFF; 32]]), 0x62A8_AB43);
    }
}
