//! SMTP: commands, a session through the server machine, replies through the client machine.
#![allow(missing_docs, reason = "criterion's macros")]

use std::time::Duration;

use benches::{input, work};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mailwire::RecvBuf;
use smtp_proto::{client, server};

fn commands(c: &mut Criterion) {
    let mut group = c.benchmark_group("smtp commands");
    let wire = input::pipelined();
    group.throughput(Throughput::Elements(102));
    let mut buf = RecvBuf::new(64 * 1024);
    assert_eq!(work::smtp_commands(&wire, &mut buf), (100, 102));
    group.bench_function("102 pipelined, framed", |b| {
        b.iter(|| work::smtp_commands(&wire, &mut buf));
    });
    group.throughput(Throughput::Elements(1));
    assert_eq!(work::smtp_mail(input::MAIL), Some(1_048_576));
    group.bench_function("MAIL with parameters", |b| b.iter(|| work::smtp_mail(input::MAIL)));
    group.finish();
}

fn server(c: &mut Criterion) {
    let mut group = c.benchmark_group("smtp server machine");
    let wire = input::smtp_session(10);
    let make = || {
        let config = server::Config::new("mx.example.org", server::Role::Relay);
        server::Server::new(config)
    };
    let octets = 10 * input::message(1024, 10).len();
    assert_eq!(work::smtp_session(make(), &wire), (10, 100, octets));
    group.throughput(Throughput::Bytes(wire.len() as u64));
    group.bench_function("10 messages to 10 recipients, pipelined", |b| {
        b.iter_batched(make, |server| work::smtp_session(server, &wire), BatchSize::SmallInput);
    });
    group.finish();
}

fn client(c: &mut Criterion) {
    let mut group = c.benchmark_group("smtp client machine");
    let make = || client::Client::new(client::Config::new("client"));
    assert_eq!(work::smtp_ehlo(make(), input::EHLO_REPLY), 8);
    group.bench_function("greeting and reply to EHLO", |b| {
        b.iter_batched(
            make,
            |client| work::smtp_ehlo(client, input::EHLO_REPLY),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
}

criterion_group! { name = benches; config = config(); targets = commands, server, client }
criterion_main!(benches);
