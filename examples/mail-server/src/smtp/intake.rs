//! A message on its way in: trace fields on top, header repaired, staged, stored in one step.

use super::policy::Recipient;
use crate::{facts, unique};
use mailstore::{Account, Delivery, NewEnvelope, NewRecipient, Staged, Store, Target, Upload};
use smtp_proto::{
    ForwardPath, Reply, ReversePath,
    delivery::check_received,
    header::HeaderFilter,
    trace::{Date, Received, ReturnPath, With},
};
use std::net::IpAddr;
use tracing::{error, info, warn};

/// What `Envelope::params` says of a message with octets beyond ASCII.
const EIGHT_BIT: &str = "BODY=8BITMIME";

/// Where a message comes from.
pub(super) struct Trail<'a> {
    pub(super) client_name: &'a str,
    pub(super) client_ip: IpAddr,
    pub(super) host: &'a str,
    pub(super) with: With,
}

/// A message that is being received.
pub(super) struct Intake {
    id: String,
    filter: HeaderFilter,
    upload: Upload,
    /// Filled by the filter, written to the upload, emptied, filled again.
    filtered: Vec<u8>,
    eight_bit: bool,
    failed: Option<mailstore::Error>,
}

impl Intake {
    /// `author` is the user who submits it, if it is a submission.
    pub(super) fn new(
        upload: Upload,
        trail: &Trail<'_>,
        author: Option<&Account>,
        from: &ReversePath<'_>,
        recipients: &[Recipient],
    ) -> Self {
        let (id, date) = (unique::word(), Date::from_unix(unique::seconds()));
        let only = match recipients {
            [only] => Some(only.path()),
            _ => None,
        };
        let received = Received {
            client_name: trail.client_name,
            client_ip: Some(trail.client_ip),
            host: trail.host,
            with: trail.with,
            id: &id,
            recipient: only.as_ref(),
            date,
        };
        // The copy for another server goes without Return-Path: the relay takes it out again.
        let filtered = format!("{}{received}", ReturnPath(from)).into_bytes();
        let mut filter = HeaderFilter::new();
        filter.remove("Return-Path");
        if let Some(author) = author {
            // RFC 6409 §8 and RFC 5322 §3.6.3: what the envelope says of blind copies stays there.
            filter.remove("Bcc");
            filter.remove("Resent-Bcc");
            filter.require("Date", &date.to_string());
            filter.require("From", &format!("<{}>", author.login));
            filter.require("Message-ID", &format!("<{id}@{}>", trail.host));
        }
        Self { id, filter, upload, filtered, eight_bit: false, failed: None }
    }

    /// Takes a piece. A failure is remembered and told when the message is whole.
    pub(super) async fn write(&mut self, octets: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.eight_bit |= !octets.is_ascii();
        self.filter.push(octets, &mut self.filtered);
        self.flush().await;
    }

    async fn flush(&mut self) {
        if let Err(error) = self.upload.write(&self.filtered).await {
            self.failed = Some(error);
        }
        self.filtered.clear();
    }

    /// Stores the message for all its recipients, and says so only once it is durable.
    pub(super) async fn finish(
        mut self,
        store: &impl Store,
        from: &ReversePath<'_>,
        recipients: &[Recipient],
    ) -> Reply {
        self.filter.finish(&mut self.filtered);
        if self.failed.is_none() {
            self.flush().await;
        }
        if let Some(error) = self.failed {
            return refusal(&error);
        }
        if let Err(reply) = check_received(self.filter.received()) {
            return reply;
        }
        let (id, eight_bit) = (self.id, self.eight_bit);
        let stored = async {
            let staged = self.upload.finish().await?;
            let size = staged.size();
            store.deliver(delivery(staged, eight_bit, from, recipients).await?).await?;
            Ok(size)
        };
        match stored.await {
            Ok(size) => {
                info!(id, size, %from, recipients = recipients.len(), "message accepted");
                Reply::new(250, format!("2.0.0 Accepted as {id}"))
            }
            Err(error) => refusal(&error),
        }
    }
}

async fn delivery(
    staged: Staged,
    eight_bit: bool,
    from: &ReversePath<'_>,
    recipients: &[Recipient],
) -> mailstore::Result<Delivery> {
    let facts = facts::of(&staged).await?;
    let mut delivery = Delivery::new(staged).facts(facts);
    let mut inboxes = Vec::new();
    let mut remote = Vec::new();
    for recipient in recipients {
        match recipient {
            Recipient::Local { inboxes: more, .. } => inboxes.extend(more.iter().copied()),
            Recipient::Remote(mailbox) => remote.push(NewRecipient::new(mailbox.as_str())),
        }
    }
    // Two addresses of one user are one copy.
    inboxes.sort_unstable();
    inboxes.dedup();
    for inbox in inboxes {
        delivery = delivery.to(Target::new(inbox));
    }
    if !remote.is_empty() {
        let from = from.mailbox().map_or("", |mailbox| mailbox.as_str());
        let mut envelope = NewEnvelope::new(from, remote);
        if eight_bit {
            envelope.params = EIGHT_BIT.into();
        }
        delivery = delivery.queued(envelope);
    }
    Ok(delivery)
}

/// What the client is told when the store cannot take the message.
fn refusal(failure: &mailstore::Error) -> Reply {
    match failure {
        mailstore::Error::Full => {
            warn!("no space left: a message was refused");
            Reply::new(452, "4.3.1 No space left at present")
        }
        mailstore::Error::OverQuota { .. } => Reply::new(452, "4.2.2 A mailbox is full"),
        failure => {
            error!(error = %failure, "a message could not be stored");
            Reply::new(451, "4.3.0 The message could not be stored; try again")
        }
    }
}

/// The path of a recipient in the queue, which was one when it came in.
pub(crate) fn forward_path(address: &str) -> Option<ForwardPath<'static>> {
    let mailbox = smtp_proto::Mailbox::parse(address).ok()?;
    Some(ForwardPath::Mailbox(mailbox.into_owned()))
}
