use core::fmt;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The number of a month, 1 to 12, from its English short name in any case.
pub(crate) fn month_number(name: &[u8]) -> Option<u8> {
    let at = MONTHS.iter().position(|m| m.as_bytes().eq_ignore_ascii_case(name))?;
    u8::try_from(at.saturating_add(1)).ok()
}

fn month_name(number: u8) -> &'static str {
    MONTHS.get(usize::from(number).saturating_sub(1)).copied().unwrap_or("Jan")
}

/// A calendar day, without a time or zone, as SEARCH uses it (RFC 3501 §9 `date`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day of the calendar; `None` if there is no such day. Years 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self {
            year,
            month,
            day,
        })
    }

    /// The year, 1 to 9999.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.day
    }

    /// Days since 1 January 1970.
    pub fn days_since_epoch(self) -> i64 {
        // Years run from March here, so that the leap day comes last.
        let (m, d) = (i64::from(self.month), i64::from(self.day));
        let y = i64::from(self.year) - i64::from(m <= 2);
        let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
        let doy = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
        era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
    }

    /// The day that lies `days` after 1 January 1970; `None` outside the years 1 to 9999.
    pub fn from_days_since_epoch(days: i64) -> Option<Self> {
        let z = days.checked_add(719_468)?;
        let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let day = doy - (153 * mp + 2) / 5 + 1;
        let year = yoe + era * 400 + i64::from(month <= 2);
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }
}

impl fmt::Display for Date {
    /// `1-Feb-1994`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04}", self.day, month_name(self.month), self.year)
    }
}

/// A moment with the zone it was written in: INTERNALDATE (RFC 3501 §9 `date-time`).
///
/// ```
/// use imap_proto::types::DateTime;
///
/// let date: DateTime = DateTime::new(824_290_663, -7 * 60).unwrap();
/// assert_eq!(date.to_string(), "14-Feb-1996 02:37:43 -0700");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    unix: i64,
    zone: i16,
}

impl DateTime {
    /// The moment `unix` seconds after 1 January 1970 UTC, written in the zone `zone` minutes east
    /// of Greenwich. `None` outside the years 1 to 9999 or beyond 99:59 hours of zone.
    pub fn new(unix: i64, zone: i16) -> Option<Self> {
        let date = Self { unix, zone };
        (zone.unsigned_abs() < 6000).then_some(())?;
        date.local_date_checked()?;
        Some(date)
    }

    /// The moment in UTC; the epoch for one outside the years 1 to 9999.
    pub fn utc(unix: i64) -> Self {
        Self::new(unix, 0).unwrap_or(Self { unix: 0, zone: 0 })
    }

    pub(crate) fn from_civil(date: Date, time: (u8, u8, u8), zone: i16) -> Option<Self> {
        let (h, m, s) = time;
        (h < 24 && m < 60 && s <= 60).then_some(())?;
        let of_day = i64::from(h) * 3600 + i64::from(m) * 60 + i64::from(s);
        Self::new(date.days_since_epoch() * 86_400 + of_day - i64::from(zone) * 60, zone)
    }

    /// Seconds since 1 January 1970 UTC.
    pub fn unix(self) -> i64 {
        self.unix
    }

    /// Minutes east of Greenwich.
    pub fn zone(self) -> i16 {
        self.zone
    }

    fn local(self) -> i64 {
        self.unix.saturating_add(i64::from(self.zone) * 60)
    }

    fn local_date_checked(self) -> Option<Date> {
        Date::from_days_since_epoch(self.local().div_euclid(86_400))
    }

    /// The day as the zone had it: what SEARCH compares, "disregarding time and timezone".
    pub fn local_date(self) -> Date {
        self.local_date_checked().unwrap_or(Date { year: 1970, month: 1, day: 1 })
    }
}

impl fmt::Display for DateTime {
    /// `17-Jul-1996 02:44:25 -0700`; the day takes two columns (RFC 3501 §9 `date-day-fixed`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.local_date(), self.local().rem_euclid(86_400));
        let (sign, zone) = (if self.zone < 0 { '-' } else { '+' }, self.zone.unsigned_abs());
        write!(
            f,
            "{:2}-{}-{:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            date.day,
            month_name(date.month),
            date.year,
            time / 3600,
            time / 60 % 60,
            time % 60,
            zone / 60,
            zone % 60,
        )
    }
}
