//! CRAM-MD5 (RFC 2195).

use alloc::{format, string::String};
use core::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use subtle::ConstantTimeEq;

use super::Secret;

/// The keyed MD5 of a challenge, in hexadecimal.
pub(super) fn digest(password: &Secret, challenge: &[u8]) -> String {
    let mut text = String::new();
    // HMAC takes keys of any length, so this cannot fail.
    if let Ok(mut mac) = <Hmac<Md5> as KeyInit>::new_from_slice(password.expose().as_bytes()) {
        mac.update(challenge);
        for octet in mac.finalize().into_bytes() {
            let _ = write!(text, "{octet:02x}");
        }
    }
    text
}

pub(super) fn matches(password: &Secret, challenge: &[u8], digest_sent: &str) -> bool {
    let expected = digest(password, challenge);
    expected.as_bytes().ct_eq(digest_sent.to_ascii_lowercase().as_bytes()).into()
}

/// `user SP digest`
pub(super) fn answer(username: &str, password: &Secret, challenge: &[u8]) -> String {
    format!("{username} {}", digest(password, challenge))
}
