use alloc::borrow::Cow;
use core::fmt;

use super::{Notify, Orcpt, Ret, Xtext};

/// What the octets of a message may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Body {
    /// Lines of ASCII (RFC 5321 §2.4).
    #[default]
    SevenBit,
    /// Lines of any octets (RFC 6152).
    EightBitMime,
    /// Any octets, not in lines (RFC 3030 §3). By BDAT only.
    BinaryMime,
}

impl Body {
    /// The value of `BODY=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The parameters of MAIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailParams<'a> {
    /// `SIZE=`: how many octets the message will have, by the client's estimate (RFC 1870).
    pub size: Option<u64>,
    /// `BODY=` (RFC 6152, RFC 3030).
    pub body: Option<Body>,
    /// `SMTPUTF8`: addresses or header fields are not ASCII (RFC 6531).
    pub smtp_utf8: bool,
    /// `AUTH=`: who submitted the message first; `<>` for nobody known (RFC 4954 §5).
    pub auth: Option<Xtext<'a>>,
    /// `RET=`: how much of the message a report returns (RFC 3461 §4.3).
    pub ret: Option<Ret>,
    /// `ENVID=`: the sender's name for this transaction (RFC 3461 §4.4).
    pub envid: Option<Xtext<'a>>,
    /// `REQUIRETLS`: it must not travel without TLS (RFC 8689).
    pub require_tls: bool,
    /// `MT-PRIORITY=`: from -9 to 9 (RFC 6710).
    pub priority: Option<i8>,
    /// `HOLDFOR=` or `HOLDUNTIL=`: not to be sent before (RFC 4865).
    pub hold: Option<Hold<'a>>,
    /// `BY=`: to be delivered within a time (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
}

impl MailParams<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> MailParams<'static> {
        MailParams {
            size: self.size,
            body: self.body,
            smtp_utf8: self.smtp_utf8,
            auth: self.auth.map(Xtext::into_owned),
            ret: self.ret,
            envid: self.envid.map(Xtext::into_owned),
            require_tls: self.require_tls,
            priority: self.priority,
            hold: self.hold.map(Hold::into_owned),
            deliver_by: self.deliver_by,
        }
    }
}

/// As they follow the reverse-path, a space before each.
impl fmt::Display for MailParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(size) = self.size {
            write!(f, " SIZE={size}")?;
        }
        if let Some(body) = self.body {
            write!(f, " BODY={body}")?;
        }
        if self.smtp_utf8 {
            f.write_str(" SMTPUTF8")?;
        }
        if let Some(auth) = &self.auth {
            write!(f, " AUTH={auth}")?;
        }
        if let Some(ret) = self.ret {
            write!(f, " RET={ret}")?;
        }
        if let Some(envid) = &self.envid {
            write!(f, " ENVID={envid}")?;
        }
        if self.require_tls {
            f.write_str(" REQUIRETLS")?;
        }
        if let Some(priority) = self.priority {
            write!(f, " MT-PRIORITY={}", priority.clamp(-9, 9))?;
        }
        if let Some(hold) = &self.hold {
            write!(f, " {hold}")?;
        }
        if let Some(by) = self.deliver_by {
            write!(f, " BY={by}")?;
        }
        Ok(())
    }
}

/// The parameters of RCPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RcptParams<'a> {
    /// `NOTIFY=`: of what the sender wants to hear (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// `ORCPT=`: the recipient as the sender first gave it (RFC 3461 §4.2).
    pub orcpt: Option<Orcpt<'a>>,
    /// `RRVS=`: not to be delivered if the address has changed hands since (RFC 7293).
    pub rrvs: Option<Rrvs<'a>>,
}

impl RcptParams<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> RcptParams<'static> {
        RcptParams {
            notify: self.notify,
            orcpt: self.orcpt.map(Orcpt::into_owned),
            rrvs: self.rrvs.map(Rrvs::into_owned),
        }
    }
}

/// As they follow the forward-path, a space before each.
impl fmt::Display for RcptParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(notify) = self.notify {
            write!(f, " NOTIFY={notify}")?;
        }
        if let Some(orcpt) = &self.orcpt {
            write!(f, " ORCPT={orcpt}")?;
        }
        if let Some(rrvs) = &self.rrvs {
            write!(f, " RRVS={rrvs}")?;
        }
        Ok(())
    }
}

/// Not before a time (RFC 4865 §4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hold<'a> {
    /// So many seconds from now on.
    For(u32),
    /// Until this date of RFC 3339.
    Until(DateTime<'a>),
}

impl Hold<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Hold<'static> {
        match self {
            Self::For(seconds) => Hold::For(seconds),
            Self::Until(date) => Hold::Until(date.into_owned()),
        }
    }
}

impl fmt::Display for Hold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(seconds) => write!(f, "HOLDFOR={seconds}"),
            Self::Until(date) => write!(f, "HOLDUNTIL={date}"),
        }
    }
}

/// A date and time of RFC 3339, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTime<'a>(Cow<'a, str>);

impl<'a> DateTime<'a> {
    /// `None` if the text is not of that form.
    pub fn new(text: &'a str) -> Option<Self> {
        Self::unix_of(text).map(|_| Self(Cow::Borrowed(text)))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub fn unix(&self) -> i64 {
        Self::unix_of(&self.0).unwrap_or_default()
    }

    /// `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`
    fn unix_of(text: &str) -> Option<i64> {
        let number = |from: usize, to: usize| -> Option<i64> {
            let part = text.get(from..to)?;
            if part.bytes().all(|octet| octet.is_ascii_digit()) { part.parse().ok() } else { None }
        };
        let is = |at: usize, allowed: &[u8]| {
            text.as_bytes().get(at).is_some_and(|o| allowed.contains(o))
        };
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let mut zone = text.get(19..)?;
        if let Some(fraction) = zone.strip_prefix('.') {
            zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
        }
        let offset = match zone.split_at_checked(1)? {
            ("Z" | "z", "") => 0,
            (sign @ ("+" | "-"), time) => {
                let (h, m) = time.split_once(':')?;
                let two_digits =
                    |part: &str| part.len() == 2 && part.bytes().all(|o| o.is_ascii_digit());
                if !two_digits(h) || !two_digits(m) {
                    return None;
                }
                let (h, m): (i64, i64) = (h.parse().ok()?, m.parse().ok()?);
                if h > 23 || m > 59 {
                    return None;
                }
                (h * 3600 + m * 60) * if sign == "-" { -1 } else { 1 }
            }
            _ => return None,
        };
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_in = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before = days_in.iter().take(usize::try_from(month).ok()?.checked_sub(1)?).sum::<i64>();
        let in_month = *days_in.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
        let fits = (1..=in_month).contains(&day) && hour < 24 && minute < 60 && second <= 60;
        // Days before this year, by the rule of leap years, counted from year 0.
        let y = year - 1;
        let days = year * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) - 719_527;
        let days = days + before + day - 1;
        fits.then_some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> DateTime<'static> {
        DateTime(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for DateTime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Within a time (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliverBy {
    /// Seconds from now on; zero or less if the time is over and [`DeliverMode::Notify`] was asked.
    pub seconds: i32,
    /// What to do when it is over.
    pub mode: DeliverMode,
    /// `T`: the sender wants to hear of each server on the way.
    pub trace: bool,
}

/// What to do when the time of a [`DeliverBy`] is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliverMode {
    /// `R`: return the message.
    Return,
    /// `N`: tell the sender, and go on.
    Notify,
}

impl DeliverBy {
    /// `BY=` with these values; nine digits at most.
    pub fn new(seconds: i32, mode: DeliverMode, trace: bool) -> Self {
        Self { seconds: seconds.clamp(-999_999_999, 999_999_999), mode, trace }
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            DeliverMode::Return => 'R',
            DeliverMode::Notify => 'N',
        };
        write!(f, "{};{mode}{}", self.seconds, if self.trace { "T" } else { "" })
    }
}

/// Whose the recipient's address has been without a break (RFC 7293 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rrvs<'a> {
    /// Since when.
    pub since: DateTime<'a>,
    /// `C` or `R`: what a server without this extension on the way is to do.
    pub action: RrvsAction,
}

/// What to do where the next server lacks RRVS (RFC 7293 §5.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RrvsAction {
    /// `R`: refuse.
    #[default]
    Reject,
    /// `C`: go on without it.
    Continue,
}

impl Rrvs<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Rrvs<'static> {
        Rrvs { since: self.since.into_owned(), action: self.action }
    }
}

impl fmt::Display for Rrvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            RrvsAction::Reject => "",
            RrvsAction::Continue => ";C",
        };
        write!(f, "{}{action}", self.since)
    }
}

/// What is wrong with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// Not `keyword` or `keyword=value` (501).
    #[error("parameter syntax")]
    Syntax,
    /// A keyword that is not known, or was not offered (555).
    #[error("parameter not supported")]
    Unknown,
    /// A value that the keyword does not take (501).
    #[error("parameter value")]
    Value,
    /// The same keyword twice (501).
    #[error("parameter given twice")]
    Duplicate,
}
