//! DKIM signatures (RFC 6376, RFC 8463) on what leaves.

use super::{DkimKeys, State, author_addresses};
use crate::accounts::Directory;
use mail_auth::{common::headers::HeaderWriter, dkim::DkimSigner};
use mailstore::Body;
use smtp_proto::header::HeaderFilter;
use tracing::{error, warn};

/// The fields that a reader sees or a reply depends on (RFC 6376 §5.4.1).
const SIGNED: [&str; 14] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
];
/// The author is looked for in the first octets.
const HEADER: u64 = 64 * 1024;

/// The fields to put above a message as it leaves, one for each key that signs: none where its author
/// is not of one of our domains. All in the queue is of our users, or our own.
pub(crate) async fn signatures(
    keys: &DkimKeys,
    directory: &Directory,
    body: &Body,
) -> mailstore::Result<Vec<u8>> {
    let keys = keys.all();
    let signing = || keys.iter().filter(|key| key.state == State::Signing);
    if signing().next().is_none() {
        return Ok(Vec::new());
    }
    let start = body.read(0..HEADER).await?;
    let authors = author_addresses(&start);
    let domain = authors.first().and_then(|author| author.rsplit_once('@'));
    let Some((_, domain)) = domain.filter(|(_, domain)| directory.is_local(domain)) else {
        return Ok(Vec::new());
    };
    let mut signers = Vec::new();
    for key in signing() {
        match key.signer() {
            Ok(signer) => signers.push(
                DkimSigner::from_key(signer)
                    .domain(domain.to_ascii_lowercase())
                    .selector(&key.selector)
                    .headers(SIGNED),
            ),
            Err(why) => error!(selector = key.selector, why, "a key cannot be used"),
        }
    }
    let mut streams: Vec<_> = signers.iter().map(DkimSigner::sign_streaming).collect();
    // As it is sent: without what only our own readers have.
    let mut filter = HeaderFilter::new();
    filter.remove("Return-Path");
    let mut filtered = Vec::new();
    let mut reader = body.reader();
    while let Some(chunk) = reader.chunk().await? {
        filtered.clear();
        filter.push(&chunk, &mut filtered);
        streams.iter_mut().for_each(|stream| stream.write(&filtered));
    }
    filtered.clear();
    filter.finish(&mut filtered);
    let mut fields = Vec::new();
    for mut stream in streams {
        stream.write(&filtered);
        match stream.finish() {
            Ok(signature) => fields.extend_from_slice(signature.to_header().as_bytes()),
            Err(error) => warn!(%error, "a message goes without a signature"),
        }
    }
    Ok(fields)
}
