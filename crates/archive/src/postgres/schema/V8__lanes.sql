-- Further connections that write readings beside the first, each those of its share of the devices and in transactions of
-- its own. `position`: readings of these devices up to this entry are in, also when it is beyond the cursor, which follows.
CREATE TABLE lanes (
    lane     integer PRIMARY KEY,
    -- All connections that write, the first included: a device is of the lane with its id modulo this; 0 is the first's.
    shares   integer NOT NULL,
    position bigint NOT NULL
) WITH (fillfactor = 10);
