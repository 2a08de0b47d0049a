//! What is printed is read again as the same, for every response, item, code and value.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::num::NonZeroU32;
use std::borrow::Cow;

use imap_proto::{
    parse,
    response::{
        Address, BodyStructure, BodyView, Completion, ESearch, Envelope, EnvelopeView, Extension,
        FetchData, Found, ListItem, Namespace, Namespaces, Raw, Response, Status, Thread,
    },
    types::{
        Atom, Attribute, Charset, Code, CodeText, CopyUid, DateTime, Delimiter, Flag, Mailbox,
        ModSeq, Names, NonEmpty, OneOrMore, OtherCode, Part, PartialRange, Score, Section,
        SectionName, SectionText, StatusData, StatusText, Tag, UidList, UidSet, UrlMechanism,
    },
};
use proptest::{collection::vec, option, prelude::*};

type Text = Cow<'static, [u8]>;

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["A", "x-y", "STORAGE", "b1", "Zz"])
}

fn atom() -> impl Strategy<Value = Atom<'static>> {
    word().prop_map(|word| Atom::new(word).unwrap())
}

fn nz() -> impl Strategy<Value = NonZeroU32> {
    (1u32..).prop_map(|n| NonZeroU32::new(n).unwrap())
}

fn size() -> impl Strategy<Value = u64> {
    0..=i64::MAX.unsigned_abs()
}

fn mod_seq() -> impl Strategy<Value = ModSeq> {
    (1..=i64::MAX.unsigned_abs()).prop_map(|n| ModSeq::new(n).unwrap())
}

fn code_text() -> impl Strategy<Value = CodeText<'static>> {
    "[!-Z^-~][ -Z^-~]{0,9}".prop_map(|text| CodeText::new(text).unwrap())
}

fn some<S: Strategy>(one: S) -> impl Strategy<Value = OneOrMore<S::Value>>
where
    S::Value: Clone,
{
    vec(one, 1..4).prop_map(|all| OneOrMore::new(all).unwrap())
}

fn unknown_item() -> FetchData<'static> {
    let read = parse::response(b"* 1 FETCH (X-NEW (a \"b\" 3))\r\n").unwrap();
    let Response::Fetch(_, items) = read else { panic!("FETCH") };
    items[0].clone()
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        "[ -~]{0,12}".prop_map(|t| Cow::Owned(t.into_bytes())),
        "\\PC{0,6}".prop_map(|t| Cow::Owned(t.into_bytes())),
        vec(1u8.., 0..12).prop_map(Cow::Owned),
    ]
}

fn texts() -> impl Strategy<Value = Vec<Text>> {
    vec(text(), 1..4)
}

fn mailbox() -> impl Strategy<Value = Mailbox<'static>> {
    "\\PC{0,8}".prop_map(|name| Mailbox::new(name).unwrap())
}

fn set() -> impl Strategy<Value = NonEmpty<UidSet>> {
    vec((1u32.., 0u32..9), 1..5).prop_map(|all| {
        let ranges = all.into_iter().map(|(n, more)| (n, n.saturating_add(more))).collect();
        NonEmpty::new(UidSet::from_ranges(ranges)).unwrap()
    })
}

fn list() -> impl Strategy<Value = NonEmpty<UidList>> {
    vec((1u32.., 0u32..9), 1..5).prop_map(|all| {
        let mut list = UidList::new();
        all.into_iter().for_each(|(n, more)| list.push_range(n, n.saturating_add(more)));
        NonEmpty::list(list).unwrap()
    })
}

fn flag() -> impl Strategy<Value = Flag<'static>> {
    prop::sample::select(vec![
        Flag::Seen,
        Flag::Answered,
        Flag::Flagged,
        Flag::Deleted,
        Flag::Draft,
        Flag::Recent,
        Flag::FORWARDED,
        Flag::new("\\Junk").unwrap(),
    ])
}

fn flags() -> impl Strategy<Value = Vec<Flag<'static>>> {
    vec(flag(), 0..4)
}

fn date() -> impl Strategy<Value = DateTime> {
    (0i64..4_000_000_000, -700i16..700).prop_map(|(at, zone)| DateTime::new(at, zone).unwrap())
}

fn delimiter() -> impl Strategy<Value = Option<Delimiter>> {
    option::of((b' '..=b'~').prop_map(|c| Delimiter::new(char::from(c)).unwrap()))
}

fn list_item() -> impl Strategy<Value = ListItem<'static>> {
    let attribute = prop_oneof![
        "\\\\[a-zA-Z]{1,8}",
        prop::sample::select(vec!["\\Noselect", "\\HasChildren", "\\Sent"]).prop_map(String::from)
    ];
    let attributes =
        vec(attribute.prop_map(|one| Attribute::new(&one).unwrap().into_owned()), 0..4);
    (attributes, delimiter(), mailbox(), vec(text(), 0..3), option::of(mailbox()), any::<bool>())
        .prop_map(|(attributes, delimiter, name, info, old, more)| {
            let mut item = ListItem::new(attributes, delimiter, name);
            item.child_info = info;
            item.old_name = old;
            if more {
                let value = Raw::value(b"(1 (a \"b\"))").unwrap();
                item = item.with_other(Cow::Borrowed(b"vendor.x-y"), value);
            }
            item
        })
}

fn address() -> impl Strategy<Value = Address<'static>> {
    [option::of(text()), option::of(text()), option::of(text()), option::of(text())].prop_map(
        |[name, route, mailbox, host]| {
            let mut address = Address::default();
            (address.name, address.route) = (name, route);
            (address.mailbox, address.host) = (mailbox, host);
            address
        },
    )
}

fn envelope() -> impl Strategy<Value = Envelope<'static>> {
    let lists = [vec(address(), 0..3), vec(address(), 0..2), vec(address(), 0..2)];
    let texts = [option::of(text()), option::of(text()), option::of(text()), option::of(text())];
    (texts, lists).prop_map(|([date, subject, reply, id], [from, to, bcc])| {
        let mut envelope = Envelope::default();
        (envelope.date, envelope.subject) = (date, subject);
        (envelope.in_reply_to, envelope.message_id) = (reply, id);
        (envelope.sender, envelope.cc) = (from.clone(), to.clone());
        (envelope.from, envelope.to, envelope.bcc) = (from, to, bcc);
        envelope
    })
}

fn params() -> impl Strategy<Value = Vec<(Text, Text)>> {
    vec((text(), text()), 0..3)
}

fn extension() -> impl Strategy<Value = Extension<'static>> {
    (option::of((text(), params())), vec(text(), 0..3), option::of(text())).prop_map(
        |(disposition, language, location)| {
            let mut extension = Extension::default();
            extension.disposition = disposition;
            extension.language = language;
            extension.location = location;
            extension
        },
    )
}

fn body() -> impl Strategy<Value = BodyStructure<'static>> {
    let kind = prop::sample::select(vec!["text", "IMAGE", "application"]);
    let facts = (option::of(text()), option::of(text()), option::of(text()), extension());
    let leaf = (kind, text(), params(), 0u64..1 << 40, 0u64..1 << 40, facts).prop_map(
        |(kind, subtype, params, size, lines, (id, description, md5, extension))| {
            BodyStructure::Single {
                kind: Cow::Borrowed(kind.as_bytes()),
                subtype,
                params,
                id,
                description,
                encoding: Cow::Borrowed(b"base64"),
                size,
                message: None,
                lines: (kind == "text").then_some(lines),
                md5,
                extension,
            }
        },
    );
    leaf.prop_recursive(4, 12, 3, |inner| {
        let message = (envelope(), inner.clone(), 0u64..99).prop_map(|(envelope, body, lines)| {
            BodyStructure::Single {
                kind: Cow::Borrowed(b"message"),
                subtype: Cow::Borrowed(b"rfc822"),
                params: Vec::new(),
                id: None,
                description: None,
                encoding: Cow::Borrowed(b"7bit"),
                size: 9,
                message: Some((Box::new(envelope), Box::new(body))),
                lines: Some(lines),
                md5: None,
                extension: Extension::default(),
            }
        });
        let multi = (vec(inner, 1..3), text(), params(), extension()).prop_map(
            |(parts, subtype, params, extension)| BodyStructure::Multi {
                parts,
                subtype,
                params,
                extension,
            },
        );
        prop_oneof![message, multi]
    })
}

fn item() -> impl Strategy<Value = FetchData<'static>> {
    let part = || vec(1u32..9, 0..3).prop_map(|numbers| Part::new(numbers).unwrap());
    prop_oneof![
        flags().prop_map(FetchData::Flags),
        nz().prop_map(FetchData::Uid),
        date().prop_map(FetchData::InternalDate),
        size().prop_map(FetchData::Size),
        mod_seq().prop_map(FetchData::ModSeq),
        envelope().prop_map(|tree| FetchData::Envelope(EnvelopeView::from_tree(&tree))),
        body().prop_map(|tree| FetchData::BodyStructure(BodyView::from_tree(&tree, true))),
        body().prop_map(|tree| FetchData::Body(BodyView::from_tree(&tree, false))),
        (part(), option::of(size()), option::of(text())).prop_map(|(part, origin, octets)| {
            let section = SectionName::new(Section::new(part, SectionText::Full).unwrap());
            FetchData::Section { section, origin, octets }
        }),
        (part(), option::of(size()), option::of(vec(any::<u8>(), 0..9))).prop_map(
            |(part, origin, octets)| FetchData::Binary {
                part,
                origin,
                octets: octets.map(Cow::Owned)
            }
        ),
        (part(), size()).prop_map(|(part, n)| FetchData::BinarySize(part, n)),
        option::of(text()).prop_map(FetchData::Preview),
        option::of(date()).prop_map(FetchData::SaveDate),
        atom().prop_map(FetchData::EmailId),
        option::of(atom()).prop_map(FetchData::ThreadId),
        any::<u64>().prop_map(FetchData::GmailMessageId),
        any::<u64>().prop_map(FetchData::GmailThreadId),
        texts().prop_map(FetchData::GmailLabels),
        Just(unknown_item()),
    ]
}

fn code() -> impl Strategy<Value = Code<'static>> {
    let plain = [
        Code::Alert,
        Code::Parse,
        Code::ReadOnly,
        Code::ReadWrite,
        Code::TryCreate,
        Code::UidNotSticky,
        Code::Closed,
        Code::NoModSeq,
        Code::Unavailable,
        Code::AuthenticationFailed,
        Code::AuthorizationFailed,
        Code::Expired,
        Code::PrivacyRequired,
        Code::ContactAdmin,
        Code::NoPerm,
        Code::InUse,
        Code::ExpungeIssued,
        Code::Corruption,
        Code::ServerBug,
        Code::ClientBug,
        Code::Cannot,
        Code::Limit,
        Code::OverQuota,
        Code::AlreadyExists,
        Code::NonExistent,
        Code::HasChildren,
        Code::TooBig,
        Code::UseAttr,
        Code::NotSaved,
        Code::UnknownCte,
        Code::CompressionActive,
        Code::NotificationOverflow,
        Code::UidRequired,
        Code::BadComparator,
        Code::MetadataTooMany,
        Code::MetadataNoPrivate,
    ];
    prop_oneof![
        prop::sample::select(plain.to_vec()),
        vec("[ -~]{0,6}".prop_map(|name| Charset::new(name).unwrap()), 0..4)
            .prop_map(Code::BadCharset),
        some(atom()).prop_map(Code::Capability),
        some(atom()).prop_map(Code::BadEvent),
        (flags(), any::<bool>()).prop_map(|(flags, more)| Code::PermanentFlags { flags, more }),
        nz().prop_map(Code::UidNext),
        nz().prop_map(Code::UidValidity),
        nz().prop_map(Code::Unseen),
        (nz(), set()).prop_map(|(n, set)| Code::AppendUid(n, set)),
        (nz(), list())
            .prop_map(|(n, uids)| { Code::CopyUid(CopyUid::new(n, uids.clone(), uids).unwrap()) }),
        mod_seq().prop_map(Code::HighestModSeq),
        set().prop_map(Code::Modified),
        code_text().prop_map(Code::BadUrl),
        word().prop_map(|w| Code::NoUpdate(Tag::new(w).unwrap())),
        atom().prop_map(Code::MailboxId),
        code_text().prop_map(Code::UndefinedFilter),
        size().prop_map(Code::MetadataLongEntries),
        size().prop_map(Code::MetadataMaxSize),
        (nz(), option::of(nz())).prop_map(|(n, uid)| Code::MessageLimit(n, uid)),
        (option::of(word()), option::of(any::<u32>()), option::of(nz()))
            .prop_map(|(tag, now, all)| Code::InProgress(tag.and_then(Tag::new), now, all)),
        vec(("[a-zA-Z0-9.-]{1,6}", option::of("[a-zA-Z0-9+/=]{1,9}")), 0..3).prop_map(|all| {
            let one =
                |(name, data): (String, Option<String>)| UrlMechanism::new(name, data).unwrap();
            Code::UrlMech(all.into_iter().map(one).collect())
        }),
        (atom(), option::of(code_text()))
            .prop_filter_map("known", |(name, text)| OtherCode::new(name, text).map(Code::Other)),
    ]
}

fn status_text() -> impl Strategy<Value = StatusText<'static>> {
    (option::of(code()), "[^\r\n\0]{0,12}").prop_map(|(code, text)| StatusText::new(code, text))
}

fn thread() -> impl Strategy<Value = Thread> {
    let leaf = vec(1u32.., 1..4).prop_map(|numbers| Thread::new(numbers, Vec::new()).unwrap());
    leaf.prop_recursive(5, 20, 3, |inner| {
        (vec(1u32.., 0..3), vec(inner, 1..4))
            .prop_map(|(numbers, branches)| Thread::new(numbers, branches).unwrap())
    })
}

fn status_data() -> impl Strategy<Value = StatusData> {
    let small = || option::of(any::<u32>());
    let large = || option::of(size());
    (
        [small(), small(), small(), small(), small()],
        [large(), large(), large()],
        option::of(large()),
        option::of(word()),
        any::<bool>(),
    )
        .prop_map(|(small, large, limit, id, other)| {
            let mut data = StatusData::default();
            let (uid_next, uid_validity);
            [data.messages, data.recent, uid_next, uid_validity, data.unseen] = small;
            (data.uid_next, data.uid_validity) =
                (uid_next.and_then(NonZeroU32::new), uid_validity.and_then(NonZeroU32::new));
            [data.size, data.highest_mod_seq, data.deleted_storage] = large;
            data.deleted = Some(1);
            data.append_limit = limit;
            data.mailbox_id = id.and_then(Atom::new);
            if other {
                let value = Raw::value(b"(a 1)").unwrap();
                data = data.with_other(Atom::new("X-NEW").unwrap(), value);
            }
            data
        })
}

fn e_search() -> impl Strategy<Value = ESearch<'static>> {
    let numbers = (option::of(nz()), option::of(nz()), option::of(any::<u32>()), option::of(nz()));
    let head = (option::of(text()), option::of(mailbox()), any::<bool>(), any::<bool>());
    let partial = option::of(((1i64..9, 1i64..9), option::of(list())));
    let score = (1u8..=100).prop_map(|n| Score::new(n).unwrap());
    let changes = [vec((any::<u32>(), list()), 0..3), vec((any::<u32>(), list()), 0..3)];
    (head, numbers, option::of(list()), partial, changes, option::of(vec(score, 0..4))).prop_map(
        |(
            (tag, mailbox, uid, other),
            (min, max, count, validity),
            all,
            partial,
            changes,
            scores,
        )| {
            let mut result = ESearch::default();
            (result.tag, result.mailbox, result.uid_validity) = (tag, mailbox, validity);
            (result.min, result.max, result.count, result.all) = (min, max, count, all);
            (result.uid, result.relevancy) = (uid, scores);
            result.partial =
                partial.map(|((first, last), set)| (PartialRange::new(first, last).unwrap(), set));
            result.mod_seq = ModSeq::new(7).filter(|_| other);
            [result.add_to, result.remove_from] = changes;
            match other {
                true => result
                    .with_other(Atom::new("X-NEW").unwrap(), Raw::value(b"(a (1 2))").unwrap()),
                false => result,
            }
        },
    )
}

fn response() -> impl Strategy<Value = Response<'static>> {
    let status = prop::sample::select(vec![Status::Ok, Status::No, Status::Bad]);
    let completion = prop::sample::select(vec![Completion::Ok, Completion::No, Completion::Bad]);
    let found = || {
        (vec(1u32.., 0..5), option::of(mod_seq())).prop_map(|(n, mod_seq)| Found::new(n, mod_seq))
    };
    let space = || {
        let extension = vec((text(), some(text())), 0..2);
        let one = (mailbox(), delimiter(), extension).prop_map(|(prefix, delimiter, more)| {
            let mut one = Namespace::new(prefix, delimiter);
            one.extensions = more;
            one
        });
        vec(one, 0..3)
    };
    let first = prop_oneof![
        status_text().prop_map(Response::Continue),
        (word(), completion, status_text()).prop_map(|(tag, status, text)| {
            Response::Tagged { tag: Tag::new(tag).unwrap(), status, text }
        }),
        (status, status_text()).prop_map(|(status, text)| Response::Status { status, text }),
        status_text().prop_map(|text| Response::Status { status: Status::Bye, text }),
        status_text().prop_map(|text| Response::Status { status: Status::PreAuth, text }),
        some(atom()).prop_map(Response::Capability),
        vec(atom(), 0..4).prop_map(Response::Enabled),
        vec((text(), option::of(text())), 0..3).prop_map(Response::Id),
        flags().prop_map(Response::Flags),
        list_item().prop_map(Response::List),
        list_item().prop_map(Response::Lsub),
        list_item().prop_map(Response::XList),
        [space(), space(), space()].prop_map(|[personal, other, shared]| {
            let mut all = Namespaces::default();
            (all.personal, all.other, all.shared) = (personal, other, shared);
            Response::Namespace(all)
        }),
        (mailbox(), status_data()).prop_map(|(name, data)| Response::MailboxStatus(name, data)),
        found().prop_map(Response::Search),
        found().prop_map(Response::Sort),
        vec(thread(), 0..3).prop_map(Response::Thread),
        e_search().prop_map(Response::ESearch),
    ];
    let second = prop_oneof![
        any::<u32>().prop_map(Response::Exists),
        any::<u32>().prop_map(Response::Recent),
        nz().prop_map(Response::Expunge),
        (any::<bool>(), set()).prop_map(|(earlier, uids)| Response::Vanished { earlier, uids }),
        (nz(), some(item())).prop_map(|(n, items)| Response::Fetch(n, items)),
        (nz(), some(item())).prop_map(|(n, items)| Response::UidFetch(n, items)),
        (text(), vec((atom(), size(), size()), 0..3))
            .prop_map(|(root, resources)| Response::Quota { root, resources }),
        (mailbox(), texts()).prop_map(|(name, roots)| Response::QuotaRoot(name, roots)),
        (mailbox(), vec((text(), text()), 0..3)).prop_map(|(name, all)| Response::Acl(name, all)),
        (mailbox(), text(), text(), texts()).prop_map(|(mailbox, identifier, required, groups)| {
            Response::ListRights { mailbox, identifier, required, groups }
        }),
        (mailbox(), text()).prop_map(|(name, rights)| Response::MyRights(name, rights)),
        (mailbox(), some((text(), option::of(text()))))
            .prop_map(|(name, values)| Response::Metadata(name, values)),
        (mailbox(), some(text())).prop_map(|(name, all)| Response::MetadataChanged(name, all)),
        some(text()).prop_map(Response::Language),
        (text(), vec(text(), 0..3)).prop_map(|(one, more)| Response::Comparator(one, more)),
        some(text()).prop_map(Response::GenUrlAuth),
        some((text(), option::of(text()))).prop_map(Response::UrlFetch),
        text().prop_map(Response::JmapAccess),
        Just(parse::response(b"* XFOO (1 2)\r\n").unwrap()),
    ];
    prop_oneof![first, second]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn responses_survive_printing(response in response()) {
        let printed = response.print();
        let shown = printed.escape_ascii().to_string();
        let read = parse::response(&printed);
        prop_assert!(read.is_ok(), "{:?}: {}", read, shown);
        prop_assert_eq!(read.unwrap(), response.clone(), "{}", shown);
        let read = parse::tolerant_response(&printed).unwrap();
        prop_assert_eq!(&read.response, &response, "{}", &shown);
        prop_assert!(read.deviations.is_empty(), "{:?}: {}", read.deviations, shown);
        prop_assert_eq!(&read.response.into_owned(), &response, "{}", shown);
        // For a client that has enabled UTF-8.
        let printed = response.print_in(Names::Utf8);
        let shown = String::from_utf8_lossy(&printed);
        prop_assert_eq!(parse::response_in(&printed, Names::Utf8).unwrap(), response, "{}", shown);
    }

    #[test]
    fn trees_survive_views(envelope in envelope(), body in body()) {
        let view = EnvelopeView::from_tree(&envelope);
        prop_assert_eq!(view.to_tree().into_owned(), envelope);
        let view = BodyView::from_tree(&body, true);
        prop_assert_eq!(view.to_tree().into_owned(), body);
    }
}
