//! Promise 5: octets and facts.

use bytes::Bytes;

use super::{Bench, Subject, delivery, message, uid, uids};
use crate::{Expunge, MessageId, Messages, NewMessage, Result, Staged, Target, ThreadId};

/// What comes out is what went in: any octets, none, whole and in parts.
pub async fn bodies_come_back_octet_for_octet<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let every: Bytes = (0..=255u8).cycle().take(70_000).collect::<Vec<u8>>().into();
    let bodies = [every.clone(), Bytes::new(), Bytes::from_static(b"\r\n.\r\n\0")];
    let messages =
        bodies.iter().map(|body| NewMessage::new(Staged::from_bytes(body.clone()))).collect();
    bench.store.append(bench.inbox, messages).await?;
    for (row, body) in bench.rows(bench.inbox).await?.iter().zip(&bodies) {
        let stored = bench.store.body(row.message).await?;
        assert_eq!((stored.size(), row.size), (body.len() as u64, body.len() as u64));
        assert!(stored.bytes().await? == body);
    }
    let first = bench.row(bench.inbox, uid(1)).await?.message;
    let first = bench.store.body(first).await?;
    assert!(first.read(100..300).await? == every.slice(100..300));
    assert!(first.read(69_990..80_000).await? == every.slice(69_990..));
    assert!(first.read(80_000..90_000).await?.is_empty());
    Ok(())
}

/// A body larger than any buffer goes in by pieces, can be read before it is stored, and comes out by
/// pieces.
pub async fn a_large_body_streams_in_and_out<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let piece: Vec<u8> = (0..=250u8).cycle().take(40_000).collect();
    let mut upload = bench.store.upload();
    for _ in 0..80 {
        upload.write(&piece).await?;
    }
    assert_eq!(upload.size(), 3_200_000);
    let staged = upload.finish().await?;
    assert!(staged.body().read(40_000..80_000).await? == piece);
    bench.store.append(bench.inbox, vec![NewMessage::new(staged)]).await?;
    let row = bench.row(bench.inbox, uid(1)).await?;
    assert_eq!(row.size, 3_200_000);

    let body = bench.store.body(row.message).await?;
    let (mut reader, mut octets) = (body.reader(), Vec::new());
    while let Some(chunk) = reader.chunk().await? {
        assert!(!chunk.is_empty() && chunk.len() <= 65_536);
        octets.extend_from_slice(&chunk);
    }
    assert!(octets == piece.repeat(80));

    let mut dropped = bench.store.upload();
    dropped.write(&piece.repeat(40)).await?;
    drop(dropped);
    assert_eq!(bench.rows(bench.inbox).await?.len(), 1);
    Ok(())
}

/// Facts are kept as they were given and read for many messages at once.
pub async fn facts_come_back_in_the_order_asked<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let bodies: Vec<String> = (0..200).map(|n| format!("message {n}")).collect();
    let bodies: Vec<&str> = bodies.iter().map(|body| &**body).collect();
    bench.append(bench.inbox, &bodies).await?;
    let mut messages: Vec<_> =
        bench.rows(bench.inbox).await?.iter().map(|row| row.message).collect();
    messages.reverse();
    let facts = bench.store.facts(&messages).await?;
    for (facts, body) in facts.iter().zip(bodies.iter().rev()) {
        assert_eq!(*facts, Some(format!("facts of {body}").into()));
    }
    assert_eq!(facts.len(), 200);

    bench.store.expunge(bench.inbox, Expunge::Exactly(uids(&[200]))).await?;
    let two: Vec<_> = messages.into_iter().take(2).collect();
    assert!(matches!(&*bench.store.facts(&two).await?, [None, Some(_)]));
    Ok(())
}

/// Whoever has opened a body reads it to its end.
pub async fn a_body_outlives_the_message_while_it_is_read<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let mut upload = bench.store.upload();
    upload.write(&[b'x'; 2_000_000]).await?;
    let large = NewMessage::new(upload.finish().await?);
    bench.store.append(bench.inbox, vec![message("small"), large]).await?;
    for uid in uids(&[1, 2]) {
        let row = bench.row(bench.inbox, uid).await?;
        let body = bench.store.body(row.message).await?;
        bench.store.expunge(bench.inbox, Expunge::Exactly(vec![uid])).await?;
        assert!(bench.store.body(row.message).await.is_err());
        assert_eq!(body.bytes().await?.len() as u64, row.size);
    }
    Ok(())
}

/// Threads are the host's numbers; a copy keeps its message's.
pub async fn threads_come_back_in_the_order_asked<S: Subject>() -> Result<()> {
    let bench = Bench::<S>::new().await?;
    let thread = ThreadId::new(u64::MAX - 7);
    let messages = vec![message("one").thread(thread), message("two")];
    let mut asked = bench.store.append(bench.inbox, messages).await?.messages;
    asked.reverse();
    asked.insert(1, MessageId::new(u64::MAX));
    assert_eq!(bench.store.threads(&asked).await?, [None, None, Some(thread)]);
    let delivered = delivery("three").thread(thread).to(Target::new(bench.inbox));
    let delivered = bench.store.deliver(delivered).await?;
    assert_eq!(bench.store.threads(&[delivered.message]).await?, [Some(thread)]);
    Ok(())
}
