//! What the sessions share, and which session speaks on which port.

use crate::{
    accounts::Users,
    config::Config,
    dns::Dns,
    imap,
    listen::{Connection, Serve},
    pop3,
    relay::Switch,
    service::Protocol,
    smtp,
    trust::{Checks, DkimKeys},
    wire::Sink,
};
use mailstore::Store;
use rustls::ClientConfig;
use std::{io, sync::Arc};

/// One server: its settings, its store, its accounts, its way out.
pub(crate) struct App<S> {
    pub(crate) config: Config,
    pub(crate) store: S,
    pub(crate) users: Users<S>,
    pub(crate) dns: Dns,
    /// What is asked about senders.
    pub(crate) checks: Checks,
    /// What mail that leaves is signed with.
    pub(crate) keys: DkimKeys,
    /// Whether anything is sent.
    pub(crate) switch: Switch,
    /// TLS towards the next hop.
    pub(crate) relay_tls: Arc<ClientConfig>,
    /// Who watches what the relay says and hears.
    pub(crate) relay_sink: Option<Sink>,
}

impl<S: Store> Serve for App<S> {
    async fn serve(self: Arc<Self>, connection: Connection) -> io::Result<()> {
        match connection.service.protocol() {
            Protocol::Smtp | Protocol::Submission => smtp::session(self, connection).await,
            Protocol::Imap => imap::session(self, connection).await,
            Protocol::Pop3 => pop3::session(self, connection).await,
        }
    }
}
