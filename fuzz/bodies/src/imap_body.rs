//! Body structures and envelopes: views of the wire and trees.

use core::num::NonZeroU32;

use imap_proto::{
    parse,
    response::{BodyView, EnvelopeView, FetchData, Response},
    types::OneOrMore,
};

/// The octets are a body, with and without extension data, and an envelope.
pub fn check(octets: &[u8]) {
    for item in ["BODYSTRUCTURE", "BODY", "ENVELOPE"] {
        let frame = [b"* 1 FETCH (", item.as_bytes(), b" ", octets, b")\r\n"].concat();
        let tolerated = parse::tolerant_response(&frame);
        if let Ok(tolerated) = &tolerated {
            each(&tolerated.response);
            let printed = tolerated.response.print();
            assert!(printed.ends_with(b"\r\n"));
        }
        if let Ok(strict) = parse::response(&frame) {
            let tolerated = tolerated.expect("what is strict is tolerated");
            assert_eq!((&tolerated.response, tolerated.deviations.as_slice()), (&strict, &[][..]));
        }
    }
}

fn each(response: &Response<'_>) {
    let Response::Fetch(_, items) = response else { return };
    for item in items {
        match item {
            FetchData::BodyStructure(view) => body(view, true),
            FetchData::Body(view) => body(view, false),
            FetchData::Envelope(view) => {
                let tree = view.to_tree();
                assert_eq!(EnvelopeView::from_tree(&tree).to_tree(), tree);
            }
            _ => {}
        }
    }
}

/// A tree and its view say the same, and the view made of the tree is strict.
fn body(view: &BodyView<'_>, extended: bool) {
    let tree = view.to_tree();
    let again = BodyView::from_tree(&tree, extended);
    let item = if extended { FetchData::BodyStructure(again) } else { FetchData::Body(again) };
    let printed = Response::Fetch(NonZeroU32::MIN, OneOrMore::one(item)).print();
    let read = parse::response(&printed);
    assert!(read.is_ok(), "{}", printed.escape_ascii());
}
