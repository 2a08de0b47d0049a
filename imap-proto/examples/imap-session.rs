//! A session with an IMAP server, command by command, to see what it says.
//!
//! ```sh
//! printf '%s\n' CAPABILITY STARTTLS CAPABILITY 'AUTHENTICATE tim secret' 'SELECT INBOX' \
//!     'FETCH 1:* (FLAGS ENVELOPE)' 'APPEND Drafts (\Draft) letter.eml' 'IDLE 10' LOGOUT |
//!     imap-session --tls ca.pem imap.example.org:143
//! ```
//!
//! A line of standard input holds commands that are given at once, ` ; ` between them; the next line
//! waits until they are answered. They are IMAP without tags, but for three: AUTHENTICATE takes a name
//! and a password, APPEND a file in place of its octets, IDLE the seconds after which it ends, if it
//! is not told of a message before that. Each event is a line of output. With `--tls` the certificate
//! must lead to one of those roots; without it passwords go in the clear.
#![allow(clippy::std_instead_of_core, clippy::alloc_instead_of_core, reason = "a program")]

use std::{
    collections::VecDeque,
    env, fs,
    io::{self, BufRead},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use imap_proto::{
    client::{Client, Config, Event, Tag},
    command::{Append, AppendMessage, Command, MessageLiteral},
    parse,
    response::Response,
    types::{Flag, Mailbox},
};
use mailwire::{
    driver::{Driver, Stop},
    sasl::client::Credentials,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, sleep_until},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "usage: imap-session [--tls CA.pem] HOST:PORT < commands";

/// What is still to be said, and what it needs.
#[derive(Default)]
struct Script {
    lines: VecDeque<String>,
    uploads: VecDeque<(Tag, Vec<u8>)>,
    idle: Option<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut words = env::args().skip(1);
    let mut server = words.next().ok_or(USAGE)?;
    let mut config = Config::default();
    config.plain_text_auth = true;
    let mut tls = None;
    if server == "--tls" {
        tls = Some(trust(&words.next().ok_or(USAGE)?)?);
        config.plain_text_auth = false;
        server = words.next().ok_or(USAGE)?;
    }
    let lines = io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let mut script = Script { lines, ..Script::default() };
    let session = Driver::new(Client::new(config), TcpStream::connect(&server).await?);
    let Some(session) = talk(session, &mut script).await? else { return Ok(()) };
    let host = server.rsplit_once(':').ok_or(USAGE)?.0.to_owned();
    let name = ServerName::try_from(host)?;
    let tls = tls.ok_or("STARTTLS needs --tls")?;
    let session = session.upgrade(|tcp| tls.connect(name, tcp)).await?;
    talk(session, &mut script).await?;
    Ok(())
}

/// Talks until the end, or until the transport is to be replaced.
async fn talk<T: AsyncRead + AsyncWrite + Unpin>(
    mut session: Driver<Client, T>,
    script: &mut Script,
) -> Result<Option<Driver<Client, T>>, Error> {
    let mut idles_until = None;
    loop {
        let enough = async {
            match idles_until {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            event = session.next() => event?,
            () = enough => {
                idles_until = None;
                session.machine.done()?;
                continue;
            }
        };
        let Some(event) = event else {
            match session.stop() {
                Stop::Upgrade => return Ok(Some(session)),
                Stop::YourTurn => match script.lines.pop_front() {
                    Some(line) => give_all(&mut session.machine, &line, script)?,
                    None => return Ok(None),
                },
                why => {
                    println!("{why:?}");
                    return Ok(None);
                }
            }
            continue;
        };
        match &event {
            Event::Chunk(octets) => println!("Chunk({})", octets.escape_ascii()),
            event => println!("{event:?}"),
        }
        match event {
            Event::Idling(_) => idles_until = script.idle.map(|time| Instant::now() + time),
            Event::Data(Response::Exists(_)) if idles_until.take().is_some() => {
                session.machine.done()?;
            }
            Event::Upload(tag) => {
                let at = script.uploads.iter().position(|(of, _)| *of == tag);
                let (_, octets) = at.and_then(|at| script.uploads.remove(at)).ok_or("which?")?;
                for piece in octets.chunks(4096) {
                    session.machine.send(Bytes::copy_from_slice(piece))?;
                }
            }
            _ => {}
        }
    }
}

fn give_all(client: &mut Client, line: &str, script: &mut Script) -> Result<(), Error> {
    line.split(" ; ").try_for_each(|command| give(client, command.trim(), script))
}

fn give(client: &mut Client, line: &str, script: &mut Script) -> Result<(), Error> {
    let words: Vec<_> = line.split(' ').collect();
    match *words.as_slice() {
        ["LOGIN", name, password] => {
            client.login(name, &password.into())?;
        }
        ["AUTHENTICATE", name, password] => {
            client.authenticate(credentials(name, password))?;
        }
        ["APPEND", mailbox, ref flags @ .., file] => {
            let octets = fs::read(file)?;
            let literal = MessageLiteral::to_come(octets.len() as u64);
            let mut message = AppendMessage::new(literal);
            let flags = flags.iter().map(|flag| flag.trim_matches(['(', ')']));
            message.flags = flags.filter_map(Flag::new).map(Flag::into_owned).collect();
            let tag = client.append(&Append::message(Mailbox::new(mailbox)?, message))?;
            script.uploads.push_back((tag, octets));
        }
        ["IDLE", seconds] => {
            script.idle = Some(Duration::from_secs_f64(seconds.parse()?));
            client.idle()?;
        }
        _ => {
            let frame = format!("x {line}\r\n");
            let read =
                parse::command(frame.as_bytes()).map_err(|why| format!("{line:?}: {why}"))?;
            match read.command {
                Command::StartTls => client.starttls()?,
                Command::Logout => client.logout(),
                command => client.command(&command)?,
            };
        }
    }
    Ok(())
}

/// The nonce is the same in each run: enough to look at a server, not for a program that is used.
fn credentials(name: &str, password: &str) -> Credentials {
    let mut credentials = Credentials::password(name, password);
    credentials.nonce = b"for looking at servers".to_vec();
    credentials
}

fn trust(path: &str) -> Result<TlsConnector, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
