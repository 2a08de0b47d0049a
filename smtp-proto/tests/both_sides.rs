//! Sessions with every extension, as a server and as a client have them: the same octets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_proto::client::Protocol;
use support::{
    both_sides, client_config, events, lmtp_config, offering, relay_config, submission_config,
};

#[test]
fn chunks() {
    let mut client = client_config();
    client.limits.chunk = 5;
    let (server, client) = both_sides(&relay_config(), &client, "both-chunking.txt");
    assert_eq!(server.all_payload(), b".one dot\r\n");
    assert_eq!(
        events(&client)[1..],
        [
            "Body",
            "0 Message 250 2.0.0 Stored",
            "1 Recipient 550 5.1.1 No such user",
            "Done",
            "Body",
            "0 Message 451 4.3.0 Not now",
            "Done",
            "Body",
            "0 Message 250 2.0.0 Stored",
            "Done",
        ]
    );
}

#[test]
fn lmtp() {
    let mut client = client_config();
    client.limits.chunk = 5;
    client.protocol = Protocol::Lmtp;
    let (server, client) = both_sides(&lmtp_config(), &client, "both-lmtp.txt");
    assert_eq!(server.all_payload(), b"Hello\r\n");
    assert_eq!(
        events(&client)[1..],
        [
            "Body",
            "0 Message 452 4.2.2 Mailbox full",
            "1 Recipient 550 5.1.1 No such user",
            "2 Message 250 2.0.0 Stored",
            "Done",
            "Body",
            "0 Message 451 4.3.0 Not now",
            "1 Message 451 4.3.0 Not now",
            "Done",
        ]
    );
}

#[test]
fn parameters_and_plain_commands() {
    let mut config = offering(relay_config());
    let mut client = client_config();
    (config.implicit_tls, client.implicit_tls) = (true, true);
    let (server, client) = both_sides(&config, &client, "both-parameters.txt");
    assert_eq!(events(&server).len(), 8);
    let answers: Vec<_> = events(&client)[4..].to_vec();
    assert_eq!(
        answers[..3],
        ["Done", "Answered 250 2.0.0 Queuing started", "Answered 250 2.0.0 Noted"]
    );
    assert!(answers[3].starts_with("Ready PIPELINING, "));
}

#[test]
fn submission() {
    let mut config = offering(submission_config());
    let mut client = client_config();
    (config.implicit_tls, client.implicit_tls) = (true, true);
    let (server, client) = both_sides(&config, &client, "both-submission.txt");
    assert!(events(&server).contains(&"MAIL FROM:<a@b.example> HOLDFOR=60"));
    assert_eq!(
        events(&client)[1..],
        ["Authenticated", "Body", "0 Message 250 2.0.0 Stored", "Done"]
    );
}
