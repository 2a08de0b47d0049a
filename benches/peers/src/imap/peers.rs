//! The same work by other crates.

use peer_imap_codec::{
    CommandCodec, ResponseCodec,
    decode::Decoder,
    encode::Encoder,
    imap_types::{
        command::CommandBody,
        fetch::MessageDataItem,
        response::{Data, Response},
        sequence::{SeqOrUid, Sequence},
    },
};
use peer_imap_proto::{AttributeValue, MailboxDatum, Response as ProtoResponse};

use super::ours::lines;

/// What a tokeniser must do at least: each octet is looked at once, runs of one class are counted.
pub fn tokens(frame: &[u8]) -> usize {
    let mut tokens = 0;
    let mut rest = frame;
    while let Some((&first, after)) = rest.split_first() {
        tokens += 1;
        let len = match first {
            b' ' | b'(' | b')' | b'\r' | b'\n' => 0,
            b'"' => after.iter().position(|&octet| octet == b'"').map_or(after.len(), |at| at + 1),
            _ => after
                .iter()
                .position(|octet| matches!(octet, b' ' | b'(' | b')' | b'\r' | b'\n' | b'"'))
                .unwrap_or(after.len()),
        };
        rest = &after[len..];
    }
    tokens
}

fn command(frame: &[u8]) -> CommandBody<'_> {
    let (rest, command) = CommandCodec::new().decode(frame).expect("a command");
    assert!(rest.is_empty());
    command.body
}

pub fn commands(frames: &[&[u8]]) -> usize {
    let names_messages = |frame: &&&[u8]| {
        matches!(
            std::hint::black_box(command(frame)),
            CommandBody::Fetch { .. }
                | CommandBody::Store { .. }
                | CommandBody::Copy { .. }
                | CommandBody::Move { .. }
                | CommandBody::ExpungeUid { .. }
        )
    };
    frames.iter().filter(names_messages).count()
}

pub fn copied(wire: &[u8]) -> u64 {
    let CommandBody::Copy { sequence_set, .. } = command(wire) else { panic!("COPY") };
    let single = |s: &&Sequence| matches!(s, Sequence::Single(SeqOrUid::Value(_)));
    sequence_set.0.as_ref().iter().filter(single).count() as u64
}

fn response(frame: &[u8]) -> Data<'_> {
    match ResponseCodec::new().decode(frame) {
        Ok(([], Response::Data(data))) => data,
        other => panic!("{other:?}"),
    }
}

fn proto(frame: &[u8]) -> ProtoResponse<'_> {
    let (rest, response) = ProtoResponse::parse(frame).expect("a response");
    assert!(rest.is_empty());
    response
}

pub fn fetch_proto(wire: &[u8]) -> usize {
    let envelopes = |line| match proto(line) {
        ProtoResponse::Fetch(_, items) => {
            items.iter().filter(|item| matches!(item, AttributeValue::Envelope(_))).count()
        }
        other => panic!("{other:?}"),
    };
    lines(wire).map(envelopes).sum()
}

pub fn fetch_codec(wire: &[u8]) -> usize {
    let envelopes = |line| match response(line) {
        Data::Fetch { items, .. } => {
            let items: &[_] = items.as_ref();
            items.iter().filter(|item| matches!(item, MessageDataItem::Envelope(_))).count()
        }
        other => panic!("{other:?}"),
    };
    lines(wire).map(envelopes).sum()
}

pub fn responses(wire: &[u8]) -> Vec<Response<'_>> {
    lines(wire).map(|line| Response::Data(response(line))).collect()
}

pub fn written(values: &[Response<'_>], octets: usize) -> usize {
    let codec = ResponseCodec::new();
    let written: usize =
        values.iter().map(|value| std::hint::black_box(codec.encode(value).dump()).len()).sum();
    // Strings and dates can be written in more than one way, but not much shorter or longer.
    assert!(written.abs_diff(octets) < octets / 10, "{written} {octets}");
    values.len()
}

pub fn list_proto(wire: &[u8]) -> usize {
    let two = |line: &[u8]| match proto(line) {
        ProtoResponse::MailboxData(MailboxDatum::List(item)) => {
            item.name_attributes.len() == 2 && item.delimiter.as_deref() == Some("/")
        }
        other => panic!("{other:?}"),
    };
    lines(wire).filter(|line| two(line)).count()
}

pub fn list_codec(wire: &[u8]) -> usize {
    let two = |line: &[u8]| match response(line) {
        Data::List { items, delimiter, .. } => items.len() == 2 && delimiter.is_some(),
        other => panic!("{other:?}"),
    };
    lines(wire).filter(|line| two(line)).count()
}

pub fn found_proto(wire: &[u8]) -> usize {
    match proto(wire) {
        ProtoResponse::MailboxData(MailboxDatum::Search(numbers)) => numbers.len(),
        other => panic!("{other:?}"),
    }
}

pub fn found_codec(wire: &[u8]) -> usize {
    match response(wire) {
        Data::Search(numbers, _) => numbers.len(),
        other => panic!("{other:?}"),
    }
}
