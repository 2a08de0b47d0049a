//! What is new is fetched; what was fetched long enough ago is deleted.

use crate::{
    cli::Cli,
    progress::Progress,
    session::{Refusal, Session, broken},
    staged::Staged,
    store::Store,
};
use anyhow::Context;
use mailwire::{Close, Misuse, driver::Stop};
use pop3_proto::{
    client::{Client, Event, Outcome, Request},
    plan::{Leave, Plan},
};
use std::{
    fmt,
    time::{Duration, SystemTime},
};
use time::{OffsetDateTime, macros::format_description};

/// Commands given ahead: enough to keep a pipelining server busy.
const AHEAD: usize = 32;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    fetched: usize,
    deleted: usize,
    listed: usize,
    pub(crate) failed: usize,
    dry_run: bool,
}

/// A message to fetch.
struct Wanted {
    message: u32,
    uidl: String,
    size: u64,
}

/// What is still to be said to the server.
struct Agenda {
    fetch: Vec<Wanted>,
    delete: Vec<(u32, String)>,
    /// How many of either were given.
    given: (usize, usize),
    quit: bool,
}

/// The messages, as they come.
struct Inbox<'a> {
    store: &'a mut Store,
    progress: Progress,
    now: Duration,
    date: String,
    /// The message that comes now.
    at: usize,
    staged: Option<Staged>,
    octets: u64,
}

pub(crate) fn run(cli: &Cli, mut session: Session, store: &mut Store) -> anyhow::Result<Summary> {
    let (listing, sizes) = session.list()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let plan = Plan::new(&listing, store.known(), cli.leave(), now);
    let wanted = plan.fetch.iter().map(|id| Wanted {
        message: id.message,
        uidl: id.uidl.to_owned(),
        size: sizes.get(&id.message).copied().unwrap_or_default(),
    });
    let agenda = Agenda {
        fetch: wanted.collect(),
        delete: plan.delete.iter().map(|id| (id.message, id.uidl.to_owned())).collect(),
        given: (0, 0),
        quit: false,
    };
    let mut summary = Summary { listed: listing.messages().count(), ..Summary::default() };
    if cli.dry_run {
        summary.fetched = agenda.fetch.len();
        let at_once = if cli.leave().is_due(now, now) { summary.fetched } else { 0 };
        summary.deleted = agenda.delete.len() + at_once;
        summary.dry_run = true;
        session.quit()?;
        return Ok(summary);
    }
    let forget: Vec<_> = plan.forget.iter().map(|uidl| (*uidl).to_owned()).collect();
    store.forget(&forget)?;
    let octets = agenda.fetch.iter().map(|wanted| wanted.size).fold(0, u64::saturating_add);
    let progress = Progress::new(cli.quiet, agenda.fetch.len(), octets);
    if !listing.is_complete() {
        progress.complain("some lines of the listing make no sense; their messages are left alone");
        summary.failed += 1;
    }
    let date = date(now)?;
    let inbox = Inbox { store, progress, now, date, at: 0, staged: None, octets: 0 };
    download(&mut session, agenda, inbox, cli.leave(), &mut summary).with_context(|| {
        let done = summary.fetched;
        format!("interrupted; what came before ({done} fetched) is safe, start again to go on")
    })?;
    Ok(summary)
}

fn download(
    session: &mut Session,
    mut agenda: Agenda,
    mut inbox: Inbox<'_>,
    leave: Leave,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let mut marked = Vec::new();
    loop {
        agenda.give(&mut session.driver.machine, inbox.at)?;
        let event = session.driver.next().with_context(|| broken(&session.server))?;
        let fetched = match event {
            Some(Event::Body(octets)) => {
                inbox.body(&agenda.fetch, octets)?;
                None
            }
            Some(Event::Done(Outcome::Retr { message, .. })) => Some(message),
            Some(Event::Done(Outcome::Dele { message })) => {
                marked.extend(agenda.uidl(message));
                None
            }
            Some(Event::Done(Outcome::Quit)) => {
                summary.deleted = marked.len();
                // RFC 1939 §7: once its message is gone the server may give a unique id to another.
                inbox.store.forget(&marked)?;
                None
            }
            Some(Event::Failed { request, failure }) => {
                summary.failed += 1;
                inbox.failed(&agenda.fetch, &Refusal::new(request, &failure));
                None
            }
            Some(_) => None,
            None => match session.driver.stop() {
                Stop::Closed(Close::Done) if agenda.quit => return Ok(()),
                Stop::Closed(why) => return Err(session.closed(why)),
                _ => continue,
            },
        };
        if let Some(message) = fetched {
            inbox.whole(&agenda.fetch)?;
            summary.fetched += 1;
            // Not before it is safe on this side.
            if leave.is_due(inbox.now, inbox.now) {
                session.driver.machine.dele(message)?;
            }
        }
    }
}

impl Agenda {
    /// The unique id of a message.
    fn uidl(&self, message: u32) -> Option<String> {
        let old = self.delete.iter().find(|(number, _)| *number == message);
        let new = || self.fetch.iter().find(|wanted| wanted.message == message);
        old.map(|(_, uidl)| uidl).or_else(|| Some(&new()?.uidl)).cloned()
    }

    /// Gives as many commands as may wait, and QUIT when the last message is there.
    fn give(&mut self, client: &mut Client, fetched: usize) -> Result<(), Misuse> {
        let (deleted, given) = &mut self.given;
        while client.unanswered() < AHEAD {
            if let Some((message, _)) = self.delete.get(*deleted) {
                *deleted += 1;
                client.dele(*message)?;
            } else if let Some(wanted) = self.fetch.get(*given) {
                *given += 1;
                client.retr(wanted.message)?;
            } else {
                break;
            }
        }
        if fetched == self.fetch.len() && *deleted == self.delete.len() && !self.quit {
            self.quit = true;
            client.quit()?;
        }
        Ok(())
    }
}

impl Inbox<'_> {
    fn staged(&mut self, wanted: &Wanted, of: usize) -> anyhow::Result<&mut Staged> {
        if self.staged.is_none() {
            self.staged = Some(self.store.begin(&wanted.uidl, self.now, &self.date)?);
            self.progress.begin(self.at + 1, of);
            self.octets = 0;
        }
        self.staged.as_mut().context("no message comes")
    }

    fn body(&mut self, fetch: &[Wanted], octets: &[u8]) -> anyhow::Result<()> {
        let wanted = fetch.get(self.at).context("a message came that nobody wanted")?;
        let staged = self.staged(wanted, fetch.len())?;
        staged.write(octets).context("cannot write a message")?;
        self.octets += octets.len() as u64;
        self.progress.advance(self.octets, wanted.size);
        Ok(())
    }

    /// The message is there, to its last octet.
    fn whole(&mut self, fetch: &[Wanted]) -> anyhow::Result<()> {
        let wanted = fetch.get(self.at).context("a message came that nobody wanted")?;
        self.staged(wanted, fetch.len())?; // an empty one has no body
        if let Some(staged) = self.staged.take() {
            self.store.commit(staged, &wanted.uidl, self.now)?;
        }
        self.over(wanted);
        Ok(())
    }

    fn failed(&mut self, fetch: &[Wanted], refusal: &Refusal) {
        let words = &refusal.words;
        let complaint = match (refusal.request, fetch.get(self.at)) {
            (Request::Retr(message), Some(wanted)) => {
                self.staged = None;
                self.over(wanted);
                format!("message {message} ({}) stays there: {words}", wanted.uidl)
            }
            (Request::Dele(message), _) => format!("message {message} was not deleted: {words}"),
            (Request::Quit, _) => {
                format!("not all that was fetched was deleted, the next session will: {words}")
            }
            (request, _) => format!("{request:?}: {words}"),
        };
        self.progress.complain(&complaint);
    }

    fn over(&mut self, wanted: &Wanted) {
        self.at += 1;
        self.progress.end(wanted.size);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fetched, deleted, listed, failed, dry_run } = self;
        let left = listed.saturating_sub(*deleted);
        let would = if *dry_run { "would be " } else { "" };
        let messages = if *fetched == 1 { "message" } else { "messages" };
        write!(
            f,
            "{fetched} {messages} {would}fetched, {deleted} {would}deleted, {left} left there"
        )?;
        match failed {
            0 => Ok(()),
            1 => f.write_str(", 1 failure"),
            _ => write!(f, ", {failed} failures"),
        }
    }
}

/// The time as the first line of a message in an mbox has it.
fn date(now: Duration) -> anyhow::Result<String> {
    let format = format_description!(
        "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
    );
    let now = i64::try_from(now.as_secs())?;
    Ok(OffsetDateTime::from_unix_timestamp(now)?.format(format)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_that_of_asctime() {
        assert_eq!(date(Duration::ZERO).unwrap(), "Thu Jan  1 00:00:00 1970");
        assert_eq!(date(Duration::from_secs(1_700_000_000)).unwrap(), "Tue Nov 14 22:13:20 2023");
    }
}
