//! Accounts from the command line.

use crate::kit::{Server, Talk, run, run_with, stderr, stdout};
use std::path::Path;

fn user(data: &Path, arguments: &[&str], password: &str) -> std::process::Output {
    let mut line = vec!["user"];
    line.extend(arguments);
    line.extend(["--data", data.to_str().unwrap()]);
    run_with(&line, &format!("{password}\n"))
}

/// Whether this password opens the mailbox.
fn opens(server: &Server, address: &str, password: &str) -> bool {
    let mut talk = Talk::with(server, "pop3s");
    assert!(talk.line().starts_with("+OK"));
    talk.write(format!("USER {address}\r\n").as_bytes());
    assert!(talk.line().starts_with("+OK"));
    talk.write(format!("PASS {password}\r\n").as_bytes());
    talk.line().starts_with("+OK")
}

#[test]
fn accounts_are_added_listed_changed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mail");
    let output = user(&data, &["add", "dave@example.test"], "old");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "added dave@example.test\n");
    user(&data, &["add", "erin@example.test"], "hers");
    assert_eq!(stdout(&user(&data, &["list"], "")), "dave@example.test\nerin@example.test\n");
    let again = user(&data, &["add", "Dave@Example.test"], "x");
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("exists already"), "{}", stderr(&again));

    let changed = user(&data, &["passwd", "dave@example.test"], "new");
    assert_eq!(stdout(&changed), "changed the password of dave@example.test\n");
    let server = Server::start(&data, &[]);
    assert!(!opens(&server, "dave@example.test", "old"));
    assert!(opens(&server, "dave@example.test", "new"));
    assert!(!opens(&server, "alice@example.test", "alice-secret"), "the store was not empty");
    server.terminate();

    let removed = user(&data, &["remove", "dave@example.test"], "");
    assert_eq!(stdout(&removed), "removed dave@example.test and all its mail\n");
    assert_eq!(stdout(&user(&data, &["list"], "")), "erin@example.test\n");
    let gone = user(&data, &["passwd", "dave@example.test"], "x");
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(stderr(&gone), "mail-server: there is no account \"dave@example.test\"\n");
}

#[test]
fn a_second_server_on_the_same_store_says_in_one_sentence_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start(data, &[]);
    let ports: Vec<String> = crate::kit::any_ports();
    let mut line: Vec<&str> = ports.iter().map(String::as_str).collect();
    line.extend(["--data", data.to_str().unwrap()]);
    let second = run(&line);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(
        stderr(&second),
        format!(
            "mail-server: the mail store in {} is open in another process, such as a running mail-server; stop that one first, or choose another folder with --data\n",
            data.display()
        )
    );
    assert!(opens(&server, "alice@example.test", "alice-secret"), "the first one goes on");
    assert_eq!(stdout(&user(data, &["list"], "")).lines().count(), 3, "and takes commands");
}

#[test]
fn accounts_change_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start(data, &[]);
    assert_eq!(
        stdout(&user(data, &["add", "dave@example.test"], "old")),
        "added dave@example.test\n"
    );
    assert!(opens(&server, "dave@example.test", "old"));
    user(data, &["passwd", "dave@example.test"], "new");
    assert!(opens(&server, "dave@example.test", "new"));
    assert!(!opens(&server, "dave@example.test", "old"));
    let output = user(data, &["add", "dave@elsewhere.test"], "x");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("in none of this server's domains"), "{}", stderr(&output));
    user(data, &["remove", "dave@example.test"], "");
    assert!(!opens(&server, "dave@example.test", "new"));
    // The socket is for the server's user alone, and goes with the server.
    use std::os::unix::fs::PermissionsExt;
    let socket = data.join("control");
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    server.terminate();
    assert!(!socket.exists());
}

#[test]
fn a_socket_left_behind_by_a_killed_server_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    Server::start(data, &[]).kill();
    assert!(data.join("control").exists());
    assert_eq!(stdout(&user(data, &["list"], "")).lines().count(), 3);
    let server = Server::start(data, &[]);
    assert_eq!(stdout(&user(data, &["list"], "")).lines().count(), 3);
    server.terminate();
}
