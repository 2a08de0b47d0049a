//! Log-ins of all protocols: a claim in, a verdict out.

use super::{AccountError, Users, scram};
use crate::{config::Config, listen::Record};
use mailstore::{Account, Accounts};
use mailwire::sasl::{Claim, Keys, Mechanism, Verdict};
use tracing::warn;

/// What is offered, the best first.
pub(crate) fn mechanisms(config: &Config) -> Vec<Mechanism> {
    let plus = config.accounts.scram_plus.then_some(Mechanism::ScramSha256Plus);
    let others = [Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login];
    plus.into_iter().chain(others).collect()
}

impl<S: Accounts + Sync> Users<S> {
    /// Judges a claim. The account goes with [`Verdict::Accept`] only.
    pub(crate) async fn judge(
        &self,
        claim: &Claim<'_>,
        record: &Record,
    ) -> (Verdict, Option<Account>) {
        if !record.may_go_on() {
            return (Verdict::Unavailable, None);
        }
        let judged = match claim {
            Claim::Password { authzid, username, password } if is_self(authzid, username) => {
                self.log_in(username, password.expose()).await
            }
            Claim::Proved { authzid, username } if is_self(authzid, username) => {
                self.find(username).await
            }
            Claim::Keys { username, hash } if *hash == scram::HASH => {
                record.log_in_begun(username);
                return match self.keys(username).await {
                    Ok(verdict) => (verdict, None),
                    Err(error) => unavailable(&error),
                };
            }
            _ => Ok(None),
        };
        match judged {
            Ok(Some(account)) => {
                record.logged_in(&account.login);
                (Verdict::Accept, Some(account))
            }
            Ok(None) => {
                record.log_in_failed(claim.username());
                (Verdict::Refuse, None)
            }
            Err(error) => unavailable(&error),
        }
    }

    /// The user's keys, or for a user who does not exist (or whose password cannot be used with
    /// SCRAM) keys that no password fits.
    async fn keys(&self, username: &str) -> Result<Verdict, AccountError> {
        let stored = match self.find(username).await? {
            Some(account) => self.credential(&account, scram::HASH.name()).await?,
            None => None,
        };
        let keys = stored.and_then(|text| Keys::from_text(&text).ok());
        let keys = keys.unwrap_or_else(|| self.secret().keys_of_nobody(username));
        Ok(Verdict::Keys(Box::new(keys), scram::random::<18>()?.to_vec()))
    }
}

/// Nobody acts for others here.
fn is_self(authzid: &str, username: &str) -> bool {
    authzid.is_empty() || authzid.eq_ignore_ascii_case(username)
}

fn unavailable(error: &AccountError) -> (Verdict, Option<Account>) {
    warn!(%error, "cannot check a log-in");
    (Verdict::Unavailable, None)
}
