"""Through Debian's PgBouncer, which keeps track of no prepared statements: pooled sessions serve, and pooled transactions are
refused at the start, in words that say what to do."""

from pgbouncer import pooling, refused, serves_everything
from service import new_database

SESSIONS = "pool_mode = session"
TRANSACTIONS = "pool_mode = transaction"


def test_sessions_that_are_pooled_are_as_good_as_none(start, tmp_path):
    with pooling(tmp_path, new_database(), SESSIONS) as url:
        service = start(url)
        service.wait_until_ready()
        serves_everything(service, *service.token())


def test_transactions_that_are_pooled_are_refused_where_nobody_said_so(start, tmp_path):
    with pooling(tmp_path, new_database(), TRANSACTIONS) as url:
        told = refused(start(url))
    assert 'it is "none", and the connections to PostgreSQL share sessions' in told
    assert 'set it to "transaction"' in told and "max_prepared_statements" in told
    assert url not in told


def test_transactions_are_refused_where_nobody_keeps_track_of_prepared_statements(start, tmp_path):
    told = 'it is "transaction", and nothing between the service and PostgreSQL keeps track of prepared statements'
    url = new_database()
    with pooling(tmp_path, url, TRANSACTIONS) as pooled:
        assert told in refused(start(pooled, "transaction"))
    with pooling(tmp_path, url, SESSIONS) as pooled:
        assert told in refused(start(pooled, "transaction"))
    assert told in refused(start(url, "transaction")), "nor does the server itself"
