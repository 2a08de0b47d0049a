//! Dot-stuffed message data, in and out.
#![allow(missing_docs, reason = "criterion's macros")]

use std::time::Duration;

use benches::{input, work};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Size, and one in how many lines begins with a dot.
const INPUTS: [(&str, usize, usize); 4] = [
    ("1 KiB", 1 << 10, 10),
    ("100 KiB", 100 << 10, 10),
    ("25 MiB", 25 << 20, 10),
    ("100 KiB, each line a dot", 100 << 10, 1),
];

fn data_in(c: &mut Criterion) {
    let mut group = c.benchmark_group("data in");
    for (name, octets, dots) in INPUTS {
        let body = input::message(octets, dots);
        let wire = input::stuffed(&body);
        group.throughput(Throughput::Bytes(wire.len() as u64));
        assert_eq!(work::data_slices(&wire), body.len());
        group.bench_with_input(BenchmarkId::new("slices", name), &wire, |b, wire| {
            b.iter(|| work::data_slices(wire));
        });
        let mut out = Vec::with_capacity(body.len());
        work::data_copied(&wire, &mut out);
        assert_eq!(out, body);
        group.bench_with_input(BenchmarkId::new("copied out", name), &wire, |b, wire| {
            b.iter(|| {
                out.clear();
                work::data_copied(wire, &mut out);
                out.len()
            });
        });
    }
    group.finish();
}

fn data_out(c: &mut Criterion) {
    let mut group = c.benchmark_group("data out");
    for (name, octets, dots) in INPUTS {
        let body = input::message(octets, dots);
        let wire = input::stuffed(&body);
        group.throughput(Throughput::Bytes(body.len() as u64));
        let mut out = Vec::new();
        work::data_out(&body, |buf| out.extend_from_slice(&buf.take_all()));
        assert_eq!(out, wire);
        group.bench_with_input(BenchmarkId::new("copied", name), &body, |b, body| {
            b.iter(|| work::data_out(body, work::sent));
        });
        let body = Bytes::from(body);
        out.clear();
        work::data_out_linked(&body, |buf| out.extend_from_slice(&buf.take_all()));
        assert_eq!(out, wire);
        group.bench_with_input(BenchmarkId::new("linked", name), &body, |b, body| {
            b.iter(|| work::data_out_linked(body, work::sent));
        });
    }
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
}

criterion_group! { name = benches; config = config(); targets = data_in, data_out }
criterion_main!(benches);
