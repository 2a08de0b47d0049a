//! The mail server of this workspace, as a program.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

const PORTS: [&str; 7] = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"];

/// Killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Kept open, so that it can still print.
    _out: BufReader<ChildStdout>,
    ready: String,
    data: TempDir,
}

impl Server {
    pub(crate) fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary());
        command.arg("--data").arg(data.path());
        for name in PORTS {
            command.args([format!("--{name}-port"), "0".into()]);
        }
        command.args(["--log", "error"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        while !ready.contains("Stop it") {
            assert_ne!(out.read_line(&mut ready).unwrap(), 0, "it did not start: {ready}");
        }
        Self { child, _out: out, ready, data }
    }

    /// `HOST:PORT` of a service, by its name.
    pub(crate) fn address(&self, service: &str) -> String {
        let place = PORTS.iter().position(|name| *name == service).unwrap();
        let mut urls = self.ready.split_whitespace().filter_map(|word| word.split_once("://"));
        let port = urls.nth(place).unwrap().1.rsplit_once(':').unwrap().1;
        format!("localhost:{port}")
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.data.path().join("ca.pem")
    }

    /// Delivers messages, with CRLF at each line end, to alice.
    pub(crate) fn deliver<'a>(&self, messages: impl IntoIterator<Item = &'a str>) {
        let mut smtp = TcpStream::connect(self.address("smtp")).unwrap();
        smtp.set_nodelay(true).unwrap();
        let mut replies = BufReader::new(smtp.try_clone().unwrap());
        let mut say = |text: &str, code: &str| {
            smtp.write_all(text.as_bytes()).unwrap();
            let mut line = String::new();
            while line.as_bytes().get(3) != Some(&b' ') {
                line.clear();
                assert_ne!(replies.read_line(&mut line).unwrap(), 0, "the server went away");
            }
            assert!(line.starts_with(code), "{text:?}: {line}");
        };
        say("", "220");
        say("EHLO client.test\r\n", "250");
        for message in messages {
            say("MAIL FROM:<bob@client.test>\r\n", "250");
            say("RCPT TO:<alice@example.test>\r\n", "250");
            say("DATA\r\n", "354");
            let stuffed = message.replace("\r\n.", "\r\n..");
            say(&format!("{stuffed}.\r\n"), "250");
        }
        say("QUIT\r\n", "221");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside this program: `cargo test --workspace` has built it. Where only this package is tested it
/// may be missing, and is built.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let ours = Path::new(env!("CARGO_BIN_EXE_pop3-download"));
        let folder = ours.parent().unwrap();
        let server = folder.join(format!("mail-server{}", env::consts::EXE_SUFFIX));
        if !server.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--package", "mail-server", "--target-dir"]);
            build.arg(folder.parent().unwrap());
            build.args(folder.ends_with("release").then_some("--release"));
            assert!(build.status().unwrap().success());
        }
        server
    })
}
