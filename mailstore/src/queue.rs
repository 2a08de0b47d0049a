//! The outbound queue: messages that must leave, kept until every recipient is settled.

use core::future::Future;
use core::time::Duration;

use tokio::sync::watch;

use crate::{Delivered, Delivery, EnvelopeId, Error, MessageId, Result, Timestamp};

/// Durable envelopes. They come in through [`Messages::deliver`](crate::Messages::deliver), together
/// with their message. A worker leases what is due, tries, and completes the lease with what became of
/// each recipient. Leases do not outlive the process, or their time: then the envelope is due again.
pub trait Queue {
    /// Takes up to `max` envelopes that are due at `now` and not held or leased, the most overdue
    /// first, until `now + hold_for`.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn lease(
        &self,
        now: Timestamp,
        max: usize,
        hold_for: Duration,
    ) -> impl Future<Output = Result<Vec<Lease>>> + Send;

    /// Records what became of the recipients and gives the lease back, in one durable step together
    /// with the messages in `also` (a bounce, a notice of delay). Recipients not named stay pending
    /// and due when they were. Once none is pending the envelope is gone.
    ///
    /// # Errors
    /// [`LeaseLost`](Error::LeaseLost) when the lease ran out and someone else took it, or the
    /// envelope was removed; [`Invalid`](Error::Invalid) for a recipient that does not exist;
    /// what [`deliver`](crate::Messages::deliver) may meet. Then nothing was recorded and, but for
    /// the first, the lease is still held.
    fn complete(
        &self,
        token: LeaseToken,
        outcomes: Vec<Outcome>,
        also: Vec<Delivery>,
    ) -> impl Future<Output = Result<Completed>> + Send;

    /// Extends a lease until `now + hold_for`.
    ///
    /// # Errors
    /// [`LeaseLost`](Error::LeaseLost).
    fn renew(
        &self,
        token: LeaseToken,
        now: Timestamp,
        hold_for: Duration,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Gives a lease back without an outcome: the envelope is due as before.
    ///
    /// # Errors
    /// [`LeaseLost`](Error::LeaseLost).
    fn release(&self, token: LeaseToken) -> impl Future<Output = Result<()>> + Send;

    /// The earliest time [`lease`](Queue::lease) may have something to give: when an envelope is due
    /// or a lease runs out. `None` when there is nothing to wait for.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn next_due(&self) -> impl Future<Output = Result<Option<Timestamp>>> + Send;

    /// Watches for changes of the queue that may bring [`next_due`](Queue::next_due) forward.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn watch_queue(&self) -> impl Future<Output = Result<QueueWatcher>> + Send;

    /// Every envelope, in the order they came.
    ///
    /// # Errors
    /// Only what the backend may meet.
    fn envelopes(&self) -> impl Future<Output = Result<Vec<Envelope>>> + Send;

    /// One envelope.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn envelope(&self, id: EnvelopeId) -> impl Future<Output = Result<Envelope>> + Send;

    /// Holds an envelope back, or lets it go again. A lease given out already is not called back.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn hold_envelope(&self, id: EnvelopeId, held: bool) -> impl Future<Output = Result<()>> + Send;

    /// Makes every pending recipient due at this time.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn reschedule_envelope(
        &self,
        id: EnvelopeId,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Removes an envelope without a word to anybody. A lease on it is lost.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound).
    fn remove_envelope(&self, id: EnvelopeId) -> impl Future<Output = Result<()>> + Send;
}

/// A message's outer facts while it waits to leave. The strings are the host's; the store reads none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// Its identifier.
    pub id: EnvelopeId,
    /// The message to send; its body and facts are read as any message's.
    pub message: MessageId,
    /// The octets of the message.
    pub size: u64,
    /// Where failures are reported; empty for the null path.
    pub reverse_path: String,
    /// Whatever else the host keeps with the envelope.
    pub params: String,
    /// When it came, by the store's clock.
    pub created: Timestamp,
    /// When the host means to give up. Kept, not acted on.
    pub expires: Option<Timestamp>,
    /// Held back: never due.
    pub held: bool,
    /// Everyone it goes to. The order never changes.
    pub recipients: Vec<Recipient>,
}

impl Envelope {
    /// A fresh envelope, for backends.
    #[must_use]
    pub fn new(
        id: EnvelopeId,
        message: MessageId,
        size: u64,
        created: Timestamp,
        new: NewEnvelope,
    ) -> Envelope {
        let NewEnvelope { reverse_path, recipients, params, expires, due, held } = new;
        let recipients = recipients
            .into_iter()
            .map(|NewRecipient { address, params }| Recipient {
                address,
                params,
                note: String::new(),
                state: RecipientState::Pending,
                attempts: 0,
                last_error: None,
                due: due.unwrap_or(created),
            })
            .collect();
        Envelope { id, message, size, reverse_path, params, created, expires, held, recipients }
    }

    /// When the first pending recipient is due; `None` when held or settled.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        if self.held {
            return None;
        }
        self.pending().map(|(_, recipient)| recipient.due).min()
    }

    /// The recipients still to be served and their places.
    pub fn pending(&self) -> impl Iterator<Item = (usize, &Recipient)> {
        let all = self.recipients.iter().enumerate();
        all.filter(|(_, recipient)| recipient.state == RecipientState::Pending)
    }

    /// The recipients due at this time and their places.
    pub fn due_at(&self, now: Timestamp) -> impl Iterator<Item = (usize, &Recipient)> {
        self.pending().filter(move |(_, recipient)| recipient.due <= now)
    }

    /// The envelope after these outcomes; for backends.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) for a recipient that does not exist.
    pub fn after(&self, outcomes: &[Outcome]) -> Result<Envelope> {
        let mut envelope = self.clone();
        for outcome in outcomes {
            let Some(recipient) = envelope.recipients.get_mut(outcome.recipient) else {
                return Err(Error::invalid("the envelope has no such recipient"));
            };
            recipient.attempts = recipient.attempts.saturating_add(1);
            if let Some(note) = &outcome.note {
                recipient.note.clone_from(note);
            }
            match &outcome.result {
                AttemptResult::Done => recipient.state = RecipientState::Done,
                AttemptResult::Failed { error } => {
                    recipient.state = RecipientState::Failed;
                    recipient.last_error = Some(error.clone());
                }
                AttemptResult::Retry { at, error } => {
                    recipient.due = *at;
                    recipient.last_error = Some(error.clone());
                }
            }
        }
        Ok(envelope)
    }
}

/// Someone a message goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipient {
    /// The address, in the host's spelling.
    pub address: String,
    /// What came with the address.
    pub params: String,
    /// What the host noted about its attempts.
    pub note: String,
    /// Whether there is work left.
    pub state: RecipientState,
    /// How many outcomes were recorded.
    pub attempts: u32,
    /// What the last attempt that did not succeed said.
    pub last_error: Option<String>,
    /// When to try (again), while pending.
    pub due: Timestamp,
}

impl Recipient {
    /// A pending recipient, for backends.
    #[must_use]
    pub fn new(address: impl Into<String>, due: Timestamp) -> Recipient {
        Recipient {
            address: address.into(),
            params: String::new(),
            note: String::new(),
            state: RecipientState::Pending,
            attempts: 0,
            last_error: None,
            due,
        }
    }
}

/// Where a recipient stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RecipientState {
    /// To be tried.
    Pending,
    /// Served.
    Done,
    /// Given up.
    Failed,
}

/// An envelope to put into the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEnvelope {
    /// Where failures are reported; empty for the null path.
    pub reverse_path: String,
    /// Everyone it goes to; at least one.
    pub recipients: Vec<NewRecipient>,
    /// Whatever else the host keeps with it.
    pub params: String,
    /// When the host means to give up.
    pub expires: Option<Timestamp>,
    /// When to try first; at once when not given.
    pub due: Option<Timestamp>,
    /// Whether to hold it back.
    pub held: bool,
}

impl NewEnvelope {
    /// From this reverse path to these recipients, at once.
    #[must_use]
    pub fn new(reverse_path: impl Into<String>, recipients: Vec<NewRecipient>) -> NewEnvelope {
        NewEnvelope {
            reverse_path: reverse_path.into(),
            recipients,
            params: String::new(),
            expires: None,
            due: None,
            held: false,
        }
    }
}

/// Someone a new envelope goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewRecipient {
    /// The address.
    pub address: String,
    /// What came with it.
    pub params: String,
}

impl NewRecipient {
    /// This address, nothing with it.
    #[must_use]
    pub fn new(address: impl Into<String>) -> NewRecipient {
        NewRecipient { address: address.into(), params: String::new() }
    }
}

/// An envelope someone works on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The envelope as it stands.
    pub envelope: Envelope,
    /// What proves the lease.
    pub token: LeaseToken,
    /// When it runs out.
    pub until: Timestamp,
}

impl Lease {
    /// For backends.
    #[must_use]
    pub const fn new(envelope: Envelope, token: LeaseToken, until: Timestamp) -> Lease {
        Lease { envelope, token, until }
    }
}

/// Proof of a lease. Every lease of an envelope has a higher generation, so that one who slept too
/// long cannot undo a successor's work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LeaseToken {
    envelope: EnvelopeId,
    generation: u64,
}

impl LeaseToken {
    /// For backends.
    #[must_use]
    pub const fn new(envelope: EnvelopeId, generation: u64) -> LeaseToken {
        LeaseToken { envelope, generation }
    }

    /// The envelope leased.
    #[must_use]
    pub const fn envelope(self) -> EnvelopeId {
        self.envelope
    }

    /// Which of its leases this is.
    #[must_use]
    pub const fn generation(self) -> u64 {
        self.generation
    }
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The recipient's place in [`Envelope::recipients`].
    pub recipient: usize,
    /// What became of it.
    pub result: AttemptResult,
    /// Replaces [`Recipient::note`] when given.
    pub note: Option<String>,
}

impl Outcome {
    /// For this recipient.
    #[must_use]
    pub const fn new(recipient: usize, result: AttemptResult) -> Outcome {
        Outcome { recipient, result, note: None }
    }

    /// With a note for the next attempt.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Outcome {
        self.note = Some(note.into());
        self
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptResult {
    /// The next hop took the message.
    Done,
    /// It never will.
    Failed {
        /// What it said.
        error: String,
    },
    /// To be tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// What it said.
        error: String,
    },
}

/// What [`Queue::complete`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completed {
    /// The envelope as it stands; `None` when it is settled and gone.
    pub envelope: Option<Envelope>,
    /// Where the messages that came along are.
    pub delivered: Vec<Delivered>,
}

impl Completed {
    /// For backends.
    #[must_use]
    pub const fn new(envelope: Option<Envelope>, delivered: Vec<Delivered>) -> Completed {
        Completed { envelope, delivered }
    }
}

/// Waits for changes of the queue.
#[derive(Clone, Debug)]
pub struct QueueWatcher(watch::Receiver<()>);

impl QueueWatcher {
    /// Waits until the queue has changed since the last call. Cancel safe.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed) when the store is gone.
    pub async fn changed(&mut self) -> Result<()> {
        let gone = |_| Error::closed("its last handle was dropped");
        self.0.changed().await.map_err(gone)
    }
}

/// The other end of [`QueueWatcher`]s, for backends.
#[derive(Debug)]
pub struct QueueNotifier(watch::Sender<()>);

impl QueueNotifier {
    /// For one queue.
    #[must_use]
    pub fn new() -> QueueNotifier {
        QueueNotifier(watch::Sender::new(()))
    }

    /// One more watcher.
    #[must_use]
    pub fn watcher(&self) -> QueueWatcher {
        QueueWatcher(self.0.subscribe())
    }

    /// Tells all watchers; never waits.
    pub fn changed(&self) {
        self.0.send_replace(());
    }
}

impl Default for QueueNotifier {
    fn default() -> Self {
        QueueNotifier::new()
    }
}
