//! What the sender is told, as it asked for: RFC 3461 and RFC 3464.

use crate::kit::{Hop, Server, Smtp, World, inbox, run, submit, usual, wait_for};

const MESSAGE: &str =
    "From: alice@a.test\r\nSubject: hello\r\nMessage-ID: <1@a.test>\r\n\r\nHello\r\n";

/// The server of a.test with this message in its queue, to be passed on to `hop`.
fn pass_on(world: &World, hop: &Hop, mail: &str, to: &[(&str, &str)]) -> Server {
    // At its first start it makes the accounts.
    world.start("a.test", &[]).terminate();
    world.enqueue("a.test", mail, to, MESSAGE);
    world.start("a.test", &["--relay-port", hop.port()])
}

#[test]
fn the_sender_is_told_that_a_message_waits_and_then_that_it_is_given_up() {
    let world = World::new([]);
    let times = "delay-notice-seconds = 2\ngive-up-seconds = 6\n";
    let a = world.start_with("a.test", times, &[]);
    // Nobody told our name server of this domain: it refuses to answer.
    submit(&a, "alice@a.test", &["bob@elsewhere.example"], MESSAGE);
    let found = wait_for(&a, "alice@a.test", 2);
    for (report, action, words) in [
        (&found[0], "delayed", "You need not do anything"),
        (&found[1], "failed", "It will not be tried again"),
    ] {
        for part in [
            "Final-Recipient: rfc822; bob@elsewhere.example\r\n",
            &format!("Action: {action}\r\nStatus: 4.4.3\r\n"),
            "In-Reply-To: <1@a.test>\r\n",
            words,
        ] {
            assert!(report.contains(part), "{part:?} is missing in {report}");
        }
        assert_eq!(report.contains("Will-Retry-Until: "), action == "delayed", "{report}");
    }
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn what_the_sender_asked_for_goes_on_to_a_server_that_knows_it() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250 DSN"),
        command => usual(command),
    });
    let bob = ("bob@b.test", "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@b.test");
    let a = pass_on(&world, &hop, "RET=HDRS ENVID=QQ+2B1", &[bob]);
    let commands = hop.session().commands;
    assert_eq!(commands[1], "MAIL FROM:<alice@a.test> RET=HDRS ENVID=QQ+2B1");
    assert_eq!(commands[2], "RCPT TO:<bob@b.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@b.test");
    a.wait_for_log(&["delivered", "bob@b.test"]);
    a.terminate();
    assert!(world.queue("a.test").is_empty());
    let a = world.start("a.test", &[]);
    assert_eq!(inbox(&a, "alice@a.test").len(), 0, "the next server reports");
}

#[test]
fn where_the_next_server_does_not_report_the_sender_is_told_that_it_went_there() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let bob = ("bob@b.test", "NOTIFY=SUCCESS ORCPT=rfc822;Bob@b.test");
    let dave = ("dave@b.test", "NOTIFY=FAILURE");
    let a = pass_on(&world, &hop, "ENVID=QQ+2B1", &[bob, dave]);
    let commands = hop.session().commands;
    assert_eq!(commands[1..3], ["MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>"]);
    let found = wait_for(&a, "alice@a.test", 1);
    for part in [
        "Original-Envelope-Id: QQ+1\r\n",
        "Original-Recipient: rfc822; Bob@b.test\r\nFinal-Recipient: rfc822; bob@b.test\r\n",
        "Action: relayed\r\nStatus: 2.0.0\r\nRemote-MTA: dns; mx.b.test\r\n",
    ] {
        assert!(found[0].contains(part), "{part:?} is missing in {}", found[0]);
    }
    assert!(!found[0].contains("dave@b.test"), "{}", found[0]);
}

#[test]
fn a_failure_comes_back_whole_to_those_who_want_it_so_and_not_at_all_to_others() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        command if command.starts_with("RCPT") => Some("550 5.1.1 no such user"),
        command => usual(command),
    });
    let to = [("bob@b.test", "NOTIFY=FAILURE"), ("dave@b.test", "NOTIFY=NEVER")];
    let a = pass_on(&world, &hop, "RET=FULL", &to);
    let found = wait_for(&a, "alice@a.test", 1);
    assert!(found[0].contains("Final-Recipient: rfc822; bob@b.test\r\nAction: failed\r\n"));
    assert!(!found[0].contains("dave@b.test"), "{}", found[0]);
    assert!(found[0].contains("Content-Type: message/rfc822\r\n"), "{}", found[0]);
    assert!(found[0].contains("Message-ID: <1@a.test>\r\n\r\nHello\r\n\r\n--"), "{}", found[0]);
    a.wait_for_log(&["nobody to tell", "dave@b.test"]);
}

#[test]
fn a_server_that_takes_few_recipients_at_once_gets_more_messages() {
    // RFC 9422
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "EHLO mx.a.test" => Some("250-hop.test\r\n250 LIMITS RCPTMAX=2"),
        command => usual(command),
    });
    let to = [("bob@b.test", ""), ("carol@b.test", ""), ("dave@b.test", "")];
    let a = pass_on(&world, &hop, "", &to);
    let commands = hop.session().commands;
    let recipients = commands.iter().filter(|command| command.starts_with("RCPT")).count();
    let messages = commands.iter().filter(|command| command.starts_with("MAIL")).count();
    assert_eq!((recipients, messages), (3, 2), "{commands:?}");
    a.wait_for_log(&["delivered", "dave@b.test"]);
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn who_wants_to_hear_that_a_message_has_arrived_hears_it_after_a_crash_too() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let data = a.data.clone();
    let queue = |word| run(&["queue", word, "--data", data.to_str().unwrap()]).status.success();
    assert!(queue("pause"));
    let mut smtp = Smtp::submission(&a, "alice@a.test");
    assert!(smtp.say("MAIL FROM:<alice@a.test> ENVID=QQ1").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test> NOTIFY=SUCCESS").starts_with("250"));
    assert!(smtp.message(MESSAGE).starts_with("250"));
    assert_eq!(inbox(&a, "bob@a.test").len(), 1);
    assert_eq!(inbox(&a, "alice@a.test").len(), 0, "nothing is sent at present");
    a.kill();
    let a = world.start("a.test", &[]);
    assert!(queue("resume"));
    let report = wait_for(&a, "alice@a.test", 1).remove(0);
    for part in [
        "Original-Envelope-Id: QQ1\r\n",
        "Final-Recipient: rfc822; bob@a.test\r\nAction: delivered\r\n",
    ] {
        assert!(report.contains(part), "{part:?} is missing in {report}");
    }
    assert_eq!(inbox(&a, "bob@a.test").len(), 1, "it does not come again");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}
