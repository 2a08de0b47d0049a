use core::{
    ops::{Add, Sub},
    time::Duration,
};

/// A point in time, as a value.
///
/// The machines own no clock: whoever drives them says what time it is. An instant counts
/// microseconds from an epoch of the driver's choice, so tests can start at zero and let hours pass
/// in no time.
///
/// ```
/// use core::time::Duration;
/// use mailwire::Instant;
///
/// let start = Instant::from_micros(0);
/// assert_eq!((start + Duration::from_secs(2)).as_micros(), 2_000_000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant that lies `micros` microseconds after the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time.
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(rhs.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The same as [`Instant::since`].
    fn sub(self, rhs: Self) -> Duration {
        self.since(rhs)
    }
}
