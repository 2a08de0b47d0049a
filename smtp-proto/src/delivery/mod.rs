//! Planning of delivery, without input or output: where mail goes, when to try again, when to give
//! up, and what the sender is told.
//!
//! The clock, random numbers and the answers of name servers are arguments. A host goes round like
//! this:
//!
//! 1. [`Destination`] and [`MxLookup`] say which hosts to ask, and [`hops`] which addresses to try
//!    (RFC 5321 §5.1).
//! 2. An attempt ends in an [`Outcome`] for each recipient.
//! 3. [`Schedule::plan`] makes a [`Plan`] of them: done, to be tried again at a certain time, or
//!    failed; and which reports are to be sent now.
//! 4. A [`Report`] is the message that tells the sender (RFC 3464).
//!
//! ```
//! use core::time::Duration;
//! use smtp_proto::{
//!     Mailbox, Reply, ReversePath,
//!     delivery::{Attempted, Outcome, Original, Queued, Report, Schedule},
//!     trace::Date,
//! };
//!
//! let sender = Mailbox::parse("alice@example.org")?;
//! let from = ReversePath::Mailbox(sender.clone());
//! let arrival = Duration::from_secs(1_700_000_000); // since 1970
//! let now = arrival + Duration::from_secs(2);
//!
//! // Two recipients, one attempt each.
//! let full = Outcome::from_reply(&Reply::new(452, "4.2.2 mailbox full")).at("mx.b.example");
//! let gone = Outcome::from_reply(&Reply::new(550, "5.1.1 no such user")).at("mx.b.example");
//! let attempted = [Attempted::new(&full), Attempted::new(&gone)];
//! let plan = Schedule::default().plan(&Queued::new(&from, arrival), &attempted, now, 12345);
//!
//! // The first is tried again in about a minute; of the second the sender is told.
//! assert!(plan.next_attempt().unwrap() > now + Duration::from_secs(40));
//! for (_, places) in plan.reports() {
//!     let addresses = ["bob@b.example", "carol@b.example"];
//!     let reported: Vec<_> = places
//!         .into_iter()
//!         .filter_map(|place| plan.decisions[place].reported(addresses[place], attempted[place].outcome))
//!         .collect();
//!     let report = Report::new(
//!         "mx.example.org",
//!         &sender,
//!         "4F21A2B3C4",
//!         Date::from_unix(now.as_secs()),
//!         &reported,
//!         Original::new(b"Subject: Lunch\r\n"),
//!     );
//!     let message = String::from_utf8(report.write().message(b"")).unwrap();
//!     assert!(message.contains("Final-Recipient: rfc822; carol@b.example\r\nAction: failed\r\n"));
//! }
//! # Ok::<(), smtp_proto::AddressError>(())
//! ```

mod action;
mod hops;
mod mx;
mod no_route;
mod outcome;
mod plan;
mod received;
mod report;
mod schedule;
mod sts;

pub use action::Action;
pub use hops::{AddressLookup, Hop, hops};
pub use mx::{Destination, Mx, MxLookup};
pub use no_route::NoRoute;
pub use outcome::{Diagnostic, Outcome, Verdict};
pub use plan::{Attempted, Deadline, Decision, Plan, Queued, State};
pub use received::{MAX_RECEIVED, check_received};
pub use report::{Original, Report, ReportedRecipient, WrittenReport};
pub use schedule::{Next, Schedule};
pub use sts::{StsMode, StsPolicy, sts_id};
