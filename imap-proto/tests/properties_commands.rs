//! What is printed is read again as the same, for every command, under all ways to print; and an owned command is equal to
//! the one it was made of.
#![allow(clippy::unwrap_used)]

use core::num::NonZeroU32;
use std::borrow::Cow;

use imap_proto::{
    command::{
        Append, AppendBody, AppendData, AppendMessage, CatenatePart, Command, Depth, EntryName,
        EventGroup, FetchModifiers, Literals, MailboxFilter, MessageLiteral, MetadataOptions,
        Notify, NotifyEvent, PrintOptions, QResync, Replace, Rights, RightsAction, SecretText,
        SequenceMatch, Tagged,
    },
    parse,
    types::{
        Atom, BodySection, Date, DateTime, EntryScope, FetchItem, FetchItems, Flag, ListQuery,
        Mailbox, NonEmpty, OneOrMore, Part, Partial, PartialRange, SearchKey, SearchQuery,
        SearchReturn, Section, SectionSpelling, SectionText, SequenceSet, SortCriterion, SortKey,
        SpecialUse, StatusItem, StoreAction, Tag, UidSet,
    },
};
use proptest::{collection::vec, option, prelude::*, sample::select};

type Text = Cow<'static, [u8]>;

/// Octets of every kind: words, blanks, quotes, line ends, 8-bit ones, none at all.
fn octets() -> impl Strategy<Value = Text> {
    prop_oneof![
        "[ -~]{0,9}".prop_map(|t| Cow::Owned(t.into_bytes())),
        vec(1u8.., 0..9).prop_map(Cow::Owned),
        select(vec!["NIL", "{3}", "a\r\nb", "\"", "\\"]).prop_map(|t| Cow::Borrowed(t.as_bytes())),
    ]
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof!["[ -~]{0,9}", "\\PC{0,5}"].prop_map(Cow::Owned)
}

fn atom() -> impl Strategy<Value = Atom<'static>> {
    "[a-zA-Z0-9$+=.-]{1,9}".prop_map(|text| Atom::new(text).unwrap())
}

fn some<T: core::fmt::Debug>(
    item: impl Strategy<Value = T>,
) -> impl Strategy<Value = OneOrMore<T>> {
    vec(item, 1..4).prop_map(|items| OneOrMore::new(items).unwrap())
}

fn mailbox() -> impl Strategy<Value = Mailbox<'static>> {
    prop_oneof!["\\PC{0,8}", "[a-z&*%/ ]{0,8}", Just(String::from("inbox"))]
        .prop_map(|name| Mailbox::new(name).unwrap())
}

fn uids() -> impl Strategy<Value = UidSet> {
    vec((1u32.., 0u32..9), 1..5).prop_map(|all| {
        UidSet::from_ranges(all.into_iter().map(|(n, more)| (n, n.saturating_add(more))).collect())
    })
}

fn set() -> impl Strategy<Value = SequenceSet> {
    prop_oneof![
        uids().prop_map(|uids| SequenceSet::new(uids).unwrap()),
        (uids(), 1u32..).prop_map(|(uids, n)| format!("{uids},{n}:*,*").parse().unwrap()),
        Just(SequenceSet::saved()),
        Just("*".parse().unwrap()),
    ]
}

fn flag() -> impl Strategy<Value = Flag<'static>> {
    prop_oneof![
        select(vec![Flag::Seen, Flag::Answered, Flag::Flagged, Flag::Deleted, Flag::Draft]),
        atom().prop_map(Flag::Keyword),
        select(vec![Flag::new("\\Junk").unwrap(), Flag::FORWARDED]),
    ]
}

fn flags() -> impl Strategy<Value = Vec<Flag<'static>>> {
    vec(flag(), 0..4)
}

fn date() -> impl Strategy<Value = Date> {
    (1900u16..2100, 1u8..=12, 1u8..=28).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap())
}

fn entry() -> impl Strategy<Value = EntryName<'static>> {
    "/(private|shared)(/[a-z .\"-]{1,6}){1,2}".prop_map(|name| EntryName::new(name).unwrap())
}

fn partial_range() -> impl Strategy<Value = PartialRange> {
    (1i64..1 << 32, 1i64..1 << 32, any::<bool>())
        .prop_map(|(a, b, back)| if back { (-a, -b) } else { (a, b) })
        .prop_map(|(a, b)| PartialRange::new(a, b).unwrap())
}

fn part() -> impl Strategy<Value = Part> {
    vec(1u32.., 0..4).prop_map(|numbers| Part::new(numbers).unwrap())
}

fn section() -> impl Strategy<Value = BodySection<'static>> {
    let names = || some(text());
    let text = prop_oneof![
        select(vec![SectionText::Full, SectionText::Header, SectionText::Text, SectionText::Mime]),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
    ];
    let body = (part(), text, option::of(run()), any::<bool>()).prop_filter_map(
        "the message has no MIME header",
        |(part, text, partial, peek)| {
            let section = Section::new(part, text)?;
            let section = if peek { BodySection::peek(section) } else { BodySection::new(section) };
            Some(match partial {
                Some(partial) => section.with_partial(partial),
                None => section,
            })
        },
    );
    let spelled = select(vec![
        SectionSpelling::Rfc822,
        SectionSpelling::Rfc822Header,
        SectionSpelling::Rfc822Text,
    ]);
    let spelled = spelled.prop_map(BodySection::spelled);
    prop_oneof![3 => body, 1 => spelled]
}

/// RFC 9051 §9 `number64`
fn size() -> impl Strategy<Value = u64> {
    0..=i64::MAX.unsigned_abs()
}

fn nz() -> impl Strategy<Value = NonZeroU32> {
    (1u32..).prop_map(|n| NonZeroU32::new(n).unwrap())
}

fn run() -> impl Strategy<Value = Partial> {
    (size(), 1..=i64::MAX.unsigned_abs())
        .prop_map(|(offset, len)| Partial::new(offset, len).unwrap())
}

fn item() -> impl Strategy<Value = FetchItem<'static>> {
    prop_oneof![
        select(vec![
            FetchItem::Flags,
            FetchItem::Uid,
            FetchItem::InternalDate,
            FetchItem::Size,
            FetchItem::Envelope,
            FetchItem::Body,
            FetchItem::BodyStructure,
            FetchItem::ModSeq,
            FetchItem::Preview { lazy: false },
            FetchItem::Preview { lazy: true },
            FetchItem::SaveDate,
            FetchItem::EmailId,
            FetchItem::ThreadId,
            FetchItem::GmailMessageId,
            FetchItem::GmailThreadId,
            FetchItem::GmailLabels,
        ]),
        (part(), option::of(run()), any::<bool>())
            .prop_map(|(part, partial, peek)| FetchItem::Binary { part, partial, peek }),
        part().prop_map(FetchItem::BinarySize),
        section().prop_map(FetchItem::Section),
    ]
}

fn key() -> impl Strategy<Value = SearchKey<'static>> {
    let scope = select(vec![EntryScope::Private, EntryScope::Shared, EntryScope::All]);
    let leaf = prop_oneof![
        select(vec![
            SearchKey::All,
            SearchKey::Answered,
            SearchKey::Deleted,
            SearchKey::Draft,
            SearchKey::Flagged,
            SearchKey::Seen,
            SearchKey::Recent,
            SearchKey::SaveDateSupported,
        ]),
        atom().prop_map(SearchKey::Keyword),
        set().prop_map(SearchKey::Sequence),
        set().prop_map(SearchKey::Uid),
        (text(), octets()).prop_map(|(name, text)| SearchKey::Header(name, text)),
        octets().prop_map(SearchKey::Body),
        octets().prop_map(SearchKey::Text),
        prop_oneof![
            size().prop_map(SearchKey::Larger),
            size().prop_map(SearchKey::Smaller),
            nz().prop_map(SearchKey::Older),
            nz().prop_map(SearchKey::Younger),
            size().prop_map(SearchKey::ModSeq),
            (flag(), scope, size()).prop_map(|(f, s, n)| SearchKey::FlagModSeq(f, s, n)),
            any::<u64>().prop_map(SearchKey::GmailMessageId),
            any::<u64>().prop_map(SearchKey::GmailThreadId),
        ],
        prop_oneof![
            date().prop_map(SearchKey::Before),
            date().prop_map(SearchKey::On),
            date().prop_map(SearchKey::Since),
            date().prop_map(SearchKey::SentBefore),
            date().prop_map(SearchKey::SentOn),
            date().prop_map(SearchKey::SentSince),
            date().prop_map(SearchKey::SavedBefore),
            date().prop_map(SearchKey::SavedOn),
            date().prop_map(SearchKey::SavedSince),
        ],
        prop_oneof![
            atom().prop_map(SearchKey::Filter),
            atom().prop_map(SearchKey::EmailId),
            atom().prop_map(SearchKey::ThreadId),
            octets().prop_map(SearchKey::GmailRaw),
            octets().prop_map(SearchKey::GmailLabel),
        ],
    ];
    leaf.prop_recursive(5, 20, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|key| SearchKey::Not(Box::new(key))),
            inner.clone().prop_map(|key| SearchKey::Fuzzy(Box::new(key))),
            [inner.clone(), inner.clone()]
                .prop_map(|[a, b]| SearchKey::Or(Box::new(a), Box::new(b))),
            some(inner).prop_map(SearchKey::And),
        ]
    })
}

fn returns() -> impl Strategy<Value = SearchReturn<'static>> {
    let update = option::of(vec(item(), 0..3));
    (any::<[bool; 7]>(), option::of(partial_range()), update).prop_map(|(on, partial, update)| {
        let mut returns = SearchReturn::default();
        let [min, max, all, count, save, relevancy, context] = on;
        (returns.min, returns.max, returns.all, returns.count) = (min, max, all, count);
        (returns.save, returns.relevancy, returns.context) = (save, relevancy, context);
        (returns.partial, returns.update) = (partial, update);
        returns
    })
}

fn query() -> impl Strategy<Value = SearchQuery<'static>> {
    (option::of(text()), option::of(returns()), key()).prop_map(|(charset, returns, key)| {
        let mut query = SearchQuery::new(key);
        (query.charset, query.returns) = (charset, returns);
        query
    })
}

fn pattern() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof!["[a-z*%/&é ]{0,6}", "\\PC{0,4}"].prop_map(Cow::Owned)
}

fn list() -> impl Strategy<Value = ListQuery<'static>> {
    let metadata = vec(entry(), 0..3);
    let lists = (some(pattern()), any::<bool>(), any::<[bool; 8]>(), statuses(), metadata);
    (pattern(), lists).prop_map(|(reference, (patterns, listed, on, status, metadata))| {
        let mut query = match (listed || patterns.len() > 1, patterns.first().cloned()) {
            (false, Some(one)) => ListQuery::basic(reference, one),
            _ => ListQuery::extended(reference, patterns),
        };
        let [subscribed, remote, recursive, special, children, uses, rights, told] = on;
        let select = &mut query.select;
        (select.subscribed, select.remote, select.special_use) = (subscribed, remote, special);
        if recursive && (subscribed || special) {
            *select = select.with_recursive_match();
        }
        let returns = &mut query.returns;
        (returns.subscribed, returns.children) = (told, children);
        (returns.special_use, returns.my_rights) = (uses, rights);
        (returns.status, returns.metadata) = (status, metadata);
        query
    })
}

fn statuses() -> impl Strategy<Value = Vec<StatusItem>> {
    vec(select(vec![StatusItem::Messages, StatusItem::Size, StatusItem::MailboxId]), 0..3)
}

fn literal() -> impl Strategy<Value = MessageLiteral<'static>> {
    (vec(any::<u8>(), 0..20), any::<bool>()).prop_map(|(octets, binary)| {
        let literal = MessageLiteral::octets(octets);
        if binary { literal.binary() } else { literal }
    })
}

fn data() -> impl Strategy<Value = AppendData<'static>> {
    vec(any::<u8>(), 0..20).prop_map(|octets| AppendData::Octets(Cow::Owned(octets)))
}

fn message() -> impl Strategy<Value = AppendMessage<'static>> {
    let body = prop_oneof![
        literal().prop_map(AppendBody::Literal),
        data().prop_map(AppendBody::Utf8),
        some(prop_oneof![
            octets().prop_map(CatenatePart::Url),
            literal().prop_map(CatenatePart::Text),
            data().prop_map(CatenatePart::Utf8),
        ])
        .prop_map(AppendBody::Catenate),
    ];
    let at = (0i64..4_000_000_000, -700i16..700).prop_map(|(at, zone)| DateTime::new(at, zone));
    (flags(), at, any::<bool>(), body).prop_map(|(flags, date, dated, body)| {
        let mut message = AppendMessage::new(MessageLiteral::to_come(0));
        message.flags = flags;
        message.date = date.filter(|_| dated);
        message.body = body;
        message
    })
}

fn filter() -> impl Strategy<Value = MailboxFilter<'static>> {
    prop_oneof![
        select(vec![
            MailboxFilter::Selected,
            MailboxFilter::Inboxes,
            MailboxFilter::Personal,
            MailboxFilter::Subscribed,
        ]),
        some(mailbox()).prop_map(MailboxFilter::Subtree),
        some(mailbox()).prop_map(MailboxFilter::SubtreeOne),
        some(mailbox()).prop_map(MailboxFilter::Mailboxes),
    ]
}

fn group() -> impl Strategy<Value = EventGroup<'static>> {
    let event = prop_oneof![
        vec(item(), 0..3).prop_map(NotifyEvent::MessageNew),
        select(vec![
            NotifyEvent::MessageExpunge,
            NotifyEvent::FlagChange,
            NotifyEvent::AnnotationChange,
            NotifyEvent::MailboxName,
            NotifyEvent::SubscriptionChange,
            NotifyEvent::MailboxMetadataChange,
            NotifyEvent::ServerMetadataChange,
            NotifyEvent::new(Atom::new("Vendor-Event").unwrap()),
        ]),
    ];
    (filter(), vec(event, 0..4), any::<bool>()).prop_map(|(filter, events, delayed)| {
        match EventGroup::new(filter, events.clone()) {
            Some(group) if !delayed => group,
            _ => EventGroup::selected_delayed(events),
        }
    })
}

fn plain() -> impl Strategy<Value = Command<'static>> {
    select(vec![
        Command::Capability,
        Command::Noop,
        Command::Logout,
        Command::StartTls,
        Command::Namespace,
        Command::Check,
        Command::Close,
        Command::Unselect,
        Command::Idle,
        Command::Expunge(None),
        Command::Unauthenticate,
        Command::GetJmapAccess,
    ])
}

fn session() -> impl Strategy<Value = Command<'static>> {
    let secret = || octets().prop_map(|octets| SecretText::new(octets.into_owned()));
    prop_oneof![
        vec((octets(), option::of(octets())), 0..3).prop_map(Command::Id),
        (atom(), option::of(secret()))
            .prop_map(|(mechanism, initial)| Command::Authenticate { mechanism, initial }),
        (octets(), secret()).prop_map(|(user, password)| Command::Login { user, password }),
        some(atom()).prop_map(Command::Enable),
        atom().prop_map(Command::Compress),
        vec(text(), 0..3).prop_map(Command::Language),
        vec(text(), 0..3).prop_map(Command::Comparator),
        some("[a-z0-9]{1,5}".prop_map(|tag| Tag::new(tag).unwrap()))
            .prop_map(Command::CancelUpdate),
        some((octets(), atom())).prop_map(Command::GenUrlAuth),
        option::of((mailbox(), vec(atom(), 0..3))).prop_map(Command::ResetKey),
        some(octets()).prop_map(Command::UrlFetch),
        Just(Command::Notify(Notify::None)),
        (any::<bool>(), some(group()))
            .prop_map(|(status, groups)| { Command::Notify(Notify::Set { status, groups }) }),
    ]
}

fn mailboxes() -> impl Strategy<Value = Command<'static>> {
    let uses = vec(
        prop_oneof![
            select(vec![SpecialUse::Sent, SpecialUse::Junk, SpecialUse::Important]),
            Just(SpecialUse::new("\\Snoozed").unwrap()),
        ],
        0..3,
    );
    let state = (
        1u32..,
        1..=i64::MAX.unsigned_abs(),
        option::of(uids()),
        option::of(uids().prop_map(|all| (all.clone(), all))),
    )
        .prop_map(|(validity, mod_seq, known, matches)| {
            let mut state = QResync::new(validity, mod_seq).unwrap();
            state.known_uids = known.and_then(NonEmpty::new);
            state.matches = matches.and_then(|(numbers, uids)| {
                SequenceMatch::new(NonEmpty::new(numbers)?, NonEmpty::new(uids)?)
            });
            state
        });
    let items = some(select(vec![StatusItem::Unseen, StatusItem::Size, StatusItem::AppendLimit]));
    prop_oneof![
        (mailbox(), any::<[bool; 2]>(), option::of(state)).prop_map(
            |(mailbox, [read_only, condstore], qresync)| {
                Command::Select { mailbox, read_only, condstore, qresync }
            }
        ),
        (mailbox(), uses).prop_map(|(mailbox, uses)| Command::Create { mailbox, uses }),
        mailbox().prop_map(Command::Delete),
        mailbox().prop_map(Command::Subscribe),
        mailbox().prop_map(Command::Unsubscribe),
        (mailbox(), mailbox()).prop_map(|(from, to)| Command::Rename(from, to)),
        list().prop_map(Command::List),
        (pattern(), pattern())
            .prop_map(|(reference, pattern)| Command::Lsub { reference, pattern }),
        (pattern(), pattern())
            .prop_map(|(reference, pattern)| Command::XList { reference, pattern }),
        (mailbox(), items).prop_map(|(mailbox, items)| Command::Status(mailbox, items)),
        (mailbox(), some(message()))
            .prop_map(|(mailbox, all)| Command::Append(Append::many(mailbox, all))),
        (any::<bool>(), any::<u32>(), mailbox(), message()).prop_map(
            |(uid, number, mailbox, message)| {
                let number = NonZeroU32::new(number);
                Command::Replace(Replace::new(uid, number, mailbox, message))
            }
        ),
    ]
}

fn rights() -> impl Strategy<Value = Command<'static>> {
    let action = select(vec![RightsAction::Replace, RightsAction::Add, RightsAction::Remove]);
    let letters = "[a-z0-9]{0,5}".prop_map(|rights| Rights::new(rights).unwrap());
    let depth = select(vec![Depth::Entry, Depth::Children, Depth::Infinity]);
    let options = (option::of(any::<u32>()), option::of(depth)).prop_map(|(max_size, depth)| {
        let mut options = MetadataOptions::default();
        (options.max_size, options.depth) = (max_size, depth);
        options
    });
    prop_oneof![
        octets().prop_map(Command::GetQuota),
        mailbox().prop_map(Command::GetQuotaRoot),
        (octets(), vec((atom(), size()), 0..3))
            .prop_map(|(root, limits)| Command::SetQuota { root, limits }),
        (mailbox(), octets(), action, letters).prop_map(|(mailbox, identifier, action, rights)| {
            Command::SetAcl { mailbox, identifier, action, rights }
        }),
        (mailbox(), octets())
            .prop_map(|(mailbox, identifier)| Command::DeleteAcl { mailbox, identifier }),
        mailbox().prop_map(Command::GetAcl),
        (mailbox(), octets())
            .prop_map(|(mailbox, identifier)| Command::ListRights { mailbox, identifier }),
        mailbox().prop_map(Command::MyRights),
        (mailbox(), options, some(entry())).prop_map(|(mailbox, options, entries)| {
            Command::GetMetadata { mailbox, options, entries }
        }),
        (mailbox(), some((entry(), option::of(octets()))))
            .prop_map(|(mailbox, entries)| Command::SetMetadata { mailbox, entries }),
    ]
}

fn messages() -> impl Strategy<Value = Command<'static>> {
    let action = || select(vec![StoreAction::Replace, StoreAction::Add, StoreAction::Remove]);
    let modifiers = (option::of(size()), any::<bool>(), option::of(partial_range())).prop_map(
        |(changed_since, vanished, partial)| {
            let mut modifiers = FetchModifiers::default();
            (modifiers.changed_since, modifiers.vanished) = (changed_since, vanished);
            modifiers.partial = partial;
            modifiers
        },
    );
    let items = some(item()).prop_map(FetchItems::new);
    let sort_key = select(vec![SortKey::Arrival, SortKey::DisplayTo, SortKey::Subject]);
    let criteria =
        some((any::<bool>(), sort_key).prop_map(|(reverse, key)| SortCriterion { reverse, key }));
    prop_oneof![
        set().prop_map(|set| Command::Expunge(Some(set))),
        (any::<bool>(), query()).prop_map(|(uid, query)| Command::Search { uid, query }),
        (any::<bool>(), vec(filter(), 0..3), query())
            .prop_map(|(uid, sources, query)| Command::ESearch { uid, sources, query }),
        (any::<bool>(), set(), items, modifiers)
            .prop_map(|(uid, set, items, modifiers)| Command::Fetch { uid, set, items, modifiers }),
        (any::<[bool; 2]>(), set(), action(), flags(), option::of(size())).prop_map(
            |([uid, silent], set, action, flags, unchanged_since)| {
                Command::Store { uid, set, action, silent, flags, unchanged_since }
            }
        ),
        (any::<[bool; 2]>(), set(), action(), vec(octets(), 0..3)).prop_map(
            |([uid, silent], set, action, labels)| {
                Command::StoreLabels { uid, set, action, silent, labels }
            }
        ),
        (any::<bool>(), set(), mailbox()).prop_map(|(uid, set, mailbox)| Command::Copy {
            uid,
            set,
            mailbox
        }),
        (any::<bool>(), set(), mailbox()).prop_map(|(uid, set, mailbox)| Command::Move {
            uid,
            set,
            mailbox
        }),
        (any::<bool>(), option::of(returns()), criteria, text(), key()).prop_map(
            |(uid, returns, criteria, charset, key)| {
                Command::Sort { uid, returns, criteria, charset, key }
            }
        ),
        (any::<bool>(), atom(), text(), key()).prop_map(|(uid, algorithm, charset, key)| {
            Command::Thread { uid, algorithm, charset, key }
        }),
    ]
}

fn command() -> impl Strategy<Value = Command<'static>> {
    prop_oneof![1 => plain(), 3 => session(), 3 => mailboxes(), 3 => rights(), 6 => messages()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_command_is_read_as_it_was_printed(
        command in command(),
        literals in select(vec![Literals::Sync, Literals::Minus, Literals::Plus]),
        utf8 in any::<bool>(),
    ) {
        let options = PrintOptions::new(literals);
        let options = if utf8 { options.utf8() } else { options };
        let tagged = Tagged::new(Tag::new("t1").unwrap(), command);
        let printed = tagged.print(options).octets;
        let read = parse::command_in(&printed, options.names());
        prop_assert!(read.is_ok(), "{:?}: {:?}", String::from_utf8_lossy(&printed), read);
        let read = read.unwrap();
        prop_assert_eq!(&read, &tagged, "{:?}", String::from_utf8_lossy(&printed));
        // And again: what was read is printed as what was printed.
        prop_assert_eq!(read.print(options).octets, printed.clone());
        prop_assert_eq!(read.into_owned(), tagged);
        // Outside of literals there is no line end but the last: nothing can be smuggled in.
        prop_assert!(printed.ends_with(b"\r\n"));
    }
}
