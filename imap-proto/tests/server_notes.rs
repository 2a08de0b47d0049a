//! QUOTA (RFC 9208) and METADATA (RFC 5464) of the server machine.
#![allow(clippy::unwrap_used, clippy::panic)]

use imap_proto::{
    server::{Config, Event, Server},
    types::{Atom, Code, Mailbox},
};
use mailwire::{Instant, Machine, Step, sasl::Verdict};

const START: Instant = Instant::from_micros(0);

struct Session(Server);

impl Session {
    fn new(change: fn(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let mut server = Server::over_tls(config);
        server.recv().push(b"a LOGIN tim secret\r\n");
        assert_eq!(server.poll(START), Step::Event);
        assert!(matches!(server.event(), Event::Authenticate(_)));
        server.verdict(Verdict::Accept).unwrap();
        Self(server)
    }

    fn said(&mut self) -> String {
        let _ = self.0.poll(START);
        String::from_utf8(self.0.transmit().take_all().to_vec()).unwrap()
    }

    fn ask(&mut self, command: &str, look: impl FnOnce(&Event<'_>)) {
        self.said();
        self.0.recv().push(format!("t {command}\r\n").as_bytes());
        assert_eq!(self.0.poll(START), Step::Event, "{command}");
        look(&self.0.event());
    }

    fn tell(&mut self, command: &str) -> String {
        self.said();
        self.0.recv().push(format!("t {command}\r\n").as_bytes());
        self.said()
    }
}

#[test]
fn quotas_are_told() {
    let mut session = Session::new(|config| config.quotas = true);
    assert!(session.said().contains(" QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE"));
    let word = |name| Atom::new(name).unwrap();
    session.ask("GETQUOTAROOT INBOX", |event| {
        assert!(matches!(event, Event::GetQuotaRoot(name) if name.is_inbox()));
    });
    session.0.quota_roots(&Mailbox::INBOX, &[b"", b"#user alice"]).unwrap();
    session.0.quota(b"", &[(word("STORAGE"), 10, 512), (word("MESSAGE"), 3, 100)]).unwrap();
    session.0.quota(b"#user alice", &[]).unwrap();
    session.0.ok("Done").unwrap();
    assert_eq!(
        session.said(),
        "* QUOTAROOT \"INBOX\" \"\" \"#user alice\"\r\n\
         * QUOTA \"\" (STORAGE 10 512 MESSAGE 3 100)\r\n* QUOTA \"#user alice\" ()\r\nt OK Done\r\n"
    );
    session.ask("GETQUOTA \"other\"", |event| {
        assert!(matches!(event, Event::GetQuota(root) if root == b"other"));
    });
    session.0.no(Some(Code::NonExistent), "No such root").unwrap();
    assert_eq!(session.said(), "t NO [NONEXISTENT] No such root\r\n");
    assert!(session.0.quota(b"", &[]).is_err(), "nothing asks for it now");
    assert!(session.tell("SETQUOTA \"\" (STORAGE 5)").starts_with("t NO [NOPERM]"));
}

/// What is answered where the mailbox has these entries.
fn metadata(command: &str, entries: &[(&str, &str)]) -> String {
    let mut session = Session::new(|config| config.metadata = true);
    session.ask(command, |event| assert!(matches!(event, Event::GetMetadata(_)), "{event:?}"));
    for (entry, value) in entries {
        session.0.metadata(entry, value.as_bytes()).unwrap();
    }
    session.0.ok("Done").unwrap();
    session.said()
}

#[test]
fn annotations_are_told_as_far_as_they_are_asked_for() {
    let all = [
        ("/private/comment", "mine"),
        ("/private/filters/values/small", "SMALLER 5000"),
        ("/private/filters/values/boss", "FROM boss"),
        ("/shared/comment", "a \"quoted\" one"),
        ("/private/commentary", "no"),
    ];
    for (command, answer) in [
        (
            "GETMETADATA INBOX /private/comment",
            "* METADATA \"INBOX\" (/private/comment \"mine\")\r\nt OK Done\r\n",
        ),
        (
            "GETMETADATA INBOX (/SHARED/Comment /private/comment)",
            "* METADATA \"INBOX\" (/private/comment \"mine\" /shared/comment \"a \\\"quoted\\\" one\")\r\nt OK Done\r\n",
        ),
        (
            "GETMETADATA (DEPTH 1) INBOX /private/filters/values",
            "* METADATA \"INBOX\" (/private/filters/values/small \"SMALLER 5000\" \
             /private/filters/values/boss \"FROM boss\")\r\nt OK Done\r\n",
        ),
        ("GETMETADATA (DEPTH 1) INBOX /private/filters", "t OK Done\r\n"),
        (
            "GETMETADATA (DEPTH infinity MAXSIZE 10) INBOX /private/filters",
            "* METADATA \"INBOX\" (/private/filters/values/boss \"FROM boss\")\r\n\
             t OK [METADATA LONGENTRIES 12] Done\r\n",
        ),
        ("GETMETADATA \"\" /private/none", "* METADATA \"\" (/private/none NIL)\r\nt OK Done\r\n"),
    ] {
        let said = metadata(command, &all);
        let plain = |text: &str| text.replace('"', "");
        assert_eq!(plain(&said), plain(answer), "{command}");
    }
}

#[test]
fn annotations_are_changed() {
    let mut session = Session::new(|config| config.metadata = true);
    assert!(session.said().contains(" METADATA "));
    session.ask("SETMETADATA \"\" (/private/a \"x\" /private/b NIL)", |event| {
        let Event::SetMetadata { mailbox: None, entries } = event else { panic!("{event:?}") };
        let told: Vec<_> =
            entries.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(told, [("/private/a", Some(&b"x"[..])), ("/private/b", None)]);
    });
    session.0.no(Some(Code::MetadataTooMany), "Too many").unwrap();
    assert_eq!(session.said(), "t NO [METADATA TOOMANY] Too many\r\n");
}

#[test]
fn what_the_host_does_not_keep_is_not_offered() {
    let mut session = Session::new(|_| {});
    let said = session.said();
    assert!(!said.contains("QUOTA") && !said.contains("METADATA"), "{said}");
    for refused in [
        "GETQUOTA \"\"",
        "GETQUOTAROOT INBOX",
        "SETQUOTA \"\" ()",
        "GETMETADATA \"\" /shared/a",
        "SETMETADATA \"\" (/private/a NIL)",
    ] {
        assert!(session.tell(refused).starts_with("t BAD"), "{refused}");
    }
}
