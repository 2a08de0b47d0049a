//! What the server's answers change.

use alloc::string::ToString;

use mailwire::Close;

use super::{
    core::{Core, Phase},
    event::Tag,
    queue::{Idle, Kind, Sending},
};
use crate::{
    response::Completion,
    types::{Code, StatusText},
};

impl Core {
    pub(super) fn learn_code(&mut self, text: &StatusText<'_>) {
        if let Some(Code::Capability(words)) = &text.code {
            self.capabilities = words.iter().map(ToString::to_string).collect();
        }
    }

    /// A command is answered: what was held up by it goes on. Gives the tag that the host knows; `None` where it need not
    /// hear of the answer.
    pub(super) fn answered(
        &mut self,
        tag: Tag,
        kind: Kind,
        status: Completion,
        text: &StatusText<'_>,
    ) -> Option<Tag> {
        let sending = match &self.sending {
            Some(Sending::Literal(outgoing)) => Some(outgoing.tag),
            Some(Sending::IdleAsked(idle) | Sending::Idle(idle, _) | Sending::Renewing(idle)) => {
                Some(idle.tag)
            }
            Some(Sending::Sasl(tag, _) | Sending::Ending(tag)) => Some(*tag),
            // Octets that were announced have to be given, whatever the server says.
            Some(Sending::Upload { .. }) | None => None,
        };
        match &mut self.sending {
            Some(Sending::Upload { answered, outgoing, .. }) => *answered |= outgoing.tag == tag,
            Some(Sending::Renewing(idle)) if idle.tag == tag && status == Completion::Ok => {
                let idle = *idle;
                self.sending = None;
                self.idle_again(idle.shown);
                return None;
            }
            _ if sending == Some(tag) => self.sending = None,
            _ => {}
        }
        match (kind, status) {
            (Kind::Login, Completion::Ok) => {
                self.logged_in = true;
                // RFC 3501 §6.2.2: they may differ after login.
                self.capabilities.clear();
            }
            (Kind::StartTls, Completion::Ok) => self.upgrade_after_event = true,
            (Kind::Compress, Completion::Ok) => self.compress_after_event = true,
            (Kind::Unauthenticate, Completion::Ok) => {
                // RFC 8437 §4.1: nothing is enabled any more.
                self.logged_in = false;
                self.enabled.clear();
                self.asked.clear();
                self.capabilities.clear();
            }
            // What was not granted by now will not be.
            (Kind::Enable, _) if !self.is_on_its_way(Kind::Enable) => {
                self.asked.clone_from(&self.enabled);
            }
            (Kind::Logout, _) => self.close_after_event = Some(Close::Done),
            _ => {}
        }
        self.learn_code(text);
        Some(if let Kind::Idle(shown) = kind { shown } else { tag })
    }

    /// `+`: the command that is being sent may go on. Nobody waits for it: it is ignored.
    pub(super) fn continuation(&mut self, text: &StatusText<'_>) {
        match self.sending.take() {
            Some(Sending::Literal(outgoing)) => self.send_on(outgoing),
            Some(Sending::Sasl(tag, exchange)) => self.challenge(tag, exchange, &text.text),
            Some(Sending::IdleAsked(idle)) => {
                self.sending = Some(Sending::Idle(idle, None));
                match idle {
                    Idle { ending: true, .. } => self.end_idle(),
                    // Renewed: the host knows that the server idles.
                    Idle { tag, shown, .. } if tag != shown => {}
                    Idle { tag, .. } => self.phase = Phase::Idling(tag),
                }
            }
            other => self.sending = other,
        }
    }
}
