//! SPF, DKIM and DMARC, between two servers and with strangers.

use crate::kit::{
    Hop, Server, Smtp, World, Zone, inbox, run, stderr, stdout, submit, usual, wait_for,
};
use std::{fs, net::Ipv4Addr, path::Path};

/// Mail from 127.0.0.1 is checked like that of strangers.
const CHECKED: &str = "[checks]\nexempt = []\n";

fn dkim(data: &Path, command: &str) -> String {
    let output = run(&["dkim", command, "--data", data.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output).to_owned()
}

/// Keys of good.test, which are those of the world below; and the world that knows them. Only good.test
/// may send from 127.0.0.1; strict.test and soft.test want what is not theirs refused or put aside.
fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let records = dkim(folder.path(), "add");
    let mut good = Zone::new("good.test")
        .mx("good.test", 10, "mx.good.test")
        .a("mx.good.test", Ipv4Addr::LOCALHOST)
        .txt("good.test", "v=spf1 ip4:127.0.0.1 -all")
        .txt("_dmarc.good.test", "v=DMARC1; p=reject");
    let mut published = 0;
    for line in records.lines().filter_map(|line| line.strip_prefix("  ")) {
        let (name, record) = line.split_once("  ").unwrap();
        good = good.txt(&name.replace("DOMAIN", "good.test"), record);
        published += 1;
    }
    assert_eq!(published, 2, "{records}");
    let other = |domain: &str, policy: &str| {
        Zone::new(domain)
            .txt(domain, "v=spf1 ip4:192.0.2.1 -all")
            .txt(&format!("_dmarc.{domain}"), &format!("v=DMARC1; p={policy}"))
    };
    let world = World::new([
        Zone::new("test"),
        good,
        other("strict.test", "reject"),
        other("soft.test", "quarantine"),
    ]);
    fs::create_dir_all(world.data("good.test")).unwrap();
    fs::rename(folder.path().join("dkim"), world.data("good.test").join("dkim")).unwrap();
    world
}

/// Brings a message from a stranger for bob; the last reply.
fn bring(server: &Server, from: &str, message: &str) -> String {
    let mut smtp = Smtp::with(server, "smtp");
    assert!(smtp.say(&format!("MAIL FROM:<{from}>")).starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@b.test>").starts_with("250"));
    smtp.message(message)
}

#[test]
fn what_is_signed_here_is_believed_there_and_what_is_changed_is_not() {
    let world = world();
    let b = world.start_with("b.test", CHECKED, &[]);
    let good = world.start("good.test", &["--relay-port", &b.port("smtp")]);
    let message = "From: Alice <alice@good.test>\r\nTo: bob@b.test\r\nSubject: signed\r\n\r\nHello \r\n\r\n\r\n";
    submit(&good, "alice@good.test", &["bob@b.test"], message);
    let found = wait_for(&b, "bob@b.test", 1).remove(0);
    for part in [
        "Return-Path: <alice@good.test>\r\nAuthentication-Results: mx.b.test;\r\n",
        "spf=pass",
        "dkim=pass header.d=good.test header.s=ed",
        "dkim=pass header.d=good.test header.s=rsa",
        "dmarc=pass header.from=good.test policy.dmarc=reject",
        "a=ed25519-sha256",
        "a=rsa-sha256",
    ] {
        assert!(found.contains(part), "{part:?} is missing in {found}");
    }
    // Brought by somebody else, whom SPF does not know, with another text.
    let at = found.find("DKIM-Signature:").unwrap();
    let signed = &found[at..];
    let reply = bring(&b, "x@elsewhere.example", signed);
    assert!(reply.starts_with("250"), "passed on as it was, it is still alice's: {reply}");
    let forged = signed.replace("Hello", "Send money");
    let reply = bring(&b, "x@elsewhere.example", &forged);
    assert!(reply.starts_with("550 5.7.1 The policy of good.test (DMARC)"), "{reply}");
    assert_eq!(inbox(&b, "bob@b.test").len(), 2);
}

#[test]
fn the_policy_of_the_authors_domain_is_done_where_it_is_to_be() {
    let world = world();
    let from = |domain: &str| format!("From: x@{domain}\r\nSubject: {domain}\r\n\r\nx\r\n");
    let b = world.start_with("b.test", CHECKED, &[]);
    let refused = bring(&b, "x@strict.test", &from("strict.test"));
    assert!(refused.starts_with("550 5.7.1"), "{refused}");
    assert!(bring(&b, "x@soft.test", &from("soft.test")).starts_with("250"));
    assert_eq!(inbox(&b, "bob@b.test").len(), 0, "it is in Junk");
    let export = world.data("out");
    let arguments = ["mailbox", "export", "bob@b.test", export.to_str().unwrap(), "--data"];
    let output = run(&[&arguments[..], &[world.data("b.test").to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_dir(export.join(".Junk/new")).unwrap().count(), 1);
    // A forged field of ours is not believed; of an unknown domain nothing is known.
    let forged = "Authentication-Results: mx.b.test; dmarc=pass header.from=x\r\n";
    let message = format!("{forged}{}", from("elsewhere.example"));
    assert!(bring(&b, "", &message).starts_with("250"));
    let found = inbox(&b, "bob@b.test").remove(0);
    assert_eq!(found.matches("Authentication-Results:").count(), 1, "{found}");
    assert!(!found.contains("dmarc=pass"), "{found}");
    b.terminate();

    let settings = format!("{CHECKED}policy = 'report'\n");
    let b = world.start_with("b.test", &settings, &[]);
    assert!(bring(&b, "x@strict.test", &from("strict.test")).starts_with("250"));
    let found = inbox(&b, "bob@b.test").remove(1);
    assert!(found.contains("dmarc=fail"), "{found}");
    b.terminate();

    let b = world.start_with("b.test", "[checks]\npolicy = 'off'\n", &[]);
    assert!(bring(&b, "x@strict.test", &from("strict.test")).starts_with("250"));
    assert!(!inbox(&b, "bob@b.test").remove(2).contains("Authentication-Results"));
}

#[test]
fn keys_change_while_the_server_runs() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    let data = world.data("a.test");
    let selectors = |message: &str| -> Vec<String> {
        let words = message.split([' ', ';', '\t', '\r']);
        words.filter_map(|word| word.strip_prefix("s=")).map(str::to_owned).collect()
    };
    let sent = || {
        submit(&a, "alice@a.test", &["bob@b.test"], "Subject: x\r\n\r\nx\r\n");
        selectors(&hop.session().message)
    };
    assert!(sent().is_empty(), "without keys nothing is signed");
    dkim(&data, "add");
    let first = sent();
    assert_eq!(first.len(), 2);
    let waiting = dkim(&data, "add");
    assert!(waiting.contains("(waiting)"), "{waiting}");
    assert_eq!(sent(), first);
    assert_eq!(dkim(&data, "switch").lines().count(), 2);
    let second = sent();
    assert!(second.len() == 2 && second != first, "{first:?} {second:?}");
    let list = dkim(&data, "list");
    assert_eq!((list.matches("signing").count(), list.matches("retired").count()), (2, 2));
}

#[test]
fn a_user_writes_under_their_own_name_only() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let say = |from: &str| {
        let mut smtp = Smtp::submission(&a, "alice@a.test");
        assert!(smtp.say("MAIL FROM:<alice@a.test>").starts_with("250"));
        assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
        smtp.message(&format!("{from}Subject: x\r\n\r\nx\r\n"))
    };
    for from in ["", "From: alice@a.test\r\n", "From: \"bob@a.test\" <ALICE+x@a.test>\r\n"] {
        assert!(say(from).starts_with("250"), "{from}");
    }
    for from in [
        "From: bob@a.test\r\n",
        "From: alice@b.test\r\n",
        "From: alice@a.test, bob@a.test\r\n",
        "From: alice@a.test\r\nFrom: bob@a.test\r\n",
        "From: alice@a.test <bob@a.test>\r\n",
    ] {
        assert!(say(from).starts_with("550 5.7.1"), "{from}");
    }
    a.terminate();
    let a = world.start_with("a.test", "[accounts]\nown-from = false\n", &[]);
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    assert!(smtp.say("MAIL FROM:<alice@a.test>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
    assert!(smtp.message("From: bob@a.test\r\n\r\nx\r\n").starts_with("250"));
}

#[test]
fn a_sender_who_asks_hears_that_a_message_has_arrived() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    let offered = smtp.say("EHLO client.test");
    for keyword in ["DSN", "SMTPUTF8", "LIMITS RCPTMAX=1000"] {
        assert!(offered.contains(keyword), "{offered}");
    }
    assert!(smtp.say("MAIL FROM:<alice@a.test> RET=HDRS ENVID=QQ1").starts_with("250"));
    assert!(
        smtp.say("RCPT TO:<bob@a.test> NOTIFY=SUCCESS ORCPT=rfc822;b@a.test").starts_with("250")
    );
    assert!(smtp.say("RCPT TO:<carol@a.test>").starts_with("250"));
    assert!(smtp.message("Subject: x\r\n\r\nx\r\n").starts_with("250"));
    let report = wait_for(&a, "alice@a.test", 1).remove(0);
    for part in [
        "Original-Envelope-Id: QQ1\r\n",
        "Original-Recipient: rfc822; b@a.test\r\n",
        "Action: delivered\r\nStatus: 2.1.5\r\n",
    ] {
        assert!(report.contains(part), "{part:?} is missing in {report}");
    }
    assert!(!report.contains("carol@a.test"), "{report}");
}

#[test]
fn addresses_beyond_ascii_travel_where_they_can() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut smtp = Smtp::with(&a, "smtp");
    assert!(smtp.say("MAIL FROM:<jörg@elsewhere.example> SMTPUTF8").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
    assert!(smtp.message("Subject: grün\r\n\r\nx\r\n").starts_with("250"));
    let found = inbox(&a, "bob@a.test").remove(0);
    assert!(found.contains(" with UTF8SMTP ") && found.contains("Subject: grün"), "{found}");
    assert!(smtp.say("MAIL FROM:<jörg@elsewhere.example>").starts_with("55"));
}
