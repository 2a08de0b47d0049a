/// Whether the first octets on a plain-text port are not those of a mail client: a TLS
/// `ClientHello` (RFC 8446 §5.1: handshake record, version 3.x) or an HTTP request line.
///
/// `None` while that cannot be said yet. To ask again is free; the answer does not depend on how
/// the octets were cut.
///
/// ```
/// use mailwire::frame::speaks_other;
///
/// assert_eq!(speaks_other(b"\x16\x03\x01"), Some(true));
/// assert_eq!(speaks_other(b"GET / HTTP/1.1\r\n"), Some(true));
/// assert_eq!(speaks_other(b"EHLO client.example\r\n"), Some(false));
/// assert_eq!(speaks_other(b"G"), None);
/// ```
pub fn speaks_other(octets: &[u8]) -> Option<bool> {
    const HTTP: [&[u8]; 9] = [
        b"GET /",
        b"POST /",
        b"HEAD /",
        b"PUT /",
        b"DELETE /",
        b"OPTIONS ",
        b"CONNECT ",
        b"PATCH /",
        b"PRI * HTTP",
    ];
    if octets.is_empty() || (octets.len() < 2 && octets.starts_with(b"\x16")) {
        return None;
    }
    if octets.starts_with(b"\x16\x03") || HTTP.iter().any(|verb| octets.starts_with(verb)) {
        return Some(true);
    }
    if HTTP.iter().any(|verb| verb.starts_with(octets)) {
        return None;
    }
    Some(false)
}
