//! Our crates beside others on the same inputs, results checked: `cargo run --release` in this folder,
//! `cargo run --release -- imap` for one protocol.
//!
//! Times are medians of many short runs, ours and the peer's in turns, so that what else the machine
//! does meets both. A row is a miss where the ratio is above what is to be reached.

mod imap;
mod measure;
mod pop3;
mod smtp;

use measure::{Row, table};

/// A protocol, and what measures it.
const PROTOCOLS: [(&str, fn(&mut Vec<Row>)); 3] =
    [("smtp", smtp::rows), ("imap", imap::rows), ("pop3", pop3::rows)];

fn main() {
    let chosen: Vec<_> = std::env::args().skip(1).collect();
    let mut rows = Vec::new();
    for (name, measure) in PROTOCOLS {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            measure(&mut rows);
        }
    }
    table(&rows);
}
