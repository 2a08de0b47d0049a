use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::time::Duration;

use super::{Action, Next, Outcome, ReportedRecipient, Schedule, Verdict};
use crate::{DeliverBy, DeliverMode, EnhancedCode, Notify, ReversePath, trace::Date};

/// What planning has to know of a message in the queue.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Queued<'a> {
    /// Where reports go. With the null reverse-path there are none (RFC 5321 §4.5.5).
    pub from: &'a ReversePath<'a>,
    /// When it came, as time since 1970-01-01 00:00:00 UTC.
    pub arrival: Duration,
    /// The sender's deadline, if there is one.
    pub deadline: Option<Deadline>,
}

impl<'a> Queued<'a> {
    /// A message without a deadline.
    pub const fn new(from: &'a ReversePath<'a>, arrival: Duration) -> Self {
        Self { from, arrival, deadline: None }
    }
}

/// Until when the sender wants a message delivered: [`DeliverBy`](crate::DeliverBy), counted from
/// when it came (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadline {
    /// When it is, as time since 1970-01-01 00:00:00 UTC.
    pub at: Duration,
    /// What happens then: the message goes back, or the sender is told.
    pub mode: DeliverMode,
}

impl Deadline {
    /// The deadline of a message that came at this time since 1970.
    ///
    /// ```
    /// use core::time::Duration;
    /// use smtp_proto::{DeliverBy, DeliverMode, delivery::Deadline};
    ///
    /// let by = DeliverBy::new(120, DeliverMode::Return, false);
    /// let deadline = Deadline::new(by, Duration::from_secs(1_700_000_000));
    /// assert_eq!(deadline.at, Duration::from_secs(1_700_000_120));
    /// ```
    pub fn new(by: DeliverBy, arrival: Duration) -> Self {
        let seconds = Duration::from_secs(u64::from(by.seconds.unsigned_abs()));
        let at = if by.seconds < 0 {
            arrival.saturating_sub(seconds)
        } else {
            arrival.saturating_add(seconds)
        };
        Self { at, mode: by.mode }
    }
}

/// An attempt for one recipient.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Attempted<'a> {
    /// What it came to.
    pub outcome: &'a Outcome,
    /// NOTIFY of the recipient, `None` where there was none.
    pub notify: Option<Notify>,
    /// How many attempts there were before this one.
    pub earlier_attempts: u32,
    /// Whether the sender knows already that it waits: [`Decision::delay_reported`] of the attempt
    /// before this one.
    pub delay_reported: bool,
}

impl<'a> Attempted<'a> {
    /// The first attempt for a recipient without NOTIFY.
    pub const fn new(outcome: &'a Outcome) -> Self {
        Self { outcome, notify: None, earlier_attempts: 0, delay_reported: false }
    }
}

/// What comes of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// One for each recipient that was tried, in their order.
    pub decisions: Vec<Decision>,
}

/// What comes of an attempt for one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// The recipient's new state.
    pub state: State,
    /// What the sender is told now, if anything.
    pub report: Option<Action>,
    /// The status for the report.
    pub status: EnhancedCode,
    /// To be kept until the next attempt: the sender knows, or will with this report, that it
    /// waits.
    pub delay_reported: bool,
    /// When the attempt was, as time since 1970.
    pub attempted_at: Duration,
    /// When it is given up in the end, as time since 1970.
    pub retry_until: Duration,
}

/// Where a recipient stands after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "done, not yet, never")]
pub enum State {
    /// Served: nothing more to do.
    Done,
    /// To be tried again.
    Retry {
        /// When, as time since 1970.
        at: Duration,
    },
    /// Given up.
    Failed,
}

impl Schedule {
    /// What comes of an attempt, recipient by recipient. `now` is the time since 1970; `random` is
    /// one number for all recipients, so that those who can be tried together stay together.
    ///
    /// - An attempt that failed for now is repeated as [`next`](Self::next) says, until
    ///   [`give_up`](Self::give_up) or the sender's [`Deadline`]; the last one falls on the end.
    /// - At [`delay_notice`](Self::delay_notice) an attempt is made, and if that fails, too, the
    ///   sender is told: once.
    /// - Nobody is told who does not want to know ([`Action::wanted`]), and of a message from the
    ///   null reverse-path nobody is told anything.
    ///
    /// ```
    /// use core::time::Duration;
    /// use smtp_proto::{EnhancedCode, Mailbox, ReversePath};
    /// use smtp_proto::delivery::{Action, Attempted, Outcome, Queued, Schedule, State};
    ///
    /// let from = ReversePath::Mailbox(Mailbox::parse("alice@example.org")?);
    /// let queued = Queued::new(&from, Duration::from_secs(1_700_000_000));
    /// let outcome = Outcome::deferred(EnhancedCode::new(4, 4, 1), "no connection");
    /// let attempted = [Attempted::new(&outcome)];
    ///
    /// let after = |hours: u64| {
    ///     let now = queued.arrival + Duration::from_secs(hours * 3600);
    ///     Schedule::default().plan(&queued, &attempted, now, 0).decisions[0]
    /// };
    /// assert!(matches!(after(0).state, State::Retry { .. }) && after(0).report.is_none());
    /// assert!(matches!(after(4).state, State::Retry { .. }));
    /// assert_eq!(after(4).report, Some(Action::Delayed));
    /// assert_eq!((after(120).state, after(120).report), (State::Failed, Some(Action::Failed)));
    /// # Ok::<(), smtp_proto::AddressError>(())
    /// ```
    pub fn plan(
        &self,
        queued: &Queued<'_>,
        attempted: &[Attempted<'_>],
        now: Duration,
        random: u32,
    ) -> Plan {
        let decide = |attempted| self.decide(queued, attempted, now, random);
        Plan { decisions: attempted.iter().map(decide).collect() }
    }

    fn decide(
        &self,
        queued: &Queued<'_>,
        attempted: &Attempted<'_>,
        now: Duration,
        random: u32,
    ) -> Decision {
        let mut decision = Decision {
            state: State::Done,
            report: None,
            status: attempted.outcome.status,
            delay_reported: attempted.delay_reported,
            attempted_at: now,
            retry_until: self.retry_until(queued),
        };
        let action = match attempted.outcome.verdict {
            Verdict::Delivered => Some(Action::Delivered),
            // RFC 3461 §5.2.1: the next server reports.
            Verdict::Relayed { reports: true } => None,
            Verdict::Relayed { reports: false } => Some(Action::Relayed),
            Verdict::Expanded => Some(Action::Expanded),
            Verdict::Failed => {
                decision.state = State::Failed;
                Some(Action::Failed)
            }
            Verdict::Deferred => {
                self.defer(&mut decision, queued, attempted, now, random);
                match decision.state {
                    State::Failed => Some(Action::Failed),
                    _ if self.notice_is_due(queued, attempted, now) => Some(Action::Delayed),
                    _ => None,
                }
            }
        };
        decision.report = action.filter(|action| is_wanted(*action, queued, attempted));
        decision.delay_reported |= decision.report == Some(Action::Delayed);
        decision
    }

    /// The next attempt, or the end.
    fn defer(
        &self,
        decision: &mut Decision,
        queued: &Queued<'_>,
        attempted: &Attempted<'_>,
        now: Duration,
        random: u32,
    ) {
        let age = now.saturating_sub(queued.arrival);
        let attempts = attempted.earlier_attempts.saturating_add(1);
        let Next::RetryIn(gap) = self.next(attempts, age, random) else {
            return decision.give_up();
        };
        if now >= decision.retry_until {
            // RFC 2852 §4: the sender's deadline has passed.
            decision.status = EnhancedCode::new(5, 4, 7);
            return decision.give_up();
        }
        let mut at = now.saturating_add(gap).min(decision.retry_until);
        // The attempt before the notice falls on its time, unless that is too soon to try again.
        if let Some(notice) = self.notice_at(queued)
            && (now.saturating_add(self.first)..at).contains(&notice)
            && !attempted.delay_reported
            && is_wanted(Action::Delayed, queued, attempted)
        {
            at = notice;
        }
        decision.state = State::Retry { at };
    }

    /// When the message is given up.
    fn retry_until(&self, queued: &Queued<'_>) -> Duration {
        let end = queued.arrival.saturating_add(self.give_up);
        match queued.deadline {
            Some(Deadline { at, mode: DeliverMode::Return }) => at.min(end),
            _ => end,
        }
    }

    /// When the sender is told that the message waits.
    fn notice_at(&self, queued: &Queued<'_>) -> Option<Duration> {
        match queued.deadline {
            Some(Deadline { at, mode: DeliverMode::Notify }) => Some(at),
            _ => self.delay_notice.map(|after| queued.arrival.saturating_add(after)),
        }
    }

    fn notice_is_due(&self, queued: &Queued<'_>, attempted: &Attempted<'_>, now: Duration) -> bool {
        !attempted.delay_reported && self.notice_at(queued).is_some_and(|notice| now >= notice)
    }
}

fn is_wanted(action: Action, queued: &Queued<'_>, attempted: &Attempted<'_>) -> bool {
    queued.from.mailbox().is_some() && action.wanted(attempted.notify)
}

impl Decision {
    fn give_up(&mut self) {
        self.state = State::Failed;
        // RFC 3464 §2.3.3: a delay and the failure it ends in have the same status. Where that says
        // nothing, it is RFC 3463's X.4.7, delivery time expired.
        if (self.status.subject, self.status.detail) == (0, 0) {
            self.status = EnhancedCode::new(4, 4, 7);
        }
    }

    /// What a [`Report`](super::Report) says of the recipient; `None` if there is nothing to say.
    /// `address` is the recipient as the envelope has it.
    pub fn reported(
        &self,
        address: impl Into<String>,
        outcome: &Outcome,
    ) -> Option<ReportedRecipient> {
        let mut reported = ReportedRecipient::new(address, self.report?, self.status);
        reported.diagnostic = Some(outcome.diagnostic.clone());
        reported.remote.clone_from(&outcome.remote);
        reported.last_attempt = Some(Date::from_unix(self.attempted_at.as_secs()));
        reported.retry_until = Some(Date::from_unix(self.retry_until.as_secs()));
        Some(reported)
    }
}

impl Plan {
    /// When to try again first, as time since 1970; `None` if nobody is left to be tried.
    pub fn next_attempt(&self) -> Option<Duration> {
        let due = |decision: &Decision| match decision.state {
            State::Retry { at } => Some(at),
            _ => None,
        };
        self.decisions.iter().filter_map(due).min()
    }

    /// The reports to send now: what each is about, and whom, as places in
    /// [`decisions`](Self::decisions). Each is a message of its own, since a person does something
    /// else about each.
    pub fn reports(&self) -> BTreeMap<Action, Vec<usize>> {
        let mut reports: BTreeMap<Action, Vec<usize>> = BTreeMap::new();
        for (place, decision) in self.decisions.iter().enumerate() {
            if let Some(action) = decision.report {
                reports.entry(action).or_default().push(place);
            }
        }
        reports
    }
}
