//! What is kept beside each message, so that IMAP can list a mailbox without opening one.

use bytes::Bytes;
use imap_proto::mime;
use mailstore::Staged;

/// Above this size the work is worth a thread of its own.
const LARGE: u64 = 256 * 1024;

/// The summary of a message that is about to be stored.
pub(crate) async fn of(staged: &Staged) -> mailstore::Result<Bytes> {
    let raw = staged.body().bytes().await?;
    if staged.size() < LARGE {
        return Ok(mime::summarize(&raw).into());
    }
    let work = tokio::task::spawn_blocking(move || mime::summarize(&raw));
    // A message without a summary is still a message: the reader makes one when it is needed.
    Ok(work.await.unwrap_or_default().into())
}
