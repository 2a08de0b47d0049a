//! The mechanisms from both sides: RFC 4616, 7628, 2195, 4505, 4422 and LOGIN; SCRAM's own tests
//! stand beside it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mailwire::sasl::{
    Claim, Failure, Keys, Mechanism, Progress, Secret, Verdict,
    client::{self, Credentials, Proof},
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

/// Lets both sides talk until the server decides or ends; the host answers as a database would.
fn talk(client: &mut client::Exchange, server: &mut Exchange, password: &str) -> Progress {
    let mut progress = server.receive(client.initial().as_deref());
    loop {
        progress = match progress {
            Progress::Challenge(challenge) => match client.respond(&challenge) {
                Ok(answer) => server.receive(Some(&answer)),
                Err(_) => server.cancel(),
            },
            Progress::Decide => {
                let verdict = match server.claim().unwrap() {
                    Claim::Keys { username, hash } => {
                        assert_eq!(username, "käthe@example.test");
                        let keys = Keys::derive(hash, &password.into(), b"salt", 4096).unwrap();
                        Verdict::Keys(Box::new(keys), vec![9; 18])
                    }
                    Claim::Nonce => Verdict::Nonce(vec![9; 18]),
                    Claim::Password {
                        username: "käthe@example.test", password: given, ..
                    } => accept_if(given.expose() == password),
                    Claim::Digest(digest) => accept_if(digest.matches(&password.into())),
                    Claim::Token { token, .. } => accept_if(token.expose() == password),
                    Claim::Proved { username: "käthe@example.test", .. } => Verdict::Accept,
                    Claim::External { authzid: "" } => Verdict::Accept,
                    Claim::Anonymous { trace: "käthe@example.test" } => Verdict::Accept,
                    other => panic!("{other:?}"),
                };
                server.verdict(verdict)
            }
            over => return over,
        };
    }
}

fn accept_if(right: bool) -> Verdict {
    if right { Verdict::Accept } else { Verdict::Refuse }
}

fn credentials(mechanism: Mechanism, secret: &str) -> Credentials {
    let name = "käthe@example.test";
    let mut credentials = match mechanism {
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::token(name, secret),
        _ => Credentials::password(name, secret),
    };
    if mechanism == Mechanism::External {
        credentials.proof = Proof::External;
    } else if mechanism == Mechanism::Anonymous {
        credentials.proof = Proof::Anonymous;
    }
    credentials.nonce = vec![5; 18];
    credentials.binding.exporter = Some(bytes::Bytes::from_static(b"this connection"));
    credentials
}

#[test]
fn each_client_exchange_satisfies_the_server_exchange_with_the_right_secret_only() {
    for &mechanism in Mechanism::ALL {
        for (secret, right) in [("pass wörd", true), ("wrong", false)] {
            let credentials = credentials(mechanism, secret);
            let binding = credentials.binding.clone();
            let mut server = Exchange::with_binding(mechanism, Mechanism::ALL, &binding);
            let mut client = client::Exchange::new(mechanism, credentials, Mechanism::ALL);
            let progress = talk(&mut client, &mut server, "pass wörd");
            let has_secret = !matches!(mechanism, Mechanism::External | Mechanism::Anonymous);
            let expected = match right || !has_secret {
                true => Progress::Success,
                false => Progress::Failed(Failure::Refused),
            };
            assert_eq!(progress, expected, "{mechanism}");
            assert_eq!(client.is_trusted(), right || mechanism.scram().is_none(), "{mechanism}");
        }
    }
}

#[test]
fn rfc7628_example_and_its_error() {
    let message = b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
        auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
    let mut exchange = Exchange::new(Mechanism::OAuthBearer);
    assert_eq!(exchange.receive(Some(message)), Progress::Decide);
    let Some(Claim::Token { authzid, token, .. }) = exchange.claim() else { panic!() };
    assert_eq!(authzid, "user@example.com");
    assert_eq!(token.expose(), "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    let Progress::Challenge(error) = exchange.verdict(Verdict::Refuse) else { panic!() };
    assert!(error.starts_with(b"{\"status\":\"invalid_token\""));
    assert_eq!(exchange.receive(Some(b"\x01")), Progress::Failed(Failure::Refused));
}

#[test]
fn a_name_or_token_that_would_add_fields_is_not_sent() {
    for (name, token) in [("a\u{1}auth=Bearer X", "t"), ("a", "t\u{1}x=y")] {
        for mechanism in [Mechanism::OAuthBearer, Mechanism::XOAuth2] {
            let credentials = Credentials::token(name, token);
            let mut client = client::Exchange::new(mechanism, credentials, Mechanism::ALL);
            assert_eq!(client.initial(), None);
        }
    }
}

#[test]
fn rfc2195_example() {
    let mut credentials = Credentials::password("tim", "tanstaaftanstaaf");
    credentials.nonce = Vec::new();
    let mut client = client::Exchange::new(Mechanism::CramMd5, credentials, Mechanism::ALL);
    assert_eq!(client.initial(), None);
    let answer = client.respond(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
    assert_eq!(answer, b"tim b913a602c7eda7a495b4e6e7334d3890");
}

#[test]
fn a_claim_is_answered_by_its_own_kind_of_verdict() {
    let mut exchange = Exchange::new(Mechanism::ScramSha256);
    assert_eq!(exchange.receive(Some(b"n,,n=user,r=abc")), Progress::Decide);
    assert_eq!(exchange.verdict(Verdict::Accept), Progress::Failed(Failure::Unavailable));
    let mut exchange = Exchange::new(Mechanism::Plain);
    assert_eq!(exchange.receive(Some(b"\0u\0p")), Progress::Decide);
    let verdict = Verdict::Nonce(vec![1; 16]);
    assert_eq!(exchange.verdict(verdict), Progress::Failed(Failure::Unavailable));
}

#[test]
fn a_client_has_no_answer_to_one_challenge_too_many() {
    let credentials = Credentials::password("u", "p");
    let mut client = client::Exchange::new(Mechanism::Plain, credentials, Mechanism::ALL);
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
