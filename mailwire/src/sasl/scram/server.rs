use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use subtle::ConstantTimeEq;

use super::{
    Hash, Keys,
    message::{Binding, ClientFinal, ClientFirst},
};
use crate::sasl::{ChannelBinding, wire};

/// The server's side.
#[derive(Debug)]
pub(crate) struct Server {
    hash: Hash,
    plus: bool,
    binding: ChannelBinding,
    pub(crate) authzid: String,
    pub(crate) username: String,
    client_first_bare: String,
    client_nonce: String,
    /// What the client's `c=` has to hold.
    expected_binding: Vec<u8>,
    server_first: String,
    nonce: String,
    keys: Option<Keys>,
    signature: Vec<u8>,
}

/// The message is not what RFC 5802 has at this point, or the proof is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Message,
    Proof,
}

impl Server {
    pub(crate) const fn new(hash: Hash, plus: bool, binding: ChannelBinding) -> Self {
        Self {
            hash,
            plus,
            binding,
            authzid: String::new(),
            username: String::new(),
            client_first_bare: String::new(),
            client_nonce: String::new(),
            expected_binding: Vec::new(),
            server_first: String::new(),
            nonce: String::new(),
            keys: None,
            signature: Vec::new(),
        }
    }

    /// Takes the client's first message: now its name is known, and keys are needed.
    pub(crate) fn first(&mut self, message: &[u8]) -> Result<(), Wrong> {
        let message = core::str::from_utf8(message).map_err(|_| Wrong::Message)?;
        let first = ClientFirst::parse(message).ok_or(Wrong::Message)?;
        let mut expected = first.gs2_header.as_bytes().to_vec();
        match (first.binding, self.plus) {
            (Binding::Type(name), true) => {
                expected.extend_from_slice(self.binding.of(name).ok_or(Wrong::Message)?);
            }
            (Binding::No, false) => {}
            // RFC 5802 §6: the client was made to believe that -PLUS is not offered.
            (Binding::NotOffered, false) if self.binding.is_none() => {}
            _ => return Err(Wrong::Message),
        }
        self.expected_binding = expected;
        self.authzid = first.authzid.into_owned();
        self.username = first.username.into_owned();
        first.bare.clone_into(&mut self.client_first_bare);
        first.nonce.clone_into(&mut self.client_nonce);
        Ok(())
    }

    /// The server's first message, once there are keys.
    pub(crate) fn challenge(&mut self, keys: Keys, nonce: &[u8]) -> Result<Vec<u8>, Wrong> {
        if keys.hash() != self.hash || nonce.is_empty() {
            return Err(Wrong::Message);
        }
        self.nonce = format!("{}{}", self.client_nonce, wire::encode(nonce));
        let salt = wire::encode(keys.salt());
        self.server_first = format!("r={},s={salt},i={}", self.nonce, keys.iterations());
        self.keys = Some(keys);
        Ok(self.server_first.clone().into_bytes())
    }

    /// Takes the client's final message and checks its proof.
    pub(crate) fn last(&mut self, message: &[u8]) -> Result<(), Wrong> {
        let message = core::str::from_utf8(message).map_err(|_| Wrong::Message)?;
        let last = ClientFinal::parse(message).ok_or(Wrong::Message)?;
        let keys = self.keys.take().ok_or(Wrong::Message)?;
        if last.nonce != self.nonce {
            return Err(Wrong::Message);
        }
        if last.binding != self.expected_binding {
            return Err(Wrong::Proof);
        }
        let auth_message =
            format!("{},{},{}", self.client_first_bare, self.server_first, last.without_proof);
        let signature = self.hash.hmac(keys.stored_key(), auth_message.as_bytes());
        if last.proof.len() != signature.len() {
            return Err(Wrong::Proof);
        }
        let client_key: Vec<u8> = last.proof.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        let proved = self.hash.digest(&client_key);
        if !bool::from(proved.as_slice().ct_eq(keys.stored_key())) {
            return Err(Wrong::Proof);
        }
        self.signature = self.hash.hmac(keys.server_key(), auth_message.as_bytes());
        Ok(())
    }

    /// The server's final message: it knew the password, too.
    pub(crate) fn verifier(&self) -> Vec<u8> {
        format!("v={}", wire::encode(&self.signature)).into_bytes()
    }

    /// The example sessions of the RFCs have nonces that are not base64.
    #[cfg(test)]
    pub(super) fn force_nonce(&mut self, server_nonce: &str) {
        let nonce = format!("{}{server_nonce}", self.client_nonce);
        self.server_first = self.server_first.replace(&self.nonce, &nonce);
        self.nonce = nonce;
    }
}
