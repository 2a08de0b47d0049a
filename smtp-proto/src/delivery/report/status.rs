//! The `message/delivery-status` part: RFC 3464 §2.1 to §2.3.

use alloc::{format, string::String, vec::Vec};
use core::net::IpAddr;

use super::{
    Report, ReportedRecipient,
    lines::{ascii, clean, fold},
};
use crate::{
    Orcpt,
    delivery::{Action, Diagnostic},
};

/// Longest value of most fields.
const VALUE_MAX: usize = 800;
/// Longest words of a server.
const DIAGNOSTIC_MAX: usize = 4000;

/// Its fields. `global` says whether they may go beyond ASCII (RFC 6533 §4.1).
pub(super) fn text(report: &Report<'_>, global: bool) -> String {
    let mut fields = Fields { out: String::new(), global };
    fields.message(report);
    for recipient in report.recipients {
        fields.out.push_str("\r\n");
        fields.recipient(recipient);
    }
    fields.out
}

/// Whether there are no addresses beyond ASCII.
pub(super) fn is_ascii(recipient: &ReportedRecipient) -> bool {
    let is_ascii = |orcpt: &Orcpt<'_>| !is_utf8(orcpt) || original(orcpt).is_ascii();
    recipient.address.is_ascii() && recipient.orcpt.as_ref().is_none_or(is_ascii)
}

fn is_utf8(orcpt: &Orcpt<'_>) -> bool {
    orcpt.addr_type().eq_ignore_ascii_case("utf-8")
}

/// The address of ORCPT, decoded as its type has it.
fn original(orcpt: &Orcpt<'_>) -> String {
    let address = orcpt.address();
    if !is_utf8(orcpt) {
        return address.decode().into_owned();
    }
    // RFC 6533 §3: one that is not encoded so is copied "without alteration".
    unitext(address.as_str()).unwrap_or_else(|| address.as_str().into())
}

/// Takes the encoding of `utf-8-addr-xtext` and `utf-8-addr-unitext` off: `\x{HEXPOINT}` (RFC 6533
/// §3).
fn unitext(encoded: &str) -> Option<String> {
    let mut parts = encoded.split("\\x{");
    let mut text = String::with_capacity(encoded.len());
    text.push_str(parts.next()?);
    for part in parts {
        let (point, rest) = part.split_once('}')?;
        let digits: Vec<u32> = point.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
        if !(2..=6).contains(&digits.len()) {
            return None;
        }
        let point = digits.into_iter().fold(0, |point, digit| point * 16 + digit);
        text.push(char::from_u32(point)?);
        text.push_str(rest);
    }
    (!text.chars().any(char::is_control)).then_some(text)
}

struct Fields {
    out: String,
    global: bool,
}

impl Fields {
    /// RFC 3464 §2.2.
    fn message(&mut self, report: &Report<'_>) {
        if let Some(envid) = report.envid {
            // RFC 3461 §6.3 a: decoded.
            self.field("Original-Envelope-Id", &envid.decode());
        }
        self.field("Reporting-MTA", &format!("dns; {}", report.reporting_mta));
        if let Some((name, address)) = report.received_from {
            let comment = match address.map(|address| address.to_canonical()) {
                Some(IpAddr::V4(address)) => format!(" ([{address}])"),
                Some(IpAddr::V6(address)) => format!(" ([IPv6:{address}])"),
                None => String::new(),
            };
            // A name with a parenthesis could pose as a comment.
            let name = name.replace(['(', ')'], "?");
            self.field("Received-From-MTA", &format!("dns; {}{comment}", clean(&name, 255)));
        }
        if let Some(arrival) = report.arrival {
            self.field("Arrival-Date", &format!("{arrival}"));
        }
    }

    /// RFC 3464 §2.3.
    fn recipient(&mut self, recipient: &ReportedRecipient) {
        if let Some(orcpt) = &recipient.orcpt {
            let original = format!("{}; {}", orcpt.addr_type(), original(orcpt));
            self.field("Original-Recipient", &original);
        }
        let kind = if recipient.address.is_ascii() { "rfc822" } else { "utf-8" };
        self.field("Final-Recipient", &format!("{kind}; {}", recipient.address));
        self.field("Action", &format!("{}", recipient.action));
        self.field("Status", &format!("{}", recipient.status));
        if let Some(remote) = &recipient.remote {
            self.field("Remote-MTA", &format!("dns; {remote}"));
        }
        if let Some(diagnostic) = &recipient.diagnostic {
            self.diagnostic(diagnostic);
        }
        if let Some(date) = recipient.last_attempt {
            self.field("Last-Attempt-Date", &format!("{date}"));
        }
        // §2.3.9: "MUST NOT appear in other DSNs".
        if let Some(date) = recipient.retry_until.filter(|_| recipient.action == Action::Delayed) {
            self.field("Will-Retry-Until", &format!("{date}"));
        }
    }

    /// RFC 3461 §9.2: each line of a reply is one of the field.
    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let kind = match diagnostic {
            Diagnostic::Smtp(_) => "smtp",
            Diagnostic::Local(_) => "x-local",
        };
        let start = format!("Diagnostic-Code: {kind}; ");
        self.out.push_str(&start);
        let mut words = String::new();
        for line in diagnostic.as_str().lines() {
            words.push_str(&clean(line, DIAGNOSTIC_MAX.saturating_sub(words.len())));
            words.push('\n');
        }
        let words = if self.global { words } else { ascii(&words) };
        fold(&mut self.out, &words, " ", start.len());
    }

    fn field(&mut self, name: &str, value: &str) {
        let value = clean(value, VALUE_MAX);
        let value = if self.global { value } else { ascii(&value) };
        self.out.push_str(name);
        self.out.push_str(": ");
        self.out.push_str(&value);
        self.out.push_str("\r\n");
    }
}
