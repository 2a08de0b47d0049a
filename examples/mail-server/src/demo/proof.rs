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

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "\
Received: from mx.a.test by mx.b.test with ESMTPS id 1; now\r
Received: from laptop.a.test by mx.a.test with ESMTPSA id 1; now\r
To: Bob <bob@b.test>\r
Date: now\r
Message-ID: <1@mx.a.test>\r
";

    fn copy(letter: &Letter, header: &str) -> Vec<u8> {
        [header.as_bytes(), b"\r\n", letter::split(&letter.message).1].concat()
    }

    fn good(letter: &Letter) -> Evidence {
        Evidence {
            copies: vec![copy(letter, HEADER); 3],
            attachment: letter.attachment.clone(),
            listed_bcc: false,
            unseen_at_first: true,
            seen_later: true,
            left_of_carol: 0,
            left_of_bob: 1,
            queued: 0,
            stored: 1,
        }
    }

    /// The places of the checks that fail.
    fn failing(letter: &Letter, evidence: &Evidence) -> Vec<usize> {
        let checks = prove(letter, evidence).into_iter().enumerate();
        checks.filter(|(_, (proved, _))| !proved).map(|(place, _)| place).collect()
    }

    #[test]
    fn each_defect_is_noticed_by_its_own_check() {
        type Defect = fn(&Letter, &mut Evidence);
        fn change(letter: &Letter, evidence: &mut Evidence, from: &str, to: &str) {
            let header = HEADER.replace(from, to);
            assert_ne!(header, HEADER);
            evidence.copies[1] = copy(letter, &header);
        }
        let letter = Letter::write();
        assert!(failing(&letter, &good(&letter)).is_empty());
        let cases: [(usize, Defect); 18] = [
            (0, |_, e| e.copies[2].push(b'!')),
            (0, |_, e| _ = e.copies[0].pop()),
            (1, |_, e| e.attachment[7] ^= 1),
            (1, |_, e| e.attachment.clear()),
            (2, |_, e| e.listed_bcc = true),
            (2, |l, e| change(l, e, "To:", "Bcc: x@b.test\r\nTo:")),
            (2, |l, e| change(l, e, "bob@b.test>", "bob@b.test>, dave@b.test")),
            (3, |l, e| change(l, e, "Date: now\r\n", "")),
            (3, |l, e| change(l, e, "Message-ID: <1@mx.a.test>\r\n", "")),
            (3, |l, e| change(l, e, "Date: now\r\n", "Date: now\r\nDate: now\r\n")),
            (4, |l, e| change(l, e, "ESMTPSA", "ESMTPA")),
            (5, |l, e| change(l, e, "ESMTPS id", "ESMTP id")),
            (6, |_, e| e.stored = 3),
            (7, |_, e| e.seen_later = false),
            (7, |_, e| e.unseen_at_first = false),
            (8, |_, e| e.left_of_carol = 1),
            (8, |_, e| e.left_of_bob = 0),
            (9, |_, e| e.queued = 1),
        ];
        for (expected, defect) in cases {
            let mut evidence = good(&letter);
            defect(&letter, &mut evidence);
            assert_eq!(failing(&letter, &evidence), [expected]);
        }
    }

    #[test]
    fn without_all_three_copies_nothing_is_said_of_them() {
        let letter = Letter::write();
        let mut evidence = good(&letter);
        evidence.copies.pop();
        assert_eq!(failing(&letter, &evidence), [0, 2, 3, 4, 5]);
    }
}
