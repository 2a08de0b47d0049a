use alloc::vec::Vec;

use crate::{Body, Extensions, ForwardPath, ReversePath};

/// Who a message is from and to (RFC 5321 §2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// Where bounces go.
    pub from: ReversePath<'static>,
    /// The recipients: at least one.
    pub to: Vec<ForwardPath<'static>>,
    /// How many octets the message has, if that is known.
    pub size: Option<u64>,
    /// What octets the message has.
    pub body: Body,
}

impl Envelope {
    /// An envelope for a message of ASCII and of unknown size.
    pub const fn new(from: ReversePath<'static>, to: Vec<ForwardPath<'static>>) -> Self {
        Self { from, to, size: None, body: Body::SevenBit }
    }
}

/// Why a message cannot be sent to this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotSend {
    /// There are no recipients.
    #[error("the envelope has no recipients")]
    NoRecipients,
    /// Larger than the server's SIZE (RFC 1870 §6.1).
    #[error("the message is larger than the {0} octets the server takes")]
    Size(u64),
    /// Octets beyond ASCII, and the server has no 8BITMIME (RFC 6152 §3).
    #[error("the message has 8-bit octets and the server does not take them (8BITMIME)")]
    EightBit,
    /// An address beyond ASCII, and the server has no SMTPUTF8 (RFC 6531 §3.2).
    #[error("an address is not ASCII and the server does not take that (SMTPUTF8)")]
    Utf8Address,
    /// The client is in the middle of something else, or the session is over.
    #[error(transparent)]
    Misuse(#[from] mailwire::Misuse),
}

impl Envelope {
    pub(super) fn check(&self, offered: &Extensions) -> Result<(), CannotSend> {
        if self.to.is_empty() {
            return Err(CannotSend::NoRecipients);
        }
        if let (Some(size), Some(limit @ 1..)) = (self.size, offered.size)
            && size > limit
        {
            return Err(CannotSend::Size(limit));
        }
        if self.body == Body::EightBitMime && !offered.eight_bit_mime {
            return Err(CannotSend::EightBit);
        }
        let from = self.from.mailbox().into_iter();
        let mut all = from.chain(self.to.iter().filter_map(ForwardPath::mailbox));
        if all.any(|mailbox| !mailbox.is_ascii()) {
            return Err(CannotSend::Utf8Address);
        }
        Ok(())
    }
}
