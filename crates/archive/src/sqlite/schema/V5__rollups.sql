-- Roll-ups of an hour, made when the readings of a day are given up; `at` is the hour's beginning, `true_s` the seconds
-- between the first and the last reading in which a boolean was true.
CREATE TABLE readings_1h (
    series     INTEGER NOT NULL,
    is_boolean INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    min        REAL NOT NULL,
    max        REAL NOT NULL,
    mean       REAL NOT NULL,
    last       REAL NOT NULL,
    true_s     REAL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (series, at, is_boolean)
) STRICT, WITHOUT ROWID;
CREATE INDEX readings_1h_by_time ON readings_1h (at);

-- The days that have them. They are final: late readings of such a day change none.
CREATE TABLE rolled_days (
    day INTEGER PRIMARY KEY
) STRICT;
