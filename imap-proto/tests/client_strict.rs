//! What the client machine makes of responses that leave the grammar.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use imap_proto::{
    client::{Client, Config, Event},
    parse::DeviationKind,
    response::Response,
};
use mailwire::{Close, Instant, Machine, Step};

fn client(strict: bool, input: &[u8]) -> Client {
    let mut config = Config::default();
    config.strict = strict;
    let mut client = Client::over_tls(config);
    client.recv().push(b"* OK hello\r\n");
    client.recv().push(input);
    assert_eq!(client.poll(Instant::from_micros(0)), Step::Event);
    assert!(matches!(client.event(), Event::Greeting { .. }));
    client
}

#[test]
fn a_tolerant_session_goes_on_and_tells() {
    let mut client = client(false, b"* 3 EXISTS \r\n* 3 RECENT\r\n");
    assert!(client.deviations().is_empty());
    assert_eq!(client.poll(Instant::from_micros(0)), Step::Event);
    let told = client.deviations().to_vec();
    assert_eq!((told.len(), told[0].kind, told[0].offset), (1, DeviationKind::ExtraSpace, 10));
    assert!(matches!(client.event(), Event::Data(Response::Exists(3))));
    assert_eq!(client.poll(Instant::from_micros(0)), Step::Event);
    assert!(client.deviations().is_empty());
    assert!(matches!(client.event(), Event::Data(Response::Recent(3))));
    assert_eq!((client.closed(), client.refused()), (None, None));
}

#[test]
fn a_strict_session_ends_and_says_why() {
    let mut client = client(true, b"* 3 EXISTS\r\n* 3 EXISTS \r\n");
    assert_eq!(client.poll(Instant::from_micros(0)), Step::Event);
    assert!(matches!(client.event(), Event::Data(Response::Exists(3))));
    assert_eq!(client.poll(Instant::from_micros(0)), Step::Closed);
    assert_eq!(client.closed(), Some(Close::Protocol));
    let why = client.refused().unwrap();
    assert_eq!((why.kind, why.offset), (DeviationKind::ExtraSpace, 10));
}
