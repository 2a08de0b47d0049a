//! Searches that reach beyond the selected mailbox, and by filters that the server keeps.

use crate::kit::{ImapText, World};

fn fill(session: &mut ImapText) {
    for (mailbox, subjects) in [
        ("INBOX", ["apple", "pear"]),
        ("Lists/a", ["apple", "plum"]),
        ("Lists/a/b", ["x", "apple"]),
    ] {
        if mailbox != "INBOX" {
            session.ask(&format!("CREATE {mailbox}"));
        }
        for subject in subjects {
            let mail = format!("Subject: {subject}\r\n\r\nbody\r\n");
            session.ask(&format!("APPEND {mailbox} {{{}+}}\r\n{mail}", mail.len()));
        }
    }
}

#[test]
fn one_search_looks_into_several_mailboxes() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = ImapText::new(&server);
    fill(&mut session);
    // RFC 7377 §2: no mailbox needs to be selected.
    let found = session.ask("ESEARCH IN (subtree Lists) SUBJECT apple");
    let lines: Vec<&str> = found.lines().collect();
    assert!(
        lines[0].starts_with("* ESEARCH (TAG \"t\" MAILBOX \"Lists/a\" UIDVALIDITY "),
        "{found}"
    );
    assert!(lines[0].ends_with(") UID ALL 1") && lines[1].ends_with(") UID ALL 2"), "{found}");
    assert!(lines[1].contains("MAILBOX \"Lists/a/b\""), "{found}");
    assert_eq!(lines.len(), 3, "{found}");
    // One level; a mailbox twice; one that is not there; nothing found in another.
    let found = session.ask(
        "ESEARCH IN (subtree-one Lists/a mailboxes (Lists/a none INBOX)) RETURN (COUNT MIN) SUBJECT plum",
    );
    assert_eq!(found.lines().count(), 2, "{found}");
    assert!(
        found.contains("MAILBOX \"Lists/a\"") && found.contains(" UID MIN 2 COUNT 1"),
        "{found}"
    );
    let all = session.ask("ESEARCH IN (personal) SUBJECT apple");
    assert_eq!(all.matches("* ESEARCH").count(), 3, "{all}");
    let none = session.ask("ESEARCH IN (personal) SUBJECT quince");
    assert_eq!(none.lines().count(), 1, "{none}");
    // What needs a selected mailbox.
    for wrong in [
        "ESEARCH SUBJECT apple",
        "ESEARCH IN (selected inboxes) SUBJECT apple",
        "ESEARCH IN (personal) 1:2",
        "ESEARCH IN (personal) RETURN (SAVE) ALL",
    ] {
        assert!(session.try_ask(wrong).starts_with("t BAD"), "{wrong}");
    }
    session.ask("SELECT INBOX");
    let here = session.ask("ESEARCH SUBJECT apple");
    assert!(here.contains("(TAG \"t\" MAILBOX \"INBOX\" UIDVALIDITY "), "{here}");
    assert!(here.contains(") UID ALL 1\n"), "{here}");
    let both = session.ask("ESEARCH IN (selected mailboxes Lists/a) RETURN () SUBJECT apple");
    assert_eq!(both.matches("* ESEARCH").count(), 2, "{both}");
    assert_eq!(session.ask("ESEARCH SUBJECT quince").lines().count(), 1);
    let still = session.ask("SEARCH SUBJECT pear");
    assert!(still.starts_with("* SEARCH 2\n"), "{still}");
}

#[test]
fn filters_stand_for_their_conditions() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = ImapText::new(&server);
    fill(&mut session);
    session
        .ask("SETMETADATA \"\" (/private/filters/values/fruit \"OR SUBJECT apple SUBJECT plum\")");
    session.ask("SETMETADATA \"\" (/private/filters/values/again \"UNSEEN FILTER fruit\")");
    session.ask("SETMETADATA \"\" (/private/filters/values/loop \"FILTER loop\")");
    session.ask("SETMETADATA \"\" (/private/filters/values/broken \"OR SMALLER\")");
    session.ask("SETMETADATA \"\" (/private/filters/values/numbers \"1:3\")");
    session.ask("SELECT INBOX");
    assert!(session.ask("SEARCH FILTER fruit").starts_with("* SEARCH 1\n"));
    assert!(session.ask("SEARCH FILTER FRUIT").starts_with("* SEARCH 1\n"));
    assert!(session.ask("SEARCH NOT FILTER again").starts_with("* SEARCH 2\n"));
    assert!(session.ask("SORT (SUBJECT) UTF-8 FILTER fruit").starts_with("* SORT 1\n"));
    let all = session.ask("ESEARCH IN (personal) FILTER fruit");
    assert_eq!(all.matches("* ESEARCH").count(), 3, "{all}");
    for name in ["none", "loop", "broken", "numbers"] {
        let refused = session.try_ask(&format!("SEARCH FILTER {name}"));
        assert!(refused.starts_with(&format!("t NO [UNDEFINED-FILTER {name}]")), "{refused}");
    }
    session.ask("SETMETADATA \"\" (/private/filters/values/fruit NIL)");
    assert!(session.try_ask("SEARCH FILTER again").contains("UNDEFINED-FILTER fruit"));
}
