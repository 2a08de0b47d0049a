//! What a user is told when it does not work.

use crate::kit::{Kind, Script, Server, Target, fails, path, program, succeeds};
use std::fs;

fn plain(server: &str, target: &Target) -> std::process::Command {
    program(server, target, &["--tls", "none"])
}

/// A server of before RFC 2449, with one message.
fn old_server(command: &str) -> &'static str {
    match command.split(' ').next().unwrap() {
        "" => "+OK\r\n",
        "USER" | "PASS" | "DELE" | "QUIT" => "+OK\r\n",
        "UIDL" => "+OK\r\n1 a/b:c*?\r\n.\r\n",
        "LIST" => "+OK\r\n1 99999999\r\n.\r\n",
        "RETR" => "+OK\r\na: b\r\n\r\n..\r\n.\r\n",
        _ => "-ERR unknown command\r\n",
    }
}

#[test]
fn a_server_without_capa_is_fine_and_its_sizes_may_lie() {
    for kind in Kind::BOTH {
        let (server, folder) = (Script::start(old_server), tempfile::tempdir().unwrap());
        let target = Target::new(kind, folder.path());
        let said = succeeds(plain(&server.address(), &target));
        assert_eq!(said, "1 message fetched, 1 deleted, 0 left there\n");
        assert_eq!(target.messages(), ["a: b\r\n\r\n.\r\n"]);
        let heard = server.heard();
        let after = |command: &str| heard.iter().position(|heard| heard == command).unwrap();
        assert!(after("RETR 1") < after("DELE 1") && after("DELE 1") < after("QUIT"), "{heard:?}");
    }
}

/// RFC 1939 §7: a unique id is unique as long as its message exists, and no longer.
#[test]
fn a_unique_id_that_is_given_again_is_another_message() {
    for kind in Kind::BOTH {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::new(kind, folder.path());
        let first = Script::start(old_server);
        let address = first.address();
        let fetched = "1 message fetched, 1 deleted, 0 left there\n";
        assert_eq!(succeeds(plain(&address, &target)), fetched);
        first.heard();
        let second = Script::start_at(&address, |command| match command {
            "RETR 1" => "+OK\r\nc: d\r\n\r\n.\r\n",
            other => old_server(other),
        });
        assert_eq!(succeeds(plain(&address, &target)), fetched);
        second.heard();
        assert_eq!(target.messages().len(), 2);
        // What QUIT did not delete is still known, and is not fetched again.
        let third = Script::start_at(&address, |command| match command {
            "QUIT" => "-ERR some messages are still there\r\n",
            other => old_server(other),
        });
        fails(plain(&address, &target));
        third.heard();
        let fourth = Script::start_at(&address, old_server);
        let said = succeeds(plain(&address, &target));
        assert_eq!(said, "0 messages fetched, 1 deleted, 0 left there\n");
        fourth.heard();
        assert_eq!(target.messages().len(), 3);
    }
}

/// Two tunnels end on one host name.
#[test]
fn servers_behind_two_ports_are_two_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::new(Kind::Maildir, folder.path());
    for n in 1..=2 {
        let server = Script::start(old_server);
        let said = succeeds(program(&server.address(), &target, &["--tls", "none", "--keep"]));
        assert_eq!(said, "1 message fetched, 0 deleted, 1 left there\n");
        server.heard();
        assert_eq!(target.messages().len(), n);
    }
}

#[test]
fn without_uidl_nothing_is_fetched_and_it_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::new(Kind::Maildir, folder.path());
    let server = Script::start(|command| match command {
        "UIDL" => "-ERR unknown command\r\n",
        other => old_server(other),
    });
    let error = fails(plain(&server.address(), &target));
    assert!(error.contains("has no UIDL (unknown command)") && error.contains("Ask"), "{error}");
    assert!(server.heard().iter().all(|command| !command.starts_with("RETR")));
    assert!(target.messages().is_empty());
}

#[test]
fn a_message_that_breaks_off_is_not_there_and_comes_whole_the_next_time() {
    for kind in Kind::BOTH {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::new(kind, folder.path());
        let server = Script::start(|command| match command.split(' ').next().unwrap() {
            "RETR" => "+OK\r\na: b\r\n\r\nhalf",
            "CAPA" => "+OK\r\nPIPELINING\r\nUSER\r\nUIDL\r\n.\r\n",
            "USER" | "PASS" | "LIST" | "UIDL" | "" => old_server(command),
            _ => "",
        });
        let address = server.address();
        let child = std::thread::spawn(move || {
            let heard = server.heard();
            assert!(!heard.iter().any(|command| command.starts_with("DELE")), "{heard:?}");
        });
        // It is killed while it waits for the rest.
        let mut command = plain(&address, &target);
        let mut running = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        while target.leftovers() == 0 {
            std::thread::yield_now();
        }
        running.kill().unwrap();
        running.wait().unwrap();
        child.join().unwrap();
        assert!(target.messages().is_empty());
        let server = Script::start(old_server);
        succeeds(plain(&server.address(), &target));
        assert_eq!(target.messages(), ["a: b\r\n\r\n.\r\n"]);
        assert_eq!(target.leftovers(), 0);
    }
}

#[test]
fn a_message_that_is_refused_stays_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::new(Kind::Maildir, folder.path());
    let server = Script::start(|command| match command {
        "UIDL" => "+OK\r\n1 a\r\n2 b\r\n.\r\n",
        "RETR 1" => "-ERR [SYS/TEMP] cannot be read\r\n",
        other => old_server(other),
    });
    let error = fails(plain(&server.address(), &target));
    assert!(error.contains("message 1 (a) stays there: [SYS/TEMP] cannot be read"), "{error}");
    assert_eq!(target.messages().len(), 1);
    let heard = server.heard();
    assert!(!heard.contains(&"DELE 1".into()) && heard.contains(&"DELE 2".into()), "{heard:?}");
}

#[test]
fn nothing_secret_is_said_without_tls_unless_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::new(Kind::Maildir, folder.path());
    let server = Script::start(old_server);
    let error = fails(program(&server.address(), &target, &["--tls", "stls"]));
    assert!(error.contains("offers no STLS") && error.contains("--tls implicit"), "{error}");
    assert_eq!(server.heard(), ["STLS"]);
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let target = Target::new(Kind::Mbox, folder.path());
    let (pop3, pop3s) = (server.address("pop3"), server.address("pop3s"));
    let ca = server.ca();
    let trust = ["--ca", path(&ca)];
    let wrong = folder.path().join("password");
    fs::write(&wrong, "wrong\n").unwrap();

    let mut command = program(&pop3s, &target, &trust);
    command.args(["--password-file", path(&wrong)]);
    let error = fails(command);
    assert!(error.contains("[AUTH]") && error.contains("are name and password right"), "{error}");

    let mut command = program(&pop3s, &target, &trust);
    command.env_remove("POP3_PASSWORD");
    let error = fails(command);
    assert!(error.contains("no password"), "{error}");

    let error = fails(program(&pop3s, &target, &["--ca", path(&wrong)]));
    assert!(error.contains("no usable certificate"), "{error}");
    let error = fails(program(&pop3, &target, &trust));
    assert!(error.contains("no TLS with") && error.contains("--tls stls"), "{error}");
    let error = fails(program("127.0.0.1:1", &target, &trust));
    assert!(error.contains("cannot reach 127.0.0.1:1"), "{error}");
    let smtp = server.address("smtp");
    let error = fails(program(&smtp, &target, &["--tls", "none"]));
    assert!(error.contains("does not speak POP3"), "{error}");
    let error = fails(program(&pop3, &target, &["--tls", "none"]));
    assert!(error.contains("STLS first") || error.contains("no way to log in"), "{error}");
}
