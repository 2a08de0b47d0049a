//! What the sender is told of a message: that it could not be delivered, that it waits, that it
//! went on.

use super::wishes;
use crate::{app::App, facts, smtp::address, unique};
use mailstore::{
    Body, Delivery, Envelope, NewEnvelope, NewRecipient, Staged, Store, Target, Timestamp,
};
use smtp_proto::{
    Body as Octets, MailParams, Mailbox, Ret, ReversePath,
    delivery::{Original, Report, ReportedRecipient, WrittenReport},
    header::header_of,
    trace::{Date, ReturnPath},
};
use tracing::warn;

/// The header of a message is looked for in its first octets.
const HEADER: u64 = 64 * 1024;
/// A longer message is not returned whole, whatever the sender wants (RFC 3461 §6.2).
const RETURNED: u64 = 1024 * 1024;

/// The report about these recipients, on its way to the sender; `None` if there is nobody to say it
/// to: of a report there is no report (RFC 5321 §4.5.5).
pub(super) async fn report<S: Store>(
    app: &App<S>,
    envelope: &Envelope,
    recipients: &[ReportedRecipient],
) -> Result<Option<Delivery>, crate::accounts::AccountError> {
    let Ok(sender) = Mailbox::parse(&envelope.reverse_path) else { return Ok(None) };
    // A message that cannot be read is reported all the same, without its header.
    let body = app.store.body(envelope.message).await.ok();
    let start = match &body {
        Some(body) => body.read(0..HEADER).await?,
        None => Default::default(),
    };
    let unique = unique::word();
    let mail = wishes::mail(envelope);
    let mut original = Original::new(header_of(&start));
    original.body = wishes::body(&mail);
    original.smtputf8 = mail.params.smtp_utf8;
    let now = Date::from_unix(unique::seconds());
    let config = app.config();
    let mut report = Report::new(&config.hostname, &sender, &unique, now, recipients, original);
    report.arrival = Some(date(envelope.created));
    report.envid = mail.params.envid.as_ref();
    report.ret = mail.params.ret.filter(|_| envelope.size <= RETURNED);
    if mail.params.require_tls {
        // RFC 8689 §5: a report may travel without TLS, and the message must not.
        report.ret = Some(Ret::Headers);
    }
    let report = report.write();
    let (eight_bit, smtputf8) = (report.body == Octets::EightBitMime, report.smtputf8);
    let staged = stage(app, report, body.as_ref()).await?;
    let facts = facts::of(&staged).await?;
    let delivery = Delivery::new(staged).facts(facts);
    if !app.users.is_local(sender.domain().as_str()) {
        let to = vec![NewRecipient::new(sender.as_str())];
        let mut onward = NewEnvelope::new("", to);
        let mut params = MailParams::default();
        params.body = eight_bit.then_some(Octets::EightBitMime);
        params.smtp_utf8 = smtputf8;
        onward.params = params.to_string();
        return Ok(Some(delivery.queued(onward)));
    }
    let Some(account) = app.users.find(&address(&sender)).await? else {
        warn!(id = %envelope.id, "to be reported, and its sender has no account any more");
        return Ok(None);
    };
    let inbox = app.store.mailbox(account.id, "INBOX").await?.id;
    Ok(Some(delivery.to(Target::new(inbox))))
}

/// The report as a message of the store, the original within it as it is read.
async fn stage<S: Store>(
    app: &App<S>,
    report: WrittenReport,
    original: Option<&Body>,
) -> mailstore::Result<Staged> {
    let mut upload = app.store.upload();
    upload.write(ReturnPath(&ReversePath::Null).to_string().as_bytes()).await?;
    upload.write(&report.head).await?;
    if let Some(original) = original.filter(|_| report.whole) {
        let mut reader = original.reader();
        while let Some(chunk) = reader.chunk().await? {
            upload.write(&chunk).await?;
        }
    }
    upload.write(&report.tail).await?;
    upload.finish().await
}

fn date(time: Timestamp) -> Date {
    Date::from_unix(time.secs().try_into().unwrap_or_default())
}
