//! Programs in front of the server: LMTP, the PROXY protocol, XCLIENT. Nobody else may use them.

use crate::kit::{Server, Smtp, Talk, World, inbox, run};

const LETTER: &str = "Subject: x\r\n\r\nHello\r\n";

/// Says lines, each when the one before has its answer; the answers.
fn say(talk: &mut Talk, lines: &[&str]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            talk.write(format!("{line}\r\n").as_bytes());
            let mut answer = talk.line();
            while answer.as_bytes().get(3) == Some(&b'-') {
                answer = talk.line();
            }
            answer
        })
        .collect()
}

fn lmtp(server: &Server) -> Talk {
    let (_, rest) = server.ready.split_once("lmtp://").expect("a listener");
    Talk::at(rest.split_whitespace().next().unwrap().parse().unwrap())
}

#[test]
fn by_lmtp_each_recipient_has_an_answer_after_the_message() {
    let world = World::new([]);
    let a = world.start("a.test", &["--lmtp-port", "0"]);
    let data = a.data.to_str().unwrap();
    let quota = ["user", "quota", "bob@a.test", "--octets", "300", "--data", data];
    assert!(run(&quota).status.success());
    let mut talk = lmtp(&a);
    assert!(talk.line().contains("LMTP"));
    let said = say(
        &mut talk,
        &[
            "LHLO front.test",
            "MAIL FROM:<x@elsewhere.example>",
            "RCPT TO:<alice@a.test>",
            "RCPT TO:<nobody@a.test>",
            "RCPT TO:<bob@a.test>",
            "RCPT TO:<carol@a.test>",
            "RCPT TO:<alice@a.test>",
            "RCPT TO:<x@b.test>",
            "DATA",
        ],
    );
    let codes: Vec<_> = said.iter().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["250", "250", "250", "550", "250", "250", "250", "550", "354"]);
    let long = "x".repeat(300);
    talk.write(
        format!(
            "Authentication-Results: front.test; spf=pass\r\nSubject: x\r\n\r\n{long}\r\n.\r\n"
        )
        .as_bytes(),
    );
    let answers: Vec<_> = (0..4).map(|_| talk.line()).collect();
    let codes: Vec<_> = answers.iter().map(|line| &line[..9]).collect();
    assert_eq!(codes, ["250 2.0.0", "452 4.2.2", "250 2.0.0", "250 2.0.0"], "{answers:?}");
    assert!(say(&mut talk, &["NOOP"])[0].starts_with("250"), "and not one more");
    let found = inbox(&a, "alice@a.test");
    assert_eq!(found.len(), 1, "the same mailbox twice is one copy");
    assert!(found[0].contains(" with LMTP "), "{}", found[0]);
    assert!(found[0].contains("front.test; spf=pass"), "what the front found stays: {}", found[0]);
    assert_eq!((inbox(&a, "bob@a.test").len(), inbox(&a, "carol@a.test").len()), (0, 1));

    // All without room.
    let said =
        say(&mut talk, &["MAIL FROM:<>", "RCPT TO:<bob@a.test>", "DATA", &format!("{long}\r\n.")]);
    assert!(said[3].starts_with("452 4.2.2"), "{said:?}");
}

#[test]
fn lmtp_is_for_those_who_are_trusted() {
    let world = World::new([]);
    let a = world.start_with("a.test", "[trusted]\nlmtp = ['192.0.2.1']\n", &["--lmtp-port", "0"]);
    let mut talk = lmtp(&a);
    assert!(talk.line().starts_with("554 5.7.1"));
    let said = say(&mut talk, &["LHLO front.test", "MAIL FROM:<x@elsewhere.example>"]);
    assert!(said.iter().all(|line| line.starts_with('5')), "{said:?}");
}

#[test]
fn a_proxy_says_who_the_client_is_in_either_version() {
    let world = World::new([]);
    let a = world.start_with(
        "a.test",
        "[trusted]\nproxy = ['127.0.0.1']\n[checks]\npolicy = 'off'\n",
        &[],
    );
    let mut v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24".to_vec();
    v2.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    v2.extend([0; 16]);
    v2.extend([0xdc, 4, 0, 25]);
    let v1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n".to_vec();
    let unknown = b"PROXY UNKNOWN\r\n".to_vec();
    let clients = [(v1, "192.0.2.7"), (v2, "IPv6:2001:db8::7"), (unknown, "127.0.0.1")];
    for (header, ip) in &clients {
        let mut talk = Talk::at(a.address("smtp"));
        talk.write(header);
        assert!(talk.line().starts_with("220"));
        let said = say(
            &mut talk,
            &[
                "EHLO client.test",
                "MAIL FROM:<x@elsewhere.example>",
                "RCPT TO:<bob@a.test>",
                "DATA",
                "Subject: x\r\n\r\nx\r\n.",
                "QUIT",
            ],
        );
        assert!(said[4].starts_with("250"), "{said:?}");
        let found = inbox_by_proxy(&a).pop().unwrap();
        assert!(found.contains(&format!("from client.test ([{ip}])")), "{found}");
    }
    a.wait_for_log(&["peer=192.0.2.7:56324", "session tls="]);
    // Whoever does not say is not spoken with, at any listener.
    for service in ["smtp", "imaps"] {
        let mut talk = Talk::at(a.address(service));
        talk.write(b"EHLO client.test\r\n");
        assert!(talk.is_over(), "{service}");
    }
    a.wait_for_log(&["no PROXY header", "proxy=127.0.0.1:"]);
}

/// Bob's mail by POP3 below the proxy.
fn inbox_by_proxy(server: &Server) -> Vec<String> {
    let out = server.data.with_extension("out");
    let _ = std::fs::remove_dir_all(&out);
    let words = ["mailbox", "export", "bob@a.test", out.to_str().unwrap(), "--data"];
    assert!(run(&[&words[..], &[server.data.to_str().unwrap()]].concat()).status.success());
    let mut files: Vec<_> =
        std::fs::read_dir(out.join("new")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        name.split(".U").nth(1).unwrap().split('.').next().unwrap().parse::<u32>().unwrap()
    });
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn from_others_a_proxy_header_is_an_error_like_any_other() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut talk = Talk::with(&a, "smtp");
    talk.line();
    let said =
        say(&mut talk, &["PROXY TCP4 192.0.2.7 198.51.100.1 56324 25", "XCLIENT ADDR=192.0.2.7"]);
    assert!(said[0].starts_with("500"), "{said:?}");
    assert!(said[1].starts_with("550 5.7.0"), "{said:?}");
    assert!(!Smtp::with(&a, "smtp").say("EHLO x").contains("XCLIENT"));
}

#[test]
fn limits_are_those_of_the_client_behind_the_proxy() {
    let world = World::new([]);
    let settings = "[trusted]\nproxy = ['127.0.0.1']\n[limits]\nip-connections = 1\n";
    let a = world.start_with("a.test", settings, &[]);
    let open = |ip: &str| {
        let mut talk = Talk::at(a.address("smtp"));
        talk.write(format!("PROXY TCP4 {ip} 198.51.100.1 56324 25\r\n").as_bytes());
        let line = talk.line();
        (talk, line)
    };
    let (_first, greeting) = open("192.0.2.7");
    assert!(greeting.starts_with("220"));
    assert!(open("192.0.2.7").1.starts_with("421 4.3.2"));
    assert!(open("192.0.2.8").1.starts_with("220"));
}

#[test]
fn by_xclient_a_trusted_server_speaks_for_another_client() {
    let world = World::new([]);
    let a = world.start_with("a.test", "[trusted]\nxclient = ['127.0.0.0/8']\n", &[]);
    let mut smtp = Smtp::with(&a, "smtp");
    assert!(smtp.say("EHLO front.test").contains("XCLIENT NAME ADDR PORT PROTO HELO LOGIN"));
    assert!(smtp.say("XCLIENT ADDR=no").starts_with("501 5.5.4"));
    for (attributes, ip) in [
        ("NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=1234 HELO=client.test", "192.0.2.7"),
        ("ADDR=IPV6:2001:db8::7 HELO=client.test", "IPv6:2001:db8::7"),
    ] {
        assert!(smtp.say(&format!("XCLIENT {attributes}")).starts_with("220"));
        assert!(smtp.say("EHLO front.test").starts_with("250"));
        assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
        assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
        assert!(smtp.say("RCPT TO:<x@b.test>").starts_with("550"), "and still nothing is relayed");
        assert!(smtp.message(LETTER).starts_with("250"));
        let found = inbox(&a, "bob@a.test").pop().unwrap();
        assert!(found.contains(&format!("from client.test ([{ip}])")), "{found}");
        // It is no longer 127.0.0.1, which is not checked.
        assert!(found.contains("Authentication-Results: mx.a.test"), "{found}");
    }
    // Whom it names has logged in, if there is such a user.
    let mut smtp = Smtp::with(&a, "submission").start_tls(&a);
    assert!(smtp.say("XCLIENT ADDR=192.0.2.7 LOGIN=nobody@a.test").starts_with("550 5.7.8"));
    assert!(smtp.say("MAIL FROM:<alice@a.test>").starts_with("530"));
    assert!(smtp.say("XCLIENT ADDR=192.0.2.7 LOGIN=alice@a.test").starts_with("220"));
    assert!(smtp.say("EHLO front.test").starts_with("250"));
    assert!(smtp.say("MAIL FROM:<bob@a.test>").starts_with("553"));
    assert!(smtp.say("MAIL FROM:<alice@a.test>").starts_with("250"));
}
