//! `mail-server`: everything put together, from the first listener to the last goodbye.

use crate::{
    accounts::{self, AccountError, Directory, LoginSecret, Refusal, Users, WellKnown},
    acme,
    admin::{self, Admin},
    app::{App, Made, MadeError},
    cli::Settings,
    config::{Config, Current},
    filter::Filters,
    http::{self, Monitor},
    limits::Limits,
    listen::{self, BindError, Listening},
    log,
    metrics::Metrics,
    relay::{self, Switch},
    service::Service,
    shutdown::{self, Ending, Signals},
    smtp::Greylist,
    startup::{self, Ready},
    store::{self, MailStore, OpenError},
    tls::{self, ServerTls, TlsError},
    trust::{DkimKeys, KeyError},
    wire::Sink,
};
use mailstore::DynStore;
use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, RwLock},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Refusal(#[from] Refusal),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    #[error(transparent)]
    Made(#[from] MadeError),
    #[error("cannot keep the file `login-secret` in the data folder: {0}")]
    Secret(io::Error),
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    #[error("cannot print: {0}")]
    Output(io::Error),
}

/// Serves until told to stop.
pub(crate) async fn serve(
    config: Config,
    flags: Settings,
    filters: Filters,
) -> Result<Ending, ServeError> {
    let started = Instant::now();
    let mut signals = Signals::catch().map_err(ServeError::Signals)?;
    let server = Server::start(config, None, filters).await?;
    let ready = startup::table(&Ready {
        config: &server.app.config(),
        listening: &server.addresses,
        monitor: server.monitor,
        well_known: &server.well_known,
        accounts: server.app.users.list().await?.len(),
        ca: server.ca.as_deref(),
        took: started.elapsed(),
    });
    server.reload_at_hangup(flags).map_err(ServeError::Signals)?;
    print(&ready).map_err(ServeError::Output)?;
    info!("ready");

    let ending =
        shutdown::when_told(&mut signals, &server.serving, server.app.config().grace()).await;
    if ending != Ending::AtOnce {
        server.close().await;
    }
    info!(?ending, "stopped");
    Ok(ending)
}

/// A server at work: its listeners, and its relay.
pub(crate) struct Server {
    pub(crate) app: Arc<App<DynStore>>,
    pub(crate) store: MailStore,
    pub(crate) serving: Listening,
    /// Where it listens, and for what.
    pub(crate) addresses: Vec<(Service, SocketAddr)>,
    /// Where metrics and health are to be had.
    monitor: Option<SocketAddr>,
    /// The ready accounts that have their well-known passwords still.
    pub(crate) well_known: Vec<WellKnown>,
    /// Path of the generated CA's certificate, if the certificate is a generated one.
    pub(crate) ca: Option<PathBuf>,
    tls: ServerTls,
}

impl Server {
    /// All set up, or nothing changed. `relay_sink` sees what the relay says and hears.
    pub(crate) async fn start(
        config: Config,
        relay_sink: Option<Sink>,
        filters: Filters,
    ) -> Result<Self, ServeError> {
        // What others may hold comes first: a second start changes nothing.
        let bound = listen::bind(&config)?;
        let monitor = match config.ports.metrics.to_bind() {
            Some(port) => Some(http::bind(port).await?),
            None => None,
        };
        let metrics = Arc::new(Metrics::new()?);
        let store = store::open(&config).await?;
        let tls = tls::server(&config)?;
        let secret = LoginSecret::keep(&config.data).map_err(ServeError::Secret)?;
        let directory =
            Directory::load(&*store, &config.domains).await.map_err(AccountError::from)?;
        let users = Users::new((*store).clone(), directory, secret);
        let well_known = accounts::prepare(&users, &config).await?;
        let switch = Switch::load(&*store).await.map_err(AccountError::from)?;
        let keys = DkimKeys::load(&config.data)?;
        let settings = Current::new(config);
        let greylist = Greylist::new(&settings.get().data);
        let limits = Limits::new(settings.clone());
        let admin = Admin {
            store: store.clone(),
            users: users.clone(),
            switch: switch.clone(),
            keys: keys.clone(),
            settings: settings.clone(),
            running: true,
        };
        let made = RwLock::new(Made::from(&settings.get())?);
        let addresses = bound.iter().map(|bound| (bound.service, bound.address)).collect();
        let serving = Listening {
            tls: tls.config.clone(),
            web: tls.web.clone(),
            settings: settings.clone(),
            metrics: metrics.clone(),
            limits: limits.clone(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let app = Arc::new(App {
            settings,
            store: (*store).clone(),
            news: Default::default(),
            users,
            made,
            keys,
            switch,
            metrics,
            limits,
            greylist,
            filters,
            relay_sink,
        });
        admin::listen(&app.config().data, admin, serving.stopping.clone(), &serving.tasks);
        serving.start(bound, &app);
        let monitor = monitor.map(|(listener, address)| {
            let (app, store) = (app.clone(), store.clone());
            let monitor = Monitor { app, store, stopping: serving.stopping.clone() };
            monitor.start(listener, &serving.tasks);
            address
        });
        let relaying = relay::run(app.clone(), serving.stopping.clone(), serving.tasks.clone());
        serving.tasks.spawn(relaying);
        let certificates = acme::run(app.clone(), tls.clone(), serving.stopping.clone());
        serving.tasks.spawn(certificates);
        let ca = tls.ca.clone();
        Ok(Self { app, store, serving, addresses, monitor, well_known, ca, tls })
    }

    /// At SIGHUP settings, certificate and DKIM keys are read again; sessions go on as they are.
    fn reload_at_hangup(&self, flags: Settings) -> io::Result<()> {
        let (app, tls) = (self.app.clone(), self.tls.clone());
        shutdown::at_hangup(&self.serving, move || {
            reconfigure(&app, flags.clone());
            match tls.reload(&app.config()) {
                Ok(()) => info!("the certificate was read again"),
                Err(error) => error!(%error, "the certificate stays as it was"),
            }
            match app.keys.reload() {
                Ok(()) => info!(keys = app.keys.all().len(), "the DKIM keys were read again"),
                Err(error) => error!(%error, "the DKIM keys stay as they were"),
            }
        })
    }

    /// Closes the store. All that was acknowledged is on the disk already; the next start is
    /// quicker this way.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.store.close().await {
            error!(%error, "the store did not close well");
        }
    }
}

/// Reads the settings again, and says what came of it.
fn reconfigure(app: &App<DynStore>, flags: Settings) {
    let config = match Config::load(flags) {
        Ok(config) => config,
        Err(error) => return error!(%error, "the settings stay as they were"),
    };
    match app.reconfigure(config) {
        Ok(stays) => {
            log::set_level(app.config().log.level);
            info!("the settings were read again");
            for setting in stays {
                warn!("a new value of `{setting}` needs a restart; the old one stays");
            }
        }
        Err(error) => error!(%error, "the settings stay as they were"),
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
