-- The points of fire panels as their point tables name them: by transmission device and point. `component_type` is the code
-- of GB/T 26875.3. `set_up` and `removed_at` as for devices.
CREATE TABLE registry_points (
    site           text COLLATE "C" NOT NULL,
    device         text COLLATE "C" NOT NULL,
    point          text COLLATE "C" NOT NULL,
    label_en       text NOT NULL,
    label_zh       text NOT NULL,
    zone           text,
    building       text NOT NULL,
    floor          text NOT NULL,
    component_type bigint NOT NULL,
    set_up         bigint NOT NULL,
    removed_at     timestamptz,
    PRIMARY KEY (site, device, point)
);
