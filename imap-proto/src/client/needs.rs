//! What parts of commands need: items, keys, options.

use mailwire::Misuse;

use super::{charset::each, core::Core};
use crate::{
    command::{Append, AppendBody, AppendMessage, CatenatePart, FetchModifiers, MessageLiteral},
    types::{FetchItem, ListQuery, SearchKey, SearchReturn, SequenceSet, StatusItem},
};

impl Core {
    pub(super) fn allows_set(&self, set: &SequenceSet) -> Result<(), Misuse> {
        if set.is_saved() {
            need!(self, "SEARCHRES");
        }
        Ok(())
    }

    pub(super) fn allows_list(&self, query: &ListQuery<'_>) -> Result<(), Misuse> {
        if query.is_extended() {
            need!(self, "LIST-EXTENDED");
        }
        if query.select.special_use || query.returns.special_use {
            need!(self, "SPECIAL-USE");
        }
        if !query.returns.status.is_empty() {
            need!(self, "LIST-STATUS");
        }
        if query.returns.my_rights {
            need!(self, "LIST-MYRIGHTS");
        }
        if !query.returns.metadata.is_empty() {
            need!(self, "LIST-METADATA");
        }
        self.allows_status(&query.returns.status)
    }

    pub(super) fn allows_status(&self, items: &[StatusItem]) -> Result<(), Misuse> {
        for item in items {
            match item {
                StatusItem::Size => need!(self, "STATUS=SIZE"),
                StatusItem::HighestModSeq => need!(self, "CONDSTORE"),
                StatusItem::AppendLimit if self.append_limit().is_none() => {
                    need!(self, "APPENDLIMIT");
                }
                StatusItem::MailboxId => need!(self, "OBJECTID"),
                StatusItem::Deleted if !self.is_rev2() => {
                    need!(self, "QUOTA=RES-MESSAGE" or "IMAP4rev2");
                }
                StatusItem::DeletedStorage => need!(self, "QUOTA=RES-STORAGE"),
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of APPENDLIMIT (RFC 7889 §2).
    fn append_limit(&self) -> Option<u64> {
        let mut pairs = self.capabilities.iter().filter_map(|word| word.split_once('='));
        let (_, limit) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("APPENDLIMIT"))?;
        limit.parse().ok()
    }

    pub(super) fn allows_append(&self, append: &Append<'_>) -> Result<(), Misuse> {
        if append.messages.len() > 1 {
            need!(self, "MULTIAPPEND");
        }
        append.messages.iter().try_for_each(|message| self.allows_message(message))
    }

    pub(super) fn allows_message(&self, message: &AppendMessage<'_>) -> Result<(), Misuse> {
        let too_large = |size: u64| self.append_limit().is_some_and(|limit| size > limit);
        let literal = |literal: &MessageLiteral<'_>| {
            if literal.is_binary() {
                need!(self, "BINARY");
            }
            Ok(())
        };
        let size = match &message.body {
            AppendBody::Literal(one) => {
                literal(one)?;
                one.data().size()
            }
            AppendBody::Utf8(data) => {
                self.allows_utf8_message()?;
                data.size()
            }
            AppendBody::Catenate(parts) => {
                need!(self, "CATENATE");
                let mut sum = 0_u64;
                for part in parts {
                    match part {
                        CatenatePart::Url(_) => {}
                        CatenatePart::Text(one) => {
                            literal(one)?;
                            sum = sum.saturating_add(one.data().size());
                        }
                        CatenatePart::Utf8(data) => {
                            self.allows_utf8_message()?;
                            sum = sum.saturating_add(data.size());
                        }
                    }
                }
                sum
            }
        };
        if too_large(size) {
            return Err(Misuse::new("the message is larger than the server's APPENDLIMIT"));
        }
        Ok(())
    }

    /// RFC 6855 §4
    fn allows_utf8_message(&self) -> Result<(), Misuse> {
        match self.will_have("UTF8=ACCEPT") {
            true => Ok(()),
            false => Err(Misuse::new("enable UTF8=ACCEPT first")),
        }
    }

    pub(super) fn allows_returns(&self, returns: &SearchReturn<'_>) -> Result<(), Misuse> {
        if returns.save {
            need!(self, "SEARCHRES");
        }
        if returns.relevancy {
            need!(self, "SEARCH=FUZZY");
        }
        if returns.partial.is_some() {
            need!(self, "PARTIAL" or "CONTEXT=SEARCH" or "CONTEXT=SORT");
        }
        if returns.context || returns.update.is_some() {
            need!(self, "CONTEXT=SEARCH" or "CONTEXT=SORT");
        }
        Ok(())
    }

    pub(super) fn allows_key(&self, key: &SearchKey<'_>) -> Result<(), Misuse> {
        let mut found = Ok(());
        each(key, &mut |key| {
            if found.is_ok() {
                found = self.allows_one_key(key);
            }
        });
        found
    }

    fn allows_one_key(&self, key: &SearchKey<'_>) -> Result<(), Misuse> {
        match key {
            SearchKey::Sequence(set) | SearchKey::Uid(set) => return self.allows_set(set),
            SearchKey::Older(_) | SearchKey::Younger(_) => need!(self, "WITHIN"),
            SearchKey::ModSeq(_) | SearchKey::FlagModSeq(..) => need!(self, "CONDSTORE"),
            SearchKey::Fuzzy(_) => need!(self, "SEARCH=FUZZY"),
            SearchKey::Filter(_) => need!(self, "FILTERS"),
            SearchKey::SavedBefore(_)
            | SearchKey::SavedOn(_)
            | SearchKey::SavedSince(_)
            | SearchKey::SaveDateSupported => need!(self, "SAVEDATE"),
            SearchKey::EmailId(_) | SearchKey::ThreadId(_) => need!(self, "OBJECTID"),
            SearchKey::GmailRaw(_)
            | SearchKey::GmailMessageId(_)
            | SearchKey::GmailThreadId(_)
            | SearchKey::GmailLabel(_) => need!(self, "X-GM-EXT-1"),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn allows_items(&self, items: &[FetchItem<'_>]) -> Result<(), Misuse> {
        for item in items {
            match item {
                FetchItem::ModSeq => need!(self, "CONDSTORE"),
                FetchItem::Preview { .. } => need!(self, "PREVIEW"),
                FetchItem::SaveDate => need!(self, "SAVEDATE"),
                FetchItem::EmailId | FetchItem::ThreadId => need!(self, "OBJECTID"),
                FetchItem::GmailMessageId | FetchItem::GmailThreadId | FetchItem::GmailLabels => {
                    need!(self, "X-GM-EXT-1");
                }
                // RFC 9051 has the FETCH side of BINARY.
                FetchItem::Binary { .. } | FetchItem::BinarySize(_) if !self.is_rev2() => {
                    need!(self, "BINARY");
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn allows_modifiers(
        &self,
        uid: bool,
        modifiers: FetchModifiers,
    ) -> Result<(), Misuse> {
        if modifiers.changed_since.is_some() {
            need!(self, "CONDSTORE");
        }
        if modifiers.vanished {
            need!(self, "QRESYNC");
            // RFC 7162 §3.2.6
            if !(uid && modifiers.changed_since.is_some() && self.will_have("QRESYNC")) {
                return Err(Misuse::new(
                    "VANISHED goes with UID FETCH, CHANGEDSINCE and QRESYNC enabled",
                ));
            }
        }
        if modifiers.partial.is_some() {
            need!(self, "PARTIAL");
            if !uid {
                return Err(Misuse::new("PARTIAL goes with UID FETCH"));
            }
        }
        Ok(())
    }
}
