//! RFC 6533: reports about addresses and messages beyond ASCII.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mail_parser::{MessageParser, MimeHeaders};
use smtp_proto::{
    Body, EnhancedCode, Mailbox, Orcpt, Ret,
    delivery::{Action, Diagnostic, Original, Report, ReportedRecipient, WrittenReport},
    trace::Date,
};

fn failed(address: &str) -> ReportedRecipient {
    ReportedRecipient::new(address, Action::Failed, EnhancedCode::new(5, 1, 1))
}

fn write(
    to: &str,
    recipient: ReportedRecipient,
    original: Original<'_>,
    ret: Option<Ret>,
) -> WrittenReport {
    let to = Mailbox::parse(to).unwrap();
    let recipients = [recipient];
    let date = Date::from_unix(1_700_000_000);
    let mut report = Report::new("mx.example.org", &to, "4F21", date, &recipients, original);
    report.ret = ret;
    report.write()
}

fn kinds(message: &[u8]) -> Vec<String> {
    let parsed = MessageParser::default().parse(message).unwrap();
    let kinds = parsed.parts[1..].iter().map(|part| part.content_type().unwrap());
    kinds.map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap())).collect()
}

#[test]
fn an_address_beyond_ascii_has_the_type_utf_8_in_a_global_status_part() {
    let mut recipient = failed("jörg@b.example");
    recipient.orcpt = Orcpt::new("utf-8;j\\x{F6}rg@b.example");
    recipient.diagnostic = Some(Diagnostic::Smtp("550 5.1.1 gibt es nicht, tschüß".into()));
    let written = write("alice@example.org", recipient, Original::new(b"Subject: x\r\n"), None);
    assert_eq!((written.body, written.smtputf8), (Body::EightBitMime, false));
    let message = written.message(b"");
    assert_eq!(
        kinds(&message),
        ["text/plain", "message/global-delivery-status", "text/rfc822-headers"]
    );
    let text = String::from_utf8(message).unwrap();
    assert!(text.contains("Original-Recipient: utf-8; jörg@b.example\r\n"), "{text}");
    assert!(text.contains("Final-Recipient: utf-8; jörg@b.example\r\n"), "{text}");
    assert!(text.contains("Diagnostic-Code: smtp; 550 5.1.1 gibt es nicht, tschüß\r\n"), "{text}");
    // RFC 5322 §2.2: the Subject stays ASCII without SMTPUTF8.
    assert!(text.contains("Subject: Undelivered mail: it did not reach a recipient\r\n"), "{text}");
}

#[test]
fn words_beyond_ascii_alone_do_not_make_the_status_part_global() {
    let mut recipient = failed("bob@b.example");
    recipient.diagnostic = Some(Diagnostic::Smtp("550 né".into()));
    let written = write("alice@example.org", recipient, Original::new(b"Subject: x\r\n"), None);
    assert_eq!((written.body, written.smtputf8), (Body::SevenBit, false));
    let message = written.message(b"");
    assert!(message.is_ascii());
    assert_eq!(kinds(&message)[1], "message/delivery-status");
    let text = String::from_utf8(message).unwrap();
    assert!(text.contains("Diagnostic-Code: smtp; 550 n?\r\n"), "{text}");
    assert!(text.contains("550 n=C3=A9"), "people read it as it is: {text}");
}

#[test]
fn a_message_with_smtputf8_comes_back_as_message_global_or_its_headers() {
    let header = "Subject: Grüße\r\n".as_bytes();
    let mut original = Original::new(header);
    original.smtputf8 = true;
    let written = write("alice@example.org", failed("bob@b.example"), original, None);
    assert_eq!(written.body, Body::EightBitMime);
    let message = written.message(b"");
    assert_eq!(kinds(&message)[1..], ["message/delivery-status", "message/global-headers"]);
    assert!(String::from_utf8(message).unwrap().contains("\r\n\r\nSubject: Grüße\r\n"));

    let written = write("alice@example.org", failed("bob@b.example"), original, Some(Ret::Full));
    assert!(written.whole);
    assert_eq!(written.body, Body::EightBitMime);
    let head = String::from_utf8(written.head).unwrap();
    assert!(head.ends_with(
        "Content-Type: message/global\r\nContent-Description: Your message\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n"
    ));
}

#[test]
fn a_sender_beyond_ascii_needs_smtputf8() {
    let original = Original::new(b"Subject: x\r\n");
    let written = write("älice@example.org", failed("bob@b.example"), original, None);
    assert!(written.smtputf8);
    assert_eq!(written.body, Body::EightBitMime);
    assert!(
        String::from_utf8(written.message(b"")).unwrap().contains("To: <älice@example.org>\r\n")
    );
}

#[test]
fn the_forms_of_a_utf_8_address() {
    let table = [
        // utf-8-addr-xtext
        ("\\x{4F60}\\x{597D}@example.com", "你好@example.com"),
        ("a\\x{2B}b\\x{5C}@example.com", "a+b\\@example.com"),
        ("\\x{10FFFF}@example.com", "\u{10FFFF}@example.com"),
        // utf-8-addr-unitext and utf-8-address
        ("你\\x{20}好@example.com", "你 好@example.com"),
        ("你好@example.com", "你好@example.com"),
        // No such code point, or not written so: "without alteration" (§3).
        ("\\x{D800}@example.com", "\\x{D800}@example.com"),
        ("\\x{110000}@example.com", "\\x{110000}@example.com"),
        ("\\x{1}@example.com", "\\x{1}@example.com"),
        ("\\x{zz}@example.com", "\\x{zz}@example.com"),
        ("\\x{4F60@example.com", "\\x{4F60@example.com"),
        ("\\x{0D}\\x{0A}@example.com", "\\x{0D}\\x{0A}@example.com"),
    ];
    for (encoded, address) in table {
        let orcpt = format!("UTF-8;{encoded}");
        let mut recipient = failed("bob@b.example");
        recipient.orcpt = Some(Orcpt::new(&orcpt).unwrap().into_owned());
        let original = Original::new(b"Subject: x\r\n");
        let message = write("alice@example.org", recipient, original, None).message(b"");
        let global = kinds(&message)[1] == "message/global-delivery-status";
        assert_eq!(global, !address.is_ascii(), "{encoded}");
        let text = String::from_utf8(message).unwrap();
        let field = format!("\r\nOriginal-Recipient: UTF-8; {address}\r\n");
        assert!(text.contains(&field), "{text}");
    }
}
