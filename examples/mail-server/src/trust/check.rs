//! What can be known of who sent a message: SPF (RFC 7208), DKIM (RFC 6376), ARC (RFC 8617), DMARC
//! (RFC 7489), told to the reader in Authentication-Results (RFC 8601).

use crate::config::CheckPolicy;
use mail_auth::{
    AuthenticatedMessage, AuthenticationResults, DkimResult, DmarcResult, MessageAuthenticator,
    common::headers::HeaderWriter,
    dmarc::{Policy, verify::DmarcParameters},
    spf::verify::SpfParameters,
};
use std::net::IpAddr;

/// Asks the name servers about those who send.
#[derive(Clone)]
pub(crate) struct Checks {
    authenticator: MessageAuthenticator,
}

/// Who brings a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) ip: IpAddr,
    /// What it called itself in EHLO.
    pub(crate) name: &'a str,
    /// The reverse-path; empty for the null one.
    pub(crate) from: &'a str,
}

/// What was found out.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Authentication-Results, with its line end.
    pub(crate) field: String,
    /// What becomes of the message.
    pub(crate) verdict: Verdict,
}

/// What the author's domain wants to be done with what does not come from it, where the configuration
/// does it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Accept,
    Junk,
    /// With the domain that wants it.
    Reject(String),
}

impl Checks {
    pub(crate) fn new(authenticator: MessageAuthenticator) -> Self {
        Self { authenticator }
    }

    /// Looks at a message as it came, before this server wrote anything above it.
    pub(crate) async fn check(
        &self,
        host: &str,
        sender: Sender<'_>,
        policy: CheckPolicy,
        message: &[u8],
    ) -> Finding {
        let results = AuthenticationResults::new(host);
        let Some(parsed) = AuthenticatedMessage::parse(message) else {
            return Finding { field: results.to_header(), verdict: Verdict::Accept };
        };
        let Sender { ip, name, from } = sender;
        // RFC 7208 §2.4: the null reverse-path stands for postmaster at the name of EHLO.
        let spf = self.authenticator.verify_spf(match from {
            "" => SpfParameters::verify_ehlo(ip, name, host),
            from => SpfParameters::verify_mail_from(ip, name, host, from),
        });
        let dkim = self.authenticator.verify_dkim(&parsed);
        let arc = self.authenticator.verify_arc(&parsed);
        let (spf, dkim, arc) = tokio::join!(spf, dkim, arc);
        let from_domain = from.rsplit_once('@').map_or(name, |(_, domain)| domain);
        let parameters = DmarcParameters::new(&parsed, &dkim, from_domain, &spf);
        let dmarc = self.authenticator.verify_dmarc(parameters).await;
        let mut results = match from {
            "" => results.with_spf_ehlo_result(&spf, ip, name),
            from => results.with_spf_mailfrom_result(&spf, ip, from, name),
        };
        let signed = dkim.iter().any(|output| output.result() != &DkimResult::None);
        if signed {
            results = results.with_dkim_results(&dkim, parsed.from());
        }
        if *arc.result() != DkimResult::None {
            results = results.with_arc_result(&arc, ip);
        }
        let field = results.with_dmarc_result(&dmarc).to_header();
        let failed = matches!(dmarc.result(), DmarcResult::Fail(_));
        let verdict = match dmarc.policy() {
            _ if !failed || policy != CheckPolicy::Enforce => Verdict::Accept,
            Policy::Reject => Verdict::Reject(dmarc.domain().to_owned()),
            Policy::Quarantine => Verdict::Junk,
            Policy::None | Policy::Unspecified => Verdict::Accept,
        };
        Finding { field, verdict }
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checks")
    }
}

/// The addresses in From, of a message or of its beginning.
pub(crate) fn author_addresses(message: &[u8]) -> Vec<String> {
    AuthenticatedMessage::parse(message).map(|parsed| parsed.from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_author_is_found_however_it_is_written() {
        for (field, expected) in [
            ("From: bob@b.test", &["bob@b.test"][..]),
            ("from: \"alice@a.test\" <Bob@b.test>", &["bob@b.test"]),
            (
                "From:\r\n bob@b.test (alice@a.test),\r\n <carol@c.test>",
                &["bob@b.test", "carol@c.test"],
            ),
            ("To: alice@a.test", &[]),
        ] {
            let found = author_addresses(format!("{field}\r\n\r\nFrom: x@y.test\r\n").as_bytes());
            let found: Vec<_> = found.iter().map(|found| found.to_lowercase()).collect();
            assert_eq!(found, expected, "{field}");
        }
    }
}
