//! ENVELOPE and BODYSTRUCTURE as the wire has them, read when they are asked for.

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

use super::{Address, BodyStructure, Envelope, Params, Text};
use crate::{
    parse::{envelope as read, skip},
    print,
};

/// ENVELOPE as it came: checked, and kept as octets. Two are equal when they say the same.
///
/// ```
/// use imap_proto::{parse, response::{FetchData, Response}};
///
/// let frame = b"* 1 FETCH (ENVELOPE (NIL \"Hi\" ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL NIL NIL))\r\n";
/// let Ok(Response::Fetch(_, items)) = parse::response(frame) else { panic!() };
/// let [FetchData::Envelope(envelope)] = items.as_slice() else { panic!() };
/// assert_eq!(envelope.subject().as_deref(), Some(&b"Hi"[..]));
/// assert_eq!(envelope.from().count(), 1);
/// ```
#[derive(Clone)]
pub struct EnvelopeView<'a> {
    wire: Cow<'a, [u8]>,
}

impl<'a> EnvelopeView<'a> {
    pub(crate) fn borrowed(wire: &'a [u8]) -> Self {
        Self { wire: Cow::Borrowed(wire) }
    }

    /// Built from a tree.
    pub fn from_tree(tree: &Envelope<'_>) -> EnvelopeView<'static> {
        let mut wire = Vec::new();
        print::print_envelope(&mut wire, tree);
        EnvelopeView { wire: Cow::Owned(wire) }
    }

    /// The octets, ready to be sent.
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// All of it as a tree.
    pub fn to_tree(&self) -> Envelope<'_> {
        read::envelope_of(&self.wire)
    }

    /// The same, owned.
    pub fn into_owned(self) -> EnvelopeView<'static> {
        EnvelopeView { wire: Cow::Owned(self.wire.into_owned()) }
    }

    /// The field of this number, from 0, and what follows.
    fn field(&self, number: usize) -> &[u8] {
        let mut rest = self.wire.get(1..).unwrap_or_default();
        for at in 0..number {
            let after =
                if (2..8).contains(&at) { skip::addresses(rest) } else { skip::nstring(rest) };
            rest = after.and_then(|rest| rest.get(1..)).unwrap_or_default();
        }
        rest
    }

    fn addresses(&self, number: usize) -> Addresses<'_> {
        Addresses { rest: self.field(number).strip_prefix(b"(").unwrap_or_default() }
    }

    /// `Date:`
    pub fn date(&self) -> Option<Text<'_>> {
        read::text_of(self.field(0))
    }

    /// `Subject:`
    pub fn subject(&self) -> Option<Text<'_>> {
        read::text_of(self.field(1))
    }

    /// `From:`
    pub fn from(&self) -> Addresses<'_> {
        self.addresses(2)
    }

    /// `Sender:`
    pub fn sender(&self) -> Addresses<'_> {
        self.addresses(3)
    }

    /// `Reply-To:`
    pub fn reply_to(&self) -> Addresses<'_> {
        self.addresses(4)
    }

    /// `To:`
    pub fn to(&self) -> Addresses<'_> {
        self.addresses(5)
    }

    /// `Cc:`
    pub fn cc(&self) -> Addresses<'_> {
        self.addresses(6)
    }

    /// `Bcc:`
    pub fn bcc(&self) -> Addresses<'_> {
        self.addresses(7)
    }

    /// `In-Reply-To:`
    pub fn in_reply_to(&self) -> Option<Text<'_>> {
        read::text_of(self.field(8))
    }

    /// `Message-ID:`
    pub fn message_id(&self) -> Option<Text<'_>> {
        read::text_of(self.field(9))
    }
}

impl PartialEq for EnvelopeView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire || self.to_tree() == other.to_tree()
    }
}

impl Eq for EnvelopeView<'_> {}

impl fmt::Debug for EnvelopeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_tree().fmt(f)
    }
}

/// The addresses of a field of an [`EnvelopeView`].
#[derive(Clone, Debug)]
pub struct Addresses<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Addresses<'a> {
    type Item = Address<'a>;

    fn next(&mut self) -> Option<Address<'a>> {
        let (rest, address) = read::address_of(self.rest)?;
        self.rest = rest;
        Some(address)
    }
}

/// BODY or BODYSTRUCTURE as it came: checked, and kept as octets. Two are equal when they say the
/// same.
#[derive(Clone)]
pub struct BodyView<'a> {
    wire: Cow<'a, [u8]>,
}

impl<'a> BodyView<'a> {
    pub(crate) fn borrowed(wire: &'a [u8]) -> Self {
        Self { wire: Cow::Borrowed(wire) }
    }

    /// Built from a tree; with extension data if `extended`, which is BODYSTRUCTURE.
    pub fn from_tree(tree: &BodyStructure<'_>, extended: bool) -> BodyView<'static> {
        let mut wire = Vec::new();
        print::print_body(&mut wire, tree, extended);
        BodyView { wire: Cow::Owned(wire) }
    }

    /// The octets, ready to be sent.
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// All of it as a tree.
    pub fn to_tree(&self) -> BodyStructure<'_> {
        read::body_of(&self.wire)
    }

    /// The same, owned.
    pub fn into_owned(self) -> BodyView<'static> {
        BodyView { wire: Cow::Owned(self.wire.into_owned()) }
    }

    fn inside(&self) -> &[u8] {
        self.wire.get(1..).unwrap_or_default()
    }

    fn single(&self) -> Option<skip::Head<'_>> {
        skip::head(self.inside())
    }

    /// Whether this is a multipart; one without parts is as well.
    pub fn is_multipart(&self) -> bool {
        self.inside().starts_with(b"(") || self.kind().eq_ignore_ascii_case(b"multipart")
    }

    /// The parts of a multipart; none otherwise.
    pub fn parts(&self) -> Parts<'_> {
        Parts { rest: self.inside() }
    }

    /// `text` of `text/plain`.
    pub fn kind(&self) -> Text<'_> {
        match self.single() {
            Some(head) => read::text_of(head.kind).unwrap_or_default(),
            None => Cow::Borrowed(b"multipart"),
        }
    }

    /// `plain` of `text/plain`.
    pub fn subtype(&self) -> Text<'_> {
        let mut parts = self.parts();
        while parts.next().is_some() {}
        let after = parts.rest.strip_prefix(b" ").unwrap_or_default();
        let at = self.single().map_or(after, |head| head.subtype);
        read::text_of(at).unwrap_or_default()
    }

    /// Parameters of the content type.
    pub fn params(&self) -> Params<'_> {
        match self.single() {
            Some(head) => read::params_of(head.params),
            None => match self.to_tree() {
                BodyStructure::Multi { params, .. } | BodyStructure::Single { params, .. } => {
                    params
                }
            },
        }
    }

    /// Content-Transfer-Encoding; of a multipart `7BIT`.
    pub fn encoding(&self) -> Text<'_> {
        let encoding = self.single().and_then(|head| read::text_of(head.encoding));
        encoding.unwrap_or(Cow::Borrowed(b"7BIT"))
    }

    /// Octets, encoded as they are; `None` for a multipart.
    pub fn size(&self) -> Option<u64> {
        let head = self.single()?;
        let digits = head.size.get(..head.size.len().saturating_sub(head.rest.len()))?;
        core::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Of a message: its envelope and structure.
    pub fn message(&self) -> Option<(EnvelopeView<'_>, BodyView<'_>)> {
        let rest = self.single()?.rest.strip_prefix(b" ").filter(|rest| rest.starts_with(b"("))?;
        let after = skip::envelope(rest)?;
        let envelope = rest.get(..rest.len().saturating_sub(after.len()))?;
        let body = after.strip_prefix(b" ")?;
        let after = skip::body(body, skip::DEPTH)?;
        let body = body.get(..body.len().saturating_sub(after.len()))?;
        Some((EnvelopeView::borrowed(envelope), BodyView::borrowed(body)))
    }
}

impl PartialEq for BodyView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire || self.to_tree() == other.to_tree()
    }
}

impl Eq for BodyView<'_> {}

impl fmt::Debug for BodyView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_tree().fmt(f)
    }
}

/// The parts of a [`BodyView`].
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Parts<'a> {
    type Item = BodyView<'a>;

    fn next(&mut self) -> Option<BodyView<'a>> {
        let after = skip::body(self.rest, skip::DEPTH)?;
        let wire = self.rest.get(..self.rest.len().saturating_sub(after.len()))?;
        self.rest = after;
        Some(BodyView::borrowed(wire))
    }
}
