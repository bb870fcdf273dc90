-- Times are microseconds since 1970-01-01T00:00:00Z. Days are UTC days since 1970-01-01. Words are those of the API.

-- How far each log is archived. Written in the transaction of the rows.
CREATE TABLE cursors (
    log      TEXT PRIMARY KEY CHECK (log IN ('entries', 'alerts')),
    journal  TEXT NOT NULL,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries that the journal gave up before they were archived.
CREATE TABLE gaps (
    journal  TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq   INTEGER NOT NULL,
    noted_at INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id             INTEGER PRIMARY KEY,
    site           TEXT NOT NULL,
    source         TEXT NOT NULL,
    name           TEXT NOT NULL,
    first_received INTEGER NOT NULL,
    last_received  INTEGER NOT NULL,
    recent_keys    BLOB NOT NULL,
    UNIQUE (site, source, name)
) STRICT;

CREATE TABLE series (
    id     INTEGER PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES devices (id),
    point  TEXT NOT NULL,
    metric TEXT NOT NULL,
    unit   TEXT NOT NULL,
    UNIQUE (device, point, metric, unit)
) STRICT;

-- Readings as they came, one row a batch, until they are folded into blocks. Format: tail.rs.
CREATE TABLE tail (
    id       INTEGER PRIMARY KEY,
    readings INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    frames   BLOB NOT NULL
) STRICT;

-- Readings by day and series. Format: block.rs. The day comes first: a fold writes one region, retention drops one.
CREATE TABLE blocks (
    day      INTEGER NOT NULL,
    series   INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    part     INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    points   BLOB NOT NULL,
    PRIMARY KEY (day, series, first_at, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    day      INTEGER PRIMARY KEY,
    readings INTEGER NOT NULL
) STRICT;

-- The state of each alert; a fold of its transitions. `state` is the whole of it (alert_rows.rs).
CREATE TABLE alerts (
    id              TEXT PRIMARY KEY,
    class           TEXT NOT NULL,
    severity        TEXT NOT NULL,
    site            TEXT NOT NULL,
    zone            TEXT,
    source          TEXT,
    device          TEXT,
    point           TEXT,
    rule            TEXT NOT NULL,
    reason_en       TEXT NOT NULL,
    reason_zh       TEXT NOT NULL,
    condition       TEXT NOT NULL,
    handling        TEXT NOT NULL,
    verdict         TEXT,
    cause           TEXT,
    late            INTEGER NOT NULL,
    raised_at       INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    state           BLOB NOT NULL
) STRICT;
CREATE INDEX alerts_by_time ON alerts (raised_at, id);
CREATE INDEX alerts_by_site ON alerts (site, raised_at, id);
CREATE INDEX alerts_by_class ON alerts (class, raised_at, id);

-- Every transition; `record` is the whole of it, an alert log record.
CREATE TABLE transitions (
    id        INTEGER PRIMARY KEY,
    alert     TEXT NOT NULL,
    position  INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    step      TEXT NOT NULL,
    class     TEXT NOT NULL,
    severity  TEXT NOT NULL,
    person    TEXT,
    note      TEXT,
    reason_en TEXT NOT NULL,
    reason_zh TEXT NOT NULL,
    record    BLOB NOT NULL
) STRICT;
CREATE INDEX transitions_by_alert ON transitions (alert, id);

-- Every attempt to tell somebody, and what became of it.
CREATE TABLE deliveries (
    id         TEXT PRIMARY KEY,
    alert      TEXT NOT NULL,
    cause      INTEGER NOT NULL,
    contact    TEXT NOT NULL,
    channel    TEXT NOT NULL,
    attempt    INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('sending', 'delivered', 'failed')),
    failure    TEXT,
    wait_s     INTEGER,
    sends      INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    detail     TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_by_alert ON deliveries (alert, started_at);

-- What people ordered, one row an order given. Repeats have the same `id`.
CREATE TABLE orders (
    journal TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    id      TEXT NOT NULL,
    person  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    alert   TEXT NOT NULL,
    verdict TEXT,
    cause   TEXT,
    note    TEXT,
    forward TEXT,
    PRIMARY KEY (seq, journal)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (at);

-- What was wrong with frames, counted.
CREATE TABLE defects (
    day    INTEGER NOT NULL,
    site   TEXT NOT NULL,
    source TEXT NOT NULL,
    kind   TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (day, site, source, kind)
) STRICT, WITHOUT ROWID;
