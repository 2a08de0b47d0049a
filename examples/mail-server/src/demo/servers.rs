//! The two servers of the demo, and the name server that leads from one to the other.

use super::{
    Result,
    name_server::{NameServer, Zone},
};
use crate::{
    config::{Accounts, Config, Port, Ports, Relay, RelayTls},
    serve::Server,
    service::Service,
    tls,
    wire::{Side, Sink, Trace, Wire},
};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{net::Ipv4Addr, path::Path, sync::Arc};
use tokio::net::TcpStream;

/// Host names of the servers of a.test and of b.test.
pub(super) const A: &str = "mx.a.test";
pub(super) const B: &str = "mx.b.test";

const OFF: Ports = Ports {
    smtp: Port::OFF,
    submission: Port::OFF,
    submissions: Port::OFF,
    imap: Port::OFF,
    imaps: Port::OFF,
    pop3: Port::OFF,
    pop3s: Port::OFF,
    lmtp: Port::OFF,
    https: Port::OFF,
    metrics: Port::OFF,
};

pub(super) struct Servers {
    pub(super) a: Server,
    pub(super) b: Server,
    pub(super) names: NameServer,
    /// Trusts the CA of a.test, or of b.test.
    trust_a: Arc<ClientConfig>,
    trust_b: Arc<ClientConfig>,
}

impl Servers {
    /// On free ports of 127.0.0.1, with their data below `folder`.
    pub(super) async fn start(folder: &Path, relay_sink: Sink) -> Result<Self> {
        let zone = |domain: &str, host: &str| {
            Zone::new(domain).mx(domain, 10, host).a(host, Ipv4Addr::LOCALHOST)
        };
        let names = NameServer::start(vec![zone("a.test", A), zone("b.test", B)]).await?;
        let config = |domain: &str, host: &str, ports: Ports| Config {
            hostname: host.into(),
            domains: vec![domain.into()],
            data: folder.join(domain),
            ports,
            relay: Relay {
                name_server: Some(names.address()),
                keep_seconds: 0, // what is shown ends with the goodbye
                ..Relay::default()
            },
            accounts: Accounts { ready_made: false, ..Accounts::default() },
            ..Config::default()
        };

        let ports = Ports { smtp: Port::ANY, imaps: Port::ANY, pop3s: Port::ANY, ..OFF };
        let b = Server::start(config("b.test", B, ports), None, Vec::new()).await?;
        let ca = b.ca.clone();
        let verified = Relay { tls: RelayTls::Verified, ca, ..Relay::default() };
        let trust_b = tls::relay_client(&verified)?;

        // Real servers meet at port 25; these meet where b.test listens.
        let ports = Ports { smtp: Port::ANY, submission: Port::ANY, ..OFF };
        let mut config = config("a.test", A, ports);
        config.relay.port = port(&b, Service::Smtp)?;
        (config.relay.tls, config.relay.ca) = (verified.tls, verified.ca.clone());
        let a = Server::start(config, Some(relay_sink), Vec::new()).await?;
        let trust_a = tls::relay_client(&Relay { ca: a.ca.clone(), ..verified })?;

        let servers = Self { a, b, names, trust_a, trust_b };
        servers.add_accounts().await?;
        Ok(servers)
    }

    async fn add_accounts(&self) -> Result<()> {
        let add = |server: &Server, address: &'static str| {
            let users = server.app.users.clone();
            async move { users.add(address, &password(address)).await }
        };
        // All at once: hashing is what takes time.
        tokio::try_join!(
            add(&self.a, "alice@a.test"),
            add(&self.b, "bob@b.test"),
            add(&self.b, "carol@b.test"),
            add(&self.b, "dave@b.test"),
        )?;
        Ok(())
    }

    /// A connection of this user to their own server. All that passes is shown.
    pub(super) async fn connect(&self, who: &str, service: Service, sink: Sink) -> Result<Wire> {
        let (server, host) =
            if service == Service::Submission { (&self.a, A) } else { (&self.b, B) };
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port(server, service)?)).await?;
        tcp.set_nodelay(true)?;
        let mut wire = Wire::new(tcp);
        wire.watch(Trace::new(who, host, Side::Client, sink));
        if service.implicit_tls() {
            self.start_tls(&mut wire, host).await?;
        }
        Ok(wire)
    }

    /// The certificate must be one of the host's, from its CA.
    pub(super) async fn start_tls(&self, wire: &mut Wire, host: &'static str) -> Result<()> {
        let trust = if host == A { &self.trust_a } else { &self.trust_b };
        wire.connect_tls(trust.clone(), ServerName::try_from(host)?).await?;
        Ok(())
    }

    /// Both end as they would when told to by a signal.
    pub(super) async fn stop(&self) {
        for server in [&self.a, &self.b] {
            server.serving.stopping.cancel();
            server.serving.tasks.close();
            server.serving.tasks.wait().await;
            server.close().await;
        }
    }
}

/// The password of an account: `bob-secret` for bob@b.test.
pub(super) fn password(address: &str) -> String {
    let (name, _) = address.split_once('@').unwrap_or((address, ""));
    format!("{name}-secret")
}

fn port(server: &Server, service: Service) -> Result<u16> {
    let found = server.addresses.iter().find(|(s, _)| *s == service);
    Ok(found.ok_or_else(|| format!("{service} is off"))?.1.port())
}
