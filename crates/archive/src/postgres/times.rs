//! Times, days and words as the server takes them.

use crate::point::DAY_US;
use bytes::{BufMut, BytesMut};
use std::borrow::Cow;
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// 2000-01-01T00:00:00Z in µs since 1970: where PostgreSQL counts from.
const EPOCH_US: i64 = 946_684_800_000_000;
const EPOCH_DAY: i64 = 10_957;
/// The first time that a timestamptz can hold, in 4713 BC, in µs since 2000. Before it the server refuses the row. The
/// last one is beyond what `i64` holds since 1970.
const FIRST: i64 = -211_813_488_000_000_000;

/// A time in µs since 1970 as a `timestamptz`. The ends of `i64` are infinite; what is before the first
/// `timestamptz` is taken as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(pub(crate) i64);

/// A day since 1970 as a `date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) i64);

impl At {
    /// As the server counts.
    pub(crate) fn raw(self) -> i64 {
        match self.0 {
            i64::MIN | i64::MAX => self.0,
            us => us.saturating_sub(EPOCH_US).max(FIRST),
        }
    }

    /// From the server's count.
    pub(crate) fn of_raw(raw: i64) -> At {
        match raw {
            i64::MIN | i64::MAX => At(raw),
            raw => At(raw.saturating_add(EPOCH_US)),
        }
    }
}

impl ToSql for At {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(self.raw());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<At, Box<dyn Error + Sync + Send>> {
        Ok(At::of_raw(i64::from_sql(&Type::INT8, raw)?))
    }

    accepts!(TIMESTAMPTZ);
}

impl Day {
    /// As the server counts.
    pub(crate) fn raw(self) -> Result<i32, std::num::TryFromIntError> {
        i32::try_from(self.0.saturating_sub(EPOCH_DAY))
    }

    /// The day's beginning in µs since 1970.
    pub(crate) fn start(self) -> i64 {
        self.0.saturating_mul(DAY_US)
    }
}

impl ToSql for Day {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i32(self.raw()?);
        Ok(IsNull::No)
    }

    accepts!(DATE);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Day {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Day, Box<dyn Error + Sync + Send>> {
        Ok(Day(i64::from(i32::from_sql(&Type::INT4, raw)?) + EPOCH_DAY))
    }

    accepts!(DATE);
}

/// A text that PostgreSQL takes: it holds no NUL, which a maker's word or an operator's note may.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_and_none_is_out_of_range() {
        for us in [0, -1, EPOCH_US, 1_772_352_000_000_001, i64::MIN, i64::MAX] {
            assert_eq!(At::of_raw(At(us).raw()), At(us));
        }
        assert_eq!(At(EPOCH_US).raw(), 0);
        assert_eq!(At(i64::MIN + 1).raw(), FIRST);
        assert!(At(i64::MAX - 1).raw() < 9_223_371_331_200_000_000, "the end of timestamptz");
    }

    #[test]
    fn a_nul_becomes_a_mark() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert_eq!(clean("中"), "中");
    }
}
