//! IMAP: commands, sets, rows of FETCH written and read.
#![allow(missing_docs, reason = "criterion's macros")]

use std::time::Duration;

use benches::{input, work};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn commands(c: &mut Criterion) {
    let mut group = c.benchmark_group("imap commands");
    group.throughput(Throughput::Elements(18));
    assert_eq!(work::imap_commands(&input::IMAP_COMMANDS), 6);
    group.bench_function("18 kinds", |b| b.iter(|| work::imap_commands(&input::IMAP_COMMANDS)));
    let set = input::sequence_set(10_000);
    group.throughput(Throughput::Elements(10_000));
    assert_eq!(work::imap_set(set.as_bytes()), 10_000);
    group.bench_function("sequence set of 10,000", |b| b.iter(|| work::imap_set(set.as_bytes())));
    group.finish();
}

fn fetch(c: &mut Criterion) {
    let mut group = c.benchmark_group("imap fetch");
    group.throughput(Throughput::Elements(1000));
    let mut fetch = work::Fetch::of(1000);
    fetch.rows();
    let wire = fetch.taken();
    // Of the last row the end is written when the command is answered.
    let whole = [&wire[..], b")\r\n"].concat();
    assert_eq!(work::imap_fetch_responses(&whole), 1000);
    group.bench_function("1,000 rows written", |b| {
        b.iter(|| {
            let octets = fetch.rows();
            fetch.sent();
            octets
        });
    });
    group.bench_function("1,000 rows read", |b| b.iter(|| work::imap_fetch_responses(&whole)));
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
}

criterion_group! { name = benches; config = config(); targets = commands, fetch }
criterion_main!(benches);
