use alloc::borrow::Cow;
use core::fmt;

use super::Xtext;

/// How much of a message a report returns (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ret {
    /// `FULL`: all of it.
    Full,
    /// `HDRS`: its header.
    Headers,
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        })
    }
}

/// Of what the sender wants to hear (RFC 3461 §4.1). With none of the three it is `NEVER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "RFC 3461 §4.1 has these three")]
pub struct Notify {
    /// Delivery.
    pub success: bool,
    /// Failure.
    pub failure: bool,
    /// Delay.
    pub delay: bool,
}

impl Notify {
    /// Of nothing.
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };

    /// Whether it is [`NEVER`](Self::NEVER).
    pub fn is_never(self) -> bool {
        self == Self::NEVER
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            return f.write_str("NEVER");
        }
        let words = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let mut comma = "";
        for (_, word) in words.into_iter().filter(|(wanted, _)| *wanted) {
            write!(f, "{comma}{word}")?;
            comma = ",";
        }
        Ok(())
    }
}

/// A recipient as the sender first gave it (RFC 3461 §4.2): the kind of address, and the address.
///
/// ```
/// use smtp_proto::Orcpt;
///
/// assert_eq!(Orcpt::rfc822("a+b@c.example").to_string(), "rfc822;a+2Bb@c.example");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orcpt<'a> {
    addr_type: Cow<'a, str>,
    address: Xtext<'a>,
}

impl<'a> Orcpt<'a> {
    /// `addr-type ";" xtext`; `None` for anything else.
    pub fn new(text: &'a str) -> Option<Self> {
        let (addr_type, address) = text.split_once(';')?;
        let is_atom = !addr_type.is_empty()
            && addr_type.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
        let utf8 = addr_type.eq_ignore_ascii_case("utf-8");
        let address = if utf8 { Xtext::new_utf8(address)? } else { Xtext::new(address)? };
        let fits = is_atom && !address.as_str().is_empty();
        fits.then_some(Self { addr_type: Cow::Borrowed(addr_type), address })
    }

    /// A mail address.
    pub fn rfc822(address: &str) -> Orcpt<'static> {
        Orcpt { addr_type: Cow::Borrowed("rfc822"), address: Xtext::encode(address) }
    }

    /// The kind of address: `rfc822`, `utf-8`.
    pub fn addr_type(&self) -> &str {
        &self.addr_type
    }

    /// The address.
    pub const fn address(&self) -> &Xtext<'a> {
        &self.address
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Orcpt<'static> {
        let addr_type = Cow::Owned(self.addr_type.into_owned());
        Orcpt { addr_type, address: self.address.into_owned() }
    }
}

impl fmt::Display for Orcpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.addr_type, self.address)
    }
}
