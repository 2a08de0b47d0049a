use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use super::{CommandCodec, ReplyCodec};

/// Decodes with one codec and encodes with another, for `Framed`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Pair<D, E> {
    /// What comes in.
    pub decoder: D,
    /// What goes out.
    pub encoder: E,
}

/// A server's side: command lines and message data in, replies out.
pub type ServerCodec = Pair<CommandCodec, ReplyCodec>;

/// A client's side: replies in, commands and message data out.
///
/// ```
/// use bytes::BytesMut;
/// use smtp_proto::{Command, codec::{ClientCodec, Data}};
/// use tokio_util::codec::{Decoder, Encoder};
///
/// let mut codec = ClientCodec::default();
/// let mut out = BytesMut::new();
/// codec.encode(Command::Data, &mut out)?;
/// let mut wire = BytesMut::from(&b"354 go ahead\r\n"[..]);
/// assert_eq!(codec.decode(&mut wire)?.map(|reply| reply.code()), Some(354));
/// codec.encode(Data::Chunk(b".hidden"), &mut out)?;
/// codec.encode(Data::End, &mut out)?;
/// assert_eq!(&out[..], b"DATA\r\n..hidden\r\n.\r\n");
/// # Ok::<(), smtp_proto::codec::CodecError>(())
/// ```
pub type ClientCodec = Pair<ReplyCodec, CommandCodec>;

impl<D, E> Pair<D, E> {
    /// Both codecs, with settings of their own.
    pub const fn new(decoder: D, encoder: E) -> Self {
        Self { decoder, encoder }
    }
}

impl<D: Decoder, E> Decoder for Pair<D, E> {
    type Item = D::Item;
    type Error = D::Error;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<D::Item>, D::Error> {
        self.decoder.decode(src)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<D::Item>, D::Error> {
        self.decoder.decode_eof(src)
    }
}

impl<T, D, E: Encoder<T>> Encoder<T> for Pair<D, E> {
    type Error = E::Error;

    fn encode(&mut self, item: T, dst: &mut BytesMut) -> Result<(), E::Error> {
        self.encoder.encode(item, dst)
    }
}
