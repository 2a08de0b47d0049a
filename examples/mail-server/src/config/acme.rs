//! Certificates by ACME.

use super::Tls;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Acme {
    /// Whether the terms of the authority are accepted: then it is asked for certificates.
    pub(crate) accept_terms: bool,
    /// Address that the authority may write to.
    pub(crate) contact: Option<String>,
    /// URL of the authority's directory (RFC 8555 §7.1.1).
    pub(crate) directory: String,
    /// PEM file with the root that the authority's own certificate leads to; those of the system if absent.
    pub(crate) ca: Option<PathBuf>,
}

impl Acme {
    /// Whether certificates are obtained: not where files are named.
    pub(crate) fn is_used(&self, tls: &Tls) -> bool {
        self.accept_terms && tls.certificate.is_none()
    }
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            accept_terms: false,
            contact: None,
            directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
            ca: None,
        }
    }
}
