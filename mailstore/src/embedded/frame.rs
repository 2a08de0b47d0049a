//! The frame around every write in the log; FORMAT.md describes it for those who implement it anew.

/// Octets of a frame's header.
pub(super) const HEADER: usize = 48;

/// What a frame starts with.
pub(super) const MAGIC: [u8; 4] = *b"MFr1";

/// A frame's header. After it come `redo_len` octets of changes and `data_len` octets of message data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) redo_len: u32,
    pub(super) data_len: u32,
    pub(super) redo_crc: u32,
    pub(super) data_crc: u32,
    /// The log position of this header.
    pub(super) at: u64,
    /// The log position of the first frame of the group that was made durable at once.
    pub(super) group: u64,
}

impl Header {
    /// The header's octets. `key` is the store's secret: octets inside a message cannot pass for a
    /// frame.
    pub(super) fn encode(&self, key: u64) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        let fields = [
            &MAGIC[..],
            &self.redo_len.to_le_bytes(),
            &self.data_len.to_le_bytes(),
            &self.redo_crc.to_le_bytes(),
            &self.data_crc.to_le_bytes(),
            &[0; 4],
            &self.at.to_le_bytes(),
            &self.group.to_le_bytes(),
        ]
        .concat();
        let crc = checksum(key, &fields);
        let octets = fields.into_iter().chain(crc.to_le_bytes());
        out.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
        out
    }

    /// The header at the start of `octets`; `None` when there is none whose checksum is right.
    pub(super) fn decode(octets: &[u8], key: u64) -> Option<Header> {
        let (fields, rest) = octets.split_at_checked(40)?;
        let crc = u32::from_le_bytes(*rest.first_chunk()?);
        let unused = rest.get(4..8)? != [0; 4];
        if !fields.starts_with(&MAGIC) || unused || checksum(key, fields) != crc {
            return None;
        }
        let u32_at = |at: usize| Some(u32::from_le_bytes(*fields.get(at..)?.first_chunk()?));
        let u64_at = |at: usize| Some(u64::from_le_bytes(*fields.get(at..)?.first_chunk()?));
        Some(Header {
            redo_len: u32_at(4)?,
            data_len: u32_at(8)?,
            redo_crc: u32_at(12)?,
            data_crc: u32_at(16)?,
            at: u64_at(24)?,
            group: u64_at(32)?,
        })
    }

    /// Octets of the whole frame.
    pub(super) fn length(&self) -> u64 {
        HEADER_U64 + u64::from(self.redo_len) + u64::from(self.data_len)
    }
}

pub(super) const HEADER_U64: u64 = 48;

fn checksum(key: u64, fields: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&key.to_le_bytes()), fields)
}
