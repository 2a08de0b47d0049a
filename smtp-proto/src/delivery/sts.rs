use alloc::{string::String, vec::Vec};
use core::time::Duration;

/// The longest time that a policy may be kept (RFC 8461 §3.2): about a year.
const LONGEST: u64 = 31_557_600;

/// What a domain demands of those who send to it: the policy of MTA-STS (RFC 8461 §3.2).
///
/// ```
/// use smtp_proto::delivery::{StsMode, StsPolicy};
///
/// let policy = StsPolicy::parse(
///     "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n",
/// )
/// .unwrap();
/// assert_eq!(policy.mode, StsMode::Enforce);
/// assert!(policy.covers("Mail.Example.COM.") && policy.covers("mx1.example.net"));
/// assert!(!policy.covers("example.net") && !policy.covers("a.mx1.example.net"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StsPolicy {
    /// What is done about servers that do not fit.
    pub mode: StsMode,
    /// Names of the servers, in lower case; `*.` at the beginning stands for one label.
    pub mx: Vec<String>,
    /// How long the policy may be kept.
    pub max_age: Duration,
}

/// What a sender does about servers that do not fit a policy (RFC 8461 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "RFC 8461 §3.2 has these three")]
pub enum StsMode {
    /// It does not send to them.
    Enforce,
    /// It sends all the same, and reports (TLS-RPT).
    Testing,
    /// Nothing: the domain has no policy any more.
    None,
}

impl StsPolicy {
    /// Reads a policy; `None` for what is none. Keys that are not known are left out of account, and of
    /// a key that comes twice the first counts (but for `mx`).
    pub fn parse(text: &str) -> Option<Self> {
        let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':')?;
            let value = value.trim();
            match key.trim() {
                "version" => _ = version.get_or_insert(value),
                "mode" => _ = mode.get_or_insert(value),
                "max_age" => _ = max_age.get_or_insert(value),
                "mx" => mx.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        let mode = match mode? {
            "enforce" => StsMode::Enforce,
            "testing" => StsMode::Testing,
            "none" => StsMode::None,
            _ => return None,
        };
        let max_age = max_age?;
        if version != Some("STSv1")
            || !max_age.bytes().all(|octet| octet.is_ascii_digit())
            || (mx.is_empty() && mode != StsMode::None)
        {
            return None;
        }
        let max_age = Duration::from_secs(max_age.parse::<u64>().ok()?.min(LONGEST));
        Some(Self { mode, mx, max_age })
    }

    /// Whether this host is one of those named (RFC 8461 §4.1).
    pub fn covers(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(parent) => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => *pattern == host,
        })
    }
}

/// The `id` of a domain's MTA-STS record, from the TXT records at `_mta-sts.` and the domain (RFC 8461
/// §3.1): a new one means a new policy. `None` if there is no record, or more than one.
///
/// ```
/// use smtp_proto::delivery::sts_id;
///
/// assert_eq!(sts_id(["v=STSv1; id=20160831085700Z;"]), Some("20160831085700Z"));
/// assert_eq!(sts_id(["v=spf1 -all", "v=STSv1;id=1"]), Some("1"));
/// assert_eq!(sts_id(["v=STSv1; id=1", "v=STSv1; id=2"]), None);
/// ```
pub fn sts_id<'a>(records: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut found = records.into_iter().filter_map(|record| record.strip_prefix("v=STSv1"));
    let fields = found.next()?;
    if found.next().is_some() || !fields.trim_start().starts_with(';') {
        return None;
    }
    let pairs = fields.split(';').filter_map(|field| field.split_once('='));
    let id = pairs.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == "id")?.1;
    let is_id = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    is_id.then_some(id)
}
