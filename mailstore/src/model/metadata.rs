use bytes::Bytes;

use crate::model::accounts::check;
use crate::model::{Change, Engine, State};
use crate::{Error, MAX_METADATA_ENTRIES, Metadata, Result, Scope, check_entry};

impl<E: Engine> Metadata for E {
    async fn metadata(&self, of: Scope) -> Result<Vec<(String, Bytes)>> {
        self.read(|state| {
            exists(state, of)?;
            let own = state.metadata.range((of, String::new())..);
            let own = own.take_while(|(key, _)| key.0 == of);
            Ok(own.map(|((_, key), value)| (key.clone(), value.clone())).collect())
        })
    }

    async fn set_metadata(&self, of: Scope, entries: Vec<(String, Option<Bytes>)>) -> Result<()> {
        for (key, value) in &entries {
            check_entry(key, value.as_deref())?;
        }
        self.commit(move |state, _| {
            exists(state, of)?;
            let own = state.metadata.range((of, String::new())..);
            let own = own.take_while(|(key, _)| key.0 == of).map(|((_, key), _)| &**key);
            let mut keys: std::collections::BTreeSet<&str> = own.collect();
            let before = keys.len();
            for (key, value) in &entries {
                match value {
                    Some(_) => keys.insert(key),
                    None => keys.remove(&**key),
                };
            }
            if keys.len() > MAX_METADATA_ENTRIES && keys.len() > before {
                return Err(Error::over_limit("metadata entries", MAX_METADATA_ENTRIES));
            }
            let change = |(key, value)| Change::Metadata { scope: of, key, value };
            Ok((entries.into_iter().map(change).collect(), ()))
        })
        .await
    }
}

fn exists(state: &State, scope: Scope) -> Result<()> {
    match scope {
        Scope::Store => Ok(()),
        Scope::Account(account) => check(state, account),
        Scope::Mailbox(mailbox) => match state.mailboxes.contains_key(&mailbox) {
            true => Ok(()),
            false => Err(Error::not_found("mailbox", mailbox)),
        },
    }
}
