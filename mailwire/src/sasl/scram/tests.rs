//! The examples of RFC 5802 §5 and RFC 7677 §3, octet by octet, from both sides.

use alloc::{format, string::ToString, vec::Vec};

use super::{Client, Hash, Keys, Server, server::Wrong};
use crate::sasl::{ChannelBinding, wire};

struct Example {
    hash: Hash,
    client_nonce: &'static str,
    server_nonce: &'static str,
    salt: &'static str,
    proof: &'static str,
    verifier: &'static str,
}

const EXAMPLES: [Example; 2] = [
    Example {
        hash: Hash::Sha1,
        client_nonce: "fyko+d2lbbFgONRv9qkxdawL",
        server_nonce: "3rfcNHYJY1ZVvWVs7j",
        salt: "QSXCR+Q6sek8bf92",
        proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        verifier: "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    },
    Example {
        hash: Hash::Sha256,
        client_nonce: "rOprNGfwEbeRWgbNEkqO",
        server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        verifier: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
];

/// The server after its first message, its nonce that of the example.
fn server(example: &Example) -> Server {
    let mut server = Server::new(example.hash, false, ChannelBinding::default());
    let first = format!("n,,n=user,r={}", example.client_nonce);
    assert_eq!(server.first(first.as_bytes()), Ok(()));
    let salt = wire::decode(example.salt.as_bytes()).unwrap();
    let keys = Keys::derive(example.hash, &"pencil".into(), &salt, 4096).unwrap();
    server.challenge(keys, b"replaced below").unwrap();
    server.force_nonce(example.server_nonce);
    server
}

fn client(example: &Example) -> Client {
    let nonce = wire::decode(example.client_nonce.as_bytes()).unwrap();
    Client::new(example.hash, false, &ChannelBinding::default(), false, ("", "user"), &nonce)
}

#[test]
fn the_examples_of_the_rfcs_come_out_octet_by_octet() {
    for example in &EXAMPLES {
        let nonce = format!("{}{}", example.client_nonce, example.server_nonce);
        let server_first = format!("r={nonce},s={},i=4096", example.salt);
        let client_last = format!("c=biws,r={nonce},p={}", example.proof);
        let server_last = format!("v={}", example.verifier);

        let mut client = client(example);
        assert_eq!(client.first(), format!("n,,n=user,r={}", example.client_nonce).as_bytes());
        let last = client.last(server_first.as_bytes(), &"pencil".into());
        assert_eq!(last.as_deref(), Some(client_last.as_bytes()));
        assert!(!client.is_verified());
        assert_eq!(client.verify(server_last.as_bytes()), Some(()));
        assert!(client.is_verified());

        let mut server = server(example);
        assert_eq!(server.last(client_last.as_bytes()), Ok(()));
        assert_eq!(server.verifier(), server_last.as_bytes());
    }
}

#[test]
fn a_wrong_password_a_wrong_nonce_and_a_wrong_binding_are_refused() {
    let example = &EXAMPLES[1];
    let nonce = format!("{}{}", example.client_nonce, example.server_nonce);
    let server_first = format!("r={nonce},s={},i=4096", example.salt);
    let wrong = client(example).last(server_first.as_bytes(), &"crayon".into()).unwrap();
    assert_eq!(server(example).last(&wrong), Err(Wrong::Proof));

    let right = format!("c=biws,r={nonce},p={}", example.proof);
    let other_nonce = right.replace("r=rOpr", "r=rOpx");
    assert_eq!(server(example).last(other_nonce.as_bytes()), Err(Wrong::Message));
    // `c=` of "y,,": a header was changed on the way.
    let other_header = right.replace("c=biws", "c=eSws");
    assert_eq!(server(example).last(other_header.as_bytes()), Err(Wrong::Proof));
}

#[test]
fn a_server_without_the_password_is_found_out() {
    let example = &EXAMPLES[0];
    let nonce = format!("{}{}", example.client_nonce, example.server_nonce);
    let server_first = format!("r={nonce},s={},i=4096", example.salt);
    let mut client = client(example);
    client.last(server_first.as_bytes(), &"pencil".into()).unwrap();
    assert_eq!(client.verify(b"v=cm1GOXBxVjhTN3N1QW9aV2phNGRKUmtGc0tR"), None);
    assert!(!client.is_verified());
}

#[test]
fn a_server_that_answers_with_a_nonce_of_its_own_or_absurd_iterations_gets_no_proof() {
    let example = &EXAMPLES[0];
    let nonce = example.client_nonce;
    for first in [
        "r=other,s=QSXCR+Q6sek8bf92,i=4096".to_string(),
        format!("r={nonce},s=QSXCR+Q6sek8bf92,i=4096"), // nothing added
        format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=0"),
        format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4095"),
        format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4000000000"),
        format!("r={nonce}x,s=?,i=4096"),
        "e=other-error".to_string(),
    ] {
        assert_eq!(client(example).last(first.as_bytes(), &"pencil".into()), None, "{first}");
    }
}

#[test]
fn first_messages_of_other_shapes_are_malformed() {
    for message in [
        "",
        "n",
        "n,,",
        "n,,r=abc",
        "n,,n=,r=abc",
        "n,,n=user,r=",
        "x,,n=user,r=abc",
        "n,,m=ext,n=user,r=abc",
        "n,,n=us=er,r=abc",
        "n,,n=us=2,r=abc",
        "p=,,n=user,r=abc",
        "n,b=x,n=user,r=abc",
        "n,,n=user,r=a b",
    ] {
        let mut server = Server::new(Hash::Sha256, false, ChannelBinding::default());
        assert_eq!(server.first(message.as_bytes()), Err(Wrong::Message), "{message}");
    }
}

fn bound(exporter: Option<&'static [u8]>, end_point: Option<&'static [u8]>) -> ChannelBinding {
    let (exporter, server_end_point) = (exporter.map(Into::into), end_point.map(Into::into));
    ChannelBinding { exporter, server_end_point }
}

fn session(client: &mut Client, server: &mut Server) -> Result<(), Wrong> {
    server.first(&client.first())?;
    let keys = Keys::derive(Hash::Sha256, &"pencil".into(), b"salt of 16 octet", 4096).unwrap();
    let challenge = server.challenge(keys, &[7; 18])?;
    server.last(&client.last(&challenge, &"pencil".into()).unwrap())?;
    client.verify(&server.verifier()).ok_or(Wrong::Proof)
}

#[test]
fn plus_holds_for_one_connection_only() {
    let here = bound(Some(b"this connection"), None);
    let there = bound(Some(b"another connection"), None);
    let make = |binding: &ChannelBinding| {
        Client::new(Hash::Sha256, true, binding, true, ("", "user"), &[1; 18])
    };
    let end_point = bound(None, Some(b"certificate"));
    for binding in [&here, &end_point] {
        let mut server = Server::new(Hash::Sha256, true, binding.clone());
        assert_eq!(session(&mut make(binding), &mut server), Ok(()));
    }
    let mut server = Server::new(Hash::Sha256, true, here);
    assert_eq!(session(&mut make(&there), &mut server), Err(Wrong::Proof));
    let mut server = Server::new(Hash::Sha256, true, end_point);
    assert_eq!(session(&mut make(&there), &mut server), Err(Wrong::Message));
}

#[test]
fn a_client_that_was_not_shown_plus_says_so_and_the_server_ends_it() {
    let binding = bound(Some(b"this connection"), None);
    let make = |server_has_plus| {
        Client::new(Hash::Sha256, false, &binding, server_has_plus, ("", "user"), &[1; 18])
    };
    // The server has -PLUS, and somebody stripped it off: RFC 5802 §6.
    let mut server = Server::new(Hash::Sha256, false, binding.clone());
    assert_eq!(session(&mut make(false), &mut server), Err(Wrong::Message));
    // The client saw it and chose otherwise.
    let mut server = Server::new(Hash::Sha256, false, binding.clone());
    assert_eq!(session(&mut make(true), &mut server), Ok(()));
    // The server really has none.
    let mut server = Server::new(Hash::Sha256, false, ChannelBinding::default());
    assert_eq!(session(&mut make(false), &mut server), Ok(()));
}

#[test]
fn names_keep_their_commas_and_equals_signs() {
    let no_binding = ChannelBinding::default();
    let name = ("boss=1", "käthe,=x");
    let client = Client::new(Hash::Sha256, false, &no_binding, false, name, &[1; 18]);
    let mut server = Server::new(Hash::Sha256, false, no_binding);
    assert_eq!(server.first(&client.first()), Ok(()));
    assert_eq!((server.authzid.as_str(), server.username.as_str()), name);
}

#[test]
fn the_salt_of_an_unknown_user_is_the_same_at_each_try_and_no_password_fits() {
    let fake = || Keys::fake(Hash::Sha256, "nobody", 4096, b"server secret");
    assert_eq!(fake(), fake());
    assert_ne!(fake().salt(), Keys::fake(Hash::Sha256, "other", 4096, b"server secret").salt());
    let mut client =
        Client::new(Hash::Sha256, false, &ChannelBinding::default(), false, ("", "n"), &[1; 18]);
    let mut server = Server::new(Hash::Sha256, false, ChannelBinding::default());
    server.first(&client.first()).unwrap();
    let challenge = server.challenge(fake(), &[2; 18]).unwrap();
    let last: Vec<u8> = client.last(&challenge, &"guess".into()).unwrap();
    assert_eq!(server.last(&last), Err(Wrong::Proof));
}

#[test]
fn keys_come_back_from_their_text_and_print_as_stars() {
    let keys = Keys::derive(Hash::Sha1, &"pencil".into(), b"salt", 5000).unwrap();
    assert_eq!(Keys::from_text(&keys.to_text()).unwrap(), keys);
    assert_eq!(format!("{keys:?}"), "Keys(SCRAM-SHA-1, ***)");
    for text in ["", "SCRAM-SHA-1$5000:c2FsdA==$AA==:AA==", "MD5$1:a$b:c"] {
        assert!(Keys::from_text(text).is_err(), "{text}");
    }
    assert!(Keys::derive(Hash::Sha1, &"pencil".into(), b"", 5000).is_err());
    assert!(Keys::derive(Hash::Sha1, &"pencil".into(), b"salt", 1).is_err());
    assert!(Keys::derive(Hash::Sha1, &"pen\u{7}cil".into(), b"salt", 5000).is_err());
}

/// RFC 4013 §3: the soft hyphen goes, compatibility characters become plain.
#[cfg(feature = "std")]
#[test]
fn a_password_is_prepared_before_it_is_hashed() {
    let derive = |password: &str| Keys::derive(Hash::Sha256, &password.into(), b"salt", 4096);
    assert_eq!(derive("I\u{AD}X").unwrap(), derive("IX").unwrap());
    assert_eq!(derive("\u{2168}").unwrap(), derive("IX").unwrap());
    assert_eq!(derive("\u{AA}").unwrap(), derive("a").unwrap());
    assert!(derive("\u{627}\u{31}").is_err(), "a right-to-left text must end in such a letter");
}
