//! SMTP by hand.

use super::{process::Server, talk::Talk};
use base64::{Engine, engine::general_purpose::STANDARD};

pub(crate) struct Smtp(Talk);

impl Smtp {
    /// Greeted, and EHLO said.
    pub(crate) fn with(server: &Server, service: &str) -> Self {
        let mut smtp = Self(Talk::with(server, service));
        assert!(smtp.reply().starts_with("220 "));
        assert!(smtp.say("EHLO client.test").starts_with("250"));
        smtp
    }

    /// On the submission port, under TLS and logged in.
    pub(crate) fn submission(server: &Server, user: &str) -> Self {
        let mut smtp = Self::with(server, "submission").start_tls(server);
        let (name, _) = user.split_once('@').unwrap();
        let secret = STANDARD.encode(format!("\0{user}\0{name}-secret"));
        assert!(smtp.say(&format!("AUTH PLAIN {secret}")).starts_with("235"));
        smtp
    }

    pub(crate) fn start_tls(mut self, server: &Server) -> Self {
        assert!(self.say("STARTTLS").starts_with("220"));
        let mut smtp = Self(self.0.start_tls(server));
        assert!(smtp.say("EHLO client.test").starts_with("250"));
        smtp
    }

    /// Says a line. The reply, all its lines.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.0.write(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// Sends a message, which must need no dot-stuffing but what is in it. The last reply.
    pub(crate) fn message(&mut self, message: &str) -> String {
        assert!(self.say("DATA").starts_with("354"));
        self.say(&format!("{message}."))
    }

    /// The next reply, all its lines.
    pub(crate) fn reply(&mut self) -> String {
        let mut reply = self.0.line();
        while reply.lines().last().unwrap().as_bytes().get(3) == Some(&b'-') {
            reply.push('\n');
            reply.push_str(&self.0.line());
        }
        reply
    }
}

/// Submits a message; `from` logs in. It must be accepted, for all recipients.
pub(crate) fn submit(server: &Server, from: &str, to: &[&str], message: &str) {
    let mut smtp = Smtp::submission(server, from);
    assert!(smtp.say(&format!("MAIL FROM:<{from}>")).starts_with("250"));
    for recipient in to {
        let reply = smtp.say(&format!("RCPT TO:<{recipient}>"));
        assert!(reply.starts_with("250"), "{recipient}: {reply}");
    }
    let reply = smtp.message(message);
    assert!(reply.starts_with("250"), "{reply}");
    assert!(smtp.say("QUIT").starts_with("221"));
}
