-- Narrows the rights of the service's role after the first `keypaird migrate`; run as keypaird_schema. It may then add to the
-- release ledger and never change it, and not touch what tells which migrations have run and which installation this is.
\set ON_ERROR_STOP on
\if :{?service_role} \else \set service_role keypaird \endif
BEGIN;

REVOKE UPDATE, DELETE ON ledger, ledger_checkpoints, ledger_checkpoint_heads FROM :"service_role";
REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations, schema_compatibility FROM :"service_role";
-- Its one row is also the lock under which the first users are made.
REVOKE INSERT, DELETE ON instance FROM :"service_role";

COMMIT;
