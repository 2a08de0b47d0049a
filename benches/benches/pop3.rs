//! POP3: listings and messages, through both machines.
#![allow(missing_docs, reason = "criterion's macros")]

use std::time::Duration;

use benches::{input, work};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn listing(c: &mut Criterion) {
    let mut group = c.benchmark_group("pop3 list of 1,000");
    group.throughput(Throughput::Elements(1000));
    let mut server = work::pop3_server(1000);
    let mut wire = String::from("+OK\r\n");
    (1..=1000).for_each(|n| wire.push_str(&format!("{n} {}\r\n", 999 + n)));
    wire.push_str(".\r\n");
    let octets = work::pop3_answer(&mut server, b"LIST\r\n", &Bytes::new());
    assert!(octets > wire.len() - 5, "{octets}");
    group.bench_function("written", |b| {
        b.iter(|| work::pop3_answer(&mut server, b"LIST\r\n", &Bytes::new()));
    });
    let read = || work::pop3_read(|client| client.list().expect("a command"), wire.as_bytes());
    assert_eq!(read(), (1000, 0));
    group.bench_function("read", |b| b.iter(read));
    group.finish();
}

fn retr(c: &mut Criterion) {
    let mut group = c.benchmark_group("pop3 retr of 100 KiB");
    let message = Bytes::from(input::message(100 << 10, 10));
    let wire = [b"+OK\r\n", &input::stuffed(&message)[..]].concat();
    group.throughput(Throughput::Bytes(message.len() as u64));
    let mut server = work::pop3_server(1);
    let octets = work::pop3_answer(&mut server, b"RETR 1\r\n", &message);
    assert!(octets > wire.len() - 5, "{octets}");
    group.bench_function("written", |b| {
        b.iter(|| work::pop3_answer(&mut server, b"RETR 1\r\n", &message));
    });
    let read = || work::pop3_read(|client| client.retr(1).expect("a command"), &wire);
    assert_eq!(read(), (0, message.len()));
    group.bench_function("read", |b| b.iter(read));
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
}

criterion_group! { name = benches; config = config(); targets = listing, retr }
criterion_main!(benches);
