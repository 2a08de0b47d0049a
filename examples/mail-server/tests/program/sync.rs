//! Two sessions on one mailbox, and one that comes back: CONDSTORE, QRESYNC, `$`, PARTIAL, save dates; SORT and THREAD;
//! quotas and annotations.

use crate::kit::{Imap, Server, World};

struct Session(Imap);

impl Session {
    fn new(server: &Server) -> Self {
        Self(Imap::new(server))
    }

    fn ask(&mut self, command: &str) -> (Vec<String>, String) {
        self.0.ask(command)
    }

    fn append(&mut self, subject: &str) {
        self.put(&format!("Subject: {subject}\r\n\r\nx\r\n"));
    }

    fn put(&mut self, message: &str) {
        self.ask(&format!("APPEND INBOX {{{}+}}\r\n{message}", message.len()));
    }
}

/// The number behind a word: `[HIGHESTMODSEQ 17]`, `MODSEQ (17)`.
fn number(lines: &[String], word: &str) -> u64 {
    let line = lines.iter().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{lines:?}"));
    let after = &line[line.find(word).unwrap() + word.len()..];
    let digits: String =
        after.trim_start_matches([' ', '(']).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn a_client_that_comes_back_hears_of_what_it_has_missed() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut here = Session::new(&server);
    for subject in ["one", "two", "three", "four"] {
        here.append(subject);
    }
    let mut away = Session::new(&server);
    assert_eq!(away.ask("ENABLE QRESYNC").0, ["* ENABLED QRESYNC"]);
    let (opened, _) = away.ask("SELECT INBOX");
    let (validity, since) = (number(&opened, "UIDVALIDITY"), number(&opened, "HIGHESTMODSEQ"));
    away.ask("CLOSE");

    here.ask("SELECT INBOX");
    here.ask("STORE 3 +FLAGS (\\Flagged)");
    here.ask("STORE 2 +FLAGS (\\Deleted)");
    let (gone, done) = here.ask("EXPUNGE");
    assert_eq!(gone[0], "* 2 EXPUNGE");
    assert!(done.contains("[HIGHESTMODSEQ "), "{done}");
    here.append("five");

    let (missed, _) = away.ask(&format!("SELECT INBOX (QRESYNC ({validity} {since} 1:4))"));
    let missed: Vec<_> =
        missed.iter().filter(|line| line.contains("VANISHED") || line.contains("FETCH")).collect();
    assert_eq!(missed[0], "* VANISHED (EARLIER) 2");
    assert!(missed[1].starts_with("* 2 FETCH (UID 3 FLAGS (\\Flagged) MODSEQ ("), "{missed:?}");
    assert!(missed[2].starts_with("* 4 FETCH (UID 5 FLAGS () MODSEQ ("), "{missed:?}");
    assert_eq!(missed.len(), 3, "{missed:?}");

    // The same by FETCH, and VANISHED in place of EXPUNGE from now on.
    let (rows, _) = away.ask(&format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since} VANISHED)"));
    assert_eq!(rows[0], "* VANISHED (EARLIER) 2");
    assert_eq!(rows.len(), 3, "{rows:?}");
    here.ask("UID STORE 4 +FLAGS.SILENT (\\Deleted)");
    here.ask("UID EXPUNGE 4");
    assert_eq!(away.ask("NOOP").0, ["* VANISHED 4"]);
}

#[test]
fn a_conditional_store_leaves_alone_what_another_has_changed() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let (mut one, mut two) = (Session::new(&server), Session::new(&server));
    for subject in ["one", "two", "three"] {
        one.append(subject);
    }
    let (opened, _) = one.ask("SELECT INBOX (CONDSTORE)");
    let since = number(&opened, "HIGHESTMODSEQ");
    two.ask("SELECT INBOX");
    two.ask("STORE 2 +FLAGS (mine)");
    let command = format!("UID STORE 1:3 (UNCHANGEDSINCE {since}) +FLAGS.SILENT (\\Deleted)");
    let (told, done) = one.ask(&command);
    assert!(done.contains("[MODIFIED 2]"), "{done}");
    let flags = told.iter().find(|line| line.starts_with("* 2 FETCH")).unwrap();
    assert!(flags.contains("FLAGS (mine)") && flags.contains("MODSEQ ("), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("* 1 FETCH (UID 1 MODSEQ (")), "{told:?}");
    let (rows, _) = one.ask("FETCH 1:3 FLAGS");
    assert_eq!(rows[1], "* 2 FETCH (FLAGS (mine))");
    assert_eq!(rows[2], "* 3 FETCH (FLAGS (\\Deleted))");
    // The search by mod-sequence finds what came after.
    let (found, _) = one.ask(&format!("SEARCH MODSEQ {}", since + 1));
    assert!(found[0].starts_with("* SEARCH 1 2 3 (MODSEQ "), "{found:?}");
}

#[test]
fn results_that_are_kept_parts_of_them_and_save_dates() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = Session::new(&server);
    for subject in ["apple", "pear", "apple pie", "plum"] {
        session.append(subject);
    }
    session.ask("CREATE Fruit");
    session.ask("SELECT INBOX");
    assert!(session.ask("SEARCH RETURN (SAVE) SUBJECT apple").0.is_empty());
    let (_, copied) = session.ask("UID COPY $ Fruit");
    assert!(copied.contains("[COPYUID ") && copied.contains(" 1,3 1:2]"), "{copied}");
    assert_eq!(
        session.ask("UID SEARCH RETURN (PARTIAL -1:-2) ALL").0,
        ["* ESEARCH (TAG \"t\") UID PARTIAL (-1:-2 3:4)"]
    );
    assert_eq!(session.ask("UID FETCH 1:* UID (PARTIAL 2:3)").0.len(), 2);
    let (row, _) = session.ask("FETCH 1 SAVEDATE");
    assert!(
        row[0].starts_with("* 1 FETCH (SAVEDATE \"") && row[0].ends_with("+0000\")"),
        "{row:?}"
    );
    assert_eq!(
        session.ask("SEARCH SAVEDATESUPPORTED SAVEDSINCE 1-Jan-2020").0,
        ["* SEARCH 1 2 3 4"]
    );
    assert_eq!(session.ask("SEARCH SAVEDBEFORE 1-Jan-2020").0, ["* SEARCH"]);
}

#[test]
fn messages_are_sorted_and_threaded() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = Session::new(&server);
    let mut put = |at: u32, subject: &str, more: &str| {
        session.put(&format!(
            "Date: {at} Jan 2020 10:00:00 +0000\r\nSubject: {subject}\r\nMessage-ID: <{at}@x>\r\n{more}\r\nx\r\n"
        ));
    };
    put(9, "plans", "");
    put(3, "=?utf-8?q?=C3=84pfel?=", "");
    put(12, "Re: plans", "References: <9@x>\r\n");
    put(11, "AW: something", "In-Reply-To: <9@x>\r\n");
    session.ask("SELECT INBOX");
    assert_eq!(session.ask("SORT (DATE) UTF-8 ALL").0, ["* SORT 2 1 4 3"]);
    // RFC 5051 §2: Ä is an A with a mark after it, which comes after every letter of ASCII.
    assert_eq!(session.ask("UID SORT (REVERSE SUBJECT DATE) UTF-8 ALL").0, ["* SORT 1 3 2 4"]);
    assert_eq!(
        session.ask("SORT RETURN (ALL COUNT) (DATE) UTF-8 NOT SUBJECT \"\u{e4}PFEL\"").0,
        ["* ESEARCH (TAG \"t\") ALL 1,4,3 COUNT 3"]
    );
    assert_eq!(session.ask("THREAD REFERENCES UTF-8 ALL").0, ["* THREAD (2)(1 (4)(3))"]);
    assert_eq!(session.ask("THREAD ORDEREDSUBJECT UTF-8 ALL").0, ["* THREAD (2)(1 3)(4)"]);
}

#[test]
fn quotas_and_annotations_are_kept() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = Session::new(&server);
    assert_eq!(
        session.ask("GETQUOTAROOT INBOX").0,
        ["* QUOTAROOT \"INBOX\" \"\"", "* QUOTA \"\" ()"]
    );
    session.ask("SETMETADATA INBOX (/private/Comment \"my own\" /shared/comment \"all\")");
    session.ask("SETMETADATA \"\" (/private/vendor/x {3+}\r\na\"b)");
    let mut again = Session::new(&server);
    let (told, _) = again.ask("GETMETADATA INBOX (/private/comment /shared/comment)");
    assert!(told[0].contains("my own") && told[0].contains("all"), "{told:?}");
    let (told, _) = again.ask("LIST \"\" (INBOX Sent) RETURN (METADATA (/shared/comment))");
    assert!(told.contains(&r#"* METADATA "INBOX" ("/shared/comment" "all")"#.into()), "{told:?}");
    assert!(told.contains(&r#"* METADATA "Sent" ("/shared/comment" NIL)"#.into()), "{told:?}");
    let (told, _) = again.ask("GETMETADATA (DEPTH infinity) \"\" /private");
    assert!(told[0].starts_with("* METADATA \"\" (") && told[0].contains("\"a\\\"b\""), "{told:?}");
    again.ask("SETMETADATA INBOX (/private/comment NIL)");
    let (told, _) = session.ask("GETMETADATA INBOX /private/comment");
    assert!(told[0].ends_with("NIL)"), "{told:?}");
    session.append("size");
    session.ask("SELECT INBOX");
    session.ask("STORE 1 +FLAGS (\\Deleted)");
    let (told, _) = session.ask("STATUS INBOX (DELETED DELETED-STORAGE)");
    assert_eq!(told, ["* STATUS \"INBOX\" (DELETED 1 DELETED-STORAGE 20)"]);
}
