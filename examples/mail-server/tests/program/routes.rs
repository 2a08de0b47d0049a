//! Ways of the operator's choice: smarthosts, LMTP, TLS by domain, the address to come from.

use crate::kit::{Hop, World, Zone, inbox, submit, usual, wait_for};
use std::fs;

const MESSAGE: &str = "From: alice@a.test\r\nSubject: hello\r\n\r\nHello\r\n";

fn route(settings: &str) -> String {
    format!("[[relay.routes]]\n{settings}\n")
}

#[test]
fn a_smarthost_gets_what_has_no_way_of_its_own() {
    let world = World::new([]);
    let (smart, own) =
        (Hop::start(|_, command| usual(command)), Hop::start(|_, command| usual(command)));
    let routes = [
        route(&format!("domains = ['*']\nhost = '[127.0.0.1]'\nport = {}", smart.port())),
        route("domains = ['B.test']"),
    ];
    let a = world.start_with("a.test", &routes.concat(), &["--relay-port", own.port()]);
    // Nobody knows this domain: nobody is asked.
    submit(&a, "alice@a.test", &["x@elsewhere.example", "bob@b.test"], MESSAGE);
    let session = smart.session();
    assert!(session.commands.contains(&"RCPT TO:<x@elsewhere.example>".to_owned()), "{session:?}");
    let session = own.session();
    assert!(session.commands.contains(&"RCPT TO:<bob@b.test>".to_owned()), "{session:?}");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn a_smarthost_that_cannot_be_found_is_no_reason_to_send_mail_back() {
    let world = World::new([Zone::new("nowhere.test")]);
    let routes = route("domains = ['*']\nhost = 'smart.nowhere.test'");
    let a = world.start_with("a.test", &routes, &[]);
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    a.wait_for_log(&["deferred", "the route by smart.nowhere.test"]);
    assert_eq!(inbox(&a, "alice@a.test").len(), 0);
}

#[test]
fn by_lmtp_each_recipient_has_an_answer_of_its_own() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| match command {
        "LHLO mx.a.test" => Some("250-hop.test\r\n250 PIPELINING"),
        "." => Some("250 2.0.0 bob has it\r\n552 5.2.2 no room"),
        command => usual(command),
    });
    let settings = format!(
        "domains = ['b.test']\nprotocol = 'lmtp'\nhost = '[127.0.0.1]'\nport = {}",
        hop.port()
    );
    world.start("a.test", &[]).terminate();
    let to = [("bob@b.test", "NOTIFY=SUCCESS,FAILURE"), ("carol@b.test", "")];
    world.enqueue("a.test", "", &to, MESSAGE);
    let a = world.start_with("a.test", &route(&settings), &[]);
    assert!(hop.session().message.ends_with("Hello\r\n"));
    let found = wait_for(&a, "alice@a.test", 2).join("\n");
    assert!(
        found.contains("rfc822; carol@b.test\r\nAction: failed\r\nStatus: 5.2.2\r\n"),
        "{found}"
    );
    assert!(found.contains("rfc822; bob@b.test\r\nAction: delivered\r\n"), "{found}");
    a.terminate();
    assert!(world.queue("a.test").is_empty());
}

#[test]
fn tls_can_be_demanded_for_one_domain() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    for tls in ["required", "verified"] {
        let settings = format!("domains = ['b.test']\ntls = '{tls}'");
        let a = world.start_with("a.test", &route(&settings), &["--relay-port", hop.port()]);
        submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
        a.wait_for_log(&["deferred", "no TLS"]);
        let session = hop.session();
        assert!(session.commands.iter().all(|c| !c.starts_with("MAIL")), "{session:?}");
        a.kill();
    }
    // Any certificate will do where TLS is only demanded.
    let b = world.start("b.test", &[]);
    let settings = route("domains = ['b.test']\ntls = 'required'");
    let a = world.start_with("a.test", &settings, &["--relay-port", &b.port("smtp")]);
    a.wait_for_log(&["delivered", "bob@b.test"]);
    assert_eq!(wait_for(&b, "bob@b.test", 2).len(), 2);
    assert!(inbox(&b, "bob@b.test")[0].contains("with ESMTPS"));
}

#[test]
fn a_password_is_given_under_tls_to_the_server_of_that_name() {
    let world = World::new([]);
    let b = world.start("b.test", &[]);
    let (ca, password) = (b.data.join("ca.pem"), b.data.join("password"));
    fs::write(&password, "alice-secret\nand more\n").unwrap();
    for (port, tls) in [("submission", "verified"), ("submissions", "implicit")] {
        let settings = format!(
            "ca = '{}'\n[[relay.routes]]\ndomains = ['*']\nhost = 'mx.b.test'\nport = {}\n\
             tls = '{tls}'\nuser = 'alice@b.test'\npassword-file = '{}'\n",
            ca.display(),
            b.port(port),
            password.display()
        );
        let a = world.start_with("a.test", &settings, &[]);
        // What b.test says of the sender's address it says to alice, who has logged in.
        submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
        a.wait_for_log(&["refused", "553 5.7.1 That sender is not yours to use"]);
        a.terminate();
    }
    fs::write(&password, "wrong").unwrap();
    let settings = format!(
        "ca = '{}'\n[[relay.routes]]\ndomains = ['*']\nhost = 'mx.b.test'\nport = {}\n\
         user = 'alice@b.test'\npassword-file = '{}'\n",
        ca.display(),
        b.port("submission"),
        password.display()
    );
    let a = world.start_with("a.test", &settings, &[]);
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    a.wait_for_log(&["deferred", "cannot log in as alice@b.test", "535"]);
}

/// All of 127.0.0.0/8 is this machine, on Linux.
#[cfg(target_os = "linux")]
#[test]
fn a_route_has_an_address_to_come_from() {
    let world = World::new([]);
    let b = world.start("b.test", &[]);
    let routes = route("domains = ['b.test']\nsource = ['127.0.0.7']");
    let a = world.start_with("a.test", &routes, &["--relay-port", &b.port("smtp")]);
    submit(&a, "alice@a.test", &["bob@b.test"], MESSAGE);
    let found = wait_for(&b, "bob@b.test", 1);
    assert!(found[0].contains("[127.0.0.7]"), "{}", found[0]);
}

#[test]
fn where_tls_is_required_a_name_nobody_vouches_for_is_not_enough() {
    // RFC 8689 §4.2.1
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    world.start("a.test", &[]).terminate();
    world.enqueue("a.test", "REQUIRETLS RET=FULL", &[("bob@b.test", "")], MESSAGE);
    let a = world.start("a.test", &["--relay-port", hop.port()]);
    let found = wait_for(&a, "alice@a.test", 1);
    assert!(found[0].contains("Status: 5.7.10\r\n"), "{}", found[0]);
    assert!(found[0].contains("text/rfc822-headers"), "only the header goes back: {}", found[0]);
}

#[test]
fn where_tls_is_required_the_next_server_is_told_so() {
    let world = World::new([]);
    let b = world.start("b.test", &[]);
    let settings =
        |port: &str| route(&format!("domains = ['b.test']\nhost = 'mx.b.test'\nport = {port}"));
    let ca = format!("ca = '{}'\n", b.data.join("ca.pem").display());
    world.start("a.test", &[]).terminate();
    world.enqueue("a.test", "REQUIRETLS", &[("bob@b.test", "")], MESSAGE);
    // Our own server promises to keep to it.
    let a = world.start_with("a.test", &(ca.clone() + &settings(&b.port("smtp"))), &[]);
    a.wait_for_log(&["delivered", "bob@b.test"]);
    assert_eq!(wait_for(&b, "bob@b.test", 1).len(), 1);
    a.terminate();
    // One without TLS cannot have it.
    let hop = Hop::start(|_, command| usual(command));
    world.enqueue("a.test", "REQUIRETLS", &[("bob@b.test", "")], MESSAGE);
    let a = world.start_with("a.test", &(ca + &settings(hop.port())), &[]);
    let found = wait_for(&a, "alice@a.test", 1);
    assert!(found[0].contains("Status: 5.7.10\r\n"), "{}", found[0]);
}

#[test]
fn a_message_cannot_do_without_the_tls_that_the_operator_demands() {
    let world = World::new([]);
    let hop = Hop::start(|_, command| usual(command));
    let a = world.start_with("a.test", "tls = 'required'\n", &["--relay-port", hop.port()]);
    let message = format!("TLS-Required: No\r\n{MESSAGE}");
    submit(&a, "alice@a.test", &["bob@b.test"], &message);
    a.wait_for_log(&["deferred", "no TLS"]);
    let session = hop.session();
    assert!(session.commands.iter().all(|c| !c.starts_with("MAIL")), "{session:?}");
}
