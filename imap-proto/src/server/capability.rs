//! CAPABILITY, derived from what the session can do in its present state (RFC 3501 §7.2.1).

use alloc::{format, string::String};

use super::core::Core;

/// Offered in every state.
const ALWAYS: &str = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE LANGUAGE";

/// Offered after login.
const AUTHENTICATED: &str = "INPROGRESS NAMESPACE CHILDREN UIDPLUS UNSELECT MOVE ESEARCH SEARCHRES PARTIAL WITHIN \
    LIST-EXTENDED LIST-STATUS STATUS=SIZE SPECIAL-USE CREATE-SPECIAL-USE \
    SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS \
    I18NLEVEL=1 UIDONLY";

impl Core {
    pub(super) fn capabilities(&self) -> String {
        let mut list = String::from(ALWAYS);
        // RFC 9051 §1.4: all that it asks for beside BINARY is always here.
        list.push_str(if self.config.binary { " IMAP4rev2" } else { "" });
        if self.user.is_some() {
            list.push(' ');
            list.push_str(AUTHENTICATED);
            list.push_str(if self.config.mod_seqs { " CONDSTORE QRESYNC" } else { "" });
            if self.config.quotas {
                list.push_str(" QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE");
            }
            let config = &self.config;
            for (offered, name) in [
                (config.metadata, "METADATA LIST-METADATA"),
                (config.save_dates, "SAVEDATE"),
                (config.multi_append, "MULTIAPPEND"),
                (config.binary, "BINARY"),
                (config.catenate, "CATENATE"),
                (config.utf8, "UTF8=ACCEPT"),
                (config.replace, "REPLACE"),
                (config.object_ids, "OBJECTID"),
                (config.previews, "PREVIEW"),
                (config.compress && !self.compressed, "COMPRESS=DEFLATE"),
                // RFC 8437 §4.1: it would end the compression in mid-stream, which no transport here can.
                (config.unauthenticate && !self.compressed, "UNAUTHENTICATE"),
                (config.multi_search, "MULTISEARCH"),
                (config.filters, "FILTERS"),
            ] {
                if offered {
                    list.push(' ');
                    list.push_str(name);
                }
            }
            list.push_str(&format!(" APPENDLIMIT={}", self.config.append_limit));
            return list;
        }
        if !self.tls && self.config.starttls {
            list.push_str(" STARTTLS");
        }
        let passwords = self.may_send_passwords();
        for mechanism in &self.config.mechanisms {
            if mechanism.is_offerable(passwords, &self.binding) {
                list.push_str(" AUTH=");
                list.push_str(mechanism.name());
            }
        }
        if !passwords {
            // RFC 3501 §6.2.3
            list.push_str(" LOGINDISABLED");
        }
        list
    }

    pub(super) fn greet(&mut self) {
        let text = crate::types::StatusText::new(None, self.config.greeting.as_str());
        let line = format!("* OK [CAPABILITY {}] {text}\r\n", self.capabilities());
        self.send.put(line.as_bytes());
    }
}
