//! The digest of APOP (RFC 1939 §7). No mechanism of SASL, but a claim of the same kind.

use alloc::string::String;
use core::fmt::Write;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::{Secret, saslprep};

/// The MD5 of the timestamp, in its angle brackets, and the password, in lower-case hexadecimal.
/// The password is prepared by SASLprep (RFC 6856 §2.2); `None` for one that cannot be.
///
/// ```
/// use mailwire::sasl::apop_digest;
///
/// let digest = apop_digest("<1896.697170952@dbc.mtview.ca.us>", &"tanstaaf".into());
/// assert_eq!(digest.as_deref(), Some("c4c9334bac560ecc979e58001b3e22fb"));
/// ```
pub fn apop_digest(timestamp: &str, password: &Secret) -> Option<String> {
    digest(timestamp.as_bytes(), password)
}

fn digest(timestamp: &[u8], password: &Secret) -> Option<String> {
    let password = saslprep(password.expose())?;
    let mut md5 = Md5::new();
    md5.update(timestamp);
    md5.update(password.as_bytes());
    let mut text = String::new();
    for octet in md5.finalize() {
        let _ = write!(text, "{octet:02x}");
    }
    Some(text)
}

pub(super) fn matches(password: &Secret, timestamp: &[u8], digest_sent: &str) -> bool {
    digest(timestamp, password).is_some_and(|expected| {
        expected.as_bytes().ct_eq(digest_sent.to_ascii_lowercase().as_bytes()).into()
    })
}
