//! Delivery planning (RFC 5321 §4.5.4.1, §6.3): schedule, outcomes, plans.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::time::Duration;

use proptest::prelude::*;
use smtp_proto::{
    DeliverBy, DeliverMode, EnhancedCode, Mailbox, Notify, Reply, ReversePath,
    delivery::{
        Action, Attempted, Deadline, Decision, Diagnostic, Next, Outcome, Queued, Schedule, State,
        Verdict, check_received,
    },
};

const MIDDLE: u32 = 200; // neither shortened nor lengthened
const ARRIVAL: Duration = Duration::from_secs(1_700_000_000);

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn hours(n: u64) -> Duration {
    secs(n * 3600)
}

// The schedule

#[test]
fn gaps_double_from_a_minute_to_two_hours() {
    let schedule = Schedule::default();
    let gaps: Vec<u64> = (1..=10)
        .map(|attempt| match schedule.next(attempt, Duration::ZERO, MIDDLE) {
            Next::RetryIn(gap) => gap.as_secs(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(gaps, [60, 120, 240, 480, 960, 1920, 3840, 7200, 7200, 7200]);
}

#[test]
fn a_message_is_given_up_after_five_days_and_the_last_try_falls_on_the_end() {
    let schedule = Schedule::default();
    let days = |n: u64| secs(n * 86_400);
    let almost = days(5) - secs(10);
    assert_eq!(schedule.next(80, almost, MIDDLE), Next::RetryIn(secs(10)));
    assert_eq!(schedule.next(80, days(5), MIDDLE), Next::GiveUp);
    assert_eq!(schedule.next(1, days(5), MIDDLE), Next::GiveUp);
}

proptest! {
    #[test]
    fn a_gap_is_never_off_by_more_than_a_fifth_nor_beyond_the_end(
        attempts: u32, age in 0u64..500_000, random: u32
    ) {
        let schedule = Schedule::default();
        let age = secs(age);
        match schedule.next(attempts, age, random) {
            Next::GiveUp => prop_assert!(age >= schedule.give_up),
            Next::RetryIn(gap) => {
                prop_assert!(gap > Duration::ZERO && age + gap <= schedule.give_up);
                prop_assert!(gap <= schedule.longest * 6 / 5);
                prop_assert!(gap >= schedule.first * 4 / 5 || age + gap == schedule.give_up);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn every_message_that_cannot_be_delivered_is_given_up_in_the_end() {
    let schedule = Schedule::default();
    for random in [0, 400, MIDDLE, u32::MAX] {
        let (mut age, mut attempts) = (Duration::ZERO, 1);
        while let Next::RetryIn(gap) = schedule.next(attempts, age, random) {
            age += gap;
            attempts += 1;
        }
        assert_eq!(age, schedule.give_up);
        assert!((50..100).contains(&attempts), "{attempts} attempts");
    }
}

// Outcomes

#[test]
fn an_outcome_follows_the_first_digit_and_keeps_the_words() {
    let relayed = Verdict::Relayed { reports: false };
    let table = [
        (250, "2.6.0 Ok", relayed, (2, 6, 0), "250 2.6.0 Ok"),
        (251, "will forward", relayed, (2, 0, 0), "251 will forward"),
        (452, "4.2.2 full", Verdict::Deferred, (4, 2, 2), "452 4.2.2 full"),
        (421, "", Verdict::Deferred, (4, 0, 0), "421"),
        (354, "what", Verdict::Deferred, (4, 0, 0), "354 what"),
        (554, "4.1.1 odd", Verdict::Failed, (5, 0, 0), "554 4.1.1 odd"),
        (550, "5.1.1 no\nuser", Verdict::Failed, (5, 1, 1), "550-5.1.1 no\n550 5.1.1 user"),
    ];
    for (code, text, verdict, (class, subject, detail), words) in table {
        let outcome = Outcome::from_reply(&Reply::new(code, text));
        assert_eq!(outcome.verdict, verdict, "{code} {text}");
        assert_eq!(outcome.status, EnhancedCode::new(class, subject, detail), "{code} {text}");
        assert_eq!(outcome.diagnostic, Diagnostic::Smtp(words.into()));
    }
    let outcome = Outcome::from_reply(&Reply::new(550, "5.1.1 no\nuser"));
    assert_eq!(outcome.diagnostic.to_string(), "550-5.1.1 no / 550 5.1.1 user");
}

// Plans

fn sender() -> ReversePath<'static> {
    ReversePath::Mailbox(Mailbox::parse("alice@example.org").unwrap())
}

fn notify(words: &str) -> Option<Notify> {
    let has = |word| words.split(',').any(|other| other == word);
    Some(Notify { success: has("SUCCESS"), failure: has("FAILURE"), delay: has("DELAY") })
}

fn by(seconds: i32, mode: DeliverMode) -> Deadline {
    Deadline::new(DeliverBy::new(seconds, mode, false), ARRIVAL)
}

fn deferred() -> Outcome {
    Outcome::from_reply(&Reply::new(451, "later"))
}

fn decide(queued: &Queued<'_>, attempted: Attempted<'_>, now: Duration) -> Decision {
    let plan = Schedule::default().plan(queued, &[attempted], now, MIDDLE);
    assert_eq!(plan.decisions.len(), 1);
    plan.decisions[0]
}

#[test]
fn an_outcome_decides_the_state_and_the_report() {
    let never = Some(Notify::NEVER);
    let success = notify("SUCCESS");
    let failure = notify("FAILURE");
    let verdict = |verdict| {
        let mut outcome = Outcome::delivered();
        outcome.verdict = verdict;
        outcome
    };
    let failed = Outcome::failed(EnhancedCode::new(5, 1, 1), "no");
    let reports = Verdict::Relayed { reports: true };
    let silent = Verdict::Relayed { reports: false };
    let (done, lost) = (State::Done, State::Failed);
    let table = [
        // RFC 3461 §5.2.1: the next server has the sender's wishes.
        (verdict(reports), None, done, None),
        (verdict(reports), success, done, None),
        // §5.2.2 b, d, e
        (verdict(silent), success, done, Some(Action::Relayed)),
        (verdict(silent), never, done, None),
        (verdict(silent), None, done, None),
        // §5.2.3
        (verdict(Verdict::Delivered), success, done, Some(Action::Delivered)),
        (verdict(Verdict::Delivered), failure, done, None),
        (verdict(Verdict::Delivered), None, done, None),
        // §5.2.7.3 c
        (verdict(Verdict::Expanded), success, done, Some(Action::Expanded)),
        (verdict(Verdict::Expanded), None, done, None),
        // §5.2.6
        (failed.clone(), failure, lost, Some(Action::Failed)),
        (failed.clone(), success, lost, None),
        (failed.clone(), never, lost, None),
        (failed, None, lost, Some(Action::Failed)),
    ];
    let (from, null) = (sender(), ReversePath::Null);
    for (outcome, notify, state, report) in table {
        let mut attempted = Attempted::new(&outcome);
        attempted.notify = notify;
        let decision = decide(&Queued::new(&from, ARRIVAL), attempted, ARRIVAL);
        assert_eq!((decision.state, decision.report), (state, report), "{outcome:?} {notify:?}");
        // RFC 5321 §4.5.5: of a report there is no report.
        let decision = decide(&Queued::new(&null, ARRIVAL), attempted, ARRIVAL);
        assert_eq!((decision.state, decision.report), (state, None), "{outcome:?} {notify:?}");
    }
}

/// Tries again and again; what was reported, and after how many seconds.
fn life(queued: &Queued<'_>, notify: Option<Notify>, random: u32) -> Vec<(Action, u64)> {
    let outcome = deferred();
    let mut attempted = Attempted::new(&outcome);
    attempted.notify = notify;
    let (mut now, mut reports) = (ARRIVAL, Vec::new());
    loop {
        let plan = Schedule::default().plan(queued, &[attempted], now, random);
        let decision = plan.decisions[0];
        reports.extend(decision.report.map(|report| (report, (now - ARRIVAL).as_secs())));
        attempted.earlier_attempts += 1;
        attempted.delay_reported = decision.delay_reported;
        match decision.state {
            State::Retry { at } => {
                assert!(at > now && at <= decision.retry_until, "{at:?}");
                assert_eq!(plan.next_attempt(), Some(at));
                now = at;
            }
            state => {
                assert_eq!((state, plan.next_attempt()), (State::Failed, None));
                return reports;
            }
        }
    }
}

#[test]
fn the_sender_is_told_once_at_four_hours_and_again_at_the_end() {
    let from = sender();
    let queued = Queued::new(&from, ARRIVAL);
    let (notice, end) = ((Action::Delayed, 4 * 3600), (Action::Failed, 5 * 86_400));
    for random in [0, MIDDLE, 400, 77, u32::MAX] {
        assert_eq!(life(&queued, None, random), [notice, end]);
        assert_eq!(life(&queued, notify("DELAY,FAILURE"), random), [notice, end]);
        assert_eq!(life(&queued, notify("FAILURE"), random), [end]);
        assert_eq!(life(&queued, notify("DELAY"), random), [notice]);
        assert_eq!(life(&queued, notify("SUCCESS"), random), []);
        assert_eq!(life(&queued, Some(Notify::NEVER), random), []);
        assert_eq!(life(&Queued::new(&ReversePath::Null, ARRIVAL), None, random), []);
    }
}

#[test]
fn a_deadline_is_the_end_or_the_time_of_the_notice() {
    let from = sender();
    let mut queued = Queued::new(&from, ARRIVAL);
    queued.deadline = Some(by(3600, DeliverMode::Return));
    assert_eq!(life(&queued, None, MIDDLE), [(Action::Failed, 3600)]);
    queued.deadline = Some(by(3600, DeliverMode::Notify));
    assert_eq!(
        life(&queued, None, MIDDLE),
        [(Action::Delayed, 3600), (Action::Failed, 5 * 86_400)]
    );
    // A deadline later than the end changes nothing.
    queued.deadline = Some(by(3_600_000, DeliverMode::Return));
    assert_eq!(
        life(&queued, None, MIDDLE),
        [(Action::Delayed, 4 * 3600), (Action::Failed, 5 * 86_400)]
    );
}

#[test]
fn what_is_given_up_keeps_its_status_or_says_that_time_is_over() {
    let from = sender();
    let queued = Queued::new(&from, ARRIVAL);
    let end = ARRIVAL + hours(120);
    let status = |queued: &Queued<'_>, text: &'static str, now| {
        let outcome = Outcome::from_reply(&Reply::new(451, text));
        let decision = decide(queued, Attempted::new(&outcome), now);
        assert_eq!(decision.state, State::Failed);
        decision.status.to_string()
    };
    assert_eq!(status(&queued, "4.2.2 full", end), "4.2.2");
    assert_eq!(status(&queued, "later", end), "4.4.7");
    let mut queued = queued;
    queued.deadline = Some(by(3600, DeliverMode::Return));
    assert_eq!(status(&queued, "4.2.2 full", ARRIVAL + hours(1)), "5.4.7");
}

#[test]
fn a_clock_that_was_set_back_does_no_harm() {
    let from = sender();
    let outcome = deferred();
    let queued = Queued::new(&from, ARRIVAL);
    let decision = decide(&queued, Attempted::new(&outcome), ARRIVAL - hours(1));
    assert_eq!(decision.state, State::Retry { at: ARRIVAL - hours(1) + secs(60) });
}

#[test]
fn each_report_is_about_one_thing() {
    let from = sender();
    let (delay, failure) = (deferred(), Outcome::failed(EnhancedCode::new(5, 1, 1), "no"));
    let attempted = [&failure, &delay, &failure].map(Attempted::new);
    let queued = Queued::new(&from, ARRIVAL);
    let plan = Schedule::default().plan(&queued, &attempted, ARRIVAL + hours(5), MIDDLE);
    let reports: Vec<_> = plan.reports().into_iter().collect();
    assert_eq!(reports, [(Action::Failed, vec![0, 2]), (Action::Delayed, vec![1])]);
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let verdict = prop_oneof![
        Just(Verdict::Delivered),
        Just(Verdict::Relayed { reports: true }),
        Just(Verdict::Relayed { reports: false }),
        Just(Verdict::Expanded),
        Just(Verdict::Deferred),
        Just(Verdict::Failed),
    ];
    verdict.prop_map(|verdict| {
        let mut outcome = deferred();
        outcome.verdict = verdict;
        outcome
    })
}

fn any_notify() -> impl Strategy<Value = Option<Notify>> {
    proptest::option::of(
        (any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(success, failure, delay)| Notify { success, failure, delay }),
    )
}

proptest! {
    #[test]
    fn every_recipient_ends_in_one_state_and_is_reported_at_most_once(
        recipients in proptest::collection::vec(
            (any_outcome(), any_notify(), 0u32..100, any::<bool>()), 0..20
        ),
        age in 0u64..600_000,
        random: u32,
        null: bool,
    ) {
        let from = if null { ReversePath::Null } else { sender() };
        let attempted: Vec<_> = recipients.iter().map(|(outcome, notify, earlier, told)| {
            let mut attempted = Attempted::new(outcome);
            attempted.notify = *notify;
            attempted.earlier_attempts = *earlier;
            attempted.delay_reported = *told;
            attempted
        }).collect();
        let now = ARRIVAL + secs(age);
        let schedule = Schedule::default();
        let plan = schedule.plan(&Queued::new(&from, ARRIVAL), &attempted, now, random);
        prop_assert_eq!(plan.decisions.len(), attempted.len());
        for (decision, attempted) in plan.decisions.iter().zip(&attempted) {
            let verdict = attempted.outcome.verdict;
            match decision.state {
                State::Done => prop_assert!(!matches!(verdict, Verdict::Deferred | Verdict::Failed)),
                State::Failed => prop_assert!(
                    verdict == Verdict::Failed
                        || verdict == Verdict::Deferred && secs(age) >= schedule.give_up
                ),
                State::Retry { at } => {
                    prop_assert_eq!(verdict, Verdict::Deferred);
                    prop_assert!(at > now && at <= ARRIVAL + schedule.give_up);
                }
            }
            let expected = match decision.state {
                _ if null => false,
                State::Failed => attempted.notify.is_none_or(|notify| notify.failure),
                State::Done => attempted.notify.is_some_and(|notify| notify.success)
                    && verdict != Verdict::Relayed { reports: true },
                State::Retry { .. } => age >= 4 * 3600
                    && !attempted.delay_reported
                    && attempted.notify.is_none_or(|notify| notify.delay),
            };
            prop_assert_eq!(decision.report.is_some(), expected);
        }
        let mut named: Vec<usize> = plan.reports().into_values().flatten().collect();
        named.sort_unstable();
        let reported: Vec<usize> =
            (0..attempted.len()).filter(|&at| plan.decisions[at].report.is_some()).collect();
        prop_assert_eq!(named, reported);
    }
}

// Loops

#[test]
fn a_message_with_more_than_a_hundred_received_fields_is_refused_for_good() {
    assert_eq!(check_received(0), Ok(()));
    assert_eq!(check_received(100), Ok(()));
    let reply = check_received(101).unwrap_err();
    assert!(reply.is_permanent());
    assert_eq!((reply.code(), reply.enhanced()), (554, Some(EnhancedCode::new(5, 4, 6))));
}
