//! One connection: events of the machine in, answers out.

use super::{Done, Failure, Session, selected::Selected};
use crate::{accounts::mechanisms, app::App, listen::Connection};
use imap_proto::server::{Config, Event, Server};
use mailstore::Store;
use mailwire::{
    Machine,
    driver::{Deflate, Driver, Stop},
};
use std::{io, sync::Arc};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

pub(crate) async fn session<S: Store>(app: Arc<App<S>>, connection: Connection) -> io::Result<()> {
    let Connection { service, wire, record, tls, stopping } = connection;
    let config = machine_config(&app);
    let mut machine =
        if service.implicit_tls() { Server::over_tls(config) } else { Server::new(config) };
    machine.set_channel_binding(wire.channel_binding());
    let driver = Driver::new(machine, Deflate::new(wire));
    let mut session =
        Session { app, record, driver, account: None, selected: None, append: None, idle: false };
    loop {
        match session.run(&stopping).await? {
            Stop::Upgrade => {
                let Session { driver, app, record, .. } = session;
                let (mut machine, mut wire) = driver.into_parts();
                let early = machine.upgrade();
                Box::pin(wire.inner_mut().accept_tls(tls.clone(), early)).await?;
                machine.set_channel_binding(wire.inner().channel_binding());
                let driver = Driver::new(machine, wire);
                session = Session {
                    app,
                    record,
                    driver,
                    account: None,
                    selected: None,
                    append: None,
                    idle: false,
                };
            }
            Stop::Compress => session.driver.compress(),
            why => {
                debug!(?why, "session over");
                return session.driver.shutdown().await;
            }
        }
    }
}

fn machine_config<S>(app: &App<S>) -> Config {
    let mut config = Config::default();
    config.starttls = true;
    config.greeting = format!("{} IMAP server ready", app.config().hostname);
    config.mechanisms = mechanisms(&app.config());
    config.mod_seqs = true;
    config.save_dates = true;
    config.quotas = true;
    config.metadata = true;
    (config.binary, config.utf8, config.object_ids, config.previews) = (true, true, true, true);
    (config.multi_append, config.catenate, config.replace) = (true, true, true);
    (config.compress, config.unauthenticate) = (true, true);
    (config.multi_search, config.filters) = (true, true);
    config.append_limit = app.config().limits.message_size;
    config.id = vec![
        ("name".into(), "mail-server".into()),
        ("version".into(), env!("CARGO_PKG_VERSION").into()),
    ];
    config
}

/// What wakes a session.
enum Woken<'a> {
    Event(Option<Event<'a>>),
    Changed,
    Stopping,
}

impl<S: Store> Session<S> {
    /// Answers events until the machine stops.
    async fn run(&mut self, stopping: &CancellationToken) -> io::Result<Stop> {
        let mut told = false;
        loop {
            let idle = self.idle;
            let woken = tokio::select! {
                event = self.driver.next() => Woken::Event(event?),
                () = changed(self.selected.as_mut()), if idle => Woken::Changed,
                () = stopping.cancelled(), if !told => Woken::Stopping,
            };
            let event = match woken {
                Woken::Event(Some(event)) => event,
                Woken::Event(None) => return Ok(self.driver.stop()),
                Woken::Changed => {
                    if let Err(failure) = Box::pin(self.refresh()).await {
                        self.settle(Err(failure))?;
                    }
                    continue;
                }
                Woken::Stopping => {
                    told = true;
                    self.driver.machine.shutdown("Server shutting down");
                    continue;
                }
            };
            // What lends from the receive buffer comes first.
            let event = match event {
                Event::Chunk(octets) => {
                    if let Some(incoming) = &mut self.append {
                        incoming.write(octets, self.app.config().limits.message_size).await;
                    }
                    continue;
                }
                Event::Authenticate(claim) => {
                    let judging = self.app.users.judge(&claim, &self.record);
                    let (verdict, account) = Box::pin(judging).await;
                    self.account = account;
                    self.driver.machine.verdict(verdict).map_err(io::Error::other)?;
                    continue;
                }
                event => event.detach(),
            };
            self.idle = matches!(event, Event::Idle);
            // In a box, because it takes kilobytes, and idle sessions have none to answer.
            let done = Box::pin(self.answer(event)).await;
            self.settle(done)?;
        }
    }

    /// Tells the client of a failure. One that the session does not survive is returned.
    fn settle(&mut self, done: Done) -> io::Result<()> {
        let failure = match done {
            Ok(()) => return Ok(()),
            Err(Failure::Io(error)) => return Err(error),
            Err(failure) => failure,
        };
        let (code, text) = failure.to_no();
        debug!(?failure, "refused");
        if let Failure::Store(mailstore::Error::Io(_) | mailstore::Error::Corrupt { .. }) = &failure
        {
            error!(?failure, "the store failed");
        }
        // An answer may have been given in part: then only the end of the session is left.
        self.driver.machine.no(code, &text).map_err(io::Error::other)
    }

    async fn answer(&mut self, event: Event<'static>) -> Done {
        match event {
            Event::Noop => {
                self.refresh().await?;
                Ok(self.driver.machine.ok("Done")?)
            }
            Event::Idle => self.refresh().await,
            Event::Select { mailbox, read_only, known } => {
                self.select(&mailbox, read_only, known).await
            }
            Event::Close { expunge } => self.close(expunge).await,
            Event::Create { mailbox, uses } => self.create(&mailbox, &uses).await,
            Event::Delete(mailbox) => self.delete(&mailbox).await,
            Event::Rename { from, to } => self.rename(&from, &to).await,
            Event::Subscribe(mailbox) => self.subscribe(&mailbox, true).await,
            Event::Unsubscribe(mailbox) => self.subscribe(&mailbox, false).await,
            Event::List(query) => self.list(&query, false).await,
            Event::Lsub(query) => self.list(&query, true).await,
            Event::Status { mailbox, items } => self.status(&mailbox, &items).await,
            Event::Append(wanted) => self.append(wanted).await,
            Event::AppendUrl(url) => self.append_url(&url).await,
            Event::Unauthenticate => {
                (self.account, self.selected) = (None, None);
                Ok(self.driver.machine.ok("Another user may log in")?)
            }
            Event::Appended => self.appended().await,
            Event::AppendAborted => {
                self.append = None;
                Ok(())
            }
            Event::Expunge { uids } => self.expunge(uids).await,
            Event::GetQuota(root) => self.quota(&root).await,
            Event::GetQuotaRoot(mailbox) => self.quota_root(&mailbox).await,
            Event::GetMetadata(mailbox) => self.metadata(mailbox.as_ref()).await,
            Event::SetMetadata { mailbox, entries } => {
                self.set_metadata(mailbox.as_ref(), entries).await
            }
            Event::Search(query) => self.search(query).await,
            Event::MultiSearch { sources, query } => self.multi_search(&sources, query).await,
            Event::Sort { criteria, query } => self.sort(&criteria, query).await,
            Event::Thread { algorithm, query } => self.thread(algorithm, query).await,
            Event::Fetch { uids, items, changed_since, vanished, set_seen } => {
                let since = changed_since.map(|since| (since, vanished));
                self.fetch(&uids, &items, since, set_seen).await
            }
            Event::Store { uids, action, flags, unchanged_since } => {
                self.store(&uids, action, &flags, unchanged_since).await
            }
            Event::Copy { uids, mailbox } => self.copy(&uids, &mailbox).await,
            Event::Move { uids, mailbox } => self.move_to(&uids, &mailbox).await,
            _ => Ok(()),
        }
    }

    /// The account; every event but log-in has one.
    pub(super) fn account(&self) -> Result<mailstore::AccountId, Failure> {
        let account = self.account.as_ref().map(|account| account.id);
        account.ok_or(Failure::No(None, "Log in first"))
    }

    pub(super) fn selected(&mut self) -> Result<&mut Selected, Failure> {
        self.selected.as_mut().ok_or(Failure::No(None, "No mailbox is selected"))
    }
}

async fn changed(selected: Option<&mut Selected>) {
    match selected {
        Some(selected) => selected.changed().await,
        None => std::future::pending().await,
    }
}
