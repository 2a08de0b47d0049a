//! RFC 2449: CAPA and response codes; RFC 3206: SYS and AUTH.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, client_says, open_client, open_server, server_says};
use pop3_proto::{
    Capabilities,
    server::{Expire, LoginDelay},
};

#[test]
fn capabilities_are_told_and_differ_after_login() {
    let mut config = open_server();
    config.implementation = Some("Shlemazle-Plotz-v302".into());
    let mut expire = Expire::new(Some(60));
    expire.per_user = true;
    config.expire = Some(expire);
    let mut delay = LoginDelay::new(900);
    delay.per_user = true;
    config.login_delay = Some(delay);
    server_says("rfc2449_capa", &config, &Maildrop::rfc1939());
}

#[test]
fn what_differs_from_user_to_user_is_told_exactly_after_login() {
    let mut config = open_server();
    let mut expire = Expire::new(Some(0));
    expire.per_user = true;
    config.expire = Some(expire);
    let mut delay = LoginDelay::new(60);
    delay.per_user = true;
    config.login_delay = Some(delay);
    for (name, own) in [("never", (None, 30)), ("days", (Some(31), 900))] {
        let mut maildrop = Maildrop::rfc1939();
        maildrop.own = Some(own);
        server_says(&format!("rfc2449_own_{name}"), &config, &maildrop);
    }
}

#[test]
fn a_client_pipelines_once_the_server_says_so() {
    let log = client_says("rfc2449_client", &open_client());
    let events: Vec<_> = log.events().collect();
    assert!(events[1].contains("Shlemazle-Plotz-v302"), "{events:?}");
    assert_eq!(events[3], "Done(Stat(Stat { messages: 1, octets: 10 }))");
    assert!(events[4].contains("Dele(1)") && events[4].contains("SysTemp"), "{events:?}");
    assert!(events[5].contains("Quit") && events[5].contains("not removed"), "{events:?}");
}

#[test]
fn capabilities_are_read_in_any_case_and_with_arguments() {
    let capa: Capabilities =
        ["sasl PLAIN login GSSAPI", "Expire 5 USER", "X-OWN a b", ""].into_iter().collect();
    assert!(capa.has("SASL") && capa.has("x-own") && !capa.has("TOP") && !capa.has("EXP"));
    let names: Vec<_> = capa.mechanisms().map(|mechanism| mechanism.name()).collect();
    assert_eq!(names, ["PLAIN", "LOGIN"]);
    assert_eq!(capa.parameters("EXPIRE").unwrap().collect::<Vec<_>>(), ["5", "USER"]);
    assert_eq!(capa.lines().count(), 4);
}

#[test]
fn a_server_takes_commands_sent_all_at_once_in_turn() {
    server_says("pipelined", &open_server(), &Maildrop::rfc1939());
}

#[test]
fn a_line_above_the_limit_is_told_once_and_the_session_lives() {
    server_says("long_line", &open_server(), &Maildrop::rfc1939());
}

#[test]
fn a_maildrop_in_use_is_told_by_its_code_on_the_server() {
    let mut maildrop = Maildrop::rfc1939();
    maildrop.in_use = true;
    server_says("in_use", &open_server(), &maildrop);
}

#[test]
fn a_maildrop_in_use_is_told_by_its_code_on_the_client() {
    let log = client_says("rfc2449_in_use_client", &open_client());
    let failed = log.events().last().unwrap();
    assert!(failed.contains("Login") && failed.contains("InUse"), "{failed}");
}

#[test]
fn accounts_that_cannot_be_asked_are_a_temporary_failure() {
    let mut maildrop = Maildrop::rfc1939();
    maildrop.out_of_order = true;
    server_says("out_of_order", &open_server(), &maildrop);
}

#[test]
fn the_codes_of_rfc_3206_reach_the_host_of_the_client() {
    let log = client_says("rfc3206_client", &open_client());
    let failed: Vec<_> = log.events().filter(|event| event.contains("Refused")).collect();
    for (event, code) in failed.iter().zip(["SysPerm", "SysTemp", "Auth", "LoginDelay"]) {
        assert!(event.contains(&format!("code: Some({code})")), "{event}");
    }
    assert_eq!(failed.len(), 4);
}

#[test]
fn a_maildrop_in_use_is_told_by_its_code_to_apop() {
    let log = client_says("rfc2449_apop_client", &open_client());
    let failed = log.events().last().unwrap();
    assert!(failed.contains("Apop") && failed.contains("InUse"), "{failed}");
}
