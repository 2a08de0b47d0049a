//! Trace fields (RFC 5321 §4.4): what a server writes above a message that it takes on.

use core::{fmt, net::IpAddr};

use crate::types::{ForwardPath, ReversePath};

/// A `Received` field, folded, with its line end.
///
/// ```
/// use smtp_proto::trace::{Date, Received, With};
///
/// let field = Received {
///     client_name: "client.example",
///     client_ip: Some([192, 0, 2, 7].into()),
///     host: "mx.example.org",
///     with: With::new(true, true, false),
///     id: "4F21",
///     recipient: None,
///     date: Date::from_unix(1_700_000_000),
/// };
/// assert_eq!(field.to_string(), "Received: from client.example ([192.0.2.7])\r\n\
///     \tby mx.example.org with ESMTPS id 4F21;\r\n\
///     \tTue, 14 Nov 2023 22:13:20 +0000\r\n");
/// ```
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made by its fields; RFC 5321 §4.4 fixes them")]
pub struct Received<'a> {
    /// What the client called itself.
    pub client_name: &'a str,
    /// Where it connected from.
    pub client_ip: Option<IpAddr>,
    /// This server.
    pub host: &'a str,
    /// How the message came.
    pub with: With,
    /// The server's name for the message. Letters, digits, `.`, `-`.
    pub id: &'a str,
    /// The recipient, where there is one only: several would tell each of the others (RFC 5321
    /// §7.6).
    pub recipient: Option<&'a ForwardPath<'a>>,
    /// When it came.
    pub date: Date,
}

impl fmt::Display for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received: from {}", Word(self.client_name))?;
        match self.client_ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => write!(f, " ([{ip}])")?,
            Some(IpAddr::V6(ip)) => write!(f, " ([IPv6:{ip}])")?,
            None => {}
        }
        write!(f, "\r\n\tby {} with {} id {}", Word(self.host), self.with, Word(self.id))?;
        if let Some(recipient) = self.recipient {
            write!(f, "\r\n\tfor {recipient}")?;
        }
        write!(f, ";\r\n\t{}\r\n", self.date)
    }
}

/// A client may call itself anything; in a header field it is one word without comments.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let safe =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if self.0.is_empty() {
            return f.write_str("unknown");
        }
        self.0.chars().try_for_each(|c| fmt::Write::write_char(f, if safe(c) { c } else { '?' }))
    }
}

/// How a message came (RFC 3848): `SMTP`, `ESMTP`, `ESMTPS`, `ESMTPA` or `ESMTPSA`; with SMTPUTF8 (RFC
/// 6531 §4.3) `UTF8SMTP`, `UTF8SMTPS`, `UTF8SMTPA` or `UTF8SMTPSA`. By LMTP `LMTP` or `UTF8LMTP`, with the
/// same letters after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct With {
    extended: bool,
    tls: bool,
    authenticated: bool,
    smtp_utf8: bool,
    lmtp: bool,
}

impl With {
    /// EHLO was said; TLS was active; the client had logged in.
    pub const fn new(extended: bool, tls: bool, authenticated: bool) -> Self {
        Self { extended, tls, authenticated, smtp_utf8: false, lmtp: false }
    }

    /// Whether MAIL had the parameter SMTPUTF8.
    #[must_use]
    pub const fn smtp_utf8(self, smtp_utf8: bool) -> Self {
        Self { smtp_utf8, ..self }
    }

    /// Whether it was LMTP (RFC 2033).
    #[must_use]
    pub const fn lmtp(self, lmtp: bool) -> Self {
        Self { lmtp, ..self }
    }
}

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self { lmtp: true, smtp_utf8: true, .. } => "UTF8LMTP",
            Self { lmtp: true, .. } => "LMTP",
            Self { smtp_utf8: true, .. } => "UTF8SMTP",
            Self { extended: false, tls: false, authenticated: false, .. } => "SMTP",
            _ => "ESMTP",
        })?;
        f.write_str(if self.tls { "S" } else { "" })?;
        f.write_str(if self.authenticated { "A" } else { "" })
    }
}

/// A `Return-Path` field with its line end, as the last server writes it (RFC 5321 §4.4).
///
/// ```
/// use smtp_proto::{ReversePath, trace::ReturnPath};
///
/// assert_eq!(ReturnPath(&ReversePath::Null).to_string(), "Return-Path: <>\r\n");
/// ```
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "one value, for good")]
pub struct ReturnPath<'a>(pub &'a ReversePath<'a>);

impl fmt::Display for ReturnPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Return-Path: {}\r\n", self.0)
    }
}

/// A date in UTC, printed as RFC 5322 §3.3 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(u64);

impl Date {
    /// Seconds since 1970-01-01 00:00:00 UTC. Years beyond 9999 print as 9999's last second.
    pub const fn from_unix(seconds: u64) -> Self {
        const LAST: u64 = 253_402_300_799;
        Self(if seconds > LAST { LAST } else { seconds })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let weekday = DAYS.iter().cycle().nth((days % 7) as usize).unwrap_or(&"Thu");
        let leap = |year: u64| {
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
        };
        let (mut year, mut day) = (1970, days);
        while day >= 365 + u64::from(leap(year)) {
            day -= 365 + u64::from(leap(year));
            year += 1;
        }
        let february = 28 + u64::from(leap(year));
        let mut month = "Dec";
        for (name, len) in MONTHS.iter().zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
        {
            month = name;
            if day < len {
                break;
            }
            day -= len;
        }
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{weekday}, {} {month} {year} {h:02}:{m:02}:{s:02} +0000", day + 1)
    }
}
