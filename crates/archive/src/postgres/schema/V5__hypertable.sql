-- Where the extension TimescaleDB is in the database before the first reading, `readings` and `readings_1m` are hypertables
-- with a chunk a UTC day of event time, and days that are over are compressed. Elsewhere, and in a database that has days
-- already, they stay as they are. Hours and days of roll-ups are few, and stay native in both.

-- The table that holds a day of `readings` or `readings_1m`; NULL: none yet.
CREATE FUNCTION day_part(parent text, wanted date) RETURNS regclass LANGUAGE sql STABLE AS $$
    SELECT to_regclass('watchfire.' || parent || '_' || to_char(wanted, 'YYYYMMDD'))
$$;

-- Whether days can be compressed.
CREATE FUNCTION can_compress() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';

-- Compresses a table of the oldest day before one that has any to compress; whether there was one.
CREATE FUNCTION compress_oldest(before date) RETURNS boolean LANGUAGE sql AS 'SELECT false';

-- Bytes of tables that are in a schema of the extension.
CREATE FUNCTION chunk_bytes() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 0::bigint';

DO $outer$
DECLARE
    place  text;
    parent text;
BEGIN
    SELECT quote_ident(nspname) INTO place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
     WHERE extname = 'timescaledb' AND has_schema_privilege(extnamespace, 'USAGE');
    IF place IS NULL OR EXISTS (SELECT FROM days) THEN RETURN; END IF;

    FOREACH parent IN ARRAY ARRAY['readings', 'readings_1m'] LOOP
        EXECUTE format('CREATE TABLE without_parts (LIKE %I)', parent);
        EXECUTE format('DROP TABLE %I', parent);
        EXECUTE format('ALTER TABLE without_parts RENAME TO %I', parent);
        EXECUTE format($$SELECT %s.create_hypertable('watchfire.%I', 'at', chunk_time_interval => interval '1 day',
            create_default_indexes => false)$$, place, parent);
    END LOOP;
    CREATE INDEX readings_by_series ON readings (series, at);
    ALTER TABLE readings_1m ADD PRIMARY KEY (series, at);

    EXECUTE format($with$
        CREATE OR REPLACE FUNCTION day_part(parent text, wanted date) RETURNS regclass LANGUAGE sql STABLE AS $$
            SELECT chunk FROM %1$s.show_chunks(('watchfire.' || parent)::regclass,
                newer_than => wanted::timestamp AT TIME ZONE 'UTC',
                older_than => (wanted + 1)::timestamp AT TIME ZONE 'UTC') AS chunk
        $$;

        -- The chunk of readings is made now, by a row that nobody sees, and not with the first of them: so each day has
        -- one that can be locked, and who writes readings locks nothing else.
        CREATE OR REPLACE FUNCTION make_day(wanted date) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            start timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
            part  text := 'readings_1h_' || to_char(wanted, 'YYYYMMDD');
        BEGIN
            INSERT INTO days (day, readings) VALUES (wanted, 0) ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN RETURN; END IF;
            INSERT INTO readings (at, received, value, series) VALUES (start, start, 0, 0);
            DELETE FROM readings WHERE at = start AND series = 0;
            EXECUTE format('CREATE TABLE %%I (LIKE readings_1h INCLUDING DEFAULTS)', part);
            EXECUTE format('ALTER TABLE readings_1h ATTACH PARTITION %%I FOR VALUES FROM (%%L) TO (%%L)', part, start,
                (wanted + 1)::timestamp AT TIME ZONE 'UTC');
        END $$;

        CREATE OR REPLACE FUNCTION drop_day(wanted date) RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE
            start timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
            after timestamptz := (wanted + 1)::timestamp AT TIME ZONE 'UTC';
            gone  bigint;
        BEGIN
            DELETE FROM days WHERE day = wanted RETURNING readings INTO gone;
            IF NOT FOUND THEN RETURN 0; END IF;
            PERFORM %1$s.drop_chunks('watchfire.readings', newer_than => start, older_than => after);
            PERFORM %1$s.drop_chunks('watchfire.readings_1m', newer_than => start, older_than => after);
            EXECUTE format('DROP TABLE %%I', 'readings_1h_' || to_char(wanted, 'YYYYMMDD'));
            DELETE FROM readings_1d WHERE at >= start AND at < after;
            RETURN gone;
        END $$;

        -- Where the licence is `apache` there is no compression.
        CREATE OR REPLACE FUNCTION can_compress() RETURNS boolean LANGUAGE sql STABLE AS $$
            SELECT current_setting('timescaledb.license', true) IS NOT DISTINCT FROM 'timescale'
        $$;

        -- What comes late lies beside the compressed rows of its chunk until it is compressed as well.
        CREATE OR REPLACE FUNCTION compress_oldest(before date) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            parent  text;
            chunk   regclass;
            is_open boolean;
        BEGIN
            IF NOT can_compress() THEN RETURN false; END IF;
            FOR parent IN SELECT hypertable_name FROM timescaledb_information.hypertables
                          WHERE hypertable_schema = 'watchfire' AND hypertable_name IN ('readings', 'readings_1m')
                            AND NOT compression_enabled LOOP
                EXECUTE format('ALTER TABLE %%I SET (timescaledb.compress, timescaledb.compress_segmentby = ''series'',
                    timescaledb.compress_orderby = ''at'')', parent);
            END LOOP;
            FOR chunk IN SELECT day_part(one, day) FROM days, unnest(ARRAY['readings', 'readings_1m']) AS one
                         WHERE day < before ORDER BY day, one LOOP
                CONTINUE WHEN chunk IS NULL OR pg_relation_size(chunk) = 0;
                EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %%s)', chunk) INTO is_open;
                CONTINUE WHEN NOT is_open;
                PERFORM %1$s.compress_chunk(chunk, if_not_compressed => true);
                RETURN true;
            END LOOP;
            RETURN false;
        END $$;

        CREATE OR REPLACE FUNCTION chunk_bytes() RETURNS bigint LANGUAGE sql STABLE AS $$
            SELECT %1$s.hypertable_size('watchfire.readings') + %1$s.hypertable_size('watchfire.readings_1m')
        $$;
    $with$, place);
END $outer$;
