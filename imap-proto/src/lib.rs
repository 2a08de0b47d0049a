//! imap-proto
