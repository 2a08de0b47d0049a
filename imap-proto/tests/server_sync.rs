//! What a client needs to keep a copy of a mailbox: CONDSTORE and QRESYNC (RFC 7162), `$` (RFC 5182), PARTIAL (RFC 9394),
//! save dates (RFC 8514).
#![allow(clippy::unwrap_used, clippy::panic)]

use imap_proto::{
    response::Thread,
    server::{Config, Event, Resync, SelectData, Server},
    types::{Code, DateTime, NonEmpty, SearchKey, UidSet},
};
use mailwire::{Instant, Machine, Step, sasl::Verdict};

const START: Instant = Instant::from_micros(0);

fn uids(text: &str) -> UidSet {
    let set: imap_proto::types::SequenceSet = text.parse().unwrap();
    set.numbers().clone()
}

struct Session(Server);

impl Session {
    fn new() -> Self {
        let mut config = Config::default();
        config.mod_seqs = true;
        config.save_dates = true;
        let mut server = Server::over_tls(config);
        server.recv().push(b"a LOGIN tim secret\r\n");
        assert_eq!(server.poll(START), Step::Event);
        assert!(matches!(server.event(), Event::Authenticate(_)));
        server.verdict(Verdict::Accept).unwrap();
        assert_eq!(server.poll(START), Step::NeedInput);
        let mut session = Self(server);
        assert!(session.said().contains(" CONDSTORE QRESYNC SAVEDATE "));
        session
    }

    /// A mailbox of these messages is selected.
    fn selected(&mut self, command: &str, messages: &str, changes: Option<Resync>) -> String {
        self.ask(command, |event| assert!(matches!(event, Event::Select { .. })));
        let messages = uids(messages);
        let next = messages.last().unwrap() + 1;
        let mut data = SelectData::new(7, next, messages);
        data.highest_mod_seq = Some(100);
        data.changes = changes;
        self.0.selected(data).unwrap();
        self.said()
    }

    fn said(&mut self) -> String {
        let _ = self.0.poll(START);
        String::from_utf8(self.0.transmit().take_all().to_vec()).unwrap()
    }

    /// Sends a command that leads to an event.
    fn ask(&mut self, command: &str, look: impl FnOnce(&Event<'_>)) {
        self.0.recv().push(format!("t {command}\r\n").as_bytes());
        assert_eq!(self.0.poll(START), Step::Event, "{command}");
        look(&self.0.event());
    }

    /// Sends a command that the machine answers by itself.
    fn tell(&mut self, command: &str) -> String {
        self.0.recv().push(format!("t {command}\r\n").as_bytes());
        self.said()
    }
}

#[test]
fn enable_says_what_is_enabled() {
    let mut session = Session::new();
    assert!(session.tell("ENABLE X-OTHER").starts_with("* ENABLED\r\nt OK"));
    assert!(!session.0.wants_mod_seqs());
    assert!(session.tell("SELECT INBOX (QRESYNC (7 5))").starts_with("t BAD"));
    assert!(
        session.tell("enable qresync condstore").starts_with("* ENABLED CONDSTORE QRESYNC\r\n")
    );
    assert!(session.0.wants_mod_seqs());
}

#[test]
fn select_tells_what_a_client_has_missed() {
    let mut session = Session::new();
    session.tell("ENABLE QRESYNC");
    let mut missed = Resync::default();
    missed.vanished = uids("2,4:6,9");
    missed.changed =
        vec![(3, vec![String::from("\\Seen")], 96), (12, vec![], 97), (99, vec![], 98)];
    let said =
        session.selected("SELECT INBOX (QRESYNC (7 90 1:8))", "1,3,12", Some(missed.clone()));
    assert!(said.contains("* OK [HIGHESTMODSEQ 100]"), "{said}");
    // Only what the client knows; 99 is none of this mailbox.
    let changes = "* VANISHED (EARLIER) 2,4:6\r\n\
        * 2 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (96))\r\n\
        * 3 FETCH (UID 12 FLAGS () MODSEQ (97))\r\n\
        t OK [READ-WRITE]";
    assert!(said.contains(changes), "{said}");
    // Another UIDVALIDITY: nothing the client knows holds.
    let said = session.selected("SELECT INBOX (QRESYNC (8 90))", "1,3,12", Some(missed));
    assert!(!said.contains("VANISHED") && !said.contains("FETCH"), "{said}");
    assert!(said.starts_with("* OK [CLOSED]"), "{said}");
}

#[test]
fn vanished_takes_the_place_of_expunge() {
    for (enable, gone) in
        [("ENABLE QRESYNC", "* VANISHED 5:6\r\n"), ("NOOP", "* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n")]
    {
        let mut session = Session::new();
        session.tell(enable);
        session.selected("SELECT INBOX", "4:8", None);
        session.ask("NOOP", |_| {});
        session.0.expunged([5, 6]);
        session.0.ok("Done").unwrap();
        assert!(session.said().starts_with(gone));
        // The numbers that follow are those of the three that are left.
        session.ask("FETCH 3 FLAGS", |event| {
            let Event::Fetch { uids: asked, .. } = event else { panic!("{event:?}") };
            assert_eq!(asked, &uids("8"));
        });
    }
}

#[test]
fn fetch_tells_of_the_expunged_among_those_it_names() {
    let mut session = Session::new();
    session.selected("SELECT INBOX", "1:9", None);
    let command = "UID FETCH 3:5,7:* (FLAGS) (CHANGEDSINCE 50 VANISHED)";
    assert!(session.tell(command).starts_with("t BAD"), "QRESYNC is not enabled");
    session.ask("CLOSE", |_| {});
    session.0.ok("Closed").unwrap();
    session.tell("ENABLE QRESYNC");
    session.selected("SELECT INBOX", "1:4,8:9", None);
    session.ask(command, |event| {
        let Event::Fetch { changed_since, vanished, .. } = event else { panic!("{event:?}") };
        assert_eq!((*changed_since, *vanished), (Some(50), true));
    });
    session.said();
    session.0.vanished(&uids("5:7,11")).unwrap();
    session.0.row(8).unwrap().unwrap().flags([]).unwrap().mod_seq(60).unwrap();
    assert!(session.0.vanished(&uids("5")).is_err(), "rows have begun");
    session.0.ok("Fetched").unwrap();
    let said = session.said();
    assert!(said.starts_with("* VANISHED (EARLIER) 5,7,11\r\n* 5 FETCH (UID 8 "), "{said}");
    for refused in [
        "FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)",
        "UID FETCH 1 FLAGS (VANISHED)",
        "FETCH 1 FLAGS (PARTIAL 1:2)",
    ] {
        assert!(session.tell(refused).starts_with("t BAD"), "{refused}");
    }
}

#[test]
fn mod_sequences_are_told_once_the_client_shows_that_it_knows_them() {
    for first in [
        "STATUS x (HIGHESTMODSEQ)",
        "FETCH 1 (MODSEQ)",
        "STORE 1 (UNCHANGEDSINCE 5) FLAGS ()",
        "SEARCH MODSEQ 5",
    ] {
        let mut session = Session::new();
        session.selected("SELECT INBOX", "1:2", None);
        session.ask("NOOP", |_| {});
        session.0.flags(1, ["\\Seen"], Some(50));
        session.0.ok("x").unwrap();
        assert!(session.said().starts_with("* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n"), "{first}");
        session.ask(first, |_| {});
        session.0.flags(1, ["\\Seen"], Some(51));
        session.0.ok("x").unwrap();
        let said = session.said();
        assert!(
            said.contains("* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (51))\r\n"),
            "{first}: {said}"
        );
    }
}

#[test]
fn a_silent_store_still_tells_the_mod_sequence() {
    let mut session = Session::new();
    session.selected("SELECT INBOX (CONDSTORE)", "10:12", None);
    session.ask("UID STORE 10:12 (UNCHANGEDSINCE 90) +FLAGS.SILENT (\\Deleted)", |event| {
        let Event::Store { unchanged_since, .. } = event else { panic!("{event:?}") };
        assert_eq!(*unchanged_since, Some(90));
    });
    session.0.stored(10, ["\\Deleted"], Some(101)).unwrap();
    session.0.stored(12, ["\\Deleted"], Some(101)).unwrap();
    let modified = NonEmpty::new(uids("11")).map(Code::Modified);
    session.0.ok_with(modified, "Stored in part").unwrap();
    assert_eq!(
        session.said(),
        "* 1 FETCH (UID 10 MODSEQ (101))\r\n* 3 FETCH (UID 12 MODSEQ (101))\r\n\
         t OK [MODIFIED 11] Stored in part\r\n"
    );
}

#[test]
fn a_search_by_mod_sequence_tells_the_greatest() {
    let found = [(2, 40), (5, 60), (6, 50)];
    for (command, answer) in [
        ("SEARCH MODSEQ 40", "* SEARCH 1 2 3 (MODSEQ 60)\r\n"),
        ("UID SEARCH NOT MODSEQ 40", "* SEARCH 2 5 6 (MODSEQ 60)\r\n"),
        ("UID SEARCH ALL", "* SEARCH 2 5 6\r\n"),
        ("UID SEARCH RETURN (MAX) MODSEQ 40", "* ESEARCH (TAG \"t\") UID MAX 6 MODSEQ 50\r\n"),
        (
            "UID SEARCH RETURN (ALL COUNT) MODSEQ 40",
            "* ESEARCH (TAG \"t\") UID ALL 2,5:6 COUNT 3 MODSEQ 60\r\n",
        ),
    ] {
        let mut session = Session::new();
        session.selected("SELECT INBOX", "2,5:6", None);
        session.ask(command, |_| {});
        session.0.found_with(found).unwrap();
        session.0.ok("Searched").unwrap();
        let said = session.said();
        assert!(said.starts_with(answer), "{command}: {said}");
    }
}

#[test]
fn a_saved_result_is_used_follows_removals_and_ends_with_the_mailbox() {
    let mut session = Session::new();
    session.selected("SELECT INBOX", "10:20", None);
    // Before anything was saved `$` is empty, and that is no error.
    session.ask("UID FETCH $ FLAGS", |event| {
        let Event::Fetch { uids: asked, .. } = event else { panic!("{event:?}") };
        assert!(asked.is_empty());
    });
    session.0.ok("Fetched").unwrap();
    session.said();
    session.ask("SEARCH RETURN (SAVE) FLAGGED", |_| {});
    session.0.found([12, 14, 15]).unwrap();
    session.0.ok("Searched").unwrap();
    assert_eq!(session.said(), "t OK Searched\r\n", "with SAVE alone nothing is said");
    session.ask("NOOP", |_| {});
    session.0.expunged([14]);
    session.0.ok("x").unwrap();
    session.said();
    session.ask("COPY $ Trash", |event| {
        let Event::Copy { uids: asked, .. } = event else { panic!("{event:?}") };
        assert_eq!(asked, &uids("12,15"));
    });
    session.0.copied(1, &uids("12,15"), &uids("1:2")).unwrap();
    session.said();
    session.ask("UID SEARCH RETURN (SAVE COUNT) $ SMALLER 9", |event| {
        let Event::Search(query) = event else { panic!("{event:?}") };
        let SearchKey::And(keys) = &query.key else { panic!("{query:?}") };
        assert_eq!(keys[0], SearchKey::Uid("12,15".parse().unwrap()));
    });
    session.0.found([15]).unwrap();
    session.0.ok("x").unwrap();
    assert!(session.said().starts_with("* ESEARCH (TAG \"t\") UID COUNT 1\r\n"));
    // MIN and MAX alone: these two are kept. A search that fails keeps nothing.
    session.ask("UID SEARCH RETURN (SAVE MIN MAX) ALL", |_| {});
    session.0.found([10, 11, 20]).unwrap();
    session.0.ok("x").unwrap();
    session.said();
    session.ask("UID STORE $ FLAGS ()", |event| {
        let Event::Store { uids: asked, .. } = event else { panic!("{event:?}") };
        assert_eq!(asked, &uids("10,20"));
    });
    session.0.ok("x").unwrap();
    session.ask("SEARCH RETURN (SAVE) ALL", |_| {});
    session.0.no(None, "Too much").unwrap();
    session.ask("UID FETCH $ FLAGS", |event| {
        let Event::Fetch { uids: asked, .. } = event else { panic!("{event:?}") };
        assert!(asked.is_empty());
    });
    session.0.ok("x").unwrap();
    session.said();
}

#[test]
fn a_part_of_a_result_and_of_a_fetch() {
    let mut session = Session::new();
    session.selected("SELECT INBOX", "10:13,20:25", None);
    for (range, part) in [
        ("1:3", "10:12"),
        ("3:1", "10:12"),
        ("4:6", "13,20:21"),
        ("9:500", "24:25"),
        ("-1:-2", "24:25"),
        ("-3:-500", "10:13,20:23"),
        ("11:20", "NIL"),
    ] {
        session.ask(&format!("UID SEARCH RETURN (PARTIAL {range}) ALL"), |_| {});
        session.0.found(10..26).unwrap();
        session.0.ok("x").unwrap();
        let said = session.said();
        let line = format!("* ESEARCH (TAG \"t\") UID PARTIAL ({range} {part})\r\n");
        assert!(said.starts_with(&line), "{said}");
        session.ask(&format!("UID FETCH 1:* FLAGS (PARTIAL {range})"), |event| {
            let Event::Fetch { uids: asked, .. } = event else { panic!("{event:?}") };
            let expected = if part == "NIL" { UidSet::new() } else { uids(part) };
            assert_eq!(asked, &expected, "{range}");
        });
        session.0.ok("x").unwrap();
        session.said();
    }
    assert!(session.tell("SEARCH RETURN (ALL PARTIAL 1:5) ALL").starts_with("t BAD"));
}

#[test]
fn save_dates_are_told() {
    let mut session = Session::new();
    session.selected("SELECT INBOX", "1:2", None);
    session.ask("FETCH 1:2 SAVEDATE", |_| {});
    session.0.row(1).unwrap().unwrap().save_date(Some(DateTime::utc(0))).unwrap();
    session.0.row(2).unwrap().unwrap().save_date(None).unwrap();
    session.0.ok("x").unwrap();
    let said = session.said();
    let rows =
        "* 1 FETCH (SAVEDATE \" 1-Jan-1970 00:00:00 +0000\")\r\n* 2 FETCH (SAVEDATE NIL)\r\n";
    assert!(said.starts_with(rows), "{said}");
}

#[test]
fn what_the_host_does_not_keep_is_not_offered() {
    let mut server = Server::over_tls(Config::default());
    server.recv().push(b"a LOGIN tim secret\r\n");
    assert_eq!(server.poll(START), Step::Event);
    server.event();
    server.verdict(Verdict::Accept).unwrap();
    let mut session = Session(server);
    let said = session.said();
    assert!(!said.contains("CONDSTORE") && !said.contains("SAVEDATE"), "{said}");
    assert!(session.tell("ENABLE CONDSTORE").starts_with("* ENABLED\r\n"));
    session.selected("SELECT INBOX (CONDSTORE)", "1:2", None);
    for refused in [
        "FETCH 1 MODSEQ",
        "FETCH 1 FLAGS (CHANGEDSINCE 5)",
        "STORE 1 (UNCHANGEDSINCE 5) FLAGS ()",
        "SEARCH MODSEQ 5",
        "FETCH 1 SAVEDATE",
        "SEARCH SAVEDON 1-Jan-2000",
    ] {
        assert!(session.tell(refused).starts_with("t BAD"), "{refused}");
    }
}

#[test]
fn sort_and_thread_tell_numbers_or_uids_in_order() {
    let mut session = Session::new();
    session.selected("SELECT INBOX", "10,20,30", None);
    for (command, answer) in [
        ("SORT (SUBJECT) UTF-8 ALL", "* SORT 3 1 2\r\n"),
        ("UID SORT (SUBJECT) us-ascii ALL", "* SORT 30 10 20\r\n"),
        ("UID SORT RETURN () (DATE) UTF-8 ALL", "* ESEARCH (TAG \"t\") UID ALL 30,10,20\r\n"),
        (
            "SORT RETURN (MIN MAX COUNT) (DATE) UTF-8 ALL",
            "* ESEARCH (TAG \"t\") MIN 3 MAX 2 COUNT 3\r\n",
        ),
        (
            "UID SORT RETURN (PARTIAL 1:2) (DATE) UTF-8 ALL",
            "* ESEARCH (TAG \"t\") UID PARTIAL (1:2 30,10)\r\n",
        ),
        ("UID SORT RETURN (SAVE) (DATE) UTF-8 ALL", "t OK"),
    ] {
        session.ask(command, |event| assert!(matches!(event, Event::Sort { .. }), "{event:?}"));
        session.0.sorted([30, 10, 99, 20]).unwrap();
        session.0.ok("Sorted").unwrap();
        let said = session.said();
        assert!(said.starts_with(answer), "{command}: {said}");
    }
    session.ask("THREAD references UTF-8 1:2", |event| {
        let Event::Thread { algorithm, query } = event else { panic!("{event:?}") };
        assert_eq!(algorithm.as_str(), "REFERENCES");
        assert_eq!(query.key, SearchKey::Uid("10,20".parse().unwrap()));
    });
    let branch = |uid| Thread::new(vec![uid], vec![]).unwrap();
    let thread = Thread::new(vec![10], vec![branch(20), branch(30)]).unwrap();
    session.0.threads(vec![thread]).unwrap();
    session.0.ok("Threaded").unwrap();
    assert!(session.said().starts_with("* THREAD (1 (2)(3))\r\n"));
    for refused in ["SORT (RELEVANCY) UTF-8 ALL", "THREAD FROB UTF-8 ALL"] {
        assert!(session.tell(refused).starts_with("t BAD"), "{refused}");
    }
    assert!(session.tell("SORT (DATE) KOI8-R ALL").starts_with("t NO [BADCHARSET"));
}
