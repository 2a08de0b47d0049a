//! Who may send as whom, and to whom. Never an open relay: mail for other domains is taken from
//! users who have logged in, and from nobody else.

use crate::app::App;
use mailstore::{Account, MailboxId, Store};
use smtp_proto::{Domain, ForwardPath, Mailbox, Reply, ReversePath};
use tracing::warn;

/// Where a recipient's copy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipient {
    /// Into the INBOX of one of our users.
    Local { path: ForwardPath<'static>, inbox: MailboxId },
    /// To the server of another domain.
    Remote(Mailbox<'static>),
}

impl Recipient {
    /// As the client gave it.
    pub(super) fn path(&self) -> ForwardPath<'static> {
        match self {
            Self::Local { path, .. } => path.clone(),
            Self::Remote(mailbox) => ForwardPath::Mailbox(mailbox.clone()),
        }
    }
}

/// Whether a user may put this reverse-path on a message (RFC 6409 §6.1): their own address, or
/// none.
pub(super) fn may_send_as(account: &Account, from: &ReversePath<'_>) -> bool {
    from.mailbox().is_none_or(|mailbox| address(mailbox).eq_ignore_ascii_case(&account.login))
}

/// Judges a recipient.
pub(super) async fn recipient<S: Store>(
    app: &App<S>,
    sender: Option<&Account>,
    path: ForwardPath<'static>,
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
        (true, _) => match inbox(app, mailbox).await {
            Ok(Some(inbox)) => Ok(Recipient::Local { path, inbox }),
            Ok(None) => Err(Reply::new(550, "5.1.1 No such user here")),
            Err(error) => {
                warn!(%error, "cannot look a recipient up");
                Err(Reply::new(451, "4.3.0 Cannot look that up at present"))
            }
        },
    }
}

/// The INBOX behind a local address; `None` stands for `<Postmaster>`.
async fn inbox<S: Store>(
    app: &App<S>,
    mailbox: Option<&Mailbox<'_>>,
) -> Result<Option<MailboxId>, crate::accounts::AccountError> {
    let found = match mailbox {
        Some(mailbox) => app.users.find(&address(mailbox)).await?,
        None => None,
    };
    let is_postmaster =
        mailbox.is_none_or(|mailbox| mailbox.local().eq_ignore_ascii_case("postmaster"));
    let account = match found {
        // RFC 5321 §4.5.1: there is always a postmaster. Where nobody has the name, the first
        // account has the duty.
        None if is_postmaster => app.users.list().await?.into_iter().next(),
        found => found,
    };
    match account {
        Some(account) => Ok(Some(app.store.mailbox(account.id, "INBOX").await?.id)),
        None => Ok(None),
    }
}

/// The address as accounts have it: `bob@example.org` and `"bob"@example.org` are one.
pub(crate) fn address(mailbox: &Mailbox<'_>) -> String {
    format!("{}@{}", mailbox.local(), mailbox.domain().as_str())
}
