//! Keeps a list of a mailbox current and prints it, on one thread: `imap-sync host:port user password mailbox`.
//!
//! It speaks plain text, for a server on this machine. The list lives as long as the program; one that is kept on disk is what
//! `Mirror::restore` begins with.
#![allow(clippy::std_instead_of_core, reason = "a program, not a library")]

use std::{env, error::Error, net::TcpStream};

use imap_proto::{
    client::{Client, Config, sync::Mirror},
    types::Mailbox,
};
use mailwire::driver::{Stop, blocking::Driver};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [server, user, password, mailbox] = words.as_slice() else {
        return Err("usage: imap-sync host:port user password mailbox".into());
    };
    let mut config = Config::default();
    config.plain_text_auth = true;
    let mut session = Driver::new(Client::new(config), TcpStream::connect(server)?);
    session.machine.login(user, &password.as_str().into())?;
    let mut mirror = Mirror::new(Mailbox::new(mailbox.clone())?);
    loop {
        if let Some(event) = session.next()? {
            mirror.see(&event);
            mirror.advance(&mut session.machine)?;
            continue;
        }
        match session.stop() {
            Stop::YourTurn if mirror.is_current() => {
                print(&mirror);
                session.machine.logout();
            }
            Stop::YourTurn => return Err("the server does not open the mailbox".into()),
            Stop::Closed(mailwire::Close::Done) => return Ok(()),
            why => return Err(format!("{why:?}").into()),
        }
    }
}

fn print(mirror: &Mirror) {
    for (uid, message) in mirror.messages() {
        println!("{uid} {:?}", message.flags);
    }
}
