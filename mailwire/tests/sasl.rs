//! RFC 4616 (PLAIN) and LOGIN, both roles, and secrets that do not print.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mailwire::sasl::{
    Claim, Failure, Mechanism, Progress, Secret, Verdict,
    client::{self, Credentials},
    server::Exchange,
};

#[test]
fn rfc4616_example_with_an_authorization_identity() {
    let mut exchange = Exchange::new(Mechanism::Plain);
    assert_eq!(exchange.receive(Some(b"Ursel\0Kurt\0xipj3plmq")), Progress::Decide);
    let Some(Claim::Password { authzid, username, password }) = exchange.claim() else { panic!() };
    assert_eq!((authzid, username, password.expose()), ("Ursel", "Kurt", "xipj3plmq"));
    assert_eq!(exchange.verdict(Verdict::Refuse), Progress::Failed(Failure::Refused));
    assert!(exchange.claim().is_none());
}

#[test]
fn a_plain_message_of_another_shape_is_malformed() {
    for message in [&b""[..], b"\0", b"a\0b", b"\0\0password", b"\0a\0b\0c", b"\0\xff\0x"] {
        let mut exchange = Exchange::new(Mechanism::Plain);
        let progress = exchange.receive(Some(message));
        assert_eq!(progress, Progress::Failed(Failure::Malformed), "{}", message.escape_ascii());
    }
}

#[test]
fn login_asks_for_name_and_password_and_takes_the_name_at_once_too() {
    for initial in [None, Some(&b"tim"[..])] {
        let mut exchange = Exchange::new(Mechanism::Login);
        let mut progress = exchange.receive(initial);
        if initial.is_none() {
            assert_eq!(progress, Progress::Challenge(b"Username:".to_vec()));
            progress = exchange.receive(Some(b"tim"));
        }
        assert_eq!(progress, Progress::Challenge(b"Password:".to_vec()));
        assert_eq!(exchange.receive(Some(b"secret")), Progress::Decide);
        let Some(Claim::Password { username: "tim", password, .. }) = exchange.claim() else {
            panic!()
        };
        assert_eq!(password.expose(), "secret");
        assert_eq!(exchange.verdict(Verdict::Accept), Progress::Success);
    }
}

#[test]
fn each_client_exchange_satisfies_the_server_exchange() {
    for &mechanism in Mechanism::ALL {
        let credentials = Credentials::password("käthe@example.test", "pass wörd");
        let mut client = client::Exchange::new(mechanism, credentials);
        let mut server = Exchange::new(mechanism);
        let mut progress = server.receive(client.initial().as_deref());
        while let Progress::Challenge(challenge) = progress {
            progress = server.receive(Some(&client.respond(&challenge).unwrap()));
        }
        assert_eq!(progress, Progress::Decide);
        let Some(Claim::Password { username, password, .. }) = server.claim() else { panic!() };
        assert_eq!((username, password.expose()), ("käthe@example.test", "pass wörd"));
    }
}

#[test]
fn a_client_has_no_answer_to_one_challenge_too_many() {
    let mut client = client::Exchange::new(Mechanism::Plain, Credentials::password("u", "p"));
    assert_eq!(client.initial().unwrap(), b"\0u\0p");
    assert!(client.respond(b"more").is_err());
}

#[test]
fn plain_text_mechanisms_are_chosen_under_tls_only() {
    let credentials = Credentials::password("u", "p");
    let offered = [Mechanism::Login, Mechanism::Plain];
    assert_eq!(credentials.choose(offered, true), Some(Mechanism::Plain));
    assert_eq!(credentials.choose(offered, false), None);
}

#[test]
fn secrets_print_as_stars() {
    let credentials = Credentials::password("u", "hunter2");
    assert!(!format!("{credentials:?} {:?}", Secret::from("hunter2")).contains("hunter2"));
}
