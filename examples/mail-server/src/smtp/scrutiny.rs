//! A whole message is looked at: SPF, DKIM and DMARC, then the filters. What they say is written above
//! it.

use super::{
    intake::{Addressee, refusal},
    policy,
};
use crate::{
    app::App,
    config::OnFailure,
    filter::{Action, Letter, field},
    trust::{self, Verdict},
};
use mailstore::{Staged, Store};
use smtp_proto::{Mail, Reply};
use std::net::IpAddr;
use tracing::{info, warn};

/// A message that is to be looked at once it is whole.
pub(super) struct Scrutiny {
    pub(super) ip: IpAddr,
    pub(super) client: String,
    /// Whose submission it is.
    pub(super) user: Option<String>,
    pub(super) id: String,
    /// What stands above and below that which is found.
    pub(super) return_path: String,
    pub(super) received: String,
    /// Whether SPF, DKIM and DMARC are asked.
    pub(super) is_checked: bool,
}

impl Scrutiny {
    /// The message with what was found written above it, and whether it is for Junk.
    pub(super) async fn run<S: Store>(
        &self,
        app: &App<S>,
        mail: &Mail<'_>,
        addressees: &[Addressee],
        staged: Staged,
    ) -> Result<(Staged, bool), Reply> {
        let failed = |error| refusal(&error);
        let message = staged.body().bytes().await.map_err(failed)?;
        let from = mail.from.mailbox().map(policy::address).unwrap_or_default();
        let mut is_junk = false;
        let mut found = String::new();
        if self.is_checked {
            is_junk |= self.check(app, &from, &message, &mut found).await?;
        }
        let to: Vec<_> = addressees
            .iter()
            .map(|addressee| addressee.recipient.path().address().to_string())
            .collect();
        let letter = Letter {
            ip: self.ip,
            client_name: &self.client,
            user: self.user.as_deref(),
            from: &from,
            to: &to,
            id: &self.id,
            message: &message,
        };
        is_junk |= filter(app, &letter, &mut found).await?;
        let mut upload = app.store.upload();
        for above in [&self.return_path, &found, &self.received] {
            upload.write(above.as_bytes()).await.map_err(failed)?;
        }
        upload.write(&message).await.map_err(failed)?;
        Ok((upload.finish().await.map_err(failed)?, is_junk))
    }

    /// Whether the author's domain wants it in Junk.
    async fn check<S: Store>(
        &self,
        app: &App<S>,
        from: &str,
        message: &[u8],
        found: &mut String,
    ) -> Result<bool, Reply> {
        let config = app.config();
        let sender = trust::Sender { ip: self.ip, name: &self.client, from };
        let finding =
            app.checks().check(&config.hostname, sender, config.checks.policy, message).await;
        if let Verdict::Reject(domain) = finding.verdict {
            info!(ip = %self.ip, from, domain, "refused: DMARC");
            let text = format!("5.7.1 The policy of {domain} (DMARC) has such mail refused");
            return Err(Reply::new(550, text));
        }
        found.push_str(&finding.field);
        Ok(finding.verdict == Verdict::Junk)
    }
}

/// Asks the filters in their order. Whether one wants it in Junk.
async fn filter<S: Store>(
    app: &App<S>,
    letter: &Letter<'_>,
    found: &mut String,
) -> Result<bool, Reply> {
    let mut is_junk = false;
    for filter in app.filters() {
        let (id, name) = (letter.id, filter.name());
        let verdict = match filter.judge(letter).await {
            Ok(verdict) => verdict,
            Err(error) => {
                warn!(id, filter = name, %error, "a filter failed");
                match app.config().filter.on_failure {
                    OnFailure::Accept => continue,
                    OnFailure::Tempfail => {
                        return Err(Reply::new(
                            451,
                            "4.7.1 Cannot look at it now, try again later",
                        ));
                    }
                }
            }
        };
        match verdict.action {
            Action::Accept => {}
            Action::Quarantine => is_junk = true,
            Action::Reject(words) => {
                info!(id, filter = name, words, from = letter.from, "refused: filter");
                return Err(Reply::new(550, format!("5.7.1 {}", printable(&words))));
            }
            Action::TempFail(words) => {
                info!(id, filter = name, words, from = letter.from, "put off: filter");
                return Err(Reply::new(451, format!("4.7.1 {}", printable(&words))));
            }
        }
        let fields = verdict.headers.iter().filter_map(|(name, value)| field(name, value));
        found.extend(fields);
    }
    Ok(is_junk)
}

/// What may stand in a reply, of any length a line has room for (RFC 5321 §4.5.3.1.5).
fn printable(words: &str) -> String {
    words.chars().filter(|c| matches!(c, ' '..='~')).take(400).collect()
}
