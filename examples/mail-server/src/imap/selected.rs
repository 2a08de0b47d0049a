//! The selected mailbox, and what has changed in it since the client was told.

use super::{Done, Failure, Session, flags};
use imap_proto::{
    server::SelectData,
    types::{Flag, Mailbox, UidSet},
};
use mailstore::{Flags, MailboxId, ModSeq, Seen, Store, Uid, Watcher};

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
    pub(super) async fn select(&mut self, name: &Mailbox<'_>, read_only: bool) -> Done {
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
        let changes = match self.app.store.changes_since(selected.mailbox, selected.modseq).await {
            Ok(changes) => changes,
            Err(mailstore::Error::NotFound { .. }) => return self.gone(),
            Err(error) => return Err(Failure::Store(error)),
        };
        let machine = &mut self.driver.machine;
        let (new, known): (Vec<_>, Vec<_>) =
            changes.rows.into_iter().partition(|row| row.uid >= selected.uid_next);
        for row in known {
            machine.flags(row.uid.value(), flags::names(&row.flags), None);
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
