-- Roll-ups outlive their readings. From the day on at which these were given up they are final: late readings of that day
-- are answered as long as they are there, and change no roll-up.
CREATE TABLE rolled_days (
    day         date PRIMARY KEY,
    -- Whether those of minutes are still there.
    has_minutes boolean NOT NULL
);

-- Makes the table of a day; of a hypertable that of readings only, with a row that nobody sees.
CREATE FUNCTION make_part(parent text, wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    start timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
    part  text := parent || '_' || to_char(wanted, 'YYYYMMDD');
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = ('watchfire.' || parent)::regclass) = 'p' THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, start,
            (wanted + 1)::timestamp AT TIME ZONE 'UTC');
    ELSIF parent = 'readings' THEN
        INSERT INTO readings (at, received, value, series) VALUES (start, start, 0, 0);
        DELETE FROM readings WHERE at = start AND series = 0;
    END IF;
END $$;

-- Drops the table of a day.
CREATE FUNCTION drop_part(parent text, wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    place text;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = ('watchfire.' || parent)::regclass) = 'p' THEN
        EXECUTE format('DROP TABLE %I', parent || '_' || to_char(wanted, 'YYYYMMDD'));
    ELSE
        SELECT quote_ident(nspname) INTO place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
         WHERE extname = 'timescaledb';
        EXECUTE format('SELECT %s.drop_chunks(%L, newer_than => %L::timestamptz, older_than => %L::timestamptz)', place,
            'watchfire.' || parent, wanted::timestamp AT TIME ZONE 'UTC',
            (wanted + 1)::timestamp AT TIME ZONE 'UTC');
    END IF;
END $$;

-- Makes the tables of a day's roll-ups, unless it has roll-ups that are final.
CREATE FUNCTION make_rollup_parts(wanted date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM rolled_days WHERE day = wanted) THEN RETURN; END IF;
    PERFORM make_part('readings_1m', wanted);
    PERFORM make_part('readings_1h', wanted);
END $$;

-- Makes what a day needs. Partitions are attached, not created in place: that waits for no reader and stops none.
CREATE OR REPLACE FUNCTION make_day(wanted date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO days (day, readings) VALUES (wanted, 0) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM make_part('readings', wanted);
    PERFORM make_rollup_parts(wanted);
END $$;

-- Drops a day's readings; gives how many they were. Its roll-ups stay.
CREATE OR REPLACE FUNCTION drop_day(wanted date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM days WHERE day = wanted RETURNING readings INTO gone;
    IF NOT FOUND THEN RETURN 0; END IF;
    PERFORM drop_part('readings', wanted);
    INSERT INTO rolled_days (day, has_minutes) VALUES (wanted, true) ON CONFLICT DO NOTHING;
    RETURN gone;
END $$;

-- Drops the minutes of a day whose roll-ups are final.
CREATE FUNCTION drop_minutes(wanted date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE rolled_days SET has_minutes = false WHERE day = wanted AND has_minutes;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM drop_part('readings_1m', wanted);
END $$;

-- Drops all roll-ups of a day whose roll-ups are final.
CREATE FUNCTION drop_rollups(wanted date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM drop_minutes(wanted);
    DELETE FROM rolled_days WHERE day = wanted;
    IF NOT FOUND THEN RETURN; END IF;
    PERFORM drop_part('readings_1h', wanted);
    DELETE FROM readings_1d
     WHERE at >= wanted::timestamp AT TIME ZONE 'UTC' AND at < (wanted + 1)::timestamp AT TIME ZONE 'UTC';
    -- Late readings are there: they make roll-ups like any.
    IF EXISTS (SELECT FROM days WHERE day = wanted) THEN PERFORM make_rollup_parts(wanted); END IF;
END $$;
