//! A listener's port: a number, any free one, or none.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// Where one listener listens. Written as a number, `0` for any free port, or `off`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Port(Option<u16>);

impl Port {
    /// Any free port: the system picks one.
    pub(crate) const ANY: Self = Self(Some(0));
    /// No listener.
    pub(crate) const OFF: Self = Self(None);

    pub(crate) const fn number(number: u16) -> Self {
        Self(Some(number))
    }

    /// The number to bind to; `None` if there is to be no listener.
    pub(crate) const fn to_bind(self) -> Option<u16> {
        self.0
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::OFF),
            _ => text.parse().map(Self::number).map_err(|_| EXPECTED.into()),
        }
    }
}

const EXPECTED: &str = "give a port from 1 to 65535, 0 for any free port, or `off`";

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => number.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl Serialize for Port {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(number) => serializer.serialize_u16(number),
            None => serializer.serialize_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Port;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port from 1 to 65535, 0 for any free port, or \"off\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Port, E> {
                u16::try_from(number)
                    .map(Port::number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Port, E> {
                u16::try_from(number)
                    .map(Port::number)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Port, E> {
                text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
