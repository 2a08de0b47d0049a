use super::*;
use crate::{
    config::{Config, Port, Ports},
    tls,
};
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt;

/// Greets with the service's name, then gives back what it reads, until told to stop.
struct Echo;

impl Serve for Echo {
    async fn serve(self: Arc<Self>, connection: Connection) -> io::Result<()> {
        let Connection { service, mut wire, stopping, .. } = connection;
        wire.write_all(format!("{service}\n").as_bytes()).await?;
        let mut octet = [0];
        loop {
            tokio::select! {
                () = stopping.cancelled() => return wire.write_all(b"bye\n").await,
                read = wire.read(&mut octet) => match read? {
                    0 => return Ok(()),
                    _ => wire.write_all(&octet).await?,
                },
            }
        }
    }
}

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

fn config(ports: Ports) -> Config {
    Config { ports, ..Config::default() }
}

/// Starts the echo on these ports, with room for two connections a listener.
async fn start(ports: Ports) -> (Listening, Vec<SocketAddr>) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { data: folder.path().into(), ..config(ports) };
    let bound = bind(&config).expect("bound");
    let mut two = config.clone();
    two.limits.connections = 2;
    let addresses = bound.iter().map(|bound| bound.address).collect();
    let tls = tls::server(&config).expect("a certificate");
    let listening = Listening {
        tls: tls.config,
        web: tls.web,
        limits: Limits::new(Current::new(two.clone())),
        settings: Current::new(two),
        metrics: Arc::new(Metrics::new().expect("metrics")),
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    listening.start(bound, &Arc::new(Echo));
    (listening, addresses)
}

async fn connect(address: SocketAddr) -> Wire {
    Wire::new(TcpStream::connect(address).await.expect("connected"))
}

async fn read(wire: &mut Wire, length: usize) -> String {
    let mut buffer = vec![0; length];
    wire.read_exact(&mut buffer).await.expect("read");
    String::from_utf8(buffer).expect("text")
}

async fn rest(wire: &mut Wire) -> String {
    let mut text = String::new();
    wire.read_to_string(&mut text).await.expect("read");
    text
}

#[tokio::test]
async fn tls_is_up_before_the_session_where_the_port_says_so() {
    let (listening, addresses) = start(Ports { imaps: Port::ANY, ..OFF }).await;
    let mut wire = connect(addresses[0]).await;
    let client = tls::relay_client(&Config::default().relay).expect("a client");
    let name = ServerName::try_from("localhost").expect("a name");
    wire.connect_tls(client, name).await.expect("a handshake");
    assert_eq!(read(&mut wire, 6).await, "imaps\n");
    listening.stopping.cancel();
}

#[tokio::test]
async fn who_finds_no_room_is_told_so_and_a_place_comes_free_again() {
    let (listening, addresses) = start(Ports { smtp: Port::ANY, ..OFF }).await;
    let mut first = connect(addresses[0]).await;
    assert_eq!(read(&mut first, 5).await, "smtp\n");
    let mut second = connect(addresses[0]).await;
    assert_eq!(read(&mut second, 5).await, "smtp\n");
    let mut third = connect(addresses[0]).await;
    assert_eq!(rest(&mut third).await, "421 4.3.2 too many connections, try again later\r\n");

    first.shutdown().await.expect("closed");
    assert_eq!(rest(&mut first).await, "");
    let mut fourth = connect(addresses[0]).await;
    while rest_starts(&mut fourth).await.starts_with('4') {
        fourth = connect(addresses[0]).await;
    }
    listening.stopping.cancel();
}

/// The place comes free a moment after its connection has closed.
async fn rest_starts(wire: &mut Wire) -> String {
    read(wire, 4).await
}

#[tokio::test]
async fn stopping_lets_sessions_say_goodbye_and_takes_no_more() {
    let (listening, addresses) = start(Ports { imap: Port::ANY, ..OFF }).await;
    let mut wire = connect(addresses[0]).await;
    assert_eq!(read(&mut wire, 5).await, "imap\n");
    listening.stopping.cancel();
    listening.tasks.close();
    assert_eq!(rest(&mut wire).await, "bye\n");
    listening.tasks.wait().await;
    TcpStream::connect(addresses[0]).await.expect_err("nobody listens");
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_flag_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = taken.local_addr().expect("an address").port();
    let error = bind(&config(Ports { pop3s: Port::number(port), ..OFF })).expect_err("taken");
    assert_eq!(
        error.to_string(),
        format!(
            "port {port} on 127.0.0.1 is already in use; stop the other program or choose another with --pop3s-port"
        )
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_named() {
    let mut config = config(Ports { imap: Port::ANY, ..OFF });
    config.listen = vec!["192.0.2.1".parse().expect("an address")];
    let error = bind(&config).expect_err("not ours");
    assert_eq!(
        error.to_string(),
        "192.0.2.1 is not an address of this machine; choose another with --listen"
    );
}

#[tokio::test]
async fn with_all_ports_off_there_is_nothing_to_serve() {
    let error = bind(&config(OFF)).expect_err("nothing");
    assert_eq!(error.to_string(), "all ports are off; there is nothing to serve");
}

#[tokio::test]
async fn every_address_of_both_kinds_is_listened_on_at_one_port() {
    let free = TcpListener::bind("0.0.0.0:0").await.expect("bound");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let mut config = config(Ports { imap: Port::number(port), ..OFF });
    config.listen = vec!["0.0.0.0".parse().expect("IPv4"), "::".parse().expect("IPv6")];
    let bound = bind(&config).expect("both");
    assert_eq!(bound.len(), 2);
}
