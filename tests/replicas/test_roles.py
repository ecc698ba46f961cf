"""The service with a database role that may read and write rows, and nothing else, as deploy/postgresql has it."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from load import imported
from pgbouncer import refused, serves_everything
from service import PATIENCE, Service, bare_environment, new_database, sql, write_secret

SCRIPTS = Path(__file__).parents[2] / "deploy" / "postgresql"
SERVICE, SCHEMA = "service_for_tests", "schema_for_tests"
PASSWORD = "a-password-for-tests-only"


@pytest.fixture
def database():
    """A database with both roles, which go with it; its superuser's URL."""
    url = new_database()
    play("roles.sql", url)
    for role in (SERVICE, SCHEMA):
        sql(url, f"ALTER ROLE {role} PASSWORD '{PASSWORD}'")
    yield url
    for role in (SERVICE, SCHEMA):
        sql(url, f"DROP OWNED BY {role}")
        sql(url, f"DROP ROLE {role}")


def play(script, url):
    names = ["--set", f"service_role={SERVICE}", "--set", f"schema_role={SCHEMA}"]
    command = ["psql", "--no-psqlrc", "--quiet", "--file", SCRIPTS / script, *names, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def url_of(role, url):
    server = urlsplit(url)
    return server._replace(netloc=f"{role}:{PASSWORD}@{server.hostname}:{server.port}").geturl()


def migrate(folder, url):
    """`keypaird migrate`, to which the one URL is told in a file."""
    write_secret(folder / "migration-url", url)
    service = Service(folder, settings={"KEYPAIRD__DATABASE__MIGRATION_URL_FILE": str(folder / "migration-url")})
    return service.command("migrate")


def test_s66_the_service_may_not_change_the_schema_and_serves_once_another_role_has(database, start, tmp_path):
    service, schema = (url_of(role, database) for role in (SERVICE, SCHEMA))
    told = refused(start(service))
    assert "its user may not change the schema" in told and "database.migration_url" in told, told
    assert migrate(tmp_path, schema).startswith("schema found: none\nschema now: ")
    play("append-only.sql", schema)
    running = start(service)
    running.wait_until_ready()
    serves_everything(running, *running.token())
    running.command("audit", "checkpoint")
    running.command("audit", "verify")
    for statement in (
        "CREATE TABLE t (a INT4)",
        "ALTER TABLE users ADD COLUMN a INT4",
        "DROP TABLE users",
        "CREATE INDEX i ON users (name)",
        "TRUNCATE users",
        "UPDATE ledger SET record = ''",
        "DELETE FROM ledger",
        "DELETE FROM __diesel_schema_migrations",
    ):
        with pytest.raises(subprocess.CalledProcessError) as failed:
            sql(service, statement)
        assert re.search("permission denied|must be owner", failed.value.stderr), failed.value.stderr


def test_a_start_migrates_by_the_url_for_migrations(database, start):
    service, schema = (url_of(role, database) for role in (SERVICE, SCHEMA))
    running = start(service, KEYPAIRD__DATABASE__MIGRATION_URL=schema)
    running.wait_until_ready()
    token, _ = running.token()
    assert running.request("POST", "/v2.1/os-keypairs", imported("mine"), token).status == 200
    assert sql(database, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [[SCHEMA]]
    elsewhere = start(new_database(), KEYPAIRD__DATABASE__MIGRATION_URL=schema)
    assert "both must be the same database" in refused(elsewhere)
