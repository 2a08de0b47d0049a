//! One attempt for one envelope: domain by domain, server by server.

use super::{
    Arrival, Attempted, Relay, route,
    target::{Security, Target},
    transfer::{self, Again, Letter, Transferred},
    wishes,
};
use crate::smtp::forward_path;
use mailstore::{Envelope, Store, Timestamp};
use smtp_proto::{EnhancedCode, ForwardPath, client::Envelope as Wanted, delivery::Outcome};
use std::{collections::BTreeMap, time::Duration};
use tokio::time;
use tracing::{debug, warn};

/// One server gets this long for everything. Each step has its own limit, and those of RFC 5321
/// §4.5.3.2 add up to more than half an hour for a server that may take the message.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Recipients of one domain, and their places in the envelope.
type Group = Vec<(usize, ForwardPath<'static>)>;

/// Tries all recipients that are due.
pub(super) async fn attempt<S: Store>(relay: &Relay<S>, envelope: &Envelope) -> Vec<Attempted> {
    if let Some(arrival) = Arrival::of(envelope) {
        let arrived = |(recipient, _)| Attempted { recipient, outcome: arrival.outcome() };
        return envelope.due_at(Timestamp::now()).map(arrived).collect();
    }
    let mut attempted = Vec::new();
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (index, recipient) in envelope.due_at(Timestamp::now()) {
        match forward_path(&recipient.address) {
            Some(path) => {
                groups.entry(domain(&recipient.address)).or_default().push((index, path));
            }
            None => {
                let status = EnhancedCode::new(5, 1, 3);
                let outcome = Outcome::failed(status, "not a mail address");
                attempted.push(Attempted { recipient: index, outcome });
            }
        }
    }
    let letter = match Letter::open(&relay.app, envelope).await {
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
        attempted.extend(to_domain(relay, envelope, &letter, &domain, group).await);
    }
    attempted
}

/// Tries the servers of a domain in their order, until each recipient has an answer.
async fn to_domain<S: Store>(
    relay: &Relay<S>,
    envelope: &Envelope,
    letter: &Letter,
    domain: &str,
    mut group: Group,
) -> Vec<Attempted> {
    let targets = match route::targets(relay, domain).await {
        Ok(targets) => targets,
        Err(outcome) => return all(group, &outcome),
    };
    let mut attempted = Vec::new();
    // RFC 3463 §3.5: X.4.1, no answer from host.
    let mut status = EnhancedCode::new(4, 4, 1);
    let mut last_error = "no server to try".to_owned();
    // RFC 8689 §4.2.1; reports go all the same.
    let requires_tls =
        wishes::mail(envelope).params.require_tls && !envelope.reverse_path.is_empty();
    for mut target in targets {
        if let Err(why) = demand(&mut target, requires_tls, letter) {
            (status, last_error) = (EnhancedCode::new(5, 7, 10), why);
            continue;
        }
        while !group.is_empty() {
            let wanted_here = wanted(envelope, letter, &group);
            let done = through(relay, &target, &wanted_here, letter).await;
            settle(&mut group, &target, done.outcomes, &mut attempted);
            let Some(error) = done.error else { break };
            let Target { host, address, .. } = &target;
            debug!(id = %envelope.id, server = host, %address, error, again = ?done.again, "no answer");
            last_error = format!("{host} [{}]: {error}", address.ip());
            status = match done.again {
                _ if done.no_requiretls => EnhancedCode::new(5, 7, 30),
                Some(Again::WithoutTls) if requires_tls => EnhancedCode::new(5, 7, 10),
                // X.7.5, cryptographic failure.
                Some(Again::WithoutTls) => EnhancedCode::new(4, 7, 5),
                _ => EnhancedCode::new(4, 4, 1),
            };
            if done.in_doubt && !group.is_empty() {
                // RFC 5321 §4.5.3.2.6: rather twice than never; and not at once, as it may be there.
                warn!(
                    id = %envelope.id, server = host, recipients = group.len(), error,
                    "broke off after the end of the message, which may arrive twice"
                );
                let outcome = Outcome::deferred(EnhancedCode::new(4, 4, 2), last_error);
                attempted.extend(all(group, &outcome.at(host)));
                return attempted;
            }
            match done.again {
                Some(Again::Anew) => {}
                Some(Again::WithoutChunking) if target.chunking => target.chunking = false,
                // RFC 7435 §3: where TLS is not demanded, the message goes without it.
                Some(Again::WithoutTls) if target.tls == Security::Opportunistic => {
                    target.tls = Security::Off;
                }
                _ => break,
            }
        }
    }
    let outcome = match status.class {
        5 => Outcome::failed(status, last_error),
        _ => Outcome::deferred(status, last_error),
    };
    attempted.extend(all(group, &outcome));
    attempted
}

/// What the sender demands of the transport, or does not (RFC 8689 §4.2).
fn demand(target: &mut Target, requires_tls: bool, letter: &Letter) -> Result<(), String> {
    if requires_tls {
        if !target.is_sure {
            let host = &target.host;
            return Err(format!(
                "{host}: TLS is required, and MTA-STS does not vouch for the name"
            ));
        }
        if target.tls != Security::Implicit {
            target.tls = Security::Verified;
        }
    } else if letter.tls_is_optional && target.by_policy {
        // What the operator demands stands.
        target.tls = Security::Opportunistic;
    }
    Ok(())
}

/// What a server has decided: those recipients leave the group.
fn settle(
    group: &mut Group,
    target: &Target,
    outcomes: Vec<(usize, Outcome)>,
    attempted: &mut Vec<Attempted>,
) {
    for (place, outcome) in outcomes {
        if let Some((index, _)) = group.get(place) {
            attempted.push(Attempted { recipient: *index, outcome: outcome.at(&target.host) });
        }
    }
    group.retain(|(index, _)| attempted.iter().all(|done| done.recipient != *index));
}

/// One outcome for all of them.
fn all(group: Group, outcome: &Outcome) -> Vec<Attempted> {
    let attempted = |(recipient, _)| Attempted { recipient, outcome: outcome.clone() };
    group.into_iter().map(attempted).collect()
}

/// One server, for as long as that may take.
async fn through<S: Store>(
    relay: &Relay<S>,
    target: &Target,
    wanted: &Wanted,
    letter: &Letter,
) -> Transferred {
    let mut done = Transferred::default();
    let transfer = transfer::transfer(relay, target, wanted, letter, &mut done);
    if time::timeout(LONGEST, transfer).await.is_err() {
        // What the server has decided stands: those recipients are not tried again.
        done.error = Some("took too long".to_owned());
    }
    done
}

/// The envelope for these recipients, with what the sender asked for.
fn wanted(envelope: &Envelope, letter: &Letter, group: &Group) -> Wanted {
    let mut mail = wishes::mail(envelope);
    mail.params.size = Some(envelope.size.saturating_add(letter.signatures.len() as u64));
    // A report is not lost for it.
    mail.params.require_tls &= !envelope.reverse_path.is_empty();
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

/// The name of an address's destination; empty for what is no address.
pub(super) fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase()
}
