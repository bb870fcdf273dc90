-- A row while `watchfire archive migrate` fills the archive: no station writes it meanwhile.
CREATE TABLE filling (
    started_at timestamptz NOT NULL
);
