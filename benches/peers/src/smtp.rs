//! SMTP.

mod peers;

use benches::{input, work};
use bytes::Bytes;
use smtp_proto::client::{Client, Config};

use crate::measure::Row;

pub fn rows(rows: &mut Vec<Row>) {
    commands(rows);
    data(rows);
    stuffing(rows);
    replies(rows);
}

fn commands(rows: &mut Vec<Row>) {
    let wire = input::pipelined();
    let ours = || work::smtp_commands_in_place(&wire);
    let found = (100, 102);
    let name = "102 pipelined commands";
    rows.push(Row::of(name, "smtp-proto", Some(0.7), found, ours, || peers::smtp_proto(&wire)));
    rows.push(Row::of(name, "mailrs-smtp-proto", None, found, ours, || peers::mailrs(&wire)));
    rows.push(Row::of(name, "smtp-message", None, found, ours, || peers::smtp_message(&wire)));
    rows.push(Row::of(name, "smtp-codec", None, found, ours, || peers::smtp_codec(&wire)));

    let wire = input::MAIL;
    let ours = || work::smtp_mail(wire);
    let found = Some(1_048_576);
    let name = "MAIL with 5 parameters";
    rows.push(Row::of(name, "smtp-proto", Some(0.65), found, ours, || {
        peers::smtp_proto_mail(wire)
    }));
    rows.push(Row::of(name, "mailrs-smtp-proto", None, found, ours, || peers::mailrs_mail(wire)));
    rows.push(Row::of(name, "smtp-message", None, found, ours, || peers::smtp_message_mail(wire)));
}

fn data(rows: &mut Vec<Row>) {
    let sizes = [
        ("1 KiB", 1 << 10, 10, 0.8),
        ("100 KiB", 100 << 10, 10, 0.75),
        ("25 MiB", 25 << 20, 10, 1.0),
        ("100 KiB, each line a dot", 100 << 10, 1, 0.75),
    ];
    for (name, octets, dots, reach) in sizes {
        let body = input::message(octets, dots);
        let wire = input::stuffed(&body);
        let (mut one, mut other) = (Vec::with_capacity(wire.len()), Vec::with_capacity(wire.len()));
        let len = body.len();
        let check = |out: &[u8]| {
            assert!(out == body, "the message comes out as it was");
            out.len()
        };
        work::data_copied(&wire, &mut one);
        check(&one);
        peers::smtp_proto_data(&wire, &mut other);
        check(&other);

        rows.push(Row::of(
            &format!("DATA {name}, slices"),
            "smtp-proto (copies)",
            Some(0.4),
            len,
            || work::data_slices(&wire),
            || peers::smtp_proto_data(&wire, &mut other),
        ));
        rows.push(Row::of(
            &format!("DATA {name}, copied out"),
            "smtp-proto",
            Some(reach),
            len,
            || {
                one.clear();
                work::data_copied(&wire, &mut one);
                one.len()
            },
            || peers::smtp_proto_data(&wire, &mut other),
        ));
        // smtp-message changes the buffer in place: it gets a fresh one each time, as from a read.
        other.clear();
        other.extend_from_slice(&wire);
        let n = peers::smtp_message_data(&mut other);
        check(&other[..n]);
        rows.push(Row::of(
            &format!("DATA {name}, copied out"),
            "smtp-message",
            (dots == 1).then_some(1.0),
            len,
            || {
                one.clear();
                work::data_copied(&wire, &mut one);
                one.len()
            },
            || {
                other.clear();
                other.extend_from_slice(&wire);
                peers::smtp_message_data(&mut other)
            },
        ));
        rows.push(Row::of(
            &format!("DATA {name}, copied out"),
            "memcpy",
            (octets > 1 << 20).then_some(1.8),
            len,
            || {
                one.clear();
                work::data_copied(&wire, &mut one);
                one.len()
            },
            || {
                other.clear();
                other.extend_from_slice(&body);
                other.len()
            },
        ));
    }
}

fn stuffing(rows: &mut Vec<Row>) {
    for (name, octets, dots, reach) in [
        ("100 KiB", 100 << 10, 10, Some(0.06)),
        ("25 MiB", 25 << 20, 10, Some(0.17)),
        ("100 KiB, each line a dot", 100 << 10, 1, None),
    ] {
        let body = input::message(octets, dots);
        let wire = input::stuffed(&body);
        let mut out = Vec::with_capacity(wire.len());
        work::data_out(&body, |buf| out.extend_from_slice(&buf.take_all()));
        assert!(out == wire, "our stuffing");
        out.clear();
        let mut theirs = Vec::with_capacity(2 * work::PIECE);
        peers::smtp_message_out(&body, &mut theirs, |octets| out.extend_from_slice(octets));
        assert!(out == wire, "smtp-message's stuffing");
        let name = format!("dot-stuffing out {name}");
        rows.push(Row::of(
            &name,
            "smtp-message",
            reach,
            wire.len(),
            || work::data_out(&body, work::sent),
            || peers::smtp_message_out(&body, &mut theirs, |_| ()),
        ));
        let shared = Bytes::from(body.clone());
        rows.push(Row::of(
            &format!("{name}, linked"),
            "smtp-message",
            reach,
            wire.len(),
            || work::data_out_linked(&shared, work::sent),
            || peers::smtp_message_out(&body, &mut theirs, |_| ()),
        ));
    }
}

fn replies(rows: &mut Vec<Row>) {
    let wire = input::EHLO_REPLY;
    let ours = || work::smtp_ehlo_parsed(wire);
    let name = "EHLO reply of 9 lines, parsed";
    rows.push(Row::of(name, "smtp-proto", Some(0.75), 8, ours, || peers::smtp_proto_ehlo(wire)));
    rows.push(Row::of(name, "smtp-message", None, 8, ours, || peers::smtp_message_reply(wire) - 1));
    let wire = input::replies();
    let ours = || work::smtp_replies_parsed(&wire);
    let name = "101 one-line replies, parsed";
    let theirs = || peers::smtp_proto_replies(&wire);
    rows.push(Row::of(name, "smtp-proto", Some(0.4), 101, ours, theirs));
    let theirs = || peers::smtp_message_replies(&wire);
    rows.push(Row::of(name, "smtp-message", None, 101, ours, theirs));

    let make = || Client::new(Config::new("client"));
    let ours = |client| work::smtp_ehlo(client, input::EHLO_REPLY);
    // Ours is the whole machine, the greeting and the client's EHLO included.
    let name = "EHLO reply of 9 lines (ours: session)";
    rows.push(Row::with_setup(name, "smtp-proto", None, 8, make, ours, || {
        peers::smtp_proto_ehlo(input::EHLO_REPLY)
    }));
    rows.push(Row::with_setup(name, "smtp-message", None, 8, make, ours, || {
        peers::smtp_message_reply(input::EHLO_REPLY) - 1
    }));

    let octets = work::smtp_replies(work::smtp_waiting(100), &wire);
    let make = || work::smtp_waiting(100);
    let ours = |client| {
        assert_eq!(work::smtp_replies(client, &wire), octets);
        101
    };
    let name = "101 one-line replies (ours: session)";
    rows.push(Row::with_setup(name, "smtp-proto", None, 101, make, ours, || {
        peers::smtp_proto_replies(&wire)
    }));
    rows.push(Row::with_setup(name, "smtp-message", None, 101, make, ours, || {
        peers::smtp_message_replies(&wire)
    }));
}
