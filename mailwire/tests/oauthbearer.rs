//! OAUTHBEARER (RFC 7628) without a name: the token says who they are.
#![allow(clippy::unwrap_used)]

use mailwire::sasl::{
    Claim, Mechanism, Progress,
    client::{self, Credentials},
    server,
};

#[test]
fn without_a_name_the_header_has_none() {
    let said = |name: &str| {
        let credentials = Credentials::token(name, "t0ken");
        let all = Mechanism::ALL;
        client::Exchange::new(Mechanism::OAuthBearer, credentials, all).initial().unwrap()
    };
    assert_eq!(said(""), b"n,,\x01auth=Bearer t0ken\x01\x01");
    assert_eq!(said("a,b=c"), b"n,a=a=2Cb=3Dc,\x01auth=Bearer t0ken\x01\x01");
    for name in ["", "a,b=c"] {
        let mut server = server::Exchange::new(Mechanism::OAuthBearer);
        assert_eq!(server.receive(Some(&said(name))), Progress::Decide);
        assert!(matches!(server.claim(), Some(Claim::Token { authzid, .. }) if authzid == name));
    }
}
