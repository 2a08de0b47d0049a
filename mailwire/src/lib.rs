//! mailwire
