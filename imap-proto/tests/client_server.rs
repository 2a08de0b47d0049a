//! The client machine against the server machine, under all cuts.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation
)]

mod common;

use std::collections::VecDeque;

use bytes::Bytes;
use common::{MESSAGE, Store, TestHost};
use imap_proto::{
    client::{Client, Config, Event},
    command::{Append, AppendMessage, Command, MessageLiteral},
    response::{FetchData, Response},
    server::{self, Server},
    types::{
        BodySection, DateTime, FetchItem, FetchItems, Flag, ListQuery, Mailbox, OneOrMore,
        SearchKey, SearchQuery, Section, SequenceSet, StatusItem, StoreAction,
    },
};
use mailwire::{
    Machine,
    sasl::client::Credentials,
    test::{Cuts, Host, Log, Pair},
};

type Act = Box<dyn FnMut(&mut Client)>;

struct Script {
    acts: VecDeque<Act>,
    upload: Bytes,
    piece: usize,
}

impl Host<Client> for Script {
    fn event(&mut self, machine: &mut Client, log: &mut Log) {
        match machine.event() {
            Event::Greeting { .. } => log.event("greeting"),
            Event::Done { tag, status, text } => {
                let code = text.code.map(|code| format!(" [{code}]")).unwrap_or_default();
                let code = if code.contains("CAPABILITY") { "" } else { &code };
                log.event(format!("{tag} {status:?}{code}"));
            }
            Event::Data(Response::Fetch(n, items)) => {
                let items = items.iter().map(|item| match item {
                    FetchData::Uid(uid) => format!("uid {uid}"),
                    FetchData::Flags(flags) => format!("flags {flags:?}"),
                    FetchData::Envelope(e) => format!("subject {:?}", e.subject()),
                    FetchData::BodyStructure(_) => "structure".into(),
                    FetchData::Section { octets, .. } => {
                        format!("{} octets", octets.as_ref().map_or(0, |o| o.len()))
                    }
                    FetchData::Streamed { len, .. } => format!("{len} streamed"),
                    other => format!("{other:?}"),
                });
                log.event(format!("fetch {n}: {}", items.collect::<Vec<_>>().join(", ")));
            }
            Event::Data(Response::Capability(_)) => log.event("capability"),
            Event::Data(data) => log.event(format!("{data:?}")),
            Event::Literal { uid, len, .. } => log.event(format!("literal of {uid:?}: {len}")),
            Event::Chunk(octets) => log.payload(octets),
            Event::Upload(_) => {
                while machine.upload_left().is_some_and(|left| left > 0) {
                    let n = self.piece.min(machine.upload_left().unwrap() as usize);
                    machine.send(self.upload.split_to(n)).unwrap();
                }
            }
            Event::Idling(_) => {
                log.event("idling");
                machine.done().unwrap();
            }
            other => panic!("{other:?}"),
        }
    }

    fn turn(&mut self, machine: &mut Client) -> bool {
        self.acts.pop_front().map(|mut act| act(machine)).is_some()
    }
}

fn script(upload: &'static [u8], acts: Vec<Act>) -> Script {
    Script { acts: acts.into(), upload: Bytes::from_static(upload), piece: 10 }
}

fn set(text: &str) -> SequenceSet {
    text.parse().unwrap()
}

fn everyday() -> Script {
    let inbox = Mailbox::INBOX;
    let acts: Vec<Act> = vec![
        Box::new(|c| {
            let _ = c.starttls().unwrap();
        }),
        Box::new(|c| {
            let _ = c.capability();
        }),
        Box::new(|c| {
            c.authenticate(Credentials::password("tim", "secret")).unwrap();
        }),
        Box::new(move |c| {
            // Pipelined: nothing waits for an answer here.
            c.select(&inbox, false).unwrap();
            let items = FetchItems::new(OneOrMore::of([
                FetchItem::Uid,
                FetchItem::Flags,
                FetchItem::Envelope,
                FetchItem::BodyStructure,
                FetchItem::Section(BodySection::peek(Section::default())),
            ]));
            c.fetch(true, &set("1:*"), &items).unwrap();
            c.store(false, &set("1"), StoreAction::Add, &[Flag::Seen], false).unwrap();
            c.search(true, &SearchQuery::new(SearchKey::Seen)).unwrap();
            c.list(&ListQuery::basic("", "*")).unwrap();
            c.status(&Mailbox::INBOX, OneOrMore::of([StatusItem::Messages, StatusItem::Unseen]))
                .unwrap();
        }),
        Box::new(|c| {
            let name = Mailbox::new("Entwürfe").unwrap();
            c.command(&Command::Create { mailbox: name.clone(), uses: vec![] }).unwrap();
            let literal = MessageLiteral::to_come(MESSAGE.len() as u64);
            let mut message = AppendMessage::new(literal);
            message.flags = vec![Flag::Draft];
            message.date = Some(DateTime::utc(1_000_000_000));
            c.append(&Append::message(name.clone(), message)).unwrap();
            c.copy(true, &set("1"), &name).unwrap();
            c.move_to(true, &set("1"), &name).unwrap();
            c.idle().unwrap();
            c.store(true, &set("2"), StoreAction::Replace, &[Flag::Deleted], true).unwrap();
            c.expunge(Some(&set("2"))).unwrap();
        }),
        Box::new(|c| {
            let _ = c.logout();
        }),
    ];
    script(MESSAGE, acts)
}

#[test]
fn an_everyday_session_goes_the_same_way_however_the_octets_are_cut() {
    let run = |cuts| {
        let client = Client::new(Config::default());
        let mut config = server::Config::default();
        config.starttls = true;
        let server = Server::new(config);
        Pair::new(client, server).run(everyday(), TestHost::new(Store::with(2)), cuts)
    };
    let whole = run(Cuts::Whole);
    assert_eq!(whole.client_closed, Some(mailwire::Close::Done), "{}", whole.wire);
    assert_eq!(whole.upgrades, 1);
    let events: Vec<&str> = whole.client.events().collect();
    let text = events.join("\n");
    for expected in [
        "greeting\nA1 Ok\ncapability\nA2 Ok\nA3 Ok",
        "fetch 1: uid 1, flags [], subject Some([73, 77",
        "structure, 368 octets",
        "A5 Ok\nfetch 1: flags [Seen]\nA6 Ok\nSearch(Found { numbers: [1], mod_seq: None })\nA7 Ok",
        "MailboxStatus(\"INBOX\", StatusData { messages: Some(2)",
        "A11 Ok [APPENDUID 3857529045 1]",
        "A12 Ok [COPYUID 7 1 2]",
        "Status { status: Ok, text: StatusText { code: Some(CopyUid(CopyUid { validity: 7",
        "Expunge(1)\nA13 Ok\nidling\nA14 Ok\nA15 Ok\nExpunge(1)\nA16 Ok",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}\n{}", whole.wire);
    }
    for cuts in [Cuts::Every(1), Cuts::Every(7), Cuts::Random(11), Cuts::Random(77)] {
        let cut = run(cuts);
        assert_eq!(whole.client, cut.client, "{cuts:?}");
        assert_eq!(whole.server, cut.server, "{cuts:?}");
    }
}

#[test]
fn a_large_section_is_streamed_and_stands_in_no_buffer() {
    let mut config = Config::default();
    config.limits.inline = 100;
    config.limits.response = 600;
    let section = BodySection::peek(Section::default());
    let items = FetchItems::new(OneOrMore::of([FetchItem::Section(section), FetchItem::Flags]));
    let acts: Vec<Act> = vec![
        Box::new(|c| {
            let _ = c.login("tim", &"secret".into()).unwrap();
        }),
        Box::new(|c| {
            let _ = c.select(&Mailbox::INBOX, true).unwrap();
        }),
        Box::new(move |c| {
            let _ = c.fetch(true, &set("1"), &items).unwrap();
        }),
        Box::new(|c| {
            let _ = c.logout();
        }),
    ];
    let client = Client::over_tls(config);
    let server = Server::over_tls(server::Config::default());
    let host = TestHost::new(Store::with(1));
    let end = Pair::new(client, server).run(script(b"", acts), host, Cuts::Random(5));
    assert_eq!(end.client.all_payload(), MESSAGE);
    let events: Vec<&str> = end.client.events().collect();
    assert!(events.contains(&"literal of Some(1): 368"), "{events:?}");
    assert!(events.contains(&"fetch 1: uid 1, 368 streamed, flags []"), "{events:?}");
}

#[test]
fn a_refused_append_sends_no_octets_where_literals_are_asked_for() {
    let mut client = Client::over_tls(Config::default());
    let say = |client: &mut Client, text: &str| {
        assert_eq!(client.recv().push(text.as_bytes()), text.len());
        let now = mailwire::Instant::default();
        let mut events = vec![];
        while client.poll(now) == mailwire::Step::Event {
            events.push(format!("{:?}", client.event()));
        }
        let sent = client.transmit().take_all();
        (events.join("\n"), String::from_utf8(sent.to_vec()).unwrap())
    };
    say(&mut client, "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n");
    client.append(&Append::new(Mailbox::INBOX, 5)).unwrap();
    client.noop();
    assert_eq!(say(&mut client, "").1, "A1 APPEND INBOX {5}\r\n");
    let (events, sent) = say(&mut client, "A1 NO [OVERQUOTA] full {12}\r\n");
    assert!(events.contains("OverQuota"), "{events}");
    assert_eq!(sent, "A2 NOOP\r\n", "the next command goes on");
}

#[test]
fn octets_before_the_handshake_end_the_session() {
    let mut client = Client::new(Config::default());
    let now = mailwire::Instant::default();
    client.recv().push(b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n");
    assert_eq!(client.poll(now), mailwire::Step::Event);
    assert!(matches!(client.event(), Event::Greeting { .. }));
    client.starttls().unwrap();
    assert_eq!(client.poll(now), mailwire::Step::NeedInput);
    client.recv().push(b"A1 OK go ahead\r\n* CAPABILITY AUTH=EVIL\r\n");
    assert_eq!(client.poll(now), mailwire::Step::Event);
    let _ = client.event();
    assert_eq!(client.poll(now), mailwire::Step::Closed);
    assert_eq!(client.closed(), Some(mailwire::Close::Injection));
}

#[test]
fn unsolicited_data_and_strange_answers_are_survived() {
    let mut client = Client::over_tls(Config::default());
    let now = mailwire::Instant::default();
    client.recv().push(b"* PREAUTH hi {3}\r\n* 3 EXISTS\r\n* XYZ (1 2) {3}\r\nabc\r\nZ9 OK who?\r\n+ idle?\r\n* 0 FETCH (X-GM-MSGID 12 FLAGS (\\Seen) INTERNALDATE NIL)\r\n");
    let mut seen = vec![];
    while client.poll(now) == mailwire::Step::Event {
        seen.push(format!("{:?}", client.event()));
    }
    assert_eq!(seen.len(), 5, "{seen:#?}");
    assert!(seen[0].contains("hi {3}"));
    assert!(seen[1].contains("Exists(3)"));
    assert!(seen[2].contains("Unknown") && seen[3].contains("Unknown"));
    assert!(seen[4].contains("Flags([Seen])"), "{}", seen[4]);
    assert_eq!(client.poll(now), mailwire::Step::YourTurn);
}
