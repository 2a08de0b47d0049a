//! One session with one server: EHLO, STARTTLS, the message, QUIT.

use crate::{
    app::App,
    trust,
    wire::{Side, Trace, Wire},
};
use mailstore::{Body, Store};
use mailwire::{
    Machine,
    driver::{Driver, Stop},
};
use rustls::pki_types::ServerName;
use smtp_proto::{
    EnhancedCode,
    client::{CannotSend, Client, Config, Envelope, Event},
    delivery::{Hop, Outcome, Verdict},
    header::HeaderFilter,
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::Range,
    time::Duration,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time,
};

/// For the connection and, after it, for the TLS handshake.
const CONNECT: Duration = Duration::from_secs(30);

/// What a session came to.
#[derive(Debug, Default)]
pub(super) struct Result {
    /// The recipients that the server decided, by their places in the envelope.
    pub(super) outcomes: Vec<(usize, Outcome)>,
    /// Why others are undecided.
    pub(super) error: Option<String>,
    /// It is that the server offers CHUNKING and does not know BDAT.
    pub(super) bdat_unknown: bool,
}

/// What the server offers and is not to be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Without {
    pub(super) tls: bool,
    pub(super) bdat: bool,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) body: Body,
    /// Fields to put above it.
    pub(super) signatures: Vec<u8>,
}

impl Letter {
    pub(super) async fn open<S: Store>(
        app: &App<S>,
        envelope: &mailstore::Envelope,
    ) -> mailstore::Result<Self> {
        let body = app.store.body(envelope.message).await?;
        let signatures = trust::signatures(&app.keys, app.users.directory(), &body).await?;
        Ok(Self { body, signatures })
    }
}

/// The TLS handshake failed.
#[derive(Debug)]
pub(super) struct NoTls(pub(super) String);

/// Hands the message over. What is decided stands in `result` even if
/// this is dropped before its end.
pub(super) async fn transfer<S: Store>(
    app: &App<S>,
    hop: &Hop,
    envelope: &Envelope,
    letter: &Letter,
    without: Without,
    result: &mut Result,
) -> std::result::Result<(), NoTls> {
    match session(app, hop, envelope, letter, without, result).await {
        Ok(()) => {}
        Err(Broken::Tls(error)) => return Err(NoTls(format!("TLS handshake failed: {error}"))),
        Err(Broken::Io(error)) => result.error = Some(error.to_string()),
        Err(Broken::Said(words)) => result.error = Some(words),
    }
    Ok(())
}

/// Why a session went no further.
enum Broken {
    Tls(io::Error),
    Io(io::Error),
    /// The server's words, or ours.
    Said(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

type Session = Driver<Client, Wire>;

async fn session<S: Store>(
    app: &App<S>,
    hop: &Hop,
    envelope: &Envelope,
    letter: &Letter,
    without: Without,
    result: &mut Result,
) -> std::result::Result<(), Broken> {
    let mut driver = connect(app, hop, without).await?;
    ready(&mut driver).await?;
    if driver.machine.extensions().starttls && !without.tls {
        driver = start_tls(app, hop, driver).await?;
        ready(&mut driver).await?;
    } else if app.config().relay.tls == crate::config::RelayTls::Verified {
        return Err(Broken::Said("the server offers no TLS, and it is demanded".into()));
    }
    let mut sent = 0;
    while sent < envelope.rcpts.len() {
        let mut part = envelope.clone();
        part.rcpts.drain(..sent);
        let mut begun = driver.machine.send(part.clone());
        if let Err(CannotSend::Recipients(most)) = begun {
            // RFC 9422 §4.2: the others in a message of their own.
            part.rcpts.truncate(usize::try_from(most).unwrap_or(usize::MAX).max(1));
            begun = driver.machine.send(part.clone());
        }
        let places = sent..sent + part.rcpts.len();
        sent = places.end;
        match begun {
            Ok(()) => {
                let done = send(&mut driver, letter, places.start, result).await;
                result.bdat_unknown = driver.machine.is_bdat_unknown();
                done?;
            }
            Err(cannot) => refused_here(&cannot, places, result)?,
        }
    }
    // The message is decided: what happens to the goodbye does not matter.
    if driver.machine.quit().is_ok() {
        let _ = time::timeout(CONNECT, driver.next()).await;
    }
    let _ = time::timeout(CONNECT, driver.shutdown()).await;
    Ok(())
}

async fn connect<S: Store>(
    app: &App<S>,
    hop: &Hop,
    without: Without,
) -> std::result::Result<Session, Broken> {
    let settings = app.config();
    let address = SocketAddr::new(hop.address, settings.relay.port);
    let connecting = open(address, &settings.relay.source);
    let tcp = time::timeout(CONNECT, connecting).await.map_err(io::Error::from)??;
    let _ = tcp.set_nodelay(true);
    let mut wire = Wire::new(tcp);
    if let Some(sink) = &app.relay_sink {
        wire.watch(Trace::new(&settings.hostname, &hop.host, Side::Client, sink.clone()));
    }
    let mut config = Config::new(&settings.hostname);
    config.chunking = !without.bdat;
    Ok(Driver::new(Client::new(config), wire))
}

/// From the address of the configuration that is of the same family.
async fn open(to: SocketAddr, from: &[IpAddr]) -> io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(from) = from.iter().find(|from| from.is_ipv4() == to.is_ipv4()) {
        socket.bind(SocketAddr::new(*from, 0))?;
    }
    socket.connect(to).await
}

/// Waits until the server has said what it offers.
async fn ready(driver: &mut Session) -> std::result::Result<(), Broken> {
    match driver.next().await? {
        Some(Event::Ready(_)) => return Ok(()),
        Some(Event::Refused { reply, .. }) => return Err(Broken::Said(one_line(reply))),
        _ => {}
    }
    Err(closed(driver))
}

async fn start_tls<S: Store>(
    app: &App<S>,
    hop: &Hop,
    mut driver: Session,
) -> std::result::Result<Session, Broken> {
    driver.machine.starttls().map_err(io::Error::other)?;
    match driver.next().await? {
        None => {}
        // "454 TLS not available" and the like.
        Some(Event::Refused { reply, .. }) => {
            return Err(Broken::Tls(io::Error::other(one_line(reply))));
        }
        Some(_) => {}
    }
    if driver.stop() != Stop::Upgrade {
        return Err(closed(&driver));
    }
    let (mut machine, mut wire) = driver.into_parts();
    machine.upgrade();
    let name = match ServerName::try_from(hop.host.clone()) {
        Ok(name) => name,
        Err(_) => ServerName::IpAddress(hop.address.into()),
    };
    let handshake = time::timeout(CONNECT, wire.connect_tls(app.relay_tls().clone(), name));
    handshake.await.map_err(io::Error::from).and_then(|done| done).map_err(Broken::Tls)?;
    Ok(Driver::new(machine, wire))
}

/// Sends the message and gathers what becomes of each recipient; `first` is the place of the first.
async fn send(
    driver: &mut Session,
    letter: &Letter,
    first: usize,
    result: &mut Result,
) -> std::result::Result<(), Broken> {
    // RFC 3461 §5.2.1: then it was told of the sender's wishes.
    let reports = driver.machine.extensions().dsn;
    loop {
        match driver.next().await? {
            Some(Event::Body) => send_body(driver, letter).await?,
            Some(Event::Recipient { index, reply, .. }) => {
                let mut outcome = Outcome::from_reply(reply);
                if let Verdict::Relayed { .. } = outcome.verdict {
                    outcome.verdict = Verdict::Relayed { reports };
                }
                result.outcomes.push((first + index, outcome));
            }
            Some(Event::Done) => return Ok(()),
            Some(_) => {}
            None => return Err(closed(driver)),
        }
    }
}

async fn send_body(driver: &mut Session, letter: &Letter) -> std::result::Result<(), Broken> {
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
    Ok(())
}

/// The server does not take such a message, by what it offers.
fn refused_here(
    cannot: &CannotSend,
    places: Range<usize>,
    result: &mut Result,
) -> std::result::Result<(), Broken> {
    // RFC 3463 §3.4 and §3.7: message too big for the system; conversion not supported; address
    // needs SMTPUTF8 (RFC 6531 §4.2 has 5.6.7).
    let status = match cannot {
        CannotSend::Size(_) => EnhancedCode::new(5, 3, 4),
        CannotSend::EightBit => EnhancedCode::new(5, 6, 3),
        CannotSend::Utf8Address => EnhancedCode::new(5, 6, 7),
        other => return Err(Broken::Said(other.to_string())),
    };
    let outcome = Outcome::failed(status, cannot.to_string());
    result.outcomes.extend(places.map(|place| (place, outcome.clone())));
    Ok(())
}

fn closed(driver: &Session) -> Broken {
    match driver.stop() {
        Stop::Closed(why) => Broken::Said(why.to_string()),
        _ => Broken::Said("the server went another way".into()),
    }
}

fn one_line(reply: &smtp_proto::Reply) -> String {
    reply.to_string().trim_end().replace("\r\n", " / ")
}
