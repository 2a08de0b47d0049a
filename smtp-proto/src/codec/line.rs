use core::fmt;

use bytes::Bytes;

use crate::{Command, CommandError, Leniency, Verb, parse};

/// A whole line from a client, without its CRLF: a command, or a response within AUTH.
///
/// It owns its octets, without having copied them. `Debug` shows the verb and the length only, for
/// there may be a password in it.
///
/// ```
/// use smtp_proto::{Command, Leniency, codec::CommandLine};
///
/// let line = CommandLine::new("EHLO client.example");
/// assert_eq!(line.command(Leniency::default()), Ok(Command::Ehlo("client.example")));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine(Bytes);

impl CommandLine {
    /// A line of these octets.
    pub fn new(octets: impl Into<Bytes>) -> Self {
        Self(octets.into())
    }

    /// The command it is.
    ///
    /// # Errors
    ///
    /// Those of [`parse::command`].
    pub fn command(&self, leniency: Leniency) -> Result<Command<'_>, CommandError> {
        parse::command(&self.0, leniency)
    }

    /// What command it is, before its arguments are looked at.
    ///
    /// # Errors
    ///
    /// Those of [`parse::verb`].
    pub fn verb(&self) -> Result<Verb, CommandError> {
        parse::verb(&self.0).map(|(verb, _)| verb)
    }

    /// Its octets: within AUTH, for [`decode_response`](mailwire::sasl::decode_response).
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its octets.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.verb().ok();
        f.debug_struct("CommandLine").field("verb", &verb).field("len", &self.0.len()).finish()
    }
}
