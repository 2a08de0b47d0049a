//! Domains with their servers, and a name server that knows the way.

#[allow(dead_code, reason = "shared with the program, whose own tests use more of it")]
#[path = "../../../src/demo/name_server.rs"]
mod name_server;

pub(crate) use self::name_server::Zone;

use self::name_server::NameServer;
use super::process::Server;
use mailstore::{
    Delivery, EmbeddedStore, Envelope, Messages, NewEnvelope, NewRecipient, Queue, Staged,
};
use std::{fs, net::Ipv4Addr, path::PathBuf};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) struct World {
    folder: TempDir,
    names: NameServer,
    runtime: Runtime,
}

impl World {
    /// With `a.test`, `b.test`, and more zones.
    pub(crate) fn new(more: impl IntoIterator<Item = Zone>) -> Self {
        let zone = |domain: &str| {
            let host = format!("mx.{domain}");
            Zone::new(domain).mx(domain, 10, &host).a(&host, Ipv4Addr::LOCALHOST)
        };
        let zones = [zone("a.test"), zone("b.test")].into_iter().chain(more).collect();
        let runtime = Runtime::new().unwrap();
        let names = runtime.block_on(NameServer::start(zones)).unwrap();
        Self { folder: TempDir::new().unwrap(), names, runtime }
    }

    /// The server of this domain, with the accounts alice, bob and carol and, at a later start,
    /// with what it had before.
    pub(crate) fn start(&self, domain: &str, more: &[&str]) -> Server {
        self.start_with(domain, "", more)
    }

    /// With more settings in the `[relay]` section.
    pub(crate) fn start_with(&self, domain: &str, relay: &str, more: &[&str]) -> Server {
        let file = self.settings(domain);
        let names = self.names.address();
        let settings = format!(
            "hostname = 'mx.{domain}'\ndomains = ['{domain}']\n\
             [relay]\nname-server = '{names}'\nfirst-retry-seconds = 1\n{relay}"
        );
        fs::write(&file, settings).unwrap();
        let mut arguments = vec!["--config", file.to_str().unwrap()];
        arguments.extend(more);
        Server::start(&self.data(domain), &arguments)
    }

    /// The servers of a.test and of b.test; mail goes from a.test to b.test.
    pub(crate) fn two_servers(&self) -> (Server, Server) {
        let b = self.start("b.test", &[]);
        (self.start("a.test", &["--relay-port", &b.port("smtp")]), b)
    }

    /// What is in the queue of a domain whose server does not run.
    pub(crate) fn queue(&self, domain: &str) -> Vec<Envelope> {
        self.runtime.block_on(async {
            let store = EmbeddedStore::open(self.data(domain)).await.unwrap();
            let envelopes = store.envelopes().await.unwrap();
            store.close().await.unwrap();
            envelopes
        })
    }

    /// Puts a message of alice into the queue of a domain whose server does not run, as if it had
    /// come with these parameters of MAIL, to recipients with these parameters of RCPT.
    pub(crate) fn enqueue(&self, domain: &str, mail: &str, to: &[(&str, &str)], message: &str) {
        let recipients = to.iter().map(|(address, rcpt)| {
            let mut recipient = NewRecipient::new(*address);
            recipient.params = (*rcpt).to_owned();
            recipient
        });
        let mut envelope = NewEnvelope::new(format!("alice@{domain}"), recipients.collect());
        envelope.params = mail.to_owned();
        let message = Staged::from_bytes(message.as_bytes().to_vec());
        self.runtime.block_on(async {
            let store = EmbeddedStore::open(self.data(domain)).await.unwrap();
            store.deliver(Delivery::new(message).queued(envelope)).await.unwrap();
            store.close().await.unwrap();
        });
    }

    /// The configuration file of a domain's server, there once it was started.
    pub(crate) fn settings(&self, domain: &str) -> PathBuf {
        self.folder.path().join(format!("{domain}.toml"))
    }

    /// The data folder of a domain's server.
    pub(crate) fn data(&self, domain: &str) -> PathBuf {
        self.folder.path().join(domain)
    }
}
