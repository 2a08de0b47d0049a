//! FETCH: rows of any size in bounded memory.

use super::{Done, Failure, Session, flags, ids};
use bytes::Bytes;
use imap_proto::{
    mime::{self, Plan, Summary},
    types::{Atom, BodySection, Code, DateTime, FetchItem, FetchItems, Part, UidSet},
};
use mailstore::{Body, FlagChange, Flags, MailboxId, ModSeq, Row, Store, Uid};
use mailwire::Machine;
use std::{borrow::Cow, collections::HashSet, ops::Range};

/// Messages whose facts are asked for at once.
const BATCH: usize = 64;
/// Octets of a section that are read at once.
const PIECE: u64 = 64 * 1024;
/// Octets of a message that are looked at for its first words.
const PREVIEWED: u64 = 128 * 1024;
/// Octets of output that may wait before the client has to take some.
const WAITING: usize = 64 * 1024;

impl<S: Store> Session<S> {
    pub(super) async fn fetch(
        &mut self,
        uids: &UidSet,
        items: &FetchItems<'_>,
        changed_since: Option<(u64, bool)>,
        set_seen: bool,
    ) -> Done {
        let mailbox = self.selected()?.mailbox;
        let newly_seen =
            if set_seen { self.set_seen(mailbox, uids, items).await? } else { HashSet::new() };
        // What others have changed is told by the rows, and not a second time after them.
        self.refresh().await?;
        let snapshot = self.app.store.snapshot(mailbox).await?;
        let since = changed_since.map_or(ModSeq::new(0), |(since, _)| ModSeq::new(since));
        if let Some((_, true)) = changed_since {
            let gone = self.vanished(mailbox, &snapshot, since).await?;
            self.driver.machine.vanished(&gone)?;
        }
        let here: UidSet =
            snapshot.uids().map(Uid::value).filter(|uid| uids.contains(*uid)).collect();
        if here.len() < uids.len() {
            self.driver.machine.expunged(uids.iter().filter(|uid| !here.contains(*uid)));
        }
        let mut rows = snapshot
            .rows()
            .filter(|row| here.contains(row.uid.value()) && row.modseq > since)
            .peekable();
        while rows.peek().is_some() {
            let batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
            let facts = self.facts(&batch, items).await?;
            for (row, facts) in batch.iter().zip(facts) {
                let seen = newly_seen.contains(&row.uid);
                // RFC 7162 §3.1.4.1, and §3.1 for flags that have changed.
                let with_mod_seq =
                    changed_since.is_some() || (seen && self.driver.machine.wants_mod_seqs());
                if !self.row(row, facts, items, seen, with_mod_seq).await? {
                    self.driver.machine.expunged([row.uid.value()]);
                }
                if self.driver.machine.transmit().len() > WAITING {
                    self.driver.flush().await?;
                }
            }
        }
        self.refresh().await?;
        Ok(self.driver.machine.ok("Fetched")?)
    }

    /// Reading a body marks the message as read; asking for a part that it does not have reads nothing.
    async fn set_seen(
        &mut self,
        mailbox: MailboxId,
        uids: &UidSet,
        items: &FetchItems<'_>,
    ) -> Result<HashSet<Uid>, Failure> {
        let snapshot = self.app.store.snapshot(mailbox).await?;
        let unseen = snapshot.rows().filter(|row| !row.flags.contains(&Flags::SEEN));
        let mut unseen: Vec<Row> = unseen.filter(|row| uids.contains(row.uid.value())).collect();
        if !items.iter().any(reads_whole) {
            let mut read = Vec::with_capacity(unseen.len());
            for batch in unseen.chunks(BATCH) {
                let facts = self.kept_facts(batch).await?;
                read.extend(batch.iter().zip(facts).filter_map(|(row, facts)| {
                    let summary = facts.as_ref().and_then(|blob| Summary::decode(blob))?;
                    items.iter().any(|item| reads(item, &summary)).then(|| row.clone())
                }));
            }
            unseen = read;
        }
        if unseen.is_empty() {
            return Ok(HashSet::new());
        }
        let unseen: Vec<Uid> = unseen.iter().map(|row| row.uid).collect();
        let change = FlagChange::Add(Flags::SEEN);
        let stored = self.app.store.store_flags(mailbox, &unseen, change, None).await?;
        // Told to the machine now, so that the row that shows the flags settles it.
        self.refresh().await?;
        Ok(stored.updated.into_iter().filter(|updated| updated.changed).map(|u| u.uid).collect())
    }

    /// The facts of these messages, if an item needs them.
    async fn facts(
        &self,
        rows: &[Row],
        items: &FetchItems<'_>,
    ) -> Result<Vec<Option<Bytes>>, Failure> {
        if !items.iter().any(needs_facts) {
            return Ok(vec![None; rows.len()]);
        }
        self.kept_facts(rows).await
    }

    /// What the store keeps beside these messages; `None` for one that is gone.
    pub(super) async fn kept_facts(&self, rows: &[Row]) -> Result<Vec<Option<Bytes>>, Failure> {
        let messages: Vec<_> = rows.iter().map(|row| row.message).collect();
        let mut all = self.app.store.facts(&messages).await?;
        for (row, facts) in rows.iter().zip(&mut all) {
            let usable = facts.as_ref().is_some_and(|blob| Summary::decode(blob).is_some());
            if !usable {
                // Written by another version: made anew.
                *facts = self.summarized(row).await?;
            }
        }
        Ok(all)
    }

    /// One row. `false` if the message was removed a moment ago by somebody else: it is left out, and the machine then says
    /// EXPUNGE, or NO where that must not be said (RFC 2180 §4.1.2). An empty body under OK, which §4.1.3 would allow, is
    /// taken for the message by clients that keep copies.
    async fn row(
        &mut self,
        row: &Row,
        facts: Option<Bytes>,
        items: &FetchItems<'_>,
        newly_seen: bool,
        with_mod_seq: bool,
    ) -> Result<bool, Failure> {
        let uid = row.uid.value();
        let summary = facts.as_ref().and_then(|blob| Summary::decode(blob));
        if summary.is_none() && items.iter().any(needs_facts) {
            return Ok(false);
        }
        // Opened before a word is said about the message; what is open can be read to its end.
        let body = match items.iter().any(needs_body) {
            true => match self.app.store.body(row.message).await {
                Ok(body) => body,
                Err(mailstore::Error::NotFound { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            },
            false => Body::from_bytes(Bytes::new()),
        };
        for item in items.iter() {
            // `None`: the client has been told that the message is gone.
            let Some(mut out) = self.driver.machine.row(uid)? else { return Ok(true) };
            match (item, &summary) {
                (FetchItem::Flags, _) => {
                    out.flags(flags::names(&row.flags))?;
                }
                (FetchItem::InternalDate, _) => {
                    out.internal_date(DateTime::utc(row.internal_date.secs()))?;
                }
                (FetchItem::Size, _) => {
                    out.size(row.size)?;
                }
                (FetchItem::SaveDate, _) => {
                    out.save_date(Some(DateTime::utc(row.save_date.secs())))?;
                }
                (FetchItem::ModSeq, _) => {
                    out.mod_seq(row.modseq.value())?;
                }
                (FetchItem::Envelope, Some(summary)) => {
                    out.envelope(summary.envelope())?;
                }
                (FetchItem::Body, Some(summary)) => {
                    out.body(summary.body())?;
                }
                (FetchItem::BodyStructure, Some(summary)) => {
                    out.body_structure(summary.body_structure())?;
                }
                (FetchItem::Section(section), Some(summary)) => match summary.plan(section) {
                    Plan::Octets(range) => {
                        self.octets(uid, section, &body, range).await?;
                    }
                    Plan::Fields(range, filter) => {
                        let chosen = filter.apply(&body.read(range).await?);
                        if let Some(mut out) = self.driver.machine.row(uid)? {
                            out.section(section, &chosen)?;
                        }
                    }
                    _ => {
                        out.section_nil(section)?;
                    }
                },
                (FetchItem::Binary { part, partial, .. }, Some(summary)) => {
                    let octets = decoded(summary, part, &body).await?;
                    let len = octets.as_ref().map_or(0, |octets| octets.len() as u64);
                    let (start, len) = partial.map_or((0, len), |partial| partial.within(len));
                    let run = usize::try_from(start).unwrap_or(usize::MAX)
                        ..usize::try_from(start.saturating_add(len)).unwrap_or(usize::MAX);
                    let octets = octets.as_ref().and_then(|octets| octets.get(run));
                    if let Some(mut out) = self.driver.machine.row(uid)? {
                        out.binary(part, partial.map(|partial| partial.offset), octets)?;
                    }
                }
                (FetchItem::BinarySize(part), Some(summary)) => {
                    let len = decoded(summary, part, &body).await?.map_or(0, |octets| octets.len());
                    if let Some(mut out) = self.driver.machine.row(uid)? {
                        out.binary_size(part, len as u64)?;
                    }
                }
                (FetchItem::Preview { .. }, _) => {
                    // Only the beginning: what is not there is not shown.
                    let begin = body.read(0..body.size().min(PREVIEWED)).await?;
                    if let Some(mut out) = self.driver.machine.row(uid)? {
                        out.preview(mime::preview(&begin).as_deref())?;
                    }
                }
                (FetchItem::EmailId, _) => {
                    if let Some(id) = Atom::new(ids::email(row.message)) {
                        out.email_id(&id)?;
                    }
                }
                (FetchItem::ThreadId, _) => {
                    let thread = self.app.store.threads(&[row.message]).await?.pop().flatten();
                    let id = thread.and_then(|thread| Atom::new(ids::thread(thread)));
                    if let Some(mut out) = self.driver.machine.row(uid)? {
                        out.thread_id(id.as_ref())?;
                    }
                }
                _ => {}
            }
        }
        let flags_asked = items.contains(&FetchItem::Flags);
        let Some(mut out) = self.driver.machine.row(uid)? else { return Ok(true) };
        if newly_seen && !flags_asked {
            out.flags(flags::names(&row.flags))?;
        }
        if with_mod_seq && !items.contains(&FetchItem::ModSeq) {
            out.mod_seq(row.modseq.value())?;
        }
        Ok(true)
    }

    /// A section as a literal, piece by piece.
    async fn octets(
        &mut self,
        uid: u32,
        section: &BodySection<'_>,
        body: &Body,
        range: Range<u64>,
    ) -> Done {
        let range = range.start.min(body.size())..range.end.min(body.size());
        let Some(mut out) = self.driver.machine.row(uid)? else { return Ok(()) };
        out.literal(section, range.end - range.start)?;
        let mut at = range.start;
        while at < range.end {
            let end = at.saturating_add(PIECE).min(range.end);
            // The literal is announced: if its octets cannot be read the session cannot go on.
            let octets = body.read(at..end).await.map_err(std::io::Error::other)?;
            self.driver.machine.literal(octets)?;
            if self.driver.machine.transmit().len() > WAITING {
                self.driver.flush().await?;
            }
            at = end;
        }
        Ok(())
    }
}

/// The decoded octets of a part; `None` if there is no such part.
async fn decoded(
    summary: &Summary<'_>,
    part: &Part,
    body: &Body,
) -> Result<Option<Bytes>, Failure> {
    let Some((header, octets)) = summary.structure().encoded(part) else { return Ok(None) };
    let (header, octets) = (body.read(header).await?, body.read(octets).await?);
    match mime::decode_part(&header, &octets) {
        Ok(Cow::Borrowed(_)) => Ok(Some(octets)),
        Ok(Cow::Owned(decoded)) => Ok(Some(decoded.into())),
        Err(_) => {
            let text = "The transfer encoding of the part is not known";
            Err(Failure::No(Some(Code::UnknownCte), text))
        }
    }
}

/// Whether an item marks each message as read.
fn reads_whole(item: &FetchItem<'_>) -> bool {
    let part = match item {
        FetchItem::Section(section) if !section.is_peek() => section.section().part(),
        FetchItem::Binary { part, peek: false, .. } => part,
        _ => return false,
    };
    part.as_slice().is_empty()
}

/// Whether an item marks this message as read: what it asks for is there.
fn reads(item: &FetchItem<'_>, summary: &Summary<'_>) -> bool {
    match item {
        FetchItem::Section(section) if !section.is_peek() => summary.plan(section) != Plan::Nil,
        FetchItem::Binary { part, peek: false, .. } => summary.structure().encoded(part).is_some(),
        _ => false,
    }
}

fn needs_body(item: &FetchItem<'_>) -> bool {
    matches!(
        item,
        FetchItem::Section(_)
            | FetchItem::Binary { .. }
            | FetchItem::BinarySize(_)
            | FetchItem::Preview { .. }
    )
}

/// Whether an item is made of the facts that the store keeps beside a message.
fn needs_facts(item: &FetchItem<'_>) -> bool {
    matches!(
        item,
        FetchItem::Envelope
            | FetchItem::Body
            | FetchItem::BodyStructure
            | FetchItem::Section(_)
            | FetchItem::Binary { .. }
            | FetchItem::BinarySize(_)
    )
}
