//! What the sender is told of a message that could not be delivered.

use crate::{app::App, facts, smtp::address, unique};
use mailstore::{Delivery, Envelope, NewEnvelope, NewRecipient, Recipient, Staged, Store, Target};
use smtp_proto::{
    EnhancedCode, Mailbox,
    delivery::{FailedRecipient, Report},
    trace::{Date, ReturnPath},
};
use tracing::warn;

/// The header of a message is looked for in its first octets.
const HEADER: u64 = 64 * 1024;

/// A line of the report.
pub(super) fn failed(
    recipient: &Recipient,
    status: EnhancedCode,
    diagnostic: String,
    remote: Option<String>,
) -> FailedRecipient {
    FailedRecipient { address: recipient.address.clone(), status, diagnostic, remote }
}

/// The report for these recipients, on its way to the sender; `None` if there is nothing to say or
/// nobody to say it to: of a report there is no report (RFC 5321 §4.5.5).
pub(super) async fn report<S: Store>(
    app: &App<S>,
    envelope: &Envelope,
    failed: &[FailedRecipient],
) -> Result<Option<Delivery>, crate::accounts::AccountError> {
    if failed.is_empty() {
        return Ok(None);
    }
    let Ok(sender) = Mailbox::parse(&envelope.reverse_path) else {
        warn!(id = %envelope.id, "undeliverable, and there is nobody to tell");
        return Ok(None);
    };
    let header = match app.store.body(envelope.message).await {
        Ok(body) => body.read(0..HEADER).await?,
        Err(_) => Default::default(),
    };
    let report = Report {
        reporting_mta: &app.config.hostname,
        to: &sender,
        unique: &unique::word(),
        date: Date::from_unix(unique::seconds()),
        arrival: Date::from_unix(envelope.created.secs().try_into().unwrap_or_default()),
        failed,
        original: &header,
    };
    let mut message = ReturnPath(&smtp_proto::ReversePath::Null).to_string().into_bytes();
    message.extend_from_slice(&report.to_message());
    let staged = Staged::from_bytes(message);
    let facts = facts::of(&staged).await?;
    let delivery = Delivery::new(staged).facts(facts);
    if !app.users.is_local(sender.domain().as_str()) {
        let to = vec![NewRecipient::new(sender.as_str())];
        let mut onward = NewEnvelope::new("", to);
        onward.params = crate::smtp::EIGHT_BIT.into();
        return Ok(Some(delivery.queued(onward)));
    }
    let Some(account) = app.users.find(&address(&sender)).await? else {
        warn!(id = %envelope.id, "undeliverable, and its sender has no account any more");
        return Ok(None);
    };
    let inbox = app.store.mailbox(account.id, "INBOX").await?.id;
    Ok(Some(delivery.to(Target::new(inbox))))
}
