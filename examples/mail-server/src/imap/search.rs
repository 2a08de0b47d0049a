//! SEARCH: what the rows say, and headers and bodies only where they are needed.

use super::{Done, Failure, Session, flags, ids};
use bytes::Bytes;
use imap_proto::{
    mime::Summary,
    search::{Answer, Facts, Matcher},
    types::{DateTime, SearchQuery},
};
use mailstore::{Row, Store, Timestamp};
use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

/// Messages that are looked at before other sessions get their turn.
const TURN: usize = 128;

/// A search that takes longer than this says how far it is.
const PATIENCE: Duration = Duration::from_secs(5);

struct Candidate<'a> {
    row: &'a Row,
    header: Option<Bytes>,
    message: Option<Bytes>,
    thread: Option<String>,
}

impl Facts for Candidate<'_> {
    fn uid(&self) -> u32 {
        self.row.uid.value()
    }
    fn has_flag(&self, flag: &str) -> bool {
        flags::has(&self.row.flags, flag)
    }
    fn internal_date(&self) -> DateTime {
        DateTime::utc(self.row.internal_date.secs())
    }
    fn size(&self) -> u64 {
        self.row.size
    }
    fn mod_seq(&self) -> u64 {
        self.row.modseq.value()
    }
    fn save_date(&self) -> Option<DateTime> {
        Some(DateTime::utc(self.row.save_date.secs()))
    }
    fn email_id(&self) -> Option<Cow<'_, str>> {
        Some(ids::email(self.row.message).into())
    }
    fn thread_id(&self) -> Option<Cow<'_, str>> {
        self.thread.as_deref().map(Cow::Borrowed)
    }
    fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }
    fn message(&self) -> Option<&[u8]> {
        self.message.as_deref()
    }
}

impl<S: Store> Session<S> {
    pub(super) async fn search(&mut self, query: &SearchQuery<'_>) -> Done {
        let found = self.matching(query).await?;
        self.refresh().await?;
        let found = found.iter().map(|row| (row.uid.value(), row.modseq.value()));
        self.driver.machine.found_with(found)?;
        Ok(self.driver.machine.ok("Searched")?)
    }

    /// The messages that match, in the order of the mailbox.
    pub(super) async fn matching(&mut self, query: &SearchQuery<'_>) -> Result<Vec<Row>, Failure> {
        let mailbox = self.selected()?.mailbox;
        let snapshot = self.app.store.snapshot(mailbox).await?;
        let matcher = Matcher::new(query, Timestamp::now().secs());
        let candidates = matcher.candidates();
        let mut found = Vec::new();
        let mut said = Instant::now();
        for (i, row) in snapshot.rows().enumerate() {
            let uid = row.uid.value();
            if candidates.is_some_and(|uids| !uids.contains(uid)) {
                continue;
            }
            match self.matches(&matcher, &row).await {
                Ok(true) => found.push(row),
                Ok(false) | Err(mailstore::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            if i % TURN == TURN - 1 {
                tokio::task::yield_now().await;
                if said.elapsed() > PATIENCE {
                    said = Instant::now();
                    let (done, all) = (u32::try_from(i).ok(), u32::try_from(snapshot.len()).ok());
                    self.driver.machine.progress(done, all)?;
                    self.driver.flush().await?;
                }
            }
        }
        Ok(found)
    }

    async fn matches(&self, matcher: &Matcher, row: &Row) -> mailstore::Result<bool> {
        let mut candidate = Candidate { row, header: None, message: None, thread: None };
        if matcher.needs_thread() {
            let thread = self.app.store.threads(&[row.message]).await?.pop().flatten();
            candidate.thread = thread.map(ids::thread);
        }
        loop {
            match matcher.test(&candidate) {
                Answer::Yes => return Ok(true),
                Answer::No => return Ok(false),
                Answer::NeedsHeader => candidate.header = Some(self.header(row).await?),
                Answer::NeedsMessage => {
                    let message = self.app.store.body(row.message).await?.bytes().await?;
                    candidate.header.get_or_insert_with(|| message.clone());
                    candidate.message = Some(message);
                }
            }
        }
    }

    async fn header(&self, row: &Row) -> mailstore::Result<Bytes> {
        let facts = self.app.store.facts(&[row.message]).await?.pop().flatten();
        let range = facts.as_ref().and_then(|blob| Summary::decode(blob)).map(|s| s.header());
        self.app.store.body(row.message).await?.read(range.unwrap_or(0..row.size)).await
    }
}
