//! A block: a run of points of one series and one day in a few bytes each.
//!
//! # Format, version 1
//! ```text
//! byte   version = 1
//! varint count, at least 1
//! byte   times: bits 0..2 the unit (0 µs, 1 ms, 2 s); bit 2: every point was received at its event time
//! times  signed varints: the first time since the day's start, then differences of differences, in that unit
//! if bit 2 is clear: signed varints, in µs: the first `received - at`, then differences
//! byte   values: 0 all booleans, 1 all numbers as their bits, 2 mixed, 16 + k decimals with k places (k = 0..=6)
//! values 0: one bit a point, low bits first · 1: varints of the byte-swapped XOR with the point before
//!        2: one byte a point (0 false, 1 true, 2 number: eight bytes follow) · 16 + k: signed varints, differences
//! ```
//! Every `i64` time and every `f64` comes back bit by bit. Sensors send decimals of few places at regular intervals,
//! which is why this needs 4 to 6 bytes a point where a row and its index need 45.

use crate::point::{DAY_US, Point};
use crate::varint::{Bytes, put, put_signed};
use watchfire_model::Value;

/// Most points of a block. More would make a block of decimals outgrow its page, fewer would waste keys.
pub(crate) const BLOCK_POINTS_MAX: usize = 400;

const VERSION: u8 = 1;
const RECEIVED_AT_ONCE: u8 = 4;
const UNITS_US: [i64; 3] = [1, 1_000, 1_000_000];
const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
const MANTISSA_MAX: f64 = 9_007_199_254_740_992.0;

const BOOLEANS: u8 = 0;
const BITS: u8 = 1;
const MIXED: u8 = 2;
const DECIMALS: u8 = 16;

/// The bytes are not a block of this version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Appends the block of `points`, which are in order and of that day.
pub(crate) fn encode(day: i64, points: &[Point], out: &mut Vec<u8>) {
    out.push(VERSION);
    put(out, points.len().try_into().unwrap_or(u64::MAX));
    put_times(day, points, out);
    if !put_booleans(points, out) && !put_decimals(points, out) && !put_bits(points, out) {
        put_mixed(points, out);
    }
}

/// Appends the points of a block to `points`.
pub(crate) fn decode(day: i64, block: &[u8], points: &mut Vec<Point>) -> Result<(), Malformed> {
    read(day, block, points).ok_or(Malformed)
}

fn read(day: i64, block: &[u8], points: &mut Vec<Point>) -> Option<()> {
    let mut bytes = Bytes(block);
    if bytes.byte()? != VERSION {
        return None;
    }
    let count = usize::try_from(bytes.unsigned()?).ok()?;
    // A boolean takes at least a bit and a time a byte: a count beyond that is not worth an allocation.
    if count == 0 || count > block.len() {
        return None;
    }
    let start = points.len();
    read_times(day, count, &mut bytes, points)?;
    read_values(&mut bytes, points.get_mut(start..)?)?;
    bytes.is_empty().then_some(())
}

fn put_times(day: i64, points: &[Point], out: &mut Vec<u8>) {
    let start = day.wrapping_mul(DAY_US);
    let whole = |unit: i64| points.iter().all(|point| point.at.wrapping_sub(start) % unit == 0);
    let (number, unit) = if whole(1_000_000) {
        (2, 1_000_000)
    } else if whole(1_000) {
        (1, 1_000)
    } else {
        (0, 1)
    };
    let at_once = points.iter().all(|point| point.at == point.received);
    out.push(number | if at_once { RECEIVED_AT_ONCE } else { 0 });

    let (mut last, mut step) = (0i64, 0i64);
    for point in points {
        let time = point.at.wrapping_sub(start) / unit;
        let next = time.wrapping_sub(last);
        put_signed(out, next.wrapping_sub(step));
        // The first difference is the time itself and foretells nothing.
        step = if last == 0 { 0 } else { next };
        last = time;
    }
    if !at_once {
        let mut last = 0i64;
        for point in points {
            let behind = point.received.wrapping_sub(point.at);
            put_signed(out, behind.wrapping_sub(last));
            last = behind;
        }
    }
}

fn read_times(day: i64, count: usize, bytes: &mut Bytes<'_>, points: &mut Vec<Point>) -> Option<()> {
    let start = day.wrapping_mul(DAY_US);
    let flags = bytes.byte()?;
    let unit = *UNITS_US.get(usize::from(flags & 3))?;
    let first = points.len();
    points.reserve(count);
    let (mut last, mut step) = (0i64, 0i64);
    for _ in 0..count {
        let next = step.wrapping_add(bytes.signed()?);
        let time = last.wrapping_add(next);
        step = if last == 0 { 0 } else { next };
        last = time;
        let at = start.wrapping_add(time.wrapping_mul(unit));
        points.push(Point { at, received: at, value: Value::Bool(false) });
    }
    if flags & RECEIVED_AT_ONCE == 0 {
        let mut behind = 0i64;
        for point in points.get_mut(first..)? {
            behind = behind.wrapping_add(bytes.signed()?);
            point.received = point.at.wrapping_add(behind);
        }
    }
    Some(())
}

fn put_booleans(points: &[Point], out: &mut Vec<u8>) -> bool {
    if !points.iter().all(|point| matches!(point.value, Value::Bool(_))) {
        return false;
    }
    out.push(BOOLEANS);
    for eight in points.chunks(8) {
        let bits = eight.iter().enumerate().map(|(bit, point)| u8::from(point.value == Value::Bool(true)) << bit);
        out.push(bits.fold(0, |byte, bit| byte | bit));
    }
    true
}

fn put_decimals(points: &[Point], out: &mut Vec<u8>) -> bool {
    let places = points.iter().try_fold(0, |places, point| places_of(point.value.as_number()?, places));
    let Some(places) = places else { return false };
    let start = out.len();
    out.push(DECIMALS | u8::try_from(places).unwrap_or(0));
    let mut last = 0i64;
    for point in points {
        // A value that a smaller number of places holds exactly may not survive a larger one; then bits are kept.
        let Some(mantissa) = point.value.as_number().and_then(|value| mantissa_of(value, places)) else {
            out.truncate(start);
            return false;
        };
        put_signed(out, mantissa.wrapping_sub(last));
        last = mantissa;
    }
    true
}

/// The least number of places, at least `from`, with which the value is a decimal exactly.
fn places_of(value: f64, from: usize) -> Option<usize> {
    (from..POWERS.len()).find(|places| mantissa_of(value, *places).is_some())
}

/// The value times that power of ten, when the quotient gives the value back bit by bit.
fn mantissa_of(value: f64, places: usize) -> Option<i64> {
    let power = POWERS.get(places)?;
    let mantissa = (value * power).round();
    // A whole number has no negative zero.
    let is_kept = mantissa != 0.0 || mantissa.is_sign_positive();
    if is_kept && mantissa.abs() < MANTISSA_MAX && (mantissa / power).to_bits() == value.to_bits() {
        Some(whole(mantissa))
    } else {
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the caller checked that it is a whole number below 2^53")]
fn whole(mantissa: f64) -> i64 {
    mantissa as i64
}

#[expect(clippy::cast_precision_loss, reason = "only mantissas below 2^53 were written; others only reach other bits")]
fn decimal(mantissa: i64, power: f64) -> f64 {
    mantissa as f64 / power
}

fn put_bits(points: &[Point], out: &mut Vec<u8>) -> bool {
    if !points.iter().all(|point| matches!(point.value, Value::Number(_))) {
        return false;
    }
    out.push(BITS);
    let mut last = 0u64;
    for point in points {
        let bits = point.value.as_number().map_or(0, f64::to_bits);
        put(out, (bits ^ last).swap_bytes());
        last = bits;
    }
    true
}

fn put_mixed(points: &[Point], out: &mut Vec<u8>) {
    out.push(MIXED);
    for point in points {
        put_value(point.value, out);
    }
}

/// Appends one value by itself.
pub(crate) fn put_value(value: Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => out.push(u8::from(value)),
        Value::Number(value) => {
            out.push(2);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }
}

/// Reads one value by itself.
pub(crate) fn read_value(bytes: &mut Bytes<'_>) -> Option<Value> {
    match bytes.byte()? {
        0 => Some(Value::Bool(false)),
        1 => Some(Value::Bool(true)),
        2 => Some(Value::Number(f64::from_bits(bytes.fixed()?))),
        _ => None,
    }
}

fn read_values(bytes: &mut Bytes<'_>, points: &mut [Point]) -> Option<()> {
    match bytes.byte()? {
        BOOLEANS => {
            let packed = bytes.take(points.len().div_ceil(8))?;
            for (eight, byte) in points.chunks_mut(8).zip(packed) {
                for (bit, point) in eight.iter_mut().enumerate() {
                    point.value = Value::Bool(byte >> bit & 1 == 1);
                }
            }
        }
        BITS => {
            let mut last = 0u64;
            for point in points {
                last ^= bytes.unsigned()?.swap_bytes();
                point.value = Value::Number(f64::from_bits(last));
            }
        }
        MIXED => {
            for point in points {
                point.value = read_value(bytes)?;
            }
        }
        form => {
            let power = *POWERS.get(usize::from(form.checked_sub(DECIMALS)?))?;
            let mut last = 0i64;
            for point in points {
                last = last.wrapping_add(bytes.signed()?);
                point.value = Value::Number(decimal(last, power));
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<u64>().prop_map(|bits| Value::Number(f64::from_bits(bits))),
            (-10_000i32..10_000, 0usize..4).prop_map(|(m, k)| Value::Number(f64::from(m) / POWERS[k])),
        ]
    }

    fn round_trip(day: i64, points: &[Point]) -> usize {
        let mut block = Vec::new();
        encode(day, points, &mut block);
        let mut back = Vec::new();
        decode(day, &block, &mut back).unwrap();
        let bits = |points: &[Point]| -> Vec<_> {
            points.iter().map(|p| (p.at, p.received, crate::point::value_bits(p.value))).collect()
        };
        assert_eq!(bits(&back), bits(points));
        block.len()
    }

    proptest! {
        #[test]
        fn every_point_comes_back_bit_by_bit(
            points in prop::collection::vec((any::<i64>(), any::<i64>(), value()), 1..60), day in -110_000_000i64..110_000_000,
        ) {
            let points: Vec<Point> = points.into_iter().map(|(at, received, value)| Point { at, received, value }).collect();
            round_trip(day, &points);
        }

        #[test]
        fn regular_numbers_come_back(
            steps in prop::collection::vec((0i64..5, -300i32..900, 0usize..4), 1..60), unit in prop::sample::select(vec![1i64, 1_000, 1_000_000]),
        ) {
            let points: Vec<Point> = steps.iter().scan(20_000 * DAY_US, |at, (step, m, k)| {
                *at += step * unit;
                Some(Point { at: *at, received: *at, value: Value::Number(f64::from(*m) / POWERS[*k]) })
            }).collect();
            round_trip(20_000, &points);
        }

        #[test]
        fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80), form in 0u8..3) {
            let mut block = vec![VERSION, form];
            block.extend(bytes);
            let _ = decode(3, &block, &mut Vec::new());
        }
    }

    #[test]
    fn a_negative_zero_stays_one() {
        round_trip(0, &[-0.0, 0.0, 1.5].map(|value| Point { at: 1, received: 1, value: Value::Number(value) }));
    }

    #[test]
    fn a_cut_block_is_refused() {
        let points: Vec<Point> = (0..50)
            .map(|n| Point { at: n * 60_000_000, received: n * 60_000_000 + 7, value: Value::Number(21.5) })
            .collect();
        let mut block = Vec::new();
        encode(0, &points, &mut block);
        for cut in 0..block.len() {
            assert_eq!(decode(0, &block[..cut], &mut Vec::new()), Err(Malformed), "cut at {cut}");
        }
    }

    #[test]
    fn a_temperature_each_minute_takes_few_bytes() {
        let points: Vec<Point> = (0..400)
            .map(|n| {
                let at = 20_000 * DAY_US + n * 60_000_000 + (n * 7_919) % 5_000;
                Point { at, received: at, value: Value::Number(f64::from(200 + i32::try_from(n % 17).unwrap()) / 10.0) }
            })
            .collect();
        let bytes = round_trip(20_000, &points);
        assert!(bytes < 400 * 4, "{bytes} bytes for 400 points");
    }
}
