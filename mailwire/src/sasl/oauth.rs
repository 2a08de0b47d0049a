//! OAUTHBEARER (RFC 7628) and XOAUTH2, which carry the same things in another dress.

use alloc::{format, string::String, vec::Vec};

use super::Secret;

/// What a client sent: whom to act as, and the token.
pub(super) struct Bearer {
    pub(super) authzid: String,
    pub(super) token: Secret,
}

/// ```abnf
/// client-resp = (gs2-header kvsep *kvpair kvsep)    ; RFC 7628 §3.1; kvsep is %x01
/// ```
pub(super) fn bearer(message: &str) -> Option<Bearer> {
    let (header, pairs) = message.split_once('\u{1}')?;
    let authzid = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,"))?;
    let authzid = authzid.strip_suffix(',')?;
    let authzid = if authzid.is_empty() { "" } else { authzid.strip_prefix("a=")? };
    Some(Bearer { authzid: unescape(authzid), token: token(pairs)? })
}

/// `user=` name `^A` `auth=Bearer ` token `^A^A`
pub(super) fn xoauth2(message: &str) -> Option<Bearer> {
    let (user, pairs) = message.split_once('\u{1}')?;
    Some(Bearer { authzid: user.strip_prefix("user=")?.into(), token: token(pairs)? })
}

fn token(pairs: &str) -> Option<Secret> {
    let auth = pairs.split('\u{1}').find_map(|pair| pair.strip_prefix("auth="))?;
    let (scheme, token) = auth.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then(|| Secret::new(token))
}

fn unescape(name: &str) -> String {
    name.replace("=2C", ",").replace("=3D", "=")
}

/// `None` for a name or token that would add fields to the message.
pub(super) fn print_bearer(authzid: &str, token: &Secret) -> Option<Vec<u8>> {
    if !fits(authzid) || !fits(token.expose()) {
        return None;
    }
    // RFC 5801 §4: the name is left out with its `a=`, or is not empty.
    let authzid = match authzid {
        "" => String::new(),
        name => format!("a={}", name.replace('=', "=3D").replace(',', "=2C")),
    };
    Some(format!("n,{authzid},\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()).into_bytes())
}

/// `None` for a name or token that would add fields to the message.
pub(super) fn print_xoauth2(user: &str, token: &Secret) -> Option<Vec<u8>> {
    let fit = fits(user) && fits(token.expose());
    fit.then(|| format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose()).into_bytes())
}

fn fits(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// What is sent before the failure itself (RFC 7628 §3.2.2).
pub(super) const REFUSED: &[u8] = br#"{"status":"invalid_token","scope":"mail"}"#;
