//! What looks at messages before they are stored: rspamd's protocol, and filters of an embedder.

use crate::kit::{Server, Smtp, World, inbox, run, submit};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::Command,
    sync::mpsc,
    thread,
};

/// A scanner that says what the message wants it to say, in its header `X-Say`. What it is asked comes
/// out at the other end.
fn scanner() -> (u16, mpsc::Receiver<(Vec<String>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, asks) = mpsc::channel();
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let mut reader = BufReader::new(tcp.try_clone().unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim_end() {
                    "" => break,
                    line => head.push(line.to_ascii_lowercase()),
                }
            }
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
            let mut message = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut message).unwrap();
            let message = String::from_utf8(message).unwrap();
            let say = message.lines().find_map(|line| line.strip_prefix("X-Say: ")).unwrap();
            let (status, json) = match say {
                "nonsense" => ("200 OK", "{".to_owned()),
                "ill" => ("503 Ill", String::new()),
                action => (
                    "200 OK",
                    format!(
                        "{{\"action\":\"{action}\",\"score\":7.5,\"required_score\":6,\
                     \"messages\":{{\"smtp_message\":\"Said so\\r\\n250\"}},\
                     \"milter\":{{\"add_headers\":{{\"X-Virus\":{{\"value\":\"none\\r\\nBcc: x\"}}}}}}}}"
                    ),
                ),
            };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{json}", json.len());
            tcp.write_all(answer.as_bytes()).unwrap();
            if asked.send((head, message)).is_err() {
                return;
            }
        }
    });
    (port, asks)
}

fn start(world: &World, port: u16, more: &str) -> Server {
    world.start_with(
        "a.test",
        &format!("[filter]\nrspamd = 'http://127.0.0.1:{port}'\n{more}"),
        &[],
    )
}

fn bring(server: &Server, say: &str) -> String {
    let mut smtp = Smtp::with(server, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<carol@a.test>").starts_with("250"));
    smtp.message(&format!("Subject: x\r\nX-Say: {say}\r\n\r\nHello\r\n"))
}

/// How many messages bob has in Junk.
fn junk(world: &World, server: &Server) -> usize {
    let out = world.data("out");
    let _ = fs::remove_dir_all(&out);
    let data = server.data.to_str().unwrap();
    let done = run(&["mailbox", "export", "bob@a.test", out.to_str().unwrap(), "--data", data]);
    assert!(done.status.success());
    fs::read_dir(out.join(".Junk/new")).unwrap().count()
}

#[test]
fn what_a_scanner_says_is_done() {
    let world = World::new([]);
    let (port, asks) = scanner();
    let a = start(&world, port, "");
    assert!(bring(&a, "no action").starts_with("250"));
    let (head, message) = asks.recv().unwrap();
    assert_eq!(head[0], "post /checkv2 http/1.1");
    for line in [
        "ip: 127.0.0.1",
        "helo: client.test",
        "from: x@elsewhere.example",
        "rcpt: bob@a.test",
        "rcpt: carol@a.test",
    ] {
        assert!(head.iter().any(|found| found == line), "{line} is missing in {head:?}");
    }
    assert!(!head.iter().any(|line| line.starts_with("user:")));
    assert!(message.ends_with("\r\n\r\nHello\r\n"), "{message}");
    let found = inbox(&a, "bob@a.test").remove(0);
    let above =
        "X-Spam-Status: No, score=7.50 required=6.00\r\nX-Virus: none Bcc: x\r\nReceived: from";
    assert!(found.contains(above) && found.starts_with("Return-Path: "), "{found}");

    assert!(bring(&a, "add header").starts_with("250"));
    assert_eq!((junk(&world, &a), inbox(&a, "bob@a.test").len()), (1, 1));
    assert_eq!(bring(&a, "reject"), "550 5.7.1 Said so250");
    assert_eq!(bring(&a, "soft reject"), "451 4.7.1 Said so250");
    assert_eq!(inbox(&a, "bob@a.test").len(), 1);
    assert_eq!(asks.try_iter().count(), 3);

    submit(&a, "alice@a.test", &["bob@a.test"], "Subject: x\r\nX-Say: no action\r\n\r\nx\r\n");
    let (head, _) = asks.recv().unwrap();
    assert!(head.iter().any(|line| line == "user: alice@a.test"), "{head:?}");
}

#[test]
fn where_a_scanner_fails_mail_waits_or_goes_on_as_it_is_set() {
    let world = World::new([]);
    let (port, _asks) = scanner();
    let a = start(&world, port, "");
    for say in ["nonsense", "ill"] {
        assert!(bring(&a, say).starts_with("451 4.7.1 Cannot look at it"), "{say}");
    }
    a.wait_for_log(&["a filter failed", "filter=\"rspamd\"", "503"]);
    a.terminate();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let a = start(&world, nobody, "");
    assert!(bring(&a, "x").starts_with("451 4.7.1"));
    a.terminate();
    let a = start(&world, nobody, "on-failure = 'accept'");
    assert!(bring(&a, "x").starts_with("250"));
    assert_eq!(inbox(&a, "bob@a.test").len(), 1);
}

#[test]
fn an_embedder_puts_a_filter_of_their_own_in() {
    let mut program = std::path::PathBuf::from(env!("CARGO_BIN_EXE_mail-server"));
    program.set_file_name("examples/filter");
    if !program.exists() {
        // `cargo test` with the name of a test builds no examples.
        let build = ["build", "--quiet", "--package", "mail-server", "--example", "filter"];
        assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    for flag in crate::kit::any_ports() {
        command.arg(flag);
    }
    command.arg("--data").arg(folder.path());
    let server = Server::spawn(command, folder.path());
    let bring = |message: &str| {
        let mut smtp = Smtp::with(&server, "smtp");
        assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
        assert!(smtp.say("RCPT TO:<bob@example.test>").starts_with("250"));
        smtp.message(message)
    };
    let refused = bring("Subject: x\r\n\r\nContent-Type: x/y; name=\"a.exe\"\r\n");
    assert!(refused.starts_with("550 5.7.1 Programs are not taken here"), "{refused}");
    assert!(bring("Subject: Win!!!!\r\n\r\nx\r\n").starts_with("250"));
    assert!(bring("Subject: hello\r\n\r\nx\r\n").starts_with("250"));
    let found = inbox(&server, "bob@example.test");
    assert_eq!(found.len(), 1, "the other is in Junk");
    assert!(found[0].contains("X-House-Rules: looked at\r\n"), "{}", found[0]);
}
