//! The server machine and the code around it: limits, time, back-pressure, answers in the wrong
//! place.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use core::time::Duration;

use bytes::Bytes;
use common::{Store, TestHost, session};
use imap_proto::{
    server::{Config, Event, SelectData, Server},
    types::{BodySection, Code, Section, UidSet},
};
use mailwire::{
    Close, Instant, Machine, Step,
    sasl::Verdict,
    test::{Cuts, run},
};

const START: Instant = Instant::from_micros(0);

/// A logged-in session with a mailbox of `n` messages selected, its output thrown away.
fn selected(n: u32, config: Config) -> Server {
    let mut server = Server::over_tls(config);
    server.recv().push(b"a LOGIN tim secret\r\nb SELECT INBOX\r\n");
    assert_eq!(server.poll(START), Step::Event);
    assert!(matches!(server.event(), Event::Authenticate(_)));
    server.verdict(Verdict::Accept).unwrap();
    assert_eq!(server.poll(START), Step::Event);
    assert!(matches!(server.event(), Event::Select { .. }));
    let uids = if n == 0 { UidSet::new() } else { UidSet::range(1, n) };
    server.selected(SelectData::new(1, n + 1, uids)).unwrap();
    assert_eq!(server.poll(START), Step::NeedInput);
    server.transmit().take_all();
    server
}

fn said(server: &mut Server) -> String {
    String::from_utf8(server.transmit().take_all().to_vec()).unwrap()
}

/// Feeds a line and takes the event it leads to.
fn ask<'m>(server: &'m mut Server, line: &str) -> Event<'m> {
    server.recv().push(line.as_bytes());
    assert_eq!(server.poll(START), Step::Event, "{line}");
    server.event()
}

#[test]
fn octets_after_starttls_are_handed_over_and_never_parsed() {
    let mut config = Config::default();
    config.starttls = true;
    let mut server = Server::new(config);
    server.recv().push(b"a STARTTLS\r\nb LOGIN tim secret\r\n");
    assert_eq!(server.poll(START), Step::NeedFlush);
    assert!(said(&mut server).ends_with("a OK Begin TLS negotiation now\r\n"));
    assert_eq!(server.poll(START), Step::Upgrade);
    assert_eq!(server.recv().room(), 0);
    assert_eq!(&server.upgrade()[..], b"b LOGIN tim secret\r\n");
    assert!(server.is_tls());
    assert_eq!(server.poll(START), Step::NeedInput);
    assert_eq!(said(&mut server), "", "nobody has logged in");
    assert!(server.upgrade().is_empty(), "no upgrade is due");
}

#[test]
fn answers_in_the_wrong_place_are_misuse_and_change_nothing() {
    let mut server = selected(2, Config::default());
    let set = UidSet::range(1, 2);
    let section = BodySection::peek(Section::default());
    assert!(server.ok("x").is_err());
    assert!(server.no(None, "x").is_err());
    assert!(server.bad("x").is_err());
    assert!(server.verdict(Verdict::Accept).is_err());
    assert!(server.accept().is_err());
    assert!(server.appended(1, UidSet::range(1, 1)).is_err());
    assert!(server.selected(SelectData::default()).is_err());
    assert!(server.found([1]).is_err());
    assert!(server.stored(1, [], None).is_err());
    assert!(server.copied(1, &set, &set).is_err());
    assert!(server.moved(1, &set, &set).is_err());
    assert!(server.row(1).is_err());
    assert!(server.literal(Bytes::from_static(b"x")).is_err());
    assert!(matches!(server.event(), Event::Nothing));
    assert_eq!(said(&mut server), "");

    assert!(matches!(ask(&mut server, "c UID COPY 1:2 x\r\n"), Event::Copy { .. }));
    assert!(server.copied(1, &set, &UidSet::range(1, 3)).is_err(), "as many copies as originals");
    assert!(server.moved(1, &set, &set).is_err());
    server.no(Some(Code::TryCreate), "no").unwrap();
    assert_eq!(said(&mut server), "c NO [TRYCREATE] no\r\n");

    assert!(matches!(ask(&mut server, "d FETCH 1 BODY[]\r\n"), Event::Fetch { .. }));
    server.row(1).unwrap().unwrap().literal(&section, 3).unwrap();
    assert!(server.row(1).is_err(), "the literal lacks octets");
    assert!(server.row(2).is_err());
    assert!(server.ok("x").is_err());
    assert!(server.no(None, "x").is_err());
    assert!(server.literal(Bytes::from_static(b"four")).is_err());
    server.literal(Bytes::from_static(b"abc")).unwrap();
    assert!(server.row(3).unwrap().is_none(), "the client does not know it");
    server.ok("done").unwrap();
    assert_eq!(said(&mut server), "* 1 FETCH (BODY[] {3}\r\nabc)\r\nd OK done\r\n");

    server.recv().push(b"e SELECT x\r\n");
    assert_eq!(server.poll(START), Step::Event);
    assert!(server.ok("x").is_err(), "the event was not looked at");
    let _ = server.event();
    assert!(server.ok("x").is_err(), "SELECT wants more than OK");
    server.no(None, "no").unwrap();
}

#[test]
fn output_holds_back_commands_but_not_answers() {
    let mut config = Config::default();
    config.limits.output = 2000;
    let mut server = selected(1, config);
    assert!(matches!(ask(&mut server, "a NOOP\r\nb NOOP\r\n"), Event::Noop));
    server.ok(&"x".repeat(2100)).unwrap();
    assert_eq!(server.poll(START), Step::NeedFlush);
    assert_eq!(server.poll(START), Step::NeedFlush);
    said(&mut server);
    assert_eq!(server.poll(START), Step::Event);
    let _ = server.event();
    assert_eq!(server.poll(START), Step::YourTurn);
}

#[test]
fn a_large_body_is_linked_and_not_copied() {
    let mut server = selected(1, Config::default());
    assert!(matches!(ask(&mut server, "a FETCH 1 BODY[]\r\n"), Event::Fetch { .. }));
    let body = Bytes::from(vec![b'x'; 1 << 20]);
    let section = BodySection::peek(Section::default());
    server.row(1).unwrap().unwrap().literal(&section, body.len() as u64).unwrap();
    server.literal(body.clone()).unwrap();
    server.row(1).unwrap().unwrap().flags(["\\Seen", "no flag)", "$Work"]).unwrap();
    server.ok("done").unwrap();
    use bytes::Buf;
    let head = server.transmit().chunk().len();
    server.transmit().advance(head);
    assert_eq!(server.transmit().chunk().as_ptr(), body.as_ptr(), "the same octets");
    server.transmit().advance(body.len());
    assert_eq!(said(&mut server), " FLAGS (\\Seen $Work))\r\na OK done\r\n");
}

#[test]
fn too_many_bad_commands_in_a_row_end_the_session() {
    let (mut server, mut host) = session(0);
    let input = b"x FROB\r\n".repeat(30);
    let outcome = run(&mut server, &mut host, &input, Cuts::Whole);
    assert_eq!(outcome.closed, Some(Close::TooManyErrors));
    let text = String::from_utf8(outcome.output).unwrap();
    assert_eq!(text.matches("x BAD").count(), 20);
    assert!(text.ends_with("* BYE Too many bad commands\r\n"), "{text}");

    let (mut server, mut host) = session(0);
    let input = b"x FROB\r\ny NOOP\r\n".repeat(30);
    let outcome = run(&mut server, &mut host, &input, Cuts::Whole);
    assert_eq!(outcome.closed, Some(Close::Eof), "a good one in between starts anew");
}

#[test]
fn failed_logins_are_delayed_and_counted() {
    let mut config = Config::default();
    config.limits.auth_failures = 3;
    let delay = config.timeouts.auth_delay;
    let mut server = Server::over_tls(config);
    let mut host = TestHost::new(Store::with(0));
    let mut log = mailwire::test::Log::default();
    let mut now = START;
    for i in 1..=3 {
        server.recv().push(format!("a{i} LOGIN tim wrong\r\n").as_bytes());
        assert_eq!(server.poll(now), Step::Event);
        mailwire::test::Host::event(&mut host, &mut server, &mut log);
        assert_eq!(server.poll(now), Step::NeedInput);
        said(&mut server);
        assert_eq!(server.deadline(), Some(now + delay));
        now = now + delay;
        let step = server.poll(now);
        assert!(said(&mut server).starts_with(&format!("a{i} NO [AUTHENTICATIONFAILED]")));
        assert_eq!(step, if i < 3 { Step::NeedInput } else { Step::Closed });
    }
    assert_eq!(server.closed(), Some(Close::TooManyErrors));
}

#[test]
fn idle_time_and_slow_commands_end_the_session() {
    let times = Config::default().timeouts;
    let minute = Duration::from_secs(60);

    let mut server = Server::over_tls(Config::default());
    assert_eq!(server.poll(START), Step::NeedInput);
    assert_eq!(server.deadline(), Some(START + times.login));
    assert_eq!(server.poll(START + times.login), Step::Closed);
    assert!(said(&mut server).ends_with("* BYE Timeout\r\n"));

    let mut server = selected(1, Config::default());
    assert_eq!(server.deadline(), Some(START + times.idle));
    // One octet a minute does not keep a command alive.
    let mut now = START + minute;
    server.recv().push(b"a");
    assert_eq!(server.poll(now), Step::NeedInput);
    let end = now + times.command;
    for _ in 0..4 {
        now = now + minute;
        server.recv().push(b"x");
        assert_eq!(server.poll(now), Step::NeedInput);
        assert_eq!(server.deadline(), Some(end));
    }
    assert_eq!(server.poll(end), Step::Closed);
    assert_eq!(server.closed(), Some(Close::Timeout));
}

#[test]
fn a_client_that_vanishes_in_an_append_leaves_nothing_behind() {
    let (mut server, mut host) = session(0);
    let input = b"a LOGIN tim secret\r\nb APPEND INBOX {100+}\r\nSubject: half";
    let outcome = run(&mut server, &mut host, input, Cuts::Every(5));
    assert_eq!(outcome.closed, Some(Close::Eof));
    assert_eq!(outcome.log.all_payload(), b"Subject: half");
    assert!(host.store.borrow().boxes["INBOX"].messages.is_empty());
}

#[test]
fn tls_and_http_on_a_plain_port_are_told_at_once() {
    for input in [&b"\x16\x03\x01\x02\x00"[..], b"GET / HTTP/1.1\r\n"] {
        let mut server = Server::new(Config::default());
        server.recv().push(input);
        assert_eq!(server.poll(START), Step::Closed);
        assert_eq!(server.closed(), Some(Close::WrongProtocol));
    }
}

#[test]
fn news_are_told_with_the_next_answer_and_only_once() {
    let mut server = selected(3, Config::default());
    server.exists([4, 4, 2, 5], true);
    server.expunged([2, 9, 5]);
    server.flags(1, ["\\Seen"], Some(12));
    server.flags(2, ["\\Seen"], None);
    assert_eq!(server.poll(START), Step::NeedInput);
    assert_eq!(said(&mut server), "", "not while no command is in progress");
    assert!(matches!(ask(&mut server, "a NOOP\r\n"), Event::Noop));
    server.ok("done").unwrap();
    assert_eq!(
        said(&mut server),
        "* 2 EXPUNGE\r\n* 3 EXISTS\r\n* 1 RECENT\r\n\
         * 1 FETCH (UID 1 FLAGS (\\Seen))\r\na OK done\r\n"
    );
    assert!(matches!(ask(&mut server, "b NOOP\r\n"), Event::Noop));
    server.ok("done").unwrap();
    assert_eq!(said(&mut server), "b OK done\r\n");
    let Event::Fetch { uids, .. } = ask(&mut server, "c FETCH 3 FLAGS\r\n") else { panic!() };
    assert_eq!(uids, UidSet::range(4, 4));
    server.row(4).unwrap().unwrap().flags([]).unwrap();
    server.ok("done").unwrap();
    assert_eq!(said(&mut server), "* 3 FETCH (FLAGS (\\Recent))\r\nc OK done\r\n");
}

#[test]
fn a_hundred_thousand_messages_are_one_range() {
    let mut server = selected(100_000, Config::default());
    let Event::Fetch { uids, .. } = ask(&mut server, "a FETCH 1:* FLAGS\r\n") else { panic!() };
    assert_eq!(uids.to_string(), "1:100000");
    let mut most = 0;
    for uid in uids.iter() {
        server.row(uid).unwrap().unwrap().flags([]).unwrap();
        if server.transmit().len() > 10_000 {
            most = most.max(server.transmit().len());
            server.transmit().take_all();
        }
    }
    server.ok("done").unwrap();
    assert!(most < 11_000);
    assert!(said(&mut server).ends_with("* 100000 FETCH (FLAGS ())\r\na OK done\r\n"));
}

#[test]
fn a_long_search_says_how_far_it_is() {
    let mut server = selected(3, Config::default());
    assert!(server.progress(None, None).is_err(), "nothing waits");
    server.recv().push(b"long SEARCH ALL\r\n");
    assert_eq!(server.poll(START), Step::Event);
    assert!(matches!(server.event(), Event::Search(_)));
    server.transmit().take_all();
    server.progress(Some(1), Some(3)).unwrap();
    let said = server.transmit().take_all();
    assert_eq!(said.as_ref(), b"* OK [INPROGRESS (\"long\" 1 3)] Still at it\r\n");
}
