//! Listeners: bound all or none, then one task a connection.

mod bind;

pub(crate) use bind::{BindError, Bound, bind};

use crate::{config::Current, service::Service, wire::Wire};
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
use tracing::{Instrument, debug, info_span, warn};

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
    /// The client's address.
    pub(crate) peer: SocketAddr,
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
    /// How many connections one listener serves at once, and more.
    pub(crate) settings: Current,
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
                    match open.place(self.settings.get().limits.connections) {
                        Some(place) => self.spawn(service, tcp, peer, app.clone(), place),
                        None => self.refuse(service, tcp, peer),
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
        tcp: TcpStream,
        peer: SocketAddr,
        app: Arc<impl Serve>,
        place: Place,
    ) {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let span = info_span!(
            "connection",
            id = COUNT.fetch_add(1, Ordering::Relaxed),
            %service,
            %peer
        );
        let (tls, stopping) = (self.tls.clone(), self.stopping.clone());
        let session = async move {
            let _place = place;
            debug!("connected");
            // Small answers must not wait for the acknowledgement of the one before.
            let _ = tcp.set_nodelay(true);
            let secured = tokio::select! {
                () = stopping.cancelled() => return,
                secured = secure(service, Wire::new(tcp), &tls) => secured,
            };
            let wire = match secured {
                Ok(wire) => wire,
                Err(error) => return debug!(%error, "no TLS"),
            };
            let connection = Connection { service, wire, peer, tls, stopping };
            match app.serve(connection).await {
                Ok(()) => debug!("closed"),
                Err(error) => debug!(%error, "broken off"),
            }
        };
        self.tasks.spawn(session.instrument(span));
    }

    /// Says in the protocol's words that there is no room.
    fn refuse(&self, service: Service, mut tcp: TcpStream, peer: SocketAddr) {
        let most = self.settings.get().limits.connections;
        warn!(%service, %peer, "refused: {most} connections are served already");
        // The socket is new, so its buffer is empty: the line goes at once or not at all.
        if !service.no_room().is_empty() {
            self.tasks.spawn(async move {
                let _ = time::timeout(LONGEST_PAUSE, tcp.write_all(service.no_room())).await;
            });
        }
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
