use alloc::{format, string::String, vec::Vec};

use super::Printer;
use crate::{
    command::{
        Command, Depth, FetchModifiers, MetadataOptions, QResync, RightsAction, SequenceMatch,
    },
    print::{Out, quoted},
    types::{Mailbox, number64},
};

impl Printer {
    /// Commands of ACL, QUOTA, METADATA, URLAUTH and other extensions with few words.
    pub(super) fn extension(&mut self, command: &Command<'_>) {
        match command {
            Command::Unauthenticate => self.put(b"UNAUTHENTICATE"),
            Command::GetJmapAccess => self.put(b"GETJMAPACCESS"),
            Command::Compress(algorithm) => self.text(format_args!("COMPRESS {algorithm}")),
            Command::Language(ranges) => self.strings("LANGUAGE", ranges),
            Command::Comparator(names) => self.strings("COMPARATOR", names),
            Command::CancelUpdate(tags) => {
                self.put(b"CANCELUPDATE");
                for tag in tags {
                    self.put(b" ");
                    quoted(self, tag.as_bytes());
                }
            }
            Command::GetQuota(root) => {
                self.put(b"GETQUOTA ");
                self.astring(root);
            }
            Command::GetQuotaRoot(mailbox) => self.named("GETQUOTAROOT ", mailbox),
            Command::SetQuota { root, limits } => {
                self.put(b"SETQUOTA ");
                self.astring(root);
                self.put(b" ");
                self.list(limits, |p, (resource, limit)| {
                    p.text(format_args!("{resource} {}", number64(*limit)));
                });
            }
            Command::SetAcl { mailbox, identifier, action, rights } => {
                self.two("SETACL ", mailbox, identifier);
                let sign = match action {
                    RightsAction::Replace => "",
                    RightsAction::Add => "+",
                    RightsAction::Remove => "-",
                };
                self.put(b" ");
                self.astring(alloc::format!("{sign}{rights}").as_bytes());
            }
            Command::DeleteAcl { mailbox, identifier } => {
                self.two("DELETEACL ", mailbox, identifier);
            }
            Command::GetAcl(mailbox) => self.named("GETACL ", mailbox),
            Command::ListRights { mailbox, identifier } => {
                self.two("LISTRIGHTS ", mailbox, identifier);
            }
            Command::MyRights(mailbox) => self.named("MYRIGHTS ", mailbox),
            Command::GetMetadata { mailbox, options, entries } => {
                self.put(b"GETMETADATA ");
                self.metadata_options(*options);
                self.mailbox(mailbox);
                self.put(b" ");
                match &**entries {
                    [one] => self.astring(one.as_str().as_bytes()),
                    all => self.list(all, |p, entry| p.astring(entry.as_str().as_bytes())),
                }
            }
            Command::SetMetadata { mailbox, entries } => {
                self.named("SETMETADATA ", mailbox);
                self.put(b" ");
                self.list(entries, |p, (entry, value)| {
                    p.astring(entry.as_str().as_bytes());
                    p.put(b" ");
                    match value {
                        Some(value) => p.string8(value),
                        None => p.put(b"NIL"),
                    }
                });
            }
            Command::GenUrlAuth(urls) => {
                self.put(b"GENURLAUTH");
                for (url, mechanism) in urls {
                    self.put(b" ");
                    self.astring(url);
                    self.text(format_args!(" {mechanism}"));
                }
            }
            Command::ResetKey(what) => {
                self.put(b"RESETKEY");
                if let Some((mailbox, mechanisms)) = what {
                    self.named(" ", mailbox);
                    for mechanism in mechanisms {
                        self.text(format_args!(" {mechanism}"));
                    }
                }
            }
            Command::UrlFetch(urls) => {
                self.put(b"URLFETCH");
                for url in urls {
                    self.put(b" ");
                    self.astring(url);
                }
            }
            _ => {}
        }
    }

    fn strings(&mut self, word: &str, texts: &[alloc::borrow::Cow<'_, str>]) {
        self.text(word);
        for text in texts {
            self.put(b" ");
            self.string(text.as_bytes());
        }
    }

    fn two(&mut self, word: &str, mailbox: &Mailbox<'_>, identifier: &[u8]) {
        self.named(word, mailbox);
        self.put(b" ");
        self.astring(identifier);
    }

    fn metadata_options(&mut self, options: MetadataOptions) {
        let depth = options.depth.map(|depth| match depth {
            Depth::Entry => "0",
            Depth::Children => "1",
            Depth::Infinity => "infinity",
        });
        match (options.max_size, depth) {
            (None, None) => {}
            (Some(octets), None) => self.text(format_args!("(MAXSIZE {octets}) ")),
            (None, Some(depth)) => self.text(format_args!("(DEPTH {depth}) ")),
            (Some(octets), Some(depth)) => {
                self.text(format_args!("(MAXSIZE {octets} DEPTH {depth}) "));
            }
        }
    }

    /// `SP "(" fetch-modifier *(SP fetch-modifier) ")"`
    pub(super) fn modifiers(&mut self, modifiers: FetchModifiers) {
        let mut all: Vec<String> = Vec::new();
        all.extend(modifiers.partial.map(|range| format!("PARTIAL {range}")));
        all.extend(modifiers.changed_since.map(|n| format!("CHANGEDSINCE {}", number64(n))));
        all.extend(modifiers.vanished.then(|| String::from("VANISHED")));
        if !all.is_empty() {
            self.text(format_args!(" ({})", all.join(" ")));
        }
    }

    /// `SP "(" select-param *(SP select-param) ")"`
    pub(super) fn select_params(&mut self, condstore: bool, qresync: Option<&QResync>) {
        let mut all: Vec<String> = Vec::new();
        all.extend(condstore.then(|| String::from("CONDSTORE")));
        all.extend(qresync.map(|state| {
            let known = state.known_uids.iter().map(|uids| format!(" {uids}"));
            let pair = |known: &SequenceMatch| format!(" ({} {})", known.numbers(), known.uids());
            let matches = state.matches.iter().map(pair);
            let more: String = known.chain(matches).collect();
            format!("QRESYNC ({} {}{more})", state.uid_validity, state.mod_seq)
        }));
        if !all.is_empty() {
            self.text(format_args!(" ({})", all.join(" ")));
        }
    }
}
