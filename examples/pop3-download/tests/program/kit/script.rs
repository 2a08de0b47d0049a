//! A server that says what the test wants it to say.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

pub(crate) struct Script {
    port: u16,
    heard: JoinHandle<Vec<String>>,
}

impl Script {
    /// For one connection in the clear. `answer` gets each command, an empty one for the greeting,
    /// and gives what is said, its CRLFs included; nothing ends the connection.
    pub(crate) fn start(answer: impl Fn(&str) -> &'static str + Send + 'static) -> Self {
        Self::start_at("127.0.0.1:0", answer)
    }

    /// The same at this address.
    pub(crate) fn start_at(
        address: &str,
        answer: impl Fn(&str) -> &'static str + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = thread::spawn(move || {
            let (mut tcp, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(tcp.try_clone().unwrap());
            let mut heard = Vec::new();
            let mut said = answer("");
            while !said.is_empty() && tcp.write_all(said.as_bytes()).is_ok() {
                let mut line = String::new();
                if lines.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                heard.push(line.trim_end().to_owned());
                said = answer(line.trim_end());
            }
            heard
        });
        Self { port, heard }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The commands that came, once the client is gone.
    pub(crate) fn heard(self) -> Vec<String> {
        self.heard.join().unwrap()
    }
}
