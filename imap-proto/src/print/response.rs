//! Responses as a server sends them.

use alloc::vec::Vec;

use super::{Out, Utf8, decimal, fetch_data::fetch_data, list, nstring, show, string};
use crate::{
    response::{ESearch, Found, ListItem, Namespace, Response, Status, Text, Thread},
    types::{Delimiter, Flag, Mailbox, Names, NonEmpty, StatusData, StatusItem, UidList, number64},
};

impl Response<'_> {
    /// Prints the response, its CRLF included.
    ///
    /// ```
    /// use imap_proto::response::Response;
    ///
    /// assert_eq!(Response::Exists(23).print(), b"* 23 EXISTS\r\n");
    /// ```
    pub fn print(&self) -> Vec<u8> {
        self.print_in(Names::default())
    }

    /// Prints the response, its CRLF included, at the end of `out`.
    pub fn print_to(&self, out: &mut Vec<u8>) {
        self.put_to(out);
    }

    /// Prints the response as a client may have it that has enabled UTF-8, or has not: with [`Names::Utf8`] mailbox
    /// names are UTF-8, and so are quoted strings (RFC 9051 §5.1, RFC 6855 §3).
    ///
    /// ```
    /// use imap_proto::{response::Response, types::{Mailbox, Names}};
    ///
    /// let rights = Response::MyRights(Mailbox::new("Müll").unwrap(), b"lr".as_slice().into());
    /// assert_eq!(rights.print(), b"* MYRIGHTS \"M&APw-ll\" \"lr\"\r\n");
    /// assert_eq!(rights.print_in(Names::Utf8), "* MYRIGHTS \"Müll\" \"lr\"\r\n".as_bytes());
    /// ```
    pub fn print_in(&self, names: Names) -> Vec<u8> {
        let mut out = Vec::new();
        match names {
            Names::ModifiedUtf7 => self.put_to(&mut out),
            Names::Utf8 => self.put_to(&mut Utf8(&mut out)),
        }
        out
    }

    fn put_to(&self, out: &mut impl Out) {
        match self {
            Self::Unknown(line) => return out.put(line.as_bytes()),
            // An empty challenge stays empty: it is base64 (RFC 9051 §9 `continue-req`).
            Self::Continue(text) if text.code.is_none() && text.text.is_empty() => out.put(b"+ "),
            Self::Continue(text) => show(out, format_args!("+ {text}")),
            Self::Tagged { tag, status, text } => {
                show(out, format_args!("{tag} {} {text}", Status::from(*status).as_str()));
            }
            Self::Status { status, text } => {
                show(out, format_args!("* {} {text}", status.as_str()));
            }
            Self::Capability(words) => {
                all(out, "* CAPABILITY", words, |out, w| out.put(w.as_bytes()))
            }
            Self::Enabled(words) => all(out, "* ENABLED", words, |out, w| out.put(w.as_bytes())),
            Self::Id(pairs) if pairs.is_empty() => out.put(b"* ID NIL"),
            Self::Id(pairs) => {
                out.put(b"* ID ");
                list(out, pairs, |out, (name, value)| {
                    string(out, name);
                    out.put(b" ");
                    nstring(out, value.as_deref());
                });
            }
            Self::Flags(all) => {
                out.put(b"* FLAGS ");
                flags(out, all);
            }
            Self::List(item) => list_item(out, "LIST", item),
            Self::Lsub(item) => list_item(out, "LSUB", item),
            Self::XList(item) => list_item(out, "XLIST", item),
            Self::Namespace(all) => {
                out.put(b"* NAMESPACE");
                for one in [&all.personal, &all.other, &all.shared] {
                    out.put(b" ");
                    namespaces(out, one);
                }
            }
            Self::MailboxStatus(name, data) => status(out, name, data),
            Self::Search(found) => print_found(out, "* SEARCH", found),
            Self::Sort(found) => print_found(out, "* SORT", found),
            Self::Thread(all) => {
                out.put(b"* THREAD");
                out.put(if all.is_empty() { b"" } else { b" " });
                all.iter().for_each(|one| thread(out, one));
            }
            Self::ESearch(result) => e_search(out, result),
            Self::Exists(n) => show(out, format_args!("* {n} EXISTS")),
            Self::Recent(n) => show(out, format_args!("* {n} RECENT")),
            Self::Expunge(n) => show(out, format_args!("* {n} EXPUNGE")),
            Self::Vanished { earlier, uids } => {
                out.put(if *earlier { b"* VANISHED (EARLIER) " } else { b"* VANISHED " });
                show(out, format_args!("{uids}"));
            }
            Self::Fetch(n, items) => {
                out.put(b"* ");
                decimal(out, u64::from(n.get()));
                out.put(b" FETCH ");
                list(out, items, fetch_data);
            }
            Self::Unnumbered(items) => {
                out.put(b"* 0 FETCH ");
                list(out, items, fetch_data);
            }
            Self::UidFetch(n, items) => {
                out.put(b"* ");
                decimal(out, u64::from(n.get()));
                out.put(b" UIDFETCH ");
                list(out, items, fetch_data);
            }
            Self::Quota { root, resources } => {
                out.put(b"* QUOTA ");
                string(out, root);
                out.put(b" ");
                list(out, resources, |out, (name, usage, limit)| {
                    let (usage, limit) = (number64(*usage), number64(*limit));
                    show(out, format_args!("{name} {usage} {limit}"));
                });
            }
            Self::QuotaRoot(name, roots) => of_mailbox(out, "QUOTAROOT", name, roots),
            Self::Acl(name, entries) => {
                of_mailbox(out, "ACL", name, &[]);
                for (identifier, rights) in entries {
                    texts(out, &[identifier, rights]);
                }
            }
            Self::ListRights { mailbox, identifier, required, groups } => {
                of_mailbox(out, "LISTRIGHTS", mailbox, &[]);
                texts(out, &[identifier, required]);
                texts(out, groups);
            }
            Self::MyRights(name, rights) => {
                of_mailbox(out, "MYRIGHTS", name, &[]);
                texts(out, &[rights]);
            }
            Self::Metadata(name, values) => {
                of_mailbox(out, "METADATA", name, &[]);
                out.put(b" ");
                list(out, values, |out, (entry, value)| {
                    string(out, entry);
                    out.put(b" ");
                    super::nstring8(out, value.as_deref());
                });
            }
            Self::MetadataChanged(name, entries) => of_mailbox(out, "METADATA", name, entries),
            Self::Language(tags) => {
                out.put(b"* LANGUAGE ");
                list(out, tags, |out, tag| string(out, tag));
            }
            Self::Comparator(active, others) => {
                out.put(b"* COMPARATOR ");
                string(out, active);
                if !others.is_empty() {
                    out.put(b" ");
                    list(out, others, |out, name| string(out, name));
                }
            }
            Self::GenUrlAuth(urls) => all(out, "* GENURLAUTH", urls, |out, url| string(out, url)),
            Self::UrlFetch(urls) => all(out, "* URLFETCH", urls, |out, (url, octets)| {
                string(out, url);
                out.put(b" ");
                nstring(out, octets.as_deref());
            }),
            Self::JmapAccess(url) => {
                out.put(b"* JMAPACCESS ");
                string(out, url);
            }
        }
        out.put(b"\r\n");
    }
}

fn all<T, O: Out>(out: &mut O, word: &str, items: &[T], print: impl Fn(&mut O, &T)) {
    out.put(word.as_bytes());
    for item in items {
        out.put(b" ");
        print(out, item);
    }
}

fn texts(out: &mut impl Out, texts: &[impl AsRef<[u8]>]) {
    all(out, "", texts, |out, text| string(out, text.as_ref()));
}

fn of_mailbox(out: &mut impl Out, word: &str, name: &Mailbox<'_>, more: &[Text<'_>]) {
    show(out, format_args!("* {word} "));
    mailbox(out, name);
    texts(out, more);
}

pub(super) fn flags(out: &mut impl Out, all: &[Flag<'_>]) {
    list(out, all, |out, flag| show(out, format_args!("{flag}")));
}

fn mailbox(out: &mut impl Out, name: &Mailbox<'_>) {
    match out.utf8() {
        true => string(out, name.as_str().as_bytes()),
        false => string(out, name.to_wire().as_bytes()),
    }
}

fn delimiter(out: &mut impl Out, delimiter: Option<Delimiter>) {
    let mut buffer = [0; 4];
    nstring(out, delimiter.map(|c| &*c.get().encode_utf8(&mut buffer)).map(str::as_bytes));
}

fn list_item(out: &mut impl Out, word: &str, item: &ListItem<'_>) {
    show(out, format_args!("* {word} "));
    list(out, &item.attributes, |out, attribute| show(out, format_args!("{attribute}")));
    out.put(b" ");
    delimiter(out, item.delimiter);
    out.put(b" ");
    mailbox(out, &item.mailbox);
    let mut before: &[u8] = b" (";
    if !item.child_info.is_empty() {
        out.put(before);
        out.put(b"\"CHILDINFO\" ");
        list(out, &item.child_info, |out, option| string(out, option));
        before = b" ";
    }
    if let Some(old) = &item.old_name {
        out.put(before);
        out.put(b"\"OLDNAME\" (");
        mailbox(out, old);
        out.put(b")");
        before = b" ";
    }
    for (name, raw) in &item.other {
        out.put(before);
        string(out, name);
        out.put(b" ");
        out.put(raw);
        before = b" ";
    }
    out.put(if before == b" " { b")" } else { b"" });
}

fn namespaces(out: &mut impl Out, all: &[Namespace<'_>]) {
    if all.is_empty() {
        return out.put(b"NIL");
    }
    out.put(b"(");
    for one in all {
        out.put(b"(");
        mailbox(out, &one.prefix);
        out.put(b" ");
        delimiter(out, one.delimiter);
        for (name, values) in &one.extensions {
            out.put(b" ");
            string(out, name);
            out.put(b" ");
            list(out, values, |out, value| string(out, value));
        }
        out.put(b")");
    }
    out.put(b")");
}

fn status<O: Out>(out: &mut O, name: &Mailbox<'_>, data: &StatusData) {
    out.put(b"* STATUS ");
    mailbox(out, name);
    let mut before: &[u8] = b" (";
    let mut begin = |out: &mut O, name: &str| {
        out.put(core::mem::replace(&mut before, b" "));
        out.put(name.as_bytes());
        out.put(b" ");
    };
    for (name, item) in &StatusItem::NAMES {
        if let Some(value) = data.value(*item) {
            begin(out, name);
            decimal(out, number64(value));
        }
    }
    if data.append_limit == Some(None) {
        begin(out, "APPENDLIMIT");
        out.put(b"NIL");
    }
    if let Some(id) = &data.mailbox_id {
        begin(out, "MAILBOXID");
        show(out, format_args!("({id})"));
    }
    for (name, raw) in &data.other {
        begin(out, name);
        out.put(raw);
    }
    out.put(if before == b" (" { b" ()" } else { b")" });
}

fn print_found(out: &mut impl Out, word: &str, found: &Found) {
    all(out, word, found.numbers(), |out, n| decimal(out, u64::from(*n)));
    if let Some(n) = found.mod_seq() {
        show(out, format_args!(" (MODSEQ {n})"));
    }
}

/// Threads that were parsed nest to a bounded depth.
fn thread(out: &mut impl Out, thread: &Thread) {
    out.put(b"(");
    for (i, n) in thread.numbers.iter().enumerate() {
        out.put(if i > 0 { b" " } else { b"" });
        decimal(out, u64::from(*n));
    }
    if !thread.numbers.is_empty() && !thread.branches.is_empty() {
        out.put(b" ");
    }
    thread.branches.iter().for_each(|branch| self::thread(out, branch));
    out.put(b")");
}

fn e_search(out: &mut impl Out, result: &ESearch<'_>) {
    out.put(b"* ESEARCH");
    let mut before: &[u8] = b" (";
    if let Some(tag) = &result.tag {
        out.put(core::mem::replace(&mut before, b" "));
        out.put(b"TAG ");
        string(out, tag);
    }
    if let Some(name) = &result.mailbox {
        out.put(core::mem::replace(&mut before, b" "));
        out.put(b"MAILBOX ");
        mailbox(out, name);
    }
    if let Some(validity) = result.uid_validity {
        out.put(core::mem::replace(&mut before, b" "));
        show(out, format_args!("UIDVALIDITY {validity}"));
    }
    out.put(if before == b" " { b")" } else { b"" });
    out.put(if result.uid { b" UID" } else { b"" });
    for (name, value) in [("MIN", result.min), ("MAX", result.max)] {
        if let Some(value) = value {
            show(out, format_args!(" {name} {value}"));
        }
    }
    if let Some(all) = &result.all {
        show(out, format_args!(" ALL {all}"));
    }
    if let Some(count) = result.count {
        show(out, format_args!(" COUNT {count}"));
    }
    if let Some(n) = result.mod_seq {
        show(out, format_args!(" MODSEQ {n}"));
    }
    if let Some((range, set)) = &result.partial {
        show(out, format_args!(" PARTIAL ({range} "));
        match set {
            Some(set) => show(out, format_args!("{set})")),
            None => out.put(b"NIL)"),
        }
    }
    changes(out, " ADDTO ", &result.add_to);
    changes(out, " REMOVEFROM ", &result.remove_from);
    if let Some(scores) = &result.relevancy {
        out.put(b" RELEVANCY ");
        list(out, scores, |out, score| decimal(out, u64::from(score.get())));
    }
    for (name, raw) in &result.other {
        show(out, format_args!(" {name} "));
        out.put(raw);
    }
}

fn changes(out: &mut impl Out, word: &str, pairs: &[(u32, NonEmpty<UidList>)]) {
    if !pairs.is_empty() {
        out.put(word.as_bytes());
        list(out, pairs, |out, (at, set)| show(out, format_args!("{at} {set}")));
    }
}
