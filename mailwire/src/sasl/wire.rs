use alloc::{string::String, vec::Vec};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Standard base64; padding is written, and may be left out by the peer, as some clients do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A line of a SASL exchange, as SMTP (RFC 4954 §4), IMAP (RFC 9051 §6.2.2) and POP3 (RFC 5034 §4)
/// write it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// A message of the mechanism, possibly empty.
    Data(Vec<u8>),
    /// `*`: the client gives up.
    Cancel,
    /// Not base64.
    Malformed,
}

/// Decodes a line of a SASL exchange, without its line end. `=` alone is the empty message.
///
/// ```
/// use mailwire::sasl::{Response, decode_response};
///
/// assert_eq!(decode_response(b"AHRpbQ=="), Response::Data(b"\0tim".to_vec()));
/// assert_eq!(decode_response(b"="), Response::Data(vec![]));
/// assert_eq!(decode_response(b"*"), Response::Cancel);
/// assert_eq!(decode_response(b"?"), Response::Malformed);
/// ```
pub fn decode_response(line: &[u8]) -> Response {
    match line {
        b"*" => Response::Cancel,
        b"=" => Response::Data(Vec::new()),
        _ => decode(line).map_or(Response::Malformed, Response::Data),
    }
}

pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// Encodes a message of a mechanism.
pub fn encode(message: &[u8]) -> String {
    BASE64.encode(message)
}
