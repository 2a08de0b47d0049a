//! What looks at messages before they are stored.

use crate::filter::Rspamd;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Filter {
    /// URL of an rspamd that is asked about every message.
    pub(crate) rspamd: Option<String>,
    /// Seconds it has for a message.
    pub(crate) seconds: u64,
    /// What becomes of a message that a filter has no verdict on.
    pub(crate) on_failure: OnFailure,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnFailure {
    /// It goes on without.
    Accept,
    /// The client is to try again later.
    Tempfail,
}

impl Filter {
    pub(crate) fn rspamd(&self) -> Result<Option<Rspamd>, String> {
        let patience = Duration::from_secs(self.seconds);
        self.rspamd.as_deref().map(|url| Rspamd::new(url, patience)).transpose()
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self { rspamd: None, seconds: 60, on_failure: OnFailure::Tempfail }
    }
}
