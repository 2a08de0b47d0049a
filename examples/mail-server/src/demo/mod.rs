//! `mail-server demo`: one message travels from one server to another and is read there.

mod letter;
pub(crate) mod name_server;
mod proof;
mod read_imap;
mod read_pop3;
mod servers;
pub(crate) mod show;
mod store;
mod submit;

use self::{
    letter::Letter,
    proof::Evidence,
    servers::{A, B, Servers},
    show::{Show, Step},
};
use crate::{log, shutdown::Signals};
use mailstore::Queue;
use std::{
    error::Error,
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// All of it takes a second. What takes this long will not come.
const PATIENCE: Duration = Duration::from_secs(20);

const PICTURE: [&str; 5] = [
    "alice ─ 1 submit ─▶ mx.a.test ─ 2 relay ─▶ mx.b.test ┬─ 4 read ─▶ bob    (To,  IMAP)",
    "                                            3 store  ├─ 4 read ─▶ carol  (Cc,  POP3)",
    "                                                     └─ 4 read ─▶ dave   (Bcc, IMAP)",
    "",
    "Two real servers, each with its own store, on 127.0.0.1. Below is what is said on the wire.",
];

/// Shows it on standard output. Whether everything went as it should.
pub(crate) async fn demo() -> Result<bool> {
    let started = Instant::now();
    let show = Show::new(Box::new(io::stdout()), log::coloured(&io::stdout()));
    let mut signals = Signals::catch()?;
    // Removed when dropped, whatever the reason to end.
    let folder = tempfile::Builder::new().prefix("mail-server-demo-").tempdir()?;
    let servers = Servers::start(folder.path(), show.sink(Step::Relay)).await?;
    show.title("mail-server demo: the way of a message", &PICTURE)?;
    let travelled = tokio::select! {
        travelled = time::timeout(PATIENCE, travel(&servers, &show)) => travelled,
        () = signals.next() => return Err("interrupted".into()),
    };
    let stopped = time::timeout(PATIENCE, servers.stop()).await;
    drop(servers);
    folder.close()?;
    travelled.map_err(|_| format!("nothing came of it within {PATIENCE:?}"))??;
    stopped.map_err(|_| "the servers did not stop")?;
    Ok(show.end(started.elapsed())?)
}

async fn travel(servers: &Servers, show: &Arc<Show>) -> Result<()> {
    let letter = Letter::write();
    let mut evidence = Evidence::default();

    let step = "alice hands her message to the server of her domain";
    let more = "It goes to bob, Cc carol, Bcc dave, with a file of 24 KiB; Date and Message-ID are missing.\n\
        Nobody else may send as alice, so she logs in, once TLS is up. When mx.a.test says the last\n\
        250, the message is on its disk, in the queue.";
    show.step(Step::Submit, step, more)?;
    submit::submit(servers, &letter, show.sink(Step::Submit)).await?;

    let mut more = format!("The name server at {} was asked:\n", servers.names.address());
    for hop in servers.a.app.dns().route("b.test", A, &[]).await? {
        let (host, address) = (hop.host, hop.address);
        more.push_str(&format!("  b.test  MX  {host}\n  {host}  A  {address}\n"));
    }
    let step = "mx.a.test passes it on to the server of b.test";
    show.step(Step::Relay, step, &more)?;
    until_passed_on(servers).await?;

    let step = "mx.b.test has it in three mailboxes";
    show.step(Step::Store, step, "Before it said 250, all of them were on its disk.")?;
    evidence.stored = store::look(servers, &letter, show).await?;

    let step = "bob, carol and dave read it, each in their own way";
    let more = "bob, by IMAP: first the list, for which no message is opened; then the one he wants, and\n\
        its attachment.";
    show.step(Step::Read, step, more)?;
    read(servers, show, &mut evidence).await?;

    for server in [&servers.a, &servers.b] {
        evidence.queued += server.app.store.envelopes().await?.len();
    }
    show.checks()?;
    for (proved, what) in proof::prove(&letter, &evidence) {
        show.check(proved, &what)?;
    }
    Ok(())
}

/// Waits until mx.a.test has nothing left to do.
async fn until_passed_on(servers: &Servers) -> Result<()> {
    let queue = &servers.a.app.store;
    let mut watcher = queue.watch_queue().await?;
    loop {
        let envelopes = queue.envelopes().await?;
        if envelopes.is_empty() {
            return Ok(());
        }
        let mut recipients = envelopes.iter().flat_map(|envelope| &envelope.recipients);
        if let Some(error) = recipients.find_map(|recipient| recipient.last_error.as_ref()) {
            return Err(format!("{A} could not pass the message on to {B}: {error}").into());
        }
        watcher.changed().await?;
    }
}

async fn read(servers: &Servers, show: &Arc<Show>, evidence: &mut Evidence) -> Result<()> {
    let sink = || show.sink(Step::Read);
    let mut bob = read_imap::Session::open(servers, "bob", sink()).await?;
    let list = bob.list().await?;
    let Some(entry) = list.first() else { return Err("bob's INBOX is empty".into()) };
    (evidence.unseen_at_first, evidence.listed_bcc) = (!entry.seen, entry.bcc);
    evidence.copies.push(bob.read(entry.uid, None).await?);
    let part = bob.read(entry.uid, Some(2)).await?;
    evidence.attachment = letter::decode(&part).ok_or("the attachment is not base64")?;
    bob.log_out().await?;

    show.note("carol, by POP3: she takes everything home and deletes it on the server.")?;
    evidence.copies.extend(read_pop3::download(servers, "carol", sink()).await?);

    show.note("carol comes back: there is nothing left.")?;
    evidence.left_of_carol = read_pop3::download(servers, "carol", sink()).await?.len();

    show.note("bob comes back: his copy is there, and the server knows that he has seen it.")?;
    let mut bob = read_imap::Session::open(servers, "bob", sink()).await?;
    let list = bob.list().await?;
    evidence.left_of_bob = list.len();
    evidence.seen_later = list.iter().all(|entry| entry.seen);
    bob.log_out().await?;

    show.note("dave, by IMAP: he has it too, and nothing in it says so.")?;
    let mut dave = read_imap::Session::open(servers, "dave", sink()).await?;
    for entry in dave.list().await? {
        evidence.copies.push(dave.read(entry.uid, None).await?);
    }
    dave.log_out().await
}
