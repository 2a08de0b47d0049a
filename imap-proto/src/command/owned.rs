use alloc::{borrow::Cow, vec::Vec};

use super::{Command, EntryName, MailboxFilter, SecretText, Tagged};
use crate::types::{
    Atom, Flag, Mailbox, SearchReturn, SpecialUse, Tag,
    string::{own, own_str},
};

impl SecretText<'_> {
    /// The same, owned.
    pub fn into_owned(mut self) -> SecretText<'static> {
        SecretText(Cow::Owned(core::mem::take(&mut self.0).into_owned()))
    }
}

impl Tagged<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Tagged<'static> {
        Tagged { tag: self.tag.into_owned(), command: self.command.into_owned() }
    }
}

impl Command<'_> {
    /// The same command, owned: it outlives the frame it was read from.
    pub fn into_owned(self) -> Command<'static> {
        let name = Mailbox::into_owned;
        let words = Atom::into_owned;
        let texts = |all: Vec<Cow<'_, str>>| all.into_iter().map(own_str).collect();
        match self {
            Self::Capability => Command::Capability,
            Self::Noop => Command::Noop,
            Self::Logout => Command::Logout,
            Self::StartTls => Command::StartTls,
            Self::Namespace => Command::Namespace,
            Self::Check => Command::Check,
            Self::Close => Command::Close,
            Self::Unselect => Command::Unselect,
            Self::Idle => Command::Idle,
            Self::Unauthenticate => Command::Unauthenticate,
            Self::GetJmapAccess => Command::GetJmapAccess,
            Self::Expunge(set) => Command::Expunge(set),
            Self::Id(pairs) => {
                let pair = |(field, value): (_, Option<_>)| (own(field), value.map(own));
                Command::Id(pairs.into_iter().map(pair).collect())
            }
            Self::Authenticate { mechanism, initial } => Command::Authenticate {
                mechanism: mechanism.into_owned(),
                initial: initial.map(SecretText::into_owned),
            },
            Self::Login { user, password } => {
                Command::Login { user: own(user), password: password.into_owned() }
            }
            Self::Enable(names) => Command::Enable(names.map(words)),
            Self::Select { mailbox, read_only, condstore, qresync } => {
                Command::Select { mailbox: name(mailbox), read_only, condstore, qresync }
            }
            Self::Create { mailbox, uses } => {
                let uses = uses.into_iter().map(SpecialUse::into_owned).collect();
                Command::Create { mailbox: name(mailbox), uses }
            }
            Self::Delete(mailbox) => Command::Delete(name(mailbox)),
            Self::Rename(from, to) => Command::Rename(name(from), name(to)),
            Self::Subscribe(mailbox) => Command::Subscribe(name(mailbox)),
            Self::Unsubscribe(mailbox) => Command::Unsubscribe(name(mailbox)),
            Self::List(query) => Command::List(query.into_owned()),
            Self::Lsub { reference, pattern } => {
                Command::Lsub { reference: own_str(reference), pattern: own_str(pattern) }
            }
            Self::XList { reference, pattern } => {
                Command::XList { reference: own_str(reference), pattern: own_str(pattern) }
            }
            Self::Status(mailbox, items) => Command::Status(name(mailbox), items),
            Self::Append(append) => Command::Append(append.into_owned()),
            Self::Replace(replace) => Command::Replace(replace.into_owned()),
            Self::Search { uid, query } => Command::Search { uid, query: query.into_owned() },
            Self::ESearch { uid, sources, query } => Command::ESearch {
                uid,
                sources: sources.into_iter().map(MailboxFilter::into_owned).collect(),
                query: query.into_owned(),
            },
            Self::Fetch { uid, set, items, modifiers } => {
                Command::Fetch { uid, set, items: items.into_owned(), modifiers }
            }
            Self::Store { uid, set, action, silent, flags, unchanged_since } => {
                let flags = flags.into_iter().map(Flag::into_owned).collect();
                Command::Store { uid, set, action, silent, flags, unchanged_since }
            }
            Self::StoreLabels { uid, set, action, silent, labels } => {
                let labels = labels.into_iter().map(own).collect();
                Command::StoreLabels { uid, set, action, silent, labels }
            }
            Self::Copy { uid, set, mailbox } => Command::Copy { uid, set, mailbox: name(mailbox) },
            Self::Move { uid, set, mailbox } => Command::Move { uid, set, mailbox: name(mailbox) },
            Self::Sort { uid, returns, criteria, charset, key } => Command::Sort {
                uid,
                returns: returns.map(SearchReturn::into_owned),
                criteria,
                charset: own_str(charset),
                key: key.into_owned(),
            },
            Self::Thread { uid, algorithm, charset, key } => Command::Thread {
                uid,
                algorithm: algorithm.into_owned(),
                charset: own_str(charset),
                key: key.into_owned(),
            },
            Self::Notify(notify) => Command::Notify(notify.into_owned()),
            Self::Compress(algorithm) => Command::Compress(algorithm.into_owned()),
            Self::Language(ranges) => Command::Language(texts(ranges)),
            Self::Comparator(names) => Command::Comparator(texts(names)),
            Self::CancelUpdate(tags) => Command::CancelUpdate(tags.map(Tag::into_owned)),
            Self::GetQuota(root) => Command::GetQuota(own(root)),
            Self::GetQuotaRoot(mailbox) => Command::GetQuotaRoot(name(mailbox)),
            Self::SetQuota { root, limits } => Command::SetQuota {
                root: own(root),
                limits: limits.into_iter().map(|(what, n)| (what.into_owned(), n)).collect(),
            },
            Self::SetAcl { mailbox, identifier, action, rights } => Command::SetAcl {
                mailbox: name(mailbox),
                identifier: own(identifier),
                action,
                rights: rights.into_owned(),
            },
            Self::DeleteAcl { mailbox, identifier } => {
                Command::DeleteAcl { mailbox: name(mailbox), identifier: own(identifier) }
            }
            Self::GetAcl(mailbox) => Command::GetAcl(name(mailbox)),
            Self::ListRights { mailbox, identifier } => {
                Command::ListRights { mailbox: name(mailbox), identifier: own(identifier) }
            }
            Self::MyRights(mailbox) => Command::MyRights(name(mailbox)),
            Self::GetMetadata { mailbox, options, entries } => {
                let entries = entries.map(EntryName::into_owned);
                Command::GetMetadata { mailbox: name(mailbox), options, entries }
            }
            Self::SetMetadata { mailbox, entries } => {
                let entries = entries.map(|(entry, value)| (entry.into_owned(), value.map(own)));
                Command::SetMetadata { mailbox: name(mailbox), entries }
            }
            Self::GenUrlAuth(urls) => {
                Command::GenUrlAuth(urls.map(|(url, mechanism)| (own(url), mechanism.into_owned())))
            }
            Self::ResetKey(what) => Command::ResetKey(what.map(|(mailbox, mechanisms)| {
                (name(mailbox), mechanisms.into_iter().map(words).collect())
            })),
            Self::UrlFetch(urls) => Command::UrlFetch(urls.map(own)),
        }
    }
}
