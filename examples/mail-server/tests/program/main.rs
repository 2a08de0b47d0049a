//! The program as users and other servers meet it: processes, ports, files.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::std_instead_of_core, reason = "a program that always has std")]

mod advice;
mod appends;
mod bounces;
mod cli;
mod connections;
mod crash;
mod demo;
mod filter;
mod flow;
mod folders;
mod front;
mod kit;
mod limits;
mod next_hop;
mod observe;
mod operator;
mod policy;
mod readers;
mod reload;
mod reports;
mod retries;
mod routes;
mod searches;
mod stopping;
mod store;
mod strangers;
mod sync;
mod trust;
mod users;
mod web;
