//! What the sessions share, and which session speaks on which port.

use crate::{
    accounts::Users,
    config::Config,
    dns::Dns,
    listen::{Connection, Serve},
};
use mailstore::Store;
use rustls::ClientConfig;
use std::{io, sync::Arc};

/// One server: its settings, its store, its accounts, its way out.
#[derive(Debug)]
pub(crate) struct App<S> {
    pub(crate) config: Config,
    pub(crate) store: S,
    pub(crate) users: Users<S>,
    pub(crate) dns: Dns,
    /// TLS towards the next hop.
    pub(crate) relay_tls: Arc<ClientConfig>,
}

impl<S: Store> Serve for App<S> {
    async fn serve(self: Arc<Self>, connection: Connection) -> io::Result<()> {
        // The sessions plug in here: `match connection.service.protocol()`.
        drop(connection);
        Ok(())
    }
}
