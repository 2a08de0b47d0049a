//! Sends one message from standard input, by SMTP or LMTP, and prints what became of each recipient.
//!
//! ```sh
//! send mx.example.org:25 alice@example.com bob@example.org < message
//! send --tls ca.pem mx.example.org:25 alice@example.com bob@example.org < message
//! send --lmtp localhost:24 alice@example.com bob@example.org carol@example.org < message
//! ```
//!
//! With `--tls` nothing is sent before STARTTLS, and the certificate must lead to one of those roots.
//! The exit status is 1 if a recipient was refused.
#![allow(clippy::std_instead_of_core, reason = "a program")]

use std::{
    env,
    io::{self, Read},
    process::ExitCode,
    sync::Arc,
};

use mailwire::driver::{Driver, Stop};
use smtp_proto::{
    Body, ForwardPath, Mailbox, ReversePath,
    client::{Client, Config, Envelope, Event, Protocol},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "usage: send [--lmtp] [--tls CA.pem] HOST:PORT FROM TO... < message";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Error> {
    let mut config = Config::new("localhost");
    let mut tls = None;
    let mut words = env::args().skip(1).peekable();
    while let Some(option) = words.next_if(|word| word.starts_with("--")) {
        match option.as_str() {
            "--lmtp" => config.protocol = Protocol::Lmtp,
            "--tls" => tls = Some(trust(&words.next().ok_or(USAGE)?)?),
            _ => return Err(USAGE.into()),
        }
    }
    let server = words.next().ok_or(USAGE)?;
    let from = match words.next().ok_or(USAGE)? {
        none if none.is_empty() => ReversePath::Null,
        from => ReversePath::Mailbox(Mailbox::parse(&from)?.into_owned()),
    };
    let to: Vec<String> = words.collect();
    let paths: Result<Vec<_>, Error> =
        to.iter().map(|to| Ok(ForwardPath::Mailbox(Mailbox::parse(to)?.into_owned()))).collect();
    let mut message = Vec::new();
    io::stdin().read_to_end(&mut message)?;
    let mut envelope = Envelope::new(from, paths?);
    envelope.mail.params.size = Some(message.len().try_into()?);
    if !message.is_ascii() {
        envelope.mail.params.body = Some(Body::EightBitMime);
    }

    let mut session = Driver::new(Client::new(config), TcpStream::connect(&server).await?);
    ready(&mut session).await?;
    let delivered = match tls {
        None => deliver(session, envelope, &to, &message).await?,
        Some(tls) => {
            let host = server.rsplit_once(':').ok_or(USAGE)?.0.to_owned();
            let name = ServerName::try_from(host)?;
            session.machine.starttls()?;
            if session.next().await?.is_some() || session.stop() != Stop::Upgrade {
                return Err("the server refuses TLS".into());
            }
            let mut session = session.upgrade(|tcp| tls.connect(name, tcp)).await?;
            ready(&mut session).await?;
            deliver(session, envelope, &to, &message).await?
        }
    };
    Ok(if delivered == to.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until the server has said what it offers.
async fn ready<T: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Driver<Client, T>,
) -> Result<(), Error> {
    match session.next().await? {
        Some(Event::Ready(_)) => Ok(()),
        Some(Event::Refused { reply, .. }) => Err(reply.to_string().into()),
        _ => Err("the server hung up".into()),
    }
}

/// How many recipients the message was delivered to.
async fn deliver<T: AsyncRead + AsyncWrite + Unpin>(
    mut session: Driver<Client, T>,
    envelope: Envelope,
    to: &[String],
    message: &[u8],
) -> Result<usize, Error> {
    let mut delivered = 0;
    session.machine.send(envelope)?;
    loop {
        match session.next().await? {
            Some(Event::Body) => {
                for piece in message.chunks(64 * 1024) {
                    session.machine.body(piece)?;
                    session.flush().await?;
                }
                session.machine.body_end()?;
            }
            Some(Event::Recipient { index, reply, .. }) => {
                delivered += usize::from(reply.is_positive());
                let to = to.get(index).map_or("", String::as_str);
                println!("{to}: {}", reply.to_string().trim_end().replace("\r\n", " / "));
            }
            Some(Event::Done) => break,
            Some(_) => {}
            None => return Err("the server hung up".into()),
        }
    }
    session.machine.quit()?;
    session.next().await?;
    session.shutdown().await?;
    Ok(delivered)
}

fn trust(roots: &str) -> Result<TlsConnector, Error> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(roots)? {
        store.add(certificate?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(store).with_no_client_auth();
    Ok(Arc::new(config).into())
}
