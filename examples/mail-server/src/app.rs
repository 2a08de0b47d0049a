//! What the sessions share, and which session speaks on which port.

use crate::{
    accounts::Users,
    config::{Config, Current},
    dns::Dns,
    filter::{Filters, MailFilter, Rspamd},
    http::{self, Web},
    imap,
    limits::Limits,
    listen::{Connection, Serve},
    metrics::Metrics,
    pop3,
    relay::Switch,
    service::Protocol,
    smtp::{self, Greylist},
    tls::{RelayClients, TlsError},
    trust::{Checks, DkimKeys},
    wire::Sink,
};
use mailstore::Store;
use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

/// One server: its settings, its store, its accounts, its way out.
pub(crate) struct App<S> {
    pub(crate) settings: Current,
    pub(crate) store: S,
    pub(crate) users: Users<S>,
    /// What IMAP sessions are told.
    pub(crate) news: imap::News,
    /// What mail that leaves is signed with.
    pub(crate) keys: DkimKeys,
    /// Whether anything is sent.
    pub(crate) switch: Switch,
    /// What is made from the settings.
    pub(crate) made: RwLock<Made>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    pub(crate) greylist: Greylist,
    /// Filters beside those of the settings.
    pub(crate) filters: Filters,
    /// Who watches what the relay says and hears.
    pub(crate) relay_sink: Option<Sink>,
}

/// What is made from the settings, and anew when they change.
pub(crate) struct Made {
    dns: Dns,
    checks: Checks,
    relay_tls: RelayClients,
    rspamd: Option<Arc<Rspamd>>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum MadeError {
    #[error("cannot set the name servers up: {0}")]
    Dns(String),
    #[error("setting `filter.rspamd`: {0}")]
    Filter(String),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Made {
    pub(crate) fn from(config: &Config) -> Result<Self, MadeError> {
        let dns = Dns::new(config.relay.name_server).map_err(|e| MadeError::Dns(e.to_string()))?;
        let checks = Checks::new(dns.authenticator());
        let rspamd = config.filter.rspamd().map_err(MadeError::Filter)?.map(Arc::new);
        Ok(Self { dns, checks, relay_tls: RelayClients::new(&config.relay)?, rspamd })
    }
}

impl<S> App<S> {
    /// The settings of this moment.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.settings.get()
    }

    pub(crate) fn dns(&self) -> Dns {
        self.made(|made| made.dns.clone())
    }

    /// What is asked about senders.
    pub(crate) fn checks(&self) -> Checks {
        self.made(|made| made.checks.clone())
    }

    /// TLS towards the next hop.
    pub(crate) fn relay_tls(&self) -> RelayClients {
        self.made(|made| made.relay_tls.clone())
    }

    /// What looks at messages, in this order.
    pub(crate) fn filters(&self) -> Filters {
        let rspamd = self.made(|made| made.rspamd.clone());
        let rspamd = rspamd.map(|rspamd| -> Arc<dyn MailFilter> { rspamd });
        self.filters.iter().cloned().chain(rspamd).collect()
    }

    fn made<T>(&self, take: impl FnOnce(&Made) -> T) -> T {
        take(&self.made.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the settings, and what is made from them; on an error neither. Gives the names of settings
    /// that only a restart changes.
    pub(crate) fn reconfigure(&self, new: Config) -> Result<Vec<&'static str>, MadeError> {
        let mut config = (*self.config()).clone();
        let stays = config.replace_with(new);
        let made = Made::from(&config)?;
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = made;
        self.users.directory().configure(&config.domains);
        self.settings.set(config);
        Ok(stays)
    }
}

impl<S: Store> Serve for App<S> {
    async fn serve(self: Arc<Self>, connection: Connection) -> io::Result<()> {
        // Each in a box of its own size: a session of one protocol does not take the room that another needs.
        match connection.service.protocol() {
            Protocol::Smtp | Protocol::Submission | Protocol::Lmtp => {
                Box::pin(smtp::session(self, connection)).await
            }
            Protocol::Web => {
                let Connection { wire, stopping, .. } = connection;
                Box::pin(http::serve(wire, Arc::new(Web { app: self }), stopping)).await;
                Ok(())
            }
            Protocol::Imap => Box::pin(imap::session(self, connection)).await,
            Protocol::Pop3 => Box::pin(pop3::session(self, connection)).await,
        }
    }
}
