//! SASL exchanges: base64, and both sides against each other.

use mailwire::sasl::{
    Claim, Keys, Mechanism, Progress, Response, Secret, Verdict,
    client::{self, Credentials},
    decode_response, encode, server,
};

/// The octets are a line of an exchange, a message of a mechanism, and a name and a password.
pub fn check(octets: &[u8]) {
    lines(octets);
    for &mechanism in Mechanism::ALL {
        messages(mechanism, octets);
        let Ok(text) = core::str::from_utf8(octets) else { continue };
        if mechanism.scram().is_none() {
            let (username, password) = text.split_once('\n').unwrap_or((text, ""));
            both(mechanism, username, password);
        }
        if let Ok(keys) = Keys::from_text(text) {
            assert!(Keys::from_text(&keys.to_text()).is_ok_and(|again| again == keys));
        }
    }
}

/// Whatever is encoded comes back, with its padding and without.
fn lines(octets: &[u8]) {
    let line = encode(octets);
    if !octets.is_empty() {
        assert_eq!(decode_response(line.as_bytes()), Response::Data(octets.to_vec()));
        let bare = line.trim_end_matches('=');
        assert_eq!(decode_response(bare.as_bytes()), Response::Data(octets.to_vec()));
    }
    if let Response::Data(message) = decode_response(octets)
        && octets != b"="
    {
        let back = encode(&message);
        let bare = octets.strip_suffix(b"==").or(octets.strip_suffix(b"=")).unwrap_or(octets);
        assert_eq!(back.trim_end_matches('=').as_bytes(), bare, "one text for one message");
    }
}

/// Messages of a client that may be broken: each line is one. The exchange ends, a claim names
/// nobody with a NUL, and nobody is accepted whom the host did not accept.
fn messages(mechanism: Mechanism, octets: &[u8]) {
    let mut exchange = server::Exchange::new(mechanism);
    let mut messages = octets.split(|&octet| octet == b'\n');
    let mut progress = exchange.receive(None);
    let mut accepted = false;
    loop {
        progress = match progress {
            Progress::Challenge(_) => match messages.next() {
                Some(message) => exchange.receive(Some(message)),
                None => return,
            },
            Progress::Decide => {
                let claim = exchange.claim().expect("Decide comes with a claim");
                assert!(!claim.username().contains('\0'));
                let verdict = judge(&claim);
                accepted |= verdict == Verdict::Accept;
                exchange.verdict(verdict)
            }
            Progress::Success => {
                assert!(accepted);
                break;
            }
            _ => break,
        }
    }
    assert!(exchange.claim().is_none(), "a claim is judged once");
}

fn judge(claim: &Claim<'_>) -> Verdict {
    match claim {
        Claim::Keys { username, hash } => {
            // Keys that no password fits: so no proof may be accepted.
            let keys = Keys::fake(*hash, username, 4096, b"secret");
            Verdict::Keys(Box::new(keys), b"0123456789abcdef".to_vec())
        }
        Claim::Proved { .. } => panic!("a proof for keys that no password fits"),
        Claim::Nonce => Verdict::Nonce(b"0123456789abcdef".to_vec()),
        Claim::Digest(digest) if !digest.matches(&Secret::new("secret")) => Verdict::Refuse,
        _ => Verdict::Accept,
    }
}

/// What the client has, the server gets. SCRAM is left to unit tests: deriving keys takes too long
/// here.
fn both(mechanism: Mechanism, username: &str, password: &str) {
    let credentials = match mechanism {
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => {
            // RFC 7628 §3.1: ^A divides, and a token is graphic ASCII (RFC 6750 §2.1). A client
            // does not send a name with control characters.
            if username.chars().any(char::is_control)
                || !password.bytes().all(|octet| octet.is_ascii_graphic())
            {
                return;
            }
            Credentials::token(username, password)
        }
        _ => Credentials::password(username, password),
    };
    let mut client = client::Exchange::new(mechanism, credentials, Mechanism::ALL);
    let mut server = server::Exchange::new(mechanism);
    let mut message = client.initial();
    let mut progress = server.receive(message.as_deref());
    for _ in 0..6 {
        progress = match progress {
            Progress::Challenge(challenge) => {
                message = Some(client.respond(&challenge).expect("the mechanism has an answer"));
                server.receive(message.as_deref())
            }
            Progress::Decide => match server.claim().expect("Decide comes with a claim") {
                Claim::Nonce => server.verdict(Verdict::Nonce(b"0123456789abcdef".to_vec())),
                Claim::Password { authzid, username: name, password: secret } => {
                    return assert_eq!((authzid, name, secret.expose()), ("", username, password));
                }
                Claim::Token { authzid, token, .. } => {
                    return assert_eq!((authzid, token.expose()), (username, password));
                }
                Claim::Digest(digest) => {
                    assert!(digest.matches(&Secret::new(password)));
                    return assert_eq!(digest.username(), username);
                }
                Claim::External { authzid } => return assert_eq!(authzid, ""),
                Claim::Anonymous { trace } => return assert_eq!(trace, username),
                other => panic!("{other:?}"),
            },
            Progress::Failed(_) => {
                let fits = |text: &str| !text.is_empty() && !text.contains('\0');
                return assert!(!fits(username) || !fits(password), "{username:?} {password:?}");
            }
            Progress::Success => return,
            other => panic!("{other:?}"),
        };
    }
    panic!("the exchange does not end");
}
