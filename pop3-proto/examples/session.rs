//! A session with a POP3 server, command by command, to see what it says.
//!
//! ```sh
//! printf '%s\n' capa stls capa 'auth tim secret' 'stat; list; uidl; retr 1' quit |
//!     session --tls ca.pem pop.example.org:110
//! ```
//!
//! A line of standard input holds commands that are given at once, `;` between them; the next line
//! waits until they are answered. Each event is a line of output. With `--tls` the certificate must
//! lead to one of those roots; without it passwords go in the clear.
#![allow(clippy::std_instead_of_core, reason = "a program")]

use std::{
    env,
    io::{self, BufRead},
    sync::Arc,
};

use mailwire::{
    Misuse,
    driver::{Driver, Stop},
    sasl::{Mechanism, client::Credentials},
};
use pop3_proto::client::{Client, Config, Event};
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
type Lines = std::vec::IntoIter<String>;

const USAGE: &str = "usage: session [--tls CA.pem] HOST:PORT < commands";

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
    let mut lines = io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?.into_iter();
    let session = Driver::new(Client::new(config), TcpStream::connect(&server).await?);
    let Some(session) = talk(session, &mut lines).await? else { return Ok(()) };
    let host = server.rsplit_once(':').ok_or(USAGE)?.0.to_owned();
    let name = ServerName::try_from(host)?;
    let tls = tls.ok_or("STLS needs --tls")?;
    let session = session.upgrade(|tcp| tls.connect(name, tcp)).await?;
    talk(session, &mut lines).await?;
    Ok(())
}

/// Talks until the end, or until the transport is to be replaced.
async fn talk<T: AsyncRead + AsyncWrite + Unpin>(
    mut session: Driver<Client, T>,
    lines: &mut Lines,
) -> Result<Option<Driver<Client, T>>, Error> {
    loop {
        match session.next().await? {
            Some(Event::Body(octets)) => println!("Body({})", octets.escape_ascii()),
            Some(event) => println!("{event:?}"),
            None => match session.stop() {
                Stop::Upgrade => return Ok(Some(session)),
                Stop::YourTurn => match lines.next() {
                    Some(line) => give_all(&mut session.machine, &line)?,
                    None => return Ok(None),
                },
                why => {
                    println!("{why:?}");
                    return Ok(None);
                }
            },
        }
    }
}

fn give_all(client: &mut Client, line: &str) -> Result<(), Error> {
    line.split(';').try_for_each(|command| give(client, command.trim()))
}

fn give(client: &mut Client, command: &str) -> Result<(), Error> {
    let words: Vec<_> = command.split(' ').collect();
    let number = |word: &str| word.parse::<u32>();
    let given: Result<(), Misuse> = match *words.as_slice() {
        ["capa"] => client.capa(),
        ["stls"] => client.stls(),
        ["utf8"] => client.utf8(),
        ["lang"] => client.languages(),
        ["lang", range] => client.lang(range),
        ["login", name, password] => client.login(name, password),
        ["apop", name, password] => client.apop(name, password),
        ["auth", name, password] => client.auth(credentials(name, password)),
        ["auth", mechanism, name, password] => {
            let mechanism = Mechanism::from_name(mechanism.as_bytes()).ok_or("which mechanism?")?;
            client.auth_by(mechanism, credentials(name, password))
        }
        ["stat"] => client.stat(),
        ["list"] => client.list(),
        ["list", n] => client.list_one(number(n)?),
        ["uidl"] => client.uidl(),
        ["uidl", n] => client.uidl_one(number(n)?),
        ["retr", n] => client.retr(number(n)?),
        ["top", n, lines] => client.top(number(n)?, lines.parse()?),
        ["dele", n] => client.dele(number(n)?),
        ["noop"] => client.noop(),
        ["rset"] => client.rset(),
        ["quit"] => client.quit(),
        _ => return Err(format!("{command:?} is no command").into()),
    };
    Ok(given?)
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
