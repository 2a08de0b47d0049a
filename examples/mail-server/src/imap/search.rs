//! SEARCH: what the rows say, and headers and bodies only where they are needed.

use super::{Done, Failure, Session, flags, ids, list::DELIMITER};
use bytes::Bytes;
use imap_proto::{
    command::MailboxFilter,
    mime::Summary,
    search::{Answer, Facts, Matcher, expand_filters},
    types::{Code, CodeText, DateTime, Mailbox, SearchKey, SearchQuery},
};
use mailstore::{Row, Snapshot, SpecialUse, Store, Timestamp};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
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
    pub(super) async fn search(&mut self, query: SearchQuery<'static>) -> Done {
        let found = self.matching(query).await?;
        self.refresh().await?;
        let found = found.iter().map(|row| (row.uid.value(), row.modseq.value()));
        self.driver.machine.found_with(found)?;
        Ok(self.driver.machine.ok("Searched")?)
    }

    /// ESEARCH: each mailbox that the sources name, in the order of their names.
    pub(super) async fn multi_search(
        &mut self,
        sources: &[MailboxFilter<'_>],
        query: SearchQuery<'static>,
    ) -> Done {
        let matcher = self.matcher(query).await?;
        for mailbox in self.sources(sources).await? {
            let Ok(name) = Mailbox::new(&*mailbox.name) else { continue };
            let snapshot = match self.app.store.snapshot(mailbox.id).await {
                Ok(snapshot) => snapshot,
                // Deleted a moment ago.
                Err(mailstore::Error::NotFound { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            let found = self.found(&snapshot, &matcher).await?;
            let found = found.iter().map(|row| (row.uid.value(), row.modseq.value()));
            self.driver.machine.found_in(&name, snapshot.uid_validity().value(), found)?;
            self.driver.flush().await?;
        }
        self.refresh().await?;
        Ok(self.driver.machine.ok("Searched")?)
    }

    /// The mailboxes that sources name, each once (RFC 5465 §6, RFC 7377 §2.2).
    async fn sources(
        &mut self,
        sources: &[MailboxFilter<'_>],
    ) -> Result<Vec<mailstore::Mailbox>, Failure> {
        let account = self.account()?;
        let selected = self.selected.as_ref().map(|selected| selected.mailbox);
        let subscribed: BTreeSet<String> =
            self.app.store.subscriptions(account).await?.into_iter().collect();
        let mut mailboxes = self.app.store.mailboxes(account).await?;
        mailboxes.retain(|mailbox| {
            let name = &*mailbox.name;
            sources.iter().any(|source| match source {
                MailboxFilter::Selected => Some(mailbox.id) == selected,
                MailboxFilter::Inboxes => {
                    name == "INBOX" || mailbox.special_use == Some(SpecialUse::Junk)
                }
                MailboxFilter::Personal => true,
                MailboxFilter::Subscribed => subscribed.contains(name),
                MailboxFilter::Subtree(tops) => tops.iter().any(|top| below(name, top).is_some()),
                MailboxFilter::SubtreeOne(tops) => tops
                    .iter()
                    .filter_map(|top| below(name, top))
                    .any(|rest| !rest.contains(DELIMITER)),
                MailboxFilter::Mailboxes(names) => names.iter().any(|one| name == one.as_str()),
                _ => false,
            })
        });
        mailboxes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(mailboxes)
    }

    /// What a query asks for, the conditions of its filters in their place (RFC 5466 §3.1): the user's own filters, and the
    /// operator's for all.
    async fn matcher(&mut self, mut query: SearchQuery<'static>) -> Result<Matcher, Failure> {
        let mut kept = BTreeMap::new();
        if query.key.any(&|key| matches!(key, SearchKey::Filter(_))) {
            for scope in self.scopes(None).await? {
                kept.extend(self.app.store.metadata(scope).await?);
            }
        }
        let value = |name: &str| {
            let name = name.to_ascii_lowercase();
            let entry = |root: &str| kept.get(&*format!("/{root}/filters/values/{name}"));
            entry("private").or_else(|| entry("shared")).map(|value| value.to_vec())
        };
        query.key = expand_filters(query.key, &value).map_err(|name| {
            let code = CodeText::new(name).map(Code::UndefinedFilter);
            Failure::No(code, "There is no such filter, or it holds no criteria")
        })?;
        Ok(Matcher::new(&query, Timestamp::now().secs()))
    }

    /// The messages of the selected mailbox that match, in its order.
    pub(super) async fn matching(
        &mut self,
        query: SearchQuery<'static>,
    ) -> Result<Vec<Row>, Failure> {
        let mailbox = self.selected()?.mailbox;
        let matcher = self.matcher(query).await?;
        let snapshot = self.app.store.snapshot(mailbox).await?;
        self.found(&snapshot, &matcher).await
    }

    async fn found(&mut self, snapshot: &Snapshot, matcher: &Matcher) -> Result<Vec<Row>, Failure> {
        let candidates = matcher.candidates();
        let mut found = Vec::new();
        let mut said = Instant::now();
        for (i, row) in snapshot.rows().enumerate() {
            let uid = row.uid.value();
            if candidates.is_some_and(|uids| !uids.contains(uid)) {
                continue;
            }
            match self.matches(matcher, &row).await {
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

/// What follows `top` and the delimiter in a name; nothing for `top` itself.
fn below<'n>(name: &'n str, top: &Mailbox<'_>) -> Option<&'n str> {
    let rest = name.strip_prefix(top.as_str())?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(DELIMITER) }
}
