//! MTA-STS: what domains demand of those who send to them (RFC 8461). Policies are kept in the store, so
//! that nobody who stands between can have a domain forgotten by a restart.

use crate::{advice::Data, app::App, dns::Dns, unique};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    Request, StatusCode,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use mailstore::{Metadata, Scope, Store};
use rustls::{ClientConfig, pki_types::ServerName};
use serde::{Deserialize, Serialize};
use smtp_proto::delivery::{StsPolicy, sts_id};
use std::{
    collections::HashMap,
    error::Error,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::Mutex as AsyncMutex, time};
use tokio_rustls::TlsConnector;
use tracing::{info, warn};

/// Keys of the store's metadata begin so; the domain follows.
const KEY: &str = "mta-sts ";
const HTTPS: u16 = 443;
/// For the whole exchange with a domain's policy host (RFC 8461 §3.3 has a minute).
const PATIENCE: Duration = Duration::from_secs(60);
/// Octets of a policy (RFC 8461 §3.3 has 64 kilobytes).
const LONGEST: usize = 64 * 1024;
/// After a failure a policy is not asked for again so soon (RFC 8461 §3.3).
const AGAIN: Duration = Duration::from_secs(5 * 60);
/// Domains that are asked about at once, about.
const AT_ONCE: usize = 16;

/// What is known of domains.
#[derive(Debug, Default)]
pub(super) struct Sts {
    known: Mutex<HashMap<String, Known>>,
    failed: Mutex<HashMap<String, Instant>>,
    /// One domain is asked about once at a time.
    turns: [AsyncMutex<()>; AT_ONCE],
}

/// A policy as it was fetched.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Known {
    id: String,
    /// In seconds since 1970.
    fetched: u64,
    text: String,
}

impl Known {
    /// The policy, while it may be kept.
    fn policy(&self, now: u64) -> Option<StsPolicy> {
        let policy = StsPolicy::parse(&self.text)?;
        (now < self.fetched.saturating_add(policy.max_age.as_secs())).then_some(policy)
    }
}

impl Sts {
    /// What was known before the start.
    pub(super) async fn load(&self, store: &impl Metadata) -> mailstore::Result<()> {
        let now = unique::seconds();
        for (key, value) in store.metadata(Scope::Store).await? {
            let Some(domain) = key.strip_prefix(KEY) else { continue };
            match serde_json::from_slice::<Known>(&value) {
                Ok(known) if known.policy(now).is_some() => {
                    lock(&self.known).insert(domain.to_owned(), known);
                }
                _ => store.set_metadata(Scope::Store, vec![(key, None)]).await?,
            }
        }
        Ok(())
    }

    /// The policy of a domain, if it has one. A domain that cannot be asked keeps the one it had (RFC
    /// 8461 §3.3 and §5.1).
    pub(super) async fn policy<S: Store>(&self, app: &App<S>, domain: &str) -> Option<StsPolicy> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(domain);
        let turn = usize::try_from(hash % AT_ONCE as u64).unwrap_or_default();
        let _turn = match self.turns.get(turn) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let known = lock(&self.known).get(domain).cloned();
        let kept = known.as_ref().and_then(|known| known.policy(unique::seconds()));
        let dns = app.dns();
        let records = dns.data(&format!("_mta-sts.{domain}"), &Data::Txt("".into())).await;
        let texts = records.unwrap_or_default().into_iter().filter_map(|data| match data {
            Data::Txt(text) => Some(text.to_string()),
            _ => None,
        });
        let texts: Vec<_> = texts.collect();
        let Some(id) = sts_id(texts.iter().map(String::as_str)) else { return kept };
        let is_new = known.is_none_or(|known| known.id != id);
        if (kept.is_some() && !is_new) || self.has_failed(domain) {
            return kept;
        }
        let tls = app.relay_tls().verified;
        let fetched = time::timeout(PATIENCE, fetch(&dns, tls, domain, HTTPS)).await;
        let fetched = fetched.unwrap_or_else(|_| Err("it takes too long".into()));
        let parsed = fetched.and_then(|text| match StsPolicy::parse(&text) {
            Some(policy) => Ok((text, policy)),
            None => Err("what is there is no policy".into()),
        });
        match parsed {
            Ok((text, policy)) => {
                info!(domain, id, mode = ?policy.mode, "MTA-STS policy fetched");
                self.keep(&app.store, domain, id, text).await;
                Some(policy)
            }
            Err(error) => {
                warn!(domain, %error, kept = kept.is_some(), "MTA-STS policy cannot be fetched");
                lock(&self.failed).insert(domain.to_owned(), Instant::now());
                kept
            }
        }
    }

    async fn keep(&self, store: &impl Metadata, domain: &str, id: &str, text: String) {
        let known = Known { id: id.to_owned(), fetched: unique::seconds(), text };
        let value = serde_json::to_vec(&known).ok().map(Bytes::from);
        lock(&self.known).insert(domain.to_owned(), known);
        let entry = vec![(format!("{KEY}{domain}"), value)];
        if let Err(error) = store.set_metadata(Scope::Store, entry).await {
            warn!(domain, %error, "MTA-STS policy is kept until the next start only");
        }
    }

    fn has_failed(&self, domain: &str) -> bool {
        let mut failed = lock(&self.failed);
        failed.retain(|_, at| at.elapsed() < AGAIN);
        failed.contains_key(domain)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The policy of a domain, from its policy host (RFC 8461 §3.3).
async fn fetch(
    dns: &Dns,
    tls: Arc<ClientConfig>,
    domain: &str,
    port: u16,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let host = format!("mta-sts.{domain}");
    let mut connected = Err(std::io::Error::other("it has no address"));
    for hop in dns.host(&host).await.map_err(|why| why.to_string())? {
        connected = TcpStream::connect(SocketAddr::new(hop.address, port)).await;
        if connected.is_ok() {
            break;
        }
    }
    let name = ServerName::try_from(host.clone())?;
    let stream = TlsConnector::from(tls).connect(name, connected?).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/.well-known/mta-sts.txt")
        .header(HOST, &host)
        .header(USER_AGENT, concat!("mail-server/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())?;
    let asking = async {
        let answer = sender.send_request(request).await?;
        // No redirects are followed.
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status()).into());
        }
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("text/plain")) {
            return Err("it is not text/plain".into());
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await?.to_bytes();
        Ok::<_, Box<dyn Error + Send + Sync>>(String::from_utf8(body.to_vec())?)
    };
    // The connection is done with once the answer is there.
    tokio::pin!(asking);
    tokio::select! {
        text = &mut asking => text,
        done = connection => {
            done?;
            asking.await
        }
    }
}

#[cfg(test)]
mod tests;
