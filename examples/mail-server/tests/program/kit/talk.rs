//! A connection as a person would hold it: lines out, lines in, plain or under TLS.

use super::process::{PATIENCE, Server};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

pub(crate) struct Talk {
    stream: BufReader<Stream>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Talk {
    /// With this service, by its name; under TLS if that comes first there.
    pub(crate) fn with(server: &Server, service: &str) -> Self {
        let tcp = TcpStream::connect(server.address(service)).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        let stream = match service {
            "submissions" | "imaps" | "pop3s" => tls(server, tcp),
            _ => Stream::Plain(tcp),
        };
        Self { stream: BufReader::new(stream) }
    }

    /// With whoever listens there.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(Stream::Plain(tcp)) }
    }

    /// With whoever listens there, under TLS from the start.
    pub(crate) fn tls_at(server: &Server, address: SocketAddr) -> Self {
        match Self::at(address).stream.into_inner() {
            Stream::Plain(tcp) => Self { stream: BufReader::new(tls(server, tcp)) },
            Stream::Tls(_) => panic!("it is plain"),
        }
    }

    /// Whether the other side has closed, without a word.
    pub(crate) fn is_over(&mut self) -> bool {
        // What it did not read makes its close a reset.
        matches!(self.stream.read(&mut [0]), Ok(0) | Err(_))
    }

    /// Goes on under TLS; the certificate must be one of the server's own CA.
    pub(crate) fn start_tls(self, server: &Server) -> Self {
        assert!(self.stream.buffer().is_empty(), "octets came before TLS");
        match self.stream.into_inner() {
            Stream::Plain(tcp) => Self { stream: BufReader::new(tls(server, tcp)) },
            Stream::Tls(_) => panic!("there is TLS already"),
        }
    }

    pub(crate) fn write(&mut self, octets: &[u8]) {
        self.stream.get_mut().write_all(octets).unwrap();
        self.stream.get_mut().flush().unwrap();
    }

    /// A line, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.stream.read_line(&mut line).unwrap(), 0, "the server went away");
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        line
    }

    pub(crate) fn octets(&mut self, length: usize) -> Vec<u8> {
        let mut octets = vec![0; length];
        self.stream.read_exact(&mut octets).unwrap();
        octets
    }
}

fn tls(server: &Server, tcp: TcpStream) -> Stream {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.data.join("ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    Stream::Tls(Box::new(StreamOwned::new(connection, tcp)))
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(octets),
            Self::Tls(tls) => tls.write(octets),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
