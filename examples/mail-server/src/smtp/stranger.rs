//! What is asked of clients that nobody knows.

use super::{
    dnsbl::{self, Listing},
    greylist::Attempt,
    policy::{self, Recipient},
};
use crate::{app::App, unique};
use mailstore::Store;
use smtp_proto::{Mail, Reply};
use std::{net::IpAddr, time::Duration};
use tracing::warn;

/// A client of one session.
#[derive(Debug, Default)]
pub(super) struct Stranger {
    /// What the lists of clients say, once they were asked.
    listing: Option<Option<Listing>>,
}

impl Stranger {
    /// Whether the client may bring this message to this recipient now.
    pub(super) async fn may_bring<S: Store>(
        &mut self,
        app: &App<S>,
        ip: IpAddr,
        mail: &Mail<'_>,
        recipient: Recipient,
    ) -> Result<Recipient, Reply> {
        let config = app.config();
        if config.is_exempt(ip) {
            return Ok(recipient);
        }
        if self.listing.is_none() {
            let found = dnsbl::listing(&app.dns(), &config.checks.dnsbl, ip).await;
            self.listing = Some(found);
        }
        // RFC 5321 §4.5.1: mail for postmaster is refused only in exceptional cases; who is listed may ask why.
        if let Some(Some(Listing { zone, why })) = &self.listing
            && !recipient.is_postmaster()
        {
            let text = format!("5.7.1 {ip} is listed by {zone} {why}");
            return Err(Reply::new(554, text.trim_end().to_owned()));
        }
        let wait = Duration::from_secs(config.checks.greylist_seconds);
        if wait.is_zero() {
            return Ok(recipient);
        }
        let from = mail.from.mailbox().map(policy::address).unwrap_or_default();
        let attempt = Attempt { ip, from, to: recipient.path().address().to_string() };
        match app.greylist.ask(attempt, wait, unique::seconds()).await {
            Ok(None) => Ok(recipient),
            // RFC 6647 §5: a 4yz reply; 451 4.7.1 is what most say.
            Ok(Some(left)) => {
                let seconds = left.as_secs();
                Err(Reply::new(451, format!("4.7.1 Greylisted, try again in {seconds} seconds")))
            }
            Err(error) => {
                warn!(%error, "the greylist cannot be asked; the client goes on");
                Ok(recipient)
            }
        }
    }
}
