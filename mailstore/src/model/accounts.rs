use crate::model::plan::Plan;
use crate::model::{Change, Engine, State};
use crate::{Account, AccountId, Accounts, Credential, Error, Limits, NewMailbox, Result, Scope};

/// The longest login name, in octets.
const MAX_LOGIN: usize = 320;

impl<E: Engine> Accounts for E {
    async fn create_account(&self, login: &str, mailboxes: &[NewMailbox]) -> Result<Account> {
        let (login, mailboxes) = (login.to_owned(), mailboxes.to_vec());
        self.commit(move |state, now| create(Plan::new(state, now), login, &mailboxes)).await
    }

    async fn account(&self, login: &str) -> Result<Account> {
        let key = login.to_ascii_lowercase();
        let found = self.read(|state| state.logins.get(&key).and_then(|id| describe(state, *id)));
        found.ok_or_else(|| Error::not_found("account", login))
    }

    async fn accounts(&self) -> Result<Vec<Account>> {
        Ok(self.read(|state| state.logins.values().filter_map(|id| describe(state, *id)).collect()))
    }

    async fn delete_account(&self, account: AccountId) -> Result<()> {
        self.commit(move |state, now| {
            check(state, account)?;
            let mut plan = Plan::new(state, now);
            for (_, id) in state.names.range(of(account)).take_while(|(k, _)| k.0 == account) {
                let uids: Vec<_> = plan.rows(*id)?.uids().collect();
                plan.expunge(*id, &uids)?;
                plan.forget_mailbox(*id);
                plan.change(Change::MailboxGone { id: *id });
            }
            let names = state.subscriptions.range(of(account)).take_while(|k| k.0 == account);
            for (account, name) in names {
                plan.change(Change::Unsubscribed { account: *account, name: name.clone() });
            }
            for mailbox in state.read_by(account) {
                plan.change(Change::OwnGone { mailbox, reader: account });
            }
            plan.forget_metadata(Scope::Account(account));
            plan.change(Change::Limited { account, limits: Limits::default() });
            plan.change(Change::AccountGone { id: account });
            Ok((plan.finish(), ()))
        })
        .await
    }

    async fn credentials(&self, account: AccountId) -> Result<Vec<Credential>> {
        self.read(|state| {
            check(state, account)?;
            Ok(state.accounts.get(&account).map(|a| a.credentials.clone()).unwrap_or_default())
        })
    }

    async fn set_credentials(
        &self,
        account: AccountId,
        credentials: Vec<Credential>,
    ) -> Result<()> {
        self.commit(move |state, _| {
            let found = state.accounts.get(&account);
            let found = found.ok_or_else(|| Error::not_found("account", account))?;
            let login = found.login.clone();
            Ok((vec![Change::Account { id: account, login, credentials }], ()))
        })
        .await
    }
}

fn create(
    mut plan: Plan<'_>,
    login: String,
    mailboxes: &[NewMailbox],
) -> Result<(Vec<Change>, Account)> {
    if login.is_empty() || login.len() > MAX_LOGIN || login.chars().any(char::is_control) {
        return Err(Error::invalid("a login name has 1 to 320 octets and no control character"));
    }
    if plan.state.logins.contains_key(&login.to_ascii_lowercase()) {
        return Err(Error::already_exists("account", login));
    }
    let id = plan.account();
    let credentials = Vec::new();
    plan.change(Change::Account { id, login: login.clone(), credentials });
    plan.mailbox(id, &NewMailbox::new("INBOX"))?;
    for new in mailboxes {
        plan.mailbox(id, new)?;
    }
    Ok((plan.finish(), Account::new(id, login)))
}

/// The lowest key of an account's names.
pub(super) const fn of(account: AccountId) -> core::ops::RangeFrom<(AccountId, String)> {
    (account, String::new())..
}

pub(super) fn check(state: &State, account: AccountId) -> Result<()> {
    match state.accounts.contains_key(&account) {
        true => Ok(()),
        false => Err(Error::not_found("account", account)),
    }
}

fn describe(state: &State, id: AccountId) -> Option<Account> {
    Some(Account::new(id, state.accounts.get(&id)?.login.clone()))
}
