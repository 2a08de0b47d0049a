mod encoding;
mod lines;
mod people;
mod status;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt::Write, net::IpAddr};

use super::{Action, Diagnostic};
use crate::{Body, EnhancedCode, Mailbox, Orcpt, Ret, Xtext, header::field, trace::Date};
use encoding::Encoding;
use lines::clean;

/// A report about a message (a delivery status notification, DSN: RFC 3464, in a
/// `multipart/report` of RFC 6522).
///
/// It goes to the reverse-path of the message, from the null reverse-path (RFC 3461 §6.1). For a
/// message that itself came from the null reverse-path there can be none, as there is no mailbox to
/// make it for; of what a report is made about otherwise, see [`Schedule::plan`](super::Schedule::plan).
///
/// Words of other servers and of the message cannot add fields, lines or parts; no line is longer
/// than the 998 octets of RFC 5322 §2.1.1, but for those of a message that is returned whole.
///
/// ```
/// use smtp_proto::{EnhancedCode, Mailbox, Xtext, trace::Date};
/// use smtp_proto::delivery::{Action, Diagnostic, Original, Report, ReportedRecipient};
///
/// let mut carol =
///     ReportedRecipient::new("carol@b.example", Action::Failed, EnhancedCode::new(5, 1, 1));
/// carol.remote = Some("mx.b.example".into());
/// carol.diagnostic = Some(Diagnostic::Smtp("550 5.1.1 no such user".into()));
/// let sender = Mailbox::parse("alice@example.org")?;
/// let header = b"Subject: Lunch\r\nMessage-ID: <1@example.org>\r\n";
/// let mut report = Report::new(
///     "mx.example.org",
///     &sender,
///     "4F21A2B3C4",
///     Date::from_unix(1_700_000_100),
///     core::slice::from_ref(&carol),
///     Original::new(header),
/// );
/// let envid = Xtext::encode("QQ+314159");
/// report.envid = Some(&envid);
///
/// let written = report.write();
/// assert!(!written.whole); // RET=FULL was not asked for
/// let message = String::from_utf8(written.message(b"")).unwrap();
/// assert!(message.contains("Original-Envelope-Id: QQ+314159\r\n"));
/// assert!(message.contains("In-Reply-To: <1@example.org>\r\n"));
/// # Ok::<(), smtp_proto::AddressError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The name of this server.
    pub reporting_mta: &'a str,
    /// Where it goes.
    pub to: &'a Mailbox<'a>,
    /// A word for the Message-ID and the boundary, letters and digits: never used before, and, as
    /// nobody may put the boundary into a message that will be returned, not to be guessed.
    pub unique: &'a str,
    /// When it is written.
    pub date: Date,
    /// Whom it is about.
    pub recipients: &'a [ReportedRecipient],
    /// The message.
    pub original: Original<'a>,
    /// When the message came.
    pub arrival: Option<Date>,
    /// What the client called itself that the message came from, and its address.
    pub received_from: Option<(&'a str, Option<IpAddr>)>,
    /// ENVID of MAIL.
    pub envid: Option<&'a Xtext<'a>>,
    /// RET of MAIL. Where there was none, or where the message is too long to be sent back, the
    /// header is returned.
    pub ret: Option<Ret>,
}

/// A recipient that a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedRecipient {
    /// The recipient, as the envelope has it.
    pub address: String,
    /// What became of it.
    pub action: Action,
    /// The status for programs.
    pub status: EnhancedCode,
    /// ORCPT of RCPT.
    pub orcpt: Option<Orcpt<'static>>,
    /// The server that was asked, if one was.
    pub remote: Option<String>,
    /// Its words, or this server's.
    pub diagnostic: Option<Diagnostic>,
    /// When it was tried last.
    pub last_attempt: Option<Date>,
    /// When it is given up. Printed only where it is delayed.
    pub retry_until: Option<Date>,
}

impl ReportedRecipient {
    /// This became of it.
    pub fn new(address: impl Into<String>, action: Action, status: EnhancedCode) -> Self {
        Self {
            address: address.into(),
            action,
            status,
            orcpt: None,
            remote: None,
            diagnostic: None,
            last_attempt: None,
            retry_until: None,
        }
    }
}

/// What a report has to know of the message it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Original<'a> {
    /// Its header (see [`header_of`](crate::header::header_of)); empty if it is gone, and then
    /// nothing is returned.
    pub header: &'a [u8],
    /// What its octets are.
    pub body: Body,
    /// Whether it came with SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
}

impl<'a> Original<'a> {
    /// A message of ASCII.
    pub const fn new(header: &'a [u8]) -> Self {
        Self { header, body: Body::SevenBit, smtputf8: false }
    }
}

/// A report, ready to be sent from the null reverse-path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenReport {
    /// Its first part.
    pub head: Vec<u8>,
    /// Whether the original message, header and all, comes between [`head`](Self::head) and
    /// [`tail`](Self::tail). It may be streamed.
    pub whole: bool,
    /// Its last part.
    pub tail: Vec<u8>,
    /// BODY of MAIL.
    pub body: Body,
    /// Whether MAIL needs SMTPUTF8 (RFC 6531 §3.4): the address it goes to is not ASCII.
    pub smtputf8: bool,
}

impl WrittenReport {
    /// The report in one piece. `original` is used only if it is to be returned whole.
    pub fn message(mut self, original: &[u8]) -> Vec<u8> {
        if self.whole {
            self.head.extend_from_slice(original);
        }
        self.head.extend_from_slice(&self.tail);
        self.head
    }
}

impl<'a> Report<'a> {
    /// A report with what it cannot do without.
    pub const fn new(
        reporting_mta: &'a str,
        to: &'a Mailbox<'a>,
        unique: &'a str,
        date: Date,
        recipients: &'a [ReportedRecipient],
        original: Original<'a>,
    ) -> Self {
        Self {
            reporting_mta,
            to,
            unique,
            date,
            recipients,
            original,
            arrival: None,
            received_from: None,
            envid: None,
            ret: None,
        }
    }

    /// Writes it, CRLF throughout.
    ///
    /// Everything is ASCII, encoded where it must be, so that the report goes where the message
    /// came from; but for what cannot be: a message returned whole that has other octets, and the
    /// parts that RFC 6533 has for addresses and headers beyond ASCII.
    pub fn write(&self) -> WrittenReport {
        let whole = self.returns_whole();
        let mut parts = alloc::vec![self.people_part(), self.status_part()];
        parts.extend(self.original_part(whole));
        let boundary = self.boundary(&parts);
        let eight_bit = parts.iter().any(|part| part.encoding == Encoding::EightBit);
        let mut head = self.header(&boundary, eight_bit).into_bytes();
        for part in &parts {
            head.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
            head.extend_from_slice(part.head.as_bytes());
            head.extend_from_slice(&part.body);
        }
        WrittenReport {
            head,
            whole,
            tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
            body: if eight_bit || !self.to.is_ascii() {
                Body::EightBitMime
            } else {
                Body::SevenBit
            },
            smtputf8: !self.to.is_ascii(),
        }
    }

    /// RFC 3461 §4.3: RET is about reports of failure.
    fn returns_whole(&self) -> bool {
        let failed = self.recipients.iter().any(|recipient| recipient.action == Action::Failed);
        failed
            && !self.original.header.is_empty()
            && self.ret == Some(Ret::Full)
            && matches!(self.original.body, Body::SevenBit | Body::EightBitMime)
    }

    fn people_part(&self) -> Part {
        let text = people::text(self);
        let charset = if text.is_ascii() { "us-ascii" } else { "utf-8" };
        let kind = format!("text/plain; charset={charset}");
        Part::new(&kind, "What happened", text.into_bytes(), false)
    }

    /// RFC 3464 §2.1: ASCII. RFC 6533 §4.1: addresses beyond ASCII have another type.
    fn status_part(&self) -> Part {
        let global = !self.recipients.iter().all(status::is_ascii);
        let text = status::text(self, global).into_bytes();
        if global {
            Part::new("message/global-delivery-status", "Delivery report", text, true)
        } else {
            Part::new("message/delivery-status", "Delivery report", text, false)
        }
    }

    /// The message or its header, if there is any. RFC 6522 §4, RFC 6533 §4.2 and §4.3.
    fn original_part(&self, whole: bool) -> Option<Part> {
        let Original { header, body, smtputf8 } = self.original;
        if whole {
            let kind = if smtputf8 { "message/global" } else { "message/rfc822" };
            let encoding = Encoding::of_message(body, smtputf8);
            let head = content_header(kind, "Your message", encoding);
            return Some(Part { head, encoding, body: Vec::new() });
        }
        let kind = match core::str::from_utf8(header) {
            _ if header.is_empty() => return None,
            _ if smtputf8 => "message/global-headers",
            Ok(text) if !text.is_ascii() => "text/rfc822-headers; charset=utf-8",
            _ => "text/rfc822-headers",
        };
        Some(Part::new(kind, "Header of your message", header.into(), smtputf8))
    }

    /// A boundary that stands nowhere in the report: a peer may have seen the word that it is made
    /// of, and put it into its reply.
    fn boundary(&self, parts: &[Part]) -> String {
        let mut boundary = format!("report-{}", self.word());
        let holds = |octets: &[u8], boundary: &str| {
            memchr::memmem::find(octets, boundary.as_bytes()).is_some()
        };
        while holds(self.original.header, &boundary)
            || parts.iter().any(|part| holds(&part.body, &boundary))
        {
            boundary.push('x');
        }
        boundary
    }

    /// `unique`, as it can stand in a boundary (RFC 2046 §5.1.1) and a Message-ID.
    fn word(&self) -> String {
        self.unique.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
    }

    fn header(&self, boundary: &str, eight_bit: bool) -> String {
        let host = clean(self.reporting_mta, 255);
        let mut out = String::new();
        // Writing to a String cannot fail. RFC 3464 §2: From is someone who can be asked.
        let _ = write!(
            out,
            "From: Mail Delivery System <postmaster@{host}>\r\n\
             To: <{}>\r\n\
             Subject: {}\r\n\
             Date: {}\r\n\
             Message-ID: <{}@{host}>\r\n",
            self.to,
            people::subject(self),
            self.date,
            self.word(),
        );
        if let Some(id) = self.original_id() {
            let _ = write!(out, "In-Reply-To: {id}\r\nReferences: {id}\r\n");
        }
        let encoding = if eight_bit { Encoding::EightBit } else { Encoding::SevenBit };
        // RFC 3834 §5: not to be answered by programs.
        let _ = write!(
            out,
            "Auto-Submitted: auto-replied\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\
             \tboundary=\"{boundary}\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\n"
        );
        out
    }

    /// The Message-ID of the message, if it is one.
    fn original_id(&self) -> Option<String> {
        let id = field(self.original.header, "Message-ID")?;
        let inner = id.strip_prefix('<')?.strip_suffix('>')?;
        let fits = (1..=900).contains(&inner.len())
            && inner.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>'));
        fits.then(|| id.to_string())
    }
}

/// A part of the report.
struct Part {
    /// Its header, with the empty line.
    head: String,
    encoding: Encoding,
    /// Its body, encoded.
    body: Vec<u8>,
}

impl Part {
    fn new(kind: &str, description: &str, body: Vec<u8>, eight_bit: bool) -> Self {
        let encoding = Encoding::of(&body, eight_bit);
        Self {
            head: content_header(kind, description, encoding),
            encoding,
            body: encoding.encode(body),
        }
    }
}

fn content_header(kind: &str, description: &str, encoding: Encoding) -> String {
    format!(
        "Content-Type: {kind}\r\nContent-Description: {description}\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
}
