use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{
    Hash,
    keys::LEAST_ITERATIONS,
    message::{ServerFirst, escape},
};
use crate::sasl::{ChannelBinding, Secret, saslprep, wire};

/// A server that asks for more is out to keep the client busy.
const MOST_ITERATIONS: u32 = 2_000_000;

/// The client's side.
#[derive(Debug)]
pub(crate) struct Client {
    hash: Hash,
    gs2_header: String,
    /// Channel-binding data, for -PLUS.
    bound: Vec<u8>,
    first_bare: String,
    nonce: String,
    expected: Option<Vec<u8>>,
    verified: bool,
}

impl Client {
    /// `server_has_plus` says whether the server offered the -PLUS form.
    pub(crate) fn new(
        hash: Hash,
        plus: bool,
        binding: &ChannelBinding,
        server_has_plus: bool,
        (authzid, username): (&str, &str),
        nonce: &[u8],
    ) -> Self {
        let (flag, bound) = match binding.best() {
            Some((name, data)) if plus => (format!("p={name}"), data.to_vec()),
            // It could, and the server does not: whoever stripped -PLUS off is found out.
            Some(_) if !server_has_plus => ("y".to_owned(), Vec::new()),
            _ => ("n".to_owned(), Vec::new()),
        };
        let authzid =
            if authzid.is_empty() { String::new() } else { format!("a={}", escape(authzid)) };
        let nonce = wire::encode(nonce);
        Self {
            hash,
            gs2_header: format!("{flag},{authzid},"),
            bound,
            first_bare: format!("n={},r={nonce}", escape(username)),
            nonce,
            expected: None,
            verified: false,
        }
    }

    pub(crate) fn first(&self) -> Vec<u8> {
        format!("{}{}", self.gs2_header, self.first_bare).into_bytes()
    }

    /// The answer to the server's first message.
    pub(crate) fn last(&mut self, challenge: &[u8], password: &Secret) -> Option<Vec<u8>> {
        let server_first = core::str::from_utf8(challenge).ok()?;
        let first = ServerFirst::parse(server_first)?;
        let own_part = first.nonce.strip_prefix(self.nonce.as_str())?;
        // With few iterations whoever asks for the proof could guess the password from it.
        let iterations = LEAST_ITERATIONS..=MOST_ITERATIONS;
        if own_part.is_empty() || !iterations.contains(&first.iterations) {
            return None;
        }
        let password = saslprep(password.expose())?;
        let mut salted = self.hash.salted(password.as_bytes(), &first.salt, first.iterations);
        let mut client_key = self.hash.hmac(&salted, b"Client Key");
        let stored_key = self.hash.digest(&client_key);
        let server_key = self.hash.hmac(&salted, b"Server Key");
        let binding = wire::encode(&[self.gs2_header.as_bytes(), &self.bound].concat());
        let without_proof = format!("c={binding},r={}", first.nonce);
        let auth_message = format!("{},{server_first},{without_proof}", self.first_bare);
        let signature = self.hash.hmac(&stored_key, auth_message.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        self.expected = Some(self.hash.hmac(&server_key, auth_message.as_bytes()));
        salted.zeroize();
        client_key.zeroize();
        Some(format!("{without_proof},p={}", wire::encode(&proof)).into_bytes())
    }

    /// Checks that the server knows the password, too.
    pub(crate) fn verify(&mut self, message: &[u8]) -> Option<()> {
        let verifier = wire::decode(message.strip_prefix(b"v=")?)?;
        let expected = self.expected.take()?;
        self.verified = bool::from(verifier.as_slice().ct_eq(&expected));
        self.verified.then_some(())
    }

    pub(crate) const fn is_verified(&self) -> bool {
        self.verified
    }

    pub(crate) const fn has_answered(&self) -> bool {
        self.expected.is_some()
    }
}
