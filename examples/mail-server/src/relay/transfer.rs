//! A message handed over to one server, over a connection that is there or a new one.

use super::{
    Relay,
    session::{Broken, Session},
    target::Target,
};
use crate::{app::App, trust};
use mailstore::{Body, Store};
use smtp_proto::{
    EnhancedCode,
    client::{CannotSend, Envelope, Event, Protocol, Stage},
    delivery::{Outcome, Verdict},
    header::{HeaderFilter, header_of},
};
use std::{io, ops::Range, time::Duration};

/// The header of a message is looked for in its first octets.
const HEADER: u64 = 64 * 1024;

/// What it came to.
#[derive(Debug, Default)]
pub(super) struct Transferred {
    /// The recipients that the server decided, by their places in the envelope.
    pub(super) outcomes: Vec<(usize, Outcome)>,
    /// Why others are undecided.
    pub(super) error: Option<String>,
    /// They may be tried once more, at once and with the same server.
    pub(super) again: Option<Again>,
    /// The message went out to its end and no answer came: it may have arrived.
    pub(super) in_doubt: bool,
    /// The sender demands REQUIRETLS, and the server does not know it.
    pub(super) no_requiretls: bool,
}

/// What is to be done otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Again {
    /// A connection that was kept is not good any more: over a new one.
    Anew,
    /// The server offers CHUNKING and does not know BDAT.
    WithoutChunking,
    /// TLS could not be had.
    WithoutTls,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) body: Body,
    /// Fields to put above it.
    pub(super) signatures: Vec<u8>,
    /// It says of itself that it may go without TLS (RFC 8689 §4.1).
    pub(super) tls_is_optional: bool,
}

impl Letter {
    pub(super) async fn open<S: Store>(
        app: &App<S>,
        envelope: &mailstore::Envelope,
    ) -> mailstore::Result<Self> {
        let body = app.store.body(envelope.message).await?;
        let signatures = trust::signatures(&app.keys, app.users.directory(), &body).await?;
        let start = body.read(0..envelope.size.min(HEADER)).await?;
        let tls_is_optional = tls_is_optional(header_of(&start));
        Ok(Self { body, signatures, tls_is_optional })
    }
}

/// Whether the header has `TLS-Required: No` (RFC 8689 §3), which counts where it stands once.
fn tls_is_optional(header: &[u8]) -> bool {
    let name = b"tls-required:";
    let fields = header.split(|octet| *octet == b'\n').filter_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some(value)
    });
    let mut values = fields;
    match (values.next(), values.next()) {
        (Some(value), None) => value.trim_ascii().eq_ignore_ascii_case(b"no"),
        _ => false,
    }
}

/// Hands the message over. What is decided stands in `done` even if this is dropped before its end.
pub(super) async fn transfer<S: Store>(
    relay: &Relay<S>,
    target: &Target,
    envelope: &Envelope,
    letter: &Letter,
    done: &mut Transferred,
) {
    let kept = relay.idle.take(target);
    let is_kept = kept.is_some();
    let opened = match kept {
        Some(session) => Ok(session),
        None => Session::open(relay, target).await,
    };
    let sent = match opened {
        Ok(mut session) => {
            match messages(&mut session, target, envelope, letter, is_kept, done).await {
                Ok(()) => {
                    let keep = Duration::from_secs(relay.app.config().relay.keep_seconds);
                    if let Some(session) = relay.idle.give(target.clone(), session, keep) {
                        session.quit().await;
                    }
                    return;
                }
                Err(broken) => {
                    if session.driver.machine.is_bdat_unknown() {
                        // What it got of the message it took for commands.
                        (done.again, done.in_doubt) = (Some(Again::WithoutChunking), false);
                    }
                    // Whether it can still say goodbye does not matter.
                    tokio::spawn(session.quit());
                    broken
                }
            }
        }
        Err(broken) => broken,
    };
    // Nothing was said that could have come to something.
    if is_kept && !done.in_doubt && done.again.is_none() {
        done.again = Some(Again::Anew);
    }
    done.error = Some(match sent {
        Broken::Tls(error) => {
            done.again = Some(Again::WithoutTls);
            error.to_string()
        }
        Broken::Unreachable(error) | Broken::Io(error) => error.to_string(),
        Broken::Said(words) => words,
    });
}

/// The message, in as many transactions as the server wants for its recipients.
async fn messages(
    session: &mut Session,
    target: &Target,
    envelope: &Envelope,
    letter: &Letter,
    is_kept: bool,
    done: &mut Transferred,
) -> Result<(), Broken> {
    let mut sent = 0;
    while sent < envelope.rcpts.len() {
        let mut part = envelope.clone();
        part.rcpts.drain(..sent);
        let machine = &mut session.driver.machine;
        let mut begun = machine.send(part.clone());
        if let Err(CannotSend::Recipients(most)) = begun {
            // RFC 9422 §4.2: the others in a message of their own.
            part.rcpts.truncate(usize::try_from(most).unwrap_or(usize::MAX).max(1));
            begun = machine.send(part.clone());
        }
        let places = sent..sent + part.rcpts.len();
        sent = places.end;
        match begun {
            Ok(()) => {
                session.messages += 1;
                let protocol = target.protocol;
                message(session, protocol, letter, places.start, is_kept, done).await?;
            }
            // RFC 9422 §4.1 and §4.3: the others over another connection.
            Err(cannot @ (CannotSend::Mails(_) | CannotSend::Domains(_)))
                if session.messages > 0 =>
            {
                done.again = Some(Again::Anew);
                return Err(Broken::Said(cannot.to_string()));
            }
            Err(cannot) => refused_here(&cannot, places, done)?,
        }
    }
    Ok(())
}

/// Sends the message and gathers what becomes of each recipient; `first` is the place of the first.
async fn message(
    session: &mut Session,
    protocol: Protocol,
    letter: &Letter,
    first: usize,
    is_kept: bool,
    done: &mut Transferred,
) -> Result<(), Broken> {
    // RFC 3461 §5.2.1: then it was told of the sender's wishes.
    let reports = session.driver.machine.extensions().dsn;
    loop {
        match session.driver.next().await? {
            Some(Event::Body) => send_body(session, letter, done).await?,
            Some(Event::Recipient { index, stage, reply }) => {
                let mut outcome = Outcome::from_reply(reply);
                // The server has had enough of this connection, not of the message.
                if is_kept && stage == Stage::Mail && outcome.verdict == Verdict::Deferred {
                    return Err(Broken::Said(super::session::one_line(reply)));
                }
                if let Verdict::Relayed { .. } = outcome.verdict {
                    outcome.verdict = match protocol {
                        // RFC 2033 §4.2: it is in the mailbox.
                        Protocol::Lmtp => Verdict::Delivered,
                        _ => Verdict::Relayed { reports },
                    };
                }
                done.outcomes.push((first + index, outcome));
            }
            Some(Event::Done) => {
                done.in_doubt = false;
                return Ok(());
            }
            Some(_) => {}
            None => return Err(session.closed()),
        }
    }
}

async fn send_body(
    session: &mut Session,
    letter: &Letter,
    done: &mut Transferred,
) -> Result<(), Broken> {
    let driver = &mut session.driver;
    // Our own readers have a Return-Path; another server writes its own (RFC 5321 §4.4).
    let mut filter = HeaderFilter::new();
    filter.remove("Return-Path");
    driver.machine.body(&letter.signatures).map_err(io::Error::other)?;
    let mut reader = letter.body.reader();
    let mut filtered = Vec::new();
    while let Some(chunk) = reader.chunk().await.map_err(io::Error::other)? {
        if filter.in_body() {
            driver.machine.body_bytes(&chunk).map_err(io::Error::other)?;
        } else {
            filter.push(&chunk, &mut filtered);
            driver.machine.body(&filtered).map_err(io::Error::other)?;
            filtered.clear();
        }
        driver.flush().await?;
    }
    filter.finish(&mut filtered);
    driver.machine.body(&filtered).map_err(io::Error::other)?;
    driver.machine.body_end().map_err(io::Error::other)?;
    // From here on the server may have it, whatever becomes of the connection.
    done.in_doubt = true;
    Ok(())
}

/// The server does not take such a message, by what it offers.
fn refused_here(
    cannot: &CannotSend,
    places: Range<usize>,
    done: &mut Transferred,
) -> Result<(), Broken> {
    // RFC 3463 §3.4 and §3.7: message too big for the system; conversion not supported; address
    // needs SMTPUTF8 (RFC 6531 §4.2 has 5.6.7).
    let status = match cannot {
        CannotSend::Size(_) => EnhancedCode::new(5, 3, 4),
        CannotSend::EightBit => EnhancedCode::new(5, 6, 3),
        CannotSend::Utf8Address => EnhancedCode::new(5, 6, 7),
        other => {
            done.no_requiretls = matches!(other, CannotSend::RequireTls);
            return Err(Broken::Said(other.to_string()));
        }
    };
    let outcome = Outcome::failed(status, cannot.to_string());
    done.outcomes.extend(places.map(|place| (place, outcome.clone())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_may_say_that_tls_is_not_required() {
        for (header, expected) in [
            ("Subject: x\r\nTLS-Required: No\r\n", true),
            ("tls-required:no\r\n", true),
            ("TLS-Required: yes\r\n", false),
            ("TLS-Required: No\r\nTLS-Required: No\r\n", false),
            ("X-TLS-Required: No\r\n", false),
            ("", false),
        ] {
            assert_eq!(tls_is_optional(header.as_bytes()), expected, "{header}");
        }
    }
}
