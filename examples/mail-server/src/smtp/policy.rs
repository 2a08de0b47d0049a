//! Who may send as whom, and to whom. Never an open relay: mail for other domains is taken from
//! users who have logged in, and from nobody else.

use crate::{accounts::AccountError, app::App};
use mailstore::{Account, AccountId, Store};
use smtp_proto::{Domain, ForwardPath, Mailbox, Reply, ReversePath};
use tracing::warn;

/// Where a recipient's copy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// To one of our users, or to several.
    Local { path: ForwardPath<'static>, receivers: Vec<AccountId> },
    /// To the server of another domain.
    Remote(Mailbox<'static>),
}

impl Recipient {
    /// RFC 5321 §4.5.1.
    pub(super) fn is_postmaster(&self) -> bool {
        match self {
            Self::Local { path: ForwardPath::Mailbox(mailbox), .. } => {
                mailbox.local().eq_ignore_ascii_case("postmaster")
            }
            Self::Local { path: ForwardPath::Postmaster, .. } => true,
            Self::Remote(_) => false,
        }
    }

    /// As the client gave it.
    pub(super) fn path(&self) -> ForwardPath<'static> {
        match self {
            Self::Local { path, .. } => path.clone(),
            Self::Remote(mailbox) => ForwardPath::Mailbox(mailbox.clone()),
        }
    }
}

/// Whether a user may put this reverse-path on a message (RFC 6409 §6.1): an address of theirs, or
/// none.
pub(super) async fn may_send_as<S: Store>(
    app: &App<S>,
    account: &Account,
    from: &ReversePath<'_>,
) -> Result<bool, AccountError> {
    match from.mailbox() {
        Some(mailbox) => is_theirs(app, account, &address(mailbox)).await,
        None => Ok(true),
    }
}

/// Whether mail for this address comes to this user.
pub(super) async fn is_theirs<S: Store>(
    app: &App<S>,
    account: &Account,
    address: &str,
) -> Result<bool, AccountError> {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    if address.eq_ignore_ascii_case(&account.login) {
        return Ok(true);
    }
    let receivers = match app.users.is_local(domain) {
        true => app.users.receivers(address).await?,
        false => Vec::new(),
    };
    Ok(receivers.iter().any(|receiver| receiver.id == account.id))
}

/// Judges a recipient of a message of this size; 0 if the client has not said.
pub(super) async fn recipient<S: Store>(
    app: &App<S>,
    sender: Option<&Account>,
    path: ForwardPath<'static>,
    size: u64,
) -> Result<Recipient, Reply> {
    let mailbox = match &path {
        ForwardPath::Postmaster => None,
        ForwardPath::Mailbox(mailbox) => Some(mailbox),
    };
    let local = match mailbox.map(Mailbox::domain) {
        None => true,
        Some(Domain::Name(name)) => app.users.is_local(name),
        Some(Domain::Literal(_)) => false,
    };
    match (local, mailbox) {
        (false, Some(mailbox)) if sender.is_some() => Ok(Recipient::Remote(mailbox.clone())),
        (false, _) => Err(Reply::new(550, "5.7.1 Relaying denied: log in first")),
        (true, _) => match local_recipient(app, path, size).await {
            Ok(answer) => answer,
            Err(error) => Err(unavailable(&error)),
        },
    }
}

/// The accounts cannot be asked.
pub(super) fn unavailable(error: &AccountError) -> Reply {
    warn!(%error, "cannot look an address up");
    Reply::new(451, "4.3.0 Cannot look that up at present")
}

/// Whether a message of this size has room with all who receive mail for this address.
async fn local_recipient<S: Store>(
    app: &App<S>,
    path: ForwardPath<'static>,
    size: u64,
) -> Result<Result<Recipient, Reply>, AccountError> {
    let found = receivers(app, &path).await?;
    let receivers: Vec<_> = found.iter().map(|account| account.id).collect();
    if has_no_room(app, &receivers, size).await? {
        // RFC 3463 §3.3: X.2.2, mailbox full.
        return Ok(Err(Reply::new(452, "4.2.2 The mailbox is full")));
    }
    Ok(match receivers.is_empty() {
        true => Err(Reply::new(550, "5.1.1 No such user here")),
        false => Ok(Recipient::Local { path, receivers }),
    })
}

/// Whether one who receives mail for this recipient has no room for so many octets.
pub(super) async fn is_full<S: Store>(
    app: &App<S>,
    recipient: &Recipient,
    size: u64,
) -> mailstore::Result<bool> {
    match recipient {
        Recipient::Local { receivers, .. } => has_no_room(app, receivers, size).await,
        Recipient::Remote(_) => Ok(false),
    }
}

async fn has_no_room<S: Store>(
    app: &App<S>,
    receivers: &[AccountId],
    size: u64,
) -> mailstore::Result<bool> {
    for account in receivers {
        let quota = app.store.quota(*account).await?;
        let full = |held: u64, limit: Option<u64>, more: u64| {
            limit.is_some_and(|limit| held >= limit || held.saturating_add(more) > limit)
        };
        if full(quota.octets, quota.limits.octets, size)
            || full(quota.messages, quota.limits.messages, 1)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The accounts behind a local address.
async fn receivers<S: Store>(
    app: &App<S>,
    path: &ForwardPath<'_>,
) -> Result<Vec<Account>, AccountError> {
    let (found, is_postmaster) = match path {
        ForwardPath::Mailbox(mailbox) => (
            app.users.receivers(&address(mailbox)).await?,
            mailbox.local().eq_ignore_ascii_case("postmaster"),
        ),
        ForwardPath::Postmaster => (Vec::new(), true),
    };
    Ok(match found.is_empty() && is_postmaster {
        // RFC 5321 §4.5.1: there is always a postmaster. Where nobody has the name, the first
        // account has the duty.
        true => app.users.list().await?.into_iter().take(1).collect(),
        false => found,
    })
}

/// The address as accounts have it: `bob@example.org` and `"bob"@example.org` are one.
pub(crate) fn address(mailbox: &Mailbox<'_>) -> String {
    format!("{}@{}", mailbox.local(), mailbox.domain().as_str())
}
