//! SEARCH, SORT, THREAD and what FETCH asks for, of the extensions: values to octets and back.
#![allow(clippy::unwrap_used, clippy::panic)]

use imap_proto::{
    command::{
        Command, EntryName, FetchModifiers, Literals, PrintOptions, QResync, SequenceMatch, Tagged,
    },
    parse,
    types::{
        Atom, Date, FetchItem, FetchItems, ListQuery, Mailbox, NonEmpty, OneOrMore, Part, Partial,
        PartialRange, SearchKey, SearchQuery, SearchReturn, SequenceSet, SortCriterion, SortKey,
        Tag, UidSet,
    },
};
use proptest::prelude::*;

fn atom(text: &'static str) -> Atom<'static> {
    Atom::new(text).unwrap()
}

fn printed(command: Command<'_>) -> Vec<u8> {
    let options = PrintOptions::new(Literals::Plus);
    Tagged::new(Tag::new("t").unwrap(), command).print(options).octets
}

fn both_ways(command: Command<'_>, line: &str) {
    let wire = format!("t {line}\r\n");
    assert_eq!(String::from_utf8_lossy(&printed(command.clone())), wire);
    assert_eq!(parse::command(wire.as_bytes()).unwrap().command, command, "{line}");
}

fn keys() -> Vec<(SearchKey<'static>, &'static str)> {
    let day = Date::new(2015, 1, 7).unwrap();
    vec![
        (SearchKey::Sequence(SequenceSet::saved()), "$"),
        (SearchKey::Uid(SequenceSet::saved()), "UID $"),
        (SearchKey::Fuzzy(Box::new(SearchKey::Body(b"x y"[..].into()))), "FUZZY BODY \"x y\""),
        (SearchKey::Filter(atom("on-the-road")), "FILTER on-the-road"),
        (SearchKey::SavedBefore(day), "SAVEDBEFORE 7-Jan-2015"),
        (SearchKey::SavedOn(day), "SAVEDON 7-Jan-2015"),
        (SearchKey::SavedSince(day), "SAVEDSINCE 7-Jan-2015"),
        (SearchKey::SaveDateSupported, "SAVEDATESUPPORTED"),
        (SearchKey::EmailId(atom("M1")), "EMAILID M1"),
        (SearchKey::ThreadId(atom("T1")), "THREADID T1"),
        (SearchKey::GmailRaw(b"has:attachment"[..].into()), "X-GM-RAW has:attachment"),
        (SearchKey::GmailMessageId(1_278_455_344_230_334_865), "X-GM-MSGID 1278455344230334865"),
        (SearchKey::GmailThreadId(7), "X-GM-THRID 7"),
        (SearchKey::GmailLabel(b"two words"[..].into()), "X-GM-LABELS \"two words\""),
    ]
}

#[test]
fn keys_of_search() {
    for (key, line) in keys() {
        let query = SearchQuery::new(SearchKey::Not(Box::new(key)));
        assert_eq!(query.clone().into_owned(), query);
        both_ways(Command::Search { uid: true, query }, &format!("UID SEARCH NOT {line}"));
    }
}

#[test]
fn what_search_returns() {
    let mut returns = SearchReturn::default();
    (returns.save, returns.relevancy, returns.context) = (true, true, true);
    returns.partial = PartialRange::new(-1, -100);
    let mut query = SearchQuery::new(SearchKey::All);
    query.returns = Some(returns);
    let line = "SEARCH RETURN (SAVE RELEVANCY CONTEXT PARTIAL -1:-100) ALL";
    both_ways(Command::Search { uid: false, query }, line);
}

#[test]
fn sort_and_thread() {
    let one = |reverse, key| SortCriterion { reverse, key };
    let (charset, key) = ("UTF-8".into(), SearchKey::All);
    let thread = Command::Thread { uid: true, algorithm: atom("REFS"), charset, key };
    both_ways(thread, "UID THREAD REFS UTF-8 ALL");
    let sort = |uid, returns, criteria| Command::Sort {
        uid,
        returns,
        criteria,
        charset: "UTF-8".into(),
        key: SearchKey::All,
    };
    for key in [
        SortKey::Arrival,
        SortKey::Cc,
        SortKey::Date,
        SortKey::From,
        SortKey::Size,
        SortKey::Subject,
        SortKey::To,
        SortKey::DisplayFrom,
        SortKey::DisplayTo,
        SortKey::Relevancy,
    ] {
        let criteria = OneOrMore::of([one(true, SortKey::Date), one(false, key)]);
        let line = format!("SORT (REVERSE DATE {}) UTF-8 ALL", key.as_str());
        both_ways(sort(false, None, criteria), &line);
    }
    let mut returns = SearchReturn::default();
    (returns.count, returns.update) = (true, Some(vec![]));
    let criteria = OneOrMore::one(one(false, SortKey::Date));
    let line = "UID SORT RETURN (COUNT UPDATE) (DATE) UTF-8 ALL";
    both_ways(sort(true, Some(returns), criteria), line);
}

#[test]
fn items_of_fetch() {
    for (item, line) in [
        (FetchItem::Preview { lazy: false }, "PREVIEW"),
        (FetchItem::Preview { lazy: true }, "PREVIEW (LAZY)"),
        (FetchItem::SaveDate, "SAVEDATE"),
        (FetchItem::EmailId, "EMAILID"),
        (FetchItem::ThreadId, "THREADID"),
        (FetchItem::GmailMessageId, "X-GM-MSGID"),
        (FetchItem::GmailThreadId, "X-GM-THRID"),
        (FetchItem::GmailLabels, "X-GM-LABELS"),
        (FetchItem::Binary { part: Part::MESSAGE, partial: None, peek: false }, "BINARY[]"),
        (
            FetchItem::Binary {
                part: Part::new([1, 2]).unwrap(),
                partial: Partial::new(5, 1 << 40),
                peek: true,
            },
            "BINARY.PEEK[1.2]<5.1099511627776>",
        ),
        (FetchItem::BinarySize(Part::new([3]).unwrap()), "BINARY.SIZE[3]"),
    ] {
        let seen = line == "BINARY[]";
        let items = FetchItems::new(OneOrMore::of([FetchItem::Uid, item]));
        assert_eq!(items.sets_seen(), seen, "{line}");
        assert_eq!(items.clone().into_owned(), items);
        let set = "1:*".parse().unwrap();
        let modifiers = FetchModifiers::default();
        let command = Command::Fetch { uid: true, set, items, modifiers };
        both_ways(command, &format!("UID FETCH 1:* (UID {line})"));
    }
}

#[test]
fn modifiers_of_fetch_and_select() {
    let mut modifiers = FetchModifiers::default();
    modifiers.changed_since = Some(98_305);
    modifiers.vanished = true;
    modifiers.partial = PartialRange::new(-1, -30);
    let items = FetchItems::new(OneOrMore::one(FetchItem::Flags));
    let set = "300:500".parse().unwrap();
    let command = Command::Fetch { uid: true, set, items, modifiers };
    let line = "UID FETCH 300:500 (FLAGS) (PARTIAL -1:-30 CHANGEDSINCE 98305 VANISHED)";
    both_ways(command, line);

    let select = |condstore, qresync| Command::Select {
        mailbox: Mailbox::INBOX,
        read_only: false,
        condstore,
        qresync,
    };
    let mut state = QResync::new(67_890_007, 90_060_115_194_045_000).unwrap();
    let line = "SELECT INBOX (CONDSTORE QRESYNC (67890007 90060115194045000))";
    both_ways(select(true, Some(state.clone())), line);
    state.known_uids = NonEmpty::new(UidSet::range(1, 29_997));
    let line = "SELECT INBOX (QRESYNC (67890007 90060115194045000 1:29997))";
    both_ways(select(false, Some(state.clone())), line);
    let some = |first, last| NonEmpty::new(UidSet::range(first, last)).unwrap();
    state.matches = SequenceMatch::new(some(5, 7), some(15, 17));
    let line = "SELECT INBOX (QRESYNC (67890007 90060115194045000 1:29997 (5:7 15:17)))";
    both_ways(select(false, Some(state)), line);
}

#[test]
fn list_returns_rights_and_annotations() {
    let mut query = ListQuery::extended("", OneOrMore::one("%".into()));
    query.returns.my_rights = true;
    query.returns.metadata =
        vec![EntryName::new("/shared/comment").unwrap(), EntryName::new("/private/a b").unwrap()];
    let wire = printed(Command::List(query.clone()));
    let line =
        "t LIST \"\" (\"%\") RETURN (MYRIGHTS METADATA (\"/shared/comment\" \"/private/a b\"))\r\n";
    assert_eq!(String::from_utf8_lossy(&wire), line);
    assert_eq!(parse::command(&wire).unwrap().command, Command::List(query));
    let both = Command::XList { reference: "".into(), pattern: "*".into() };
    both_ways(both, "XLIST \"\" \"*\"");
}

#[test]
fn a_long_name_of_an_annotation_is_a_literal_that_is_waited_for() {
    let mut query = ListQuery::extended("", OneOrMore::one("%".into()));
    query.returns.metadata = vec![EntryName::new(format!("/shared/{}", "x".repeat(2000))).unwrap()];
    let command = Command::List(query);
    let options = PrintOptions::new(Literals::Sync);
    let printed = Tagged::new(Tag::new("t").unwrap(), command.clone()).print(options);
    let [wait] = printed.waits.as_slice() else { panic!("one wait: {:?}", printed.waits) };
    assert!(printed.octets.get(..*wait).unwrap().ends_with(b"METADATA ({2008}\r\n"));
    assert_eq!(parse::command(&printed.octets).unwrap().command, command);
}

#[test]
fn what_the_grammar_refuses_is_refused() {
    for line in [
        "SEARCH",
        "SEARCH RETURN (PARTIAL) ALL",
        "SEARCH RETURN (PARTIAL 0:5) ALL",
        "SEARCH RETURN (PARTIAL -1:5) ALL",
        "SEARCH RETURN (PARTIAL +1:5) ALL",
        "SEARCH RETURN (FROB) ALL",
        "SEARCH FUZZY",
        "SEARCH $,1",
        "SEARCH EMAILID \"a b\"",
        "SORT () UTF-8 ALL",
        "SORT (REVERSE) UTF-8 ALL",
        "SORT (DATE) UTF-8",
        "SORT (COLOUR) UTF-8 ALL",
        "THREAD REFERENCES ALL",
        "FETCH 1 BINARY",
        "FETCH 1 BINARY[0]",
        "FETCH 1 BINARY[1.TEXT]",
        "FETCH 1 BINARY.SIZE[1]<0.5>",
        "FETCH 1 (PREVIEW (EAGER))",
        "SEARCH MODSEQ \"/comment\" all 5",
        "SEARCH MODSEQ \"/flags/\\\\Seen\" any 5",
        "NOTIFY SET",
        "NOTIFY SET (inboxes)",
        "NOTIFY SET (inboxes ())",
        "NOTIFY SET (inboxes (MessageNew (UID)))",
        "ESEARCH IN () ALL",
        "ESEARCH IN (selected-delayed) ALL",
        "UID FETCH 1 FLAGS ()",
        "SELECT INBOX (QRESYNC (0 5))",
        "SELECT INBOX (QRESYNC (5 0))",
        "SELECT INBOX (QRESYNC (5 6 1:*))",
        "SELECT INBOX (QRESYNC (5))",
        "LIST \"\" % RETURN (METADATA ())",
    ] {
        assert!(parse::command(format!("t {line}\r\n").as_bytes()).is_err(), "{line}");
    }
}

fn any_key() -> impl Strategy<Value = SearchKey<'static>> {
    let known = keys().into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let text = proptest::collection::vec(1u8.., 0..20);
    let leaf = prop_oneof![
        proptest::sample::select(known),
        text.prop_map(|text| SearchKey::GmailRaw(text.into())),
    ];
    leaf.prop_recursive(5, 20, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|key| SearchKey::Not(Box::new(key))),
            inner.clone().prop_map(|key| SearchKey::Fuzzy(Box::new(key))),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| SearchKey::Or(Box::new(a), Box::new(b))),
            proptest::collection::vec(inner, 1..4)
                .prop_map(|keys| SearchKey::And(OneOrMore::new(keys).unwrap())),
        ]
    })
}

proptest! {
    #[test]
    fn nested_keys_are_read_as_they_were_printed(key in any_key()) {
        let command = Command::Search { uid: false, query: SearchQuery::new(key) };
        let wire = printed(command.clone());
        prop_assert_eq!(parse::command(&wire).unwrap().command, command);
    }
}
