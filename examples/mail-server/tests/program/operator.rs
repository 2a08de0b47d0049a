//! The operator's commands, while the server runs.

use crate::kit::{Hop, Server, Smtp, Talk, World, inbox, run, stderr, stdout, submit, usual};
use std::{fs, process::Output};

fn command(server: &Server, line: &str) -> Output {
    let mut arguments: Vec<&str> = line.split(' ').collect();
    arguments.extend(["--data", server.data.to_str().unwrap()]);
    run(&arguments)
}

fn said(server: &Server, line: &str) -> String {
    let output = command(server, line);
    assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
    stdout(&output).to_owned()
}

fn refused(server: &Server, line: &str) -> String {
    let output = command(server, line);
    assert_eq!(output.status.code(), Some(1), "{line}: {}", stdout(&output));
    stderr(&output).to_owned()
}

/// Says MAIL FROM with these parameters, then each RCPT; its replies.
fn recipients(server: &Server, mail: &str, to: &[&str]) -> Vec<String> {
    let mut smtp = Smtp::with(server, "smtp");
    assert!(smtp.say(&format!("MAIL FROM:<x@elsewhere.example>{mail}")).starts_with("250"));
    to.iter().map(|to| smtp.say(&format!("RCPT TO:<{to}>"))).collect()
}

#[test]
fn aliases_and_domains_take_effect_at_once() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let names = ["team@a.test", "alice+lists@a.test", "nobody@a.test", "bob@second.test"];
    let codes = |replies: Vec<String>| -> Vec<String> {
        replies.iter().map(|reply| reply[..9].to_owned()).collect()
    };
    let before = codes(recipients(&a, "", &names));
    assert_eq!(before, ["550 5.1.1", "250 2.1.5", "550 5.1.1", "550 5.7.1"]);
    assert_eq!(
        said(&a, "alias set team@a.test alice@a.test bob@a.test"),
        "team@a.test stands for alice@a.test, bob@a.test\n"
    );
    said(&a, "alias set @a.test carol@a.test");
    assert_eq!(said(&a, "domain add second.test"), "added second.test\n");
    said(&a, "alias set bob@second.test bob@a.test");
    assert_eq!(codes(recipients(&a, "", &names)), ["250 2.1.5"; 4]);
    assert_eq!(said(&a, "domain list"), "a.test\nsecond.test\n");
    assert!(refused(&a, "alias set x@a.test x@b.test").contains("not forwarded"));

    let mut smtp = Smtp::with(&a, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    for to in ["team@a.test", "bob+x@a.test", "bob@second.test", "whoever@a.test"] {
        assert!(smtp.say(&format!("RCPT TO:<{to}>")).starts_with("250"));
    }
    assert!(smtp.message("Subject: hello\r\n\r\nHello\r\n").starts_with("250"));
    for user in ["alice@a.test", "bob@a.test", "carol@a.test"] {
        assert_eq!(inbox(&a, user).len(), 1, "one copy for {user}");
    }
    // An address of a third server is not relayed to by way of an alias or a detail.
    for to in ["alice+bob@b.test", "team@b.test", "alice%b.test+x@second.test"] {
        assert!(recipients(&a, "", &[to])[0].starts_with("55"), "{to}");
    }
    a.terminate();
    let a = world.start("a.test", &[]);
    assert_eq!(said(&a, "alias list").lines().count(), 3, "after a restart too");
    said(&a, "alias remove team@a.test");
    said(&a, "alias remove @a.test");
    said(&a, "alias remove bob@second.test");
    said(&a, "domain remove second.test");
    assert_eq!(codes(recipients(&a, "", &names)), before);
}

#[test]
fn a_full_mailbox_is_refused_at_rcpt_and_the_others_get_theirs() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    assert_eq!(
        said(&a, "user quota bob@a.test --octets 10K --messages none"),
        "octets    0 of 10240\nmessages  0 of no limit\n"
    );
    let to = ["alice@a.test", "bob@a.test"];
    let replies = recipients(&a, " SIZE=10241", &to);
    assert!(replies[0].starts_with("250") && replies[1].starts_with("452 4.2.2"), "{replies:?}");
    assert!(recipients(&a, " SIZE=9000", &to)[1].starts_with("250"));
    said(&a, "user quota bob@a.test --octets none --messages 1");
    for full in [false, true] {
        let mut smtp = Smtp::with(&a, "smtp");
        assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
        assert!(smtp.say("RCPT TO:<alice@a.test>").starts_with("250"));
        let reply = smtp.say("RCPT TO:<bob@a.test>");
        assert!(reply.starts_with(if full { "452 4.2.2" } else { "250" }), "{reply}");
        assert!(smtp.message("Subject: hello\r\n\r\nHello\r\n").starts_with("250"));
    }
    assert_eq!((inbox(&a, "alice@a.test").len(), inbox(&a, "bob@a.test").len()), (2, 1));
    assert!(said(&a, "user quota bob@a.test").ends_with("messages  1 of 1\n"));
}

#[test]
fn a_report_to_a_full_mailbox_does_not_keep_the_queue_busy() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command.starts_with("RCPT") {
        true => Some("550 5.1.1 no such user"),
        false => usual(command),
    });
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    said(&a, "user quota alice@a.test --messages 0");
    submit(&a, "alice@a.test", &["bob@b.test"], "Subject: x\r\n\r\nx\r\n");
    a.wait_for_log(&["no room for a report"]);
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn the_queue_obeys() {
    let world = World::new([]);
    let hop = Hop::start(|number, command| match number {
        0 if command.is_empty() => Some("421 4.3.2 not now"),
        _ => usual(command),
    });
    let a = world.start_with("a.test", "", &["--relay-port", hop.port()]);
    assert_eq!(said(&a, "queue list"), "the queue is empty\n");
    said(&a, "queue pause");
    submit(&a, "alice@a.test", &["bob@b.test"], "Subject: held \u{1b}[2J\r\n\r\nx\r\n");
    let list = said(&a, "queue list");
    assert!(list.starts_with("paused: ") && list.contains("to <bob@b.test>"), "{list}");
    let id = list.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    a.terminate();
    // Still paused, and held besides.
    let a = world.start_with("a.test", "", &["--relay-port", hop.port()]);
    assert_eq!(said(&a, &format!("queue hold {id}")), format!("{id} is kept back\n"));
    said(&a, "queue resume");
    let list = said(&a, "queue list");
    assert!(list.contains("kept back, from <alice@a.test>"), "{list}");
    let shown = said(&a, &format!("queue show {id}"));
    assert!(shown.contains("attempts: 0") && shown.contains("\nSubject: held ?[2J\n"), "{shown}");
    said(&a, &format!("queue release {id}"));
    hop.session();
    a.wait_for_log(&["deferred", "not now"]);
    assert_eq!(said(&a, &format!("queue retry {id}")), format!("{id} is due now\n"));
    assert!(hop.session().message.contains("Subject: held"));
    a.wait_for_log(&["delivered"]);

    said(&a, "queue pause");
    submit(&a, "alice@a.test", &["carol@b.test"], "Subject: gone\r\n\r\nx\r\n");
    assert_eq!(said(&a, "queue flush"), "1 messages are due now\n");
    let id = said(&a, "queue list").lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert!(said(&a, &format!("queue remove {id}")).starts_with("removed "));
    assert!(refused(&a, &format!("queue show {id}")).contains("there is no envelope"));
    said(&a, "queue resume");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn a_new_certificate_is_shown_after_sighup_and_no_session_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Two authorities with a certificate each, as other servers made them for themselves.
    for made in ["one", "two"] {
        Server::start(&path(made), &[]).terminate();
    }
    let data = path("data");
    fs::create_dir(&data).unwrap();
    let take = |from: &str| {
        for (name, to) in [("server.pem", path("tls.pem")), ("server.key", path("tls.key"))] {
            fs::copy(path(from).join(name), to).unwrap();
        }
        // What this test's sessions trust.
        fs::copy(path(from).join("ca.pem"), data.join("ca.pem")).unwrap();
    };
    take("one");
    let settings = path("mail.toml");
    let files = format!(
        "[tls]\ncertificate = '{}'\nkey = '{}'\n",
        path("tls.pem").display(),
        path("tls.key").display()
    );
    fs::write(&settings, files).unwrap();
    let server = Server::start(&data, &["--config", settings.to_str().unwrap()]);
    let open = || {
        let mut talk = Talk::with(&server, "imaps");
        assert!(talk.line().starts_with("* OK"));
        talk
    };
    let mut before = open();
    take("two");
    server.signal("HUP");
    server.wait_for_log(&["the certificate was read again"]);
    open();
    before.write(b"a NOOP\r\n");
    assert!(before.line().starts_with("a OK"), "the session goes on");
    fs::write(path("tls.key"), "nothing").unwrap();
    server.signal("HUP");
    server.wait_for_log(&["ERROR", "the certificate stays as it was"]);
    open();
    server.terminate();
}
