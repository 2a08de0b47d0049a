//! One connection to a server: greeted, under TLS if that is wanted, ready for messages.

use super::{
    Relay,
    target::{Login, Security, Target},
};
use crate::{
    config::literal,
    wire::{Side, Trace, Wire},
};
use mailwire::{
    Machine,
    driver::{Driver, Stop},
    sasl::client::Credentials,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::ServerName;
use smtp_proto::{
    Reply,
    client::{Client, Config, Event},
};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    fs,
    net::{TcpSocket, TcpStream},
    time,
};
use zeroize::Zeroizing;

/// For the connection and, after it, for the TLS handshake; and for the goodbye.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Session {
    pub(super) driver: Driver<Client, Wire>,
    /// Messages begun here.
    pub(super) messages: u32,
}

/// Why a session went no further.
#[derive(Debug)]
pub(super) enum Broken {
    /// There was no connection.
    Unreachable(io::Error),
    /// TLS could not be had.
    Tls(io::Error),
    Io(io::Error),
    /// The server's words, or ours.
    Said(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Session {
    /// Connects, and waits until the server has said what it offers.
    pub(super) async fn open<S>(relay: &Relay<S>, target: &Target) -> Result<Self, Broken> {
        let tcp = connect(relay, target).await.map_err(Broken::Unreachable)?;
        let _ = tcp.set_nodelay(true);
        let mut wire = Wire::new(tcp);
        let hostname = &relay.app.config().hostname;
        if let Some(sink) = &relay.app.relay_sink {
            wire.watch(Trace::new(hostname, &target.host, Side::Client, sink.clone()));
        }
        let mut config = Config::new(hostname);
        (config.chunking, config.protocol) = (target.chunking, target.protocol);
        let machine = match target.tls {
            Security::Implicit => {
                secure(relay, target, &mut wire).await?;
                Client::over_tls(config)
            }
            _ => Client::new(config),
        };
        let mut session = Self { driver: Driver::new(machine, wire), messages: 0 };
        session.ready().await?;
        let offered = session.driver.machine.extensions().starttls;
        match target.tls {
            Security::Off | Security::Implicit => {}
            Security::Opportunistic if !offered => {}
            _ if !offered => {
                let why = "the server offers no TLS, and it is demanded";
                return Err(Broken::Tls(io::Error::other(why)));
            }
            _ => {
                session = session.start_tls(relay, target).await?;
                session.ready().await?;
            }
        }
        if let Some(login) = &target.login {
            session.log_in(login).await?;
        }
        Ok(session)
    }

    async fn ready(&mut self) -> Result<(), Broken> {
        match self.driver.next().await? {
            Some(Event::Ready(_)) => return Ok(()),
            Some(Event::Refused { reply, .. }) => return Err(Broken::Said(one_line(reply))),
            _ => {}
        }
        Err(self.closed())
    }

    async fn start_tls<S>(mut self, relay: &Relay<S>, target: &Target) -> Result<Self, Broken> {
        self.driver.machine.starttls().map_err(io::Error::other)?;
        // "454 TLS not available" and the like.
        if let Some(Event::Refused { reply, .. }) = self.driver.next().await? {
            return Err(Broken::Tls(io::Error::other(one_line(reply))));
        }
        if self.driver.stop() != Stop::Upgrade {
            return Err(self.closed());
        }
        let (mut machine, mut wire) = self.driver.into_parts();
        machine.upgrade();
        secure(relay, target, &mut wire).await?;
        Ok(Self { driver: Driver::new(machine, wire), messages: self.messages })
    }

    /// A server that does not take the password is no reason to send messages back: the operator can
    /// mend it.
    async fn log_in(&mut self, Login { user, password_file }: &Login) -> Result<(), Broken> {
        let text = fs::read_to_string(password_file).await.map(Zeroizing::new);
        let text = text.map_err(|error| {
            Broken::Said(format!("cannot read {}: {error}", password_file.display()))
        })?;
        let mut credentials = Credentials::password(user, text.lines().next().unwrap_or_default());
        let mut nonce = [0; 18];
        // Without random numbers there is no SCRAM.
        if SystemRandom::new().fill(&mut nonce).is_ok() {
            credentials.nonce = nonce.to_vec();
        }
        let machine = &mut self.driver.machine;
        machine.auth(credentials).map_err(|_| {
            Broken::Said("the server offers no way to log in that may be used".into())
        })?;
        match self.driver.next().await? {
            Some(Event::Authenticated) => Ok(()),
            Some(Event::Refused { reply, .. }) => {
                Err(Broken::Said(format!("cannot log in as {user}: {}", one_line(reply))))
            }
            _ => Err(self.closed()),
        }
    }

    /// Why the server says no more.
    pub(super) fn closed(&self) -> Broken {
        match self.driver.stop() {
            Stop::Closed(why) => Broken::Said(why.to_string()),
            _ => Broken::Said("the server went another way".into()),
        }
    }

    /// All messages are decided: what becomes of the goodbye does not matter.
    pub(super) async fn quit(mut self) {
        if self.driver.machine.quit().is_ok() {
            let _ = time::timeout(PATIENCE, self.driver.next()).await;
        }
        let _ = time::timeout(PATIENCE, self.driver.shutdown()).await;
    }
}

/// The TLS handshake.
async fn secure<S>(relay: &Relay<S>, target: &Target, wire: &mut Wire) -> Result<(), Broken> {
    let name = match literal(&target.host) {
        Some(ip) => ServerName::IpAddress(ip.into()),
        None => match ServerName::try_from(target.host.clone()) {
            Ok(name) => name,
            Err(_) => ServerName::IpAddress(target.address.ip().into()),
        },
    };
    let clients = relay.app.relay_tls();
    let client = match target.tls {
        Security::Verified | Security::Implicit => clients.verified,
        Security::Off | Security::Opportunistic | Security::Required => clients.any,
    };
    let handshake = time::timeout(PATIENCE, wire.connect_tls(client, name)).await;
    handshake.map_err(io::Error::from).and_then(|done| done).map_err(|error| {
        Broken::Tls(io::Error::new(error.kind(), format!("TLS handshake failed: {error}")))
    })
}

async fn connect<S>(relay: &Relay<S>, target: &Target) -> io::Result<TcpStream> {
    let to = target.address;
    if relay.silent.is_silent(to, Instant::now()) {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "did not answer a moment ago"));
    }
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(source) = target.source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    match time::timeout(PATIENCE, socket.connect(to)).await {
        Ok(connected) => connected,
        Err(_) => {
            relay.silent.note(to, Instant::now());
            Err(io::Error::new(io::ErrorKind::TimedOut, "does not answer"))
        }
    }
}

pub(super) fn one_line(reply: &Reply) -> String {
    reply.to_string().trim_end().replace("\r\n", " / ")
}
