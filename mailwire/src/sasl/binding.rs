use bytes::Bytes;

/// What ties an authentication to the TLS connection it runs over (RFC 5056), as a TLS library gives
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelBinding {
    /// `tls-exporter` (RFC 9266): 32 octets exported under the label `EXPORTER-Channel-Binding`
    /// with an empty context. For TLS 1.3, and TLS 1.2 with the extended master secret.
    pub exporter: Option<Bytes>,
    /// `tls-server-end-point` (RFC 5929 §4): the hash of the server's certificate.
    pub server_end_point: Option<Bytes>,
}

impl ChannelBinding {
    /// Whether there is nothing to bind to.
    pub const fn is_none(&self) -> bool {
        self.exporter.is_none() && self.server_end_point.is_none()
    }

    /// The data of the type of this name.
    pub(super) fn of(&self, name: &str) -> Option<&Bytes> {
        match name {
            "tls-exporter" => self.exporter.as_ref(),
            "tls-server-end-point" => self.server_end_point.as_ref(),
            _ => None,
        }
    }

    /// The best there is: name and data.
    pub(super) fn best(&self) -> Option<(&'static str, &Bytes)> {
        let named = |name| self.of(name).map(|data| (name, data));
        named("tls-exporter").or_else(|| named("tls-server-end-point"))
    }
}
