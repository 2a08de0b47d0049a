use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use crate::{EnhancedCode, Mailbox, header::header_of, trace::Date};

/// A recipient that a message did not reach.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "made by its fields")]
pub struct FailedRecipient {
    /// The recipient, as it was given.
    pub address: String,
    /// The status for programs.
    pub status: EnhancedCode,
    /// The words of the server, or of this one, for people.
    pub diagnostic: String,
    /// The server that refused, if one did.
    pub remote: Option<String>,
}

/// A report that a message could not be delivered (RFC 3464, in a `multipart/report` of RFC 6522).
///
/// It goes to the reverse-path of the message, from the null reverse-path (RFC 5321 §4.5.5). For a
/// message that itself came from the null reverse-path there must be none.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "made by its fields")]
pub struct Report<'a> {
    /// This server.
    pub reporting_mta: &'a str,
    /// Where it goes.
    pub to: &'a Mailbox<'a>,
    /// A word that was never used before, for the Message-ID and the boundary: letters and digits.
    pub unique: &'a str,
    /// When it is written.
    pub date: Date,
    /// When the message came.
    pub arrival: Date,
    /// Whom it did not reach.
    pub failed: &'a [FailedRecipient],
    /// The message; its header goes into the report.
    pub original: &'a [u8],
}

impl Report<'_> {
    /// The report as a message, CRLF throughout.
    pub fn to_message(&self) -> Vec<u8> {
        let boundary = self.boundary();
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_head(&mut text, &boundary);
        let _ = self.write_status(&mut text, &boundary);
        let _ = write!(
            text,
            "\r\n--{boundary}\r\nContent-Type: text/rfc822-headers; charset=utf-8\r\n\
             Content-Description: Header of the message\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n"
        );
        let mut message = text.into_bytes();
        message.extend_from_slice(header_of(self.original));
        message.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        message
    }

    /// A boundary that stands nowhere in the report: a peer may have seen the word that it is made
    /// of, and put it into its reply.
    fn boundary(&self) -> String {
        let mut boundary = format!("report-{}", clean(self.unique));
        let header = header_of(self.original);
        let holds = |text: &str, boundary: &str| clean(text).contains(boundary);
        while memchr::memmem::find(header, boundary.as_bytes()).is_some()
            || self.failed.iter().any(|failed| {
                holds(&failed.address, &boundary)
                    || holds(&failed.diagnostic, &boundary)
                    || failed.remote.as_deref().is_some_and(|remote| holds(remote, &boundary))
            })
        {
            boundary.push('x');
        }
        boundary
    }

    fn write_head(&self, out: &mut String, boundary: &str) -> core::fmt::Result {
        let host = clean(self.reporting_mta);
        write!(
            out,
            "From: Mail Delivery System <MAILER-DAEMON@{host}>\r\n\
             To: <{}>\r\n\
             Subject: Undelivered mail: it did not reach {}\r\n\
             Date: {}\r\n\
             Message-ID: <{}@{host}>\r\n\
             Auto-Submitted: auto-replied\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status;\r\n\
             \tboundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n\
             This is the mail server {host}.\r\n\r\n\
             A message of yours could not be delivered:\r\n",
            self.to,
            match self.failed {
                [only] => clean(&only.address),
                several => format!("{} recipients", several.len()),
            },
            self.date,
            clean(self.unique),
        )?;
        for failed in self.failed {
            write!(
                out,
                "\r\n  <{}>\r\n    {}\r\n",
                clean(&failed.address),
                clean(&failed.diagnostic)
            )?;
        }
        write!(
            out,
            "\r\nIt will not be tried again. The reason in detail, for programs, and the\r\n\
             header of your message are attached.\r\n"
        )
    }

    /// The `message/delivery-status` part (RFC 3464 §2).
    fn write_status(&self, out: &mut String, boundary: &str) -> core::fmt::Result {
        write!(
            out,
            "\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\
             Content-Description: Delivery report\r\n\r\n\
             Reporting-MTA: dns; {}\r\nArrival-Date: {}\r\n",
            clean(self.reporting_mta),
            self.arrival,
        )?;
        for failed in self.failed {
            write!(
                out,
                "\r\nFinal-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {}\r\n",
                clean(&failed.address),
                failed.status,
            )?;
            if let Some(remote) = &failed.remote {
                write!(out, "Remote-MTA: dns; {}\r\n", clean(remote))?;
            }
            let kind = if failed.remote.is_some() { "smtp" } else { "x-local" };
            write!(out, "Diagnostic-Code: {kind}; {}\r\n", clean(&failed.diagnostic))?;
        }
        Ok(())
    }
}

/// Words of a peer, on one line of bounded length: with what is written around them it stays below
/// the 998 octets of RFC 5322 §2.1.1.
fn clean(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + c.len_utf8() > 800 {
            break;
        }
        line.push(c);
    }
    line.trim().to_string()
}
