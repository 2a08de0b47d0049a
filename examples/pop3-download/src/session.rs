//! The session up to the listing: connection, TLS, capabilities, log-in. What goes wrong here is
//! told with what can be done about it.

use crate::{
    cli::{Cli, Tls},
    stream::Stream,
    tls,
};
use anyhow::{Context, anyhow, bail};
use mailwire::{
    Close,
    driver::{Stop, blocking::Driver},
    sasl::{Secret, client::Credentials},
};
use pop3_proto::{
    Code,
    client::{Client, Config, Event, Failure, Request},
    plan::Listing,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::ClientConfig;
use std::{
    collections::HashMap,
    io,
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

/// For the connection to one address.
const CONNECT: Duration = Duration::from_secs(30);

pub(crate) struct Session {
    pub(crate) driver: Driver<Client, Stream>,
    pub(crate) server: String,
}

/// What a user is told of a command that failed.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) request: Request,
    /// Whether the server knows the command and might carry it out another time.
    temporary: bool,
    in_use: bool,
    auth: bool,
    not_sent: bool,
    pub(crate) words: String,
}

pub(crate) fn connect(cli: &Cli) -> anyhow::Result<Session> {
    let mut config = Config::default();
    config.plain_text_auth = cli.tls == Tls::None;
    let host = cli.server.host.as_str();
    let server = format!("{host}:{}", cli.port());
    let trust = match cli.tls {
        Tls::None => None,
        _ => Some(tls::config(cli.ca.as_deref())?),
    };
    let tcp = reach(host, cli.port()).with_context(|| format!("cannot reach {server}"))?;
    tcp.set_nodelay(true)?;
    let driver = match trust.clone().filter(|_| cli.tls == Tls::Implicit) {
        Some(trust) => {
            let stream = Stream::secure(tcp, trust, host).with_context(|| {
                format!(
                    "no TLS with {server}; a server that begins in the clear (port 110) needs \
                     --tls stls, one with a certificate of its own --ca FILE"
                )
            })?;
            Driver::new(Client::over_tls(config), stream)
        }
        None => Driver::new(Client::new(config), Stream::Plain(tcp)),
    };
    let mut session = Session { driver, server };
    if let Some(trust) = trust.filter(|_| cli.tls == Tls::Stls) {
        session = session.secure(trust, host)?;
    }
    Ok(session)
}

fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(tcp) => return Ok(tcp),
            Err(why) => error = why,
        }
    }
    Err(error)
}

impl Session {
    /// STLS (RFC 2595 §4).
    fn secure(mut self, trust: Arc<ClientConfig>, host: &str) -> anyhow::Result<Self> {
        self.driver.machine.stls()?;
        let server = self.server.clone();
        if let Some(refusal) = self.settle(|_| {})? {
            if refusal.request == Request::Connect {
                bail!("{server} sends us away: {}", refusal.words);
            }
            bail!(
                "{server} offers no STLS ({}); try --tls implicit on port 995, or, where nobody \
                 listens, --tls none",
                refusal.words
            );
        }
        // What came early would be fatal to the machine; there is none.
        let secured = self.driver.upgrade(|_, stream| match stream {
            Stream::Plain(tcp) => Stream::secure(tcp, trust, host),
            Stream::Tls(_) => Err(io::Error::other("there is TLS already")),
        });
        let driver = secured.with_context(|| {
            format!("no TLS with {server}; a certificate of its own needs --ca FILE")
        })?;
        Ok(Self { driver, server })
    }

    /// CAPA where it is known, UTF-8 mode where there is one, the best log-in.
    pub(crate) fn log_in(&mut self, cli: &Cli, secret: Secret) -> anyhow::Result<()> {
        self.driver.machine.capa()?;
        // RFC 2449: a server that refuses CAPA has USER, PASS and perhaps APOP.
        if let Some(refusal) = self.settle(|_| {})?
            && refusal.request == Request::Connect
        {
            bail!("{} sends us away: {}", self.server, refusal.words);
        }
        if self.driver.machine.capabilities().is_some_and(|capa| capa.has("UTF8")) {
            // RFC 6856 §5: without it messages with UTF-8 in their header are kept from us. A server
            // that refuses what it announced is no worse than one that did not.
            self.driver.machine.utf8()?;
            self.settle(|_| {})?;
        }
        let mut credentials = if cli.oauth {
            Credentials::token(&cli.user, secret)
        } else {
            Credentials::password(&cli.user, secret)
        };
        credentials.nonce = vec![0; 18];
        SystemRandom::new()
            .fill(&mut credentials.nonce)
            .map_err(|_| anyhow!("there are no random numbers"))?;
        credentials.binding = self.driver.io().channel_binding();
        self.driver.machine.auth(credentials)?;
        match self.settle(|_| {})? {
            None => Ok(()),
            Some(refusal) => Err(self.no_log_in(&refusal, cli)),
        }
    }

    fn no_log_in(&self, refusal: &Refusal, cli: &Cli) -> anyhow::Error {
        let (server, words) = (&self.server, &refusal.words);
        let advice = if refusal.in_use {
            "another session reads this maildrop: try again when it is over"
        } else if refusal.not_sent && cli.tls == Tls::None {
            "nothing was sent"
        } else if refusal.not_sent {
            "nothing was sent; does this kind of password suit what the server offers?"
        } else if refusal.temporary {
            "try again later"
        } else if refusal.auth || refusal.request == Request::Auth {
            "are name and password right?"
        } else {
            "no log-in"
        };
        anyhow!("{server} does not let {} in: {words} ({advice})", cli.user)
    }

    /// Unique ids and sizes of the messages.
    pub(crate) fn list(&mut self) -> anyhow::Result<(Listing, HashMap<u32, u64>)> {
        let (mut listing, mut sizes) = (Listing::default(), HashMap::new());
        self.driver.machine.uidl()?;
        self.driver.machine.list()?;
        let refusal = self.settle(|event| {
            listing.note(event);
            if let Event::Scan(scan) = event
                && sizes.len() < Listing::MOST
            {
                sizes.insert(scan.message, scan.octets);
            }
        })?;
        match refusal {
            Some(refusal) if refusal.request == Request::Uidl(None) => bail!(
                "{} has no UIDL ({}): a message cannot be known again, so what is new cannot be told \
                 from what was fetched, and an interrupted download cannot be gone on with. Ask its \
                 operator for UIDL (RFC 1939 §7) or for IMAP, or fetch all at once with another \
                 program",
                self.server,
                refusal.words
            ),
            // Without sizes the progress bar knows less, that is all.
            _ => Ok((listing, sizes)),
        }
    }

    /// Waits until all that was asked is answered. Shows each event; returns the first refusal.
    fn settle(&mut self, mut show: impl FnMut(&Event<'_>)) -> anyhow::Result<Option<Refusal>> {
        let mut refusal = None;
        loop {
            match self.driver.next().with_context(|| broken(&self.server))? {
                Some(Event::Failed { request, failure }) => {
                    refusal = refusal.or(Some(Refusal::new(request, &failure)));
                }
                Some(event) => show(&event),
                None => break,
            }
        }
        match self.driver.stop() {
            Stop::Closed(Close::Done) if refusal.is_some() => Ok(refusal),
            Stop::Closed(why) => Err(self.closed(why)),
            _ => Ok(refusal),
        }
    }

    /// Ends the session; nothing was marked, so nothing is deleted.
    pub(crate) fn quit(mut self) -> anyhow::Result<()> {
        self.driver.machine.quit()?;
        while self.driver.next().with_context(|| broken(&self.server))?.is_some() {}
        Ok(())
    }

    /// What a session's early end means.
    pub(crate) fn closed(&self, why: Close) -> anyhow::Error {
        let server = &self.server;
        match why {
            Close::Eof => anyhow!("{server} hung up"),
            Close::Timeout => anyhow!("{server} does not answer any more"),
            Close::Injection => {
                anyhow!("something was put into the connection with {server} before TLS began")
            }
            Close::Protocol => anyhow!(
                "{server} does not speak POP3, or did not prove that it knows the password; is the \
                 port right, and does it go with --tls?"
            ),
            why => anyhow!("the session with {server} ended: {why:?}"),
        }
    }
}

impl Refusal {
    pub(crate) fn new(request: Request, failure: &Failure<'_>) -> Self {
        let code = match failure {
            Failure::Refused { code, .. } => *code,
            _ => None,
        };
        let words = match failure {
            Failure::Refused { code: Some(code), text } => format!("{code} {text}"),
            Failure::Refused { text, .. } if text.is_empty() => "-ERR".into(),
            Failure::Refused { text, .. } => text.to_string(),
            Failure::NotSent(why) | Failure::Malformed(why) => (*why).into(),
            _ => "no reason is given".into(),
        };
        Self {
            request,
            temporary: matches!(code, Some(Code::SysTemp | Code::LoginDelay)),
            in_use: code == Some(Code::InUse),
            auth: code == Some(Code::Auth),
            not_sent: matches!(failure, Failure::NotSent(_)),
            // It goes to a terminal.
            words: words.chars().map(|c| if c.is_control() { '?' } else { c }).collect(),
        }
    }
}

pub(crate) fn broken(server: &str) -> String {
    format!("the connection with {server} broke")
}
