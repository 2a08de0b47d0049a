//! What a command needs: what the server has not offered is never used.

use mailwire::Misuse;

use super::{charset, core::Core, queue::Kind};
use crate::{command::Command, types::SortKey};

/// Extensions that are part of IMAP4rev2 (RFC 9051 appendix E).
const REV2: [&str; 15] = [
    "NAMESPACE",
    "UNSELECT",
    "UIDPLUS",
    "ESEARCH",
    "SEARCHRES",
    "ENABLE",
    "IDLE",
    "SASL-IR",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "MOVE",
    "LITERAL-",
    "SPECIAL-USE",
    "STATUS=SIZE",
    "CHILDREN",
];

impl Core {
    /// Whether the server offers this, by its name or as a part of something else.
    pub(super) fn offers(&self, name: &str) -> bool {
        self.has(name)
            || (self.is_rev2() && REV2.contains(&name))
            // RFC 7162 §3.2
            || (name == "CONDSTORE" && self.has("QRESYNC"))
            // RFC 9051 §6.3.1
            || (name == "ENABLE" && self.has("IMAP4rev2"))
    }

    /// Whether the session is IMAP4rev2: enabled, or the server knows nothing else (RFC 9051 §6.3.1).
    pub(super) fn is_rev2(&self) -> bool {
        self.is_enabled("IMAP4rev2") || (self.has("IMAP4rev2") && !self.has("IMAP4rev1"))
    }

    pub(super) fn is_enabled(&self, name: &str) -> bool {
        self.enabled.iter().any(|have| have.eq_ignore_ascii_case(name))
    }

    /// Whether names and quoted strings are UTF-8.
    pub(super) fn is_utf8(&self) -> bool {
        self.is_rev2() || self.is_enabled("UTF8=ACCEPT")
    }

    /// Whether it is enabled, or will be if the server grants what was asked for.
    pub(super) fn will_have(&self, name: &str) -> bool {
        self.is_enabled(name) || self.asked.iter().any(|asked| asked.eq_ignore_ascii_case(name))
    }

    /// Whether the server has offered all that the command needs.
    pub(super) fn allows(&self, command: &Command<'_>) -> Result<(), Misuse> {
        let utf8 = self.is_utf8() || self.will_have("UTF8=ACCEPT") || self.will_have("IMAP4rev2");
        charset::check(command, utf8)?;
        match command {
            Command::Id(_) => need!(self, "ID"),
            Command::StartTls => need!(self, "STARTTLS"),
            Command::Enable(names) => {
                need!(self, "ENABLE");
                // RFC 6855 §6: UTF8=ONLY asks for `ENABLE UTF8=ACCEPT`.
                let offered = |name: &str| {
                    self.offers(name)
                        || (name.eq_ignore_ascii_case("UTF8=ACCEPT") && self.has("UTF8=ONLY"))
                };
                if !names.iter().all(|name| offered(name)) {
                    return Err(Misuse::new("the server has not offered what is to be enabled"));
                }
            }
            Command::Namespace => need!(self, "NAMESPACE"),
            Command::Select { qresync: Some(_), .. } => {
                need!(self, "QRESYNC");
                // RFC 7162 §3.2.5
                if !self.will_have("QRESYNC") {
                    return Err(Misuse::new("enable QRESYNC first"));
                }
            }
            Command::Select { condstore: true, .. } => need!(self, "CONDSTORE"),
            Command::Create { uses, .. } if !uses.is_empty() => need!(self, "CREATE-SPECIAL-USE"),
            Command::List(query) => return self.allows_list(query),
            Command::XList { .. } => need!(self, "XLIST"),
            Command::Status(_, items) => return self.allows_status(items),
            Command::Append(append) => return self.allows_append(append),
            Command::Replace(replace) => {
                need!(self, "REPLACE");
                return self.allows_message(&replace.message);
            }
            Command::Unselect => need!(self, "UNSELECT"),
            Command::Expunge(Some(set)) => {
                need!(self, "UIDPLUS");
                return self.allows_set(set);
            }
            Command::Search { query, .. } => {
                if let Some(returns) = &query.returns {
                    need!(self, "ESEARCH");
                    self.allows_returns(returns)?;
                }
                return self.allows_key(&query.key);
            }
            Command::ESearch { query, .. } => {
                need!(self, "MULTISEARCH");
                return self.allows_key(&query.key);
            }
            Command::Sort { criteria, returns, key, .. } => {
                need!(self, "SORT");
                for criterion in criteria {
                    match criterion.key {
                        SortKey::DisplayFrom | SortKey::DisplayTo => need!(self, "SORT=DISPLAY"),
                        SortKey::Relevancy => need!(self, "SEARCH=FUZZY"),
                        _ => {}
                    }
                }
                if let Some(returns) = returns {
                    need!(self, "ESORT");
                    self.allows_returns(returns)?;
                }
                return self.allows_key(key);
            }
            Command::Thread { algorithm, key, .. } => {
                let offered = self.capabilities.iter().filter_map(|word| word.split_once('='));
                let mut offered = offered.filter(|(name, _)| name.eq_ignore_ascii_case("THREAD"));
                if !offered.any(|(_, one)| one.eq_ignore_ascii_case(algorithm)) {
                    return Err(Misuse::new("the server has not offered THREAD by this algorithm"));
                }
                return self.allows_key(key);
            }
            Command::Fetch { uid, set, items, modifiers } => {
                self.allows_set(set)?;
                self.allows_modifiers(*uid, *modifiers)?;
                return self.allows_items(items.as_slice());
            }
            Command::Store { set, unchanged_since, .. } => {
                if unchanged_since.is_some() {
                    need!(self, "CONDSTORE");
                }
                return self.allows_set(set);
            }
            Command::Copy { set, .. } => return self.allows_set(set),
            Command::StoreLabels { set, .. } => {
                need!(self, "X-GM-EXT-1");
                return self.allows_set(set);
            }
            Command::Move { set, .. } => {
                need!(self, "MOVE");
                return self.allows_set(set);
            }
            Command::Idle => need!(self, "IDLE"),
            Command::Notify(_) => need!(self, "NOTIFY"),
            Command::Compress(_) => {
                need!(self, "COMPRESS=DEFLATE");
                if self.compressed || self.is_on_its_way(Kind::Compress) {
                    return Err(Misuse::new("the session is compressed already"));
                }
            }
            Command::Language(_) => need!(self, "LANGUAGE"),
            Command::Comparator(_) => need!(self, "I18NLEVEL=2"),
            Command::Unauthenticate => {
                need!(self, "UNAUTHENTICATE");
                // RFC 8437 §4.1: compression would end in the middle of the stream, which no driver can do.
                if self.compressed || self.is_on_its_way(Kind::Compress) {
                    return Err(Misuse::new("no UNAUTHENTICATE in a compressed session: log out"));
                }
            }
            Command::GetJmapAccess => need!(self, "JMAPACCESS"),
            Command::CancelUpdate(_) => need!(self, "CONTEXT=SEARCH" or "CONTEXT=SORT"),
            Command::GetQuota(_) | Command::GetQuotaRoot(_) => need!(self, "QUOTA"),
            Command::SetQuota { .. } => {
                // RFC 9208 §3.1.2; servers of RFC 2087 have QUOTA alone.
                let old = self.has("QUOTA")
                    && !self.capabilities.iter().any(|one| one.starts_with("QUOTA=RES-"));
                if !old {
                    need!(self, "QUOTASET");
                }
            }
            Command::SetAcl { .. }
            | Command::DeleteAcl { .. }
            | Command::GetAcl(_)
            | Command::ListRights { .. }
            | Command::MyRights(_) => need!(self, "ACL"),
            Command::GetMetadata { mailbox, .. } | Command::SetMetadata { mailbox, .. } => {
                // RFC 5464 §1
                if mailbox.as_str().is_empty() {
                    need!(self, "METADATA" or "METADATA-SERVER");
                } else {
                    need!(self, "METADATA");
                }
            }
            Command::GenUrlAuth(_) | Command::ResetKey(_) | Command::UrlFetch(_) => {
                need!(self, "URLAUTH");
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn is_on_its_way(&self, kind: Kind) -> bool {
        self.inflight.iter().any(|(_, have)| *have == kind)
            || self.queue.iter().any(|queued| queued.kind == kind)
    }
}
