use super::*;
use crate::{config::Config, tls};
use std::sync::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Both ends of a loopback connection: client, server.
async fn pair() -> (Wire, Wire) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (Wire::new(client.expect("connected")), Wire::new(server.expect("accepted").0))
}

fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { data: folder.path().into(), ..Config::default() };
    let server = tls::server(&config).expect("a certificate").config;
    (tls::relay_client(&config.relay).expect("a client"), server)
}

#[tokio::test]
async fn tls_starts_in_place_and_the_trace_sees_plain_text() {
    let (mut client, mut server) = pair().await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let sink = Arc::new(move |line: Line| sink.lock().expect("whole").push((line.by, line.text)));
    client.watch(Trace::new("alice", "a.test", Side::Client, sink));
    client.write_all(b"STARTTLS\r\n").await.expect("written");
    let mut buffer = [0; 10];
    server.read_exact(&mut buffer).await.expect("read");
    server.write_all(b"220 go on\r\n").await.expect("written");
    let mut buffer = [0; 11];
    client.read_exact(&mut buffer).await.expect("read");

    let (ours, theirs) = configs();
    let name = ServerName::try_from("localhost").expect("a name");
    let (connected, accepted) =
        tokio::join!(client.connect_tls(ours, name), server.accept_tls(theirs, Bytes::new()));
    connected.and(accepted).expect("a handshake");
    assert!(client.is_tls() && server.is_tls());

    client.write_all(b"QUIT\r\n").await.expect("written");
    client.shutdown().await.expect("closed");
    let mut said = String::new();
    server.read_to_string(&mut said).await.expect("read");
    assert_eq!(said, "QUIT\r\n");
    drop(client);
    let expected = [
        (Side::Client, "STARTTLS"),
        (Side::Server, "220 go on"),
        (Side::Client, "… TLS 1.3 from here on"),
        (Side::Client, "QUIT"),
    ];
    let expected = expected.map(|(by, text)| (by, text.to_owned()));
    assert_eq!(*lines.lock().expect("whole"), expected);
}

#[tokio::test]
async fn an_early_handshake_is_not_lost() {
    let (mut client, mut server) = pair().await;
    let (ours, theirs) = configs();
    let name = ServerName::try_from("localhost").expect("a name");
    let connecting = tokio::spawn(async move { client.connect_tls(ours, name).await });
    let mut early = [0; 5];
    server.read_exact(&mut early).await.expect("the first octets of the handshake");
    server.accept_tls(theirs, Bytes::copy_from_slice(&early)).await.expect("a handshake");
    connecting.await.expect("no panic").expect("a handshake");
}

#[tokio::test]
async fn injected_commands_break_the_handshake_and_close_the_connection() {
    let (_client, mut server) = pair().await;
    let (_, theirs) = configs();
    let injected = Bytes::from_static(b"MAIL FROM:<mallory@a.test>\r\n");
    server.accept_tls(theirs, injected).await.expect_err("no handshake");
    assert_eq!(server.read(&mut [0; 1]).await.expect("closed"), 0);
    assert!(server.write_all(b"250 ok\r\n").await.is_err());
    assert!(!server.is_tls());
}
