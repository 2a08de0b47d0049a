//! RFC 5034: AUTH; RFC 4616: PLAIN.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, client_says, open_client, open_server, server_says};

#[test]
fn plain_with_an_initial_response() {
    let log = server_says("rfc5034_plain", &open_server(), &Maildrop::rfc1939());
    assert_eq!(log.events().next(), Some("login test|test|test"));
}

#[test]
fn plain_after_an_empty_challenge() {
    let log = server_says("rfc5034_challenge", &open_server(), &Maildrop::rfc1939());
    assert_eq!(log.events().next(), Some("login test|test|test"));
}

#[test]
fn exchanges_that_go_wrong_or_are_given_up_leave_the_session_alive() {
    server_says("rfc5034_errors", &open_server(), &Maildrop::rfc1939());
}

#[test]
fn a_client_sends_the_initial_response_where_it_is_known_to_be_understood() {
    let log = client_says("rfc5034_client", &open_client());
    assert_eq!(log.events().last(), Some("Done(LoggedIn)"));
}

#[test]
fn a_client_waits_for_the_challenge_where_it_is_not() {
    let log = client_says("rfc5034_no_capa_client", &open_client());
    assert_eq!(log.events().last(), Some("Done(LoggedIn)"));
}

#[test]
fn a_client_gives_up_an_exchange_it_does_not_understand() {
    let log = client_says("rfc5034_login_client", &open_client());
    let failed = log.events().find(|event| event.contains("AuthBy(Login)")).unwrap();
    assert!(failed.contains("cancelled"), "{failed}");
}
