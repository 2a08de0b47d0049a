use crate::model::accounts::check;
use crate::model::{Change, Engine};
use crate::{AccountId, Limits, Quota, Quotas, Result};

impl<E: Engine> Quotas for E {
    async fn quota(&self, account: AccountId) -> Result<Quota> {
        self.read(|state| {
            check(state, account)?;
            Ok(state.quota(account))
        })
    }

    async fn set_limits(&self, account: AccountId, limits: Limits) -> Result<()> {
        self.commit(move |state, _| {
            check(state, account)?;
            let change = Change::Limited { account, limits };
            Ok((if state.quota(account).limits == limits { vec![] } else { vec![change] }, ()))
        })
        .await
    }
}
