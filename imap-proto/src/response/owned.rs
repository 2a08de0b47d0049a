//! Responses that outlive the frame they were read from.

use alloc::{boxed::Box, vec::Vec};

use super::{
    Address, BodyStructure, ESearch, Envelope, Extension, FetchData, ListItem, Namespace,
    Namespaces, Params, Response, Text,
};
use crate::types::{Atom, Attribute, Flag, Mailbox, OneOrMore, string::own};

fn texts(all: Vec<Text<'_>>) -> Vec<Text<'static>> {
    all.into_iter().map(own).collect()
}

fn flags(all: Vec<Flag<'_>>) -> Vec<Flag<'static>> {
    all.into_iter().map(Flag::into_owned).collect()
}

fn atoms(all: Vec<Atom<'_>>) -> Vec<Atom<'static>> {
    all.into_iter().map(Atom::into_owned).collect()
}

fn params(all: Params<'_>) -> Params<'static> {
    all.into_iter().map(|(name, value)| (own(name), own(value))).collect()
}

impl Response<'_> {
    /// The same response, owned.
    pub fn into_owned(self) -> Response<'static> {
        let items = |all: OneOrMore<FetchData<'_>>| all.map(FetchData::into_owned);
        let some = |all: OneOrMore<Text<'_>>| all.map(own);
        let pair = |(text, value): (Text<'_>, Option<_>)| (own(text), value.map(own));
        let name = Mailbox::into_owned;
        match self {
            Self::Continue(text) => Response::Continue(text.into_owned()),
            Self::Tagged { tag, status, text } => {
                Response::Tagged { tag: tag.into_owned(), status, text: text.into_owned() }
            }
            Self::Status { status, text } => Response::Status { status, text: text.into_owned() },
            Self::Capability(words) => Response::Capability(words.map(Atom::into_owned)),
            Self::Enabled(words) => Response::Enabled(atoms(words)),
            Self::Id(fields) => Response::Id(fields.into_iter().map(pair).collect()),
            Self::Flags(all) => Response::Flags(flags(all)),
            Self::List(item) => Response::List(item.into_owned()),
            Self::Lsub(item) => Response::Lsub(item.into_owned()),
            Self::XList(item) => Response::XList(item.into_owned()),
            Self::MailboxStatus(mailbox, data) => Response::MailboxStatus(name(mailbox), data),
            Self::Search(found) => Response::Search(found),
            Self::Sort(found) => Response::Sort(found),
            Self::Thread(threads) => Response::Thread(threads),
            Self::Namespace(all) => Response::Namespace(all.into_owned()),
            Self::Vanished { earlier, uids } => Response::Vanished { earlier, uids },
            Self::UidFetch(uid, data) => Response::UidFetch(uid, items(data)),
            Self::Quota { root, resources } => Response::Quota {
                root: own(root),
                resources: resources.into_iter().map(|(n, a, b)| (n.into_owned(), a, b)).collect(),
            },
            Self::QuotaRoot(mailbox, roots) => Response::QuotaRoot(name(mailbox), texts(roots)),
            Self::Acl(mailbox, all) => {
                let all = all.into_iter().map(|(who, rights)| (own(who), own(rights)));
                Response::Acl(name(mailbox), all.collect())
            }
            Self::ListRights { mailbox, identifier, required, groups } => Response::ListRights {
                mailbox: name(mailbox),
                identifier: own(identifier),
                required: own(required),
                groups: texts(groups),
            },
            Self::MyRights(mailbox, rights) => Response::MyRights(name(mailbox), own(rights)),
            Self::Metadata(mailbox, values) => Response::Metadata(name(mailbox), values.map(pair)),
            Self::MetadataChanged(mailbox, entries) => {
                Response::MetadataChanged(name(mailbox), some(entries))
            }
            Self::Language(tags) => Response::Language(some(tags)),
            Self::Comparator(active, others) => Response::Comparator(own(active), texts(others)),
            Self::GenUrlAuth(urls) => Response::GenUrlAuth(some(urls)),
            Self::UrlFetch(all) => Response::UrlFetch(all.map(pair)),
            Self::JmapAccess(url) => Response::JmapAccess(own(url)),
            Self::ESearch(result) => Response::ESearch(result.into_owned()),
            Self::Exists(n) => Response::Exists(n),
            Self::Recent(n) => Response::Recent(n),
            Self::Expunge(n) => Response::Expunge(n),
            Self::Fetch(n, data) => Response::Fetch(n, items(data)),
            Self::Unnumbered(data) => Response::Unnumbered(items(data)),
            Self::Unknown(line) => Response::Unknown(line.into_owned()),
        }
    }
}

impl FetchData<'_> {
    /// The same item, owned.
    pub fn into_owned(self) -> FetchData<'static> {
        match self {
            Self::Flags(all) => FetchData::Flags(flags(all)),
            Self::Uid(uid) => FetchData::Uid(uid),
            Self::InternalDate(date) => FetchData::InternalDate(date),
            Self::Size(octets) => FetchData::Size(octets),
            Self::ModSeq(n) => FetchData::ModSeq(n),
            Self::Envelope(view) => FetchData::Envelope(view.into_owned()),
            Self::Body(view) => FetchData::Body(view.into_owned()),
            Self::BodyStructure(view) => FetchData::BodyStructure(view.into_owned()),
            Self::Section { section, origin, octets } => FetchData::Section {
                section: section.into_owned(),
                origin,
                octets: octets.map(own),
            },
            Self::Binary { part, origin, octets } => {
                FetchData::Binary { part, origin, octets: octets.map(own) }
            }
            Self::BinarySize(part, n) => FetchData::BinarySize(part, n),
            Self::Preview(text) => FetchData::Preview(text.map(own)),
            Self::SaveDate(date) => FetchData::SaveDate(date),
            Self::EmailId(id) => FetchData::EmailId(id.into_owned()),
            Self::ThreadId(id) => FetchData::ThreadId(id.map(Atom::into_owned)),
            Self::GmailMessageId(n) => FetchData::GmailMessageId(n),
            Self::GmailThreadId(n) => FetchData::GmailThreadId(n),
            Self::GmailLabels(labels) => FetchData::GmailLabels(texts(labels)),
            Self::Streamed { section, origin, len } => {
                FetchData::Streamed { section: section.into_owned(), origin, len }
            }
            Self::Unknown(raw) => FetchData::Unknown(raw.into_owned()),
        }
    }
}

impl ListItem<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> ListItem<'static> {
        let other = self.other.into_iter().map(|(tag, raw)| (own(tag), raw.into_owned()));
        ListItem {
            attributes: self.attributes.into_iter().map(Attribute::into_owned).collect(),
            delimiter: self.delimiter,
            mailbox: self.mailbox.into_owned(),
            child_info: texts(self.child_info),
            old_name: self.old_name.map(Mailbox::into_owned),
            other: other.collect(),
        }
    }
}

impl Namespaces<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Namespaces<'static> {
        let all = |list: Vec<Namespace<'_>>| list.into_iter().map(Namespace::into_owned).collect();
        Namespaces {
            personal: all(self.personal),
            other: all(self.other),
            shared: all(self.shared),
        }
    }
}

impl Namespace<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Namespace<'static> {
        let extensions = self.extensions.into_iter().map(|(name, all)| (own(name), all.map(own)));
        Namespace {
            prefix: self.prefix.into_owned(),
            delimiter: self.delimiter,
            extensions: extensions.collect(),
        }
    }
}

impl ESearch<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> ESearch<'static> {
        let other = self.other.into_iter().map(|(name, raw)| (name.into_owned(), raw.into_owned()));
        ESearch {
            tag: self.tag.map(own),
            uid: self.uid,
            min: self.min,
            max: self.max,
            all: self.all,
            count: self.count,
            mod_seq: self.mod_seq,
            mailbox: self.mailbox.map(Mailbox::into_owned),
            uid_validity: self.uid_validity,
            partial: self.partial,
            add_to: self.add_to,
            remove_from: self.remove_from,
            relevancy: self.relevancy,
            other: other.collect(),
        }
    }
}

impl Envelope<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Envelope<'static> {
        let all = |list: Vec<Address<'_>>| list.into_iter().map(Address::into_owned).collect();
        Envelope {
            date: self.date.map(own),
            subject: self.subject.map(own),
            from: all(self.from),
            sender: all(self.sender),
            reply_to: all(self.reply_to),
            to: all(self.to),
            cc: all(self.cc),
            bcc: all(self.bcc),
            in_reply_to: self.in_reply_to.map(own),
            message_id: self.message_id.map(own),
        }
    }
}

impl Address<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Address<'static> {
        Address {
            name: self.name.map(own),
            route: self.route.map(own),
            mailbox: self.mailbox.map(own),
            host: self.host.map(own),
        }
    }
}

impl Extension<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Extension<'static> {
        Extension {
            disposition: self.disposition.map(|(kind, all)| (own(kind), params(all))),
            language: texts(self.language),
            location: self.location.map(own),
        }
    }
}

impl BodyStructure<'_> {
    /// The same, owned. As deep as the structure: the parser reads 64 levels at most.
    pub fn into_owned(self) -> BodyStructure<'static> {
        match self {
            Self::Single {
                kind,
                subtype,
                params: all,
                id,
                description,
                encoding,
                size,
                message,
                lines,
                md5,
                extension,
            } => BodyStructure::Single {
                kind: own(kind),
                subtype: own(subtype),
                params: params(all),
                id: id.map(own),
                description: description.map(own),
                encoding: own(encoding),
                size,
                message: message.map(|(envelope, body)| {
                    (Box::new(envelope.into_owned()), Box::new(body.into_owned()))
                }),
                lines,
                md5: md5.map(own),
                extension: extension.into_owned(),
            },
            Self::Multi { parts, subtype, params: all, extension } => BodyStructure::Multi {
                parts: parts.into_iter().map(BodyStructure::into_owned).collect(),
                subtype: own(subtype),
                params: params(all),
                extension: extension.into_owned(),
            },
        }
    }
}
