//! What the demo is meant to prove, looked at from the readers' side.

use super::letter::{self, Letter};

/// What came of the message.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The message as bob, carol and dave read it.
    pub(super) copies: Vec<Vec<u8>>,
    /// The attachment as bob's mail program decoded it.
    pub(super) attachment: Vec<u8>,
    /// What the list that bob saw first says of blind copies.
    pub(super) listed_bcc: bool,
    /// Whether bob's message was unseen at first, and seen when he logged in again.
    pub(super) unseen_at_first: bool,
    pub(super) seen_later: bool,
    /// Messages that carol found when she logged in again.
    pub(super) left_of_carol: usize,
    /// Messages that are in bob's INBOX still.
    pub(super) left_of_bob: usize,
    /// Envelopes left in the queues of both servers.
    pub(super) queued: usize,
    /// Messages on the disk of b.test for all three mailboxes.
    pub(super) stored: usize,
}

/// Each thing that should be so, and whether it is.
pub(super) fn prove(letter: &Letter, evidence: &Evidence) -> Vec<(bool, String)> {
    let copies = &evidence.copies;
    let all = |test: &dyn Fn(&[u8]) -> bool| copies.len() == 3 && copies.iter().all(|c| test(c));
    let (_, body) = letter::split(&letter.message);
    let is_there = |name: &'static str| move |copy: &[u8]| letter::fields(copy, name).len() == 1;
    let was_there = |name: &str| !letter::fields(&letter.message, name).is_empty();
    let received = |copy: &[u8], place: usize, by: &str, with: &str| {
        let fields = letter::fields(copy, "Received");
        fields.len() == 2
            && fields
                .get(place)
                .is_some_and(|field| field.contains(by) && field.contains(&format!("with {with} ")))
    };
    let hides_dave = |copy: &[u8]| {
        let (header, _) = letter::split(copy);
        let header = String::from_utf8_lossy(header).to_ascii_lowercase();
        !header.contains("bcc:") && !header.contains("dave")
    };
    vec![
        (
            all(&|copy| letter::split(copy).1 == body),
            format!("The body arrived octet for octet: {} octets, three times", body.len()),
        ),
        (
            evidence.attachment == letter.attachment,
            format!("So did the attachment: {} octets, decoded", letter.attachment.len()),
        ),
        (
            all(&hides_dave) && !evidence.listed_bcc && was_there("Bcc"),
            "Nobody sees that dave got a blind copy, dave included".into(),
        ),
        (
            all(&is_there("Message-ID"))
                && all(&is_there("Date"))
                && !was_there("Message-ID")
                && !was_there("Date"),
            "mx.a.test added the Message-ID and the Date that were missing".into(),
        ),
        (
            all(&|copy| received(copy, 1, "by mx.a.test", "ESMTPSA")),
            "It was submitted with a log-in, under TLS (Received: ESMTPSA)".into(),
        ),
        (
            all(&|copy| received(copy, 0, "by mx.b.test", "ESMTPS")),
            "It was relayed under TLS (Received: ESMTPS), and every certificate was checked".into(),
        ),
        (evidence.stored == 1, "It was stored once for three readers".into()),
        (
            evidence.unseen_at_first && evidence.seen_later,
            "Reading set bob's \\Seen flag, and it was still set when he came back".into(),
        ),
        (
            evidence.left_of_carol == 0 && evidence.left_of_bob == 1,
            "What carol deleted is gone for her, and for her alone".into(),
        ),
        (evidence.queued == 0, "Nothing is left in a queue".into()),
    ]
}
