//! Our MIME walk against the one of `mail-parser`, over generated trees of parts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::ops::Range;

use imap_proto::mime::{PartKind, Structure};
use mail_parser::{MessageParser, PartType};
use proptest::{collection::vec, prelude::*};

/// A part as a sender makes it.
#[derive(Clone, Debug)]
enum Tree {
    Leaf { field: &'static str, text: String },
    Multipart { children: Vec<Tree>, preamble: bool, epilogue: bool },
}

fn tree() -> impl Strategy<Value = Tree> {
    let field = prop_oneof![
        Just(""),
        Just("Content-Type: text/plain; charset=utf-8\r\n"),
        Just("Content-Type: text/html\r\nContent-Disposition: inline\r\n"),
        Just("Content-Type: application/octet-stream;\r\n name=\"a b.bin\"\r\n"),
        Just("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"),
        Just("content-type: TEXT/PLAIN\r\nContent-Transfer-Encoding: quoted-printable\r\n"),
    ];
    let leaf = (field, "([a-zA-Z0-9 =.-]{0,20}\r\n){0,4}[a-z]{0,9}")
        .prop_map(|(field, text)| Tree::Leaf { field, text });
    leaf.prop_recursive(5, 40, 5, |inner| {
        (vec(inner, 1..5), any::<bool>(), any::<bool>()).prop_map(
            |(children, preamble, epilogue)| Tree::Multipart { children, preamble, epilogue },
        )
    })
}

fn print(tree: &Tree, boundaries: &mut u32, out: &mut String) {
    match tree {
        Tree::Leaf { field, text } => {
            out.push_str(field);
            out.push_str("\r\n");
            out.push_str(text);
        }
        Tree::Multipart { children, preamble, epilogue } => {
            *boundaries += 1;
            let boundary = format!("=_{boundaries}_");
            out.push_str(&format!(
                "Content-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\n"
            ));
            if *preamble {
                out.push_str("For programs without MIME.\r\n");
            }
            for child in children {
                out.push_str(&format!("--{boundary}\r\n"));
                print(child, boundaries, out);
                out.push_str("\r\n");
            }
            out.push_str(&format!("--{boundary}--\r\n"));
            if *epilogue {
                out.push_str("The end.\r\n");
            }
        }
    }
}

fn ours(raw: &[u8]) -> Vec<(bool, usize, Range<usize>)> {
    let structure = Structure::of(raw);
    let parts = structure.parts().iter();
    parts
        .map(|part| {
            let many = part.kind == PartKind::Multipart;
            // Where a multipart ends is said differently: with or without its epilogue.
            let end = if many { part.body.start } else { part.body.end };
            (many, part.header.start, part.body.start..end)
        })
        .collect()
}

fn theirs(raw: &[u8]) -> Vec<(bool, usize, Range<usize>)> {
    let message = MessageParser::default().parse(raw).unwrap();
    let parts = message.parts.iter();
    parts
        .map(|part| {
            let many = matches!(part.body, PartType::Multipart(_));
            let [header, body, end] = [part.offset_header, part.offset_body, part.offset_end]
                .map(|offset| usize::try_from(offset).unwrap());
            (many, header, body..if many { body } else { end })
        })
        .collect()
}

proptest! {
    #[test]
    fn both_find_the_same_parts_in_the_same_places(tree in tree()) {
        let mut raw = String::from("From: a@b.test\r\nSubject: parts\r\nMIME-Version: 1.0\r\n");
        print(&tree, &mut 0, &mut raw);
        prop_assert_eq!(ours(raw.as_bytes()), theirs(raw.as_bytes()), "{}", raw);
    }
}
