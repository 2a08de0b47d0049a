//! What waits for each destination, and how many work on it.

use mailstore::LeaseToken;
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

/// Messages of one destination for which one connection will do.
const IN_TURN: usize = 4;
/// A message that has waited longer for the one before it gets a connection of its own.
const TOO_LONG: Duration = Duration::from_secs(2);

/// By the name of the destination: the domain of the recipients, in lower case.
#[derive(Debug, Default)]
pub(super) struct Destinations(HashMap<String, Destination>);

#[derive(Debug)]
struct Destination {
    waiting: VecDeque<LeaseToken>,
    workers: usize,
    /// When a message was last taken.
    taken: Instant,
}

impl Destinations {
    pub(super) fn add(&mut self, name: &str, token: LeaseToken) {
        if let Some(destination) = self.0.get_mut(name) {
            return destination.waiting.push_back(token);
        }
        let waiting = VecDeque::from([token]);
        let new = Destination { waiting, workers: 0, taken: Instant::now() };
        self.0.insert(name.to_owned(), new);
    }

    /// The destinations that another worker is to be started for, once for each worker. Messages that
    /// are due together share connections; there are `most` of them to one destination at most.
    pub(super) fn start(&mut self, most: usize, now: Instant) -> Vec<String> {
        let mut started = Vec::new();
        for (name, destination) in &mut self.0 {
            let late = now.saturating_duration_since(destination.taken) > TOO_LONG;
            let waiting = destination.waiting.len();
            let wanted = waiting.div_ceil(IN_TURN).max(match waiting {
                0 => 0,
                _ if late => destination.workers + 1,
                _ => 1,
            });
            let more = wanted.min(most.max(1)).saturating_sub(destination.workers);
            if more > 0 {
                destination.workers += more;
                destination.taken = now;
                started.extend(std::iter::repeat_n(name.clone(), more));
            }
        }
        started
    }

    /// The next message of a worker's destination.
    pub(super) fn next(&mut self, name: &str) -> Option<LeaseToken> {
        let destination = self.0.get_mut(name)?;
        destination.taken = Instant::now();
        destination.waiting.pop_front()
    }

    /// A worker has ended.
    pub(super) fn leave(&mut self, name: &str) {
        let Some(destination) = self.0.get_mut(name) else { return };
        destination.workers = destination.workers.saturating_sub(1);
        if destination.workers == 0 && destination.waiting.is_empty() {
            self.0.remove(name);
        }
    }

    /// All that waits.
    pub(super) fn waiting(&self) -> Vec<LeaseToken> {
        self.0.values().flat_map(|destination| destination.waiting.iter().copied()).collect()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.values().all(|destination| destination.waiting.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailstore::EnvelopeId;

    fn token(number: u64) -> LeaseToken {
        LeaseToken::new(EnvelopeId::new(number), 1)
    }

    fn with(counts: &[(&str, u64)]) -> Destinations {
        let mut destinations = Destinations::default();
        for (name, count) in counts {
            (0..*count).for_each(|number| destinations.add(name, token(number)));
        }
        destinations
    }

    #[test]
    fn few_messages_share_one_worker_and_many_get_as_many_as_allowed() {
        for (waiting, expected) in [(0, 0), (1, 1), (4, 1), (5, 2), (12, 3), (1000, 3)] {
            let mut destinations = with(&[("a.test", waiting)]);
            assert_eq!(destinations.start(3, Instant::now()).len(), expected, "{waiting}");
            assert!(destinations.start(3, Instant::now()).is_empty(), "they are started once");
        }
    }

    #[test]
    fn who_waits_too_long_gets_another_worker() {
        let mut destinations = with(&[("a.test", 3)]);
        let now = Instant::now();
        assert_eq!(destinations.start(2, now).len(), 1);
        assert_eq!(destinations.start(2, now + TOO_LONG).len(), 0);
        let late = now + TOO_LONG + Duration::from_millis(1);
        assert_eq!(destinations.start(2, late), ["a.test"]);
        assert_eq!(destinations.start(2, late + TOO_LONG * 2).len(), 0, "two are the most");
    }

    #[test]
    fn messages_are_taken_in_their_order_and_each_once() {
        let mut destinations = with(&[("a.test", 2), ("b.test", 1)]);
        assert_eq!(destinations.waiting().len(), 3);
        assert_eq!(destinations.start(8, Instant::now()).len(), 2);
        let taken: Vec<_> = std::iter::from_fn(|| destinations.next("a.test")).collect();
        assert_eq!(taken, [token(0), token(1)]);
        assert!(!destinations.is_idle());
        destinations.next("b.test");
        destinations.leave("a.test");
        destinations.leave("b.test");
        assert!(destinations.is_idle() && destinations.0.is_empty());
    }
}
