use alloc::{collections::BTreeSet, string::String, vec::Vec};

use crate::{
    Body, DeliverMode, Extensions, ForwardPath, Mail, MailParams, Mailbox, Rcpt, ReversePath,
    RrvsAction,
};

/// Who a message is from and to (RFC 5321 §2.3.1), and what is asked for on its way.
///
/// A parameter that the server did not offer is left out, unless the message must not be sent
/// without it: then it is not ([`CannotSend`]).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Envelope {
    /// MAIL and its parameters.
    pub mail: Mail<'static>,
    /// RCPT and its parameters, for each recipient: at least one.
    pub rcpts: Vec<Rcpt<'static>>,
}

impl Envelope {
    /// An envelope without parameters, for a message of ASCII and of unknown size.
    pub fn new(
        from: ReversePath<'static>,
        to: impl IntoIterator<Item = ForwardPath<'static>>,
    ) -> Self {
        Self { mail: Mail::new(from), rcpts: to.into_iter().map(Rcpt::new).collect() }
    }
}

/// Why a message cannot be sent to this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CannotSend {
    /// There are no recipients.
    #[error("the envelope has no recipients")]
    NoRecipients,
    /// Larger than the server's SIZE (RFC 1870 §6.1).
    #[error("the message is larger than the {0} octets the server takes")]
    Size(u64),
    /// Octets beyond ASCII, and the server has no 8BITMIME (RFC 6152 §3).
    #[error("the message has 8-bit octets and the server does not take them (8BITMIME)")]
    EightBit,
    /// Octets that are not in lines, and the server has no BINARYMIME, or BDAT cannot be used
    /// (RFC 3030 §3).
    #[error("the message is binary and the server does not take that (BINARYMIME)")]
    Binary,
    /// An address or the header is beyond ASCII, and the server has no SMTPUTF8 (RFC 6531 §3.2).
    #[error("an address is not ASCII and the server does not take that (SMTPUTF8)")]
    Utf8Address,
    /// REQUIRETLS was asked for, and the connection has no TLS or the server does not promise to
    /// keep to it (RFC 8689 §4.2.1).
    #[error(
        "the message must not travel without TLS and the server does not promise that (REQUIRETLS)"
    )]
    RequireTls,
    /// It is to be held, and the server has no FUTURERELEASE (RFC 4865).
    #[error("the message is to be held and the server does not do that (FUTURERELEASE)")]
    Hold,
    /// It is to be returned if it is late, and the server has no DELIVERBY, or not so soon
    /// (RFC 2852 §4.1).
    #[error(
        "the message is to be returned if it is late and the server does not do that (DELIVERBY)"
    )]
    DeliverBy,
    /// The recipient's address must not have changed hands, and the server has no RRVS
    /// (RFC 7293 §5.2.1).
    #[error("the server does not check whether an address has changed hands (RRVS)")]
    Rrvs,
    /// More recipients than the server takes at once (LIMITS RCPTMAX, RFC 9422). Send to the others
    /// in a message of their own.
    #[error("the server takes {0} recipients at once")]
    Recipients(u32),
    /// More messages than the server takes in a session (LIMITS MAILMAX, RFC 9422). Open another.
    #[error("the server takes {0} messages in a session")]
    Mails(u32),
    /// Recipients at more domains than the server takes in a session (LIMITS RCPTDOMAINMAX,
    /// RFC 9422). Open another for the others.
    #[error("the server takes recipients at {0} domains in a session")]
    Domains(u32),
    /// The client is in the middle of something else, or the session is over.
    #[error(transparent)]
    Misuse(#[from] mailwire::Misuse),
}

/// What else a decision rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) tls: bool,
    /// Messages sent in this session.
    pub(super) mails: u32,
    /// Domains that messages of this session were for, as far as the server limits them.
    pub(super) domains: &'a BTreeSet<String>,
    /// BDAT will be used.
    pub(super) bdat: bool,
}

impl Envelope {
    pub(super) fn check(
        &self,
        offered: &Extensions,
        here: Circumstances<'_>,
    ) -> Result<(), CannotSend> {
        let params = &self.mail.params;
        let count = u32::try_from(self.rcpts.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return Err(CannotSend::NoRecipients);
        }
        if let Some(most) = offered.limits.recipients.filter(|&most| count > most.max(1)) {
            return Err(CannotSend::Recipients(most));
        }
        if let Some(most) = offered.limits.mails.filter(|&most| here.mails >= most.max(1)) {
            return Err(CannotSend::Mails(most));
        }
        if let Some(most) = offered.limits.recipient_domains {
            let known = here.domains.len();
            let fresh: BTreeSet<String> = self.domains().collect();
            let count = known + fresh.difference(here.domains).count();
            if u32::try_from(count).map_or(true, |count| count > most) {
                return Err(CannotSend::Domains(most));
            }
        }
        if let (Some(size), Some(limit @ 1..)) = (params.size, offered.size)
            && size > limit
        {
            return Err(CannotSend::Size(limit));
        }
        match params.body {
            Some(Body::EightBitMime) if !offered.eight_bit_mime => {
                return Err(CannotSend::EightBit);
            }
            Some(Body::BinaryMime) if !(offered.binary_mime && here.bdat) => {
                return Err(CannotSend::Binary);
            }
            _ => {}
        }
        if self.needs_utf8(offered) && !offered.smtp_utf8 {
            return Err(CannotSend::Utf8Address);
        }
        if params.require_tls && !(offered.require_tls && here.tls) {
            return Err(CannotSend::RequireTls);
        }
        if params.hold.is_some() && !offered.future_release {
            return Err(CannotSend::Hold);
        }
        if let Some(by) = params.deliver_by.filter(|by| by.mode == DeliverMode::Return)
            && offered.deliver_by.is_none_or(|least| i64::from(by.seconds) < i64::from(least))
        {
            return Err(CannotSend::DeliverBy);
        }
        let strict = |rcpt: &Rcpt<'_>| {
            rcpt.params.rrvs.as_ref().is_some_and(|rrvs| rrvs.action == RrvsAction::Reject)
        };
        if !offered.rrvs && self.rcpts.iter().any(strict) {
            return Err(CannotSend::Rrvs);
        }
        Ok(())
    }

    /// The domains of the recipients, in one spelling.
    pub(super) fn domains(&self) -> impl Iterator<Item = String> {
        let mailboxes = self.rcpts.iter().filter_map(|rcpt| rcpt.to.mailbox());
        mailboxes.map(|mailbox| mailbox.domain().as_str().to_ascii_lowercase())
    }

    fn needs_utf8(&self, offered: &Extensions) -> bool {
        let from = self.mail.from.mailbox().into_iter();
        let mut all = from.chain(self.rcpts.iter().filter_map(|rcpt| rcpt.to.mailbox()));
        let beyond = |rcpt: &Rcpt<'_>| {
            let orcpt = rcpt.params.orcpt.as_ref();
            orcpt.is_some_and(|orcpt| !orcpt.address().as_str().is_ascii())
        };
        self.mail.params.smtp_utf8
            || !all.all(Mailbox::is_ascii)
            || (offered.dsn && self.rcpts.iter().any(beyond))
    }

    /// MAIL with those of its parameters that were offered.
    pub(super) fn mail_for(&self, offered: &Extensions) -> Mail<'static> {
        let mut mail = self.mail.clone();
        let params = &mut mail.params;
        *params = MailParams {
            size: params.size.filter(|_| offered.size.is_some()),
            body: params.body.filter(|&body| match body {
                Body::SevenBit => false, // the default
                Body::EightBitMime => offered.eight_bit_mime,
                Body::BinaryMime => offered.binary_mime,
            }),
            smtp_utf8: self.needs_utf8(offered),
            auth: params.auth.take().filter(|_| offered.has_auth()),
            ret: params.ret.filter(|_| offered.dsn),
            envid: params.envid.take().filter(|_| offered.dsn),
            require_tls: params.require_tls,
            priority: params.priority.filter(|_| offered.mt_priority),
            hold: params.hold.take(),
            deliver_by: params.deliver_by.filter(|_| offered.deliver_by.is_some()),
        };
        mail
    }

    /// The RCPT of this number with those of its parameters that were offered.
    pub(super) fn rcpt_for(&self, index: usize, offered: &Extensions) -> Option<Rcpt<'static>> {
        let mut rcpt = self.rcpts.get(index)?.clone();
        if !offered.dsn {
            rcpt.params.notify = None;
            rcpt.params.orcpt = None;
        }
        if !offered.rrvs {
            rcpt.params.rrvs = None;
        }
        Some(rcpt)
    }
}
