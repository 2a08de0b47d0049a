//! The selected mailbox, and what has changed in it since the client was told.

use super::{Done, Failure, Session, flags, ids};
use imap_proto::{
    command::QResync,
    server::{Resync, SelectData},
    types::{Flag, Mailbox, UidSet},
};
use mailstore::{Flags, MailboxId, ModSeq, Row, Seen, Snapshot, Store, Uid, Watcher};

#[derive(Debug)]
pub(super) struct Selected {
    pub(super) mailbox: MailboxId,
    watcher: Watcher,
    /// The point of the mailbox's history that the machine has been told of.
    modseq: ModSeq,
    /// Messages from here on are new to the machine.
    uid_next: Uid,
    news: bool,
}

impl Selected {
    /// The point of the mailbox's history that the client is told of.
    pub(super) fn modseq(&self) -> ModSeq {
        self.modseq
    }

    /// Waits until something has changed. Cancel safe.
    pub(super) async fn changed(&mut self) {
        if !self.news {
            // A store that is gone has no news.
            match self.watcher.changed().await {
                Ok(_) => self.news = true,
                Err(_) => std::future::pending().await,
            }
        }
    }
}

impl<S: Store> Session<S> {
    pub(super) async fn select(
        &mut self,
        name: &Mailbox<'_>,
        read_only: bool,
        known: Option<QResync>,
    ) -> Done {
        self.selected = None;
        let store = &self.app.store;
        let mailbox = store.mailbox(self.account()?, name.as_str()).await?.id;
        // Watched before it is looked at, so that no change falls between.
        let watcher = store.watch(mailbox).await?;
        let snapshot = store.snapshot(mailbox).await?;
        let uids: UidSet = snapshot.uids().map(Uid::value).collect();
        let unseen = snapshot.rows().find(|row| !row.flags.contains(&Flags::SEEN));
        let keywords = snapshot.keywords();
        let mut data =
            SelectData::new(snapshot.uid_validity().value(), snapshot.uid_next().value(), uids);
        data.first_unseen = unseen.map(|row| row.uid.value());
        data.keywords = keywords.keywords().filter_map(keyword).collect();
        data.read_only = read_only;
        data.mailbox_id = ids::mailbox(mailbox);
        data.highest_mod_seq = Some(snapshot.highest_modseq().value());
        if let Some(known) = known.filter(|known| known.uid_validity.get() == data.uid_validity) {
            data.changes = Some(self.missed(mailbox, &snapshot, known.mod_seq.get()).await?);
        }
        self.driver.machine.selected(data)?;
        self.selected = Some(Selected {
            mailbox,
            watcher,
            modseq: snapshot.highest_modseq(),
            uid_next: snapshot.uid_next(),
            news: false,
        });
        Ok(())
    }

    /// What has changed since a point of the mailbox's history (RFC 7162 §3.2.5).
    async fn missed(
        &self,
        mailbox: MailboxId,
        snapshot: &Snapshot,
        since: u64,
    ) -> mailstore::Result<Resync> {
        let since = ModSeq::new(since);
        let mut missed = Resync::default();
        missed.vanished = self.vanished(mailbox, snapshot, since).await?;
        let changed = snapshot.rows().filter(|row| row.modseq > since);
        let facts = |row: Row| {
            let flags = flags::names(&row.flags).map(String::from).collect();
            (row.uid.value(), flags, row.modseq.value())
        };
        missed.changed = changed.map(facts).collect();
        Ok(missed)
    }

    /// The UIDs expunged since, of those that the snapshot does not have any more; where that is forgotten, all that have no
    /// message. What is expunged after the snapshot was taken is told later, as news.
    pub(super) async fn vanished(
        &self,
        mailbox: MailboxId,
        snapshot: &Snapshot,
        since: ModSeq,
    ) -> mailstore::Result<UidSet> {
        let changes = self.app.store.changes_since(mailbox, since).await?;
        if !changes.forgotten {
            let here: UidSet = snapshot.uids().map(Uid::value).collect();
            let gone = changes.expunged.iter().map(|uid| uid.value());
            return Ok(gone.filter(|uid| !here.contains(*uid)).collect());
        }
        let mut gone = UidSet::new();
        let mut next = 1;
        for uid in snapshot.uids().map(Uid::value) {
            if next < uid {
                gone.insert_range(next, uid - 1);
            }
            next = uid.saturating_add(1);
        }
        if next < snapshot.uid_next().value() {
            gone.insert_range(next, snapshot.uid_next().value() - 1);
        }
        Ok(gone)
    }

    pub(super) async fn close(&mut self, expunge: bool) -> Done {
        let Some(selected) = self.selected.take() else {
            return Ok(self.driver.machine.ok("Closed")?);
        };
        if expunge {
            self.app.store.expunge(selected.mailbox, mailstore::Expunge::Deleted).await?;
        }
        Ok(self.driver.machine.ok("Closed")?)
    }

    /// Tells the machine what has changed in the selected mailbox; it tells the client when that
    /// is allowed.
    pub(super) async fn refresh(&mut self) -> Done {
        let Some(selected) = &mut self.selected else { return Ok(()) };
        match selected.watcher.try_changed() {
            None if !selected.news => return Ok(()),
            Some(Seen::Deleted) => return self.gone(),
            _ => selected.news = false,
        }
        let (store, mailbox, until) =
            (&self.app.store, selected.mailbox, selected.watcher.modseq());
        let changes = match self.app.news.since(store, mailbox, selected.modseq, until).await {
            Ok(changes) => changes,
            Err(mailstore::Error::NotFound { .. }) => return self.gone(),
            Err(error) => return Err(Failure::Store(error)),
        };
        let machine = &mut self.driver.machine;
        let (new, known): (Vec<_>, Vec<_>) =
            changes.rows.iter().partition(|row| row.uid >= selected.uid_next);
        for row in known {
            let mod_seq = Some(row.modseq.value());
            machine.flags(row.uid.value(), flags::names(&row.flags), mod_seq);
        }
        machine.exists(new.iter().map(|row| row.uid.value()), false);
        machine.expunged(changes.expunged.iter().map(|uid| uid.value()));
        if let Some(next) = new.last().and_then(|row| row.uid.next()) {
            selected.uid_next = next;
        }
        selected.modseq = changes.highest_modseq;
        Ok(())
    }

    /// The mailbox was deleted under the session. RFC 2180 §3.3 has this as one of the ways.
    fn gone(&mut self) -> Done {
        self.selected = None;
        self.driver.machine.shutdown("The mailbox was deleted");
        Ok(())
    }
}

fn keyword(name: &str) -> Option<Flag<'static>> {
    Flag::new(name).map(Flag::into_owned)
}
