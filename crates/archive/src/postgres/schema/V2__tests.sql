-- Whether an alert belongs to a test (model::Marks); before there were tests none did.
ALTER TABLE alerts ADD COLUMN test boolean NOT NULL DEFAULT false;
