use alloc::{string::String, vec::Vec};

use mailwire::sasl::Mechanism;

use super::Reply;
use crate::parse::WireReply;

/// What a server offered in its reply to EHLO (RFC 5321 §4.1.1.1). After HELO: nothing.
///
/// ```
/// use smtp_proto::{Extensions, Reply};
///
/// let reply = Reply::new(250, "mx.example.org\nSIZE 1000\nPIPELINING\nX-OWN thing");
/// let offered = Extensions::from_reply(&reply);
/// assert!(offered.pipelining && !offered.starttls);
/// assert_eq!(offered.size, Some(1000));
/// assert_eq!(offered.lines(), ["SIZE 1000", "PIPELINING", "X-OWN thing"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extensions {
    /// The server's name for itself.
    pub hostname: String,
    /// RFC 2920.
    pub pipelining: bool,
    /// RFC 1870: the largest message, in octets. `Some(0)` stands for "no fixed limit".
    pub size: Option<u64>,
    /// RFC 6152.
    pub eight_bit_mime: bool,
    /// RFC 2034.
    pub enhanced_status_codes: bool,
    /// RFC 3207.
    pub starttls: bool,
    /// RFC 3030 §2.
    pub chunking: bool,
    /// RFC 3030 §3.
    pub binary_mime: bool,
    /// RFC 6531.
    pub smtp_utf8: bool,
    /// RFC 3461.
    pub dsn: bool,
    /// RFC 8689.
    pub require_tls: bool,
    /// RFC 6710.
    pub mt_priority: bool,
    /// RFC 4865.
    pub future_release: bool,
    /// RFC 2852: the shortest time in seconds; 0 for none.
    pub deliver_by: Option<u32>,
    /// RFC 7293.
    pub rrvs: bool,
    /// RFC 4468.
    pub burl: bool,
    /// RFC 1985.
    pub etrn: bool,
    /// RFC 9422.
    pub limits: OfferedLimits,
    /// RFC 4954: the mechanisms this crate knows. [`Extensions::lines`] has them all.
    pub auth: Vec<Mechanism>,
    lines: Vec<String>,
}

impl Extensions {
    /// Reads the text of a reply to EHLO.
    pub fn from_reply(reply: &Reply) -> Self {
        let mut lines = reply.text().lines();
        let mut offered = Self::of_host(lines.next().unwrap_or_default());
        offered.lines.reserve(reply.text().bytes().filter(|&octet| octet == b'\n').count());
        for line in lines {
            offered.read(line.as_bytes());
            offered.lines.push(line.into());
        }
        offered
    }

    /// Reads a reply to EHLO as it came. [`lines`](Self::lines) stays empty: those are in the reply.
    ///
    /// ```
    /// use smtp_proto::{Extensions, parse};
    ///
    /// let (reply, _) = parse::reply(b"250-mx.example.org\r\n250 SIZE 1000\r\n").unwrap();
    /// assert_eq!(Extensions::known(reply).size, Some(1000));
    /// ```
    pub fn known(reply: WireReply<'_>) -> Self {
        let mut lines = reply.lines();
        let greeting = String::from_utf8_lossy(lines.next().unwrap_or_default());
        let mut offered = Self::of_host(&greeting);
        lines.for_each(|line| offered.read(line));
        offered
    }

    fn of_host(greeting: &str) -> Self {
        let host = greeting.split_ascii_whitespace().next().unwrap_or_default();
        Self { hostname: host.into(), ..Self::default() }
    }

    fn read(&mut self, line: &[u8]) {
        // `AUTH=` is how servers older than RFC 2554 wrote it; some still send both.
        let parts = |octet: &u8| matches!(octet, b' ' | b'\t' | b'=');
        let start = line.iter().take_while(|octet| parts(octet)).count();
        let line = line.get(start..).unwrap_or_default();
        let end = line.iter().position(parts).unwrap_or(line.len());
        let (keyword, values) = line.split_at_checked(end).unwrap_or((line, &[]));
        let mut words = values.split(parts).filter(|word| !word.is_empty());
        let is = |name: &str| keyword.eq_ignore_ascii_case(name.as_bytes());
        match keyword.len() {
            3 if is("DSN") => self.dsn = true,
            4 if is("SIZE") => self.size = Some(number(words.next())),
            4 if is("AUTH") => {
                for mechanism in words.filter_map(Mechanism::from_name) {
                    if !self.auth.contains(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
            4 if is("RRVS") => self.rrvs = true,
            4 if is("BURL") => self.burl = true,
            4 if is("ETRN") => self.etrn = true,
            6 if is("LIMITS") => self.limits = OfferedLimits::read(line),
            8 if is("8BITMIME") => self.eight_bit_mime = true,
            8 if is("STARTTLS") => self.starttls = true,
            8 if is("CHUNKING") => self.chunking = true,
            8 if is("SMTPUTF8") => self.smtp_utf8 = true,
            9 if is("DELIVERBY") => self.deliver_by = Some(number(words.next())),
            10 if is("PIPELINING") => self.pipelining = true,
            10 if is("BINARYMIME") => self.binary_mime = true,
            10 if is("REQUIRETLS") => self.require_tls = true,
            11 if is("MT-PRIORITY") => self.mt_priority = true,
            13 if is("FUTURERELEASE") => self.future_release = true,
            19 if is("ENHANCEDSTATUSCODES") => self.enhanced_status_codes = true,
            _ => {}
        }
    }

    /// Whether AUTH was offered, by whatever mechanism.
    pub(crate) fn has_auth(&self) -> bool {
        let is_auth =
            |line: &String| line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("AUTH"));
        self.lines.iter().any(is_auth)
    }

    /// All lines after the first, as they came.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// A number that says "no limit" where it is missing or cannot be read.
fn number<T: core::str::FromStr + Default>(word: Option<&[u8]>) -> T {
    let text = word.and_then(|word| core::str::from_utf8(word).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// What a server said of its limits (RFC 9422).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfferedLimits {
    /// `MAILMAX`: messages in a session.
    pub mails: Option<u32>,
    /// `RCPTMAX`: recipients of a message.
    pub recipients: Option<u32>,
    /// `RCPTDOMAINMAX`: domains among the recipients of a session.
    pub recipient_domains: Option<u32>,
}

impl OfferedLimits {
    fn read(line: &[u8]) -> Self {
        let mut limits = Self::default();
        let line = core::str::from_utf8(line).unwrap_or_default();
        for word in line.split_ascii_whitespace().skip(1) {
            let Some((name, value)) = word.split_once('=') else { continue };
            let slot = match name.to_ascii_uppercase().as_str() {
                "MAILMAX" => &mut limits.mails,
                "RCPTMAX" => &mut limits.recipients,
                "RCPTDOMAINMAX" => &mut limits.recipient_domains,
                _ => continue,
            };
            // RFC 9422 §3: a value that cannot be read is as if the limit were not there.
            *slot = value.parse().ok().filter(|&limit| limit > 0);
        }
        limits
    }
}
