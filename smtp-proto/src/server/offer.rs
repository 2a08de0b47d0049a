//! What is offered follows from the configuration and the state, and what was not offered is
//! refused.

use alloc::{format, string::String};
use core::fmt::Write;

use mailwire::sasl::Mechanism;

use super::{Offer, Role, core::Core, replies};
use crate::{Body, DateTime, DeliverMode, Hold, MailParams, RcptParams, Reply, Xtext};

/// RFC 3461 §4.4 and §4.2: the longest ENVID, and the longest ORCPT.
const ENVID_MAX: usize = 100;
const ORCPT_MAX: usize = 500;

impl Core {
    /// The lines of the reply to EHLO.
    pub(super) fn offer(&self) -> String {
        let config = &self.config;
        let offer = &config.offer;
        let mut lines = format!("{}\nPIPELINING\nSIZE {}", config.hostname, config.limits.message);
        lines.push_str("\n8BITMIME");
        self.push(&mut lines, offer.chunking, "CHUNKING");
        self.push(&mut lines, offer.chunking && offer.binary_mime, "BINARYMIME");
        self.push(&mut lines, offer.smtp_utf8, "SMTPUTF8");
        self.push(&mut lines, true, "ENHANCEDSTATUSCODES");
        self.push(&mut lines, offer.dsn, "DSN");
        self.push(&mut lines, offer.require_tls && self.tls, "REQUIRETLS");
        self.push(&mut lines, offer.rrvs, "RRVS");
        self.push(&mut lines, offer.etrn, "ETRN");
        // Writing to a String cannot fail.
        let _ = self.push_with_arguments(&mut lines, offer);
        self.push(&mut lines, config.starttls && !self.tls, "STARTTLS");
        if self.user.is_none() {
            let mut offered = config.auth.iter().filter(|&&m| self.may_auth(m)).peekable();
            if offered.peek().is_some() {
                lines.push_str("\nAUTH");
                offered.for_each(|mechanism| {
                    let _ = write!(lines, " {mechanism}");
                });
            }
        }
        lines
    }

    fn push(&self, lines: &mut String, offered: bool, keyword: &str) {
        if offered {
            lines.push('\n');
            lines.push_str(keyword);
        }
    }

    fn push_with_arguments(&self, lines: &mut String, offer: &Offer) -> core::fmt::Result {
        let named = |lines: &mut String, keyword: &str, argument: &Option<String>| match argument {
            None => Ok(()),
            Some(argument) if argument.is_empty() => write!(lines, "\n{keyword}"),
            Some(argument) => write!(lines, "\n{keyword} {argument}"),
        };
        named(lines, "MT-PRIORITY", &offer.mt_priority)?;
        if let Some((longest, latest)) = self.future_release() {
            write!(lines, "\nFUTURERELEASE {longest} {latest}")?;
        }
        match offer.deliver_by {
            None => {}
            Some(0) => lines.push_str("\nDELIVERBY"),
            Some(shortest) => write!(lines, "\nDELIVERBY {shortest}")?,
        }
        if self.may_burl() {
            named(lines, "BURL", &offer.burl)?;
        }
        if offer.limits {
            write!(lines, "\nLIMITS RCPTMAX={}", self.config.limits.recipients)?;
            if let Some(mails) = self.config.limits.mails {
                write!(lines, " MAILMAX={mails}")?;
            }
        }
        named(lines, "XCLIENT", &offer.xclient)?;
        named(lines, "XFORWARD", &offer.xforward)
    }

    pub(super) fn may_auth(&self, mechanism: Mechanism) -> bool {
        mechanism.is_offerable(self.tls || self.config.plain_text_auth, &self.binding)
    }

    /// RFC 4468 §3.2: on submission, to users who have logged in.
    pub(super) fn may_burl(&self) -> bool {
        let config = &self.config;
        config.role == Role::Submission
            && config.offer.burl.is_some()
            && config.offer.chunking
            && self.user.is_some()
    }

    fn future_release(&self) -> Option<&(u32, String)> {
        let submission = self.config.role == Role::Submission;
        self.config.offer.future_release.as_ref().filter(|_| submission)
    }

    /// Parameters of MAIL that were not offered, or ask for what cannot be had.
    pub(super) fn judge_mail_params(&self, params: &MailParams<'_>) -> Result<(), Reply> {
        let offer = &self.config.offer;
        // RFC 5321 §3.2: the extensions are those of EHLO.
        let offered = (self.is_extended() || *params == MailParams::default())
            && (offer.smtp_utf8 || !params.smtp_utf8)
            && (offer.dsn || (params.ret.is_none() && params.envid.is_none()))
            && ((offer.require_tls && self.tls) || !params.require_tls)
            && (offer.mt_priority.is_some() || params.priority.is_none())
            && (self.future_release().is_some() || params.hold.is_none())
            && (offer.deliver_by.is_some() || params.deliver_by.is_none())
            && ((offer.chunking && offer.binary_mime) || params.body != Some(Body::BinaryMime))
            // RFC 4954 §5: the parameter goes with AUTH.
            && (!self.config.auth.is_empty() || params.auth.is_none());
        if !offered {
            return Err(replies::unknown_parameter());
        }
        let envid = params.envid.as_ref();
        let fits = envid.is_none_or(|envid| envid.as_str().len() <= ENVID_MAX && printable(envid))
            && params.auth.as_ref().is_none_or(printable);
        if !fits {
            return Err(replies::bad_parameter());
        }
        if let (Some(hold), Some((longest, latest))) = (&params.hold, self.future_release()) {
            let fits = match hold {
                Hold::For(seconds) => seconds <= longest,
                Hold::Until(date) => {
                    DateTime::new(latest).is_none_or(|latest| date.unix() <= latest.unix())
                }
            };
            if !fits {
                return Err(replies::held_too_long());
            }
        }
        if let (Some(by), Some(shortest)) = (params.deliver_by, offer.deliver_by)
            && by.mode == DeliverMode::Return
            && i64::from(by.seconds) < i64::from(shortest)
        {
            return Err(replies::too_soon());
        }
        // RFC 1870 §6.1: refused before it is sent.
        if params.size.is_some_and(|size| size > self.config.limits.message) {
            return Err(replies::message_too_large());
        }
        Ok(())
    }

    /// The same for RCPT.
    pub(super) fn judge_rcpt_params(&self, params: &RcptParams<'_>) -> Result<(), Reply> {
        let offer = &self.config.offer;
        let offered = (self.is_extended() || *params == RcptParams::default())
            && (offer.dsn || (params.notify.is_none() && params.orcpt.is_none()))
            && (offer.rrvs || params.rrvs.is_none());
        if !offered {
            return Err(replies::unknown_parameter());
        }
        let orcpt = params.orcpt.as_ref();
        let fits = |address: &Xtext<'_>| address.as_str().len() <= ORCPT_MAX && printable(address);
        if orcpt.is_none_or(|orcpt| fits(orcpt.address())) {
            Ok(())
        } else {
            Err(replies::bad_parameter())
        }
    }
}

/// RFC 3461 §4.2 and §4.4: what is encoded is printable. It goes into the header of reports, where a
/// line end would be another field.
fn printable(text: &Xtext<'_>) -> bool {
    !text.decode().contains(|c: char| c.is_control() && c != '\t')
}
