//! What a client does that leaves messages on the server (RFC 1939 §7, §8).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::time::Duration;
use std::collections::BTreeMap;

use pop3_proto::{
    Scan, UniqueId,
    client::{Event, Outcome},
    plan::{Known, Leave, Listing, Plan},
};
use proptest::prelude::*;

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn listing(ids: &[(u32, &str)]) -> Listing {
    let mut listing = Listing::default();
    for (message, uidl) in ids {
        listing.note(&Event::UniqueId(UniqueId::new(*message, uidl)));
    }
    listing.note(&Event::Done(Outcome::Uidl { malformed: 0 }));
    listing
}

#[test]
fn what_is_not_known_is_fetched_in_order() {
    let listing = listing(&[(1, "b"), (2, "a"), (4, "c")]);
    let plan = Plan::new(&listing, [Known::new("a", seconds(5))], Leave::Forever, seconds(6));
    assert_eq!(plan.fetch, [UniqueId::new(1, "b"), UniqueId::new(4, "c")]);
    assert!(plan.delete.is_empty() && plan.forget.is_empty());
}

#[test]
fn what_was_fetched_is_deleted_when_its_time_has_come() {
    let listing = listing(&[(1, "a"), (2, "b")]);
    let known = [Known::new("a", seconds(5)), Known::new("b", seconds(6))];
    for (leave, now, deleted) in [
        (Leave::Never, 6, vec![1, 2]),
        (Leave::For(seconds(10)), 14, vec![]),
        (Leave::For(seconds(10)), 15, vec![1]),
        (Leave::For(seconds(10)), 99, vec![1, 2]),
        (Leave::For(seconds(0)), 5, vec![1]), // the clock was set back: b is from the future
        (Leave::Forever, u64::MAX, vec![]),
    ] {
        let plan = Plan::new(&listing, known, leave, seconds(now));
        let numbers: Vec<_> = plan.delete.iter().map(|id| id.message).collect();
        assert_eq!((numbers, plan.fetch), (deleted, vec![]), "{leave:?} {now}");
    }
}

#[test]
fn identical_copies_are_fetched_once_and_deleted_when_known() {
    let listing = listing(&[(1, "a"), (2, "a"), (3, "a")]);
    let plan = Plan::new(&listing, [], Leave::Never, seconds(1));
    assert_eq!(plan.fetch, [UniqueId::new(1, "a")]);
    assert!(plan.delete.is_empty());
    let plan = Plan::new(&listing, [Known::new("a", seconds(1))], Leave::Never, seconds(1));
    assert_eq!(plan.delete.len(), 3);
}

#[test]
fn nothing_is_forgotten_before_the_listing_is_known_to_be_complete() {
    let known = [Known::new("gone", seconds(0))];
    let mut listing = Listing::default();
    listing.note(&Event::Scan(Scan::new(1, 120)));
    listing.note(&Event::UniqueId(UniqueId::new(1, "a")));
    assert!(Plan::new(&listing, known, Leave::Never, seconds(1)).forget.is_empty());
    listing.note(&Event::Done(Outcome::Uidl { malformed: 1 }));
    assert!(!listing.is_complete());
    assert!(Plan::new(&listing, known, Leave::Never, seconds(1)).forget.is_empty());
    listing.note(&Event::Done(Outcome::Uidl { malformed: 0 }));
    assert_eq!(Plan::new(&listing, known, Leave::Never, seconds(1)).forget, ["gone"]);
}

proptest! {
    /// A server with messages, a client that is interrupted after any number of steps, again and
    /// again: in the end each message was fetched once, and is where the setting wants it.
    #[test]
    fn each_message_is_fetched_once_however_often_a_session_breaks(
        arrivals in proptest::collection::vec(0..5usize, 1..20),
        cuts in proptest::collection::vec(0..12usize, 20),
        leave in prop_oneof![
            Just(Leave::Never), Just(Leave::Forever), (0..8u64).prop_map(|n| Leave::For(seconds(n)))
        ],
    ) {
        let mut server: Vec<String> = Vec::new();
        let mut known: BTreeMap<String, Duration> = BTreeMap::new();
        let mut fetched: Vec<String> = Vec::new();
        let mut arrived = 0;
        let quiet = [0, 0, 0];
        for (time, new) in arrivals.iter().chain(&quiet).enumerate() {
            let now = seconds(time as u64);
            server.extend((arrived..arrived + new).map(|n| format!("u{n}")));
            arrived += new;
            // The last session is not cut.
            let whole = time + 1 == arrivals.len() + quiet.len();
            let mut steps = if whole { usize::MAX } else { cuts[time % cuts.len()] };
            let ids: Vec<_> = (1..).zip(server.iter().map(String::as_str)).collect();
            let listing = listing(&ids);
            let before = known.clone();
            let knew = before.iter().map(|(uidl, at)| Known::new(uidl, *at));
            let plan = Plan::new(&listing, knew, leave, now);
            known.retain(|uidl, _| !plan.forget.contains(&uidl.as_str()));
            let mut marked: Vec<&str> = plan.delete.iter().map(|id| id.uidl).collect();
            for id in &plan.fetch {
                if steps == 0 { break; }
                steps -= 1;
                fetched.push(id.uidl.into());
                known.insert(id.uidl.into(), now);
                if leave.is_due(now, now) { marked.push(id.uidl); }
            }
            // QUIT, if it comes so far.
            if steps > 0 {
                let marked: Vec<_> = marked.iter().map(|uidl| (*uidl).to_owned()).collect();
                server.retain(|uidl| !marked.contains(uidl));
            }
        }
        let mut sorted = fetched.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(sorted.len(), fetched.len(), "fetched twice");
        prop_assert_eq!(fetched.len(), arrived, "lost");
        match leave {
            Leave::Never => prop_assert!(server.is_empty()),
            Leave::Forever => prop_assert_eq!(server.len(), arrived),
            _ => {}
        }
    }
}
