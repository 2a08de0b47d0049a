//! The embedded backend: the contract, and what only a backend with a disk can get wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod contract;
