//! RFC 6152: 8BITMIME.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{Instant, Machine};
use smtp_proto::{Body, client::CannotSend};
use support::{client, client_config, envelope, events, relay, talk};

#[test]
fn body_may_be_7bit_or_8bitmime_in_any_case() {
    let log = relay(
        "C: MAIL FROM:<a@b.example> BODY=8BITMIME\nS: 250 2.1.0 Sender ok\nC: RSET\nS: 250 2.0.0 Ok\n\
         C: MAIL FROM:<a@b.example> body=7bit\nS: 250 2.1.0 Sender ok\n",
    );
    assert_eq!(
        events(&log),
        [
            "MAIL FROM:<a@b.example> BODY=8BITMIME",
            "Reset Command",
            "MAIL FROM:<a@b.example> BODY=7BIT"
        ]
    );
}

#[test]
fn other_values_and_no_value_get_501() {
    for body in ["BODY", "BODY=", "BODY=8BIT", "BODY=7BIT BODY=8BITMIME"] {
        relay(&format!("C: MAIL FROM:<> {body}\nS: 501 5.5.4 Bad parameter\n"));
    }
}

#[test]
fn all_256_octets_but_nul_and_bare_line_ends_pass_unchanged() {
    let octets: Vec<u8> = (1..=255).filter(|octet| ![b'\r', b'\n'].contains(octet)).collect();
    let log = relay(&format!(
        "C: MAIL FROM:<> BODY=8BITMIME\nS: 250 2.1.0 Sender ok\nC: RCPT TO:<alice@example.org>\n\
         S: 250 2.1.5 Recipient ok\nC: DATA\nS: 354 End data with <CR><LF>.<CR><LF>\n\
         C| {}\\r\\n.\\r\\n\nS: 250 2.0.0 Stored\n",
        octets.escape_ascii()
    ));
    assert_eq!(log.all_payload(), [&octets[..], b"\r\n"].concat());
}

#[test]
fn the_client_declares_8bit_where_it_is_offered_and_refuses_to_send_it_elsewhere() {
    let hello = "S: 220 hi\nC: EHLO client.example\nS: 250-mx\nS: 250 8bitmime\n";
    talk(&format!("{hello}A: send <> x@y.example 8bit\nC: MAIL FROM:<> BODY=8BITMIME\n"));
    talk(&format!("{hello}A: send <> x@y.example\nC: MAIL FROM:<>\n"));
    let mut client = client(&client_config());
    client.recv().push(b"220 hi\r\n250 mx\r\n");
    let _ = client.poll(Instant::default());
    client.event();
    let mut eight = envelope("", &["x@y.example"]);
    eight.mail.params.body = Some(Body::EightBitMime);
    assert_eq!(client.send(eight), Err(CannotSend::EightBit));
}
