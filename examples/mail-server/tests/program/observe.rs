//! What an operator sees of a running server: the log, metrics, health.

use crate::kit::{Hop, Server, Smtp, Talk, World, submit, usual};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

/// Its password in PLAIN.
const SECRET: &str = "AGFsaWNlQGEudGVzdABhbGljZS1zZWNyZXQ=";
const LETTER: &str = "Subject: seen\r\n\r\nHello\r\n";

#[test]
fn each_session_is_one_line_and_so_is_each_delivery() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "RCPT TO:<carol@b.test>" => Some("451 4.7.1 later"),
        command => usual(command),
    });
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    submit(&a, "alice@a.test", &["bob@b.test", "carol@b.test"], LETTER);
    a.wait_for_log(&["delivered", "to=\"bob@b.test\"", "server=\"mx.b.test\""]);
    a.wait_for_log(&["deferred", "to=\"carol@b.test\"", "4.7.1 later"]);
    {
        let mut stranger = Smtp::with(&a, "smtp");
        assert!(stranger.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
        assert!(stranger.say("RCPT TO:<x@elsewhere.example>").starts_with("550"));
    }
    a.wait_for_log(&["service=smtp", "session tls=\"none\" messages=0 refusals=1"]);
    let mut smtp = Smtp::with(&a, "submission").start_tls(&a);
    let wrong = smtp.say("AUTH PLAIN AGFsaWNlQGEudGVzdAB3cm9uZw==");
    assert!(wrong.starts_with("535"), "{wrong}");
    drop(smtp);
    a.wait_for_log(&["service=submission", "session tls=\"TLS 1.3\"", "failed_log_ins=1"]);
    let (_, log) = a.terminate();
    let sessions: Vec<_> = log.lines().filter(|line| line.contains("session tls=")).collect();
    assert_eq!(sessions.len(), 3, "{log}");
    let first = sessions[0];
    for part in
        ["peer=127.0.0.1:", "tls=\"TLS 1.3\" user=\"alice@a.test\" messages=1", "end=\"closed\""]
    {
        assert!(first.contains(part), "{part} is missing in {first}");
    }
    assert!(!log.contains("alice-secret") && !log.contains(SECRET), "{log}");
}

#[test]
fn as_json_each_line_is_an_object() {
    let world = World::new([]);
    let a = world.start("a.test", &["--log-format", "json"]);
    submit(&a, "alice@a.test", &["bob@a.test"], LETTER);
    let (_, log) = a.terminate();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let session = lines.iter().find(|line| line["message"] == "session").expect("a session");
    assert_eq!((&session["user"], &session["messages"]), (&"alice@a.test".into(), &1.into()));
    assert_eq!(session["span"]["service"], "submission");
    assert!(session["read"].as_u64() > Some(100) && session["written"].as_u64() > Some(100));
}

#[test]
fn sessions_are_written_down_where_wanted_and_passwords_never() {
    let world = World::new([]);
    let a = world.start_with("a.test", "[log]\ntrace = ['submission', 'imaps']\n", &[]);
    submit(&a, "alice@a.test", &["bob@a.test"], LETTER);
    let mut smtp = Smtp::with(&a, "submission").start_tls(&a);
    for line in ["AUTH LOGIN", "YWxpY2VAYS50ZXN0", "YWxpY2Utc2VjcmV0"] {
        assert!(smtp.say(line).starts_with(['2', '3']), "{line}");
    }
    // What no server takes was said all the same.
    for line in [" AUTH PLAIN ", "AUTH  PLAIN  ", "auth\tplain\t"] {
        let mut smtp = Smtp::with(&a, "submission").start_tls(&a);
        smtp.say(&format!("{line}{SECRET}"));
    }
    let mut imap = Talk::with(&a, "imaps");
    imap.line();
    imap.write(b"a LOGIN alice@a.test {12}\r\n");
    assert!(imap.line().starts_with("+"));
    imap.write(b"alice-secret\r\n");
    assert!(imap.line().starts_with("a OK"));
    Smtp::with(&a, "smtp").say("NOOP not written");
    for words in [
        ["service=submission", "C: EHLO client.test"],
        ["service=submission", "C: … TLS 1.3 from here on"],
        ["service=submission", "C: AUTH PLAIN ***"],
        ["service=submission", "S: 235 2.7.0"],
        ["service=submission", "C: MAIL FROM:<alice@a.test>"],
        ["service=imaps", "C: a LOGIN ***"],
    ] {
        a.wait_for_log(&words);
    }
    let (_, log) = a.terminate();
    for secret in ["alice-secret", SECRET, "YWxpY2Utc2VjcmV0", "not written"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[test]
fn one_address_can_be_watched_from_now_on() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let settings = fs::read_to_string(world.settings("a.test")).unwrap();
    let trace = "\n[log]\ntrace = ['127.0.0.0/8', '2001:db8::1']\n";
    fs::write(world.settings("a.test"), settings + trace).unwrap();
    Smtp::with(&a, "smtp").say("NOOP before");
    a.signal("HUP");
    a.wait_for_log(&["the settings were read again"]);
    Smtp::with(&a, "smtp").say("NOOP after");
    a.wait_for_log(&["service=smtp", "C: NOOP after"]);
    assert!(!a.terminate().1.contains("NOOP before"));
}

/// Asks the monitor; status and body.
fn get(server: &Server, path: &str) -> (u16, String) {
    let (_, rest) = server.ready.split_once("http://").expect("an address");
    let (address, _) = rest.split_once('/').unwrap();
    let mut tcp = TcpStream::connect(address).unwrap();
    write!(tcp, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    tcp.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn what_happens_is_counted_for_prometheus() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let a = world.start("a.test", &["--relay-port", hop.port(), "--metrics-port", "0"]);
    submit(&a, "alice@a.test", &["bob@b.test", "bob@a.test"], LETTER);
    hop.session();
    a.wait_for_log(&["delivered"]);
    let mut open = Smtp::with(&a, "smtp");
    assert!(open.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    assert!(open.say("RCPT TO:<x@elsewhere.example>").starts_with("550"));
    // The outcome is recorded a moment after the log has it.
    let asked = || Some(get(&a, "/metrics")).filter(|(_, text)| text.contains("messages\"} 0\n"));
    let (status, metrics) = (0..1000).find_map(|_| asked()).expect("an empty queue");
    assert_eq!(status, 200);
    for line in [
        "# TYPE mail_sessions_total counter",
        "mail_sessions_total{service=\"submission\"} 1",
        "mail_sessions_open{service=\"smtp\"} 1",
        "mail_log_ins_total{result=\"accepted\",service=\"submission\"} 1",
        "mail_messages_accepted_total{service=\"submission\"} 1",
        "mail_refusals_total{code=\"550\",service=\"smtp\"} 1",
        "mail_deliveries_total{outcome=\"delivered\"} 1",
        "mail_state{of=\"queue_messages\"} 0",
        "mail_state{of=\"accounts\"} 3",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in {metrics}");
    }
    assert_eq!(get(&a, "/health"), (200, "ok\n".into()));
    assert_eq!(get(&a, "/").0, 404);
    // A disk that takes nothing.
    fs::remove_dir_all(&a.data).unwrap();
    let (status, why) = get(&a, "/health");
    assert!(status == 503 && why.starts_with("the store's disk takes nothing"), "{why}");
}
