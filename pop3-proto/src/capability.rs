use alloc::{string::String, vec::Vec};

use mailwire::sasl::Mechanism;

/// What a server said to CAPA (RFC 2449 §5): a tag and its parameters a line.
///
/// ```
/// use pop3_proto::Capabilities;
///
/// let capa: Capabilities = ["TOP", "sasl PLAIN X-OWN", "LOGIN-DELAY 900"].into_iter().collect();
/// assert!(capa.has("top"));
/// assert_eq!(capa.mechanisms().count(), 1);
/// assert_eq!(capa.parameters("LOGIN-DELAY").and_then(|mut p| p.next()), Some("900"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// Whether the server announced this tag, in any case.
    pub fn has(&self, tag: &str) -> bool {
        self.parameters(tag).is_some()
    }

    /// The parameters of a tag, if the server announced it.
    pub fn parameters(&self, tag: &str) -> Option<impl Iterator<Item = &str>> {
        self.0.iter().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next().filter(|word| word.eq_ignore_ascii_case(tag)).map(|_| words)
        })
    }

    /// The SASL mechanisms announced that this suite knows (RFC 2449 §6.3, RFC 5034 §3).
    pub fn mechanisms(&self) -> impl Iterator<Item = Mechanism> {
        let names = self.parameters("SASL").into_iter().flatten();
        names.filter_map(|name| Mechanism::from_name(name.as_bytes()))
    }

    /// All lines, as the server wrote them.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn push(&mut self, line: String) {
        self.0.push(line);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> FromIterator<&'a str> for Capabilities {
    fn from_iter<I: IntoIterator<Item = &'a str>>(lines: I) -> Self {
        Self(lines.into_iter().map(String::from).collect())
    }
}
