use alloc::{string::String, vec::Vec};

use mailwire::sasl::{
    self, Mechanism, Secret,
    client::{Credentials, Exchange, Proof},
    saslprep,
};

use super::{
    Failure, Pipelining, Request,
    core::{Core, Pending},
};
use crate::{Command, print};

/// Octets a command may have, its end included, for a server of which nothing more is known
/// (RFC 2449 §4).
const COMMAND: usize = 255;

/// Longest argument of USER and PASS: RFC 2449 §4 has 255 octets for the line.
const ARGUMENT: usize = 248;

/// Longest name of APOP, which shares the line with the digest.
const APOP_NAME: usize = 200;

/// A command on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) login: Option<Login>,
    /// The range of LANG.
    pub(super) range: Option<String>,
    /// TOP is asked for by RETR.
    pub(super) by_retr: bool,
}

#[derive(Debug)]
pub(super) enum Login {
    /// By the best way there is.
    Best(Credentials),
    By(Mechanism, Credentials),
    Password(Credentials),
    Apop(Credentials),
    /// AUTH, on its way.
    Sasl {
        exchange: Exchange,
        /// An initial response that did not go with the command, for the first challenge.
        initial: Option<Vec<u8>>,
        cancelled: bool,
    },
}

impl Job {
    pub(super) const fn new(request: Request) -> Self {
        Self { request, login: None, range: None, by_retr: false }
    }

    /// Whether nothing may be sent before it is answered, and it must not be sent before all is.
    const fn stands_alone(&self) -> bool {
        matches!(self.request, Request::Stls | Request::Utf8) || self.login.is_some()
    }
}

/// Whether USER and PASS, or APOP, can carry these.
pub(super) fn fits(credentials: &Credentials, password_too: bool) -> bool {
    let printable = |text: &str| !text.bytes().any(|octet| octet < 0x20 || octet == 0x7F);
    let password = credentials.secret().map(Secret::expose).unwrap_or_default();
    let (name, longest) = (&credentials.username, if password_too { ARGUMENT } else { APOP_NAME });
    (1..=longest).contains(&name.len())
        && printable(name)
        && (!password_too || (1..=ARGUMENT).contains(&password.len()) && printable(password))
}

impl Core {
    fn may_pipeline(&self) -> bool {
        match self.config.pipelining {
            Pipelining::Always => true,
            Pipelining::Never => false,
            Pipelining::Announced => {
                self.capabilities.as_ref().is_some_and(|capa| capa.has("PIPELINING"))
            }
        }
    }

    /// Sends what may be sent.
    pub(super) fn send(&mut self) {
        while self.out.len() < self.config.limits.output.max(1) && self.pending.is_none() {
            let Some(next) = self.waiting.front() else { return };
            let now = match self.sent.back() {
                None => true,
                Some(last) => {
                    self.may_pipeline()
                        && self.sent.len() < self.config.limits.pipeline
                        && !last.stands_alone()
                        && !next.stands_alone()
                }
            };
            if !now {
                return;
            }
            let Some(job) = self.waiting.pop_front() else { return };
            self.send_job(job);
        }
    }

    fn send_job(&mut self, mut job: Job) {
        if let Some(login) = job.login.take() {
            match self.send_login(login) {
                Ok(login) => job.login = Some(login),
                Err(why) => {
                    self.pending = Some(Pending::Failed(job.request, Some(Failure::NotSent(why))));
                    return;
                }
            }
        } else {
            if let Request::Top { .. } = job.request {
                job.by_retr = self.config.top_by_retr && self.lacks("TOP");
            }
            let command = match (job.request, &job.range) {
                (Request::Lang, Some(range)) => Some(Command::Lang(Some(range))),
                (Request::Top { message, .. }, _) if job.by_retr => Some(Command::Retr(message)),
                (request, _) => plain(request),
            };
            if let Some(command) = command {
                print::command(&command, &mut self.out);
            }
        }
        self.sent.push_back(job);
    }

    /// Whether the server has said what it can do, and this is not among it.
    fn lacks(&self, tag: &str) -> bool {
        self.capabilities.as_ref().is_some_and(|capa| !capa.has(tag))
    }

    fn may_send_passwords(&self) -> bool {
        self.tls || self.config.plain_text_auth
    }

    /// Sends the first command of a log-in, or says why it is not sent.
    fn send_login(&mut self, login: Login) -> Result<Login, &'static str> {
        match login {
            Login::Best(credentials) => {
                let login = self.best(credentials)?;
                self.send_login(login)
            }
            Login::By(mechanism, _) if mechanism.is_plain_text() && !self.may_send_passwords() => {
                Err(IN_CLEAR)
            }
            Login::By(mechanism, credentials) => Ok(self.send_auth(mechanism, credentials)),
            Login::Password(_) if !self.may_send_passwords() => Err(IN_CLEAR),
            Login::Password(credentials) => {
                let credentials = self.prepared(credentials)?;
                print::command(&Command::User(&credentials.username), &mut self.out);
                Ok(Login::Password(credentials))
            }
            Login::Apop(credentials) => {
                let credentials = self.prepared(credentials)?;
                let timestamp = self.timestamp.as_deref();
                let timestamp = timestamp.ok_or("the server gave no usable timestamp for APOP")?;
                let digest = credentials.secret().and_then(|it| sasl::apop_digest(timestamp, it));
                let digest = digest.ok_or(NOT_PREPARED)?;
                let command = Command::Apop { name: &credentials.username, digest: &digest };
                print::command(&command, &mut self.out);
                Ok(Login::Apop(credentials))
            }
            login @ Login::Sasl { .. } => Ok(login),
        }
    }

    /// The best way to log in that the server offers.
    fn best(&self, credentials: Credentials) -> Result<Login, &'static str> {
        let safe = self.may_send_passwords();
        let offered = self.capabilities.iter().flat_map(|capabilities| capabilities.mechanisms());
        if let Some(mechanism) = credentials.choose(offered, safe) {
            return Ok(Login::By(mechanism, credentials));
        }
        let is_password = credentials.secret().is_some() && credentials.authzid.is_empty();
        if is_password && safe && !self.lacks("USER") && fits(&credentials, true) {
            return Ok(Login::Password(credentials));
        }
        if is_password && self.timestamp.is_some() && fits(&credentials, false) {
            return Ok(Login::Apop(credentials));
        }
        Err(if is_password && !safe { IN_CLEAR } else { "no way to log in that may be used here" })
    }

    fn send_auth(&mut self, mechanism: Mechanism, credentials: Credentials) -> Login {
        let offered: Vec<_> = match &self.capabilities {
            Some(capabilities) => capabilities.mechanisms().collect(),
            None => Mechanism::ALL.into(),
        };
        let mut exchange = Exchange::new(mechanism, credentials, &offered);
        let first = exchange.initial();
        // RFC 2449 §6.3: a server with the SASL capability takes an initial response.
        let taken = self.capabilities.as_ref().is_some_and(|capa| capa.has("SASL"));
        let text = first.as_deref().filter(|_| taken).map(encode_initial);
        let text = text.filter(|text| text.len() + mechanism.name().len() + 8 <= COMMAND);
        let command = Command::Auth { mechanism: Some(mechanism.name()), initial: text.as_deref() };
        print::command(&command, &mut self.out);
        Login::Sasl { exchange, initial: first.filter(|_| text.is_none()), cancelled: false }
    }

    /// Name and password as they are sent (RFC 6856 §2.2).
    fn prepared(&self, mut credentials: Credentials) -> Result<Credentials, &'static str> {
        let password = credentials.secret().map(Secret::expose).unwrap_or_default();
        if credentials.username.is_ascii() && password.is_ascii() {
            return Ok(credentials);
        }
        let parameters = self.capabilities.as_ref().and_then(|capa| capa.parameters("UTF8"));
        if !parameters.is_some_and(|mut words| words.any(|word| word.eq_ignore_ascii_case("USER")))
        {
            return Err("the server takes names and passwords in ASCII only");
        }
        let password = Secret::new(saslprep(password).ok_or(NOT_PREPARED)?);
        credentials.username = saslprep(&credentials.username).ok_or(NOT_PREPARED)?.into_owned();
        credentials.proof = Proof::Password(password);
        Ok(credentials)
    }
}

const IN_CLEAR: &str = "a password is not sent in the clear: use TLS";
const NOT_PREPARED: &str = "a name or password with characters that must not be there (RFC 4013)";

/// RFC 5034 §4: an empty initial response is `=`.
fn encode_initial(message: &[u8]) -> String {
    if message.is_empty() { "=".into() } else { sasl::encode(message) }
}

fn plain(request: Request) -> Option<Command<'static>> {
    Some(match request {
        Request::Capa => Command::Capa,
        Request::Stls => Command::Stls,
        Request::Stat => Command::Stat,
        Request::List(message) => Command::List(message),
        Request::Uidl(message) => Command::Uidl(message),
        Request::Retr(message) => Command::Retr(message),
        Request::Top { message, lines } => Command::Top { message, lines },
        Request::Dele(message) => Command::Dele(message),
        Request::Noop => Command::Noop,
        Request::Rset => Command::Rset,
        Request::Quit => Command::Quit,
        Request::Utf8 => Command::Utf8,
        Request::Languages => Command::Lang(None),
        Request::Connect
        | Request::Login
        | Request::Apop
        | Request::Auth
        | Request::AuthBy(_)
        | Request::Lang => return None,
    })
}
