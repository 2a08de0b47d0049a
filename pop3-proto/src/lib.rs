//! pop3-proto
