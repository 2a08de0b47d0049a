use crate::model::{Change, Engine};
use crate::{
    Error, Grant, Mailbox, MailboxId, Result, Rights, RightsChange, Sharing, check_identifier,
};

impl<E: Engine> Sharing for E {
    async fn grants(&self, mailbox: MailboxId) -> Result<Vec<Grant>> {
        self.read(|state| {
            if !state.mailboxes.contains_key(&mailbox) {
                return Err(Error::not_found("mailbox", mailbox));
            }
            let own = state.grants.range((mailbox, String::new())..);
            let own = own.take_while(|(key, _)| key.0 == mailbox);
            Ok(own.map(|((_, who), rights)| Grant::new(who.clone(), rights.clone())).collect())
        })
    }

    async fn set_grant(
        &self,
        mailbox: MailboxId,
        identifier: &str,
        change: RightsChange,
    ) -> Result<Rights> {
        check_identifier(identifier)?;
        let identifier = identifier.to_owned();
        self.commit(move |state, _| {
            if !state.mailboxes.contains_key(&mailbox) {
                return Err(Error::not_found("mailbox", mailbox));
            }
            let key = (mailbox, identifier);
            let old = state.grants.get(&key).cloned().unwrap_or_default();
            let rights = change.apply(&old);
            if rights == old {
                return Ok((vec![], rights));
            }
            let change = Change::Granted { mailbox, identifier: key.1, rights: rights.clone() };
            Ok((vec![change], rights))
        })
        .await
    }

    async fn granted(&self, identifier: &str) -> Result<Vec<Mailbox>> {
        Ok(self.read(|state| {
            let lists = state.grants.keys().filter(|(_, who)| who == identifier);
            let mut found: Vec<Mailbox> =
                lists.filter_map(|(mailbox, _)| state.describe(*mailbox)).collect();
            found.sort_by(|a, b| (a.account, &a.name).cmp(&(b.account, &b.name)));
            found
        }))
    }
}
