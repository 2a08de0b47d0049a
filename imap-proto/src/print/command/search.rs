use alloc::format;

use super::Printer;
use crate::{
    print::{Out, quoted},
    types::{SearchKey, SearchQuery, SearchReturn, SortCriterion, number64},
};

/// Header fields that have a key of their own (RFC 3501 §6.4.4), as the parser spells them.
const NAMED: [&str; 5] = ["Bcc", "Cc", "From", "Subject", "To"];

impl Printer {
    /// `[SP search-return-opts] SP search-program`
    pub(super) fn search(&mut self, query: &SearchQuery<'_>) {
        if let Some(returns) = &query.returns {
            self.put(b" ");
            self.returns(returns);
        }
        if let Some(charset) = &query.charset {
            self.put(b" CHARSET ");
            self.astring(charset.as_bytes());
        }
        self.keys(&query.key);
    }

    /// `RETURN (…)`
    fn returns(&mut self, returns: &SearchReturn<'_>) {
        let words = [
            (returns.save, "SAVE"),
            (returns.min, "MIN"),
            (returns.max, "MAX"),
            (returns.all, "ALL"),
            (returns.count, "COUNT"),
            (returns.relevancy, "RELEVANCY"),
            (returns.context, "CONTEXT"),
            (returns.update.is_some(), "UPDATE"),
            (returns.partial.is_some(), "PARTIAL"),
        ];
        self.put(b"RETURN (");
        let asked = words.into_iter().filter(|(asked, _)| *asked);
        for (i, (_, word)) in asked.enumerate() {
            self.put(if i > 0 { b" " } else { b"" });
            self.text(word);
            match (word, &returns.update, returns.partial) {
                ("UPDATE", Some(items), _) if !items.is_empty() => {
                    self.put(b" ");
                    self.fetch_items(items);
                }
                ("PARTIAL", _, Some(range)) => self.text(format_args!(" {range}")),
                _ => {}
            }
        }
        self.put(b")");
    }

    pub(super) fn sort(&mut self, criteria: &[SortCriterion], returns: Option<&SearchReturn<'_>>) {
        if let Some(returns) = returns {
            self.returns(returns);
            self.put(b" ");
        }
        self.list(criteria, |p, one| {
            p.put(if one.reverse { b"REVERSE " } else { b"" });
            p.put(one.key.as_str().as_bytes());
        });
        self.put(b" ");
    }

    /// What SORT and THREAD end in.
    pub(super) fn charset_and_keys(&mut self, charset: &str, key: &SearchKey<'_>) {
        self.astring(charset.as_bytes());
        self.keys(key);
    }

    fn keys(&mut self, key: &SearchKey<'_>) {
        match key {
            // At the top, keys side by side must all match.
            SearchKey::And(keys) if keys.len() > 1 => {
                for key in keys {
                    self.put(b" ");
                    self.key(key);
                }
            }
            key => {
                self.put(b" ");
                self.key(key);
            }
        }
    }

    fn key(&mut self, key: &SearchKey<'_>) {
        match key {
            SearchKey::All => self.put(b"ALL"),
            SearchKey::Sequence(set) => self.text(set),
            SearchKey::Uid(set) => self.text(format!("UID {set}")),
            SearchKey::And(keys) => self.list(keys, |p, key| p.key(key)),
            SearchKey::Or(a, b) => {
                self.put(b"OR ");
                self.key(a);
                self.put(b" ");
                self.key(b);
            }
            SearchKey::Not(key) => {
                self.put(b"NOT ");
                self.key(key);
            }
            SearchKey::Answered => self.put(b"ANSWERED"),
            SearchKey::Deleted => self.put(b"DELETED"),
            SearchKey::Draft => self.put(b"DRAFT"),
            SearchKey::Flagged => self.put(b"FLAGGED"),
            SearchKey::Seen => self.put(b"SEEN"),
            SearchKey::Keyword(word) => self.text(format!("KEYWORD {word}")),
            SearchKey::Recent => self.put(b"RECENT"),
            SearchKey::Header(name, text) if NAMED.contains(&&**name) => {
                self.text(name.to_ascii_uppercase());
                self.put(b" ");
                self.astring(text);
            }
            SearchKey::Header(name, text) => {
                self.put(b"HEADER ");
                self.astring(name.as_bytes());
                self.put(b" ");
                self.astring(text);
            }
            SearchKey::Body(text) => {
                self.put(b"BODY ");
                self.astring(text);
            }
            SearchKey::Text(text) => {
                self.put(b"TEXT ");
                self.astring(text);
            }
            SearchKey::Larger(n) => self.text(format!("LARGER {}", number64(*n))),
            SearchKey::Smaller(n) => self.text(format!("SMALLER {}", number64(*n))),
            SearchKey::Before(date) => self.text(format!("BEFORE {date}")),
            SearchKey::On(date) => self.text(format!("ON {date}")),
            SearchKey::Since(date) => self.text(format!("SINCE {date}")),
            SearchKey::SentBefore(date) => self.text(format!("SENTBEFORE {date}")),
            SearchKey::SentOn(date) => self.text(format!("SENTON {date}")),
            SearchKey::SentSince(date) => self.text(format!("SENTSINCE {date}")),
            SearchKey::Older(n) => self.text(format!("OLDER {n}")),
            SearchKey::Younger(n) => self.text(format!("YOUNGER {n}")),
            SearchKey::ModSeq(n) => self.text(format!("MODSEQ {}", number64(*n))),
            SearchKey::FlagModSeq(flag, scope, n) => {
                self.put(b"MODSEQ ");
                quoted(self, format!("/flags/{flag}").as_bytes());
                self.text(format!(" {} {}", scope.as_str(), number64(*n)));
            }
            SearchKey::Fuzzy(key) => {
                self.put(b"FUZZY ");
                self.key(key);
            }
            SearchKey::Filter(name) => self.text(format!("FILTER {name}")),
            SearchKey::SavedBefore(date) => self.text(format!("SAVEDBEFORE {date}")),
            SearchKey::SavedOn(date) => self.text(format!("SAVEDON {date}")),
            SearchKey::SavedSince(date) => self.text(format!("SAVEDSINCE {date}")),
            SearchKey::SaveDateSupported => self.put(b"SAVEDATESUPPORTED"),
            SearchKey::EmailId(id) => self.text(format!("EMAILID {id}")),
            SearchKey::ThreadId(id) => self.text(format!("THREADID {id}")),
            SearchKey::GmailRaw(text) => {
                self.put(b"X-GM-RAW ");
                self.astring(text);
            }
            SearchKey::GmailMessageId(n) => self.text(format!("X-GM-MSGID {n}")),
            SearchKey::GmailThreadId(n) => self.text(format!("X-GM-THRID {n}")),
            SearchKey::GmailLabel(label) => {
                self.put(b"X-GM-LABELS ");
                self.astring(label);
            }
        }
    }
}
