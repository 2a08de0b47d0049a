//! A next hop that says what the test wants it to say.

use super::process::PATIENCE;
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
};

pub(crate) struct Hop {
    port: String,
    sessions: mpsc::Receiver<Session>,
}

/// What a client said in one connection.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) commands: Vec<String>,
    /// The message as it was on the wire, without its final dot.
    pub(crate) message: String,
}

impl Hop {
    /// On any free port. `answer` gets the number of the connection, from 0, and the command (`.`
    /// for the end of a message, an empty one for the greeting), and gives the reply; `None` ends
    /// the connection.
    pub(crate) fn start(
        answer: impl Fn(usize, &str) -> Option<&'static str> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let (done, sessions) = mpsc::channel();
        thread::spawn(move || {
            for (number, tcp) in listener.incoming().enumerate() {
                let mut session = Session::default();
                // A client that breaks the connection off has said all it had to say.
                let _ = session.hold(tcp.unwrap(), |command| answer(number, command));
                if done.send(session).is_err() {
                    return;
                }
            }
        });
        Self { port, sessions }
    }

    pub(crate) fn port(&self) -> &str {
        &self.port
    }

    /// Waits for the end of the next connection.
    pub(crate) fn session(&self) -> Session {
        self.sessions.recv_timeout(PATIENCE).unwrap()
    }
}

impl Session {
    fn hold(
        &mut self,
        tcp: TcpStream,
        answer: impl Fn(&str) -> Option<&'static str>,
    ) -> std::io::Result<()> {
        let mut out = tcp.try_clone()?;
        let mut lines = BufReader::new(tcp);
        let mut say = |command: &str| -> std::io::Result<Option<&'static str>> {
            let reply = answer(command);
            out.write_all(
                reply.map(|reply| format!("{reply}\r\n")).unwrap_or_default().as_bytes(),
            )?;
            Ok(reply)
        };
        let mut reply = say("")?;
        let mut line = String::new();
        while let Some(said) = reply {
            let in_message = said.starts_with("354");
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if in_message && line != ".\r\n" {
                self.message.push_str(&line);
                continue;
            }
            let command = line.trim_end().to_owned();
            reply = say(&command)?;
            let tls = command == "STARTTLS";
            self.commands.push(command);
            if tls && reply.is_some_and(|reply| reply.starts_with("220")) {
                // It knows no TLS, whatever it says: the first octet is one too many.
                lines.fill_buf()?;
                return Ok(());
            }
        }
        Ok(())
    }
}

/// What a simple server says.
pub(crate) fn usual(command: &str) -> Option<&'static str> {
    Some(match command.split([' ', ':']).next().unwrap() {
        "" => "220 hop.test",
        "EHLO" | "LHLO" => "250-hop.test\r\n250 8BITMIME",
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 ok",
    })
}
