//! What a report says to people: what happened, and what to do.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    Report, ReportedRecipient,
    lines::{ascii, clean, fold},
};
use crate::{
    EnhancedCode,
    delivery::{Action, Diagnostic},
};

/// Longest words of a server.
const WORDS_MAX: usize = 2000;

/// The Subject field's value, ASCII.
pub(super) fn subject(report: &Report<'_>) -> String {
    let whom = match report.recipients {
        [only] if only.address.is_ascii() => clean(&only.address, 300),
        [_] => "a recipient".to_string(),
        several => format!("{} recipients", several.len()),
    };
    // The worst that happened.
    let action = report.recipients.iter().map(|recipient| recipient.action).min();
    let subject = match action.unwrap_or(Action::Failed) {
        Action::Failed => format!("Undelivered mail: it did not reach {whom}"),
        Action::Delayed => format!("Delayed mail: it has not reached {whom} yet"),
        Action::Relayed => format!("Mail passed on: it went to the server of {whom}"),
        Action::Delivered => format!("Delivered mail: it reached {whom}"),
        Action::Expanded => format!("Delivered mail: it reached the list {whom}"),
    };
    ascii(&subject)
}

/// The text.
pub(super) fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    paragraph(&mut text, &format!("This is the mail server {}.", clean(report.reporting_mta, 255)));
    let sections = [
        (Action::Failed, "A message of yours could not be delivered to:"),
        (Action::Delayed, "A message of yours could not be delivered yet to:"),
        (Action::Relayed, "A message of yours was passed on to the mail server of:"),
        (Action::Delivered, "A message of yours was delivered to:"),
        (Action::Expanded, "A message of yours was delivered to everyone behind the address:"),
    ];
    for (action, heading) in sections {
        let concerned: Vec<_> =
            report.recipients.iter().filter(|recipient| recipient.action == action).collect();
        if concerned.is_empty() {
            continue;
        }
        paragraph(&mut text, heading);
        for recipient in &concerned {
            self::recipient(&mut text, recipient);
        }
        paragraph(&mut text, &conclusion(action, &concerned));
    }
    paragraph(&mut text, attached(report));
    text
}

fn paragraph(out: &mut String, words: &str) {
    if !out.is_empty() {
        out.push_str("\r\n");
    }
    fold(out, words, "", 0);
}

/// The address, what to do, and who said so.
fn recipient(out: &mut String, recipient: &ReportedRecipient) {
    out.push_str("\r\n  <");
    out.push_str(&clean(&recipient.address, 800));
    out.push_str(">\r\n");
    if matches!(recipient.action, Action::Failed | Action::Delayed) {
        if let Some(advice) = advice(recipient) {
            out.push_str("    ");
            fold(out, advice, "    ", 4);
        }
        if let Some(diagnostic) = &recipient.diagnostic {
            let said = match (diagnostic, &recipient.remote) {
                (Diagnostic::Smtp(_), Some(remote)) => {
                    format!("The server {} said: {diagnostic}", clean(remote, 255))
                }
                (Diagnostic::Smtp(_), None) => format!("The next server said: {diagnostic}"),
                (Diagnostic::Local(_), _) => format!("The reason: {diagnostic}"),
            };
            out.push_str("    ");
            fold(out, &clean(&said, WORDS_MAX), "    ", 4);
        }
    }
}

/// What the sender can do about it, by the status (RFC 3463, RFC 7505, RFC 6531, RFC 7372).
fn advice(recipient: &ReportedRecipient) -> Option<&'static str> {
    let EnhancedCode { class, subject, detail, .. } = recipient.status;
    let failed = recipient.action == Action::Failed;
    Some(match (subject, detail) {
        (1, 10) => "The domain of this address takes no mail at all. Reach the person another way.",
        (1, 2) | (4, 4) => "The domain of this address takes no mail. Check how it is spelt.",
        (1, 0..=6) if class == 5 => {
            "There is no such address. Check how it is spelt, or ask for the new one."
        }
        (2, 2) if failed => {
            "The mailbox is full. Try again later, or reach the person another way."
        }
        (2, 2) => "The mailbox is full.",
        (2, 3) | (3, 4) => "The message is too large. Send less, or where it can be fetched.",
        (4, 6) => "The message goes round in circles. Tell the postmaster of that domain.",
        (6, 7) => "The server does not take addresses with such letters. Ask for another one.",
        (6, _) if failed => "The server does not take such a message. Send it in a plainer form.",
        (7, _) if failed => {
            "The server does not want the message. Its words say why; if they do not help, show \
             this report to your postmaster."
        }
        _ if failed && class == 4 => {
            "It was tried again and again, in vain. Send it later, or reach the person another way."
        }
        _ => return None,
    })
}

fn conclusion(action: Action, concerned: &[&ReportedRecipient]) -> String {
    match action {
        Action::Failed => "It will not be tried again.".to_string(),
        Action::Delayed => {
            let until = concerned.iter().filter_map(|recipient| recipient.retry_until).max();
            let until = until.map(|date| format!(" until {date}")).unwrap_or_default();
            format!(
                "You need not do anything: it is tried again{until}. If that is in vain, you \
                 will be told."
            )
        }
        Action::Relayed => {
            "That server does not report what it delivers: you will hear of it again \
                            only if it fails."
                .to_string()
        }
        Action::Delivered => "This is not to say that it was read.".to_string(),
        Action::Expanded => {
            "You will hear of it again only if it fails for one of them.".to_string()
        }
    }
}

fn attached(report: &Report<'_>) -> &'static str {
    if report.original.header.is_empty() {
        "The details, for programs, are attached."
    } else if report.returns_whole() {
        "The details, for programs, and your message are attached."
    } else {
        "The details, for programs, and the header of your message are attached."
    }
}
