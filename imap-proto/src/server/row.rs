//! FETCH responses, a row at a time, a literal in pieces (RFC 3501 §7.4.2).

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use bytes::Bytes;
use mailwire::Misuse;

use super::{
    Server,
    core::Core,
    updates::{fetch_head, push_flags},
    work::{OpenRow, Phase, Work},
};
use crate::{
    print::{self, Out, decimal},
    response::FetchData,
    types::{Atom, BodySection, DateTime, Part},
};

/// A FETCH response that is being written. It ends when the next row begins, or the command.
///
/// Items come in any order and can be left out. While a [literal](Self::literal) lacks octets
/// nothing else can be written.
#[derive(Debug)]
pub struct Row<'m> {
    core: &'m mut Core,
}

const LITERAL_FIRST: Misuse = Misuse::new("the literal lacks octets");

impl Server {
    /// The row of a message that [`Event::Fetch`](super::Event::Fetch) names. For the same message
    /// again it goes on with its row, after a literal for instance. `None` if the client does not
    /// know the message (any longer). The UID is written by itself where it belongs.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no FETCH waits, or a literal lacks octets.
    pub fn row(&mut self, uid: u32) -> Result<Option<Row<'_>>, Misuse> {
        let core = &mut self.core;
        let (Phase::Answer, Work::Fetch { uid: with_uid, row, .. }) = (&core.phase, &core.work)
        else {
            return Err(Misuse::new("row answers Event::Fetch"));
        };
        let with_uid = *with_uid;
        if let Some(open) = row
            && open.uid == uid
        {
            if open.literal > 0 {
                return Err(LITERAL_FIRST);
            }
            return Ok(Some(Row { core }));
        }
        core.close_row()?;
        let Some(seq) = core.view.as_ref().and_then(|view| view.seq(uid)) else {
            return Ok(None);
        };
        // Where the UID comes first, it is said already.
        let with_uid = with_uid && !core.uid_only;
        let head = fetch_head(core.uid_only, seq, uid, with_uid);
        core.send.put(head.trim_end().as_bytes());
        if let Work::Fetch { row, rows, .. } = &mut core.work {
            *rows = rows.saturating_add(1);
            *row = Some(OpenRow { uid, started: with_uid, literal: 0 });
        }
        Ok(Some(Row { core }))
    }

    /// The next octets of the literal that [`Row::literal`] began. 1,024 octets and more are sent
    /// without a copy. 0x80 stands for a NUL, which no literal can hold (RFC 3501 §4.3).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no literal wants so many.
    pub fn literal(&mut self, octets: Bytes) -> Result<(), Misuse> {
        let len = octets.len() as u64;
        match &mut self.core.work {
            Work::Fetch { row: Some(row), .. } if len <= row.literal => {
                row.literal -= len;
                self.core.send.put_bytes(match print::without_nul(&octets) {
                    Cow::Borrowed(_) => octets,
                    Cow::Owned(clean) => clean.into(),
                });
                Ok(())
            }
            _ => Err(Misuse::new("more octets than the literal was said to have")),
        }
    }
}

impl Core {
    /// Ends the row that is open, if there is one.
    pub(super) fn close_row(&mut self) -> Result<(), Misuse> {
        let Work::Fetch { row, .. } = &mut self.work else { return Ok(()) };
        match row.take() {
            None => Ok(()),
            Some(open) if open.literal > 0 => {
                *row = Some(open);
                Err(LITERAL_FIRST)
            }
            Some(_) => {
                self.send.put(b")\r\n");
                Ok(())
            }
        }
    }
}

impl Row<'_> {
    /// The flags. `\Recent` is added where it belongs.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets; so do all methods.
    pub fn flags<'f>(
        &mut self,
        flags: impl IntoIterator<Item = &'f str>,
    ) -> Result<&mut Self, Misuse> {
        let uid = self.begin()?.uid;
        let mut text = String::from("FLAGS (");
        let recent = self.core.view.as_ref().is_some_and(|view| view.recent.contains(uid));
        push_flags(&mut text, flags, recent);
        text.push(')');
        self.put(text.as_bytes());
        if let Some(view) = &mut self.core.view {
            view.forget_flags(uid); // what was pending is said now
        }
        Ok(self)
    }

    /// RFC822.SIZE: octets of the message.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn size(&mut self, octets: u64) -> Result<&mut Self, Misuse> {
        self.begin()?;
        self.put(format!("RFC822.SIZE {octets}").as_bytes());
        Ok(self)
    }

    /// INTERNALDATE.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn internal_date(&mut self, date: DateTime) -> Result<&mut Self, Misuse> {
        self.begin()?;
        self.put(format!("INTERNALDATE \"{date}\"").as_bytes());
        Ok(self)
    }

    /// MODSEQ (RFC 7162).
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn mod_seq(&mut self, mod_seq: u64) -> Result<&mut Self, Misuse> {
        self.begin()?;
        self.put(format!("MODSEQ ({mod_seq})").as_bytes());
        Ok(self)
    }

    /// SAVEDATE (RFC 8514): when the message came into the mailbox; `None` where that is not known.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn save_date(&mut self, date: Option<DateTime>) -> Result<&mut Self, Misuse> {
        self.begin()?;
        match date {
            Some(date) => self.put(format!("SAVEDATE \"{date}\"").as_bytes()),
            None => self.put(b"SAVEDATE NIL"),
        }
        Ok(self)
    }

    /// EMAILID (RFC 8474 §5.1).
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn email_id(&mut self, id: &Atom<'_>) -> Result<&mut Self, Misuse> {
        self.item(&FetchData::EmailId(id.clone()))
    }

    /// THREADID (RFC 8474 §5.2); `None` where the message is in no thread.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn thread_id(&mut self, id: Option<&Atom<'_>>) -> Result<&mut Self, Misuse> {
        self.item(&FetchData::ThreadId(id.cloned()))
    }

    /// PREVIEW (RFC 8970), as [`mime::preview`](crate::mime::preview) gives it; `None` where there is none at hand.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn preview(&mut self, text: Option<&str>) -> Result<&mut Self, Misuse> {
        self.item(&FetchData::Preview(text.map(|text| Cow::Borrowed(text.as_bytes()))))
    }

    /// BINARY of a part, or of a run of it, without its transfer encoding; `None` where there is no such part
    /// (RFC 3516 §4.3).
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn binary(
        &mut self,
        part: &Part,
        origin: Option<u64>,
        octets: Option<&[u8]>,
    ) -> Result<&mut Self, Misuse> {
        let octets = octets.map(Cow::Borrowed);
        self.item(&FetchData::Binary { part: part.clone(), origin, octets })
    }

    /// BINARY.SIZE: octets of a part without its transfer encoding (RFC 3516 §4.3).
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn binary_size(&mut self, part: &Part, octets: u64) -> Result<&mut Self, Misuse> {
        self.item(&FetchData::BinarySize(part.clone(), octets))
    }

    /// ENVELOPE, as [`mime::Summary::envelope`](crate::mime::Summary::envelope) gives it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn envelope(&mut self, printed: &[u8]) -> Result<&mut Self, Misuse> {
        self.printed(b"ENVELOPE ", printed)
    }

    /// BODY without a section, as [`mime::Summary::body`](crate::mime::Summary::body) gives it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn body(&mut self, printed: &[u8]) -> Result<&mut Self, Misuse> {
        self.printed(b"BODY ", printed)
    }

    /// BODYSTRUCTURE, as
    /// [`mime::Summary::body_structure`](crate::mime::Summary::body_structure) gives it.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn body_structure(&mut self, printed: &[u8]) -> Result<&mut Self, Misuse> {
        self.printed(b"BODYSTRUCTURE ", printed)
    }

    /// A section, its octets at once.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn section(
        &mut self,
        section: &BodySection<'_>,
        octets: &[u8],
    ) -> Result<&mut Self, Misuse> {
        self.literal(section, octets.len() as u64)?;
        if let Work::Fetch { row: Some(row), .. } = &mut self.core.work {
            row.literal = 0;
        }
        self.put(&print::without_nul(octets));
        Ok(self)
    }

    /// A section that is not there: NIL.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn section_nil(&mut self, section: &BodySection<'_>) -> Result<&mut Self, Misuse> {
        self.begin()?;
        let mut text = Vec::new();
        print::response_section(&mut text, section);
        text.extend_from_slice(b" NIL");
        self.put(&text);
        Ok(self)
    }

    /// A section of `len` octets; give them with [`Server::literal`]. Then
    /// [`Server::row`] goes on with the row.
    ///
    /// # Errors
    ///
    /// [`Misuse`] while a literal lacks octets.
    pub fn literal(&mut self, section: &BodySection<'_>, len: u64) -> Result<(), Misuse> {
        self.begin()?;
        let mut text = Vec::new();
        print::response_section(&mut text, section);
        text.extend_from_slice(b" {");
        decimal(&mut text, len);
        text.extend_from_slice(b"}\r\n");
        self.put(&text);
        if let Work::Fetch { row: Some(row), .. } = &mut self.core.work {
            row.literal = len;
        }
        Ok(())
    }

    fn item(&mut self, item: &FetchData<'_>) -> Result<&mut Self, Misuse> {
        self.begin()?;
        print::fetch_data(&mut self.core.send, item);
        Ok(self)
    }

    fn printed(&mut self, name: &[u8], printed: &[u8]) -> Result<&mut Self, Misuse> {
        self.begin()?;
        self.put(name);
        self.put(printed);
        Ok(self)
    }

    /// A blank before every item but the first.
    fn begin(&mut self) -> Result<OpenRow, Misuse> {
        let Work::Fetch { row: Some(row), .. } = &mut self.core.work else {
            return Err(Misuse::new("the row has ended"));
        };
        if row.literal > 0 {
            return Err(LITERAL_FIRST);
        }
        if core::mem::replace(&mut row.started, true) {
            self.core.send.put(b" ");
        }
        Ok(*row)
    }

    fn put(&mut self, octets: &[u8]) {
        Out::put(&mut self.core.send, octets);
    }
}
