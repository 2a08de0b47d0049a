//! `mail-server`: everything put together, from the first listener to the last goodbye.

use crate::{
    accounts::{self, Refusal, Users},
    app::App,
    config::Config,
    dns::Dns,
    listen::{self, BindError, Listening},
    relay,
    shutdown::{self, Ending, Signals},
    startup::{self, Ready},
    store::{self, OpenError},
    tls::{self, TlsError},
};
use std::{
    io::{self, Write},
    sync::Arc,
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

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
    Account(#[from] accounts::AccountError),
    #[error("cannot set the name servers up: {0}")]
    Dns(String),
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    #[error("cannot print: {0}")]
    Output(io::Error),
}

/// Serves until told to stop.
pub(crate) async fn serve(config: Config) -> Result<Ending, ServeError> {
    let started = Instant::now();
    let mut signals = Signals::catch().map_err(ServeError::Signals)?;
    // What others may hold comes first: a second start changes nothing.
    let bound = listen::bind(&config).await?;
    let store = store::open(&config.data)?;
    let tls = tls::server(&config)?;
    let users = Users::new(store.clone(), &config.domains);
    let well_known = accounts::prepare(&users, &config).await?;
    let dns = Dns::new(config.relay.name_server).map_err(|e| ServeError::Dns(e.to_string()))?;
    let relay_tls = tls::relay_client(&config.relay)?;

    let listening: Vec<_> = bound.iter().map(|bound| (bound.service, bound.address)).collect();
    let serving = Listening {
        tls: tls.config,
        connections: config.limits.connections,
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    let ready = startup::table(&Ready {
        config: &config,
        listening: &listening,
        well_known: &well_known,
        accounts: users.list().await?.len(),
        ca: tls.ca.as_deref(),
        took: started.elapsed(),
    });
    let grace = config.grace();
    let app = Arc::new(App { config, store, users, dns, relay_tls, relay_sink: None });
    serving.start(bound, &app);
    let relaying = relay::run(app, serving.stopping.clone(), serving.tasks.clone());
    serving.tasks.spawn(relaying);
    print(&ready).map_err(ServeError::Output)?;
    info!("ready");

    let ending = shutdown::when_told(&mut signals, &serving, grace).await;
    info!(?ending, "stopped");
    Ok(ending)
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
