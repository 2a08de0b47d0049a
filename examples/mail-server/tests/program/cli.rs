//! Arguments, messages, exit statuses.

use crate::kit::{PORTS, Server, any_ports, run, run_with, stderr, stdout};
use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    process::Command,
};

#[test]
fn help_names_every_setting_and_gives_examples() {
    let output = run(&["--help"]);
    assert!(output.status.success());
    let help = stdout(&output);
    for word in ["--config", "--data", "--dns", "--imap-port", "demo", "user", "Examples:"] {
        assert!(help.contains(word), "{word} is missing in {help}");
    }
}

#[test]
fn an_unknown_flag_is_refused_with_a_hint() {
    let output = run(&["--imap-prt", "143"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--imap-port"), "{}", stderr(&output));
}

#[test]
fn the_printed_configuration_is_one_it_starts_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.toml");
    let output = run(&["--hostname", "mail.example", "--pop3-port", "off", "config"]);
    assert!(output.status.success());
    std::fs::write(&file, &output.stdout).unwrap();
    let again = run(&["--config", file.to_str().unwrap(), "config"]);
    assert_eq!(stdout(&again), stdout(&output));
    assert!(stdout(&output).contains("hostname = \"mail.example\""));
}

#[test]
fn a_mistake_in_the_configuration_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.toml");
    std::fs::write(&file, "hostname = 'mail.example'\nport = 143\n").unwrap();
    let output = run(&["--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("mail-server: {}, line 2: unknown field `port`", file.display());
    assert!(stderr(&output).starts_with(&expected), "{}", stderr(&output));
}

#[test]
fn a_taken_port_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = folder.path().to_str().unwrap();
    let output = run(&["--data", data, "--smtp-port", &port]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        format!(
            "mail-server: port {port} on 127.0.0.1 is already in use; stop the other program or choose another with --smtp-port\n"
        )
    );
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "it changed something");
}

#[cfg(unix)]
#[test]
fn it_is_ready_when_it_says_so_and_ends_well_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    for word in ["alice@example.test", "bob-secret", "carol-secret", "ca.pem"] {
        assert!(server.ready.contains(word), "{word} is missing in {}", server.ready);
    }
    for service in PORTS {
        TcpStream::connect(server.address(service)).unwrap();
    }
    let (status, log) = server.terminate();
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
}

#[cfg(unix)]
#[test]
fn a_client_that_says_nothing_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let mut silent = TcpStream::connect(server.address("imaps")).unwrap();
    let (status, log) = server.terminate();
    assert_eq!(status, Some(0), "{log}");
    assert!(!log.contains("did not finish"), "{log}");
    assert_eq!(silent.read(&mut [0]).unwrap_or(0), 0);
}

#[cfg(unix)]
#[test]
fn it_survives_running_out_of_file_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_mail-server");
    let data = folder.path().display();
    let line =
        format!("ulimit -n 40 && exec '{program}' --data '{data}' {}", any_ports().join(" "));
    let mut command = Command::new("sh");
    command.args(["-c", &line]);
    let server = Server::spawn(command, folder.path());
    let (imaps, smtp) = (server.address("imaps"), server.address("smtp"));
    let many: Vec<_> = (0..60).map(|_| TcpStream::connect(imaps).unwrap()).collect();
    let mut waiting = TcpStream::connect(smtp).unwrap();
    drop(many);
    // Accepted in the end, whatever is said then.
    let _ = waiting.read(&mut [0]);
    let (status, log) = server.terminate();
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("cannot accept connections for a moment"), "{log}");
}

#[cfg(unix)]
#[test]
fn the_log_can_be_json_and_is_not_coloured_in_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let (_, log) = Server::start(folder.path(), &["--log-format", "json"]).terminate();
    assert!(log.lines().count() >= 2, "{log}");
    assert!(log.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{log}");
    let (_, log) = Server::start(folder.path(), &[]).terminate();
    assert!(!log.contains('\x1b') && log.contains("INFO"), "{log}");
    let (_, log) = Server::start(folder.path(), &["--log", "off"]).terminate();
    assert_eq!(log, "");
}

#[test]
fn a_foreign_address_gets_no_account() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let output = run_with(&["user", "add", "dave@elsewhere.test", "--data", data], "geheim\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("in none of this server's domains (example.test)"));
}
