//! Certificates from an authority that speaks ACME (RFC 8555), such as Let's Encrypt: obtained before the
//! old one ends, proved at the HTTPS port (RFC 8737), shown without a restart.

mod order;

use crate::{
    advice::Data,
    app::App,
    tls::{AcmeFile, ServerTls},
};
use mailstore::DynStore;
use std::{net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::time;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// How often it is looked whether there is something to do.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// The first pause after a failure, and the longest: authorities count failures.
const FIRST: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// Sees to the certificate until the server stops.
pub(crate) async fn run(app: Arc<App<DynStore>>, tls: ServerTls, stopping: CancellationToken) {
    let mut pause = FIRST;
    loop {
        let done = tokio::select! {
            () = stopping.cancelled() => return,
            done = renew(&app, &tls) => done,
        };
        let wait = match done {
            Ok(names) => {
                if let Some(names) = names {
                    info!(names = names.join(" "), "a certificate was obtained");
                }
                pause = FIRST;
                LOOK
            }
            Err(error) => {
                warn!(error, next_try = ?pause, "no certificate could be obtained");
                let wait = pause;
                pause = (pause * 2).min(LONGEST);
                wait
            }
        };
        tokio::select! {
            () = stopping.cancelled() => return,
            () = time::sleep(wait) => {}
        }
    }
}

/// Obtains a certificate if it is time. Its names, if one was obtained.
async fn renew(app: &App<DynStore>, tls: &ServerTls) -> Result<Option<Vec<String>>, String> {
    let config = app.config();
    if !config.acme.is_used(&config.tls) {
        return Ok(None);
    }
    let names = names(app).await;
    if AcmeFile::of(&config).is_good_for(&names) {
        return Ok(None);
    }
    let obtained = order::order(&config, tls, &names).await;
    tls.forget_challenges();
    AcmeFile::of(&config).write(&obtained?).map_err(|error| error.to_string())?;
    tls.reload(&config).map_err(|error| error.to_string())?;
    Ok(Some(names))
}

/// The host, and of the names at which something is served by HTTPS those that are in DNS: one that is
/// not would have the whole order fail.
async fn names(app: &App<DynStore>) -> Vec<String> {
    let dns = app.dns();
    let any_address = Data::Address(Ipv4Addr::UNSPECIFIED.into());
    let mut names = vec![app.config().hostname.clone()];
    for domain in app.users.directory().domains() {
        for prefix in ["mta-sts", "autoconfig", "autodiscover"] {
            let name = format!("{prefix}.{domain}");
            let found = dns.data(&name, &any_address).await.unwrap_or_default();
            if found.iter().any(|data| matches!(data, Data::Address(_))) {
                names.push(name);
            }
        }
    }
    names
}
