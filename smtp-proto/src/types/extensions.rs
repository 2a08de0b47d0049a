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

    /// All lines after the first, as they came.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}
