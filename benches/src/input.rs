//! Inputs, made the same each time.

use std::fmt::Write;

/// MAIL, 100 recipients and DATA, sent in one go: 102 commands.
pub fn pipelined() -> Vec<u8> {
    let mut wire = String::from("MAIL FROM:<sender@client.example.org>\r\n");
    for i in 0..100 {
        write!(wire, "RCPT TO:<recipient.{i:03}@mx.example.net>\r\n").expect("a String takes all");
    }
    wire.push_str("DATA\r\n");
    wire.into_bytes()
}

/// MAIL with five parameters that both sides of the comparison know.
pub const MAIL: &[u8] =
    b"MAIL FROM:<sender@client.example.org> SIZE=1048576 BODY=8BITMIME RET=HDRS ENVID=QQ314159 AUTH=<>\r\n";

/// A reply to EHLO as large servers have it.
pub const EHLO_REPLY: &[u8] = b"250-mx.example.org at your service\r\n\
    250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n\
    250-STARTTLS\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN\r\n";

/// A reply of one line.
pub const ONE_LINE_REPLY: &[u8] = b"250 2.1.5 Recipient ok\r\n";

/// Replies to MAIL and to 100 recipients, in one go.
pub fn replies() -> Vec<u8> {
    let mut wire = b"250 2.1.0 Sender ok\r\n".to_vec();
    (0..100).for_each(|_| wire.extend_from_slice(ONE_LINE_REPLY));
    wire
}

/// A message of `octets` or a few more: lines of 76 octets and CRLF, of which one in `dots` begins
/// with a dot (0: none), but never the first: smtp-proto 0.2 takes no dot out there.
pub fn message(octets: usize, dots: usize) -> Vec<u8> {
    let text = b"The quick brown fox jumps over the lazy dog. 0123456789 abcdefghijklmnopqrst";
    let mut body = Vec::with_capacity(octets + 128);
    let mut line = 0usize;
    while body.len() < octets {
        let dotted = dots > 0 && line > 0 && line.is_multiple_of(dots);
        body.push(if dotted { b'.' } else { b'-' });
        body.extend_from_slice(&text[..75]);
        body.extend_from_slice(b"\r\n");
        line += 1;
    }
    body
}

/// The message as it goes over the wire, its end included; by the plainest reading of RFC 5321
/// §4.5.2.
pub fn stuffed(body: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(body.len() + body.len() / 64 + 8);
    for line in body.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// A session of a client that pipelines: EHLO, and `messages` messages to 10 recipients of 1 KiB.
pub fn smtp_session(messages: usize) -> Vec<u8> {
    let mut wire = b"EHLO client.example.org\r\n".to_vec();
    let body = stuffed(&message(1024, 10));
    for _ in 0..messages {
        wire.extend_from_slice(b"MAIL FROM:<sender@client.example.org> SIZE=1024\r\n");
        for i in 0..10 {
            wire.extend_from_slice(
                format!("RCPT TO:<recipient.{i}@mx.example.net>\r\n").as_bytes(),
            );
        }
        wire.extend_from_slice(b"DATA\r\n");
        wire.extend_from_slice(&body);
    }
    wire
}

/// Eighteen kinds of IMAP commands, as clients send them.
pub const IMAP_COMMANDS: [&[u8]; 18] = [
    b"a001 NOOP\r\n",
    b"a002 CAPABILITY\r\n",
    b"a003 LOGIN alice {6+}\r\nsecret\r\n",
    b"a004 AUTHENTICATE PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n",
    b"a005 ID (\"name\" \"Mail\" \"version\" \"1.2\" \"vendor\" NIL)\r\n",
    b"a006 ENABLE CONDSTORE\r\n",
    b"a007 SELECT INBOX\r\n",
    b"a008 LIST (SUBSCRIBED) \"\" (\"INBOX\" \"Lists/*\") RETURN (CHILDREN STATUS (MESSAGES UNSEEN))\r\n",
    b"a009 STATUS \"Entw&APw-rfe\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\r\n",
    b"a010 CREATE Archive/2024\r\n",
    b"a011 RENAME \"Old name\" \"New name\"\r\n",
    b"a012 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (From To Cc Subject Date Message-ID)])\r\n",
    b"a013 FETCH 1,3:5,10:* (ENVELOPE BODYSTRUCTURE BODY.PEEK[1.2.MIME]<0.2048>)\r\n",
    b"a014 UID STORE 5:7,9 +FLAGS.SILENT (\\Seen \\Deleted $Forwarded)\r\n",
    b"a015 UID SEARCH RETURN (MIN MAX COUNT) OR (FROM \"smith\" SINCE 1-Feb-1994) NOT SEEN\r\n",
    b"a016 UID COPY 100:200 Trash\r\n",
    b"a017 UID MOVE 100:200,300 \"Archive/2024\"\r\n",
    b"a018 UID EXPUNGE 4:19\r\n",
];

/// A sequence set of `numbers` numbers, none next to another.
pub fn sequence_set(numbers: u32) -> String {
    let numbers: Vec<_> = (0..numbers).map(|n| (n * 2 + 1).to_string()).collect();
    numbers.join(",")
}
