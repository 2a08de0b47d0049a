//! `/metrics` and `/health`, on loopback only.

use super::{Answer, PLAIN, Site, text};
use crate::{app::App, listen::BindError, metrics::Measured, store::MailStore};
use hyper::{Method, Request, StatusCode, body::Incoming};
use mailstore::{DynStore, Queue};
use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, task, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// <https://prometheus.io/docs/instrumenting/exposition_formats/>.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The operator's view of a server.
pub(crate) struct Monitor {
    pub(crate) app: Arc<App<DynStore>>,
    pub(crate) store: MailStore,
    pub(crate) stopping: CancellationToken,
}

/// Binds it, before anything else is done.
pub(crate) async fn bind(port: u16) -> Result<(TcpListener, SocketAddr), BindError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let named = |error| BindError::named("metrics", address, error);
    let listener = TcpListener::bind(address).await.map_err(named)?;
    let address = listener.local_addr().map_err(named)?;
    Ok((listener, address))
}

impl Monitor {
    /// Answers until the server stops.
    pub(crate) fn start(self, listener: TcpListener, tasks: &TaskTracker) {
        let (site, mine) = (Arc::new(self), tasks.clone());
        tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = site.stopping.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                match accepted {
                    Ok((tcp, _)) => {
                        mine.spawn(super::serve(tcp, site.clone(), site.stopping.clone()));
                    }
                    Err(error) => {
                        warn!(%error, "metrics cannot be asked for at the moment");
                        time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        });
    }

    async fn measured(&self) -> mailstore::Result<Measured> {
        let figures = self.store.figures().await?;
        // Asked of the index, so that a store that cannot be read is noticed.
        self.app.store.next_due().await?;
        Ok(Measured {
            queue: figures.envelopes,
            is_paused: self.app.switch.is_paused(),
            accounts: figures.accounts,
            messages: figures.messages,
            message_octets: figures.message_octets,
            log_octets: figures.log.map_or(0, |(octets, _)| octets),
        })
    }

    /// Whether mail can be taken: the store can be read, and what is written to its disk stays.
    async fn health(&self) -> Result<(), String> {
        if self.stopping.is_cancelled() {
            return Err("stopping".into());
        }
        self.measured().await.map_err(|error| format!("the store cannot be read: {error}"))?;
        let folder = self.app.config().data.clone();
        let written = task::spawn_blocking(move || probe(&folder)).await;
        written
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| format!("the store's disk takes nothing: {error}"))
    }
}

impl Site for Monitor {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/metrics") => {
                let measured = self.measured().await.map_err(|error| error.to_string());
                let answer = measured.and_then(|measured| {
                    self.app.metrics.text(measured).map_err(|error| error.to_string())
                });
                match answer {
                    Ok(metrics) => text(StatusCode::OK, METRICS, metrics),
                    Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, error + "\n"),
                }
            }
            (&Method::GET | &Method::HEAD, "/health") => match self.health().await {
                Ok(()) => text(StatusCode::OK, PLAIN, "ok\n"),
                Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, why + "\n"),
            },
            (_, "/metrics" | "/health") => {
                text(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET only\n")
            }
            _ => text(StatusCode::NOT_FOUND, PLAIN, "there are /metrics and /health\n"),
        }
    }
}

/// Writes a block, as an acknowledgement of mail would have to.
fn probe(folder: &Path) -> io::Result<()> {
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()
}
