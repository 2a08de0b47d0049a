//! The client machine and what a server has offered: each call says what it should, or is refused and says nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use imap_proto::{
    client::{Client, Config, Event},
    command::{
        Append, AppendMessage, CatenatePart, EntryName, EventGroup, FetchModifiers, MailboxFilter,
        MessageLiteral, MetadataOptions, Notify, NotifyEvent, QResync, Replace, Rights,
        RightsAction,
    },
    response::Response,
    types::{
        Atom, FetchItem, FetchItems, Flag, ListQuery, Mailbox, OneOrMore, SearchKey, SearchQuery,
        SearchReturn, SequenceSet, SortCriterion, SortKey, SpecialUse, StatusItem, StoreAction,
    },
};
use mailwire::{Instant, Machine, Misuse, Step};

const START: Instant = Instant::from_micros(0);

/// A session that is logged in and offered these.
fn client(offered: &str) -> Client {
    let mut client = Client::over_tls(Config::default());
    say(&mut client, &format!("* PREAUTH [CAPABILITY IMAP4rev1 {offered}] hello\r\n"));
    client
}

/// What the client shows and says after the server has said this.
fn say(client: &mut Client, text: &str) -> (Vec<String>, String) {
    assert_eq!(client.recv().push(text.as_bytes()), text.len());
    let mut events = vec![];
    while client.poll(START) == Step::Event {
        events.push(format!("{:?}", client.event()));
    }
    (events, String::from_utf8(client.transmit().take_all().to_vec()).unwrap())
}

fn said(client: &mut Client) -> String {
    say(client, "").1
}

fn set(text: &str) -> SequenceSet {
    text.parse().unwrap()
}

type Call = fn(&mut Client) -> Result<imap_proto::client::Tag, Misuse>;

fn name(text: &'static str) -> Mailbox<'static> {
    Mailbox::new(text).unwrap()
}

fn entry() -> EntryName<'static> {
    EntryName::new("/shared/comment").unwrap()
}

fn returning(change: fn(&mut SearchReturn<'_>)) -> SearchQuery<'static> {
    let mut query = SearchQuery::new(SearchKey::Seen);
    let mut returns = SearchReturn::default();
    change(&mut returns);
    query.returns = Some(returns);
    query
}

fn items(item: FetchItem<'static>) -> FetchItems<'static> {
    FetchItems::new(OneOrMore::one(item))
}

/// What has to be offered, the call, and the line it is.
const CALLS: &[(&str, Call, &str)] = &[
    ("ID", |c| c.id(vec![(b"name"[..].into(), Some(b"x"[..].into()))]), "ID (\"name\" \"x\")"),
    ("NAMESPACE", |c| c.namespace(), "NAMESPACE"),
    ("ENABLE CONDSTORE", |c| c.enable(&["CONDSTORE"]), "ENABLE CONDSTORE"),
    ("CONDSTORE", |c| c.select_condstore(&Mailbox::INBOX, true), "EXAMINE INBOX (CONDSTORE)"),
    ("QRESYNC", |c| c.select_condstore(&Mailbox::INBOX, false), "SELECT INBOX (CONDSTORE)"),
    ("UNSELECT", |c| c.unselect(), "UNSELECT"),
    ("IDLE", |c| c.idle(), "IDLE"),
    ("MOVE", |c| c.move_to(true, &set("1"), &name("x")), "UID MOVE 1 x"),
    ("UIDPLUS", |c| c.expunge(Some(&set("5"))), "UID EXPUNGE 5"),
    ("COMPRESS=DEFLATE", |c| c.compress(), "COMPRESS DEFLATE"),
    ("UNAUTHENTICATE", |c| c.unauthenticate(), "UNAUTHENTICATE"),
    (
        "CREATE-SPECIAL-USE",
        |c| c.create(&name("x"), &[SpecialUse::Sent]),
        "CREATE x (USE (\\Sent))",
    ),
    (
        "LIST-EXTENDED LIST-STATUS STATUS=SIZE",
        |c| {
            let mut query = ListQuery::basic("", "*");
            query.returns.status.push(StatusItem::Size);
            c.list(&query)
        },
        "LIST \"\" \"*\" RETURN (STATUS (SIZE))",
    ),
    (
        "CONDSTORE",
        |c| c.status(&Mailbox::INBOX, OneOrMore::one(StatusItem::HighestModSeq)),
        "STATUS INBOX (HIGHESTMODSEQ)",
    ),
    (
        "CONDSTORE",
        |c| c.store_unchanged(true, &set("1"), StoreAction::Add, &[Flag::Seen], 9),
        "UID STORE 1 (UNCHANGEDSINCE 9) +FLAGS (\\Seen)",
    ),
    (
        "CONDSTORE",
        |c| {
            let mut modifiers = FetchModifiers::default();
            modifiers.changed_since = Some(7);
            c.fetch_with(true, &set("1:*"), &items(FetchItem::Flags), modifiers)
        },
        "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 7)",
    ),
    (
        "PREVIEW",
        |c| c.fetch(false, &set("1"), &items(FetchItem::Preview { lazy: true })),
        "FETCH 1 (PREVIEW (LAZY))",
    ),
    ("OBJECTID", |c| c.fetch(false, &set("1"), &items(FetchItem::EmailId)), "FETCH 1 (EMAILID)"),
    (
        "ESEARCH",
        |c| c.search(true, &returning(|r| r.count = true)),
        "UID SEARCH RETURN (COUNT) SEEN",
    ),
    (
        "ESEARCH SEARCHRES",
        |c| c.search(false, &returning(|r| r.save = true)),
        "SEARCH RETURN (SAVE) SEEN",
    ),
    ("SEARCHRES", |c| c.copy(false, &SequenceSet::saved(), &name("x")), "COPY $ x"),
    (
        "WITHIN",
        |c| c.search(false, &SearchQuery::new(SearchKey::Younger(60.try_into().unwrap()))),
        "SEARCH YOUNGER 60",
    ),
    (
        "MULTISEARCH",
        |c| c.search_in(true, &[MailboxFilter::Personal], &SearchQuery::new(SearchKey::Seen)),
        "UID ESEARCH IN (PERSONAL) SEEN",
    ),
    (
        "SORT",
        |c| {
            let criterion = SortCriterion { reverse: true, key: SortKey::Date };
            c.sort(true, OneOrMore::one(criterion), &SearchQuery::new(SearchKey::All))
        },
        "UID SORT (REVERSE DATE) US-ASCII ALL",
    ),
    (
        "SORT ESORT SORT=DISPLAY",
        |c| {
            let criterion = SortCriterion { reverse: false, key: SortKey::DisplayFrom };
            c.sort(true, OneOrMore::one(criterion), &returning(|r| r.all = true))
        },
        "UID SORT RETURN (ALL) (DISPLAYFROM) US-ASCII SEEN",
    ),
    (
        "THREAD=REFERENCES",
        |c| {
            let algorithm = Atom::new("references").unwrap();
            c.thread(true, &algorithm, &SearchQuery::new(SearchKey::All))
        },
        "UID THREAD references US-ASCII ALL",
    ),
    (
        "NOTIFY",
        |c| {
            let events = vec![NotifyEvent::MessageNew(vec![]), NotifyEvent::MessageExpunge];
            let group = EventGroup::new(MailboxFilter::Personal, events).unwrap();
            c.notify(&Notify::Set { status: false, groups: OneOrMore::one(group) })
        },
        "NOTIFY SET (PERSONAL (MessageNew MessageExpunge))",
    ),
    (
        "METADATA",
        |c| c.metadata(Some(&name("x")), MetadataOptions::default(), OneOrMore::one(entry())),
        "GETMETADATA x /shared/comment",
    ),
    (
        "METADATA-SERVER",
        |c| c.set_metadata(None, OneOrMore::one((entry(), Some(b"hi"[..].into())))),
        "SETMETADATA \"\" (/shared/comment \"hi\")",
    ),
    ("QUOTA", |c| c.quota(b""), "GETQUOTA \"\""),
    ("QUOTA", |c| c.quota_root(&Mailbox::INBOX), "GETQUOTAROOT INBOX"),
    (
        "QUOTASET",
        |c| c.set_quota(b"u", &[(Atom::new("STORAGE").unwrap(), 9)]),
        "SETQUOTA u (STORAGE 9)",
    ),
    ("ACL", |c| c.acl(&name("x")), "GETACL x"),
    ("ACL", |c| c.my_rights(&name("x")), "MYRIGHTS x"),
    ("ACL", |c| c.list_rights(&name("x"), b"tim"), "LISTRIGHTS x tim"),
    ("ACL", |c| c.delete_acl(&name("x"), b"tim"), "DELETEACL x tim"),
    (
        "ACL",
        |c| c.set_acl(&name("x"), b"tim", RightsAction::Add, &Rights::new("lr").unwrap()),
        "SETACL x tim +lr",
    ),
    (
        "CATENATE LITERAL+",
        |c| {
            let url = CatenatePart::Url(b"/INBOX/;UID=1"[..].into());
            c.append(&Append::message(name("x"), AppendMessage::catenate(OneOrMore::one(url))))
        },
        "APPEND x CATENATE (URL /INBOX/;UID=1)",
    ),
];

#[test]
fn each_call_says_its_command_where_it_is_offered_and_nothing_where_it_is_not() {
    for (offered, call, line) in CALLS {
        let mut with = client(offered);
        call(&mut with).unwrap_or_else(|why| panic!("{line}: {why}"));
        assert_eq!(said(&mut with), format!("A1 {line}\r\n"), "with {offered}");
        // Without any one of those it needs, and without knowing any.
        for left_out in offered.split(' ') {
            if left_out == "LITERAL+" {
                continue;
            }
            let rest: Vec<&str> = offered.split(' ').filter(|one| *one != left_out).collect();
            let mut without = client(&rest.join(" "));
            let why = call(&mut without).expect_err(line).to_string();
            assert!(why.contains("offered"), "{line} without {left_out}: {why}");
            assert_eq!(said(&mut without), "", "{line} without {left_out}");
            assert_eq!(without.pending(), 0);
        }
    }
}

#[test]
fn what_imap4rev2_holds_is_offered_once_it_is_enabled_or_there_is_nothing_else() {
    let mut both = client("IMAP4rev2");
    assert!(both.namespace().is_err());
    both.enable(&["IMAP4rev2"]).unwrap();
    said(&mut both);
    say(&mut both, "* ENABLED IMAP4rev2\r\nA1 OK done\r\n");
    both.namespace().unwrap();
    assert_eq!(said(&mut both), "A2 NAMESPACE\r\n");
    let mut alone = Client::over_tls(Config::default());
    say(&mut alone, "* PREAUTH [CAPABILITY IMAP4rev2] hello\r\n");
    alone.create(&name("R&D ü"), &[]).unwrap();
    assert_eq!(said(&mut alone), "A1 CREATE \"R&D ü\"\r\n");
}

#[test]
fn names_are_utf8_once_that_is_enabled_and_what_is_given_meanwhile_waits() {
    let mut client = client("ENABLE UTF8=ACCEPT LITERAL-");
    client.create(&name("Entwürfe"), &[]).unwrap();
    client.enable(&["UTF8=ACCEPT"]).unwrap();
    client.delete(&name("Entwürfe")).unwrap();
    let query = SearchQuery::new(SearchKey::Text("für".as_bytes().into()));
    client.search(true, &query).unwrap();
    let first = "A1 CREATE Entw&APw-rfe\r\nA2 ENABLE UTF8=ACCEPT\r\n";
    assert_eq!(said(&mut client), first, "what follows waits for the answer");
    let (events, _) = say(&mut client, "* LIST () \"/\" \"A&APw-\"\r\nA1 OK x\r\n");
    assert!(events.concat().contains("mailbox: \"Aü\""), "{events:?}");
    let (_, next) = say(&mut client, "* ENABLED UTF8=ACCEPT\r\nA2 OK x\r\n");
    assert_eq!(next, "A3 DELETE \"Entwürfe\"\r\nA4 UID SEARCH TEXT \"für\"\r\n");
    assert!(client.is_enabled("utf8=accept"));
    let (events, _) = say(&mut client, "* LIST () \"/\" \"R&D\"\r\n");
    assert!(events.concat().contains("mailbox: \"R&D\""), "{events:?}");
    let latin = SearchQuery::new(SearchKey::Text(b"f\xfcr"[..].into()));
    assert!(client.search(true, &latin).is_err(), "a session in UTF-8 has no other texts");
}

#[test]
fn what_the_server_does_not_grant_changes_nothing() {
    let mut client = client("ENABLE UTF8=ACCEPT QRESYNC");
    say(&mut client, "* ENABLED UTF8=ACCEPT\r\n");
    assert!(!client.is_enabled("UTF8=ACCEPT"), "nobody asked");
    client.enable(&["UTF8=ACCEPT", "QRESYNC"]).unwrap();
    // It may be used in the same breath: the server is asked first.
    client.select_qresync(&Mailbox::INBOX, false, QResync::new(7, 9).unwrap()).unwrap();
    said(&mut client);
    let (_, next) = say(&mut client, "* ENABLED\r\nA1 OK x\r\n");
    assert_eq!(next, "A2 SELECT INBOX (QRESYNC (7 9))\r\n");
    client.create(&name("ü"), &[]).unwrap();
    assert_eq!(said(&mut client), "A3 CREATE &APw-\r\n");
    let why = client.select_qresync(&Mailbox::INBOX, false, QResync::new(7, 9).unwrap());
    assert_eq!(why.unwrap_err().to_string(), "misuse: enable QRESYNC first");
}

#[test]
fn a_charset_is_said_for_texts_beyond_ascii_only() {
    let mut client = client("LITERAL+ SORT THREAD=REFS");
    let text = |text: &'static str| SearchQuery::new(SearchKey::Body(text.as_bytes().into()));
    let mut named = text("abc");
    named.charset = Some("KOI8-R".into());
    client.search(true, &named).unwrap();
    client.search(true, &text("für")).unwrap();
    let by_date = OneOrMore::one(SortCriterion { reverse: false, key: SortKey::Date });
    client.sort(true, by_date, &text("für")).unwrap();
    client.thread(true, &Atom::new("REFS").unwrap(), &text("abc")).unwrap();
    let lines = "A1 UID SEARCH BODY abc\r\n\
        A2 UID SEARCH CHARSET UTF-8 BODY {4+}\r\nfür\r\n\
        A3 UID SORT (DATE) UTF-8 BODY {4+}\r\nfür\r\n\
        A4 UID THREAD REFS US-ASCII BODY abc\r\n";
    assert_eq!(said(&mut client), lines);
    let latin = SearchQuery::new(SearchKey::Not(Box::new(SearchKey::Text(b"f\xfcr"[..].into()))));
    assert!(client.search(true, &latin).is_err(), "in which charset?");
}

#[test]
fn literals_are_sent_at_once_as_far_as_the_server_offers_it() {
    for (offered, size, asks) in [
        ("", 3, true),
        ("LITERAL-", 4096, false),
        ("LITERAL-", 4097, true),
        ("LITERAL+", 100_000, false),
    ] {
        let mut client = client(offered);
        client.append(&Append::new(Mailbox::INBOX, size)).unwrap();
        let (events, line) = say(&mut client, "");
        let plus = if asks { "" } else { "+" };
        assert_eq!(line, format!("A1 APPEND INBOX {{{size}{plus}}}\r\n"));
        assert_eq!(events.len(), usize::from(!asks), "{offered} {size}: {events:?}");
    }
}

#[test]
fn several_messages_and_parts_are_asked_for_one_by_one() {
    let mut client = client("MULTIAPPEND CATENATE BINARY REPLACE");
    let one = AppendMessage::new(MessageLiteral::to_come(3));
    let mut two = AppendMessage::new(MessageLiteral::to_come(2).binary());
    two.flags = vec![Flag::Seen];
    client.append(&Append::many(Mailbox::INBOX, OneOrMore::of([one, two]))).unwrap();
    assert_eq!(said(&mut client), "A1 APPEND INBOX {3}\r\n");
    assert_eq!(say(&mut client, "+ \r\n").0, ["Upload(Tag(1))"]);
    client.send(Bytes::from_static(b"abc")).unwrap();
    assert_eq!(said(&mut client), "abc (\\Seen) ~{2}\r\n");
    assert_eq!(say(&mut client, "+ \r\n").0, ["Upload(Tag(1))"]);
    client.send(Bytes::from_static(b"\0d")).unwrap();
    assert_eq!(said(&mut client), "\0d\r\n");
    say(&mut client, "A1 OK x\r\n");
    let text = CatenatePart::Text(MessageLiteral::to_come(1));
    let url = CatenatePart::Url(b"/x/;UID=2"[..].into());
    let message = AppendMessage::catenate(OneOrMore::of([text.clone(), url, text]));
    client.replace(&Replace::new(true, 4.try_into().ok(), Mailbox::INBOX, message)).unwrap();
    client.noop();
    assert_eq!(said(&mut client), "A2 UID REPLACE 4 INBOX CATENATE (TEXT {1}\r\n");
    say(&mut client, "+ \r\n");
    client.send(Bytes::from_static(b"a")).unwrap();
    assert_eq!(said(&mut client), "a URL /x/;UID=2 TEXT {1}\r\n");
    // Refused in the middle: the rest is not said, and the next command goes on.
    assert_eq!(say(&mut client, "A2 NO [BADURL \"/x/;UID=2\"] no\r\n").1, "A3 NOOP\r\n");
}

#[test]
fn a_message_refused_while_its_octets_are_sent_is_ended_and_the_next_is_not_begun() {
    let mut client = client("MULTIAPPEND LITERAL+ APPENDLIMIT=100");
    let one = || AppendMessage::new(MessageLiteral::to_come(4));
    client.append(&Append::many(Mailbox::INBOX, OneOrMore::of([one(), one()]))).unwrap();
    client.noop();
    assert_eq!(said(&mut client), "A1 APPEND INBOX {4+}\r\n");
    client.send(Bytes::from_static(b"ab")).unwrap();
    let (events, line) = say(&mut client, "A1 NO [OVERQUOTA] full\r\n");
    assert!(events.concat().contains("OverQuota"), "{events:?}");
    assert_eq!(line, "ab");
    client.send(Bytes::from_static(b"cd")).unwrap();
    assert_eq!(said(&mut client), "cd\r\nA2 NOOP\r\n");
    assert!(client.append(&Append::new(Mailbox::INBOX, 101)).is_err(), "APPENDLIMIT");
}

#[test]
fn login_is_not_said_where_it_is_disabled_and_starttls_not_where_it_is_not_offered() {
    let mut config = Config::default();
    config.plain_text_auth = true;
    let mut client = Client::new(config);
    say(&mut client, "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello\r\n");
    assert!(client.login("tim", &"secret".into()).is_err());
    assert!(client.starttls().is_err());
    assert_eq!(said(&mut client), "");
}

#[test]
fn after_unauthenticate_nothing_is_enabled_and_all_begins_anew() {
    let mut client = client("UNAUTHENTICATE ENABLE UTF8=ACCEPT");
    client.enable(&["UTF8=ACCEPT"]).unwrap();
    client.unauthenticate().unwrap();
    assert_eq!(said(&mut client), "A1 ENABLE UTF8=ACCEPT\r\n");
    let (_, next) = say(&mut client, "* ENABLED UTF8=ACCEPT\r\nA1 OK x\r\n");
    assert_eq!(next, "A2 UNAUTHENTICATE\r\n");
    say(&mut client, "A2 OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] x\r\n");
    assert!(!client.is_enabled("UTF8=ACCEPT"));
    let why = client.select(&Mailbox::INBOX, false).unwrap_err();
    assert_eq!(why.to_string(), "misuse: log in first");
    client.login("tim", &"secret".into()).unwrap();
    client.create(&name("ü"), &[]).unwrap();
    assert_eq!(said(&mut client), "A3 LOGIN tim secret\r\nA4 CREATE &APw-\r\n");
}

#[test]
fn after_compress_what_came_early_is_handed_over_and_nothing_is_read_as_plain_text() {
    let mut client = client("COMPRESS=DEFLATE");
    client.noop();
    client.compress().unwrap();
    client.noop();
    assert_eq!(said(&mut client), "A1 NOOP\r\n", "COMPRESS is alone on its way");
    assert_eq!(say(&mut client, "A1 OK x\r\n").1, "A2 COMPRESS DEFLATE\r\n");
    assert_eq!(client.recv().push(b"A2 OK x\r\n\x03\x04"), 11);
    assert_eq!(client.poll(START), Step::Event);
    assert!(matches!(client.event(), Event::Done { .. }));
    assert_eq!(client.poll(START), Step::Compress);
    assert_eq!(client.recv().push(b"x"), 0, "no room until the transport is replaced");
    assert_eq!(&client.upgrade()[..], b"\x03\x04");
    assert!(client.is_compressed());
    assert_eq!(said(&mut client), "A3 NOOP\r\n");
    assert!(client.compress().is_err());
    assert_eq!(client.recv().push(b"* 3 EXISTS\r\n"), 12);
    assert_eq!(client.poll(START), Step::Event);
    assert!(matches!(client.event(), Event::Data(Response::Exists(3))));
}
