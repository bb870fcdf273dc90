-- Whether an alert belongs to a test (model::Marks); before there were tests none did.
ALTER TABLE alerts ADD COLUMN test INTEGER NOT NULL DEFAULT 0;
