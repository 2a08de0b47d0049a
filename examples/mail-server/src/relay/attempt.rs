//! One attempt for one envelope: domain by domain, server by server.

use super::{
    Attempted,
    transfer::{self, Letter, Result as Transferred, Without},
    wishes,
};
use crate::{app::App, config::RelayTls, smtp::forward_path};
use mailstore::{Envelope, Store, Timestamp};
use smtp_proto::{
    EnhancedCode, ForwardPath,
    client::Envelope as Wanted,
    delivery::{Hop, Outcome},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time;
use tracing::debug;

/// One server gets this long for everything. Each step has its own limit, and those of RFC 5321
/// §4.5.3.2 add up to more than half an hour for a server that may take the message.
const LONGEST: Duration = Duration::from_secs(60 * 60);

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
            None => {
                let status = EnhancedCode::new(5, 1, 3);
                let outcome = Outcome::failed(status, "not a mail address");
                attempted.push(Attempted { recipient: index, outcome });
            }
        }
    }
    let letter = match Letter::open(app, envelope).await {
        Ok(letter) => letter,
        Err(error) => {
            let all = groups.into_values().flatten();
            let outcome = Outcome::deferred(EnhancedCode::new(4, 3, 0), error.to_string());
            attempted.extend(
                all.map(|(recipient, _)| Attempted { recipient, outcome: outcome.clone() }),
            );
            return attempted;
        }
    };
    for (domain, group) in groups {
        attempted.extend(to_domain(app, envelope, &letter, &domain, group).await);
    }
    attempted
}

/// Tries the servers of a domain in their order, until each recipient has an answer.
async fn to_domain<S: Store>(
    app: &App<S>,
    envelope: &Envelope,
    letter: &Letter,
    domain: &str,
    mut group: Group,
) -> Vec<Attempted> {
    let hops = match app.dns().route(domain, &app.config().hostname).await {
        Ok(hops) => hops,
        Err(no_route) => return all(group, &no_route.outcome()),
    };
    let mut attempted = Vec::new();
    let mut last_error = "no server to try".to_owned();
    for hop in hops {
        if group.is_empty() {
            break;
        }
        let wanted_here = wanted(envelope, letter, &group);
        let mut done = through(app, &hop, &wanted_here, letter, true).await;
        settle(&mut group, &hop, done.outcomes, &mut attempted);
        if done.bdat_unknown && !group.is_empty() {
            debug!(server = hop.host, "offers CHUNKING and does not know BDAT; trying DATA");
            let wanted_here = wanted(envelope, letter, &group);
            done = through(app, &hop, &wanted_here, letter, false).await;
            settle(&mut group, &hop, done.outcomes, &mut attempted);
        }
        if let Some(error) = done.error {
            debug!(server = hop.host, address = %hop.address, error, "no answer");
            last_error = format!("{} [{}]: {error}", hop.host, hop.address);
        }
    }
    // RFC 3463 §3.5: X.4.1, no answer from host.
    attempted.extend(all(group, &Outcome::deferred(EnhancedCode::new(4, 4, 1), last_error)));
    attempted
}

/// What a server has decided: those recipients leave the group.
fn settle(
    group: &mut Group,
    hop: &Hop,
    outcomes: Vec<(usize, Outcome)>,
    attempted: &mut Vec<Attempted>,
) {
    for (place, outcome) in outcomes {
        if let Some((index, _)) = group.get(place) {
            attempted.push(Attempted { recipient: *index, outcome: outcome.at(&hop.host) });
        }
    }
    group.retain(|(index, _)| attempted.iter().all(|done| done.recipient != *index));
}

/// One outcome for all of them.
fn all(group: Group, outcome: &Outcome) -> Vec<Attempted> {
    let attempted = |(recipient, _)| Attempted { recipient, outcome: outcome.clone() };
    group.into_iter().map(attempted).collect()
}

/// One server, with TLS if it can be had. Where the handshake fails and TLS is not demanded, the
/// message goes without it: RFC 7435 §3.
async fn through<S: Store>(
    app: &App<S>,
    hop: &Hop,
    wanted: &Wanted,
    letter: &Letter,
    chunking: bool,
) -> Transferred {
    let verified = app.config().relay.tls == RelayTls::Verified;
    let mut without = Without { tls: false, bdat: !chunking };
    let mut done = Transferred::default();
    loop {
        let transfer = transfer::transfer(app, hop, wanted, letter, without, &mut done);
        match time::timeout(LONGEST, transfer).await {
            Ok(Err(transfer::NoTls(error))) if verified || without.tls => done.error = Some(error),
            Ok(Err(transfer::NoTls(error))) => {
                debug!(server = hop.host, error, "no TLS; trying without");
                without.tls = true;
                continue;
            }
            Ok(Ok(())) => {}
            // What the server has decided stands: those recipients are not tried again.
            Err(_) => done.error = Some("took too long".to_owned()),
        }
        return done;
    }
}

/// The envelope for these recipients, with what the sender asked for.
fn wanted(envelope: &Envelope, letter: &Letter, group: &Group) -> Wanted {
    let mut mail = wishes::mail(envelope);
    mail.params.size = Some(envelope.size.saturating_add(letter.signatures.len() as u64));
    wishes::count_from(&mut mail, Timestamp::now().since(envelope.created));
    let mut wanted = Wanted::new(mail.from.clone(), group.iter().map(|(_, path)| path.clone()));
    wanted.mail = mail;
    for (rcpt, (index, _)) in wanted.rcpts.iter_mut().zip(group) {
        if let Some(recipient) = envelope.recipients.get(*index) {
            rcpt.params = wishes::rcpt(recipient);
        }
    }
    wanted
}
