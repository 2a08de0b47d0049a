use alloc::string::String;

use mailwire::{
    Misuse,
    sasl::{
        Mechanism, Secret,
        client::{Credentials, Exchange},
    },
};

use super::{
    Client, Request,
    queue::{Job, Login},
};

/// Longest argument of USER and PASS: RFC 2449 §4 has 255 octets for the line.
const ARGUMENT: usize = 248;

/// The commands. Each is a [`Misuse`] after [`quit`](Client::quit), after the end of the session,
/// and when [too many](super::Limits::commands) wait.
impl Client {
    /// Asks what the server can do (RFC 2449 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn capa(&mut self) -> Result<(), Misuse> {
        self.give(Request::Capa)
    }

    /// Asks for TLS (RFC 2595 §4). On success [`Step::Upgrade`](mailwire::Step::Upgrade) follows,
    /// and what the server said before is forgotten. Commands given after it wait until then; if
    /// the server refuses, log-ins among them are not sent.
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands, and when the connection has TLS.
    pub fn stls(&mut self) -> Result<(), Misuse> {
        if self.core.tls {
            return Err(Misuse::new("the connection has TLS"));
        }
        self.give(Request::Stls)
    }

    /// Logs in by USER and PASS (RFC 1939 §7). The password is sent once the server has accepted
    /// the name.
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands, and for a name or password that these commands cannot
    /// carry: empty, longer than 248 octets, or not printable ASCII.
    pub fn login(
        &mut self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<(), Misuse> {
        let credentials = Credentials::password(username, password);
        let fits = |text: &str| {
            (1..=ARGUMENT).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7F).contains(&b))
        };
        let password = credentials.secret().map(Secret::expose).unwrap_or_default();
        if !fits(&credentials.username) || !fits(password) {
            return Err(Misuse::new("USER and PASS carry 1 to 248 printable ASCII characters"));
        }
        self.queue(Job { request: Request::Login, login: Some(Login::Password(credentials)) })
    }

    /// Logs in by AUTH (RFC 5034).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn auth(&mut self, mechanism: Mechanism, credentials: Credentials) -> Result<(), Misuse> {
        let exchange = Exchange::new(mechanism, credentials, Mechanism::ALL);
        let login = Some(Login::Sasl { exchange, initial: None, cancelled: false });
        self.queue(Job { request: Request::Auth(mechanism), login })
    }

    /// Asks for number and size of the messages (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn stat(&mut self) -> Result<(), Misuse> {
        self.give(Request::Stat)
    }

    /// Asks for the sizes of all messages (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn list(&mut self) -> Result<(), Misuse> {
        self.give(Request::List(None))
    }

    /// Asks for the size of one message (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn list_one(&mut self, message: u32) -> Result<(), Misuse> {
        self.give(Request::List(Some(message)))
    }

    /// Asks for the unique ids of all messages (RFC 1939 §7).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn uidl(&mut self) -> Result<(), Misuse> {
        self.give(Request::Uidl(None))
    }

    /// Asks for the unique id of one message (RFC 1939 §7).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn uidl_one(&mut self, message: u32) -> Result<(), Misuse> {
        self.give(Request::Uidl(Some(message)))
    }

    /// Fetches a message (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn retr(&mut self, message: u32) -> Result<(), Misuse> {
        self.give(Request::Retr(message))
    }

    /// Fetches the header of a message and some lines of its body (RFC 1939 §7).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn top(&mut self, message: u32, lines: u64) -> Result<(), Misuse> {
        self.give(Request::Top { message, lines })
    }

    /// Marks a message as deleted (RFC 1939 §5). It is removed by [`quit`](Self::quit) only.
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn dele(&mut self, message: u32) -> Result<(), Misuse> {
        self.give(Request::Dele(message))
    }

    /// Does nothing, and keeps the session alive (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn noop(&mut self) -> Result<(), Misuse> {
        self.give(Request::Noop)
    }

    /// Unmarks all messages marked as deleted (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn rset(&mut self) -> Result<(), Misuse> {
        self.give(Request::Rset)
    }

    /// Removes the messages marked as deleted and ends the session (RFC 1939 §6).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn quit(&mut self) -> Result<(), Misuse> {
        self.give(Request::Quit)
    }

    fn give(&mut self, request: Request) -> Result<(), Misuse> {
        self.queue(Job { request, login: None })
    }

    fn queue(&mut self, job: Job) -> Result<(), Misuse> {
        let core = &mut self.core;
        if core.closed.is_some() || core.quitting {
            return Err(Misuse::new("the session is over, or about to be"));
        }
        if core.waiting.len().saturating_add(core.sent.len()) >= core.config.limits.commands {
            return Err(Misuse::new("too many commands wait: take events first"));
        }
        core.quitting = job.request == Request::Quit;
        core.waiting.push_back(job);
        Ok(())
    }
}
