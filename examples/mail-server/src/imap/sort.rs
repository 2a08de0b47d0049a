//! SORT and THREAD, from what the store keeps beside each message.

use super::{Done, Failure, Session};
use bytes::Bytes;
use imap_proto::{
    mime::{self, Summary},
    sort::{Sorter, Threader},
    types::{DateTime, SearchQuery, SortCriterion, ThreadAlgorithm},
};
use mailstore::{Row, Store};

/// Messages whose facts are asked for at once.
const BATCH: usize = 256;

impl<S: Store> Session<S> {
    pub(super) async fn sort(
        &mut self,
        criteria: &[SortCriterion],
        query: SearchQuery<'static>,
    ) -> Done {
        let mut sorter = Sorter::new(criteria);
        let found = self.matching(query).await?;
        self.each(&found, |row, date, summary| sorter.push(row.uid.value(), date, summary)).await?;
        self.refresh().await?;
        self.driver.machine.sorted(sorter.finish())?;
        Ok(self.driver.machine.ok("Sorted")?)
    }

    pub(super) async fn thread(
        &mut self,
        algorithm: ThreadAlgorithm,
        query: SearchQuery<'static>,
    ) -> Done {
        let mut threader = Threader::new(algorithm);
        let found = self.matching(query).await?;
        self.each(&found, |row, date, summary| threader.push(row.uid.value(), date, summary))
            .await?;
        self.refresh().await?;
        self.driver.machine.threads(threader.finish())?;
        Ok(self.driver.machine.ok("Threaded")?)
    }

    /// Shows each message's summary; a message that was removed a moment ago is left out.
    async fn each(
        &self,
        rows: &[Row],
        mut look: impl FnMut(&Row, DateTime, &Summary<'_>),
    ) -> Result<(), Failure> {
        for batch in rows.chunks(BATCH) {
            let messages: Vec<_> = batch.iter().map(|row| row.message).collect();
            let facts = self.app.store.facts(&messages).await?;
            for (row, facts) in batch.iter().zip(facts) {
                let date = DateTime::utc(row.internal_date.secs());
                match facts.as_ref().and_then(|blob| Summary::decode(blob)) {
                    Some(summary) => look(row, date, &summary),
                    None => {
                        let Some(made) = self.summarized(row).await? else { continue };
                        if let Some(summary) = Summary::decode(&made) {
                            look(row, date, &summary);
                        }
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The summary made anew: the one kept is of another version.
    pub(super) async fn summarized(&self, row: &Row) -> Result<Option<Bytes>, Failure> {
        match self.app.store.body(row.message).await {
            Ok(body) => Ok(Some(mime::summarize(&body.bytes().await?).into())),
            Err(mailstore::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
