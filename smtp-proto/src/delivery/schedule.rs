use core::time::Duration;

/// When to try again, when to tell the sender that it takes long, and when to give up (RFC 5321
/// §4.5.4.1).
///
/// The first retries come soon, since most failures are short (greylisting); then the gaps double
/// up to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schedule {
    /// Before the first retry.
    pub first: Duration,
    /// The longest gap.
    pub longest: Duration,
    /// How long to try in all: RFC 5321 §4.5.4.1 has 4 to 5 days.
    pub give_up: Duration,
    /// After how long the sender is told, once, that a message waits; never if `None`.
    pub delay_notice: Option<Duration>,
}

/// A minute, doubled up to two hours; a notice after four hours; five days in all.
impl Default for Schedule {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(60),
            longest: Duration::from_secs(2 * 3600),
            give_up: Duration::from_secs(5 * 24 * 3600),
            delay_notice: Some(Duration::from_secs(4 * 3600)),
        }
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Try again after this time.
    RetryIn(Duration),
    /// Tell the sender.
    GiveUp,
}

impl Schedule {
    /// What to do after attempt number `attempts` (1 for the first), for a message this old. The
    /// gap is shortened or lengthened by up to a fifth as `random` says, so that messages which
    /// failed together are not tried together. [`plan`](Self::plan) does this for all recipients of
    /// an envelope, and more.
    ///
    /// ```
    /// use core::time::Duration;
    /// use smtp_proto::delivery::{Next, Schedule};
    ///
    /// let schedule = Schedule::default();
    /// let Next::RetryIn(gap) = schedule.next(1, Duration::ZERO, 12345) else { panic!() };
    /// assert!((48..=72).contains(&gap.as_secs()));
    /// assert_eq!(schedule.next(50, Duration::from_secs(6 * 86_400), 0), Next::GiveUp);
    /// ```
    pub fn next(&self, attempts: u32, age: Duration, random: u32) -> Next {
        if age >= self.give_up {
            return Next::GiveUp;
        }
        let doubled = self.first.saturating_mul(1 << attempts.saturating_sub(1).min(20));
        let gap = doubled.min(self.longest);
        // 80 % to 120 % in steps of a thousandth.
        let gap = gap.saturating_mul(800 + random % 401) / 1000;
        // The last try falls on the end, not beyond it.
        Next::RetryIn(gap.min(self.give_up.saturating_sub(age)))
    }
}
