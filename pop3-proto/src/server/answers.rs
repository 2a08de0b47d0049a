use alloc::vec::Vec;

use bytes::Bytes;
use mailwire::{Close, Misuse, frame::BareEolFound, sasl::Verdict};

use super::{
    Entry, Server,
    commands::Summary,
    core::{Body, Core, State},
    maildrop::Maildrop,
};
use crate::Code;

/// The host's answers. Each fits one event, and is a [`Misuse`] at any other time.
impl Server {
    /// Answers [`Event::Login`](super::Event::Login). A wrong password is answered after
    /// [a while](super::Timeouts::wrong_password).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no claim waits.
    pub fn verdict(&mut self, verdict: Verdict) -> Result<(), Misuse> {
        self.core
            .expects("no claim waits for a verdict", |state| matches!(state, State::Verdict))?;
        self.core.judged(verdict);
        Ok(())
    }

    /// Answers [`Event::Open`](super::Event::Open): these are the messages, the first is number 1.
    /// The session now is in the TRANSACTION state (RFC 1939 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no maildrop is to be opened.
    pub fn open_maildrop(&mut self, entries: Vec<Entry>) -> Result<(), Misuse> {
        self.core.expects("no maildrop is to be opened", |state| matches!(state, State::Open))?;
        let maildrop = Maildrop::new(entries);
        self.core.ok_summary(Summary::Maildrop, maildrop.live());
        self.core.maildrop = Some(maildrop);
        self.core.login = None;
        self.core.state = State::Command;
        Ok(())
    }

    /// Answers [`Event::Open`](super::Event::Open) when the maildrop cannot be opened: held by
    /// another session ([`Code::InUse`]), out of order ([`Code::SysTemp`], [`Code::SysPerm`]),
    /// visited too often ([`Code::LoginDelay`]). The client may log in anew.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no maildrop is to be opened.
    pub fn refuse_maildrop(&mut self, code: Code<'_>, text: &str) -> Result<(), Misuse> {
        self.core.expects("no maildrop is to be opened", |state| matches!(state, State::Open))?;
        self.core.err(Some(code), text, &[]);
        self.core.login = None;
        self.core.state = State::Command;
        Ok(())
    }

    /// A part of the message that [`Event::Retr`](super::Event::Retr) or
    /// [`Event::Top`](super::Event::Top) asked for, as it is stored: the machine stuffs dots and
    /// mends line ends. Flush between large parts, so that they do not pile up.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no message is asked for.
    pub fn body(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        self.core.part(octets.len(), octets, |body, wanted, out| {
            body.encoder.encode(octets.get(..wanted).unwrap_or_default(), out)
        })
    }

    /// Like [`body`](Self::body); long runs are linked, not copied.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body).
    pub fn body_bytes(&mut self, octets: &Bytes) -> Result<(), Misuse> {
        self.core.part(octets.len(), octets, |body, wanted, out| {
            body.encoder.encode_bytes(&octets.slice(..wanted), out)
        })
    }

    /// Whether more of the message is of use: not when TOP has its lines. To go on is no error.
    pub fn body_wanted(&self) -> bool {
        match &self.core.state {
            State::Body(body) => body.top.as_ref().is_none_or(|top| !top.is_done()),
            _ => false,
        }
    }

    /// The message is complete.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no message is asked for.
    pub fn body_end(&mut self) -> Result<(), Misuse> {
        self.core.part(0, &[], |_, _, _| Ok(()))?;
        let Core { state, out, .. } = &mut self.core;
        if let State::Body(body) = state {
            let finished = body.encoder.finish(out);
            self.core.state = State::Command;
            self.core.cut_off_if(finished);
        }
        Ok(())
    }

    /// Answers [`Event::Retr`](super::Event::Retr) or [`Event::Top`](super::Event::Top) when the
    /// message cannot be read. Once a part of it was given it cannot be taken back: the connection
    /// then ends without the final dot, so that the client does not take it for whole.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no message is asked for.
    pub fn fail(&mut self, code: Code<'_>, text: &str) -> Result<(), Misuse> {
        self.core.expects("no message is asked for", |state| matches!(state, State::Body(_)))?;
        if matches!(&self.core.state, State::Body(body) if body.started) {
            self.core.close(Close::Shutdown);
        } else {
            self.core.err(Some(code), text, &[]);
        }
        self.core.state = State::Command;
        Ok(())
    }

    /// Answers [`Event::Update`](super::Event::Update): all of them are removed.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the session is not in the UPDATE state.
    pub fn updated(&mut self) -> Result<(), Misuse> {
        self.core.expects("nothing is to be removed", |state| matches!(state, State::Update))?;
        self.core.sign_off();
        Ok(())
    }

    /// Answers [`Event::Update`](super::Event::Update) when some or all could not be removed
    /// (RFC 1939 §6).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when the session is not in the UPDATE state.
    pub fn update_failed(&mut self, code: Code<'_>, text: &str) -> Result<(), Misuse> {
        self.core.expects("nothing is to be removed", |state| matches!(state, State::Update))?;
        self.core.err(Some(code), text, &[]);
        self.core.close(Close::Done);
        Ok(())
    }
}

impl Core {
    fn expects(
        &self,
        otherwise: &'static str,
        fits: impl FnOnce(&State) -> bool,
    ) -> Result<(), Misuse> {
        let asked = self.pending.is_none() && self.closed.is_none();
        if asked && fits(&self.state) { Ok(()) } else { Err(Misuse::new(otherwise)) }
    }

    /// Encodes what is wanted of a part of a message, after the first line of the answer.
    fn part(
        &mut self,
        len: usize,
        octets: &[u8],
        encode: impl FnOnce(&mut Body, usize, &mut mailwire::SendBuf) -> Result<(), BareEolFound>,
    ) -> Result<(), Misuse> {
        self.expects("no message is asked for", |state| matches!(state, State::Body(_)))?;
        if let State::Body(body) = &mut self.state
            && !core::mem::replace(&mut body.started, true)
        {
            let (index, whole) = (body.index, body.top.is_none());
            let entry = self.maildrop.as_ref().and_then(|maildrop| maildrop.get(index));
            match entry.filter(|_| whole).map(Entry::octets) {
                Some(octets) => self.ok("{} octets", &[&octets]),
                None => self.out.put(b"+OK\r\n"),
            }
        }
        let Self { state: State::Body(body), out, .. } = self else { return Ok(()) };
        let wanted = body.top.as_mut().map_or(len, |top| top.wanted(octets));
        let encoded = encode(body, wanted, out);
        self.cut_off_if(encoded);
        Ok(())
    }

    /// Under [`OutEol::Refuse`](mailwire::frame::OutEol::Refuse) the client must not take what it
    /// has for a whole message.
    fn cut_off_if(&mut self, encoded: Result<(), BareEolFound>) {
        if encoded.is_err() {
            self.close(Close::Shutdown);
        }
    }
}
