//! What the machine and its host act on; other commands are known to the grammar only.

use super::core::Core;
use crate::{
    command::Command,
    types::{FetchItem, SearchKey, SearchQuery},
};

/// Whether the machine acts on the command; others are known to the grammar only.
pub(super) fn is_served(command: &Command<'_>) -> bool {
    if let Command::List(query) = command {
        return !query.returns.my_rights;
    }
    !matches!(
        command,
        Command::Notify(_)
            | Command::StoreLabels { .. }
            | Command::Comparator(_)
            | Command::GetJmapAccess
            | Command::CancelUpdate(_)
            | Command::XList { .. }
            | Command::SetAcl { .. }
            | Command::DeleteAcl { .. }
            | Command::GetAcl(_)
            | Command::ListRights { .. }
            | Command::MyRights(_)
            | Command::GenUrlAuth(_)
            | Command::ResetKey(_)
            | Command::UrlFetch(_)
    )
}

impl Core {
    /// Whether the host keeps what the command is about.
    pub(super) fn is_configured(&self, command: &Command<'_>) -> bool {
        match command {
            Command::GetQuota(_) | Command::GetQuotaRoot(_) | Command::SetQuota { .. } => {
                self.config.quotas
            }
            Command::GetMetadata { .. } | Command::SetMetadata { .. } => self.config.metadata,
            Command::List(query) => self.config.metadata || query.returns.metadata.is_empty(),
            Command::Unauthenticate => self.config.unauthenticate && !self.compressed,
            Command::Compress(_) => self.config.compress,
            Command::ESearch { .. } => self.config.multi_search,
            _ => true,
        }
    }

    /// Whether the machine acts on all that the search asks for.
    pub(super) fn is_served_search(&self, query: &SearchQuery<'_>) -> bool {
        let served = query.returns.as_ref().is_none_or(|returns| {
            let more = returns.relevancy || returns.context || returns.update.is_some();
            // RFC 9394 §3.1: PARTIAL and ALL exclude each other.
            let both = returns.partial.is_some() && returns.all;
            !(more || both)
        });
        served && self.is_served_key(&query.key)
    }

    fn is_served_key(&self, key: &SearchKey<'_>) -> bool {
        match key {
            SearchKey::And(keys) => keys.iter().all(|key| self.is_served_key(key)),
            SearchKey::Or(a, b) => self.is_served_key(a) && self.is_served_key(b),
            SearchKey::Not(key) => self.is_served_key(key),
            SearchKey::ModSeq(_) | SearchKey::FlagModSeq(..) => self.config.mod_seqs,
            SearchKey::EmailId(_) | SearchKey::ThreadId(_) => self.config.object_ids,
            SearchKey::Filter(_) => self.config.filters,
            SearchKey::SavedBefore(_)
            | SearchKey::SavedOn(_)
            | SearchKey::SavedSince(_)
            | SearchKey::SaveDateSupported => self.config.save_dates,
            other => !is_unknown_key(other),
        }
    }

    pub(super) fn is_served_item(&self, item: &FetchItem<'_>) -> bool {
        match item {
            FetchItem::ModSeq => self.config.mod_seqs,
            FetchItem::SaveDate => self.config.save_dates,
            FetchItem::EmailId | FetchItem::ThreadId => self.config.object_ids,
            FetchItem::Preview { .. } => self.config.previews,
            FetchItem::Binary { .. } | FetchItem::BinarySize(_) => self.config.binary,
            other => !is_unknown_item(other),
        }
    }
}

/// Keys of extensions that are not offered.
fn is_unknown_key(key: &SearchKey<'_>) -> bool {
    matches!(
        key,
        SearchKey::Fuzzy(_)
            | SearchKey::GmailRaw(_)
            | SearchKey::GmailMessageId(_)
            | SearchKey::GmailThreadId(_)
            | SearchKey::GmailLabel(_)
    )
}

/// Items of extensions that are not offered.
fn is_unknown_item(item: &FetchItem<'_>) -> bool {
    matches!(item, FetchItem::GmailMessageId | FetchItem::GmailThreadId | FetchItem::GmailLabels)
}
