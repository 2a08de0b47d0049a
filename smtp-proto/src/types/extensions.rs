use alloc::{string::String, vec::Vec};

use mailwire::sasl::Mechanism;

use super::Reply;

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
        let greeting = lines.next().unwrap_or_default();
        let mut known = Self {
            hostname: greeting.split_ascii_whitespace().next().unwrap_or_default().into(),
            lines: lines.map(String::from).collect(),
            ..Self::default()
        };
        for line in core::mem::take(&mut known.lines) {
            known.read(&line);
            known.lines.push(line);
        }
        known
    }

    fn read(&mut self, line: &str) {
        // `AUTH=` is how servers older than RFC 2554 wrote it; some still send both.
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default();
        match keyword.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "SIZE" => self.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0)),
            "8BITMIME" => self.eight_bit_mime = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_status_codes = true,
            "STARTTLS" => self.starttls = true,
            "CHUNKING" => self.chunking = true,
            "BINARYMIME" => self.binary_mime = true,
            "SMTPUTF8" => self.smtp_utf8 = true,
            "DSN" => self.dsn = true,
            "REQUIRETLS" => self.require_tls = true,
            "MT-PRIORITY" => self.mt_priority = true,
            "FUTURERELEASE" => self.future_release = true,
            "DELIVERBY" => {
                self.deliver_by = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0));
            }
            "RRVS" => self.rrvs = true,
            "BURL" => self.burl = true,
            "ETRN" => self.etrn = true,
            "LIMITS" => self.limits = OfferedLimits::read(line),
            "AUTH" => {
                for mechanism in words.filter_map(|word| Mechanism::from_name(word.as_bytes())) {
                    if !self.auth.contains(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
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
    fn read(line: &str) -> Self {
        let mut limits = Self::default();
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
