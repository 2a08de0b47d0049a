//! The promises of a store as tests any backend can run.
//!
//! Implement [`Subject`] for your backend and call [`contract_tests!`](crate::contract_tests) in a test
//! file; every check becomes a `#[test]` there. This crate runs it on its own backends the same way:
//!
//! ```
//! use mailstore::MemoryStore;
//! use mailstore::contract::Subject;
//!
//! struct Memory(MemoryStore);
//!
//! impl Subject for Memory {
//!     type Store = MemoryStore;
//!     async fn create() -> Self {
//!         Memory(MemoryStore::new())
//!     }
//!     fn store(&self) -> MemoryStore {
//!         self.0.clone()
//!     }
//!     async fn reopen(&mut self) -> bool {
//!         false // nothing is kept
//!     }
//! }
//!
//! mailstore::contract_tests!(Memory);
//! # mailstore::contract::run(mailstore::contract::an_account_is_found_whatever_the_case::<Memory>());
//! ```

mod accounts;
mod bodies;
mod changes;
mod copies;
mod flags;
mod histories;
mod mailboxes;
mod messages;
mod metadata;
mod power;
mod queue;
mod quotas;
mod racy;
mod readers;
mod reopening;
mod sharing;

use core::future::Future;

use crate::{
    Account, Accounts, Delivery, Error, MailboxId, Mailboxes, Messages, NewMessage, Result, Row,
    Staged, Store, Uid,
};

pub use accounts::*;
pub use bodies::*;
pub use changes::*;
pub use copies::*;
pub use flags::*;
pub use histories::*;
pub use mailboxes::*;
pub use messages::*;
pub use metadata::*;
pub use power::*;
pub use queue::*;
pub use quotas::*;
pub use racy::*;
pub use readers::*;
pub use reopening::*;
pub use sharing::*;

/// A backend under test.
pub trait Subject: Sized {
    /// The backend's handle.
    type Store: Store;

    /// How many thousand messages the largest mailbox of the checks has.
    const THOUSANDS: u32 = 10;

    /// How many random histories of concurrent clients are compared with the memory backend.
    const HISTORIES: u32 = 300;

    /// A fresh, empty store.
    fn create() -> impl Future<Output = Self>;

    /// A handle of it.
    fn store(&self) -> Self::Store;

    /// Closes the store and opens it again with what it kept. False when the backend keeps nothing:
    /// then checks of durability pass without checking.
    fn reopen(&mut self) -> impl Future<Output = bool>;
}

/// Runs one check. The macro calls it.
pub fn run(check: impl Future<Output = Result<()>>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(check),
        Err(error) => Err(error.into()),
    };
    assert!(
        result.is_ok(),
        "the backend answered: {}",
        result.err().map_or_else(String::new, |e| e.to_string())
    );
}

/// Makes a `#[test]` of every check, for one [`Subject`]; with `, power_cut` also of those for a
/// [`PowerCut`] subject.
#[macro_export]
macro_rules! contract_tests {
    ($subject:ty, power_cut) => {
        $crate::contract_tests!($subject);
        $crate::contract_tests! { @ $subject;
            nothing_acknowledged_is_lost_when_the_power_goes
            a_disk_that_lies_loses_messages
        }
    };
    ($subject:ty) => {
        $crate::contract_tests! { @ $subject;
            an_account_is_found_whatever_the_case
            a_login_name_is_taken_once
            credentials_are_kept_and_never_printed
            a_deleted_account_leaves_nothing
            bodies_come_back_octet_for_octet
            a_large_body_streams_in_and_out
            facts_come_back_in_the_order_asked
            threads_come_back_in_the_order_asked
            a_body_outlives_the_message_while_it_is_read
            changes_since_lead_from_one_snapshot_to_the_next
            a_watcher_hears_of_changes_once
            a_watcher_that_is_dropped_while_waiting_loses_nothing
            a_watcher_hears_of_deletion
            a_copy_shares_the_message_and_keeps_flags_and_date
            a_move_is_one_step_in_both_mailboxes
            a_move_within_a_mailbox_gives_new_uids
            a_failed_copy_changes_nothing
            flags_are_added_removed_and_replaced
            a_change_that_changes_nothing_is_no_step
            messages_changed_since_are_left_alone
            one_call_is_one_step
            keywords_keep_their_first_spelling
            inbox_is_one_whatever_the_case
            missing_levels_are_created
            renaming_takes_everything_below_along
            renaming_inbox_moves_its_messages
            a_name_reused_has_another_uidvalidity
            subscriptions_outlive_mailboxes
            special_use_and_uidvalidity_survive_renaming
            uids_ascend_and_are_never_reused
            append_is_all_or_nothing
            a_delivery_reaches_all_or_none
            a_delivery_stores_one_message
            a_snapshot_does_not_change
            status_counts_what_the_snapshot_shows
            expunge_removes_what_was_asked_and_nothing_else
            concurrent_writers_get_distinct_uids
            a_snapshot_is_read_row_by_row_while_others_write
            a_barrier_waits_for_writes_nobody_waits_for
            a_maildrop_has_one_holder
            a_due_envelope_is_leased_once
            an_outcome_is_recorded_per_recipient
            a_settled_envelope_is_gone_and_its_message_too
            a_late_worker_cannot_undo_anothers_work
            a_bounce_comes_with_the_outcome_or_not_at_all
            held_and_removed_envelopes_are_not_leased
            the_queue_tells_of_new_work
            metadata_are_set_and_removed_in_one_step
            metadata_have_limits
            metadata_go_with_what_they_belong_to
            rights_are_granted_and_revoked
            a_grant_goes_with_its_mailbox
            own_flags_are_the_readers_alone
            own_flags_go_with_what_they_belong_to
            a_quota_counts_what_an_account_holds
            a_step_over_a_limit_is_refused_whole
            a_limit_below_what_is_there_stops_growth_only
            concurrent_clients_see_one_order
            a_made_up_answer_is_noticed
            a_store_that_races_is_noticed
            everything_acknowledged_survives_reopening
            nothing_is_reused_after_reopening
        }
    };
    (@ $subject:ty; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            $crate::contract::run($crate::contract::$check::<$subject>());
        }
    )*};
}

/// A subject with one account, as most checks want it.
struct Bench<S: Subject> {
    subject: S,
    store: S::Store,
    account: Account,
    inbox: MailboxId,
}

impl<S: Subject> Bench<S> {
    async fn new() -> Result<Bench<S>> {
        let subject = S::create().await;
        let store = subject.store();
        let account = store.create_account("alice@example.test", &[]).await?;
        let inbox = store.mailbox(account.id, "INBOX").await?.id;
        Ok(Bench { subject, store, account, inbox })
    }

    async fn create(&self, name: &str) -> Result<MailboxId> {
        let new = crate::NewMailbox::new(name);
        Ok(self.store.create_mailbox(self.account.id, &new).await?.id)
    }

    /// Appends messages with these bodies.
    async fn append(&self, mailbox: MailboxId, bodies: &[&str]) -> Result<Vec<Uid>> {
        let messages = bodies.iter().map(|body| message(body)).collect();
        Ok(self.store.append(mailbox, messages).await?.uids)
    }

    async fn rows(&self, mailbox: MailboxId) -> Result<Vec<Row>> {
        Ok(self.store.snapshot(mailbox).await?.rows().collect())
    }

    async fn row(&self, mailbox: MailboxId, uid: Uid) -> Result<Row> {
        let found = self.store.snapshot(mailbox).await?.find(uid);
        found.ok_or_else(|| Error::not_found("message", uid))
    }
}

fn message(body: &str) -> NewMessage {
    NewMessage::new(Staged::from_bytes(body.to_owned())).facts(format!("facts of {body}"))
}

fn delivery(body: &str) -> Delivery {
    Delivery::new(Staged::from_bytes(body.to_owned())).facts(format!("facts of {body}"))
}

fn uid(value: u32) -> Uid {
    Uid::new(value).unwrap_or(Uid::FIRST)
}

fn uids(values: &[u32]) -> Vec<Uid> {
    values.iter().map(|value| uid(*value)).collect()
}
