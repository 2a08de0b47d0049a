//! A message on its way in: trace fields on top, header repaired, checked, stored in one step.

use super::{
    policy::{self, Recipient},
    scrutiny::Scrutiny,
};
use crate::{app::App, config::CheckPolicy, facts, relay::Arrival, trust, unique};
use mailstore::{
    Account, AccountId, Delivery, MailboxId, NewEnvelope, NewRecipient, SpecialUse, Staged, Store,
    Target, Upload,
};
use smtp_proto::{
    Body, ForwardPath, Mail, MailParams, RcptParams, Reply, ReversePath,
    delivery::check_received,
    header::{HeaderFilter, header_of},
    trace::{Date, Received, ReturnPath, With},
};
use std::{collections::BTreeMap, net::IpAddr};
use tracing::{error, info, warn};

/// The author is looked for in the first octets.
const HEADER: u64 = 64 * 1024;

/// Where a message comes from.
pub(super) struct Trail<'a> {
    /// What the client called itself.
    pub(super) client: &'a str,
    pub(super) ip: IpAddr,
    pub(super) with: With,
    /// A server that has looked at it already.
    pub(super) is_trusted: bool,
}

/// Someone a message goes to, with the sender's wishes.
pub(super) struct Addressee {
    pub(super) recipient: Recipient,
    pub(super) params: RcptParams<'static>,
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
    /// Whose submission it is.
    author: Option<Account>,
    /// What is to be written above it, once its sender has been looked at.
    scrutiny: Option<Scrutiny>,
}

impl Intake {
    /// `author` is the user who submits it, if it is a submission.
    pub(super) fn new<S: Store>(
        app: &App<S>,
        trail: &Trail<'_>,
        author: Option<Account>,
        from: &ReversePath<'_>,
        addressees: &[Addressee],
    ) -> Self {
        let (id, date) = (unique::word(), Date::from_unix(unique::seconds()));
        let config = app.config();
        let host = &config.hostname;
        let only = match addressees {
            [only] => Some(only.recipient.path()),
            _ => None,
        };
        let received = Received {
            client_name: trail.client,
            client_ip: Some(trail.ip),
            host,
            with: trail.with,
            id: &id,
            recipient: only.as_ref(),
            date,
        };
        // The copy for another server goes without Return-Path: the relay takes it out again.
        let (return_path, received) = (ReturnPath(from).to_string(), received.to_string());
        let mut filter = HeaderFilter::new();
        filter.remove("Return-Path");
        let is_checked = author.is_none()
            && config.checks.policy != CheckPolicy::Off
            && !trail.is_trusted
            && !config.is_exempt(trail.ip);
        if author.is_some() || !(trail.is_trusted || config.is_exempt(trail.ip)) {
            // RFC 8601 §5: only what is written here, or by who is trusted, can be believed.
            filter.remove("Authentication-Results");
        }
        if let Some(author) = &author {
            // RFC 6409 §8 and RFC 5322 §3.6.3: what the envelope says of blind copies stays there.
            filter.remove("Bcc");
            filter.remove("Resent-Bcc");
            filter.require("Date", &date.to_string());
            filter.require("From", &format!("<{}>", author.login));
            filter.require("Message-ID", &format!("<{id}@{host}>"));
        }
        let (filtered, scrutiny) = match is_checked || !app.filters().is_empty() {
            false => (format!("{return_path}{received}").into_bytes(), None),
            true => {
                let scrutiny = Scrutiny {
                    ip: trail.ip.to_canonical(),
                    client: trail.client.to_owned(),
                    user: author.as_ref().map(|author| author.login.clone()),
                    id: id.clone(),
                    return_path,
                    received,
                    is_checked,
                };
                (Vec::new(), Some(scrutiny))
            }
        };
        let upload = app.store.upload();
        Self { id, filter, upload, filtered, eight_bit: false, failed: None, author, scrutiny }
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

    /// Stores the message, and says so only once it is durable: for all its recipients; or, where `full`
    /// takes the places of those who have no room, for the others.
    pub(super) async fn finish<S: Store>(
        mut self,
        app: &App<S>,
        mail: &Mail<'_>,
        mut addressees: Vec<Addressee>,
        full: Option<&mut Vec<usize>>,
    ) -> Result<Reply, Reply> {
        self.filter.finish(&mut self.filtered);
        if self.failed.is_none() {
            self.flush().await;
        }
        if let Some(error) = self.failed {
            return Err(refusal(&error));
        }
        check_received(self.filter.received())?;
        let mut staged = self.upload.finish().await.map_err(|error| refusal(&error))?;
        let mut is_junk = false;
        if let Some(author) = self.author.as_ref().filter(|_| app.config().accounts.own_from) {
            own_from(app, author, &staged).await?;
        }
        if let Some(scrutiny) = &self.scrutiny {
            (staged, is_junk) = scrutiny.run(app, mail, &addressees, staged).await?;
        }
        if let Some(full) = full {
            let all = addressees.len();
            for (place, addressee) in addressees.iter().enumerate() {
                match policy::is_full(app, &addressee.recipient, staged.size()).await {
                    Ok(true) => full.push(place),
                    Ok(false) => {}
                    Err(error) => return Err(refusal(&error)),
                }
            }
            let mut place = 0..all;
            addressees.retain(|_| place.next().is_some_and(|place| !full.contains(&place)));
            if addressees.is_empty() {
                return Err(Reply::new(452, "4.2.2 The mailbox is full"));
            }
        }
        let id = self.id;
        let (size, eight_bit) = (staged.size(), self.eight_bit);
        let stored = async {
            let delivery = delivery(app, staged, eight_bit, is_junk, mail, &addressees).await?;
            app.store.deliver(delivery).await
        };
        stored.await.map_err(|error| refusal(&error))?;
        info!(id, size, from = %mail.from, recipients = addressees.len(), is_junk, "message accepted");
        Ok(Reply::new(250, format!("2.0.0 Accepted as {id}")))
    }
}

/// Whether each address in From is one of the user's own: others would take a signature of this server
/// for its word on who wrote it.
async fn own_from<S: Store>(app: &App<S>, author: &Account, staged: &Staged) -> Result<(), Reply> {
    let end = staged.size().min(HEADER);
    let start = staged.body().read(0..end).await.map_err(|error| refusal(&error))?;
    for address in trust::author_addresses(&start) {
        match policy::is_theirs(app, author, &address).await {
            Ok(true) => {}
            Ok(false) => return Err(Reply::new(550, "5.7.1 From is not an address of yours")),
            Err(error) => return Err(policy::unavailable(&error)),
        }
    }
    Ok(())
}

async fn delivery<S: Store>(
    app: &App<S>,
    staged: Staged,
    eight_bit: bool,
    is_junk: bool,
    mail: &Mail<'_>,
    addressees: &[Addressee],
) -> mailstore::Result<Delivery> {
    let facts = facts::of(&staged).await?;
    // RFC 6531 §3.2: other characters than ASCII in a header go to servers with SMTPUTF8 only.
    let utf8_header = eight_bit && {
        let start = staged.body().read(0..staged.size().min(HEADER)).await?;
        !header_of(&start).is_ascii()
    };
    let mut delivery = Delivery::new(staged).facts(facts);
    let mut accounts = Vec::new();
    // One envelope for each domain: none waits for another.
    let mut remote: BTreeMap<String, Vec<NewRecipient>> = BTreeMap::new();
    // Who wants to hear that the message is here is told by the queue, which has it in the same step.
    let mut arrived: BTreeMap<Arrival, Vec<NewRecipient>> = BTreeMap::new();
    for Addressee { recipient, params } in addressees {
        match recipient {
            Recipient::Local { path, receivers } => {
                accounts.extend(receivers.iter().copied());
                // RFC 3461 §5.2.7.2: a list of several takes the message over.
                let arrival =
                    if receivers.len() > 1 { Arrival::Expanded } else { Arrival::Delivered };
                if arrival.action().wanted(params.notify) && mail.from.mailbox().is_some() {
                    let mut recipient = NewRecipient::new(path.address());
                    recipient.params = params.to_string();
                    arrived.entry(arrival).or_default().push(recipient);
                }
            }
            Recipient::Remote(mailbox) => {
                let mut recipient = NewRecipient::new(mailbox.as_str());
                recipient.params = params.to_string();
                let domain = mailbox.domain().as_str().to_ascii_lowercase();
                remote.entry(domain).or_default().push(recipient);
            }
        }
    }
    // Two addresses of one user are one copy.
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        delivery = delivery.to(Target::new(mailbox(app, account, is_junk).await?));
    }
    let from = mail.from.mailbox().map_or("", |mailbox| mailbox.as_str());
    for (arrival, recipients) in arrived {
        let mut envelope = NewEnvelope::new(from, recipients);
        envelope.params = arrival.mark(&mail.params.to_string());
        delivery = delivery.queued(envelope);
    }
    for recipients in remote.into_values() {
        let mut envelope = NewEnvelope::new(from, recipients);
        envelope.params = onward(&mail.params, eight_bit, utf8_header).to_string();
        delivery = delivery.queued(envelope);
    }
    Ok(delivery)
}

/// Where a user's new mail goes.
async fn mailbox<S: Store>(
    app: &App<S>,
    account: AccountId,
    is_junk: bool,
) -> mailstore::Result<MailboxId> {
    if is_junk {
        let all = app.store.mailboxes(account).await?;
        let junk = all.iter().find(|mailbox| mailbox.special_use == Some(SpecialUse::Junk));
        if let Some(junk) = junk {
            return Ok(junk.id);
        }
    }
    Ok(app.store.mailbox(account, "INBOX").await?.id)
}

/// What the next server is to be told of the parameters of MAIL.
fn onward<'a>(params: &MailParams<'a>, eight_bit: bool, utf8_header: bool) -> MailParams<'a> {
    let mut onward = params.clone();
    onward.smtp_utf8 |= utf8_header;
    (onward.size, onward.auth) = (None, None);
    if eight_bit && onward.body.is_none_or(|body| body == Body::SevenBit) {
        onward.body = Some(Body::EightBitMime);
    }
    onward
}

/// What the client is told when the store cannot take the message.
pub(super) fn refusal(failure: &mailstore::Error) -> Reply {
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
