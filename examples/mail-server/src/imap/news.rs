//! What has changed in a mailbox, found once for all sessions that stand at the same point of its history.

use mailstore::{ChangeSet, Changes, MailboxId, ModSeq, Result};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Answers that are kept.
const KEPT: usize = 64;
/// Rows and removals of an answer that is kept: after larger changes everybody asks the store.
const MOST: usize = 64;

/// Of a thousand sessions that idle in a mailbox one or two ask the store what a delivery has brought.
#[derive(Debug, Default)]
pub(crate) struct News(Mutex<VecDeque<Item>>);

#[derive(Debug)]
struct Item {
    mailbox: MailboxId,
    since: ModSeq,
    changes: Arc<ChangeSet>,
}

impl News {
    /// What has changed since a point of the mailbox's history, up to this one at least.
    pub(super) async fn since(
        &self,
        store: &impl Changes,
        mailbox: MailboxId,
        since: ModSeq,
        until: ModSeq,
    ) -> Result<Arc<ChangeSet>> {
        if let Some(found) = self.find(mailbox, since, until) {
            return Ok(found);
        }
        let changes = Arc::new(store.changes_since(mailbox, since).await?);
        if changes.rows.len() + changes.expunged.len() <= MOST {
            let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            items.retain(|item| item.mailbox != mailbox || item.since != since);
            items.truncate(KEPT - 1);
            items.push_front(Item { mailbox, since, changes: changes.clone() });
        }
        Ok(changes)
    }

    fn find(&self, mailbox: MailboxId, since: ModSeq, until: ModSeq) -> Option<Arc<ChangeSet>> {
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = items.iter().find(|item| item.mailbox == mailbox && item.since == since)?;
        (found.changes.highest_modseq >= until).then(|| found.changes.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailstore::{Error, Notifier, Watcher};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Stands at a point that the test moves, and counts how often it is asked.
    #[derive(Default)]
    struct Counting {
        at: AtomicU64,
        asked: AtomicU64,
    }

    impl Changes for Counting {
        async fn watch(&self, _: MailboxId) -> Result<Watcher> {
            Ok(Notifier::new(ModSeq::new(0)).watcher())
        }

        async fn changes_since(&self, _: MailboxId, modseq: ModSeq) -> Result<ChangeSet> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let at = ModSeq::new(self.at.load(Ordering::Relaxed));
            if modseq > at {
                Err(Error::closed("later than now"))
            } else {
                Ok(ChangeSet::new(vec![], vec![], at))
            }
        }
    }

    #[tokio::test]
    async fn a_thousand_sessions_ask_the_store_once_for_each_delivery() {
        let (news, store, mailbox) = (News::default(), Counting::default(), MailboxId::new(1));
        let mut points = vec![ModSeq::new(0); 1000];
        for delivery in 1..=3 {
            store.at.store(delivery, Ordering::Relaxed);
            for point in &mut points {
                let told =
                    news.since(&store, mailbox, *point, ModSeq::new(delivery)).await.unwrap();
                *point = told.highest_modseq;
            }
            assert!(points.iter().all(|point| point.value() == delivery));
            assert_eq!(store.asked.load(Ordering::Relaxed), delivery);
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_not_told_to_who_knows_of_more() {
        let (news, store, mailbox) = (News::default(), Counting::default(), MailboxId::new(1));
        let (zero, one, two) = (ModSeq::new(0), ModSeq::new(1), ModSeq::new(2));
        store.at.store(1, Ordering::Relaxed);
        assert_eq!(news.since(&store, mailbox, zero, one).await.unwrap().highest_modseq, one);
        store.at.store(2, Ordering::Relaxed);
        assert_eq!(news.since(&store, mailbox, zero, one).await.unwrap().highest_modseq, one);
        assert_eq!(news.since(&store, mailbox, zero, two).await.unwrap().highest_modseq, two);
        assert_eq!(news.since(&store, mailbox, zero, one).await.unwrap().highest_modseq, two);
        let other = MailboxId::new(2);
        assert_eq!(news.since(&store, other, zero, one).await.unwrap().highest_modseq, two);
        assert_eq!(store.asked.load(Ordering::Relaxed), 3);
    }
}
