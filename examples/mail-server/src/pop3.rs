//! POP3: INBOX as a maildrop. Its messages are those there were at log-in, whatever their flags;
//! what the reader deletes is removed when it says QUIT.

mod header;

use self::header::Header;
use crate::{
    accounts::mechanisms,
    app::App,
    listen::{Connection, Record},
    wire::Wire,
};
use imap_proto::mime::Summary;
use mailstore::{Account, Expunge, MailboxId, MaildropLock, MessageId, Snapshot, Store, Uid};
use mailwire::{
    Machine, Misuse,
    driver::{Driver, Stop},
    sasl::Verdict,
};
use pop3_proto::{
    Code,
    server::{Config, Entry, Event, Expire, Server},
};
use std::{collections::VecDeque, io, sync::Arc};
use tracing::{debug, warn};

/// Octets of a message gathered before they are sent.
const GATHER: usize = 64 * 1024;

pub(crate) async fn session<S: Store>(app: Arc<App<S>>, connection: Connection) -> io::Result<()> {
    let Connection { service, wire, record, tls, stopping } = connection;
    let config = machine_config(&app);
    let mut machine =
        if service.implicit_tls() { Server::over_tls(config) } else { Server::new(config) };
    machine.set_channel_binding(wire.channel_binding());
    let mut session = Session { app, record, account: None, maildrop: None };
    let mut driver = Driver::new(machine, wire);
    let mut told = false;
    loop {
        let event = tokio::select! {
            event = driver.next() => event?,
            () = stopping.cancelled(), if !told => {
                told = true;
                driver.machine.shutdown();
                continue;
            }
        };
        let Some(event) = event else {
            match driver.stop() {
                Stop::Upgrade => {
                    let (mut machine, mut wire) = driver.into_parts();
                    let early = machine.upgrade();
                    wire.accept_tls(tls.clone(), early).await?;
                    machine.set_channel_binding(wire.channel_binding());
                    driver = Driver::new(machine, wire);
                    continue;
                }
                why => {
                    debug!(?why, "session over");
                    // Others need not wait until this client has hung up.
                    session.maildrop = None;
                    return driver.shutdown().await;
                }
            }
        };
        let ask = session.ask(event).await;
        session.answer(&mut driver, ask).await?;
    }
}

fn machine_config<S>(app: &App<S>) -> Config {
    let mut config = Config::default();
    config.name = format!("{} POP3 server", app.config().hostname);
    config.starttls = true;
    config.mechanisms = mechanisms(&app.config());
    // The store does not say which headers need it: that is seen when they are read.
    config.utf8 = app.config().pop3.utf8;
    config.utf8_user = app.config().pop3.utf8;
    // RFC 2449 §6.7: nothing is removed here but what a reader deletes. There is no LOGIN-DELAY (§6.5),
    // as no log-in comes too soon.
    config.expire = Some(Expire::new(None));
    config.implementation = Some(concat!("mail-server ", env!("CARGO_PKG_VERSION")).into());
    config
}

/// What the machine asks for, once the event's loan is over.
enum Ask {
    Nothing,
    Judge(Verdict),
    Open,
    /// The message at this place.
    Send(usize),
    Remove(Vec<usize>),
}

struct Session<S> {
    app: Arc<App<S>>,
    record: Arc<Record>,
    account: Option<Account>,
    maildrop: Option<Maildrop>,
}

/// Why a message is not sent.
enum Unsent {
    /// Its header is not ASCII, and the client has not asked for UTF-8 mode.
    NeedsUtf8,
    Store(mailstore::Error),
}

impl From<mailstore::Error> for Unsent {
    fn from(error: mailstore::Error) -> Self {
        Self::Store(error)
    }
}

/// The maildrop as it was when it was opened.
struct Maildrop {
    mailbox: MailboxId,
    messages: Vec<(Uid, MessageId)>,
    /// Gives the maildrop back when the session ends, however it ends.
    _lock: MaildropLock,
}

impl<S: Store> Session<S> {
    async fn ask(&mut self, event: Event<'_>) -> Ask {
        match event {
            Event::Login { claim } => {
                let (verdict, account) = self.app.users.judge(&claim, &self.record).await;
                self.account = account;
                Ask::Judge(verdict)
            }
            Event::Open { .. } => Ask::Open,
            Event::Retr { index, .. } | Event::Top { index, .. } => Ask::Send(index),
            Event::Update { deleted } => Ask::Remove(deleted.map(|(index, _)| index).collect()),
            Event::Rejected(why) => {
                debug!(%why, "refused");
                Ask::Nothing
            }
            _ => Ask::Nothing,
        }
    }

    async fn answer(&mut self, driver: &mut Driver<Server, Wire>, ask: Ask) -> io::Result<()> {
        let machine = &mut driver.machine;
        match ask {
            Ask::Nothing => Ok(()),
            Ask::Judge(verdict) => machine.verdict(verdict).or_else(misuse),
            Ask::Open => match self.open().await {
                Ok(entries) => machine.open_maildrop(entries).or_else(misuse),
                Err(error) => {
                    let (code, text) = words(&error);
                    machine.refuse_maildrop(code, text).or_else(misuse)
                }
            },
            Ask::Send(index) => self.send(driver, index).await,
            Ask::Remove(places) => match self.remove(&places).await {
                Ok(()) => machine.updated().or_else(misuse),
                Err(error) => {
                    warn!(%error, "cannot remove messages");
                    let text = "some deleted messages not removed";
                    machine.update_failed(Code::SysTemp, text).or_else(misuse)
                }
            },
        }
    }

    async fn open(&mut self) -> mailstore::Result<Vec<Entry>> {
        let Some(account) = &self.account else {
            return Err(mailstore::Error::invalid("nobody has logged in"));
        };
        let store = &self.app.store;
        let lock = store.lock_maildrop(account.id).await?;
        let mailbox = store.mailbox(account.id, "INBOX").await?.id;
        let snapshot = store.snapshot(mailbox).await?;
        let sizes = sizes(store, &snapshot).await?;
        let (messages, entries) = list(&snapshot, sizes).unzip();
        self.maildrop = Some(Maildrop { mailbox, messages, _lock: lock });
        Ok(entries)
    }

    /// Sends a message, or as much of it as is wanted.
    async fn send(&self, driver: &mut Driver<Server, Wire>, index: usize) -> io::Result<()> {
        let message = self.maildrop.as_ref().and_then(|maildrop| maildrop.messages.get(index));
        let sent = match message {
            Some((_, message)) => self.send_body(driver, *message).await?,
            None => Err(mailstore::Error::invalid("there is no such message").into()),
        };
        match sent {
            Ok(()) => driver.machine.body_end().or_else(misuse),
            Err(Unsent::NeedsUtf8) => {
                let text = "its header needs UTF-8 mode: give UTF8 before log-in";
                driver.machine.fail(Code::Utf8, text).or_else(misuse)
            }
            Err(Unsent::Store(error)) => {
                warn!(%error, "cannot read a message");
                let (code, text) = words(&error);
                driver.machine.fail(code, text).or_else(misuse)
            }
        }
    }

    async fn send_body(
        &self,
        driver: &mut Driver<Server, Wire>,
        message: MessageId,
    ) -> io::Result<Result<(), Unsent>> {
        let body = match self.app.store.body(message).await {
            Ok(body) => body,
            Err(error) => return Ok(Err(error.into())),
        };
        let mut reader = body.reader();
        let mut header = VecDeque::new();
        if self.app.config().pop3.utf8 && !driver.machine.is_utf8() {
            match header::read(&mut reader, &mut header).await {
                Ok(Header::Ascii) => {}
                // RFC 6856 §2.1, §5.
                Ok(Header::Other) => return Ok(Err(Unsent::NeedsUtf8)),
                Err(error) => return Ok(Err(error.into())),
            }
        }
        while driver.machine.body_wanted() {
            let next = match header.pop_front() {
                Some(octets) => Ok(Some(octets)),
                None => reader.chunk().await,
            };
            match next {
                Ok(Some(octets)) => driver.machine.body_bytes(&octets).or_else(misuse)?,
                Ok(None) => break,
                Err(error) => return Ok(Err(error.into())),
            }
            if driver.machine.transmit().len() >= GATHER {
                driver.flush().await?;
            }
        }
        Ok(Ok(()))
    }

    /// Removes messages and gives the maildrop back: the client finds it free once it is answered.
    async fn remove(&mut self, places: &[usize]) -> mailstore::Result<()> {
        let Some(maildrop) = self.maildrop.take().filter(|_| !places.is_empty()) else {
            return Ok(());
        };
        let uid = |place: &usize| maildrop.messages.get(*place).map(|(uid, _)| *uid);
        let uids = places.iter().filter_map(uid).collect();
        self.app.store.expunge(maildrop.mailbox, Expunge::Exactly(uids)).await?;
        Ok(())
    }
}

/// The messages, and how a client knows them: the UIDL is that of the mailbox's generation and the
/// UID, so it stays the same for as long as the message is there (RFC 1939 §7).
fn list(snapshot: &Snapshot, sizes: Vec<u64>) -> impl Iterator<Item = ((Uid, MessageId), Entry)> {
    let generation = snapshot.uid_validity();
    snapshot.rows().zip(sizes).filter_map(move |(row, size)| {
        let entry = Entry::new(size, format!("{generation}-{}", row.uid)).ok()?;
        Some(((row.uid, row.message), entry))
    })
}

/// What each message will have in octets on the wire: a message that came by IMAP may have other line ends than CRLF
/// (RFC 1939 §11 wants the size to be right).
async fn sizes<S: Store>(store: &S, snapshot: &Snapshot) -> mailstore::Result<Vec<u64>> {
    let rows: Vec<_> = snapshot.rows().map(|row| (row.message, row.size)).collect();
    let mut sizes = Vec::with_capacity(rows.len());
    for batch in rows.chunks(256) {
        let messages: Vec<_> = batch.iter().map(|(message, _)| *message).collect();
        for ((message, size), facts) in batch.iter().zip(store.facts(&messages).await?) {
            let known = facts.as_ref().and_then(|blob| Summary::decode(blob));
            sizes.push(match known {
                Some(summary) => summary.canonical_size(),
                // Written by another version: counted now.
                None => match store.body(*message).await {
                    Ok(body) => Entry::octets_sent([&*body.bytes().await?]),
                    Err(mailstore::Error::NotFound { .. }) => *size,
                    Err(error) => return Err(error),
                },
            });
        }
    }
    Ok(sizes)
}

/// What the client is told of an error of the store: the rest is for the log.
fn words(error: &mailstore::Error) -> (Code<'static>, &'static str) {
    match error {
        mailstore::Error::Locked { .. } => (Code::InUse, "another session reads this maildrop"),
        mailstore::Error::NotFound { .. } => (Code::SysPerm, "it is not there any more"),
        mailstore::Error::Corrupt { .. } => (Code::SysPerm, "it is damaged on the disk"),
        _ => (Code::SysTemp, "the mail store is out of order, try again later"),
    }
}

fn misuse(misuse: Misuse) -> io::Result<()> {
    Err(io::Error::other(misuse))
}

#[cfg(test)]
mod tests;
