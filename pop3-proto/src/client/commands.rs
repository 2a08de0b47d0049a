use alloc::string::String;

use mailwire::{
    Misuse,
    sasl::{Mechanism, Secret, client::Credentials},
};

use super::{
    Client, Request,
    queue::{self, Job, Login},
};
use crate::parse;

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
    /// [`Misuse`], as for all commands, when the connection has TLS, and after
    /// [`utf8`](Self::utf8).
    pub fn stls(&mut self) -> Result<(), Misuse> {
        if self.core.tls {
            return Err(Misuse::new("the connection has TLS"));
        }
        // RFC 6856 §2.1: clients MUST NOT issue STLS after UTF8.
        if self.core.utf8_given {
            return Err(Misuse::new("STLS comes before UTF8"));
        }
        self.give(Request::Stls)
    }

    /// Logs in by USER and PASS (RFC 1939 §7). The password is sent once the server has accepted
    /// the name. What is not ASCII is sent only to a server that has announced `UTF8 USER`
    /// (RFC 6856 §2.2).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands, and for a name or password that these commands cannot
    /// carry: empty, longer than 248 octets, or with control characters.
    pub fn login(
        &mut self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<(), Misuse> {
        let credentials = Credentials::password(username, password);
        if !queue::fits(&credentials, true) {
            return Err(Misuse::new("USER and PASS carry 1 to 248 printable characters"));
        }
        self.log_in(Request::Login, Login::Password(credentials))
    }

    /// Logs in by APOP (RFC 1939 §7): a digest of the password and of the timestamp that the server
    /// greeted with. Not sent where there was no usable one. No password crosses the wire, but MD5
    /// is weak: whoever sees the digest can try passwords.
    ///
    /// # Errors
    ///
    /// As for [`login`](Self::login).
    pub fn apop(
        &mut self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<(), Misuse> {
        let credentials = Credentials::password(username, password);
        if !queue::fits(&credentials, false) {
            return Err(Misuse::new("APOP carries a name of 1 to 200 printable characters"));
        }
        self.log_in(Request::Apop, Login::Apop(credentials))
    }

    /// Logs in by the best way that the server offers and the credentials serve, chosen once the
    /// answers to the commands before it are there; so [`capa`](Self::capa) should be one of them.
    /// That is a mechanism of the SASL capability by AUTH (RFC 5034); else USER and PASS, where
    /// passwords may be sent; else APOP, where the server gave a usable timestamp.
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn auth(&mut self, credentials: Credentials) -> Result<(), Misuse> {
        self.log_in(Request::Auth, Login::Best(credentials))
    }

    /// Logs in by AUTH with this mechanism (RFC 5034).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn auth_by(
        &mut self,
        mechanism: Mechanism,
        credentials: Credentials,
    ) -> Result<(), Misuse> {
        self.log_in(Request::AuthBy(mechanism), Login::By(mechanism, credentials))
    }

    /// Asks for UTF-8 mode (RFC 6856 §2.1): before log-in, and after TLS.
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn utf8(&mut self) -> Result<(), Misuse> {
        self.give(Request::Utf8)?;
        self.core.utf8_given = true;
        Ok(())
    }

    /// Asks for texts in a language: a tag or the beginning of one, or `*` for the server's choice
    /// (RFC 6856 §3.2).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands, and for what is no language range (RFC 4647 §2.1).
    pub fn lang(&mut self, range: impl Into<String>) -> Result<(), Misuse> {
        let range = range.into();
        if !parse::is_range(&range) {
            return Err(Misuse::new("lang: not a language range"));
        }
        self.queue(Job { range: Some(range), ..Job::new(Request::Lang) })
    }

    /// Asks which languages there are (RFC 6856 §3.2).
    ///
    /// # Errors
    ///
    /// [`Misuse`], as for all commands.
    pub fn languages(&mut self) -> Result<(), Misuse> {
        self.give(Request::Languages)
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

    /// Fetches the header of a message and some lines of its body (RFC 1939 §7). Where the server has
    /// no TOP, [by RETR](super::Config::top_by_retr).
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
        self.queue(Job::new(request))
    }

    fn log_in(&mut self, request: Request, login: Login) -> Result<(), Misuse> {
        self.queue(Job { login: Some(login), ..Job::new(request) })
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
