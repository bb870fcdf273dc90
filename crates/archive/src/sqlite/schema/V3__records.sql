-- What people look up besides readings and alerts. Every row is written whole, so that writing it again changes nothing.

-- Duty checks (查岗) that were asked, one row a guard asked: by the entry that caused it (`orders.seq` of an order).
CREATE TABLE duty_checks (
    journal      TEXT NOT NULL,
    cause        INTEGER NOT NULL,
    site         TEXT NOT NULL,
    source       TEXT NOT NULL,
    device       TEXT NOT NULL,
    -- Who ordered it; NULL by plan.
    person       TEXT,
    -- The month that it counts in, by the clocks of the site: 2026-03.
    month        TEXT NOT NULL,
    asked_at     INTEGER NOT NULL,
    answer_min   INTEGER NOT NULL,
    confirmed_at INTEGER,
    answered_at  INTEGER,
    -- Whole seconds from the first attempt to the answer.
    answer_s     INTEGER,
    operator     INTEGER,
    -- When the guard's time was up and a notice said so.
    escalated_at INTEGER,
    outcome      TEXT NOT NULL,
    PRIMARY KEY (cause, journal, site, source, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_checks_by_month ON duty_checks (month, site, asked_at);
CREATE INDEX duty_checks_by_time ON duty_checks (asked_at);

-- Rounds of questions to transmission devices that are over: inspection (巡检), clock, initialisation. A late answer
-- changes the outcome of its round.
CREATE TABLE inspections (
    journal    TEXT NOT NULL,
    site       TEXT NOT NULL,
    source     TEXT NOT NULL,
    device     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    -- Who ordered it; NULL by schedule.
    person     TEXT,
    asked_at   INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    answered   INTEGER NOT NULL,
    denied     INTEGER NOT NULL,
    outcome    TEXT NOT NULL,
    PRIMARY KEY (site, device, asked_at, kind, source, journal)
) STRICT, WITHOUT ROWID;
CREATE INDEX inspections_by_time ON inspections (asked_at);

-- Incidents: what happens in one building at one time. `class` and `severity` are the worst that it ever had.
CREATE TABLE incidents (
    id          TEXT PRIMARY KEY,
    site        TEXT NOT NULL,
    building    TEXT,
    class       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    test        INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    news_at     INTEGER NOT NULL,
    -- When the last of its alerts was over; NULL while one is not.
    closed_at   INTEGER,
    reopened    INTEGER NOT NULL,
    reopened_at INTEGER,
    alerts      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_by_time ON incidents (opened_at, id);
CREATE INDEX incidents_by_site ON incidents (site, opened_at, id);

-- Their alerts, and by these their detectors. `left_at`: it went on in another incident.
CREATE TABLE incident_alerts (
    incident  TEXT NOT NULL,
    alert     TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    left_at   INTEGER,
    PRIMARY KEY (incident, alert)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_alerts_by_alert ON incident_alerts (alert);

-- Who did what and when, and what the station did that changes what follows.
CREATE TABLE audit (
    journal TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    -- NULL: the station itself, or whoever changed its configuration.
    person  TEXT,
    action  TEXT NOT NULL,
    -- The alert, test or devices that it was about.
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    PRIMARY KEY (seq, journal)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_time ON audit (at);

-- Sites, zones and devices as the set-up in force names them. `set_up` is the entry that said so last; one that the
-- set-up no longer lists keeps its row, with the time at which it left.
CREATE TABLE registry_sites (
    site       TEXT PRIMARY KEY,
    name_en    TEXT NOT NULL,
    name_zh    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    address_en TEXT NOT NULL,
    address_zh TEXT NOT NULL,
    time_zone  TEXT NOT NULL,
    district   TEXT,
    building   TEXT,
    set_up     INTEGER NOT NULL,
    removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_zones (
    site       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    name_en    TEXT NOT NULL,
    name_zh    TEXT NOT NULL,
    set_up     INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (site, zone)
) STRICT, WITHOUT ROWID;
CREATE TABLE registry_devices (
    site       TEXT NOT NULL,
    source     TEXT NOT NULL,
    device     TEXT NOT NULL,
    label_en   TEXT NOT NULL,
    label_zh   TEXT NOT NULL,
    zone       TEXT,
    -- A transmission device of a fire panel.
    panel      INTEGER NOT NULL,
    set_up     INTEGER NOT NULL,
    removed_at INTEGER,
    PRIMARY KEY (site, source, device)
) STRICT, WITHOUT ROWID;
