//! The accounts an empty store gets, so that there is something to try: their passwords are known
//! to everybody.

use super::{AccountError, Users};
use crate::config::Config;
use mailstore::Accounts;

/// Names and passwords.
const READY_MADE: [(&str, &str); 3] =
    [("alice", "alice-secret"), ("bob", "bob-secret"), ("carol", "carol-secret")];

/// An account whose password everybody knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct WellKnown {
    pub(crate) address: String,
    pub(crate) password: &'static str,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "{0} still has its well-known password, so this server listens on loopback only; change it with `mail-server user passwd {0}`"
    )]
    WellKnownPassword(String),
    #[error(transparent)]
    Account(#[from] AccountError),
}

/// The accounts that have their well-known passwords: made now if the store is empty, nobody else
/// can connect and the configuration does not say otherwise. Refuses to let others connect to such
/// accounts.
///
/// It is the stored hash that is looked at, so changing the password is enough.
pub(crate) async fn prepare<S>(users: &Users<S>, config: &Config) -> Result<Vec<WellKnown>, Refusal>
where
    S: Accounts + Clone + Send + Sync + 'static,
{
    let accounts = users.list().await?;
    if accounts.is_empty() && config.accounts.ready_made && config.loopback_only() {
        return make(users, config).await;
    }
    let mut found = Vec::new();
    for account in accounts {
        let local = account.login.rsplit_once('@').map(|(local, _)| local).unwrap_or_default();
        let known = READY_MADE.iter().find(|(name, _)| local.eq_ignore_ascii_case(name));
        let Some((_, password)) = known else { continue };
        if users.log_in(&account.login, password).await?.is_some() {
            if !config.loopback_only() {
                return Err(Refusal::WellKnownPassword(account.login));
            }
            found.push(WellKnown { address: account.login, password });
        }
    }
    Ok(found)
}

/// All at once: hashing is what takes time.
async fn make<S>(users: &Users<S>, config: &Config) -> Result<Vec<WellKnown>, Refusal>
where
    S: Accounts + Clone + Send + Sync + 'static,
{
    let domain = config.domains.first().map_or("localhost", String::as_str);
    let [a, b, c] = READY_MADE.map(|(name, password)| async move {
        let address = format!("{name}@{domain}");
        users.add(&address, password).await?;
        Ok::<_, AccountError>(WellKnown { address, password })
    });
    let (a, b, c) = tokio::try_join!(a, b, c)?;
    Ok(vec![a, b, c])
}
