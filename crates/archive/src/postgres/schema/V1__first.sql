-- The archive on PostgreSQL 15 or later. Times are timestamptz, days are UTC days, words are those of the API.

-- How far each log is archived. Written in the transaction of the rows.
CREATE TABLE cursors (
    log      text PRIMARY KEY CHECK (log IN ('entries', 'alerts')),
    journal  text NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 10);

-- Entries that the journal gave up before they were archived.
CREATE TABLE gaps (
    journal  text NOT NULL,
    from_seq bigint NOT NULL,
    to_seq   bigint NOT NULL,
    noted_at timestamptz NOT NULL
);

CREATE TABLE devices (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site           text COLLATE "C" NOT NULL,
    source         text COLLATE "C" NOT NULL,
    name           text COLLATE "C" NOT NULL,
    first_received timestamptz NOT NULL,
    -- Up to a minute old.
    last_received  timestamptz NOT NULL,
    UNIQUE (site, source, name)
) WITH (fillfactor = 70);

CREATE TABLE series (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device     integer NOT NULL REFERENCES devices (id),
    point      text COLLATE "C" NOT NULL,
    metric     text COLLATE "C" NOT NULL,
    unit       text COLLATE "C" NOT NULL,
    -- True: the values are 0 and 1.
    is_boolean boolean NOT NULL,
    UNIQUE (device, point, metric, unit, is_boolean)
);

-- Readings: one row each, one partition a UTC day of event time. No unique index: the cursor excludes re-delivery, and
-- who reads leaves out rows that repeat series, event time and value. The widest columns come first, so that a row has
-- no padding.
CREATE TABLE readings (
    at       timestamptz NOT NULL,
    received timestamptz NOT NULL,
    value    double precision NOT NULL,
    series   integer NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX readings_by_series ON readings (series, at);

-- Readings whose event time is more than 400 days before or a day after their receipt: of clocks that are wrong. They
-- answer like the others, but make no partitions and no roll-ups.
CREATE TABLE stray_readings (
    at       timestamptz NOT NULL,
    received timestamptz NOT NULL,
    value    double precision NOT NULL,
    series   integer NOT NULL
);
CREATE INDEX stray_readings_by_series ON stray_readings (series, at);
CREATE INDEX stray_readings_by_time ON stray_readings (at);

-- The days that have partitions, and the rows in them.
CREATE TABLE days (
    day      date PRIMARY KEY,
    readings bigint NOT NULL
) WITH (fillfactor = 50);

-- Roll-ups of a minute, an hour, a day; `at` is its beginning. They follow the readings within a minute, late ones too.
-- true_s: seconds between the first and the last reading in which a boolean was true.
CREATE TABLE readings_1m (
    at       timestamptz NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    min      double precision NOT NULL,
    max      double precision NOT NULL,
    mean     double precision NOT NULL,
    last     double precision NOT NULL,
    true_s   double precision,
    count    bigint NOT NULL,
    series   integer NOT NULL,
    PRIMARY KEY (series, at)
) PARTITION BY RANGE (at);
CREATE TABLE readings_1h (LIKE readings_1m, PRIMARY KEY (series, at)) PARTITION BY RANGE (at);
CREATE TABLE readings_1d (LIKE readings_1m, PRIMARY KEY (series, at));
CREATE INDEX readings_1d_by_time ON readings_1d (at);

-- What the roll-ups do not know yet: the minutes (since 1970) that each batch wrote to. A row a batch.
CREATE TABLE rollups_due (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    series   integer[] NOT NULL,
    minutes  integer[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
ALTER TABLE rollups_due ALTER series SET STORAGE EXTERNAL, ALTER minutes SET STORAGE EXTERNAL;

-- Idempotency keys of the last ten minutes, a row a batch. Format: recent_frames.rs.
CREATE TABLE recent_frames (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    last_received timestamptz NOT NULL,
    frames        bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
ALTER TABLE recent_frames ALTER frames SET STORAGE EXTERNAL;

-- The state of each alert; a fold of its transitions. `state` is the whole of it.
CREATE TABLE alerts (
    id              text COLLATE "C" PRIMARY KEY,
    class           text NOT NULL,
    severity        text NOT NULL,
    site            text NOT NULL,
    zone            text,
    source          text,
    device          text,
    point           text,
    rule            text NOT NULL,
    reason_en       text NOT NULL,
    reason_zh       text NOT NULL,
    condition       text NOT NULL,
    handling        text NOT NULL,
    verdict         text,
    cause           text,
    late            boolean NOT NULL,
    raised_at       timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    state           bytea NOT NULL
);
CREATE INDEX alerts_by_time ON alerts (raised_at, id);
CREATE INDEX alerts_by_site ON alerts (site, raised_at, id);
CREATE INDEX alerts_by_class ON alerts (class, raised_at, id);

-- Every transition; `record` is the whole of it, an alert log record.
CREATE TABLE transitions (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert     text COLLATE "C" NOT NULL,
    position  bigint NOT NULL,
    seq       bigint NOT NULL,
    at        timestamptz NOT NULL,
    step      text NOT NULL,
    class     text NOT NULL,
    severity  text NOT NULL,
    person    text,
    note      text,
    reason_en text NOT NULL,
    reason_zh text NOT NULL,
    record    bytea NOT NULL
);
CREATE INDEX transitions_by_alert ON transitions (alert, id);
CREATE INDEX transitions_by_time ON transitions (at);

-- Every attempt to tell somebody, and what became of it.
CREATE TABLE deliveries (
    id         text COLLATE "C" PRIMARY KEY,
    alert      text COLLATE "C" NOT NULL,
    cause      bigint NOT NULL,
    contact    text NOT NULL,
    channel    text NOT NULL,
    attempt    integer NOT NULL,
    state      text NOT NULL CHECK (state IN ('sending', 'delivered', 'failed')),
    failure    text,
    wait_s     integer,
    sends      integer NOT NULL,
    started_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    detail     text NOT NULL
);
CREATE INDEX deliveries_by_alert ON deliveries (alert, started_at);

-- What people ordered, one row an order given. Repeats have the same `id`.
CREATE TABLE orders (
    journal text NOT NULL,
    seq     bigint NOT NULL,
    at      timestamptz NOT NULL,
    id      text NOT NULL,
    person  text NOT NULL,
    kind    text NOT NULL,
    alert   text COLLATE "C" NOT NULL,
    verdict text,
    cause   text,
    note    text,
    forward text,
    PRIMARY KEY (seq, journal)
);
CREATE INDEX orders_by_time ON orders (at);

-- What was wrong with frames, counted.
CREATE TABLE defects (
    day    date NOT NULL,
    site   text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    kind   text COLLATE "C" NOT NULL,
    count  bigint NOT NULL,
    PRIMARY KEY (day, site, source, kind)
);

-- Makes the partitions of a day. They are attached, not created in place: that waits for no reader and stops none.
CREATE FUNCTION make_day(wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    part   text;
BEGIN
    INSERT INTO days (day, readings) VALUES (wanted, 0) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    FOREACH parent IN ARRAY ARRAY['readings', 'readings_1m', 'readings_1h'] LOOP
        part := parent || '_' || to_char(wanted, 'YYYYMMDD');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part,
            wanted::timestamp AT TIME ZONE 'UTC', (wanted + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$;

-- Drops the partitions of a day; gives the readings that were in it.
CREATE FUNCTION drop_day(wanted date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    gone   bigint;
BEGIN
    DELETE FROM days WHERE day = wanted RETURNING readings INTO gone;
    IF NOT FOUND THEN RETURN 0; END IF;
    FOREACH parent IN ARRAY ARRAY['readings', 'readings_1m', 'readings_1h'] LOOP
        EXECUTE format('DROP TABLE %I', parent || '_' || to_char(wanted, 'YYYYMMDD'));
    END LOOP;
    DELETE FROM readings_1d
     WHERE at >= wanted::timestamp AT TIME ZONE 'UTC' AND at < (wanted + 1)::timestamp AT TIME ZONE 'UTC';
    RETURN gone;
END $$;
