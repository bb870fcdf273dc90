-- What people look up besides readings and alerts. Every row is written whole, so that writing it again changes nothing.

-- Duty checks (查岗) that were asked, one row a guard asked: by the entry that caused it (`orders.seq` of an order).
CREATE TABLE duty_checks (
    journal      text NOT NULL,
    cause        bigint NOT NULL,
    site         text COLLATE "C" NOT NULL,
    source       text COLLATE "C" NOT NULL,
    device       text COLLATE "C" NOT NULL,
    -- Who ordered it; NULL by plan.
    person       text,
    -- The month that it counts in, by the clocks of the site: 2026-03.
    month        text COLLATE "C" NOT NULL,
    asked_at     timestamptz NOT NULL,
    answer_min   bigint NOT NULL,
    confirmed_at timestamptz,
    answered_at  timestamptz,
    -- Whole seconds from the first attempt to the answer.
    answer_s     bigint,
    operator     bigint,
    -- When the guard's time was up and a notice said so.
    escalated_at timestamptz,
    outcome      text NOT NULL,
    PRIMARY KEY (cause, journal, site, source, device)
);
CREATE INDEX duty_checks_by_month ON duty_checks (month, site, asked_at);
CREATE INDEX duty_checks_by_time ON duty_checks (asked_at);

-- Rounds of questions to transmission devices that are over: inspection (巡检), clock, initialisation. A late answer
-- changes the outcome of its round.
CREATE TABLE inspections (
    journal    text NOT NULL,
    site       text COLLATE "C" NOT NULL,
    source     text COLLATE "C" NOT NULL,
    device     text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    -- Who ordered it; NULL by schedule.
    person     text,
    asked_at   timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    answered   bigint NOT NULL,
    denied     bigint NOT NULL,
    outcome    text NOT NULL,
    PRIMARY KEY (site, device, asked_at, kind, source, journal)
);
CREATE INDEX inspections_by_time ON inspections (asked_at);

-- Incidents: what happens in one building at one time. `class` and `severity` are the worst that it ever had.
CREATE TABLE incidents (
    id          text COLLATE "C" PRIMARY KEY,
    site        text COLLATE "C" NOT NULL,
    building    text,
    class       text NOT NULL,
    severity    text NOT NULL,
    test        boolean NOT NULL,
    opened_at   timestamptz NOT NULL,
    news_at     timestamptz NOT NULL,
    -- When the last of its alerts was over; NULL while one is not.
    closed_at   timestamptz,
    reopened    bigint NOT NULL,
    reopened_at timestamptz,
    alerts      bigint NOT NULL
);
CREATE INDEX incidents_by_time ON incidents (opened_at, id);
CREATE INDEX incidents_by_site ON incidents (site, opened_at, id);

-- Their alerts, and by these their detectors. `left_at`: it went on in another incident.
CREATE TABLE incident_alerts (
    incident  text COLLATE "C" NOT NULL,
    alert     text COLLATE "C" NOT NULL,
    joined_at timestamptz NOT NULL,
    left_at   timestamptz,
    PRIMARY KEY (incident, alert)
);
CREATE INDEX incident_alerts_by_alert ON incident_alerts (alert);

-- Who did what and when, and what the station did that changes what follows.
CREATE TABLE audit (
    journal text NOT NULL,
    seq     bigint NOT NULL,
    at      timestamptz NOT NULL,
    -- NULL: the station itself, or whoever changed its configuration.
    person  text,
    action  text NOT NULL,
    -- The alert, test or devices that it was about.
    subject text NOT NULL,
    detail  text NOT NULL,
    PRIMARY KEY (seq, journal)
);
CREATE INDEX audit_by_time ON audit (at);

-- Sites, zones and devices as the set-up in force names them. `set_up` is the entry that said so last; one that the
-- set-up no longer lists keeps its row, with the time at which it left.
CREATE TABLE registry_sites (
    site       text COLLATE "C" PRIMARY KEY,
    name_en    text NOT NULL,
    name_zh    text NOT NULL,
    kind       text NOT NULL,
    address_en text NOT NULL,
    address_zh text NOT NULL,
    time_zone  text NOT NULL,
    district   text,
    building   text,
    set_up     bigint NOT NULL,
    removed_at timestamptz
);
CREATE TABLE registry_zones (
    site       text COLLATE "C" NOT NULL,
    zone       text COLLATE "C" NOT NULL,
    name_en    text NOT NULL,
    name_zh    text NOT NULL,
    set_up     bigint NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (site, zone)
);
CREATE TABLE registry_devices (
    site       text COLLATE "C" NOT NULL,
    source     text COLLATE "C" NOT NULL,
    device     text COLLATE "C" NOT NULL,
    label_en   text NOT NULL,
    label_zh   text NOT NULL,
    zone       text,
    -- A transmission device of a fire panel.
    panel      boolean NOT NULL,
    set_up     bigint NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (site, source, device)
);
