//! `mail-server queue …`.

use super::{Admin, AdminError};
use crate::cli::QueueCommand;
use mailstore::{Envelope, EnvelopeId, Messages, Queue, RecipientState, Timestamp};
use smtp_proto::header::header_of;
use std::{
    io::{self, Write},
    time::Duration,
};

/// A header is shown as far as this.
const HEADER: u64 = 16 * 1024;

impl Admin {
    pub(super) async fn queue(
        &self,
        command: QueueCommand,
        out: &mut Vec<u8>,
    ) -> Result<(), AdminError> {
        let now = Timestamp::now();
        let id = EnvelopeId::new;
        match command {
            QueueCommand::List => self.list(now, out).await?,
            QueueCommand::Show { id: number } => self.show(id(number), now, out).await?,
            QueueCommand::Hold { id: number } => {
                self.store.hold_envelope(id(number), true).await?;
                writeln!(out, "{number} is kept back")?;
            }
            QueueCommand::Release { id: number } => {
                self.store.hold_envelope(id(number), false).await?;
                writeln!(out, "{number} may go")?;
            }
            QueueCommand::Retry { id: number } => {
                self.store.reschedule_envelope(id(number), now).await?;
                writeln!(out, "{number} is due now")?;
            }
            QueueCommand::Flush => {
                let mut due = 0;
                for envelope in self.store.envelopes().await? {
                    match self.store.reschedule_envelope(envelope.id, now).await {
                        Ok(()) => due += 1,
                        // Delivered a moment ago.
                        Err(mailstore::Error::NotFound { .. }) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                writeln!(out, "{due} messages are due now")?;
            }
            QueueCommand::Remove { id: number } => {
                self.store.remove_envelope(id(number)).await?;
                writeln!(out, "removed {number}; its sender is not told")?;
            }
            QueueCommand::Pause => {
                self.switch.set(&*self.store, true).await?;
                writeln!(out, "nothing is sent until `mail-server queue resume`")?;
            }
            QueueCommand::Resume => {
                self.switch.set(&*self.store, false).await?;
                writeln!(out, "messages are sent again")?;
            }
        }
        Ok(())
    }

    async fn list(&self, now: Timestamp, out: &mut Vec<u8>) -> Result<(), AdminError> {
        if self.switch.is_paused() {
            writeln!(out, "paused: nothing is sent until `mail-server queue resume`")?;
        }
        let envelopes = self.store.envelopes().await?;
        if envelopes.is_empty() {
            writeln!(out, "the queue is empty")?;
        }
        for envelope in envelopes {
            let age = words(now.since(envelope.created));
            let size = envelope.size;
            let (from, state) = (sender(&envelope), state(&envelope, now));
            writeln!(out, "{}  {size} octets, {age} old, {state}, from {from}", envelope.id)?;
            for (_, recipient) in envelope.pending() {
                match &recipient.last_error {
                    Some(error) => writeln!(out, "    to <{}>: {error}", recipient.address)?,
                    None => writeln!(out, "    to <{}>", recipient.address)?,
                }
            }
        }
        Ok(())
    }

    async fn show(
        &self,
        id: EnvelopeId,
        now: Timestamp,
        out: &mut Vec<u8>,
    ) -> Result<(), AdminError> {
        let envelope = self.store.envelope(id).await?;
        writeln!(out, "number    {id}")?;
        writeln!(out, "from      {} {}", sender(&envelope), envelope.params.trim())?;
        writeln!(out, "size      {} octets", envelope.size)?;
        writeln!(out, "age       {}", words(now.since(envelope.created)))?;
        writeln!(out, "state     {}", state(&envelope, now))?;
        for recipient in &envelope.recipients {
            let state = match recipient.state {
                RecipientState::Done => "delivered".into(),
                RecipientState::Failed => "given up".into(),
                _ => format!("waits, due {}", due(recipient.due, now)),
            };
            writeln!(out, "to        <{}> {}", recipient.address, recipient.params.trim())?;
            writeln!(out, "          {state}, attempts: {}", recipient.attempts)?;
            if let Some(error) = &recipient.last_error {
                writeln!(out, "          {error}")?;
            }
        }
        let start = self.store.body(envelope.message).await?.read(0..HEADER).await?;
        header(&start, out)?;
        Ok(())
    }
}

/// The header, with nothing in it that a terminal would act on.
fn header(start: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out)?;
    let text = String::from_utf8_lossy(header_of(start));
    for line in text.lines() {
        let shown: String =
            line.chars().map(|c| if c.is_control() && c != '\t' { '?' } else { c }).collect();
        writeln!(out, "{shown}")?;
    }
    Ok(())
}

fn sender(envelope: &Envelope) -> String {
    format!("<{}>", envelope.reverse_path)
}

fn state(envelope: &Envelope, now: Timestamp) -> String {
    match envelope.due() {
        _ if envelope.held => "kept back".into(),
        Some(at) => format!("due {}", due(at, now)),
        None => "settled".into(),
    }
}

fn due(at: Timestamp, now: Timestamp) -> String {
    if at <= now { "now".into() } else { format!("in {}", words(at.since(now))) }
}

fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_words() {
        for (seconds, expected) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(words(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        let mut out = Vec::new();
        header(b"Subject: \x1b[2J\tx\r\nTo: b\r\n\r\nbody", &mut out).expect("printed");
        assert_eq!(out, b"\nSubject: ?[2J\tx\nTo: b\n");
    }
}
