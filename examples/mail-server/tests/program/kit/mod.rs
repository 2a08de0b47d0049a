//! What the tests share: running the program, speaking with it, a name server.

mod hop;
mod imap;
mod inbox;
mod process;
mod smtp;
mod talk;
mod world;

pub(crate) use self::{
    hop::{Hop, Session, usual},
    imap::{Imap, ImapText},
    inbox::{inbox, wait_for},
    process::{PORTS, Server, any_ports, run, run_with, stderr, stdout},
    smtp::{Smtp, submit},
    talk::Talk,
    world::{World, Zone},
};
