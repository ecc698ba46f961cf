"""What real clients make of a service that limits how often they may ask."""

import openstack
import openstack.config
import openstack.exceptions
import pytest
from alibabacloud_tea_openapi.exceptions import ThrottlingException
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkkps.v3 import KpsClient

import kps_sdk as kps
from alibaba import ecs
from huawei import new_member
from service import CLOUD, new_service, running_service

# So low that a client that does not wait is refused, and so high that one that waits is answered soon.
LIMITS = {
    "KEYPAIRD__HTTP__RATE_LIMIT__READS_PER_SECOND": "1",
    "KEYPAIRD__HTTP__RATE_LIMIT__WRITES_PER_SECOND": "2",
    "KEYPAIRD__HTTP__RATE_LIMIT__BURST_SECONDS": "3",
}
# More than any bucket holds.
MANY = 200


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    installation = new_service(tmp_path_factory.mktemp("limited"))
    installation.settings |= LIMITS
    with running_service(installation) as running:
        yield running


@pytest.fixture
def compute(limited):
    config = openstack.config.OpenStackConfig(config_files=[str(limited.clouds_yaml)], load_envvars=False)
    return openstack.connection.Connection(config=config.get_one(cloud=CLOUD)).compute


def until_refused(ask, kind):
    for _ in range(MANY):
        try:
            ask()
        except kind as refusal:
            return refusal
    pytest.fail("none was refused")


def test_openstacksdk_raises_the_message(compute):
    refusal = until_refused(lambda: list(compute.keypairs()), openstack.exceptions.HttpException)
    assert refusal.status_code == 429
    assert "This request was rate-limited." in str(refusal)
    assert int(refusal.response.headers["Retry-After"]) >= 1


def test_a_client_of_openstack_that_tries_again_gets_through(compute, own_public_key):
    compute.status_code_retries, compute.retriable_status_codes = 20, [429]
    names = [f"again-{number}" for number in range(12)]
    for name in names:
        compute.create_keypair(name=name, key_type="ssh", public_key=own_public_key.read_text())
    assert set(names) <= {pair.name for pair in compute.keypairs()}


def test_huaweis_sdk_raises_the_status(limited):
    """As its code too: it tries a 429 again as often as it is told to, by default never, and does not read the body."""
    client = new_member(limited).kps()
    refusal = until_refused(lambda: kps.listed(client), ClientRequestException)
    assert (refusal.status_code, refusal.error_code) == (429, "429")


def test_huaweis_sdk_gets_through_where_it_is_told_to_try_again(limited):
    config = HttpConfig.get_default_config()
    config.retry_times = 10
    client = new_member(limited).builder(KpsClient).with_http_config(config).build()
    for _ in range(6):
        kps.listed(client)


def test_alibabas_sdk_raises_the_code(limited):
    client = ecs(new_member(limited))
    refusal = until_refused(client.describe_key_pairs, ThrottlingException)
    assert (refusal.status_code, refusal.code) == (400, "Throttling.User")
    assert "Request was denied due to user flow control." in refusal.message
    assert 0 < refusal.retry_after <= 1000, "in milliseconds"
