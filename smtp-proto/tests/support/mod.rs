//! Hosts for the machines under test, and sessions as text.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod client;
mod server;

use core::ops::{Deref, DerefMut};
use std::{fs, path::Path};

use mailwire::test::{Log, Transcript};

pub(crate) use self::{
    client::{ClientConfig, Sender, client, client_config, envelope},
    server::{
        Config, Mx, lmtp_config, offering, relay_config, relay_with, server, submission_config,
    },
};

/// A configuration, and whether the connection is under TLS from the start.
#[derive(Clone, Debug)]
pub(crate) struct Setup<C> {
    config: C,
    pub(crate) implicit_tls: bool,
}

impl<C> From<C> for Setup<C> {
    fn from(config: C) -> Self {
        Self { config, implicit_tls: false }
    }
}

impl<C> Deref for Setup<C> {
    type Target = C;
    fn deref(&self) -> &C {
        &self.config
    }
}

impl<C> DerefMut for Setup<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.config
    }
}

/// What a session with [`relay_config`] begins with.
pub(crate) const HELLO: &str = "\
S: 220 mx.example.org ESMTP ready
C: EHLO client.example
S: 250-mx.example.org
S: 250-PIPELINING
S: 250-SIZE 1000
S: 250-8BITMIME
S: 250-CHUNKING
S: 250 ENHANCEDSTATUSCODES
";

/// What a session with [`submission_config`] begins with, once it is under TLS.
pub(crate) const SUBMISSION: &str = "\
S: 220 mx.example.org ESMTP ready
C: EHLO client.example
S: 250-mx.example.org
S: 250-PIPELINING
S: 250-SIZE 1000
S: 250-8BITMIME
S: 250-CHUNKING
S: 250-ENHANCEDSTATUSCODES
S: 250 AUTH PLAIN LOGIN
";

/// Runs a session against a server of this configuration, under all chunkings.
pub(crate) fn serve(config: &Config, session: &str) -> Log {
    let transcript = Transcript::parse(session).unwrap();
    transcript
        .run_server(|| (server(config), Mx::of(config)))
        .unwrap_or_else(|error| panic!("{error}\n{}", rewritten(config, session)))
}

/// Runs what follows EHLO against a relay.
pub(crate) fn relay(session: &str) -> Log {
    serve(&relay_config(), &format!("{HELLO}{session}"))
}

/// Runs what follows EHLO against a relay of this configuration, whatever it offers.
pub(crate) fn relay_of(config: &Config, session: &str) -> Log {
    serve(config, &format!("{}{session}", hello_of(config)))
}

/// What a session with a server of this configuration begins with.
pub(crate) fn hello_of(config: &Config) -> String {
    let hello = match config.role {
        smtp_proto::server::Role::Lmtp => "LHLO",
        _ => "EHLO",
    };
    rewritten(config, &format!("S:\nC: {hello} client.example\nS:\n"))
}

/// Runs what follows EHLO against a submission server under TLS.
pub(crate) fn submit(session: &str) -> Log {
    let mut config = submission_config();
    config.implicit_tls = true;
    serve(&config, &format!("{SUBMISSION}{session}"))
}

/// The session as the server really speaks.
fn rewritten(config: &Config, session: &str) -> String {
    let transcript = Transcript::parse(session).unwrap();
    transcript.rewrite_server(|| (server(config), Mx::of(config)))
}

/// Runs a file of `tests/transcripts` against a server. With `UPDATE=1` it is written anew.
pub(crate) fn serve_file(config: &Config, name: &str) -> Log {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    let session = fs::read_to_string(&path).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, rewritten(config, &session)).unwrap();
    }
    serve(config, &fs::read_to_string(&path).unwrap())
}

/// Runs a session against a client of this configuration, under all chunkings.
pub(crate) fn speak(config: &ClientConfig, session: &str) -> Log {
    let transcript = Transcript::parse(session).unwrap();
    transcript
        .run_client(|| (client(config), Sender::default()))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Runs what follows EHLO against a client to which this was offered.
pub(crate) fn offered(lines: &[&str], session: &str) -> Log {
    speak(&client_config(), &format!("{}{session}", offer(lines)))
}

/// What a session begins with if a server offers this.
pub(crate) fn offer(lines: &[&str]) -> String {
    let (last, first) = lines.split_last().unwrap();
    let first: String = first.iter().map(|line| format!("S: 250-{line}\n")).collect();
    format!("S: 220 hi\nC: EHLO client.example\nS: 250-mx\n{first}S: 250 {last}\n")
}

/// Runs a session against a plain client.
pub(crate) fn talk(session: &str) -> Log {
    speak(&client_config(), session)
}

/// Runs a file of `tests/transcripts` against a client.
pub(crate) fn talk_file(config: &ClientConfig, name: &str) -> Log {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name);
    speak(config, &fs::read_to_string(&path).unwrap())
}

/// Runs a file of `tests/transcripts` against a server and against a client. With `UPDATE=1` what
/// the server says is written anew.
pub(crate) fn both_sides(config: &Config, client: &ClientConfig, name: &str) -> (Log, Log) {
    (serve_file(config, name), talk_file(client, name))
}

/// The events of a log, for comparison with a list.
pub(crate) fn events(log: &Log) -> Vec<&str> {
    log.events().collect()
}
