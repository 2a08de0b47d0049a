//! What clients in the field say, as transcripts. Others run as programs against the server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, open_server, server_says, stls_server};

#[test]
fn thunderbird_fetches_and_deletes() {
    let log = server_says("thunderbird", &stls_server(), &Maildrop::rfc1939());
    assert_eq!(log.events().next(), Some("login |mrose|secret"));
    assert_eq!(log.events().last(), Some("update [0, 1]"));
}

#[test]
fn thunderbird_looks_at_headers_and_leaves_the_messages() {
    let log = server_says("thunderbird_keeps", &open_server(), &Maildrop::rfc1939());
    assert!(log.events().any(|event| event.starts_with("top 1")));
    assert!(log.events().all(|event| event != "update [0, 1]"));
}
