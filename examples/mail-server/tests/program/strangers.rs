//! Clients that nobody knows, and clients that are known too well.

use crate::kit::{Server, Smtp, World, Zone, inbox};
use std::net::Ipv4Addr;

fn recipient(server: &Server, to: &str) -> String {
    let mut smtp = Smtp::with(server, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    smtp.say(&format!("RCPT TO:<{to}>"))
}

#[test]
fn an_unknown_client_is_asked_to_come_again_and_remembered_over_a_restart() {
    let world = World::new([]);
    let greylist = |seconds| format!("[checks]\nexempt = []\ngreylist-seconds = {seconds}\n");
    let a = world.start_with("a.test", &greylist(3600), &[]);
    let reply = recipient(&a, "bob@a.test");
    assert!(reply.starts_with("451 4.7.1 Greylisted, try again in 3600 seconds"), "{reply}");
    assert!(recipient(&a, "nobody@a.test").starts_with("550"), "who is not there never will be");
    assert!(recipient(&a, "bob@a.test").starts_with("451 4.7.1 "), "too soon");
    let mut user = Smtp::submission(&a, "alice@a.test");
    assert!(user.say("MAIL FROM:<alice@a.test>").starts_with("250"));
    assert!(user.say("RCPT TO:<bob@a.test>").starts_with("250"), "users are known");
    a.kill();
    // What counts is when it first came, as far as the settings of today say.
    let a = world.start_with("a.test", &greylist(1), &[]);
    let mut reply = recipient(&a, "bob@a.test");
    while reply.starts_with("451") {
        reply = recipient(&a, "bob@a.test");
    }
    assert!(reply.starts_with("250"), "{reply}");
    assert!(recipient(&a, "carol@a.test").starts_with("250"), "its network is known now");
    a.terminate();
    let a = world.start_with("a.test", &greylist(3600), &[]);
    assert!(recipient(&a, "alice@a.test").starts_with("250"), "and after a restart");
}

#[test]
fn who_is_listed_is_refused_with_the_reason_but_may_write_to_postmaster() {
    let lists = |address: Ipv4Addr| {
        let zone = Zone::new("bl.test").a("1.0.0.127.bl.test", address);
        [zone.txt("1.0.0.127.bl.test", "see https://bl.test/?127.0.0.1"), Zone::new("empty.test")]
    };
    let settings = "[checks]\nexempt = []\ndnsbl = ['empty.test', 'down.example', 'bl.test']\n";
    let world = World::new(lists(Ipv4Addr::new(127, 0, 0, 2)));
    let a = world.start_with("a.test", settings, &[]);
    assert_eq!(
        recipient(&a, "bob@a.test"),
        "554 5.7.1 127.0.0.1 is listed by bl.test see https://bl.test/?127.0.0.1"
    );
    assert!(recipient(&a, "postmaster@a.test").starts_with("250"));
    let mut user = Smtp::submission(&a, "alice@a.test");
    assert!(user.say("MAIL FROM:<alice@a.test>").starts_with("250"));
    assert!(user.say("RCPT TO:<bob@a.test>").starts_with("250"), "users come from anywhere");
    a.terminate();
    let a = world.start_with("a.test", &settings.replace("[]", "['127.0.0.0/8']"), &[]);
    assert!(recipient(&a, "bob@a.test").starts_with("250"), "exempt");

    // A list that says it does not serve this resolver lists nobody.
    let world = World::new(lists(Ipv4Addr::new(127, 255, 255, 254)));
    let a = world.start_with("a.test", settings, &[]);
    let mut smtp = Smtp::with(&a, "smtp");
    assert!(smtp.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    assert!(smtp.say("RCPT TO:<bob@a.test>").starts_with("250"));
    assert!(smtp.message("Subject: x\r\n\r\nx\r\n").starts_with("250"));
    assert_eq!(inbox(&a, "bob@a.test").len(), 1);
}
