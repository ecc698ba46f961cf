-- Two roles for keypaird's database: one that makes and changes the tables, keypaird_schema, and the service's own, keypaird,
-- which may do nothing but read and write their rows. Run once, as a superuser, before the first migration:
--
--   createdb keypaird && psql --dbname keypaird --file roles.sql
--
-- Other names by --set schema_role=… and --set service_role=…. Then give both a password (\password), and have `keypaird migrate`
-- make the tables by the URL of keypaird_schema (database.migration_url_file). The service gets the URL of keypaird alone.
\set ON_ERROR_STOP on
\if :{?schema_role} \else \set schema_role keypaird_schema \endif
\if :{?service_role} \else \set service_role keypaird \endif
BEGIN;

CREATE ROLE :"schema_role" LOGIN;
CREATE ROLE :"service_role" LOGIN;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO :"schema_role";
GRANT USAGE ON SCHEMA public TO :"service_role";

-- On all tables that the one makes, those of later versions too.
ALTER DEFAULT PRIVILEGES FOR ROLE :"schema_role" IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"service_role";

-- What the service tells each session, also where a pooler keeps no session for it.
ALTER ROLE :"service_role" SET statement_timeout = '5s';
ALTER ROLE :"service_role" SET idle_in_transaction_session_timeout = '5s';

COMMIT;
