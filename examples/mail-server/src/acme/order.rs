//! One order, by instant-acme.

use crate::{
    config::{Acme, Config},
    tls::{self, ServerTls},
};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount,
    NewOrder, OrderStatus, RetryPolicy,
};
use std::{fs, path::PathBuf, time::Duration};

/// The authority has so long to look at all names, and then to make the certificate.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Key and certificate, with those that lead to its root, in PEM form.
pub(super) async fn order(
    config: &Config,
    tls: &ServerTls,
    names: &[String],
) -> Result<String, String> {
    let failed = |what: &'static str| move |error: instant_acme::Error| format!("{what}: {error}");
    let account = account(config).await?;
    let identifiers: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
    let order = account.new_order(&NewOrder::new(&identifiers)).await;
    let mut order = order.map_err(failed("the authority takes no order"))?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(failed("the order cannot be read"))?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            status => return Err(format!("an authorization is {status:?} from the start")),
        }
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .ok_or("the authority does not look at the HTTPS port (tls-alpn-01)")?;
        let name = challenge.identifier().to_string();
        let proof = challenge.key_authorization();
        tls.show_challenge(&name, proof.digest().as_ref()).map_err(|error| error.to_string())?;
        challenge.set_ready().await.map_err(failed("the authority does not look"))?;
    }
    let retries = RetryPolicy::new().timeout(PATIENCE);
    let status = order.poll_ready(&retries).await.map_err(failed("the order failed"))?;
    if status != OrderStatus::Ready {
        let whys = whys(&mut order).await;
        return Err(format!("the authority is not convinced: {whys}"));
    }
    let key = order.finalize().await.map_err(failed("no certificate was made"))?;
    let chain = order.poll_certificate(&retries).await;
    Ok(key + &chain.map_err(failed("no certificate was given out"))?)
}

/// What the authority says of each name that it could not look at.
async fn whys(order: &mut instant_acme::Order) -> String {
    let mut whys = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(authorization)) = authorizations.next().await {
        let problems = authorization.challenges.iter().filter_map(|c| c.error.as_ref());
        whys.extend(problems.map(ToString::to_string));
    }
    whys.join("; ")
}

/// The account at the authority, kept in the data folder.
async fn account(config: &Config) -> Result<Account, String> {
    let Acme { directory, contact, ca, .. } = &config.acme;
    let builder = || {
        let builder = match ca {
            Some(ca) => Account::builder_with_root(ca),
            None => Account::builder(),
        };
        builder.map_err(|error| format!("cannot trust the authority: {error}"))
    };
    let path = path(config);
    // One of another authority is of no use.
    let kept = fs::read(&path).ok().and_then(|kept| {
        let (at, credentials) =
            serde_json::from_slice::<(String, AccountCredentials)>(&kept).ok()?;
        (at == *directory).then_some(credentials)
    });
    if let Some(credentials) = kept {
        let account = builder()?.from_credentials(credentials).await;
        return account.map_err(|error| format!("cannot use the account: {error}"));
    }
    let contact = contact.as_ref().map(|address| format!("mailto:{address}"));
    let contacts: Vec<_> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contacts,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let made = builder()?.create(&new, directory.clone(), None).await;
    let (account, credentials) =
        made.map_err(|error| format!("the authority gives no account: {error}"))?;
    let kept = serde_json::to_vec(&(directory, credentials)).map_err(|error| error.to_string())?;
    tls::write_key(&path, &kept).map_err(|error| error.to_string())?;
    Ok(account)
}

fn path(config: &Config) -> PathBuf {
    config.data.join("acme-account.json")
}
