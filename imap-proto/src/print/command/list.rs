use alloc::{format, string::String, vec::Vec};

use super::Printer;
use crate::{print::Out, types::ListQuery};

impl Printer {
    /// `list` (RFC 5258 §6)
    pub(super) fn list_query(&mut self, query: &ListQuery<'_>) {
        self.put(b"LIST ");
        let mut select: Vec<&str> = Vec::new();
        select.extend(query.select.subscribed.then_some("SUBSCRIBED"));
        select.extend(query.select.remote.then_some("REMOTE"));
        select.extend(query.select.recursive_match().then_some("RECURSIVEMATCH"));
        select.extend(query.select.special_use.then_some("SPECIAL-USE"));
        if !select.is_empty() {
            self.text(format!("({}) ", select.join(" ")));
        }
        self.mailbox_text(&query.reference);
        self.put(b" ");
        match &**query.patterns() {
            [only] if !query.is_listed() => self.mailbox_text(only),
            patterns => self.list(patterns, |p, one| p.mailbox_text(one)),
        }
        let returns = &query.returns;
        let mut words: Vec<String> = Vec::new();
        words.extend(returns.subscribed.then(|| String::from("SUBSCRIBED")));
        words.extend(returns.children.then(|| String::from("CHILDREN")));
        words.extend(returns.special_use.then(|| String::from("SPECIAL-USE")));
        words.extend(returns.my_rights.then(|| String::from("MYRIGHTS")));
        if !returns.status.is_empty() {
            let names: Vec<&str> = returns.status.iter().map(|item| item.as_str()).collect();
            words.push(format!("STATUS ({})", names.join(" ")));
        }
        if words.is_empty() && returns.metadata.is_empty() {
            return;
        }
        self.text(format_args!(" RETURN ({}", words.join(" ")));
        if !returns.metadata.is_empty() {
            self.put(if words.is_empty() { b"METADATA " } else { b" METADATA " });
            // Straight to the output: a long name is a literal, and it is known where to wait for it.
            self.list(&returns.metadata, |p, entry| p.string(entry.as_str().as_bytes()));
        }
        self.put(b")");
    }
}
