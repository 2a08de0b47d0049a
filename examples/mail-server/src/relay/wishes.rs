//! What the sender asked for, and what it has been told, as the queue keeps it.
//!
//! `params` of an envelope and of a recipient are the parameters of MAIL and RCPT as a client writes
//! them: `BODY=8BITMIME RET=HDRS ENVID=QQ314159`, `NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@b.test`.

use super::Arrival;
use mailstore::{Envelope, Recipient};
use smtp_proto::{
    Body, Command, DeliverMode, Leniency, Mail, Mailbox, RcptParams, ReversePath,
    delivery::Deadline, parse,
};
use std::time::Duration;

/// `Recipient::note` once the sender knows that the message waits.
pub(super) const DELAY_REPORTED: &str = "delay reported";

/// MAIL as it came, without what this server has dealt with itself.
pub(super) fn mail(envelope: &Envelope) -> Mail<'static> {
    let from = match Mailbox::parse(&envelope.reverse_path) {
        Ok(mailbox) => ReversePath::Mailbox(mailbox.into_owned()),
        Err(_) => ReversePath::Null,
    };
    let mut mail = Mail::new(from);
    let line = format!("MAIL FROM:<> {}", Arrival::unmarked(&envelope.params).trim());
    if let Ok(Command::Mail(said)) = parse::command(line.as_bytes(), Leniency::default()) {
        mail.params = said.into_owned().params;
        // It is no longer to be held, and the next server has no reason to believe a name.
        mail.params.hold = None;
        mail.params.auth = None;
    }
    mail
}

/// The parameters of RCPT as they came.
pub(super) fn rcpt(recipient: &Recipient) -> RcptParams<'static> {
    let line = format!("RCPT TO:<Postmaster> {}", recipient.params.trim());
    match parse::command(line.as_bytes(), Leniency::default()) {
        Ok(Command::Rcpt(rcpt)) => rcpt.into_owned().params,
        _ => RcptParams::default(),
    }
}

/// Until when the message is to be delivered.
pub(super) fn deadline(mail: &Mail<'_>, arrival: Duration) -> Option<Deadline> {
    mail.params.deliver_by.map(|by| Deadline::new(by, arrival))
}

/// Has the deadline count from now on, as the next server takes it (RFC 2852 §4).
pub(super) fn count_from(mail: &mut Mail<'_>, age: Duration) {
    if let Some(by) = &mut mail.params.deliver_by {
        let passed = i32::try_from(age.as_secs()).unwrap_or(i32::MAX);
        // A message that is to go back must leave some time.
        let least = if by.mode == DeliverMode::Return { 1 } else { -999_999_999 };
        by.seconds = by.seconds.saturating_sub(passed).max(least);
    }
}

/// Whether the sender knows that the message waits.
pub(super) fn delay_reported(recipient: &Recipient) -> bool {
    recipient.note == DELAY_REPORTED
}

/// What the octets of the message are.
pub(super) fn body(mail: &Mail<'_>) -> Body {
    mail.params.body.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailstore::{EnvelopeId, MessageId, NewEnvelope, Timestamp};
    use smtp_proto::{Notify, Ret};

    fn envelope(params: &str) -> Envelope {
        let mut new = NewEnvelope::new("alice@a.test", vec![]);
        new.params = params.into();
        let created = Timestamp::from_secs(0);
        Envelope::new(EnvelopeId::new(1), MessageId::new(1), 0, created, new)
    }

    #[test]
    fn the_parameters_of_rcpt_are_read() {
        let mut bob = Recipient::new("bob@b.test", Timestamp::from_secs(0));
        assert_eq!((rcpt(&bob), delay_reported(&bob)), (RcptParams::default(), false));
        bob.params = " NOTIFY=SUCCESS,delay ORCPT=rfc822;Bob+2B@b.test".into();
        bob.note = DELAY_REPORTED.into();
        let params = rcpt(&bob);
        assert_eq!(params.notify, Some(Notify { success: true, failure: false, delay: true }));
        assert_eq!(params.orcpt.unwrap().address().decode(), "Bob+@b.test");
        assert!(delay_reported(&bob));
        bob.params = "NONSENSE".into();
        assert_eq!(rcpt(&bob), RcptParams::default());
    }

    #[test]
    fn the_parameters_of_mail_are_read_and_go_on_but_for_those_that_are_done() {
        let plain = mail(&envelope(""));
        assert_eq!(plain.from.to_string(), "<alice@a.test>");
        assert_eq!((body(&plain), plain.params.ret), (Body::SevenBit, None));
        assert_eq!(body(&mail(&envelope("BODY=8BITMIME"))), Body::EightBitMime);
        let params = "BODY=8BITMIME RET=FULL ENVID=QQ+2B1 HOLDFOR=60 AUTH=x BY=100;N";
        let said = mail(&envelope(params));
        assert_eq!(said.params.ret, Some(Ret::Full));
        assert_eq!(said.params.to_string(), " BODY=8BITMIME RET=FULL ENVID=QQ+2B1 BY=100;N");
    }

    #[test]
    fn a_mark_is_no_parameter() {
        let marked = envelope(&Arrival::Expanded.mark(" RET=FULL ENVID=QQ+2B1"));
        assert_eq!(mail(&marked).params.to_string(), " RET=FULL ENVID=QQ+2B1");
        assert_eq!(Arrival::of(&marked), Some(Arrival::Expanded));
        assert_eq!(Arrival::of(&envelope("RET=FULL")), None);
    }

    #[test]
    fn a_deadline_counts_from_the_arrival_and_goes_on_as_what_is_left() {
        let arrival = Duration::from_secs(1_700_000_000);
        let mut said = mail(&envelope("BY=100;R"));
        assert_eq!(deadline(&said, arrival).unwrap().at, arrival + Duration::from_secs(100));
        assert_eq!(deadline(&mail(&envelope("")), arrival), None);
        count_from(&mut said, Duration::from_secs(40));
        assert_eq!(said.params.to_string(), " BY=60;R");
        count_from(&mut said, Duration::from_secs(100));
        assert_eq!(said.params.to_string(), " BY=1;R");
        let mut said = mail(&envelope("BY=10;N"));
        count_from(&mut said, Duration::from_secs(40));
        assert_eq!(said.params.to_string(), " BY=-30;N");
    }
}
