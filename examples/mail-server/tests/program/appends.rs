//! Messages put together: several at once, from pieces of others, in place of another; and what is shown of them without
//! their transfer encoding.

use crate::kit::{ImapText, World};

const PARTS: &str = "Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8sIHdvcmxkIQ==\r\n--b\r\n\r\nsecond\r\n--b--\r\n";

#[test]
fn several_messages_are_stored_together_or_not_at_all() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = ImapText::new(&server);
    session.ask("SELECT INBOX");
    let answer = session.ask("APPEND INBOX {3+}\r\none (\\Seen) {3+}\r\ntwo {5+}\r\nthree");
    assert!(answer.contains("[APPENDUID ") && answer.contains(" 1:3]"), "{answer}");
    let refused = session.try_ask("APPEND INBOX {3+}\r\none {0+}\r\n");
    assert!(refused.contains("t NO"), "{refused}");
    let counted = session.ask("STATUS INBOX (MESSAGES)");
    assert!(counted.contains("MESSAGES 3"), "{counted}");
}

#[test]
fn a_message_is_put_together_from_others() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = ImapText::new(&server);
    session.ask("SELECT INBOX");
    session.ask(&format!("APPEND INBOX {{{}+}}\r\n{PARTS}", PARTS.len()));
    session.ask(
        "APPEND INBOX CATENATE (URL \"/INBOX/;UID=1/;SECTION=HEADER\" TEXT {7+}\r\n--b\r\n\r\n URL \
         \"/INBOX/;UID=1/;SECTION=2\" TEXT {7+}\r\n\r\n--b--)",
    );
    let made = session.ask("UID FETCH 2 BODY.PEEK[1]");
    assert!(made.contains("second"), "{made}");
    for url in [
        "/INBOX/;UID=9",
        "/INBOX;UIDVALIDITY=1/;UID=1",
        "/Nowhere/;UID=1",
        "imap://other/INBOX/;UID=1",
    ] {
        let refused = session.try_ask(&format!("APPEND INBOX CATENATE (URL \"{url}\")"));
        assert!(refused.contains(&format!("t NO [BADURL {url}]")), "{refused}");
    }
}

#[test]
fn a_draft_is_replaced_by_the_next_one() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let (mut writer, mut other) = (ImapText::new(&server), ImapText::new(&server));
    writer.ask("APPEND Drafts {5+}\r\nfirst");
    writer.ask("SELECT Drafts");
    other.ask("SELECT Drafts");
    let answer = writer.ask("REPLACE 1 Drafts (\\Draft) {6+}\r\nsecond");
    let lines: Vec<&str> = answer.lines().collect();
    assert!(lines[0].starts_with("* OK [APPENDUID ") && lines[0].contains(" 2]"), "{answer}");
    assert!(lines.contains(&"* 1 EXPUNGE"), "{answer}");
    let heard = other.ask("NOOP");
    assert!(heard.contains("* 1 EXPUNGE") && heard.contains("* 1 EXISTS"), "{heard}");
    let kept = other.ask("FETCH 1 (UID FLAGS BODY.PEEK[])");
    assert!(kept.contains("UID 2 FLAGS (\\Draft)") && kept.contains("second"), "{kept}");
}

#[test]
fn parts_are_shown_decoded_and_messages_by_their_first_words() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = ImapText::new(&server);
    session.ask("SELECT INBOX");
    session.ask(&format!("APPEND INBOX {{{}+}}\r\n{PARTS}", PARTS.len()));
    let shown =
        session.ask("UID FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<7.5> PREVIEW)");
    for item in [
        "BINARY.SIZE[1] 13",
        "BINARY[1] \"Hello, world!\"",
        "BINARY[1]<7> \"world\"",
        "PREVIEW \"Hello, world!\"",
    ] {
        assert!(shown.contains(item), "{item}: {shown}");
    }
    session.ask("COPY 1 Sent");
    let here = session.ask("FETCH 1 EMAILID");
    session.ask("SELECT Sent");
    let there = session.ask("FETCH 1 EMAILID");
    assert_eq!(here.lines().next(), there.lines().next(), "copies have one identifier");
    assert!(session.ask("STATUS Sent (MAILBOXID)").contains("MAILBOXID (F"));
}

#[test]
fn asking_for_a_part_that_is_not_there_reads_nothing() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut session = ImapText::new(&server);
    session.ask("SELECT INBOX");
    session.ask(&format!("APPEND INBOX {{{}+}}\r\n{PARTS}", PARTS.len()));
    session.ask("APPEND INBOX {16+}\r\nSubject: x\r\n\r\nhi");
    for items in ["BODY[7]", "BINARY[1.5]", "BODY[1.HEADER]", "(BODY[7] BODY.PEEK[1])"] {
        let answer = session.ask(&format!("FETCH 1 {items}"));
        assert!(answer.contains("NIL") && !answer.contains("Seen"), "{items}: {answer}");
    }
    let answer = session.ask("FETCH 1:2 BODY[2]");
    assert!(answer.contains("* 1 FETCH (BODY[2] {6}"), "{answer}");
    let seen = session.ask("SEARCH SEEN");
    assert!(seen.starts_with("* SEARCH 1\n"), "only where there is a part 2: {seen}");
}

#[test]
fn names_and_answers_change_with_rev2() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let (mut new, mut old) = (ImapText::new(&server), ImapText::new(&server));
    assert!(new.ask("ENABLE IMAP4rev2").contains("* ENABLED IMAP4rev2"));
    new.ask("CREATE \"Entwürfe & Co\"");
    assert!(new.ask("LIST \"\" \"Ent*\"").contains("\"Entwürfe & Co\""));
    assert!(old.ask("LIST \"\" \"Ent*\"").contains("\"Entw&APw-rfe &- Co\""));
    let opened = new.ask("SELECT \"Entwürfe & Co\"");
    assert!(!opened.contains("RECENT") && opened.contains("* LIST () \"/\" \"Entwürfe & Co\""));
    assert!(new.ask("SEARCH ALL").starts_with("* ESEARCH (TAG \"t\")"));
    assert!(old.ask("SELECT INBOX").contains("* 0 RECENT"));
    assert!(new.ask("UNAUTHENTICATE").contains("AUTH="));
    assert!(new.try_ask("NOOP x").contains("t BAD"));
    new.ask("LOGIN alice@a.test alice-secret");
    assert!(new.ask("LIST \"\" \"Ent*\"").contains("\"Entw&APw-rfe &- Co\""));
}
