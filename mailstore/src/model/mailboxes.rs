use crate::model::accounts::{check, of};
use crate::model::plan::Plan;
use crate::model::{Change, Engine, State};
use crate::{
    AccountId, Error, Mailbox, MailboxId, Mailboxes, NewMailbox, Result, Status, mailbox_name,
};

impl<E: Engine> Mailboxes for E {
    async fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>> {
        self.read(|state| {
            check(state, account)?;
            let own = state.names.range(of(account)).take_while(|(key, _)| key.0 == account);
            Ok(own.filter_map(|(_, id)| state.describe(*id)).collect())
        })
    }

    async fn mailbox(&self, account: AccountId, name: &str) -> Result<Mailbox> {
        self.read(|state| {
            let id = find(state, account, name)?;
            state.describe(id).ok_or_else(|| Error::not_found("mailbox", name))
        })
    }

    async fn create_mailbox(&self, account: AccountId, mailbox: &NewMailbox) -> Result<Mailbox> {
        let mailbox = mailbox.clone();
        self.commit(move |state, now| {
            check(state, account)?;
            let mut plan = Plan::new(state, now);
            let created = plan.mailbox(account, &mailbox)?;
            Ok((plan.finish(), created))
        })
        .await
    }

    async fn rename_mailbox(&self, account: AccountId, from: &str, to: &str) -> Result<()> {
        let (from, to) = (mailbox_name(from)?, mailbox_name(to)?);
        self.commit(move |state, now| {
            let plan = Plan::new(state, now);
            let changes = match from == "INBOX" {
                true => rename_inbox(plan, account, &to)?,
                false => rename(plan, account, &from, &to)?,
            };
            Ok((changes, ()))
        })
        .await
    }

    async fn delete_mailbox(&self, mailbox: MailboxId) -> Result<()> {
        self.commit(move |state, now| {
            let mut plan = Plan::new(state, now);
            if plan.find(mailbox)?.name == "INBOX" {
                return Err(Error::invalid("INBOX cannot be deleted"));
            }
            let uids: Vec<_> = plan.rows(mailbox)?.uids().collect();
            plan.expunge(mailbox, &uids)?;
            plan.forget_mailbox(mailbox);
            plan.change(Change::MailboxGone { id: mailbox });
            Ok((plan.finish(), ()))
        })
        .await
    }

    async fn subscriptions(&self, account: AccountId) -> Result<Vec<String>> {
        self.read(|state| {
            check(state, account)?;
            let own = state.subscriptions.range(of(account)).take_while(|key| key.0 == account);
            Ok(own.map(|(_, name)| name.clone()).collect())
        })
    }

    async fn subscribe(&self, account: AccountId, name: &str) -> Result<()> {
        let name = mailbox_name(name)?;
        self.commit(move |state, _| {
            check(state, account)?;
            let known = state.subscriptions.contains(&(account, name.clone()));
            let change = Change::Subscribed { account, name };
            Ok((if known { vec![] } else { vec![change] }, ()))
        })
        .await
    }

    async fn unsubscribe(&self, account: AccountId, name: &str) -> Result<()> {
        let name = mailbox_name(name)?;
        self.commit(move |state, _| {
            check(state, account)?;
            let known = state.subscriptions.contains(&(account, name.clone()));
            let change = Change::Unsubscribed { account, name };
            Ok((if known { vec![change] } else { vec![] }, ()))
        })
        .await
    }

    async fn status(&self, mailbox: MailboxId) -> Result<Status> {
        let found = self.read(|state| state.mailboxes.get(&mailbox).map(|m| m.rows.status()));
        found.ok_or_else(|| Error::not_found("mailbox", mailbox))
    }
}

fn find(state: &State, account: AccountId, name: &str) -> Result<MailboxId> {
    let found = mailbox_name(name).ok().and_then(|name| state.names.get(&(account, name)));
    found.copied().ok_or_else(|| Error::not_found("mailbox", name))
}

fn rename(mut plan: Plan<'_>, account: AccountId, from: &str, to: &str) -> Result<Vec<Change>> {
    find(plan.state, account, from)?;
    let below = |name: &str, of: &str| {
        name.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if below(to, from) {
        return Err(Error::invalid("a mailbox cannot move below itself"));
    }
    plan.levels_above(account, to)?;
    let state = plan.state;
    let own = state.names.range((account, from.to_owned())..);
    let own = own.take_while(|(key, _)| key.0 == account && key.1.starts_with(from));
    for ((_, old), id) in own.filter(|(key, _)| below(&key.1, from)) {
        let Some(rest) = old.strip_prefix(from) else { continue };
        let name = mailbox_name(&format!("{to}{rest}"))?;
        if state.names.contains_key(&(account, name.clone())) {
            return Err(Error::already_exists("mailbox", name));
        }
        let mailbox = plan.find(*id)?;
        let uid_validity = mailbox.rows.status().uid_validity;
        let special_use = mailbox.special_use;
        plan.change(Change::Mailbox { id: *id, account, name, special_use, uid_validity });
    }
    Ok(plan.finish())
}

fn rename_inbox(mut plan: Plan<'_>, account: AccountId, to: &str) -> Result<Vec<Change>> {
    let inbox = find(plan.state, account, "INBOX")?;
    let created = plan.mailbox(account, &NewMailbox::new(to))?;
    plan.open(&created);
    let rows = plan.rows(inbox)?;
    for row in rows.iter() {
        plan.push_row(created.id, &row)?;
    }
    let uids: Vec<_> = rows.uids().collect();
    plan.expunge(inbox, &uids)?;
    Ok(plan.finish())
}
