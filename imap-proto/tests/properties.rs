//! The laws of machines, parse∘print, and the sets, as properties.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation
)]

mod common;

use core::num::NonZeroU32;
use std::collections::BTreeSet;

use common::session;
use imap_proto::{
    client::{self, Client},
    command::{Append, Command, Literals, PrintOptions, Tagged},
    parse,
    response::{Response, Status},
    types::{
        Code, Date, DateTime, Flag, Mailbox, NonEmpty, SearchKey, SearchQuery, SequenceSet,
        StatusText, Tag, UidSet, pattern_matches,
    },
};
use mailwire::{Machine, test::assert_laws};
use proptest::prelude::*;

/// Pieces of sessions: commands, literals in all their forms, and junk.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"a LOGIN tim secret\r\n".to_vec()),
        Just(b"b SELECT INBOX\r\n".to_vec()),
        Just(b"c UID FETCH 1:* (FLAGS BODY[])\r\n".to_vec()),
        Just(b"c FETCH 1:2 (ENVELOPE BODY.PEEK[TEXT]<3.9>)\r\n".to_vec()),
        Just(b"d STORE 1 +FLAGS (\\Deleted)\r\n".to_vec()),
        Just(b"e EXPUNGE\r\n".to_vec()),
        Just(b"f APPEND INBOX {12+}\r\nSubject: x\r\n\r\n".to_vec()),
        Just(b"f APPEND INBOX {12}\r\nSubject: x\r\n\r\n".to_vec()),
        Just(b"f APPEND {5+}\r\nINBOX {0+}\r\n\r\n".to_vec()),
        Just(b"g SEARCH TEXT {5}\r\nhello\r\n".to_vec()),
        Just(b"h IDLE\r\nDONE\r\n".to_vec()),
        Just(b"h IDLE\r\nNOOP\r\n".to_vec()),
        Just(b"i AUTHENTICATE LOGIN\r\ndGlt\r\nc2VjcmV0\r\n".to_vec()),
        Just(b"j NOOP {99999+}\r\n".to_vec()),
        Just(b"k LIST \"\" *\r\n".to_vec()),
        Just(b"l MOVE 1 Sent\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\0".to_vec()),
        Just(b"m NOOP\r\n".to_vec()),
        Just(b"{3}\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
        (0usize..3).prop_map(|n| [vec![b'x'; n * 40_000], b"\r\n".to_vec()].concat()),
    ]
}

/// Pieces of what a server may say.
fn server_piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"* 3 EXISTS\r\n".to_vec()),
        Just(b"* 1 FETCH (UID 4 BODY[] {9}\r\nSubject: \r\n)\r\n".to_vec()),
        Just(b"* 1 FETCH (UID 4 BODY[TEXT]<0> {300}\r\n".to_vec()),
        Just(vec![b'y'; 300]),
        Just(b" FLAGS (\\Seen))\r\n".to_vec()),
        Just(b"* LIST () \"/\" {5}\r\nINBOX\r\n".to_vec()),
        Just(b"* OK text {12}\r\n".to_vec()),
        Just(b"+ go on\r\n".to_vec()),
        Just(b"* CAPABILITY IMAP4rev1 IDLE LITERAL+ MOVE UIDPLUS\r\n".to_vec()),
        (1u32..6, 0usize..3).prop_map(|(n, s)| {
            format!("A{n} {} done\r\n", ["OK", "NO", "BAD"][s]).into_bytes()
        }),
        Just(b"* XYZZY\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

/// Notes what comes.
struct ClientHost;

impl mailwire::test::Host<Client> for ClientHost {
    fn event(&mut self, machine: &mut Client, log: &mut mailwire::test::Log) {
        match machine.event() {
            client::Event::Chunk(octets) => log.payload(octets),
            client::Event::Upload(_) => {
                let left = machine.upload_left().unwrap_or(0);
                log.event(format!("upload {left}"));
                machine.send(vec![b'm'; left as usize].into()).unwrap();
            }
            client::Event::Idling(_) => machine.done().unwrap(),
            event => log.event(format!("{event:?}")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_client_keeps_the_laws(
        pieces in proptest::collection::vec(server_piece(), 0..12),
        seed: u64,
    ) {
        let make = || {
            let mut config = client::Config::default();
            config.limits.inline = 100;
            config.limits.response = 2000;
            // All commands stand in the queue from the start: when they are sent depends on what the
            // server has said, not on when it was read.
            let mut client = Client::over_tls(config);
            client.login("tim", &"se\u{e9}cret".into()).unwrap();
            client.append(&Append::new(Mailbox::INBOX, 5)).unwrap();
            client.append(&Append::new(Mailbox::INBOX, 0)).unwrap();
            client.noop();
            client.logout();
            (client, ClientHost)
        };
        let input = [vec![b"* OK hello\r\n".to_vec()], pieces].concat().concat();
        assert_laws(make, &input, seed);
    }

    #[test]
    fn the_server_keeps_the_laws(pieces in proptest::collection::vec(piece(), 0..12), seed: u64) {
        let login = b"a LOGIN tim secret\r\nb SELECT INBOX\r\n".to_vec();
        let input = [vec![login], pieces].concat().concat();
        assert_laws(|| session(3), &input, seed);
    }

    #[test]
    fn the_server_keeps_the_laws_before_login(
        pieces in proptest::collection::vec(piece(), 0..8),
        seed: u64,
    ) {
        assert_laws(|| session(1), &pieces.concat(), seed);
    }

    #[test]
    fn no_octets_break_a_parser(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse::command(&octets);
        let _ = parse::response(&octets);
        let tagged = [b"a UID FETCH ".as_slice(), &octets, b"\r\n"].concat();
        let _ = parse::command(&tagged);
        let untagged = [b"* 1 FETCH (".as_slice(), &octets, b")\r\n"].concat();
        let _ = parse::response(&untagged);
        #[cfg(feature = "mime")]
        {
            let blob = imap_proto::mime::summarize(&octets);
            let summary = imap_proto::mime::Summary::decode(&blob).unwrap();
            let frame = [b"* 1 FETCH (ENVELOPE ", summary.envelope(), b" BODYSTRUCTURE ",
                summary.body_structure(), b")\r\n"].concat();
            let read = format!("{:?}", parse::response(&frame).unwrap());
            prop_assert!(read.starts_with("Fetch(1, [Envelope("), "{}", read);
            prop_assert!(!read.contains("Unknown"), "{}", read);
        }
    }

    #[test]
    fn sets_behave_as_sets(
        ranges in proptest::collection::vec((1u32..200, 1u32..200), 0..20),
        gone in proptest::collection::vec(1u32..200, 0..20),
        other in proptest::collection::vec((1u32..200, 1u32..200), 0..10),
    ) {
        let model = |ranges: &[(u32, u32)]| -> BTreeSet<u32> {
            ranges.iter().flat_map(|(a, b)| *a.min(b)..=*a.max(b)).collect()
        };
        let mut expected = model(&ranges);
        let mut set = UidSet::new();
        for (a, b) in &ranges {
            set.insert_range(*a, *b);
        }
        prop_assert_eq!(&set, &UidSet::from_ranges(ranges.clone()));
        for n in &gone {
            prop_assert_eq!(set.remove(*n), expected.remove(n));
        }
        prop_assert_eq!(set.iter().collect::<BTreeSet<_>>(), expected.clone());
        prop_assert_eq!(set.len(), expected.len() as u64);
        prop_assert_eq!(set.first(), expected.first().copied());
        prop_assert_eq!(set.last(), expected.last().copied());
        let second = UidSet::from_ranges(other.clone());
        let common = &expected & &model(&other);
        prop_assert_eq!(set.intersection(&second).iter().collect::<BTreeSet<_>>(), common);
        let ranges: Vec<_> = set.ranges().collect();
        prop_assert!(ranges.windows(2).all(|w| w[0].1 + 1 < w[1].0), "normalised: {:?}", ranges);
        if !set.is_empty() {
            let again: SequenceSet = set.to_string().parse().unwrap();
            prop_assert_eq!(again.numbers(), &set);
        }
    }

    #[test]
    fn sequence_sets_print_what_they_read(
        parts in proptest::collection::vec((0u32..30, 0u32..30), 1..10),
        greatest in 1u32..40,
    ) {
        let number = |n: u32| if n == 0 { "*".to_string() } else { n.to_string() };
        let text: Vec<String> =
            parts.iter().map(|(a, b)| format!("{}:{}", number(*a), number(*b))).collect();
        let set: SequenceSet = text.join(",").parse().unwrap();
        let again: SequenceSet = set.to_string().parse().unwrap();
        prop_assert_eq!(&set, &again);
        let mut expected = BTreeSet::new();
        for (a, b) in parts {
            let (a, b) = (if a == 0 { greatest } else { a }, if b == 0 { greatest } else { b });
            expected.extend(a.min(b)..=a.max(b));
        }
        let existing = |n: &u32| *n <= greatest;
        let resolved: BTreeSet<u32> = set.resolve(greatest).iter().filter(existing).collect();
        prop_assert_eq!(resolved, expected.into_iter().filter(existing).collect());
    }

    #[test]
    fn mailbox_names_go_to_the_wire_and_back(name in "\\PC{1,20}") {
        let mailbox = Mailbox::new(name.as_str()).unwrap();
        let wire = mailbox.to_wire().into_owned();
        prop_assert!(wire.bytes().all(|b| (0x20..0x7f).contains(&b)), "{}", wire);
        prop_assert_eq!(Mailbox::from_wire(wire.as_bytes()).unwrap(), mailbox.clone());
        let command = Command::Rename(mailbox.clone(), mailbox);
        let printed = Tagged::new(Tag::new("t").unwrap(), command.clone()).print(PrintOptions::new(Literals::Plus));
        prop_assert_eq!(parse::command(&printed.octets).unwrap().command, command);
    }

    #[test]
    fn days_and_moments_survive_printing(days in -719_162i64..2_932_897, second in 0i64..86_400, zone in -1439i16..1440) {
        let date = Date::from_days_since_epoch(days).unwrap();
        prop_assert_eq!(date.days_since_epoch(), days);
        if let Some(moment) = DateTime::new(days * 86_400 + second, zone) {
            let again = parse::date_time(moment.to_string().as_bytes()).unwrap();
            prop_assert_eq!(again, moment);
        }
    }

    #[test]
    fn texts_in_search_survive_printing(text in proptest::collection::vec(any::<u8>(), 0..40)) {
        let text: Vec<u8> = text.into_iter().filter(|b| *b != 0).collect();
        let key = SearchKey::Not(Box::new(SearchKey::Header("X".into(), text.into())));
        let command = Command::Search { uid: true, query: SearchQuery::new(key) };
        let printed = Tagged::new(Tag::new("t").unwrap(), command.clone()).print(PrintOptions::new(Literals::Plus));
        prop_assert_eq!(parse::command(&printed.octets).unwrap().command, command);
    }

    #[test]
    fn status_texts_survive_printing(text in "[ -Z^-~]{1,40}", uid in 1u32..) {
        let code = Some(Code::AppendUid(NonZeroU32::new(uid).unwrap(), NonEmpty::new(UidSet::range(uid, uid)).unwrap()));
        let text = text.trim().to_string();
        prop_assume!(!text.is_empty());
        let response = Response::Status { status: Status::Ok, text: StatusText::new(code, text) };
        let printed = response.print();
        prop_assert_eq!(parse::response(&printed).unwrap(), response);
    }

    #[test]
    fn patterns_match_as_the_naive_matcher_does(pattern in "[ab/*%]{0,8}", name in "[ab/]{0,8}") {
        fn naive(p: &[char], n: &[char]) -> bool {
            match p {
                [] => n.is_empty(),
                ['*', rest @ ..] => (0..=n.len()).any(|i| naive(rest, &n[i..])),
                ['%', rest @ ..] => (0..=n.len())
                    .take_while(|i| !n[..*i].contains(&'/'))
                    .any(|i| naive(rest, &n[i..])),
                [c, rest @ ..] => n.first() == Some(c) && naive(rest, &n[1..]),
            }
        }
        let (p, n): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
        prop_assert_eq!(pattern_matches(&pattern, &name, '/'), naive(&p, &n));
    }

    #[test]
    fn flags_survive_printing(word in "[!#$&'+-Z^-z|}~]{1,12}") {
        let flag = Flag::new(&word).unwrap();
        let printed = flag.to_string();
        prop_assert_eq!(Flag::new(&printed).unwrap(), flag);
    }
}

#[test]
fn a_set_of_ten_thousand_is_read_in_one_go() {
    let text: Vec<String> = (1..=10_000u32).map(|n| (n * 2).to_string()).collect();
    let set: SequenceSet = text.join(",").parse().unwrap();
    assert_eq!(set.numbers().len(), 10_000);
    let reversed: Vec<String> = text.into_iter().rev().collect();
    let again: SequenceSet = reversed.join(",").parse().unwrap();
    assert_eq!(set, again);
}
