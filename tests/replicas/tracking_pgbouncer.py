"""Through a PgBouncer of 1.21 or newer, which PGBOUNCER names: Debian 12 has none, so that tests/long/pgbouncer runs this."""

from pgbouncer import pooling, refused, serves_everything, version
from service import new_database

TRACKING = "pool_mode = transaction\nmax_prepared_statements = 200"


def test_it_keeps_track_of_prepared_statements():
    assert version() >= (1, 21)


def test_transactions_are_as_good_as_sessions_for_two_services_that_share_few(start, tmp_path):
    """The names of their prepared statements are the same: each runs its own."""
    with pooling(tmp_path, new_database(), f"{TRACKING}\nmax_db_connections = 4\nmin_pool_size = 4") as url:
        first = start(url, "transaction")
        first.wait_until_ready()
        second = start(url, "transaction", like=first)
        second.wait_until_ready()
        for service in (first, second):
            serves_everything(service, *first.token())


def test_it_must_be_told_to(start, tmp_path):
    url = new_database()
    with pooling(tmp_path, url, "pool_mode = transaction\nmax_prepared_statements = 0") as pooled:
        assert "keeps track of prepared statements" in refused(start(pooled, "transaction"))
    with pooling(tmp_path, url, TRACKING) as pooled:
        assert 'set it to "transaction"' in refused(start(pooled))
