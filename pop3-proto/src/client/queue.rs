use alloc::vec::Vec;

use mailwire::sasl::{
    self,
    client::{Credentials, Exchange},
};

use super::{
    Failure, Pipelining, Request,
    core::{Core, Pending},
};
use crate::{Command, print};

/// Octets a command may have, its end included, for a server of which nothing more is known
/// (RFC 2449 §4).
const COMMAND: usize = 255;

/// A command on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) login: Option<Login>,
}

#[derive(Debug)]
pub(super) enum Login {
    Password(Credentials),
    Sasl {
        exchange: Exchange,
        /// An initial response that did not go with the command, for the first challenge.
        initial: Option<Vec<u8>>,
        cancelled: bool,
    },
}

impl Job {
    /// Whether nothing may be sent before it is answered, and it must not be sent before all is.
    fn stands_alone(&self) -> bool {
        matches!(self.request, Request::Stls | Request::Login | Request::Auth(_))
    }
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
        let in_clear = !self.tls && !self.config.plain_text_auth;
        if let Some(login) = &mut job.login {
            match login {
                Login::Password(_) if in_clear => return self.not_sent(job.request),
                Login::Sasl { exchange, .. }
                    if in_clear && exchange.mechanism().is_plain_text() =>
                {
                    return self.not_sent(job.request);
                }
                Login::Password(credentials) => {
                    print::command(&Command::User(&credentials.username), &mut self.out);
                }
                Login::Sasl { exchange, initial, .. } => {
                    let mechanism = exchange.mechanism().name();
                    let first = exchange.initial();
                    // RFC 2449 §6.3: a server with the SASL capability takes an initial response.
                    let taken = self.capabilities.as_ref().is_some_and(|capa| capa.has("SASL"));
                    let text = first.as_deref().filter(|_| taken).map(encode_initial);
                    let text = text.filter(|t| t.len() + mechanism.len() + 8 <= COMMAND);
                    if text.is_none() {
                        *initial = first;
                    }
                    let command =
                        Command::Auth { mechanism: Some(mechanism), initial: text.as_deref() };
                    print::command(&command, &mut self.out);
                }
            }
        } else if let Some(command) = plain(job.request) {
            print::command(&command, &mut self.out);
        }
        self.sent.push_back(job);
    }

    fn not_sent(&mut self, request: Request) {
        let failure = Failure::NotSent("a password is not sent in the clear: use TLS");
        self.pending = Some(Pending::Failed(request, Some(failure)));
    }
}

/// RFC 5034 §4: an empty initial response is `=`.
fn encode_initial(message: &[u8]) -> alloc::string::String {
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
        Request::Connect | Request::Login | Request::Auth(_) => return None,
    })
}
