//! Roll-ups on the server: what they hold, that late readings change them, and that retention takes them along.

use crate::cluster::{Cluster, Peer, await_that};
use crate::crash::Life;
use crate::source::{Archive, Item, Logs, START, reading, site, temperatures};
use crate::timescale::on_each_server;
use std::time::Duration;
use watchfire_archive::Retention;
use watchfire_model::{Decoded, DeviceName, Metric, Source, Timestamp, Value};

struct Centre<'a> {
    peer: &'a dyn Peer,
    database: String,
    archive: Archive,
    logs: Logs,
}

impl Centre<'_> {
    fn of(peer: &dyn Peer) -> Centre<'_> {
        let database = peer.make_database();
        let archive = Archive::on_peer(peer, &database);
        Centre { peer, database, archive, logs: Logs::default() }
    }

    fn push(&mut self, second: i64, item: Item) {
        self.logs.push(second, item);
        self.logs.deliver(&mut self.archive.store);
    }

    /// The rows of a table of roll-ups, times as seconds after the start.
    fn rows(&mut self, table: &str) -> String {
        self.archive.store.fold().unwrap();
        let seconds = |column: &str| format!("round(date_part('epoch', {column}) - {})", START.0 / 1_000_000);
        let sql = format!(
            "SELECT metric, {}, {}, {}, min, max, round(mean::numeric, 3), last, true_s, count
             FROM watchfire.{table} AS r JOIN watchfire.series ON series.id = r.series ORDER BY metric, device, at",
            seconds("at"),
            seconds("first_at"),
            seconds("last_at"),
        );
        self.peer.sql(&self.database, &sql)
    }
}

fn switch(device: &str, changes: &[(i64, bool)]) -> Item {
    let mut decoded = Decoded::new(Source::Watchfire);
    decoded.device = Some(DeviceName::new(device).unwrap());
    for (second, value) in changes {
        let at = Timestamp(START.0 + second * 1_000_000);
        decoded.readings.push(reading(Metric::PumpRunning, Value::Bool(*value), at));
    }
    Item::Frame(site("care"), decoded)
}

#[test]
fn minutes_hours_and_days_follow_the_readings_and_the_late_ones() {
    on_each_server(|peer| {
        let mut centre = Centre::of(peer);
        centre.push(0, temperatures("t-1", None, &[(0, 20.0), (10, 26.0), (59, 23.0), (60, 18.0)]));
        centre.push(3_600, temperatures("t-1", None, &[(3_600, 30.0)]));
        assert_eq!(
            centre.rows("readings_1m"),
            "temperature|0|0|59|20|26|23.000|23||3\n\
             temperature|60|60|60|18|18|18.000|18||1\n\
             temperature|3600|3600|3600|30|30|30.000|30||1"
        );
        assert_eq!(
            centre.rows("readings_1h"),
            "temperature|0|0|60|18|26|21.750|18||4\ntemperature|3600|3600|3600|30|30|30.000|30||1"
        );
        // Of the day before, between what is there, and a repeat, which counts once.
        centre.push(3_700, temperatures("t-1", None, &[(-86_400, 5.0), (30, 99.0), (10, 26.0), (61, 17.0)]));
        assert_eq!(
            centre.rows("readings_1m"),
            "temperature|-86400|-86400|-86400|5|5|5.000|5||1\n\
             temperature|0|0|59|20|99|42.000|23||4\n\
             temperature|60|60|61|17|18|17.500|17||2\n\
             temperature|3600|3600|3600|30|30|30.000|30||1"
        );
        assert_eq!(
            centre.rows("readings_1d"),
            "temperature|-115200|-86400|-86400|5|5|5.000|5||1\ntemperature|-28800|0|3600|17|99|33.286|30||7"
        );
    });
}

#[test]
fn time_in_state_is_that_between_the_readings() {
    on_each_server(|peer| {
        let mut centre = Centre::of(peer);
        centre.push(0, switch("p-1", &[(0, false), (20, true), (50, false), (55, true)]));
        centre.push(100, switch("p-1", &[(70, true), (100, false)]));
        centre.push(4_000, switch("p-1", &[(3_600, true), (4_000, false)]));
        assert_eq!(
            centre.rows("readings_1m"),
            "pump_running|0|0|55|0|1|0.500|1|30|4\n\
             pump_running|60|70|100|0|1|0.500|0|30|2\n\
             pump_running|3600|3600|3600|1|1|1.000|1|0|1\n\
             pump_running|3960|4000|4000|0|0|0.000|0|0|1"
        );
        assert_eq!(
            centre.rows("readings_1h"),
            "pump_running|0|0|100|0|1|0.500|0|75|6\npump_running|3600|3600|4000|0|1|0.500|0|400|2"
        );
        assert_eq!(centre.rows("readings_1d"), "pump_running|-28800|0|4000|0|1|0.500|0|475|8");
    });
}

#[test]
fn roll_ups_are_what_their_readings_come_to_after_any_life() {
    on_each_server(|peer| {
        let mut centre = Centre::of(peer);
        let mut life = Life::new(5);
        for _ in 0..25 {
            (0..40).for_each(|_| life.grow());
            life.logs.deliver(&mut centre.archive.store);
            if life.below(3) == 0 {
                centre.archive.store.fold().unwrap();
            }
            if life.below(4) == 0 {
                centre.archive.store = centre.archive.again();
            }
        }
        centre.archive.store.fold().unwrap();
        assert_roll_ups(centre.peer, &centre.database);
        assert_eq!(centre.peer.sql(&centre.database, "SELECT count(*) FROM watchfire.rollups_due"), "0");
    });
}

/// Roll-ups are what all the readings come to.
pub(crate) fn assert_roll_ups(peer: &dyn Peer, database: &str) {
    for (table, unit) in [("readings_1m", "minute"), ("readings_1h", "hour"), ("readings_1d", "day")] {
        let sql = format!(
            "WITH once AS (SELECT DISTINCT series, at, value FROM watchfire.readings), made AS (
                SELECT series, date_trunc('{unit}', at, 'UTC') AS at, min(at) AS first_at, max(at) AS last_at,
                       min(value), max(value), round(avg(value)::numeric, 9) AS mean, count(*) FROM once GROUP BY 1, 2),
             kept AS (SELECT series, at, first_at, last_at, min, max, round(mean::numeric, 9), count FROM watchfire.{table})
             SELECT (SELECT count(*) FROM kept) > 20 OR '{unit}' <> 'minute',
                    (SELECT count(*) FROM (TABLE made EXCEPT TABLE kept) AS missing),
                    (SELECT count(*) FROM (TABLE kept EXCEPT TABLE made) AS wrong)"
        );
        assert_eq!(peer.sql(database, &sql), "t|0|0", "{table}");
    }
}

#[test]
fn what_is_due_of_a_day_that_was_given_up_is_forgotten() {
    on_each_server(|peer| {
        let mut centre = Centre::of(peer);
        centre.push(0, temperatures("t-1", None, &[(0, 20.0)]));
        centre.push(86_400, temperatures("t-1", None, &[(86_400, 21.0)]));
        let later = START.plus(Duration::from_secs(86_400));
        let retention = Retention {
            readings_from: later,
            minutes_from: later,
            rollups_from: later,
            alerts_from: later,
            audit_from: later,
            bytes_wanted: None,
            files: None,
            now: later,
        };
        centre.archive.store.retain(&retention).unwrap();
        assert_eq!(centre.rows("readings_1m"), "temperature|86400|86400|86400|21|21|21.000|21||1");
        // A late one of that day makes the day again.
        centre.push(86_500, temperatures("t-1", None, &[(5, 19.0)]));
        assert!(centre.rows("readings_1d").starts_with("temperature|-28800|5|5|19|19|19.000|19||1\n"));
        let days = "SELECT string_agg(to_char(day, 'MM-DD') || ' ' || readings, ', ' ORDER BY day) FROM watchfire.days";
        assert_eq!(centre.peer.sql(&centre.database, days), "03-01 1, 03-02 1, 03-03 0, 03-04 0");
    });
}

#[test]
fn where_there_is_no_room_for_them_readings_are_given_up_without() {
    let Some(cluster) = Cluster::start() else { return };
    let mut centre = Centre::of(&cluster);
    cluster.sql(
        &centre.database,
        "SET search_path = watchfire;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON readings_1h FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
    );
    centre.logs.push(0, temperatures("t-1", None, &[(0, 20.0)]));
    centre.logs.push(86_400, temperatures("t-1", None, &[(86_400, 21.0)]));
    centre.logs.deliver(&mut centre.archive.store);
    let later = START.plus(Duration::from_secs(86_400));
    let retention = Retention {
        readings_from: later,
        minutes_from: later,
        rollups_from: later,
        alerts_from: later,
        audit_from: later,
        bytes_wanted: None,
        files: None,
        now: later,
    };
    assert_eq!(centre.archive.store.retain(&retention).unwrap().readings_by_age, 1);
    cluster.sql(&centre.database, "DROP TRIGGER refuse ON watchfire.readings_1h");
    centre.archive.store.fold().unwrap();
    assert_eq!(centre.rows("readings_1m"), "temperature|86400|86400|86400|21|21|21.000|21||1", "the rest has them");
}

#[test]
fn they_are_made_in_the_background() {
    let Some(cluster) = Cluster::start() else { return };
    let mut centre = Centre::of(&cluster);
    centre.push(0, temperatures("t-1", None, &[(0, 20.0)]));
    let count = "SELECT count(*) FROM watchfire.readings_1d";
    await_that("there is a roll-up", || centre.peer.sql(&centre.database, count) == "1");
}
