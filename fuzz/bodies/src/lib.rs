//! Fuzz bodies: plain functions that take any octets and assert what must hold for all of them.
//!
//! `cargo test -p fuzz-bodies` runs each over its corpus and over mutations of it, on stable.
//! The targets of `cargo fuzz`, in the folder above, call the same functions. A body panics where a
//! property does not hold; nothing else is its result.

pub mod data_framing;
mod drive;
pub mod header_filter;
pub mod imap_body;
pub mod imap_client;
pub mod imap_command;
pub mod imap_mailbox;
pub mod imap_mime;
pub mod imap_response;
pub mod imap_search;
pub mod imap_server;
pub mod mutate;
pub mod pop3_client;
pub mod pop3_server;
pub mod proxy_header;
pub mod sasl;
pub mod smtp_address;
pub mod smtp_client;
pub mod smtp_command;
pub mod smtp_reply;
pub mod smtp_server;

/// A fuzz body.
pub type Body = fn(&[u8]);

/// All bodies, by the name of their folder in `corpus`.
pub const ALL: &[(&str, Body)] = &[
    ("data_framing", data_framing::check),
    ("header_filter", header_filter::check),
    ("imap_body", imap_body::check),
    ("imap_client", imap_client::check),
    ("imap_command", imap_command::check),
    ("imap_mailbox", imap_mailbox::check),
    ("imap_mime", imap_mime::check),
    ("imap_response", imap_response::check),
    ("imap_search", imap_search::check),
    ("imap_server", imap_server::check),
    ("pop3_client", pop3_client::check),
    ("pop3_server", pop3_server::check),
    ("proxy_header", proxy_header::check),
    ("sasl", sasl::check),
    ("smtp_address", smtp_address::check),
    ("smtp_client", smtp_client::check),
    ("smtp_command", smtp_command::check),
    ("smtp_reply", smtp_reply::check),
    ("smtp_server", smtp_server::check),
];
