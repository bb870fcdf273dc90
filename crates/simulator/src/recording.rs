//! A recorded fire as a table of time: what each room's detector head would have sent.

/// One row: seconds since ignition, then per room its temperature (°C) and smoke (dB/m).
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Seconds since ignition.
    pub at_s: f64,
    /// Rooms in the order of [`Recording::rooms`].
    pub rooms: Vec<Sample>,
}

/// One room at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// 25 mm below the ceiling, °C.
    pub temperature: f64,
    /// Obscuration, dB/m.
    pub smoke: f64,
}

/// A recording with the moments at which the photoelectric alarms of the test sounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Lower-case names.
    pub rooms: Vec<&'static str>,
    /// In order of time.
    pub rows: Vec<Row>,
    /// Per room, seconds since ignition.
    pub photoelectric_alarm_s: Vec<f64>,
}

/// Test SDC33 of NIST TN 1455-1: a flaming upholstered chair (`tests/data/recordings/NOTICE.md`).
pub fn sdc33() -> Recording {
    let text = include_str!("../../../tests/data/recordings/nist_home_smoke_alarm_SDC33.csv");
    Recording {
        rooms: vec!["a", "b", "c", "d", "e"],
        rows: text.lines().skip(1).filter_map(row).collect(),
        photoelectric_alarm_s: vec![184.0, 184.0, 150.0, 138.0, 106.0],
    }
}

impl Recording {
    /// The row in force at `at_s`: the last one not after it; the first one before ignition.
    pub fn at(&self, at_s: f64) -> Option<&Row> {
        self.rows.iter().rev().find(|row| row.at_s <= at_s).or_else(|| self.rows.first())
    }

    /// Seconds from ignition to the last row.
    pub fn length_s(&self) -> f64 {
        self.rows.last().map_or(0.0, |row| row.at_s)
    }
}

/// The optical density is given in 1/m; times 10 it is dB/m.
fn row(line: &str) -> Option<Row> {
    let values: Vec<f64> = line.split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (at_s, rest) = values.split_first()?;
    let pairs = rest.chunks_exact(2);
    let rooms = pairs.filter_map(|pair| match pair {
        [temperature, density] => Some(Sample { temperature: *temperature, smoke: density.max(0.0) * 10.0 }),
        _ => None,
    });
    Some(Row { at_s: *at_s, rooms: rooms.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recording_is_whole() {
        let recording = sdc33();
        assert_eq!(recording.rows.len(), 101);
        assert!(recording.rows.iter().all(|row| row.rooms.len() == recording.rooms.len()));
        assert_eq!(recording.length_s(), 200.0);
        assert_eq!(recording.at(-5.0), recording.rows.first());
        // Smoke in room E passes 0.5 dB/m before its photoelectric alarm sounded.
        assert!(recording.at(92.0).unwrap().rooms[4].smoke > 0.5);
    }
}
