-- The points of fire panels as their point tables name them: by transmission device and point. `component_type` is the code
-- of GB/T 26875.3. `set_up` and `removed_at` as for devices.
CREATE TABLE registry_points (
    site           TEXT NOT NULL,
    device         TEXT NOT NULL,
    point          TEXT NOT NULL,
    label_en       TEXT NOT NULL,
    label_zh       TEXT NOT NULL,
    zone           TEXT,
    building       TEXT NOT NULL,
    floor          TEXT NOT NULL,
    component_type INTEGER NOT NULL,
    set_up         INTEGER NOT NULL,
    removed_at     INTEGER,
    PRIMARY KEY (site, device, point)
) STRICT, WITHOUT ROWID;
