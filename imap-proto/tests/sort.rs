//! SORT and THREAD (RFC 5256): base subjects, the order of messages, and who answers whom.
#![allow(clippy::unwrap_used)]

use imap_proto::{
    mime::{Summary, summarize},
    response::{Response, Thread},
    sort::{Sorter, Threader, base_subject},
    types::{DateTime, SortCriterion, SortKey, ThreadAlgorithm},
};

#[test]
fn base_subjects() {
    for (subject, base, reply) in [
        ("lunch", "lunch", false),
        ("Re: lunch", "lunch", true),
        ("RE:Re : re: lunch", "lunch", true),
        ("Fwd: lunch", "lunch", true),
        ("fw: lunch", "lunch", true),
        ("Re[2]: lunch", "lunch", true),
        ("[list] Re: [list] lunch", "lunch", true),
        ("[a][b] lunch", "lunch", false),
        ("[list]", "[list]", false),
        ("Re: [list]", "[list]", true),
        ("lunch (fwd) (FWD)  ", "lunch", true),
        ("[Fwd: lunch]", "lunch", true),
        ("[fwd: Re: [x] lunch (fwd)]", "lunch", true),
        ("Re: ", "", true),
        ("(fwd)", "", true),
        ("", "", false),
        ("  two\t \r\n words  ", "two words", false),
        ("reply: no", "reply: no", false),
        ("[open lunch", "[open lunch", false),
        ("=?utf-8?q?Re:_Gr=C3=BC=C3=9Fe?=", "Grüße", true),
        ("Fwdx: a", "Fwdx: a", false),
    ] {
        assert_eq!(base_subject(subject.as_bytes()), (base.into(), reply), "{subject:?}");
    }
}

fn sorted(keys: &[(bool, SortKey)], messages: &[&str]) -> Vec<u32> {
    let criteria: Vec<_> =
        keys.iter().map(|(reverse, key)| SortCriterion { reverse: *reverse, key: *key }).collect();
    let mut sorter = Sorter::new(&criteria);
    for (uid, message) in (1..).zip(messages) {
        let blob = summarize(message.as_bytes());
        let summary = Summary::decode(&blob).unwrap();
        sorter.push(uid, DateTime::utc(1_000_000_000 - i64::from(uid)), &summary);
    }
    sorter.finish()
}

#[test]
fn messages_in_order() {
    let messages = [
        "Date: 31 Dec 2000 16:01:33 -0800\r\nFrom: Zoe <ann@x.test>\r\nSubject: Re: b\r\nCc: d@x.test\r\n\r\n",
        "Date: 1 Jan 2001 00:01:32 +0000\r\nFrom: \"bob\" <zed@x.test>\r\nSubject: a\r\nTo: Q <q@x.test>\r\n\r\nlonger",
        "From: carl@x.test\r\nSubject: B\r\nTo: p@x.test\r\n\r\n",
    ];
    use SortKey::{Arrival, Cc, Date, DisplayFrom, DisplayTo, From, Size, Subject, To};
    for (keys, order) in [
        (&[(false, Arrival)][..], [3, 2, 1]),
        // 16:01:33 in -0800 is one second after 00:01:32 of the next day; without a date, INTERNALDATE counts.
        (&[(false, Date)], [2, 1, 3]),
        (&[(true, Date)], [3, 1, 2]),
        (&[(false, From)], [1, 3, 2]),
        (&[(false, DisplayFrom)], [2, 3, 1]),
        (&[(false, DisplayTo)], [1, 3, 2]),
        (&[(false, To)], [1, 3, 2]),
        (&[(true, Cc)], [1, 2, 3]),
        (&[(false, Size)], [3, 1, 2]),
        // b and B are alike: the order of the mailbox, or the next key, decides.
        (&[(false, Subject)], [2, 1, 3]),
        (&[(true, Subject)], [1, 3, 2]),
        (&[(false, Subject), (true, From)], [2, 3, 1]),
    ] {
        assert_eq!(sorted(keys, &messages), order, "{keys:?}");
    }
}

#[test]
fn dates_as_they_come() {
    for (date, at) in [
        ("Thu, 1 Jan 1970 00:00:10 +0000", 10),
        ("1 Jan 1970 01:00 +0100", 0),
        ("1 Jan 70 00:00:00 GMT", 0),
        ("31 Dec 1969 19:00:00 EST", 0),
        ("1 Jan 1970 00:00:00 nonsense", 0),
        ("1 Jan 1970 99:00:00 +0000", 0),
        ("1 Jan 1970", 0),
        ("1 Jan 1970 00:00:00 -0000 (comment)", 0),
        ("31 Dec 1969 23:59:59 +0000", -1),
    ] {
        let blob = summarize(format!("Date: {date}\r\n\r\n").as_bytes());
        assert_eq!(Summary::decode(&blob).unwrap().sent_at(), Some(at), "{date}");
    }
    let blob = summarize(b"Date: soon\r\n\r\n");
    assert_eq!(Summary::decode(&blob).unwrap().sent_at(), None);
}

/// Subject, Message-ID, References, In-Reply-To; sent one after the other.
fn threads(algorithm: ThreadAlgorithm, messages: &[(&str, &str, &str, &str)]) -> String {
    let mut threader = Threader::new(algorithm);
    for (uid, (subject, id, references, in_reply_to)) in (1..).zip(messages) {
        let mut text = format!("Subject: {subject}\r\nDate: 1 Jan 2000 00:00:{uid:02} +0000\r\n");
        for (name, value) in
            [("Message-ID", id), ("References", references), ("In-Reply-To", in_reply_to)]
        {
            if !value.is_empty() {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        let blob = summarize(format!("{text}\r\n").as_bytes());
        threader.push(uid, DateTime::utc(0), &Summary::decode(&blob).unwrap());
    }
    let printed = Response::Thread(threader.finish()).print();
    String::from_utf8(printed).unwrap().trim_end().replace("* THREAD ", "")
}

#[test]
fn threads_by_subject() {
    let messages = [
        ("a", "", "", ""),
        ("b", "", "", ""),
        ("Re: a", "", "", ""),
        ("c", "", "", ""),
        ("[x] A", "", "", ""),
        ("Re: b", "", "", ""),
    ];
    assert_eq!(threads(ThreadAlgorithm::OrderedSubject, &messages), "(1 (3)(5))(2 6)(4)");
}

#[test]
fn threads_by_references() {
    let by = |messages: &[(&str, &str, &str, &str)]| threads(ThreadAlgorithm::References, messages);
    // A line of answers, by References and by In-Reply-To.
    assert_eq!(
        by(&[
            ("a", "<1@x>", "", ""),
            ("Re: a", "<2@x>", "<1@x>", ""),
            ("Re: a", "<3@x>", "", "<2@x> from somebody <u@v>"),
        ]),
        "(1 2 3)"
    );
    // Two answers, one of them answered; the answer came before its question.
    assert_eq!(
        by(&[
            ("Re: a", "<4@x>", "<1@x> <2@x>", ""),
            ("a", "<1@x>", "", ""),
            ("Re: a", "<2@x>", "<1@x>", ""),
            ("Re: a", "<3@x>", "<1@x>", ""),
        ]),
        "(2 (3 1)(4))"
    );
    // The question is not there: with one answer it is passed over, with two it is a dummy.
    assert_eq!(by(&[("Re: a", "<2@x>", "<1@x>", "")]), "(1)");
    assert_eq!(by(&[("Re: a", "<2@x>", "<1@x>", ""), ("Re: a", "<3@x>", "<1@x>", "")]), "((1)(2))");
    // Ids are the same however they are quoted.
    assert_eq!(by(&[("a", "<\"1\"@x>", "", ""), ("b", "<2@x>", "<1@x>", "")]), "(1 2)");
    // The same id twice, and loops.
    assert_eq!(
        by(&[("a", "<1@x>", "<2@x>", ""), ("b", "<2@x>", "<1@x>", ""), ("c", "<1@x>", "", "")]),
        "(2 1)(3)"
    );
    // Without references the subjects decide: an answer goes below, two questions below a dummy.
    assert_eq!(by(&[("a", "<1@x>", "", ""), ("Re: a", "<2@x>", "", "")]), "(1 2)");
    assert_eq!(by(&[("a", "<1@x>", "", ""), ("A", "<2@x>", "", "")]), "((1)(2))");
    assert_eq!(by(&[("", "<1@x>", "", ""), ("", "<2@x>", "", "")]), "(1)(2)");
}

#[test]
fn threads_by_references_alone() {
    let by = |messages: &[(&str, &str, &str, &str)]| threads(ThreadAlgorithm::Refs, messages);
    // Subjects join nothing.
    assert_eq!(by(&[("a", "<1@x>", "", ""), ("Re: a", "<2@x>", "", "")]), "(1)(2)");
    // The thread that was answered last is the last one.
    assert_eq!(
        by(&[
            ("a", "<1@x>", "", ""),
            ("b", "<2@x>", "", ""),
            ("c", "<3@x>", "", ""),
            ("Re: a", "<4@x>", "<1@x>", ""),
            ("Re: a", "<5@x>", "<1@x>", ""),
        ]),
        "(2)(3)(1 (4)(5))"
    );
    // A question that is not there: its answers are siblings.
    assert_eq!(
        by(&[("Re: a", "<2@x>", "<1@x>", ""), ("b", "", "", ""), ("Re: a", "<3@x>", "<1@x>", "")]),
        "(2)((1)(3))"
    );
}

#[test]
fn a_hundred_thousand_answers_are_no_burden() {
    // Each answers the one before, and every second one the first: deep and wide.
    let mut threader = Threader::new(ThreadAlgorithm::References);
    let n = 100_000u32;
    for uid in 1..=n {
        let parent = if uid % 2 == 0 { 1 } else { uid.saturating_sub(1) };
        let text =
            format!("Subject: s{uid}\r\nMessage-ID: <{uid}@x>\r\nReferences: <{parent}@x>\r\n\r\n");
        let blob = summarize(text.as_bytes());
        threader.push(uid, DateTime::utc(i64::from(uid)), &Summary::decode(&blob).unwrap());
    }
    let threads = threader.finish();
    let mut left: Vec<&Thread> = threads.iter().collect();
    let mut count = 0;
    while let Some(thread) = left.pop() {
        count += thread.numbers().len();
        left.extend(thread.branches());
    }
    assert_eq!(count, 100_000);
    let line = (1..=n).rev();
    let mut threader = Threader::new(ThreadAlgorithm::References);
    for uid in line {
        let text =
            format!("Subject: s\r\nMessage-ID: <{uid}@x>\r\nReferences: <{}@x>\r\n\r\n", uid - 1);
        let blob = summarize(text.as_bytes());
        threader.push(uid, DateTime::utc(i64::from(uid)), &Summary::decode(&blob).unwrap());
    }
    let threads = threader.finish();
    assert_eq!(threads.len(), 1);
    assert_eq!(threads.first().map(|thread| thread.numbers().len()), Some(100_000));
}
