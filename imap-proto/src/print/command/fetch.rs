use alloc::format;

use super::Printer;
use crate::{
    print::{Out, section_with},
    types::{BodySection, FetchItem, Part, SectionSpelling},
};

impl Printer {
    /// `"(" fetch-att *(SP fetch-att) ")"`
    pub(super) fn fetch_items(&mut self, items: &[FetchItem<'_>]) {
        self.list(items, |p, item| match item {
            FetchItem::Flags => p.put(b"FLAGS"),
            FetchItem::Uid => p.put(b"UID"),
            FetchItem::InternalDate => p.put(b"INTERNALDATE"),
            FetchItem::Size => p.put(b"RFC822.SIZE"),
            FetchItem::Envelope => p.put(b"ENVELOPE"),
            FetchItem::Body => p.put(b"BODY"),
            FetchItem::BodyStructure => p.put(b"BODYSTRUCTURE"),
            FetchItem::ModSeq => p.put(b"MODSEQ"),
            FetchItem::Preview { lazy: false } => p.put(b"PREVIEW"),
            FetchItem::Preview { lazy: true } => p.put(b"PREVIEW (LAZY)"),
            FetchItem::SaveDate => p.put(b"SAVEDATE"),
            FetchItem::EmailId => p.put(b"EMAILID"),
            FetchItem::ThreadId => p.put(b"THREADID"),
            FetchItem::GmailMessageId => p.put(b"X-GM-MSGID"),
            FetchItem::GmailThreadId => p.put(b"X-GM-THRID"),
            FetchItem::GmailLabels => p.put(b"X-GM-LABELS"),
            FetchItem::Binary { part, partial, peek } => {
                p.part(if *peek { "BINARY.PEEK" } else { "BINARY" }, part);
                if let Some(partial) = partial {
                    p.text(format!("<{}.{}>", partial.offset, partial.len));
                }
            }
            FetchItem::BinarySize(part) => p.part("BINARY.SIZE", part),
            FetchItem::Section(item) => p.section(item),
        });
    }

    fn part(&mut self, word: &str, part: &Part) {
        self.text(format_args!("{word}[{part}]"));
    }

    fn section(&mut self, item: &BodySection<'_>) {
        match item.name.spelling {
            SectionSpelling::Rfc822 => return self.put(b"RFC822"),
            SectionSpelling::Rfc822Header => return self.put(b"RFC822.HEADER"),
            SectionSpelling::Rfc822Text => return self.put(b"RFC822.TEXT"),
            SectionSpelling::Body => {}
        }
        self.put(if item.peek { b"BODY.PEEK" } else { b"BODY" });
        // A name that needs a literal is waited for like any other.
        section_with(self, &item.name.section, Self::astring);
        if let Some(partial) = item.partial {
            self.text(format!("<{}.{}>", partial.offset, partial.len));
        }
    }
}
