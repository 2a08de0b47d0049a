//! The store from the command line: `mail-server mailbox …`.

use crate::kit::{Server, run, stderr, stdout};
use std::{
    fs,
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Output,
};

fn mailbox(data: &Path, arguments: &[&str]) -> Output {
    let mut line = vec!["mailbox"];
    line.extend(arguments);
    line.extend(["--data", data.to_str().unwrap()]);
    run(&line)
}

fn said(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(output), stderr(output));
    stdout(output)
}

/// A store of a server that ran and stopped, with alice, bob and carol.
fn store(folder: &Path) -> PathBuf {
    let data = folder.join("mail");
    drop(Server::start(&data, &[]));
    data
}

/// A Maildir with two messages in INBOX and one in Lists/ü.
fn maildir(folder: &Path) -> PathBuf {
    let maildir = folder.join("Maildir");
    let write = |path: &str, text: &str| {
        let path = maildir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
    };
    write("cur/1700000001.a.host:2,FSa", "Subject: one\r\n\r\n1\r\n");
    write("new/1700000002.b.host", "Subject: two\r\n\r\n2\r\n");
    write("dovecot-keywords", "0 $Label\n");
    write("tmp/junk", "not a message");
    write(".Lists.&APw-/cur/1700000003.c.host,S=24:2,", "Subject: three\r\n\r\n3\r\n");
    write("subscriptions", "Lists/ü\n");
    maildir
}

#[test]
fn what_is_imported_is_exported_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = store(folder.path());
    let maildir = maildir(folder.path());
    let from = maildir.to_str().unwrap();
    let imported = mailbox(&data, &["import", "alice@example.test", from]);
    assert!(said(&imported).starts_with("imported 3 messages"), "{}", stdout(&imported));
    let to = folder.path().join("out");
    let exported = mailbox(&data, &["export", "alice@example.test", to.to_str().unwrap()]);
    assert!(said(&exported).starts_with("exported 3 messages"));

    let files = |part: &str| -> Vec<(String, String)> {
        let entries = fs::read_dir(to.join(part)).unwrap().map(|entry| entry.unwrap().path());
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        entries.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
    };
    let [(name, text)] = &files("cur")[..] else { panic!("one message has flags") };
    assert!(name.ends_with(",S=19:2,FSa") && text == "Subject: one\r\n\r\n1\r\n", "{name}");
    assert_eq!(files("new")[0].1, "Subject: two\r\n\r\n2\r\n");
    assert_eq!(files(".Lists.&APw-/new")[0].1, "Subject: three\r\n\r\n3\r\n");
    assert_eq!(fs::read_to_string(to.join("dovecot-keywords")).unwrap(), "0 $Label\n");
    assert!(fs::read_to_string(to.join("subscriptions")).unwrap().contains("Lists/ü\n"));

    let again = mailbox(&data, &["export", "alice@example.test", to.to_str().unwrap()]);
    assert!(stderr(&again).contains("is there already"), "{}", stderr(&again));
    let nobody = mailbox(&data, &["import", "nobody@example.test", from]);
    assert!(stderr(&nobody).contains("no account"), "{}", stderr(&nobody));
    let nothing = mailbox(&data, &["import", "alice@example.test", "/nowhere"]);
    assert!(stderr(&nothing).contains("is no Maildir"), "{}", stderr(&nothing));
}

#[test]
fn a_whole_store_checks_and_compacts() {
    let folder = tempfile::tempdir().unwrap();
    let data = store(folder.path());
    let from = maildir(folder.path());
    mailbox(&data, &["import", "bob@example.test", from.to_str().unwrap()]);
    assert_eq!(said(&mailbox(&data, &["check"])), "3 messages, all whole\n");
    assert!(said(&mailbox(&data, &["compact"])).starts_with("the log had "));
    assert_eq!(said(&mailbox(&data, &["check"])), "3 messages, all whole\n");
    let stats = mailbox(&data, &["stats"]);
    assert!(said(&stats).contains("messages        3\n"), "{}", stdout(&stats));

    // A running server does the same, but for what needs a store that nobody has open.
    let _server = Server::start(&data, &[]);
    for command in ["check", "stats", "compact"] {
        said(&mailbox(&data, &[command]));
    }
    let refused = mailbox(&data, &["repair"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("stop it"), "{}", stderr(&refused));
    let to = folder.path().join("live");
    let exported = mailbox(&data, &["export", "bob@example.test", to.to_str().unwrap()]);
    assert!(said(&exported).starts_with("exported 3 messages"));
}

#[test]
fn damage_is_found_named_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let data = store(folder.path());
    let from = maildir(folder.path());
    mailbox(&data, &["import", "bob@example.test", from.to_str().unwrap()]);
    let log = data.join("log/0000000000000000.log");
    let octets = fs::read(&log).unwrap();
    let text = b"Subject: two\r\n\r\n2\r\n";
    let at = octets.windows(text.len()).position(|w| w == text).unwrap();
    let file = fs::File::options().write(true).open(&log).unwrap();
    file.write_all_at(b"X", u64::try_from(at).unwrap()).unwrap();

    let checked = mailbox(&data, &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(
        stdout(&checked).contains(&format!("damaged: {}", log.display())),
        "{}",
        stdout(&checked)
    );
    let repaired = mailbox(&data, &["repair"]);
    assert!(said(&repaired).contains("3 messages are there"), "{}", stdout(&repaired));
    let left = mailbox(&data, &["check"]);
    assert_eq!(left.status.code(), Some(1));
    assert!(stdout(&left).ends_with("3 messages, 1 places are damaged\n"), "{}", stdout(&left));
}

#[test]
fn each_kind_of_store_keeps_mail_and_refuses_the_folder_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let from = maildir(folder.path());
    let file = |kind: &str| folder.path().join(format!("{kind}.toml"));
    let mailbox = |kind: &str, data: &str, arguments: &[&str]| {
        let (file, data) = (file(kind), folder.path().join(data));
        let mut line = vec!["mailbox"];
        line.extend(arguments);
        line.extend(["--config", file.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        run(&line)
    };
    for kind in ["embedded", "sqlite", "maildir"] {
        fs::write(file(kind), format!("store = '{kind}'\n")).unwrap();
        let config = file(kind);
        let start =
            || Server::start(&folder.path().join(kind), &["--config", config.to_str().unwrap()]);
        drop(start());
        let imported = mailbox(kind, kind, &["import", "bob@example.test", from.to_str().unwrap()]);
        assert!(said(&imported).starts_with("imported 3 messages"));
        {
            let _server = start();
            assert_eq!(said(&mailbox(kind, kind, &["check"])), "3 messages, all whole\n");
            assert!(said(&mailbox(kind, kind, &["stats"])).contains("messages        3\n"));
        }
        for command in ["compact", "repair"] {
            let done = mailbox(kind, kind, &[command]);
            assert_eq!(done.status.success(), kind != "maildir", "{}", stderr(&done));
        }
        assert_eq!(said(&mailbox(kind, kind, &["check"])), "3 messages, all whole\n");
        let to = folder.path().join(format!("{kind}-out"));
        let exported = mailbox(kind, kind, &["export", "bob@example.test", to.to_str().unwrap()]);
        assert!(said(&exported).starts_with("exported 3 messages"));
    }
    for (kind, data) in [("maildir", "embedded"), ("embedded", "maildir"), ("sqlite", "maildir")] {
        let refused = mailbox(kind, data, &["stats"]);
        assert!(stderr(&refused).contains("another kind"), "{}", stderr(&refused));
    }
}
