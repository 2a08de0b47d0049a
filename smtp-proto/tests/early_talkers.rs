//! RFC 5321 §3.1 and §4.3.1: the client waits for the greeting; who does not is told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use core::time::Duration;

use mailwire::{Instant, Machine, Step};
use smtp_proto::Reply;
use support::{Config, events, relay_config, serve, server};

fn slow() -> Config {
    let mut config = relay_config();
    config.greeting_delay = Duration::from_secs(5);
    config
}

#[test]
fn who_waits_is_greeted_when_it_is_time() {
    let log = serve(
        &slow(),
        "wait 4s\nwait 1s\nS: 220 mx.example.org ESMTP ready\nC: NOOP\nS: 250 2.0.0 Ok\n",
    );
    assert!(events(&log).is_empty());
}

#[test]
fn who_speaks_before_is_told_once_and_still_greeted_when_it_is_time() {
    let log = serve(
        &slow(),
        "C: EHLO bot\nwait 4s\nC: MAIL FROM:<>\nwait 1s\nS: 220 mx.example.org ESMTP ready\nS: 250-mx.example.org\n\
         S: 250-PIPELINING\nS: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250 ENHANCEDSTATUSCODES\n\
         S: 250 2.1.0 Sender ok\n",
    );
    assert_eq!(events(&log), ["Early talk", "MAIL FROM:<>"]);
}

#[test]
fn who_is_turned_away_is_told_so_at_once_and_only_quit_is_carried_out() {
    let no = "S: 503 5.5.1 No mail is taken in this session\n";
    let log = serve(
        &slow(),
        &format!(
            "C: EHLO bot\nH: turn away\nS: 554 5.7.1 Wait your turn\n{no}C: MAIL FROM:<>\n{no}C: NOOP\n{no}\
             C: STARTTLS\n{no}C| BDAT 6 LAST\\r\\nQUIT\\r\\n\nS: 503 5.5.1 Say MAIL first\nC: AUTH PLAIN =\n{no}\
             C: QUIT\nS: 221 2.0.0 Bye\nclosed\n"
        ),
    );
    assert_eq!(events(&log)[0], "Early talk");
}

#[test]
fn a_host_may_turn_away_whom_it_does_not_know_without_any_talk() {
    serve(
        &slow(),
        "H: turn away\nS: 554 5.7.1 Wait your turn\nC: QUIT\nS: 221 2.0.0 Bye\nclosed\n",
    );
}

#[test]
fn who_hangs_up_before_the_greeting_hears_nothing() {
    let log = serve(&slow(), "wait 1s\neof\nclosed\n");
    assert!(events(&log).is_empty());
    let log = serve(&slow(), "C: EHLO bot\neof\nclosed\n");
    assert_eq!(events(&log), ["Early talk"]);
}

#[test]
fn the_deadline_is_that_of_the_greeting() {
    let mut server = server(&slow());
    let start = Instant::default();
    assert_eq!(server.poll(start), Step::NeedInput);
    let greeting = start + Duration::from_secs(5);
    assert_eq!(server.deadline(), Some(greeting));
    assert_eq!(server.poll(start + Duration::from_secs(1)), Step::NeedInput);
    assert_eq!(server.deadline(), Some(greeting), "time that passes does not put it off");
    assert_eq!(server.poll(greeting), Step::NeedInput);
    assert!(server.transmit().take_all().starts_with(b"220 "));
    assert_eq!(
        server.deadline(),
        Some(greeting + Duration::from_secs(300)),
        "from now on the client's time runs"
    );
}

#[test]
fn who_fills_the_buffer_is_not_waited_for() {
    let mut config = slow();
    config.limits.input = 1024;
    let mut server = server(&config);
    server.recv().push(&b"NOOP\r\n".repeat(1000));
    assert_eq!(server.poll(Instant::default()), Step::Event);
    server.event();
    assert_eq!(server.poll(Instant::default()), Step::NeedInput);
    assert!(server.transmit().take_all().starts_with(b"220 "));
}

#[test]
fn a_positive_reply_turns_nobody_away_and_after_the_greeting_it_is_too_late() {
    let mut server = server(&slow());
    assert!(server.turn_away(Reply::new(250, "Ok")).is_err());
    let now = Instant::default() + Duration::from_secs(5);
    let _ = server.poll(Instant::default());
    assert_eq!(server.poll(now), Step::NeedInput);
    assert!(server.turn_away(Reply::new(554, "5.7.1 No")).is_err());
    assert!(server.transmit().take_all().starts_with(b"220 "));
}

#[test]
fn without_a_delay_nobody_is_early() {
    let log =
        serve(&relay_config(), "C: NOOP\nS: 220 mx.example.org ESMTP ready\nS: 250 2.0.0 Ok\n");
    assert!(events(&log).is_empty());
}
