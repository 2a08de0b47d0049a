//! One attempt for one envelope: domain by domain, server by server.

use super::{
    Attempted,
    transfer::{self, Result as Transferred},
};
use crate::{
    app::App,
    config::RelayTls,
    dns::{Hop, NoRoute},
    smtp::{EIGHT_BIT, forward_path},
};
use mailstore::{Body, Envelope, Store, Timestamp};
use smtp_proto::{
    Body as Octets, EnhancedCode, ForwardPath, Mailbox, ReversePath, client::Envelope as Wanted,
    delivery::Outcome,
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time;
use tracing::debug;

/// One server gets this long for everything.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Recipients of one domain, and their places in the envelope.
type Group = Vec<(usize, ForwardPath<'static>)>;

/// Tries all recipients that are due.
pub(super) async fn attempt<S: Store>(app: &App<S>, envelope: &Envelope) -> Vec<Attempted> {
    let mut attempted = Vec::new();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (index, recipient) in envelope.due_at(Timestamp::now()) {
        match forward_path(&recipient.address) {
            Some(path) => {
                let domain = path.mailbox().map(|mailbox| mailbox.domain().as_str()).unwrap_or("");
                groups.entry(domain.to_ascii_lowercase()).or_default().push((index, path.clone()));
            }
            None => attempted.push(failed(index, (5, 1, 3), "not a mail address")),
        }
    }
    let body = match app.store.body(envelope.message).await {
        Ok(body) => body,
        Err(error) => {
            let all = groups.into_values().flatten();
            attempted.extend(all.map(|(index, _)| deferred(index, &error.to_string(), None)));
            return attempted;
        }
    };
    for (domain, group) in groups {
        attempted.extend(to_domain(app, envelope, &body, &domain, group).await);
    }
    attempted
}

/// Tries the servers of a domain in their order, until each recipient has an answer.
async fn to_domain<S: Store>(
    app: &App<S>,
    envelope: &Envelope,
    body: &Body,
    domain: &str,
    mut group: Group,
) -> Vec<Attempted> {
    let hops = match app.dns.route(domain, &app.config.hostname).await {
        Ok(hops) => hops,
        Err(NoRoute::Permanent { status, why }) => {
            let (status, _) = EnhancedCode::split(status);
            let status = status.unwrap_or(EnhancedCode::new(5, 4, 4));
            let failed = |(index, _)| Attempted {
                recipient: index,
                outcome: Outcome::Failed { status, diagnostic: why.clone() },
                remote: None,
            };
            return group.into_iter().map(failed).collect();
        }
        Err(error @ NoRoute::Temporary { .. }) => {
            let why = error.to_string();
            return group.into_iter().map(|(index, _)| deferred(index, &why, None)).collect();
        }
    };
    let mut attempted = Vec::new();
    let mut last_error = "no server to try".to_owned();
    let mut last_hop = None;
    for hop in hops {
        if group.is_empty() {
            break;
        }
        let wanted = wanted(envelope, &group);
        let Transferred { outcomes, error } = through(app, &hop, &wanted, body).await;
        for (place, outcome) in outcomes {
            if let Some((index, _)) = group.get(place) {
                let remote = Some(hop.name.clone());
                attempted.push(Attempted { recipient: *index, outcome, remote });
            }
        }
        group.retain(|(index, _)| attempted.iter().all(|done| done.recipient != *index));
        if let Some(error) = error {
            debug!(server = hop.name, address = %hop.address, error, "no answer");
            last_error = format!("{} [{}]: {error}", hop.name, hop.address);
        }
        last_hop = Some(hop.name);
    }
    let left = group.into_iter();
    attempted.extend(left.map(|(index, _)| deferred(index, &last_error, last_hop.clone())));
    attempted
}

/// One server, with TLS if it can be had. Where the handshake fails and TLS is not demanded, the
/// message goes without it: RFC 7435 §3.
async fn through<S: Store>(app: &App<S>, hop: &Hop, wanted: &Wanted, body: &Body) -> Transferred {
    let verified = app.config.relay.tls == RelayTls::Verified;
    let mut plain = false;
    loop {
        let transfer = transfer::transfer(app, hop, wanted, body, plain);
        match time::timeout(LONGEST, transfer).await {
            Ok(Err(transfer::NoTls(error))) if verified || plain => {
                return Transferred { outcomes: Vec::new(), error: Some(error) };
            }
            Ok(Err(transfer::NoTls(error))) => {
                debug!(server = hop.name, error, "no TLS; trying without");
                plain = true;
            }
            Ok(Ok(transferred)) => return transferred,
            Err(_) => {
                let error = Some("took too long".to_owned());
                return Transferred { outcomes: Vec::new(), error };
            }
        }
    }
}

fn wanted(envelope: &Envelope, group: &Group) -> Wanted {
    let from = match Mailbox::parse(&envelope.reverse_path) {
        Ok(mailbox) => ReversePath::Mailbox(mailbox.into_owned()),
        Err(_) => ReversePath::Null,
    };
    let to = group.iter().map(|(_, path)| path.clone());
    let mut wanted = Wanted::new(from, to);
    wanted.mail.params.size = Some(envelope.size);
    if envelope.params == EIGHT_BIT {
        wanted.mail.params.body = Some(Octets::EightBitMime);
    }
    wanted
}

fn failed(recipient: usize, (class, subject, detail): (u8, u16, u16), why: &str) -> Attempted {
    let status = EnhancedCode::new(class, subject, detail);
    let outcome = Outcome::Failed { status, diagnostic: why.to_owned() };
    Attempted { recipient, outcome, remote: None }
}

fn deferred(recipient: usize, why: &str, remote: Option<String>) -> Attempted {
    Attempted { recipient, outcome: Outcome::Deferred(why.to_owned()), remote }
}
