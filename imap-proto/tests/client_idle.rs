//! The client machine and time: IDLE that is renewed, and how long a server is waited for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::time::Duration;

use imap_proto::{
    client::{Client, Config, Event, Tag},
    types::Mailbox,
};
use mailwire::{Close, Instant, Machine, Step};

/// A session and a clock.
struct Session {
    client: Client,
    now: Instant,
}

impl Session {
    fn new(config: Config) -> Self {
        let mut session = Self { client: Client::over_tls(config), now: Instant::from_micros(0) };
        session.say("* PREAUTH [CAPABILITY IMAP4rev1 IDLE] hello\r\n");
        session
    }

    fn say(&mut self, text: &str) -> (Vec<String>, String) {
        assert_eq!(self.client.recv().push(text.as_bytes()), text.len());
        let mut events = vec![];
        while self.client.poll(self.now) == Step::Event {
            events.push(format!("{:?}", self.client.event()));
        }
        (events, String::from_utf8(self.client.transmit().take_all().to_vec()).unwrap())
    }

    /// Sleeps until the session wants to be asked, as a driver does; says how long that was.
    fn sleep(&mut self) -> Duration {
        let until = self.client.deadline().unwrap();
        let slept = until.since(self.now);
        self.now = until;
        slept
    }

    fn idling() -> (Self, Tag) {
        let mut session = Self::new(Config::default());
        let tag = session.client.idle().unwrap();
        assert_eq!(session.say("").1, "A1 IDLE\r\n");
        assert_eq!(session.say("+ idling\r\n").0, ["Idling(Tag(1))"]);
        (session, tag)
    }
}

#[test]
fn idle_is_renewed_before_29_minutes_and_the_host_sees_one() {
    let (mut session, tag) = Session::idling();
    for n in 1..=6 {
        let slept = session.sleep();
        assert_eq!(slept, Duration::from_secs(28 * 60));
        assert_eq!(session.say(""), (vec![], "DONE\r\n".into()));
        assert!(session.client.is_idling());
        // Between the two the server tells what it likes.
        let (events, line) = session.say(&format!("* {n} EXISTS\r\nA{n} OK done\r\n"));
        assert_eq!(events, [format!("Data(Exists({n}))")]);
        assert_eq!(line, format!("A{} IDLE\r\n", n + 1));
        assert_eq!(session.say("+ idling\r\n"), (vec![], String::new()));
    }
    session.client.done().unwrap();
    assert_eq!(session.say("").1, "DONE\r\n");
    session.client.recv().push(b"A7 OK done\r\n");
    assert_eq!(session.client.poll(session.now), Step::Event);
    let Event::Done { tag: done, .. } = session.client.event() else { panic!("no Done") };
    assert_eq!(done, tag, "the tag that the host was given");
    assert_eq!(session.client.poll(session.now), Step::YourTurn);
}

#[test]
fn done_fits_at_every_moment_of_the_renewal() {
    for moment in 0..3 {
        let (mut session, _) = Session::idling();
        session.client.noop();
        session.sleep();
        assert_eq!(session.say("").1, "DONE\r\n");
        let mut lines = String::new();
        if moment == 0 {
            session.client.done().unwrap();
        }
        lines += &session.say("A1 OK done\r\n").1;
        if moment > 0 {
            assert_eq!(lines, "A3 IDLE\r\n", "the NOOP waits still");
            if moment == 1 {
                session.client.done().unwrap();
            }
            lines += &session.say("+ idling\r\n").1;
            if moment == 2 {
                session.client.done().unwrap();
                lines += &session.say("").1;
            }
            assert_eq!(lines, "A3 IDLE\r\nDONE\r\n");
            lines = session.say("A3 OK done\r\n").1;
        }
        assert_eq!(lines, "A2 NOOP\r\n", "at {moment}");
        assert!(session.client.done().is_err());
    }
}

#[test]
fn a_server_that_refuses_to_idle_or_to_idle_again_is_believed() {
    let mut session = Session::new(Config::default());
    session.client.idle().unwrap();
    session.client.noop();
    session.say("");
    let (events, line) = session.say("A1 BAD what?\r\n");
    assert!(events[0].starts_with("Done { tag: Tag(1), status: Bad"), "{events:?}");
    assert_eq!(line, "A2 NOOP\r\n");

    let (mut session, _) = Session::idling();
    session.sleep();
    session.say("");
    session.say("A1 OK done\r\n");
    let (events, _) = session.say("A2 NO not again\r\n");
    assert!(events[0].starts_with("Done { tag: Tag(1), status: No"), "{events:?}");

    // One that ends IDLE by itself.
    let (mut session, _) = Session::idling();
    let (events, line) = session.say("A1 OK enough\r\n");
    assert!(events[0].starts_with("Done { tag: Tag(1), status: Ok"), "{events:?}");
    assert_eq!((line, session.client.is_idling()), (String::new(), false));
}

#[test]
fn a_longer_time_is_cut_to_29_minutes() {
    let mut config = Config::default();
    config.timeouts.idle = Duration::from_secs(7200);
    let mut session = Session::new(config);
    session.client.idle().unwrap();
    session.say("");
    session.say("+ \r\n");
    assert_eq!(session.sleep(), Duration::from_secs(29 * 60));
}

#[test]
fn a_server_is_waited_for_from_what_was_said_last() {
    let mut session = Session::new(Config::default());
    assert_eq!(session.client.deadline(), None, "nothing is asked");
    // The user thinks for an hour, and the server still has its time to answer.
    session.now = session.now + Duration::from_secs(3600);
    session.client.select(&Mailbox::INBOX, false).unwrap();
    assert_eq!(session.say("").1, "A1 SELECT INBOX\r\n");
    assert_eq!(session.client.closed(), None);
    session.now = session.now + Duration::from_secs(299);
    session.say("* 3 EXISTS\r\n");
    assert_eq!(session.sleep(), Duration::from_secs(300));
    assert_eq!(session.client.poll(session.now), Step::Closed);
    assert_eq!(session.client.closed(), Some(Close::Timeout));
}

#[test]
fn a_server_that_does_not_answer_done_is_given_up() {
    let (mut session, _) = Session::idling();
    session.sleep();
    assert_eq!(session.say("").1, "DONE\r\n");
    assert_eq!(session.sleep(), Duration::from_secs(300));
    assert_eq!(session.client.poll(session.now), Step::Closed);
    assert_eq!(session.client.closed(), Some(Close::Timeout));
}
