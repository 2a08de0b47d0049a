//! The messages of RFC 5802 §7.

use alloc::{borrow::Cow, string::String};

use crate::sasl::wire;

/// What a client says of channel binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding<'a> {
    /// `n`: it cannot.
    No,
    /// `y`: it could, and thinks that the server cannot.
    NotOffered,
    /// `p=`: it does, by this type.
    Type(&'a str),
}

/// `gs2-header client-first-message-bare`
#[derive(Debug)]
pub(super) struct ClientFirst<'a> {
    /// The header as it stands, commas included.
    pub(super) gs2_header: &'a str,
    pub(super) binding: Binding<'a>,
    pub(super) authzid: Cow<'a, str>,
    pub(super) bare: &'a str,
    pub(super) username: Cow<'a, str>,
    pub(super) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        let (flag, rest) = message.split_once(',')?;
        let (authzid, bare) = rest.split_once(',')?;
        let binding = match flag {
            "n" => Binding::No,
            "y" => Binding::NotOffered,
            flag => Binding::Type(flag.strip_prefix("p=").filter(|name| !name.is_empty())?),
        };
        let authzid = match authzid {
            "" => Cow::Borrowed(""),
            authzid => unescape(authzid.strip_prefix("a=")?)?,
        };
        // An extension that must be understood comes first and is `m=`: none is.
        let mut attributes = bare.split(',');
        let username = unescape(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        if username.is_empty() {
            return None;
        }
        let gs2_header = message.get(..message.len() - bare.len())?;
        Some(Self { gs2_header, binding, authzid, bare, username, nonce })
    }
}

/// `server-first-message`
#[derive(Debug)]
pub(super) struct ServerFirst<'a> {
    pub(super) nonce: &'a str,
    pub(super) salt: alloc::vec::Vec<u8>,
    pub(super) iterations: u32,
}

impl<'a> ServerFirst<'a> {
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        let mut attributes = message.split(',');
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        let salt = wire::decode(attributes.next()?.strip_prefix("s=")?.as_bytes())?;
        let iterations = attributes.next()?.strip_prefix("i=")?.parse().ok()?;
        Some(Self { nonce, salt, iterations })
    }
}

/// `client-final-message`
#[derive(Debug)]
pub(super) struct ClientFinal<'a> {
    pub(super) without_proof: &'a str,
    pub(super) binding: alloc::vec::Vec<u8>,
    pub(super) nonce: &'a str,
    pub(super) proof: alloc::vec::Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        let (without_proof, proof) = message.rsplit_once(",p=")?;
        let mut attributes = without_proof.split(',');
        let binding = wire::decode(attributes.next()?.strip_prefix("c=")?.as_bytes())?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        Some(Self { without_proof, binding, nonce, proof: wire::decode(proof.as_bytes())? })
    }
}

/// `printable`: what a nonce is made of.
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| (0x21..0x7F).contains(&octet) && octet != b',')
}

/// A name, its `,` and `=` escaped.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn unescape(name: &str) -> Option<Cow<'_, str>> {
    if name.contains('\0') {
        return None;
    }
    if !name.contains('=') {
        return Some(Cow::Borrowed(name));
    }
    let mut plain = String::new();
    let mut parts = name.split('=');
    plain.push_str(parts.next()?);
    for part in parts {
        let (c, rest) = match part.split_at_checked(2)? {
            ("2C", rest) => (',', rest),
            ("3D", rest) => ('=', rest),
            _ => return None,
        };
        plain.push(c);
        plain.push_str(rest);
    }
    Some(Cow::Owned(plain))
}
