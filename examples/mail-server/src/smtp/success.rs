//! Telling a sender who wants to hear of it that a message has arrived (RFC 3461 §5.2.2).

use super::{intake::Addressee, policy::Recipient};
use crate::{app::App, relay};
use mailstore::{Envelope, EnvelopeId, MessageId, NewEnvelope, Store, Timestamp};
use smtp_proto::{
    EnhancedCode, Mail,
    delivery::{Action, ReportedRecipient},
    trace::Date,
};
use tracing::warn;

/// Reports to the sender which local recipients have the message. It is stored by now: a failure here
/// is logged, and the sender hears nothing.
pub(super) async fn report<S: Store>(
    app: &App<S>,
    mail: &Mail<'_>,
    addressees: &[Addressee],
    message: MessageId,
    size: u64,
) {
    let reported: Vec<_> = addressees.iter().filter_map(delivered).collect();
    let Some(sender) = mail.from.mailbox().filter(|_| !reported.is_empty()) else { return };
    let mut new = NewEnvelope::new(sender.as_str(), Vec::new());
    new.params = mail.params.to_string();
    let envelope = Envelope::new(EnvelopeId::new(0), message, size, Timestamp::now(), new);
    let told = async {
        if let Some(report) = relay::report(app, &envelope, &reported).await? {
            app.store.deliver(report).await?;
        }
        Ok::<_, crate::accounts::AccountError>(())
    };
    if let Err(error) = told.await {
        warn!(%error, from = %mail.from, "the sender is not told that a message has arrived");
    }
}

fn delivered(Addressee { recipient, params }: &Addressee) -> Option<ReportedRecipient> {
    let Recipient::Local { path, receivers } = recipient else { return None };
    // RFC 3461 §5.2.7.2: a list of several takes the message over.
    let action = if receivers.len() > 1 { Action::Expanded } else { Action::Delivered };
    if !action.wanted(params.notify) {
        return None;
    }
    let code = EnhancedCode::new(2, 1, 5);
    let mut reported = ReportedRecipient::new(path.address(), action, code);
    reported.orcpt.clone_from(&params.orcpt);
    reported.last_attempt = Some(Date::from_unix(crate::unique::seconds()));
    Some(reported)
}
