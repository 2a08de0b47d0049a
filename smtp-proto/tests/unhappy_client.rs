//! What the client does where something goes wrong that no single RFC is about, and what it costs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{Close, Instant, Machine, Step};
use smtp_proto::{
    ForwardPath, Mailbox, ReversePath,
    client::{Client, Envelope, Event, Protocol, Stage},
};
use support::{ClientConfig, client, client_config, events, offer, offered, speak};

// Client: a server that offers CHUNKING and does not know BDAT

const BOTH: [&str; 2] = ["PIPELINING", "CHUNKING"];
const TO_BDAT: &str = "A: send <> x@y.example\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\n\
                       S: 250 Ok\nS: 250 Ok\nC| BDAT 7 LAST\\r\\nHello\\r\\n\n";

#[test]
fn a_bdat_that_is_not_known_bounces_nothing_and_closes_the_session() {
    for reply in ["500 what?", "502 5.5.1 not here", "500 5.5.2 unrecognised"] {
        let log = offered(&BOTH, &format!("{TO_BDAT}S: {reply}\nS: 500 Hello?\nclosed\n"));
        assert_eq!(events(&log)[1..], ["Body"], "{reply}");
    }
}

#[test]
fn the_client_tells_that_bdat_was_not_known() {
    let mut client = client(&client_config());
    client.recv().push(b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    let now = Instant::default();
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.send(support::envelope("", &["x@y.example"])).unwrap();
    client.recv().push(b"250 Ok\r\n250 Ok\r\n");
    assert_eq!(client.poll(now), Step::Event);
    assert!(matches!(client.event(), Event::Body));
    client.body_end().unwrap();
    assert!(!client.is_bdat_unknown());
    client.recv().push(b"502 no\r\n");
    assert_eq!(client.poll(now), Step::Closed);
    assert_eq!(client.closed(), Some(Close::Protocol));
    assert!(client.is_bdat_unknown());
}

#[test]
fn a_filter_that_refuses_a_message_with_500_is_taken_at_its_word() {
    let log = offered(&BOTH, &format!("{TO_BDAT}S: 500 5.7.1 spam\nA: quit\nC: QUIT\n"));
    assert_eq!(events(&log)[1..], ["Body", "0 Message 500 5.7.1 spam", "Done"]);
}

#[test]
fn a_500_after_a_chunk_was_taken_refuses_the_message() {
    let mut config = client_config();
    config.limits.chunk = 5;
    let log = speak(
        &config,
        &format!(
            "{}A: send <> x@y.example\nC: MAIL FROM:<>\nC: RCPT TO:<x@y.example>\n\
             S: 250 Ok\nS: 250 Ok\nC| BDAT 5\\r\\nHelloBDAT 2 LAST\\r\\n\\r\\n\n\
             S: 250 Ok\nS: 500 no\nA: quit\nC: QUIT\n",
            offer(&BOTH)
        ),
    );
    assert_eq!(events(&log)[1..], ["Body", "0 Message 500 no", "Done"]);
}

// Client: EHLO once more

#[test]
fn ehlo_may_be_said_again_and_what_was_offered_before_is_forgotten() {
    let mut client = client(&client_config());
    let now = Instant::default();
    assert!(client.hello().is_err(), "before the greeting");
    client.recv().push(b"220 hi\r\n250-mx\r\n250 SIZE 10\r\n");
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.transmit().take_all();
    client.hello().unwrap();
    assert_eq!(client.transmit().take_all(), &b"EHLO client.example\r\n"[..]);
    client.recv().push(b"250-mx\r\n250 BURL imap\r\n");
    assert_eq!(client.poll(now), Step::Event);
    assert!(
        matches!(client.event(), Event::Ready(offered) if offered.burl && offered.size.is_none())
    );
}

#[test]
fn after_an_xclient_whose_ehlo_is_refused_nothing_can_be_sent() {
    let log = offered(
        &["PIPELINING"],
        "A: say XCLIENT NAME=x\nC: XCLIENT NAME=x\nS: 220 again\nC: EHLO client.example\n\
         S: 550 no\nC: HELO client.example\nS: 550 no\nA: cannot <> x@y.example\nA: quit\nC: QUIT\n",
    );
    assert_eq!(events(&log)[1..], ["Refused Hello 550 no"]);
}

// Client: many recipients

/// Sends to `count` recipients; `reply` answers RCPT. Returns how many were delivered.
fn send_to(count: usize, protocol: Protocol, reply: impl Fn(usize) -> &'static str) -> usize {
    let mut config: ClientConfig = client_config();
    config.protocol = protocol;
    let mut client: Client = client(&config);
    let now = Instant::default();
    client.recv().push(b"220 hi\r\n250-mx\r\n250 PIPELINING\r\n");
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.transmit().take_all();
    let to = Mailbox::new("x", "y.example").unwrap();
    let to = core::iter::repeat_n(ForwardPath::Mailbox(to), count);
    client.send(Envelope::new(ReversePath::Null, to)).unwrap();
    let (mut rcpts, mut accepted, mut delivered, mut seen) = (0, 0, 0, 0);
    loop {
        match client.poll(now) {
            Step::Event => match client.event() {
                Event::Recipient { index, stage, reply } => {
                    assert_eq!(index, seen);
                    seen += 1;
                    delivered += usize::from(stage == Stage::Message && reply.is_positive());
                }
                Event::Done => break,
                _ => {}
            },
            Step::YourTurn => client.body_end().unwrap(),
            _ => {
                let said = client.transmit().take_all();
                for line in String::from_utf8_lossy(&said).lines() {
                    let answer = match line {
                        "DATA" => "354 go\r\n".to_owned(),
                        "." if protocol == Protocol::Lmtp => "250 ok\r\n".repeat(accepted),
                        line if line.starts_with("RCPT") => {
                            let answer = reply(rcpts);
                            rcpts += 1;
                            accepted += usize::from(answer.starts_with('2'));
                            format!("{answer}\r\n")
                        }
                        _ => "250 ok\r\n".to_owned(),
                    };
                    let mut rest = answer.as_bytes();
                    while !rest.is_empty() {
                        let pushed = client.recv().push(rest);
                        rest = &rest[pushed..];
                        if pushed == 0 {
                            drain(&mut client, now, &mut seen, &mut delivered);
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, count);
    delivered
}

fn drain(client: &mut Client, now: Instant, seen: &mut usize, delivered: &mut usize) {
    while client.poll(now) == Step::Event {
        if let Event::Recipient { stage, reply, .. } = client.event() {
            *seen += 1;
            *delivered += usize::from(stage == Stage::Message && reply.is_positive());
        }
    }
}

#[test]
fn a_transaction_costs_no_more_per_recipient_when_there_are_a_hundred_thousand() {
    const MANY: usize = 100_000;
    assert_eq!(send_to(MANY, Protocol::Lmtp, |_| "250 ok"), MANY);
    assert_eq!(send_to(MANY, Protocol::Smtp, |_| "550 no"), 0);
    assert_eq!(
        send_to(MANY, Protocol::Smtp, |n| if n + 1 < MANY { "550 no" } else { "250 ok" }),
        1
    );
    let half = |n: usize| if n.is_multiple_of(2) { "250 ok" } else { "450 later" };
    assert_eq!(send_to(MANY, Protocol::Lmtp, half), MANY / 2);
}
