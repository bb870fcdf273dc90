-- Prepares a database for the archive, once, as a superuser:
--
--   createdb watchfire
--   psql --dbname watchfire --file roles.sql
--   psql --dbname watchfire --command "\password watchfire"
--
-- The station makes its tables itself, in the schema `watchfire`, and brings them up to date when a newer build starts.

-- The station. It owns its schema, because it makes and drops the partitions of each day; it may do nothing else.
CREATE ROLE watchfire LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10;
-- People and programs that ask in SQL: GRANT watchfire_reader TO somebody.
CREATE ROLE watchfire_reader NOLOGIN;

DO $$ BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO watchfire', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO watchfire_reader', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA watchfire AUTHORIZATION watchfire;
GRANT USAGE ON SCHEMA watchfire TO watchfire_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE watchfire IN SCHEMA watchfire GRANT SELECT ON TABLES TO watchfire_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE watchfire IN SCHEMA watchfire REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE watchfire REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
