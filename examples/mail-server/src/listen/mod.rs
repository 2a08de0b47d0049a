//! Listeners: bound all or none, then one task a connection.

mod bind;
mod proxied;
mod record;

pub(crate) use self::{
    bind::{BindError, Bound, bind},
    record::Record,
};

use crate::{
    config::{Config, Current},
    limits::{Limit, Limits},
    metrics::Metrics,
    service::Service,
    wire::{Line, Side, Trace, Wire},
};
use bytes::Bytes;
use rustls::ServerConfig;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, debug, info, info_span, warn};

/// Time for a TLS handshake on a port where TLS starts with the first octet.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// Pauses while no connection can be accepted, as when all file descriptors are in use.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A client that has connected; TLS is up already where it starts with the first octet.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) service: Service,
    pub(crate) wire: Wire,
    /// The client's address, and what the session comes to.
    pub(crate) record: Arc<Record>,
    /// For STARTTLS: `wire.accept_tls(tls, early)`.
    pub(crate) tls: Arc<ServerConfig>,
    /// Cancelled when the server is told to stop: finish what is under way, say goodbye, return.
    pub(crate) stopping: CancellationToken,
}

/// What speaks with the clients.
pub(crate) trait Serve: Send + Sync + 'static {
    /// Holds one session. Returning closes the connection; an error is logged, and is no surprise:
    /// clients vanish.
    fn serve(
        self: Arc<Self>,
        connection: Connection,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// What all listeners share.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    pub(crate) tls: Arc<ServerConfig>,
    /// TLS of the HTTPS listener.
    pub(crate) web: Arc<ServerConfig>,
    /// How many connections one listener serves at once, and more.
    pub(crate) settings: Current,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    pub(crate) stopping: CancellationToken,
    /// Listeners and connections are tasks of this one.
    pub(crate) tasks: TaskTracker,
}

impl Listening {
    /// Serve these listeners until `stopping`.
    pub(crate) fn start(&self, bound: Vec<Bound>, app: &Arc<impl Serve>) {
        for Bound { service, listener, .. } in bound {
            let (this, app) = (self.clone(), app.clone());
            let accepting = async move {
                tokio::select! {
                    () = this.stopping.cancelled() => {}
                    () = this.accept_all(service, &listener, &app) => {}
                }
            };
            self.tasks.spawn(accepting);
        }
    }

    async fn accept_all(&self, service: Service, listener: &TcpListener, app: &Arc<impl Serve>) {
        let open = Open::default();
        let mut pause = SHORTEST_PAUSE;
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    pause = SHORTEST_PAUSE;
                    let most = self.settings.get().limits.connections;
                    match open.place(most) {
                        Some(place) => self.spawn(service, tcp, peer, app.clone(), place),
                        None => {
                            self.tasks.spawn(self.clone().refuse(
                                service,
                                tcp,
                                peer,
                                "connections",
                            ));
                        }
                    }
                }
                Err(error) if only_this_connection(&error) => {
                    debug!(%service, %error, "not accepted")
                }
                Err(error) => {
                    warn!(%service, %error, "cannot accept connections for a moment");
                    time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn spawn(
        &self,
        service: Service,
        mut tcp: TcpStream,
        peer: SocketAddr,
        app: Arc<impl Serve>,
        place: Place,
    ) {
        let this = self.clone();
        self.tasks.spawn(async move {
            let _place = place;
            let is_proxy = this.settings.get().trusted.proxy.iter().any(|n| n.contains(peer.ip()));
            let peer = match is_proxy {
                false => peer,
                true => tokio::select! {
                    () = this.stopping.cancelled() => return,
                    client = proxied::client(&mut tcp, peer) => match client {
                        Ok(client) => client,
                        Err(error) => return warn!(%service, proxy = %peer, %error, "no PROXY header"),
                    },
                },
            };
            match this.limits.connect(peer.ip()) {
                Ok(_client) => this.session(service, tcp, peer, app).await,
                Err(limit) => this.refuse(service, tcp, peer, limit.name()).await,
            }
        });
    }

    async fn session(
        &self,
        service: Service,
        tcp: TcpStream,
        peer: SocketAddr,
        app: Arc<impl Serve>,
    ) {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let span = info_span!(
            "connection",
            id = COUNT.fetch_add(1, Ordering::Relaxed),
            %service,
            %peer
        );
        let tls = if service == Service::Https { &self.web } else { &self.tls };
        let (tls, stopping) = (tls.clone(), self.stopping.clone());
        let (metrics, config) = (self.metrics.clone(), self.settings.get());
        let session = async move {
            let record = Arc::new(Record::new(service, peer, metrics, self.limits.clone()));
            debug!("connected");
            // Small answers must not wait for the acknowledgement of the one before.
            let _ = tcp.set_nodelay(true);
            let wire = observed(Wire::new(tcp), &record, &config);
            let secured = tokio::select! {
                () = stopping.cancelled() => return,
                secured = Box::pin(secure(service, wire, &tls)) => secured,
            };
            let wire = match secured {
                Ok(wire) => wire,
                Err(error) => return record.ended(format!("no TLS: {error}")),
            };
            let connection = Connection { service, wire, record: record.clone(), tls, stopping };
            match app.serve(connection).await {
                Ok(()) => record.ended("closed"),
                Err(error) => record.ended(format!("broken off: {error}")),
            }
        };
        session.instrument(span).await;
    }

    /// Says in the protocol's words that this is one too many.
    async fn refuse(
        self,
        service: Service,
        mut tcp: TcpStream,
        peer: SocketAddr,
        limit: &'static str,
    ) {
        warn!(%service, %peer, limit, "connection refused");
        self.metrics.turned_away(service, limit);
        let words = match limit {
            limit if limit == Limit::Failures.name() => service.not_now(),
            _ => service.no_room(),
        };
        // The socket is new, so its buffer is empty: the line goes at once or not at all.
        let _ = time::timeout(LONGEST_PAUSE, tcp.write_all(words)).await;
    }
}

/// The connections of a listener.
#[derive(Clone, Default)]
struct Open(Arc<AtomicUsize>);

/// One of them.
struct Place(Open);

impl Open {
    /// A place, if there are fewer than `most`.
    fn place(&self, most: usize) -> Option<Place> {
        let place = Place(self.clone());
        (self.0.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// With what is counted of it, and written to the log word for word where that is wanted.
fn observed(mut wire: Wire, record: &Arc<Record>, config: &Config) -> Wire {
    let (service, peer) = (record.service, record.peer());
    if config.log.trace.iter().any(|watched| watched.matches(service, peer.ip())) {
        let sink = Arc::new(|Line { by, text, .. }: Line| match by {
            Side::Client => info!("C: {text}"),
            Side::Server => info!("S: {text}"),
        });
        wire.watch(Trace::new(&peer.to_string(), &config.hostname, Side::Server, sink));
    }
    wire.record(record.clone());
    wire
}

async fn secure(service: Service, mut wire: Wire, tls: &Arc<ServerConfig>) -> io::Result<Wire> {
    if service.implicit_tls() {
        // A client that connects and leaves without a word is a check whether the port is open.
        let handshake = wire.accept_tls(tls.clone(), Bytes::new());
        time::timeout(HANDSHAKE, handshake).await.map_err(io::Error::from)??;
    }
    Ok(wire)
}

/// The client has gone between its connection and our accept.
fn only_this_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests;
