//! A small real mail server made of the crates of this workspace.

mod accounts;
mod cli;
mod config;
mod demo;
mod dns;
mod listen;
mod log;
mod service;
mod tls;
mod wire;

fn main() {}
