//! Inputs, and what the crates make of them: shared by the benchmarks here and by the comparison with
//! other crates in `peers`.
//!
//! Each function in [`work`] gives back what it found, so that a caller can check it: a fast wrong
//! answer is no answer.

pub mod input;
pub mod work;

/// The programs in the README of the repository, compiled and run with the other tests of the
/// documentation: this is the package that has all the crates.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
